"""Every check of an investigation: what fails, the last that passes, what lacks data, and the remedy. Amounts by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from billing.checks import BY_CODE, GATE, INVESTIGATION, Finding, Part, Snapshot, Thresholds, Verdict, Way, investigate
from billing.checks.prices import kwh_price
from billing.checks.record import (
    Asked,
    Billed,
    BilledDocument,
    KnownToken,
    Member,
    Pricing,
    Received,
    Record,
    Shown,
    Status,
    Twin,
)
from billing.pricing import Anchor, Dimension, Spanning, Tariff, Tax, Usage, tariff_from_elements

T = Thresholds()
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
VAT = Tax(D(20), "GB20")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def component(kind: str, price: str) -> dict[str, Any]:
    return {"type": kind, "price": price, "step_size": 1}


def tariff(name: str = "Hub", version: int = 1, *, kwh: str = "0.40", idle: str = "6.00", **more: Any) -> Tariff:
    """0.50 to start, 0.40 a kWh, 6.00 an idle hour, tax inside, unless told otherwise."""
    elements = more.pop("elements", [])
    always = {"price_components": [component("FLAT", "0.50"), component("ENERGY", kwh), component("PARKING_TIME", idle)]}
    return tariff_from_elements(
        name=name, version=version, currency="GBP", tax_included=True, elements=[*elements, always], **more
    )


# One hour of charging, then two idle ones: 0.50 + 10 * 0.40 + 2 * 6.00 = 16.50.
USAGE = Usage.from_totals(start=NOON, end=at(180), energy_kwh=D(10), charging_s=3600, time_zone="Europe/London")
TAXES = dict.fromkeys((Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME), VAT)
PRICING = Pricing(USAGE, tariff(), TAXES, Anchor.GROSS, Spanning.SPLIT)
AMOUNTS = (D("13.75"), D("2.75"), D("16.50"))
BILL = BilledDocument("R-1", "RECEIPT", "GBP", AMOUNTS, AMOUNTS, AMOUNTS, gross=D("16.50"), fixed=D("16.50"), country="GB")
CARD = Received("P-1", "TERMINAL", "GBP", D("16.50"), date(2026, 3, 10), at(0), here=D("16.50"))
RECORD = Record(
    number="7001",
    place="Hub",
    country="GB",
    evse="E1",
    billed=Billed(1, *AMOUNTS, engine="reference-2"),
    pricing=PRICING,
    shown=Shown("Hub", 1, "the price page", PRICING),
    right_taxes=TAXES,
    token=KnownToken("601838"),
    statuses=(Status(at(-60), "Available"), Status(at(0), "Charging"), Status(at(60), "SuspendedEV")),
    authorizations=(Asked(at(-1), "Accepted"),),
    asks_known=True,
    documents=(BILL,),
    payments=(CARD,),
    twins=(Twin("7001", "partner", NOON, at(180), D(10)),),
    evse_cases=1,
)
GOOD = Snapshot(
    start=NOON,
    end=at(180),
    energy_kwh=D(10),
    time_zone="Europe/London",
    charging_s=3600,
    token="601838",
    currency="GBP",
    total=D("16.50"),
    prices={Part.FLAT: D("0.50"), Part.ENERGY: D("4.00"), Part.PARKING_TIME: D("12.00")},
    announced_fee=D("0.50"),
    record=RECORD,
)
BARE = replace(GOOD, token="", prices=None, record=Record())


def knowing(**more: Any) -> Snapshot:
    return replace(GOOD, record=replace(RECORD, **more))


def billed(total: str, **parts: str) -> Snapshot:
    """The same session with another stored price, gross and its parts."""
    gross = D(total)
    prices = {**GOOD.prices, **{Part[name.upper()]: D(value) for name, value in parts.items()}}  # type: ignore[dict-item]
    net = (gross / D("1.2")).quantize(D("0.01"))
    record = replace(RECORD, billed=replace(RECORD.billed, net=net, tax=gross - net, gross=gross))  # type: ignore[type-var]
    return replace(GOOD, total=gross, prices=prices, record=record)


def found(code: str, snapshot: Snapshot) -> Finding:
    return next(finding for finding in investigate(snapshot, T) if finding.check == code)


def shown(other: Tariff) -> Snapshot:
    return knowing(shown=Shown(other.name, other.version, "the imported file", PRICING.under(other)))


def display(price: str) -> Snapshot:
    return knowing(shown=Shown("", None, "the display", kwh_price=D(price)))


def idle_broken(minutes: float, status: str = "Faulted", error: str = "") -> Snapshot:
    """Out of order from the first idle minute for so many minutes."""
    told = (Status(at(0), "Charging"), Status(at(60), status, error), Status(at(60 + minutes), "Available"))
    return knowing(statuses=told)


GRACED = tariff(grace_s=3600)
CAPPED = tariff(parking_cap=D("5.00"))
FREE_EVENING = tariff(elements=[
    {"price_components": [component("PARKING_TIME", "0.00")], "restrictions": {"start_time": "14:00", "end_time": "16:00"}}
])  # fmt: skip
SECOND = replace(BILL, number="R-2")
NEXT = replace(CARD, reference="P-2", at=at(10), here=D(0))
CREDITED = replace(BILL, credited=D("1.50"))

# check, what fails, what just passes, the words, the way and the amount
CASES: list[tuple[str, Snapshot, Snapshot, str, Way, str]] = [
    (
        "D1b", knowing(payments=(CARD, NEXT)), knowing(payments=(CARD, replace(NEXT, at=at(10) + timedelta(seconds=1)))),
        "GBP 16.50 was received 10 min apart from the payment of this session", Way.REFUND, "16.50",
    ),
    (
        "D2", knowing(documents=(BILL, SECOND)), knowing(documents=(BILL, replace(SECOND, credited=D("16.50")))),
        "it stands on 2 documents: R-1, R-2", Way.CREDIT, "16.50",
    ),
    (
        # 0.30 a kWh were announced: 10 * 0.10.
        "D13", shown(tariff(version=2, kwh="0.30")), shown(tariff(kwh="0.30")),
        "“Hub v1” was billed, but the imported file announced “Hub v2”, which costs GBP 15.50", Way.REPRICE, "1.00",
    ),
    (
        "D14", billed("16.51"), billed("16.50"),
        "computed anew it costs GBP 16.50 with tax, GBP 16.51 was billed", Way.REPRICE, "0.01",
    ),
    (
        "D15", shown(tariff(max_price=D("16.49"))), shown(tariff(max_price=D("16.50"))),
        "GBP 16.50 was billed, more than the announced maximum of GBP 16.49", Way.REPRICE, "0.01",
    ),
    (
        # Idle time is free from 14:00 to 16:00, which is all but an hour of it: 6.00 is due and 12.00 charged.
        "D17", shown(FREE_EVENING), replace(shown(FREE_EVENING), prices={**GOOD.prices, Part.PARKING_TIME: D("6.00")}),  # type: ignore[dict-item]
        "a part of the idle time is free by “Hub v1”, yet GBP 6.00 is charged for it", Way.REPRICE, "6.00",
    ),
    (
        # Half an hour of two was out of order: 3.00.
        "D18", idle_broken(30), knowing(statuses=(Status(at(0), "Charging"), Status(at(180), "Faulted"))),
        "the connector was out of order (Faulted) for 30 min that were charged as idle time", Way.REPRICE, "3.00",
    ),
    (
        # One of two hours is free: 6.00.
        "D19", shown(GRACED), replace(shown(GRACED), prices={**GOOD.prices, Part.PARKING_TIME: D("6.00")}),  # type: ignore[dict-item]
        "GBP 12.00 is charged for idle time, GBP 6.00 is due (the first 1 h free by “Hub v1”)", Way.REPRICE, "6.00",
    ),
    (
        "D23", knowing(authorizations=(Asked(at(-15) - timedelta(seconds=1), "Accepted"),)),
        knowing(authorizations=(Asked(at(-15), "Accepted"),)),
        "no authorization of token 601838 within 15 min of the start", Way.DROP, "16.50",
    ),
    (
        "D24", knowing(token=KnownToken("601838", NOON, "lost")),
        knowing(token=KnownToken("601838", NOON + timedelta(seconds=1), "lost")),
        "token 601838 had been blocked for 0 s when it charged (lost)", Way.DROP, "16.50",
    ),
    (
        "D25", knowing(right_taxes={**TAXES, Dimension.ENERGY: Tax(D(5), "GB5")}),
        knowing(right_taxes={**TAXES, Dimension.TIME: Tax(D(5), "GB5")}),
        "tax GB20 at 20 % was applied, by the tax table GB5 at 5 % is right", Way.REPRICE, "0.00",
    ),
    (
        "D26", knowing(documents=(replace(BILL, lines=(D("13.74"), D("2.75"), D("16.49"))),)), knowing(documents=(BILL,)),
        "R-1 says 16.50, its lines add up to 16.49", Way.CREDIT, "0.01",
    ),
    (
        "D27", knowing(payments=(replace(CARD, amount=D("16.51")),)), knowing(payments=(CARD,)),
        "GBP 16.51 was taken by card, GBP 16.50 was asked", Way.REFUND, "0.01",
    ),
    (
        "D28", knowing(documents=(CREDITED,)), knowing(documents=(BILL,)),
        "GBP 1.50 was already taken back by a credit note, GBP 15.00 still stands", Way.RELEASE, "0",
    ),
    (
        # 0.5 % of 9.95 kWh are 0.04975: 0.05 kWh more are too much, at 0.40 two pence.
        "D29", knowing(twins=(Twin("P", "partner", NOON, at(180), D("9.95")),)),
        knowing(twins=(Twin("P", "partner", NOON, at(180), D("9.96")),)),
        "partner tells of 9.95 kWh, 10 kWh were billed", Way.READING, "0.02",
    ),
    (
        "D30", knowing(evse_cases=3), knowing(evse_cases=2),
        "3 cases about EVSE E1 within 30 days: look for one fault behind them", Way.RELEASE, "0",
    ),
]  # fmt: skip
MEMBER = Member("MEMBER", "C-1", same=False, pricing=PRICING.under(tariff("Members", kwh="0.35")))


@pytest.mark.parametrize(("code", "wrong", "right", "words", "way", "amount"), CASES, ids=[case[0] for case in CASES])
def test_a_check_finds_what_is_wrong_and_passes_what_is_just_right(
    code: str, wrong: Snapshot, right: Snapshot, words: str, way: Way, amount: str
) -> None:
    finding = found(code, wrong)
    assert finding.verdict is Verdict.FAIL
    assert finding.staff.startswith(words)
    assert finding.remedy is not None
    assert (finding.remedy.way, finding.remedy.amount) == (way, D(amount))
    assert found(code, right).verdict is Verdict.PASS


def test_every_check_is_run_once_and_has_a_case() -> None:
    assert [finding.check for finding in investigate(GOOD, T)] == [check.code for check in INVESTIGATION]
    assert {check.code for check in INVESTIGATION} == set(BY_CODE)
    # Of these three nothing can be on record yet, D16 beside the customer's own tariff.
    assert {c.code for c in INVESTIGATION} - {c.code for c in GATE} - {case[0] for case in CASES} == {"D10", "D16", "D27b"}


def test_of_a_good_session_nothing_fails() -> None:
    said = {finding.check: finding.verdict for finding in investigate(GOOD, T)}
    assert [code for code, verdict in said.items() if verdict is Verdict.FAIL] == []
    assert {said[case[0]] for case in CASES} == {Verdict.PASS}


NO_DATA = {
    "D1b": "payments with their time",
    "D2": "documents",
    "D10": "signed meter readings (OCMF)",
    "D13": "authorizations with the price shown, or sessions with the announced tariff",
    "D14": "a tariff with its parts",
    "D15": "a tariff with its parts",
    "D16": "memberships with their benefits",
    "D17": "a tariff with its parts",
    "D18": "a tariff with its parts",
    "D19": "a tariff with its parts",
    "D23": "sessions with token",
    "D24": "sessions with token",
    "D25": "a tariff with its parts",
    "D26": "documents",
    "D27": "payments by card",
    "D27b": "pre-authorizations of a card gateway",
    "D28": "documents",
    "D29": "CDRs of roaming partners",
    "D30": "cases of the dispute desk",
}


def test_without_data_nothing_is_found_and_each_check_names_what_would_supply_it() -> None:
    said = {finding.check: finding for finding in investigate(BARE, T)}
    beside = [check.code for check in INVESTIGATION if check not in GATE]
    assert {code: said[code].supplied_by for code in beside} == NO_DATA
    assert {said[code].verdict for code in beside} == {Verdict.NO_DATA}


@pytest.mark.parametrize(
    ("code", "snapshot", "supplied_by"),
    [
        ("D13", knowing(pricing=None), "a tariff with its parts"),
        ("D16", knowing(member=replace(MEMBER, same=True)), "memberships with their benefits"),
        ("D18", knowing(statuses=()), "connector status"),
        ("D18", knowing(statuses=(Status(at(181), "Faulted"),)), "connector status"),
        ("D23", knowing(authorizations=(), asks_known=False), "authorizations"),
        ("D24", knowing(token=None), "tokens"),
        ("D25", knowing(right_taxes={}), "a tax rule for the place and the day"),
        ("D27", knowing(payments=(replace(CARD, method="BANK", at=None),)), "payments by card"),
        ("D1b", knowing(payments=(replace(CARD, method="BANK", at=None),)), "payments with their time"),
    ],
)
def test_what_else_lacks_data(code: str, snapshot: Snapshot, supplied_by: str) -> None:
    finding = found(code, snapshot)
    assert (finding.verdict, finding.supplied_by) == (Verdict.NO_DATA, supplied_by)


def test_a_members_own_tariff_that_was_left_out_is_found() -> None:
    finding = found("D16", knowing(member=MEMBER))
    assert finding.staff.startswith("the token belongs to customer C-1, whose price “Members” was not applied: GBP 16.00 instead")
    assert finding.remedy is not None
    assert finding.remedy.amount == D("0.50")
    dearer = replace(MEMBER, pricing=PRICING.under(tariff("Members", kwh="0.41")))
    assert found("D16", knowing(member=dearer)).verdict is Verdict.NO_DATA


def test_a_display_that_showed_less_for_a_kwh_is_found_and_what_cost_no_more_passes() -> None:
    finding = found("D13", display("0.39"))
    assert finding.staff == "a kWh was billed at 0.4 GBP, but the display showed 0.39"
    assert finding.remedy is not None
    assert finding.remedy.amount == D("0.10")
    assert found("D13", display("0.40")).verdict is Verdict.PASS
    # Before tax 0.3333 a kWh: 0.33 shown without tax were less, 0.34 were not.
    net = Shown("", None, "the display", kwh_price=D("0.34"), with_tax=False)
    assert found("D13", knowing(shown=net)).verdict is Verdict.PASS
    assert found("D13", knowing(shown=replace(net, kwh_price=D("0.33")))).verdict is Verdict.FAIL


def test_of_a_price_by_time_of_day_the_one_at_the_start_counts() -> None:
    """0.30 before 13:00, then 0.40: whoever was shown 0.30 at noon was told right."""
    by_day = tariff(elements=[
        {"price_components": [component("ENERGY", "0.30")], "restrictions": {"start_time": "12:00", "end_time": "12:30"}}
    ])  # fmt: skip
    shown_at_noon = Shown("", None, "the display", kwh_price=D("0.30"))
    assert found("D13", knowing(pricing=PRICING.under(by_day), shown=shown_at_noon)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("0.49 EUR/kWh, 0.02 EUR/min idle", (D("0.49"), True)),
        ("EUR 0.49 per kWh plus VAT", (D("0.49"), False)),
        ("0,49 €/kWh zzgl. MwSt.", (D("0.49"), False)),
        ("£0.39/kWh", (D("0.39"), True)),
        ("0.39/kWh at night, 0.49/kWh by day", None),
        ("see app", None),
        ("", None),
    ],
)
def test_what_a_display_says_is_read_where_it_names_one_price(text: str, price: tuple[D, bool] | None) -> None:
    assert kwh_price(text) == price


@pytest.mark.parametrize(
    ("status", "error", "verdict"),
    [
        ("Faulted", "", Verdict.FAIL),
        ("Unavailable", "", Verdict.FAIL),
        ("OUTOFORDER", "", Verdict.FAIL),
        ("SuspendedEVSE", "ConnectorLockFailure", Verdict.FAIL),
        ("Finishing", "", Verdict.PASS),
    ],
)
def test_which_states_are_out_of_order(status: str, error: str, verdict: Verdict) -> None:
    assert found("D18", idle_broken(30, status, error)).verdict is verdict


def test_a_fault_from_before_holds_until_another_state_is_told() -> None:
    finding = found("D18", knowing(statuses=(Status(at(-600), "Faulted"),)))
    assert finding.remedy is not None
    assert finding.remedy.amount == D("12.00")


@pytest.mark.parametrize("spanning", [Spanning.START, Spanning.CHEAPEST, Spanning.SPLIT])
def test_the_fault_is_taken_off_however_a_change_of_price_is_counted(spanning: Spanning) -> None:
    finding = found(
        "D18", replace(idle_broken(30), record=replace(idle_broken(30).record, pricing=replace(PRICING, spanning=spanning)))
    )
    assert finding.remedy is not None
    assert finding.remedy.amount == D("3.00")


def test_the_cap_on_idle_time() -> None:
    finding = found("D19", shown(CAPPED))
    assert finding.staff.startswith("GBP 12.00 is charged for idle time, GBP 5.00 is due (at most GBP 5.00 by")
    assert finding.remedy is not None
    assert finding.remedy.amount == D("7.00")


def test_a_refused_token_is_no_authorization() -> None:
    finding = found("D23", knowing(authorizations=(Asked(at(-1), "Blocked"),)))
    assert finding.staff.endswith("of the start: it was told “Blocked”")


def test_a_payment_that_has_its_own_session_is_no_second_one() -> None:
    elsewhere = replace(NEXT, elsewhere=D("16.50"))
    assert found("D1b", knowing(payments=(CARD, elsewhere))).verdict is Verdict.PASS
    assert found("D1b", knowing(payments=(CARD, NEXT), same_payer=(at(12),))).verdict is Verdict.PASS
    given_back = replace(NEXT, back=D("16.50"))
    assert found("D1b", knowing(payments=(CARD, given_back))).verdict is Verdict.PASS


def test_less_than_billed_is_found_too_and_nothing_is_given_back() -> None:
    finding = found("D27", knowing(payments=(replace(CARD, amount=D("16.49"), here=D("16.49")),)))
    assert finding.remedy is not None
    assert (finding.verdict, finding.remedy.way, finding.remedy.amount) == (Verdict.FAIL, Way.RELEASE, D(0))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (replace(BILL, total=(D("13.75"), D("2.76"), D("16.50"))), "R-1 says 16.50 with tax, but 13.75 and 2.76 of tax"),
        (replace(BILL, taxes=(D("13.75"), D("2.74"), D("16.50"))), "R-1 says 2.75 of tax, its rates add up to 2.74"),
        (replace(BILL, currency="EUR"), "R-1 is in EUR, the session's price in GBP"),
        (replace(BILL, fixed=D("16.51")), "R-1 bills 16.51 for the session, its price is 16.50"),
    ],
)
def test_what_of_a_document_does_not_add_up(document: BilledDocument, words: str) -> None:
    finding = found("D26", knowing(documents=(document,)))
    assert (finding.verdict, finding.staff[: len(words)]) == (Verdict.FAIL, words)


def test_a_document_of_another_country_than_the_place_is_taxed_wrong() -> None:
    finding = found("D25", knowing(documents=(replace(BILL, country="IE"),)))
    assert finding.staff == "the document says it was supplied in IE, the place is in GB"


def test_the_other_sides_times_and_amount_are_compared_too() -> None:
    late = knowing(twins=(Twin("P", "partner", at(0) + timedelta(seconds=61), at(180), D(10)),))
    assert found("D29", late).staff == "partner tells of other times, 1 min apart"
    cheaper = knowing(twins=(Twin("P", "partner", NOON, at(180), D(10), D("16.00"), "GBP"),))
    assert found("D29", cheaper).staff == "partner tells of GBP 16.00, GBP 16.50 were billed"


def test_what_was_credited_is_not_given_back_again() -> None:
    """The whole session would be dropped for 16.50, of which 1.50 are back already."""
    snapshot = knowing(documents=(CREDITED,), token=KnownToken("601838", NOON))
    finding = found("D24", snapshot)
    assert finding.remedy is not None
    assert finding.remedy.amount == D("15.00")


def test_what_is_waived_is_priced_anew_with_the_maximum() -> None:
    """0.50 + 4.00 + 12.00 are 16.50, of which 10.00 is the most: without idle time 4.50 are left, 5.50 less."""
    most = tariff(max_price=D("10.00"))
    connected = replace(
        GOOD, end=at(24 * 60 + 1), total=D("10.00"), record=replace(RECORD, pricing=PRICING.under(most), documents=None)
    )
    finding = found("D31", connected)
    assert finding.remedy is not None
    assert (finding.remedy.way, finding.remedy.part, finding.remedy.amount) == (Way.WAIVE, Part.PARKING_TIME, D("5.50"))


def test_another_reading_is_priced_anew() -> None:
    """The meter counted 8 of 10 kWh: 0.80 less."""
    finding = found("D6", replace(GOOD, meter_start_kwh=D(100), meter_stop_kwh=D(108)))
    assert finding.remedy is not None
    assert (finding.remedy.way, finding.remedy.amount, finding.remedy.energy_kwh) == (Way.READING, D("0.80"), D(8))


def test_a_business_gets_back_net() -> None:
    """16.50 with tax are 13.75 net; 0.10 a kWh less are 0.8333 net of it, so 12.92 is the price."""
    net = replace(PRICING, anchor=Anchor.NET)
    cheaper = net.under(tariff(version=2, kwh="0.30"))
    bill = replace(BILL, fixed=D("13.75"))
    record = replace(RECORD, pricing=net, shown=Shown("Hub", 2, "the file", cheaper), documents=(bill,))
    snapshot = replace(GOOD, total=D("13.75"), record=record)
    finding = found("D13", snapshot)
    assert finding.remedy is not None
    assert finding.remedy.amount == D("0.83")
