"""What is on record about a session finds its way into the snapshot, and from there into the checks."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from billing.checks import Verdict
from billing.checks.canonical import digest
from billing.investigation import look_into
from billing.models import Assignment, Tariff, TaxRule
from billing.operations import activate, create_tariff, set_tariff
from billing.operations.credits import correct
from billing.operations.payments import Part, record_payment
from billing.tariff_content import Content
from billing.tariff_elements import one_price
from memberships.models import Token
from stations.models import Authorization, ConnectorStatus, ImportBatch, Session, Source
from tests.investigation.conftest import AT, Operator, bill_by_hand, findings, make_dear, make_operator, session, timed

# Recorded: what look_into asks at most. A rise needs a reason.
MOST_QUERIES = 40
TEN = datetime(2018, 9, 6, 9, tzinfo=UTC)


def tell(of: Session, model: Any, number: str, **facts: Any) -> None:
    batch = ImportBatch.objects.latest("pk")
    model.objects.create(source=of.source, external_id=number, batch=batch, line_no=1, **facts)


def asks(of: Session, token: str, at: datetime, result: str = "Accepted", price_shown: str = "") -> None:
    tell(
        of, Authorization, f"{token} {at}", entity=of.entity, token_uid=token, at=at, result=result, price_shown=price_shown
    )  # fmt: skip


@pytest.fixture
def operator_with_idle_fee(dear: Operator) -> Operator:
    set_tariff(
        entity=dear.entity, name="Idle", currency="GBP", tax_included=True, start_fee=None, energy_per_kwh=D("0.40"),
        charging_per_minute=None, idle_per_minute=D("0.10"), valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    return dear


def test_an_ordinary_bill_has_nothing_that_fails(dear: Operator) -> None:
    found = findings(bill_by_hand(dear, session("1", meter_start_kwh="100", meter_stop_kwh="110")))
    assert [code for code, finding in found.items() if finding.verdict is Verdict.FAIL] == []
    assert {code for code, finding in found.items() if finding.verdict is Verdict.PASS} >= {"D2", "D14", "D25", "D26", "D28"}


def test_a_session_without_a_price_is_looked_into_as_far_as_possible(dear: Operator) -> None:
    dear.bring(session("1", token="T-Ada"))
    Session.objects.get().chargeable.delete()
    found = findings(Session.objects.get())
    assert found["D14"].verdict is Verdict.NO_DATA
    assert found["D24"].verdict is Verdict.PASS


def test_the_frozen_text_is_the_same_twice_and_every_fact_is_in_it(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1", token="T-Ada"))
    one, two = look_into(billed), look_into(Session.objects.get(pk=billed.pk))
    assert one.text == two.text
    assert one.sha256 == digest(one.text)
    said = json.loads(one.text)
    assert said["version"] == 1
    assert said["thresholds"]["connected_s"] == 86400
    record = said["snapshot"]["record"]
    # 2.00 + 10 * 0.40 + 60 * 0.05
    assert record["billed"] == {
        "version": 1, "net": "7.5", "tax": "1.5", "gross": "9", "engine": "reference-2", "waived": "",
    }  # fmt: skip
    assert (record["evse"], record["place"], record["member"]["number"]) == ("E1", "Hub", "C-Ada")
    assert said["snapshot"]["start"] == "2018-09-06T09:00:00Z"
    assert [document["number"] for document in record["documents"]] == [billed.document_lines.get().document.number]


def test_a_fault_told_by_the_connector_takes_the_idle_fee_away(operator_with_idle_fee: Operator) -> None:
    """One hour of charging, two idle ones at 0.10 a minute; from 11:00 UTC on the connector is faulted: 6.00 less."""
    billed = bill_by_hand(operator_with_idle_fee, timed("1", end="13:00", charging_time="01:00:00"))
    assert billed.chargeable.cdr.gross_amount == D("16.00")
    assert findings(billed)["D18"].supplied_by == "connector status"
    tell(billed, ConnectorStatus, "s1", connector=billed.connector, at=TEN + timedelta(hours=2), status="Faulted")
    remedy = findings(billed)["D18"].remedy
    assert remedy is not None
    assert (remedy.way, remedy.amount) == ("REPRICE", D("6.00"))


def test_a_token_that_was_never_authorized_while_others_were(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("0", token="T-Brewery"), session("1", token="T-Ada"))
    assert findings(billed)["D23"].supplied_by == "authorizations"
    asks(billed, "T-Brewery", TEN)
    remedy = findings(billed)["D23"].remedy
    assert remedy is not None
    assert (remedy.way, remedy.amount) == ("DROP", D("9.00"))
    asks(billed, "T-Ada", TEN - timedelta(minutes=1))
    assert findings(billed)["D23"].verdict is Verdict.PASS


def test_a_display_that_showed_less(dear: Operator) -> None:
    """0.35 instead of 0.40 for 10 kWh: 0.50 less."""
    billed = bill_by_hand(dear, session("1", token="T-Ada"))
    asks(billed, "T-Ada", TEN - timedelta(minutes=1), price_shown="0.35 GBP/kWh")
    remedy = findings(billed)["D13"].remedy
    assert remedy is not None
    assert (remedy.way, remedy.amount) == ("REPRICE", D("0.50"))


def another_tariff(operator: Operator, name: str, kwh: str) -> Tariff:
    content = Content(True, one_price(energy_per_kwh=D(kwh)))
    tariff = create_tariff(entity=operator.entity, name=name, currency="GBP", content=content, actor=None, at=AT).tariff
    activate(tariff=tariff, valid_from=None, actor=None, at=AT)
    return tariff


def test_a_price_that_came_into_being_after_the_charge(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everybody saw 0.40 a kWh and nothing else: 4.00 instead of 9.00."""
    monkeypatch.setattr("tests.documents.conftest.AT", datetime(2018, 8, 1, tzinfo=UTC))
    operator = make_operator(tmp_path)
    make_dear(operator)
    billed = bill_by_hand(operator, session("1"))
    finding = findings(billed)["D13"]
    assert finding.staff == "“Dear v2” was billed, but the tariff in force then announced “Dear v1”, which costs GBP 4.00"
    assert finding.remedy is not None
    assert (finding.remedy.way, finding.remedy.amount) == ("REPRICE", D("5.00"))


def test_a_tariff_the_file_announced(dear: Operator) -> None:
    """0.25 a kWh were announced: 9.00 less 2.50."""
    another_tariff(dear, "Night", "0.25")
    billed = bill_by_hand(dear, session("1"))
    Session.objects.filter(pk=billed.pk).update(announced_tariff="night")
    finding = findings(billed)["D13"]
    assert finding.staff.startswith("“Dear v2” was billed, but the imported file announced “Night v1”")
    assert finding.remedy is not None
    assert finding.remedy.amount == D("6.50")
    Session.objects.filter(pk=billed.pk).update(announced_tariff="never heard of")
    assert findings(billed)["D13"].verdict is Verdict.NO_DATA


def test_a_card_that_belongs_to_a_member_whose_tariff_was_left_out(dear: Operator) -> None:
    """Ada's own tariff asks 0.20 a kWh: 9.00 less 2.00. It was billed before her second card was known."""
    tariff = another_tariff(dear, "Ada", "0.20")
    billed = bill_by_hand(dear, session("1", token="T-New"))
    Assignment.objects.create(entity=dear.entity, tariff=tariff, customer=dear.customers["Ada"], created_at=AT)
    assert findings(billed)["D16"].verdict is Verdict.NO_DATA
    Token.objects.filter(uid="T-New").update(customer=dear.customers["Ada"])
    finding = findings(billed)["D16"]
    assert finding.staff.startswith("the token belongs to customer C-Ada, whose price “Ada” was not applied: GBP 2.00 instead of")
    assert finding.remedy is not None
    assert finding.remedy.amount == D("7.00")


def test_a_blocked_card(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1", token="T-Ada"))
    Token.objects.filter(uid="T-Ada").update(blocked_from=TEN, blocked_reason="lost")
    assert findings(billed)["D24"].staff == "token T-Ada had been blocked for 0 s when it charged (lost)"


def test_a_tax_rule_that_was_put_right_later(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1"))
    TaxRule.objects.update(rate=5, code="GB5")
    finding = findings(billed)["D25"]
    assert finding.staff == "tax GB20 at 20 % was applied, by the tax table GB5 at 5 % is right"
    assert finding.remedy is not None
    # The price with tax stands; only how much of it is tax changes.
    assert finding.remedy.amount == D("0.00")


def test_what_was_credited_bounds_every_remedy(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1", energy_kwh="36.9", end="10:03"))
    line = billed.document_lines.get()
    correct(document=line.document, key="c", amounts={line.pk: D("10.00")}, reason="too much", actor=None, at=AT)
    found = findings(billed)
    assert found["D28"].staff == "GBP 10.00 was already taken back by CN-000001, GBP 6.91 still stands"
    assert found["D7"].remedy is not None
    assert found["D7"].remedy.amount == D("6.91")


def pay(of: Session, key: str, amount: str, minutes: int, *, matched: bool) -> None:
    document = of.document_lines.get(document__corrects=None).document
    record_payment(
        entity=of.entity, key=key, method="GATEWAY", amount=D(amount), currency="GBP", received_on=date(2018, 10, 2),
        parts=[Part(D(amount), document=document)] if matched else [], payer="card 4242", gateway="offline",
        gateway_reference=key, actor=None, at=AT + timedelta(minutes=minutes),
    )  # fmt: skip


def test_a_card_that_was_charged_twice(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1"))
    assert findings(billed)["D27"].supplied_by == "payments by card"
    pay(billed, "p1", "9.00", 0, matched=True)
    found = findings(billed)
    assert (found["D27"].verdict, found["D1b"].verdict) == (Verdict.PASS, Verdict.PASS)
    pay(billed, "p2", "9.00", 3, matched=False)
    remedy = findings(billed)["D1b"].remedy
    assert remedy is not None
    assert (remedy.way, remedy.amount) == ("REFUND", D("9.00"))


def test_the_partners_own_record_of_it(dear: Operator) -> None:
    """The partner tells of 9 kWh: 0.40 less."""
    billed = bill_by_hand(dear, session("1"))
    assert findings(billed)["D29"].supplied_by == "CDRs of roaming partners"
    other = Source.objects.create(entity=dear.entity, profile="partner")
    Session.objects.create(
        source=other, external_id="1", entity=dear.entity, location=billed.location, connector=billed.connector, mode="history",
        started_at=billed.started_at, ended_at=billed.ended_at, local_end_date=billed.local_end_date, local_start_minute=0,
        duration_s=3600, energy_kwh=9, batch=billed.batch, line_no=1, content_hash="",
    )  # fmt: skip
    finding = findings(billed)["D29"]
    assert finding.staff == "partner tells of 9 kWh, 10 kWh were billed"
    assert finding.remedy is not None
    assert finding.remedy.amount == D("0.40")


def test_cases_about_the_same_evse_are_counted_by_whoever_asks(dear: Operator) -> None:
    billed = bill_by_hand(dear, session("1"))
    told = {finding.check: finding for finding in look_into(billed, cases_within=lambda days: days // 10).findings}
    assert told["D30"].staff == "3 cases about EVSE E1 within 30 days: look for one fault behind them"
