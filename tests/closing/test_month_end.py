"""Closing a month: each thing that can be missing, alone; what blocks, what takes a reason, and who may."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.close_models import BooksCheck
from billing.models import AccountingPeriod, PeriodChange, PeriodClosing
from billing.month_end import ItemState, items
from billing.month_totals import MonthTotals, totals
from billing.operations.credits import correct
from billing.operations.journal_periods import why_not
from billing.operations.month_end import ask_to_close, confirm_close
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from chargebill.core.periods import month_of
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, FINANCE, ROLES
from tests.closing.conftest import LACKS, SEPTEMBER, checked
from tests.documents.conftest import Operator, session
from tests.journal.books import person
from tests.payments.conftest import of, received

D = Decimal
PAGE = "/close/?month=2018-09"


def missing(operator: Operator) -> dict[str, int]:
    return {one.code: one.count for one in items(operator.entity, SEPTEMBER, timezone.now()) if one.is_missing}


def september() -> AccountingPeriod:
    return AccountingPeriod.objects.get(first_day=SEPTEMBER)


def test_a_complete_month_lacks_nothing_and_is_closed_without_a_reason(complete: Operator) -> None:
    assert missing(complete) == {}
    change = ask_to_close(period=september(), reason="", actor=person("petra"), at=timezone.now())
    confirm_close(change=change, actor=person("carl"), at=timezone.now())
    assert september().state == "CLOSED"
    assert not AuditEvent.objects.filter(action="period.close_without").exists()


@pytest.mark.parametrize("code", LACKS)
def test_each_thing_is_missing_alone(complete: Operator, client_of, code: str) -> None:
    lack = LACKS[code]
    lack.make(complete)
    assert set(missing(complete)) == {code}
    page = client_of(ADMINISTRATOR).get(PAGE)
    shown = {one.code: one for one in page.context["items"]}
    assert lack.says in shown[code].sentence
    assert shown[code].amounts == lack.money
    assert shown[code].state == ("blocks" if lack.blocks else "missing")
    if shown[code].link:
        behind = client_of(ADMINISTRATOR).get(shown[code].link)
        assert behind.status_code == 200
    else:
        assert code in ("books_clean", "books_checked")

    before = list(PeriodChange.objects.values()), AuditEvent.objects.count()
    with pytest.raises(UserError) as refused:
        ask_to_close(period=september(), reason=" ", actor=person("petra"), at=timezone.now())
    assert refused.value.code == ("month_blocked" if lack.blocks else "reason_missing")
    assert refused.value.message.endswith("Nothing was changed.")
    assert (list(PeriodChange.objects.values()), AuditEvent.objects.count()) == before
    if lack.blocks:
        with pytest.raises(UserError, match="can't be closed yet"):
            ask_to_close(period=september(), reason="but I want to", actor=person("petra"), at=timezone.now())
        return
    change = ask_to_close(period=september(), reason="The accountant knows", actor=person("petra"), at=timezone.now())
    event = AuditEvent.objects.get(action="period.close_without")
    assert (event.reason, event.changes[code]) == ("The accountant knows", [None, missing(complete)[code]])
    confirm_close(change=change, actor=person("carl"), at=timezone.now())
    assert PeriodClosing.objects.get().change.reason == "The accountant knows"


def test_what_came_after_the_month_is_not_of_it(complete: Operator) -> None:
    complete.bring(session("O1", day="2018-10-01"), session("O2", day="2018-10-01", end="10:03", energy_kwh="90"))
    received(complete, "9.00", received_on=date(2018, 10, 1))
    checked()
    assert missing(complete) == {}


def test_what_blocks_stops_the_second_person_too(complete: Operator) -> None:
    change = ask_to_close(period=september(), reason="", actor=person("petra"), at=timezone.now())
    LACKS["runs"].make(complete)
    with pytest.raises(UserError) as refused:
        confirm_close(change=change, actor=person("carl"), at=timezone.now())
    assert refused.value.code == "month_blocked"
    assert september().state == "OPEN"


def test_a_month_that_lasts_is_not_closed(complete: Operator) -> None:
    # Half past eleven in the evening of the 30th in London.
    at = datetime(2018, 9, 30, 22, 30, tzinfo=UTC)
    assert [one.code for one in items(complete.entity, SEPTEMBER, at) if one.is_blocking] == ["over"]
    assert why_not(september(), PeriodChange.Kind.CLOSE, at=at) == "2018-09 is not over yet."


def test_without_banks_documents_and_entries_nothing_is_asked_for(operator: Operator) -> None:
    states = {one.code: one.state for one in items(operator.entity, SEPTEMBER, timezone.now())}
    not_needed = {code for code, state in states.items() if state == ItemState.NOT_NEEDED}
    assert not_needed == {"earlier", "runs", "silent", "bank_files", "bank_lines", "exports", "books_clean", "books_checked"}


def test_a_break_in_another_company_blocks_only_that_one(complete: Operator) -> None:
    BooksCheck.objects.create(checked_at=timezone.now(), entries=1, postings=2, counts={"chain": 1}, companies={"999999": 1})
    assert missing(complete) == {}
    BooksCheck.objects.create(checked_at=timezone.now(), entries=1, postings=2, counts={"storage": 1}, companies={"": 1})
    assert missing(complete) == {"books_clean": 1}


def test_documents_count_by_the_day_of_issue_and_money_by_the_day_it_came_in(complete: Operator) -> None:
    received(complete, "5.07", (of("Ada"), "5.07"), received_on=date(2018, 9, 30))
    received(complete, "2.00", received_on=date(2018, 10, 1))
    today = complete.entity.day_of(timezone.now())
    assert totals(complete.entity, month_of(SEPTEMBER)) == {"GBP": MonthTotals(collected=D("5.07"))}
    # Receipts of 4.00 and 3.00, invoices of 5.07 and 4.55, and the partner's 8.00; net 3.33, 2.50, 4.23, 3.79 and 6.67.
    issued = MonthTotals(documents=5, net=D("20.52"), tax=D("4.10"), gross=D("24.62"))
    assert totals(complete.entity, month_of(today)) == {"GBP": issued}
    # A credit note is one more document, and takes off what is on it.
    correct(document=of("Roamer"), key="1", amounts=None, reason="Not ours", actor=None, at=timezone.now())
    left = MonthTotals(documents=6, net=D("13.85"), tax=D("2.77"), gross=D("16.62"))
    assert totals(complete.entity, month_of(today)) == {"GBP": left}


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_the_page_is_for_those_who_read_the_books(complete: Operator, client_of, role: str) -> None:
    client: Client = client_of(role)
    reads, keeps = role in (ADMINISTRATOR, FINANCE, AUDITOR), role in (ADMINISTRATOR, FINANCE)
    assert client.get(PAGE).status_code == (200 if reads else 403)
    told = {"entity": complete.entity.pk, "month": "2018-09", "seen": "1"}
    assert client.post("/close/check/", told).status_code == (302 if keeps else 403)
    if reads:
        assert ("Ask to close 2018-09" in client.get(PAGE).content.decode()) == keeps


def test_the_books_are_checked_from_the_page(complete: Operator, client_of, run_jobs) -> None:
    LACKS["books_checked"].make(complete)
    client = client_of(FINANCE)
    told = {"entity": complete.entity.pk, "month": "2018-09", "seen": "once"}
    for _ in range(2):
        assert client.post("/close/check/", told, follow=True).status_code == 200
    checks = BooksCheck.objects.count()
    run_jobs()
    assert BooksCheck.objects.count() == checks + 1
    assert BooksCheck.objects.first().counts == {}
    assert missing(complete) == {}


def test_the_page_takes_the_same_queries_for_few_and_many(complete: Operator, client_of) -> None:
    client = client_of(FINANCE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    complete.bring(session("R0"), session("W0", end="10:03", energy_kwh="90"))
    client.get(PAGE)
    few = queries()
    complete.bring(
        *(session(f"R{n}") for n in range(1, 20)), *(session(f"W{n}", end="10:03", energy_kwh="90") for n in range(1, 9))
    )
    assert queries() == few


def test_months_that_can_not_be_read_and_companies_without_books_say_so(complete: Operator, client_of) -> None:
    client = client_of(FINANCE)
    page = client.get("/close/?month=soon&entity=77").content.decode()
    assert "is no month. Write it as 2026-10." in page
    assert "There is no such company: the page shows the first one." in page
    assert "The books have no entry of this month or a later one" in client.get("/close/?month=2031-01").content.decode()
