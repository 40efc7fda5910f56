"""Tayside Charging takes over from another system, at the end of September 2018."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.journal_models import Posting
from billing.operations.journal_opening import post_balances
from billing.operations.takeover import take_over
from billing.takeover_models import TakeOver, TakeOverKind
from tests.documents.conftest import AT, Operator, operator  # noqa: F401

DAY = date(2018, 9, 30)
HEADER = "customer,number,issued_on,due_on,open_amount,currency\n"
# Ada owes 119.00 on two invoices, the brewery 40.50 on one.
INVOICES = (
    HEADER
    + "C-Ada,RE-2018-0417,2018-08-01,2018-08-15,100.00,GBP\n"
    + "C-Ada,RE-2018-0418,2018-09-01,2018-09-15,19.00,\n"
    + "C-Brewery,RE-2018-0500,14.09.2018,14.10.2018,40.50,GBP\n"
)


@pytest.fixture
def tayside(operator: Operator) -> Operator:  # noqa: F811
    return operator


def taken(operator: Operator, text: str = INVOICES, kind: TakeOverKind = TakeOverKind.OPEN_INVOICES, **more: Any) -> TakeOver:  # noqa: F811
    given = {"name": "open.csv", "day": DAY, "signed_as": "Fiona", "actor": None, "at": AT, **more}
    return take_over(entity=operator.entity, kind=kind, text=text, **given)


def opening(operator: Operator, *rows: str) -> Any:  # noqa: F811
    text = "account,debit,credit,customer\n" + "\n".join(rows) + "\n"
    return post_balances(entity=operator.entity, text=text, effective_date=DAY, actor=None, at=AT)


def balance(code: str, **more: Any) -> Decimal:
    rows = Posting.objects.filter(account__code=code, **more).values_list("debit", "credit")
    return sum((debit - credit for debit, credit in rows), Decimal(0))
