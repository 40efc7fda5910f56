"""An operator whose month is issued and paid, and owes something back; two people of staff."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from billing.document_models import Document
from billing.journal import Leg
from billing.models import BankAccount, PayoutList, Refund, RefundDue
from billing.operations.journal import post
from billing.operations.payouts import Payee, prepare_payout_list, release_payout_list
from billing.operations.refunds import owe
from chargebill.core.models import User
from tests.documents.conftest import AT, Operator, make_operator
from tests.payments.conftest import billed, month, of, operator, received

_keys = count()
IBAN = "GB33BUKB20201555555555"
ADAS = "DE02500105170137075030"


@pytest.fixture
def people(db: None) -> tuple[User, User]:
    return User.objects.create(username="anna"), User.objects.create(username="ben")


def owed(operator: Operator, amount: Any = "5.07", *, who: str = "Ada", **more: Any) -> RefundDue:
    """Owed back for the document of somebody, booked by a rule of its own: 4900 against 2050."""
    key = f"outage:{next(_keys)}"
    given = {
        "entity": operator.entity, "customer": operator.customers[who],
        "document": None if "document" in more else of(who), "amount": Decimal(amount),
        "currency": "GBP", "source_type": "outage", "source_id": key, "key": key, "actor": None, "at": AT, **more,
    }  # fmt: skip
    due = owe(**given)
    legs = [Leg("4900", due.amount, Decimal(0), due.currency), Leg("2050", Decimal(0), due.amount, due.currency)]
    post(
        entity=due.entity, key=f"{due.key}:1", effective_date=AT.date(), legs=legs, description="Goodwill",
        source_type="outage", source_id=key, actor=None, at=AT,
    )  # fmt: skip
    return due


def own_account(operator: Operator, currency: str = "GBP", number: str = IBAN) -> BankAccount:
    return BankAccount.objects.get_or_create(entity=operator.entity, number=number, currency=currency)[0]


def listed(operator: Operator, actor: User, *payees: tuple[Any, ...], **more: Any) -> PayoutList:
    """A list of (due, amount, name, account), the last three as far as given."""
    made = [Payee(p[0], Decimal(p[1]) if len(p) > 1 else p[0].amount, *(p[2:] or ("Ada Lovelace", ADAS))) for p in payees]
    currency = made[0].due.currency if made else "GBP"
    given = {
        "entity": operator.entity, "key": f"list:{next(_keys)}", "payees": made, "currency": currency,
        "execution_on": AT.date(), "actor": actor, "at": AT, **more,
    }  # fmt: skip
    given.setdefault("account", None)
    return prepare_payout_list(**given)


def sent(operator: Operator, people: tuple[User, User], *payees: tuple[Any, ...]) -> list[Refund]:
    made = listed(operator, people[0], *payees)
    release_payout_list(payout_list=made, actor=people[1], at=AT)
    return list(made.refunds.order_by("pk"))


__all__ = ["Document", "billed", "make_operator", "month", "operator", "received"]
