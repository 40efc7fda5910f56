"""Accrual: 1110 at a month's end is what was ready and on no document, by sums from raw rows; taken back the next day."""

import csv
import io
import random
import zipfile
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.accrual_models import Accrual, AccruedSession
from billing.accruals import earned
from billing.audit_pack.verifying import verify
from billing.book_checks import check_books
from billing.document_models import Document, DocumentRun
from billing.document_plan import drafts
from billing.journal_models import JournalEntry
from billing.models import AccountingPeriod, Chargeable, PeriodChange
from billing.operations import set_tariff
from billing.operations.accruals import set_accruing
from billing.operations.audit_packs import make_pack, months_between
from billing.operations.documents import issue_documents
from billing.operations.journal import reverse
from billing.operations.journal_periods import ask, confirm
from chargebill import pipeline
from chargebill.core import jobs
from chargebill.core.models import AuditEvent
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, BILLING_CLERK, FINANCE, ROLES
from stations.models import Location
from tests.closing.conftest import SEPTEMBER, entry
from tests.core.test_frozen import refused
from tests.documents.conftest import Operator, month, operator, session  # noqa: F401
from tests.journal.books import person

D, ZERO = Decimal, Decimal(0)
OCTOBER = date(2018, 10, 1)


def switch(operator: Operator, *, accrues: bool = True) -> None:  # noqa: F811
    set_accruing(entity=operator.entity, accrues=accrues, actor=None, at=timezone.now())


def period(first_day: date = SEPTEMBER) -> AccountingPeriod:
    return AccountingPeriod.objects.get(first_day=first_day)


def change(kind: str, first_day: date = SEPTEMBER) -> None:
    """By two people."""
    asked = ask(
        period=period(first_day), kind=PeriodChange.Kind(kind), reason="Late sessions", actor=person("petra"), at=timezone.now()
    )
    confirm(change=asked, actor=person("carl"), at=timezone.now())


def issue(operator: Operator, at: datetime) -> None:  # noqa: F811
    """Everything of September that can be issued on that day."""
    job = jobs.create(kind="issue_documents", title="Documents", key=f"accrual:{at}", params={}, actor=None)
    run = DocumentRun.objects.create(entity=operator.entity, first_day=SEPTEMBER, job=job, started_at=at, finished_at=at)
    with transaction.atomic():
        made = drafts(operator.entity, SEPTEMBER, at)
        issue_documents(entity=operator.entity, run=run, drafts=made, actor=None, at=at)


def balances(day: date) -> dict[str, Decimal]:
    """Every account's debits less credits up to a day, added up from raw rows; cents as whole numbers."""
    sums: dict[str, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, ROUND(p.debit * 1000), ROUND(p.credit * 1000) FROM billing_posting p"
            " JOIN billing_account a ON a.id = p.account_id JOIN billing_journalentry e ON e.id = p.entry_id"
            " WHERE e.effective_date <= %s",
            [day],
        )
        for code, debited, credited in cursor.fetchall():
            sums[code] += int(debited) - int(credited)
    return {code: D(value) / 1000 for code, value in sums.items() if value}


def by_hand(*numbers: str) -> dict[str, Decimal]:
    """Net of these sessions by account from their raw prices, split by largest remainder in exact fractions."""
    sums: dict[str, int] = defaultdict(int)
    columns = (
        "c.net_amount, c.customer_kind, c.energy_amount, c.time_amount, c.parking_amount, c.fixed_amount, c.reservation_amount"
    )
    with connection.cursor() as cursor:
        for number in numbers:
            cursor.execute(
                f"SELECT {columns} FROM billing_cdr c JOIN billing_chargeable b ON b.cdr_id = c.id"
                " JOIN stations_session s ON s.id = b.session_id WHERE s.external_id = %s",
                [number],
            )
            net, kind, energy, time, parking, fee, reservation = cursor.fetchone()
            cents = round(net * 100)
            parts = {"4000": energy, "4010": time, "4020": parking, "4030": fee + reservation}
            if kind == "PARTNER":
                parts = {"4040": 1}
            whole = sum(round(part * 1000) for part in parts.values())
            exact = {code: Fraction(cents * round(part * 1000), whole) for code, part in parts.items() if part}
            got = {code: int(value) for code, value in exact.items()}
            while sum(got.values()) < cents:
                got[max(exact, key=lambda code: (exact[code] - got[code], -int(code)))] += 1
            for code, value in got.items():
                sums[code] += value
    return {code: D(value) / 100 for code, value in sums.items()}


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def as_booked(sums: dict[str, Decimal]) -> dict[str, Decimal]:
    return {"1110": sum(sums.values(), ZERO), **{code: -net for code, net in sums.items()}}


def at_end(operator: Operator) -> dict[str, Decimal]:  # noqa: F811
    """What September's end holds beside the entry that began it."""
    return {code: net for code, net in balances(date(2018, 9, 30)).items() if code not in ("1000", "9990")}


@pytest.fixture
def begun(month: Operator) -> Operator:  # noqa: F811
    """Seven sessions are ready, and the books have an entry of September."""
    entry(month, date(2018, 9, 3))
    return month


EVERY = ("A1", "A2", "M1", "M2", "B1", "B2", "P1")


def test_off_unless_somebody_wants_it(begun: Operator) -> None:
    change("CLOSE")
    assert at_end(begun) == {}
    assert not Accrual.objects.exists()
    clean()


def test_at_the_end_of_the_month_it_is_what_was_ready_and_the_next_day_it_is_gone(begun: Operator) -> None:
    switch(begun)
    change("CLOSE")
    # 3.33 + 2.50 + 4.12 + 0.11 + 1.10 + 2.69 are energy, 6.67 the partner's.
    assert by_hand(*EVERY) == {"4000": D("13.85"), "4040": D("6.67")}
    assert at_end(begun) == as_booked(by_hand(*EVERY))
    assert balances(OCTOBER) == {"1000": D("5"), "9990": D("-5")}
    assert {(e.effective_date, e.reverses is None) for e in JournalEntry.objects.filter(source_type="accrual")} == {
        (date(2018, 9, 30), True),
        (OCTOBER, False),
    }
    assert sorted(AccruedSession.objects.values_list("session__external_id", flat=True)) == sorted(EVERY)
    event = AuditEvent.objects.get(action="period.accrue")
    assert event.summary == "Accrued 7 sessions of 2018-09 of Tayside Charging"
    clean()


def test_a_documents_own_entry_stays_as_it_is(begun: Operator) -> None:
    switch(begun)
    change("CLOSE")
    begun.issue()
    today = balances(date(2030, 1, 1))
    # Revenue is there once, by the documents.
    documents = sum(Document.objects.values_list("net_amount", flat=True), ZERO)
    assert -(today["4000"] + today["4040"]) == documents
    assert "1110" not in today
    clean()


def test_what_stood_on_a_document_by_then_is_not_accrued_whatever_came_later(begun: Operator) -> None:
    # Receipts go out during the month: A1 and A2 stand on one on 20 September.
    issue(begun, datetime(2018, 9, 20, 9, tzinfo=UTC))
    one, two = Document.objects.order_by("pk")
    given = {"amounts": None, "reason": "Wrong", "bill_again": True, "actor": None}
    pipeline.correct(document=one, key="k", at=datetime(2018, 9, 25, 9, tzinfo=UTC), **given)
    pipeline.correct(document=two, key="k", at=datetime(2018, 10, 3, 9, tzinfo=UTC), **given)
    # Invoices come on 2 October, in October's books.
    issue(begun, datetime(2018, 10, 2, 9, tzinfo=UTC))
    begun.bring(
        session("H1", end="10:03", energy_kwh="90"),
        session("O1", day="2018-10-01", start="00:30", end="01:30"),
        # By the company's clock it ended a minute before the month did.
        session("L1", day="2018-09-30", start="22:00", end="23:59"),
    )
    assert Chargeable.objects.get(session__external_id="H1").state == "HELD"
    before = at_end(begun)
    switch(begun)
    change("CLOSE")
    # A1 was credited in September and is on a document again since October; A2 stood on its receipt at the end.
    counts = ("A1", "M1", "M2", "B1", "B2", "P1", "L1")
    assert {one.session.external_id for one in AccruedSession.objects.select_related("session")} == set(counts)
    after = at_end(begun)
    assert {code: after.get(code, ZERO) - before.get(code, ZERO) for code in ("1110", "4000", "4040")} == as_booked(
        by_hand(*counts)
    )
    clean()


def test_reopened_and_closed_again_it_books_what_differs(begun: Operator) -> None:
    switch(begun)
    change("CLOSE")
    first = set(JournalEntry.objects.values_list("pk", flat=True))
    change("REOPEN")
    begun.bring(
        session("L2", day="2018-09-29"), session("P2", token="X1", token_issuer="NL-RMR-C1-1", energy_kwh="2", day="2018-09-29")
    )
    change("CLOSE")
    assert at_end(begun) == as_booked(by_hand(*EVERY, "L2", "P2"))
    more = JournalEntry.objects.exclude(pk__in=first).filter(source_type="accrual")
    assert sorted(D(leg.debit) for one in more for leg in one.postings.filter(debit__gt=0)) == [D("0.67")] * 2 + [D("3.33")] * 2
    clean()
    # Closed once more with nothing new it books nothing; without accrual it takes all of it back.
    change("REOPEN")
    change("CLOSE")
    assert JournalEntry.objects.filter(source_type="accrual").count() == 8
    change("REOPEN")
    switch(begun, accrues=False)
    change("CLOSE")
    assert at_end(begun) == {}
    assert [one.sessions for one in Accrual.objects.order_by("pk")] == [7, 9, 9, 0]
    clean()


def test_a_month_later_what_still_waits_is_accrued_again(begun: Operator) -> None:
    switch(begun)
    change("CLOSE")
    change("CLOSE", OCTOBER)
    assert balances(date(2018, 10, 31))["1110"] == sum(by_hand(*EVERY).values())
    assert "1110" not in balances(date(2018, 11, 1))
    clean()


def test_random_prices_equal_the_sums_of_raw_rows(operator: Operator) -> None:  # noqa: F811
    set_tariff(
        entity=operator.entity, name="Parts", currency="GBP", tax_included=True, start_fee=D("0.35"), energy_per_kwh=D("0.417"),
        charging_per_minute=D("0.013"), idle_per_minute=None, valid_from=datetime(2018, 9, 10, tzinfo=UTC), actor=None,
        at=datetime(2018, 9, 9, tzinfo=UTC),
    )  # fmt: skip
    rng = random.Random(2711)
    rows = []
    for n in range(120):
        token = rng.choice(["", "T-Ada", "T-Brewery"])
        rows.append(
            session(f"S{n}", day=f"2018-09-{rng.randint(1, 29):02d}", energy_kwh=f"{rng.uniform(0.5, 60):.3f}", token=token)
        )
    operator.bring(*rows)
    ready = Chargeable.objects.filter(state="READY").values_list("session__external_id", flat=True)
    assert len(ready) > 100
    entry(operator, date(2018, 9, 3))
    switch(operator)
    change("CLOSE")
    assert at_end(operator) == as_booked(by_hand(*ready))
    assert {"4000", "4010", "4030"} <= set(at_end(operator))
    clean()


def test_what_is_wrong_with_it_is_found(begun: Operator) -> None:
    switch(begun)
    change("CLOSE")
    taken_back = JournalEntry.objects.filter(source_type="accrual", reverses__isnull=False).first()
    reverse(entry=taken_back, effective_date=OCTOBER, reason="By mistake", actor=None, at=timezone.now())
    (found,) = check_books().breaks
    assert (found.check, found.where) == ("accruals", "account 1110")
    assert found.message.endswith("is on it that no closing accounts for.")
    assert "never change" in refused("UPDATE billing_accruedsession SET net_amount = 1")
    assert "never change" in refused("UPDATE billing_accrual SET sessions = 1")
    assert "never deleted" in refused("DELETE FROM billing_accrual")


def test_the_audit_pack_has_the_sessions_and_is_the_same_again(begun: Operator, tmp_path: Path) -> None:
    switch(begun)
    change("CLOSE")
    of = months_between(begun.entity, SEPTEMBER, SEPTEMBER)
    pack = make_pack(of)
    assert (pack.is_closed, pack.is_clean) == (True, True)
    file = tmp_path / pack.name
    file.write_bytes(pack.content)
    assert verify(file).problems == ()
    with zipfile.ZipFile(file) as opened:
        assert opened.read("accrued-2018-09.csv").count(b"\r\n") == 8
    assert make_pack(of).sha256 == pack.sha256


def test_the_pages_switch_it_tell_it_and_give_the_list(begun: Operator, client_of: Any) -> None:
    finance = client_of(FINANCE)
    Location.objects.update(name="=HYPERLINK(1)")
    assert "Revenue is booked when a document is issued" in finance.get("/periods/").content.decode()
    assert "Closing books what was earned" not in finance.get("/close/?month=2018-09").content.decode()
    answer = finance.post("/periods/accrual/", {"entity": begun.entity.pk, "accrues": "1"}, follow=True)
    assert "Months are closed with an accrual from now on." in answer.content.decode()
    assert AuditEvent.objects.get(action="books.accrual").changes == {"accrues": [False, True]}
    assert "7 sessions, GBP 20.52 excl. VAT, as things stand now" in finance.get("/close/?month=2018-09").content.decode()
    change("CLOSE")
    page = finance.get("/periods/").content.decode()
    assert "7 sessions, GBP 20.52 excl. VAT" in page
    url = f"/periods/{period().pk}/accrued.csv"
    assert url in page
    answer = finance.get(url)
    assert answer["Content-Disposition"] == 'attachment; filename="accrued-2018-09.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert rows[0] == {
        "session": "A1", "place": "'=HYPERLINK(1)", "ended": "2018-09-06 11:00:00", "time_zone": "Europe/London",
        "currency": "GBP", "net": "3.33", "account": "4000", "account_net": "3.33",
    }  # fmt: skip
    assert sum(D(row["account_net"]) for row in rows) == D("20.52")


@pytest.mark.parametrize("role", ROLES)
def test_who_may_switch_it_and_read_the_list(begun: Operator, client_of: Any, role: str) -> None:
    switch(begun)
    change("CLOSE")
    client = client_of(role)
    reads, switches = role in (ADMINISTRATOR, FINANCE, AUDITOR), role in (ADMINISTRATOR, FINANCE)
    assert client.get(f"/periods/{period().pk}/accrued.csv").status_code == (200 if reads else 403)
    sent = {"entity": begun.entity.pk, "accrues": "0"}
    assert client.post("/periods/accrual/", sent).status_code == (302 if switches else 403)
    assert earned(begun.entity, SEPTEMBER) != []


@pytest.mark.parametrize("sent", [{}, {"accrues": "2"}, {"entity": "x"}])
def test_a_wrong_form_changes_nothing(begun: Operator, client_of: Any, sent: dict[str, str]) -> None:
    given = {"entity": begun.entity.pk, **({"accrues": "1"} if "entity" in sent else {}), **sent}
    assert client_of(FINANCE).post("/periods/accrual/", given).status_code == 404
    assert client_of(BILLING_CLERK).get("/periods/99/accrued.csv").status_code == 403
    assert client_of(FINANCE).get("/periods/99/accrued.csv").status_code == 404
    assert not AuditEvent.objects.filter(action="books.accrual").exists()
