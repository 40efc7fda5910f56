"""A company whose September 2018 is complete, and one thing after another that it can lack."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from billing.close_models import BooksCheck
from billing.document_models import DocumentRun
from billing.export_models import ExportTarget
from billing.models import TaxRule
from billing.operations.books_checks import check_and_keep
from billing.operations.exports import make_batch
from chargebill.core import jobs
from stations.models import Connector
from tests.documents.conftest import AT, Operator, month, operator, session  # noqa: F401
from tests.journal.books import credit, debit, posted
from tests.payments.conftest import bank, received

_keys = count()
SEPTEMBER = date(2018, 9, 1)
LAST_LINE = "GB33BUKB20201555555555,GBP,2018-10-01,2018-10-01,-1.50,Bank,,fee,F1"


@pytest.fixture
def complete(month: Operator) -> Operator:  # noqa: F811
    """Everything of September is billed, the bank's lines reach October, an entry of September is checked."""
    month.issue()
    bank(month, LAST_LINE)
    entry(month, date(2018, 9, 30))
    checked()
    return month


def entry(of: Operator, day: date) -> None:
    legs = [debit("1000", "5.00", "GBP"), credit("9990", "5.00", "GBP")]
    posted(next(_keys) + 100, entity=of.entity, legs=legs, day=day, at=timezone.now())


def checked() -> None:
    check_and_keep(actor=None, at=timezone.now())


def _silent(of: Operator) -> None:
    """One connector that is used every fourth hour until the 25th, and then no more; another one is."""
    first = datetime(2018, 8, 26, tzinfo=UTC)
    rows = []
    for n in range(31 * 6):
        at = first + timedelta(hours=4 * n)
        rows.append(session(f"S{n}", evse="BUSY", day=f"{at:%Y-%m-%d}", start=f"{at:%H}:10", end=f"{at:%H}:40", token="T-Ada"))
    of.bring(*rows, mode="history")
    of.bring(session("S-other", day="2018-09-30", start="20:00", end="21:00"), mode="history")
    assert Connector.objects.filter(evse__uid="BUSY").count() == 1


def _no_tax_rule(of: Operator) -> None:
    rule = TaxRule.objects.get()
    rule.country = "DE"
    rule.save()
    of.bring(session("NT"))
    rule.country = "GB"
    rule.save()


def _run(of: Operator) -> None:
    job = jobs.create(kind="issue_documents", title="Documents", key=f"closing:{next(_keys)}", params={}, actor=None)
    job.state = "FAILED"
    job.save()
    DocumentRun.objects.create(entity=of.entity, first_day=SEPTEMBER, job=job, started_at=AT)


def _broken(of: Operator) -> None:
    BooksCheck.objects.create(
        checked_at=timezone.now(), entries=1, postings=2, counts={"balance": 2}, companies={str(of.entity.pk): 2}
    )


def _not_exported(of: Operator) -> None:
    """One entry went out, one came after it."""
    until = date(2018, 9, 30)
    make_batch(entity=of.entity, target=ExportTarget.GENERIC, until=until, key="gl", actor=None, at=timezone.now())
    entry(of, date(2018, 9, 3))
    checked()


def _unpriced(of: Operator) -> None:
    of.entity.tariffs.get().assignments.update(valid_until=date(2018, 9, 10))
    of.bring(session("UP", day="2018-09-12"))


@dataclass(frozen=True)
class Lack:
    """A thing that September can lack. ``says``: what the page says then; ``money`` at stake."""

    make: Callable[[Operator], object]
    says: str
    money: str = ""
    blocks: bool = False


LACKS = {
    "earlier": Lack(lambda of: entry(of, date(2018, 7, 2)), "2018-07, 2018-08 are open", blocks=True),
    "runs": Lack(_run, "Documents of 2018-09 are being issued, or that was stopped half-way.", blocks=True),
    "books_clean": Lack(_broken, "The last check found 2 things that do not hold.", blocks=True),
    "silent": Lack(_silent, "1 usually busy connector had no session in its last 48 hours"),
    "unpriced": Lack(_unpriced, "1 session without a price."),
    "no_tax_rule": Lack(_no_tax_rule, "1 session no tax rule says anything about."),
    "held": Lack(
        lambda of: of.bring(session("H1", end="10:03", energy_kwh="90")), "1 session held: a person decides.", "GBP 36.00"
    ),
    "ready": Lack(lambda of: of.bring(session("R1"), session("R2")), "2 sessions ready and not on a document.", "GBP 8.00"),
    "differences": Lack(
        lambda of: of.bring(session("A1", energy_kwh="9")), "1 session on documents would be billed differently now."
    ),
    "bank_files": Lack(
        lambda of: bank(of, "GB94BARC10201530093459,GBP,2018-09-28,2018-09-28,-1.00,Bank,,fee,F2"),
        "1 account without a line of the last day or later. Newest: GB94 BARC 1020 1530 0934 59: 2018-09-28.",
    ),
    "bank_lines": Lack(
        lambda of: bank(of, "GB33BUKB20201555555555,GBP,2018-09-30,2018-09-30,12.00,Somebody,,hello,F3"),
        "1 receipt nobody has decided about.",
        "GBP 12.00",
    ),
    "not_matched": Lack(
        lambda of: received(of, "7.00", received_on=date(2018, 9, 29)),
        "1 payment received for nothing we know, on account 2090.",
        "GBP 7.00",
    ),
    "exports": Lack(_not_exported, "1 entry not exported to General ledger."),
    "books_checked": Lack(lambda of: entry(of, date(2018, 9, 20)), "They were not checked after the month’s last entry."),
}
