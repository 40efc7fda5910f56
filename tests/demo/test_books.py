"""The demo's year in the books: what is billed is what was priced, and all that follows holds together."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.book_checks import check_books
from billing.document_models import Document, DocumentLine
from billing.export_models import ExportTarget
from billing.journal_models import AccountingPeriod, Posting
from billing.models import Chargeable
from billing.operations.exports import make_batch
from billing.refund_models import Refund, RefundState
from chargebill.core.models import Job, LegalEntity
from chargebill.portal.demo.filling import fill
from disputes.clocks import check_all as check_cases
from disputes.models import Case, ContestedItem
from tests.demo.years import AT

State = Chargeable.State
SESSIONS = 1_500


@pytest.fixture
def demo(db: None, settings: Any, tmp_path: Any) -> dict[str, int]:
    settings.MEDIA_ROOT, settings.SIGNING_KEYS = str(tmp_path), str(tmp_path / "keys")
    return fill(sessions=SESSIONS, seed=1, at=AT)


def ended_before_this_month(row: Chargeable) -> bool:
    zone = ZoneInfo(row.session.entity.time_zone)
    now, end = AT.astimezone(zone), row.session.ended_at.astimezone(zone)
    return (end.year, end.month) < (now.year, now.month)


def test_every_month_that_is_over_is_billed_to_the_cent(demo: dict[str, int]) -> None:
    assert demo["documents"] == Document.objects.count() > SESSIONS / 4
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for line in DocumentLine.objects.filter(document__corrects=None).select_related("document", "cdr"):
        on = "gross_amount" if line.document.anchor == "GROSS" else "net_amount"
        assert getattr(line, on) == getattr(line.cdr, on)
        billed[line.document.currency] += getattr(line, on)
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for row in Chargeable.objects.select_related("session__entity", "cdr"):
        if row.state in (State.DOCUMENTED, State.CREDITED):
            assert row.cdr is not None
            wanted[row.cdr.currency] += row.cdr.gross_amount if row.cdr.anchor == "GROSS" else row.cdr.net_amount
        else:
            assert row.state != State.READY or not ended_before_this_month(row)
    assert billed == wanted
    assert set(billed) == {"EUR", "GBP"}


def test_the_books_are_clean_and_closed_but_for_the_newest_months(demo: dict[str, int]) -> None:
    found = check_books()
    assert found.is_clean
    for entity in LegalEntity.objects.all():
        states = list(AccountingPeriod.objects.filter(entity=entity).order_by("first_day").values_list("state", flat=True))
        assert states == sorted(states)
        assert states.count("CLOSED") > 5
        assert 0 < states.count("OPEN") < 4
    # A refund of every month but the newest two went out.
    assert set(Refund.objects.values_list("state", flat=True)) == {RefundState.SUCCEEDED}
    assert Refund.objects.count() > 10
    assert not Job.objects.exclude(state=Job.State.DONE).exists()


def test_drivers_complain_and_their_cases_stand_where_the_desk_left_them(demo: dict[str, int]) -> None:
    assert (demo["cases"], check_cases()) == (14, (14, []))
    for entity in LegalEntity.objects.all():
        cases = Case.objects.filter(entity=entity).order_by("sequence")
        # Asked and not answered for a fortnight, a question, answered, asked, never looked at, taken, new.
        assert list(cases.values_list("state", "turn", "escalation")) == [
            ("INVESTIGATING", "us", 0),
            ("INADMISSIBLE", "nobody", 0),
            ("INVESTIGATING", "us", 75),
            ("AWAITING_CUSTOMER", "driver", 50),
            ("NEW", "us", 100),
            ("TRIAGE", "us", 100),
            ("NEW", "us", 0),
        ]
        assert {case.language for case in cases} == {"de" if entity.country == "DE" else "en"}
        for item in ContestedItem.objects.filter(case__entity=entity).select_related("case", "line__document"):
            assert item.line.document.issued_at < item.case.opened_at < AT


@pytest.mark.parametrize(
    ("country", "target"), [("DE", ExportTarget.DATEV), ("GB", ExportTarget.QUICKBOOKS), ("GB", ExportTarget.XERO)]
)
def test_its_year_goes_out_to_the_accountant(demo: dict[str, int], country: str, target: ExportTarget) -> None:
    entity = LegalEntity.objects.get(country=country)
    posted = Posting.objects.filter(entry__entity=entity)
    days = {day.year: day for day in posted.order_by("entry__effective_date").values_list("entry__effective_date", flat=True)}
    # DATEV takes one fiscal year a batch.
    batches = [make_batch(entity=entity, target=target, until=day, key=f"t:{day}", actor=None, at=AT) for day in days.values()]
    assert sum(batch.entries for batch in batches) == posted.values("entry").distinct().count()
    assert sum(batch.postings for batch in batches) == posted.count() > 500
