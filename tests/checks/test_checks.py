"""Every check of the gate: what it holds, what it passes, the bound, and when there is nothing to go by. Figures by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest

from billing.checks import BY_CODE, GATE, Finding, Other, Part, Reading, Snapshot, Thresholds, Verdict, Way, failures, gate

T = Thresholds()
GATED = [check.code for check in GATE]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


# One hour, 10 kWh, 22 kW, measured, priced 0.40 a kWh and 0.50 to start: nothing is wrong with it.
GOOD = Snapshot(
    start=NOON,
    end=at(60),
    energy_kwh=D(10),
    time_zone="Europe/London",
    charging_s=2400,
    meter_start_kwh=D(100),
    meter_stop_kwh=D(110),
    token="601838",
    stop_reason="EVDisconnected",
    rated_kw=D(22),
    readings=tuple(Reading(at(m), D(k)) for m, k in ((0, 100), (10, 103), (20, 106), (30, 108), (40, 110), (50, 110), (60, 110))),
    currency="GBP",
    total=D("4.50"),
    prices={Part.FLAT: D("0.50"), Part.ENERGY: D("4.00")},
    announced_fee=D("0.50"),
)
BARE = replace(
    GOOD, charging_s=None, meter_start_kwh=None, meter_stop_kwh=None, token="", stop_reason="", rated_kw=None, readings=(),
    prices=None, announced_fee=D(0)
)  # fmt: skip


def other(start: float, end: float) -> Other:
    return Other(7, "7007", at(start), at(end), "Harbour")


def says(code: str, snapshot: Snapshot) -> Finding:
    check = BY_CODE[code]
    return check.look(check, snapshot, T)


def test_the_gate_runs_the_checks_of_the_design() -> None:
    assert {check.code for check in GATE} == {
        "D1a", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D11", "D12", "D20", "D21", "D22", "D31", "ZERO",
    }  # fmt: skip


def test_a_good_session_passes_everything() -> None:
    assert {finding.check: finding.verdict for finding in gate(GOOD, T)} == dict.fromkeys(GATED, Verdict.PASS)


SHORT = replace(GOOD, end=at(2), charging_s=120, readings=(), energy_kwh=D("0.5"), meter_start_kwh=None, meter_stop_kwh=None)
SILENT = replace(GOOD, energy_kwh=D(0), meter_stop_kwh=D(100), readings=())

# check, what fails it, the last that still passes (None: there is no bound), the words
CASES: list[tuple[str, Snapshot, Snapshot | None, str]] = [
    ("D1a", replace(GOOD, same_reference=(other(0, 60),)), None, "the same reference is on session 7007, too"),
    # 61 s of overlap, then 60 s.
    (
        "D3",
        replace(GOOD, neighbours=(other(60 - 61 / 60, 90),)),
        replace(GOOD, neighbours=(other(59, 90),)),
        "it overlaps session 7007 on the same connector by 1 min",
    ),
    (
        "D4",
        replace(GOOD, elsewhere=(other(4, 30),)),
        replace(GOOD, elsewhere=(other(5 + 1 / 60, 30),)),
        "the same token started session 7007 at Harbour 4 min apart",
    ),
    (
        "D5",
        replace(GOOD, meter_stop_kwh=D("99.998")),
        replace(GOOD, meter_stop_kwh=D("99.999")),
        "the meter runs backwards by 0.002 kWh",
    ),
    # 0.5 % of 10 kWh are 0.05.
    (
        "D6",
        replace(GOOD, energy_kwh=D("10.051")),
        replace(GOOD, energy_kwh=D("10.05")),
        "10.051 kWh would be billed, but the meter counted 10 kWh",
    ),
    # 22 kW for an hour, times 1.05: 23.1 kWh.
    (
        "D7",
        replace(GOOD, energy_kwh=D("23.101")),
        replace(GOOD, energy_kwh=D("23.1")),
        "the meter shows 23 kW on a 22 kW connector (23.101 kWh in 1 h)",
    ),
    # 22 kW * 10 min * 1.1 = 4.0333 kWh.
    (
        "D8",
        replace(GOOD, readings=(Reading(at(0), D(100)), Reading(at(10), D("104.034")))),
        replace(GOOD, readings=(Reading(at(0), D(100)), Reading(at(10), D("104.033")))),
        "the meter jumps by 4.034 kWh within 10 min on a 22 kW connector",
    ),
    # Every 10 min, then none for 21 and for 20.
    (
        "D9",
        replace(GOOD, readings=tuple(Reading(at(m), D(100)) for m in (0, 10, 20, 41, 51, 60))),
        replace(GOOD, readings=tuple(Reading(at(m), D(100)) for m in (0, 10, 20, 40, 50, 60))),
        "no reading for 21 min, where one comes every 10 min",
    ),
    (
        "D11",
        replace(GOOD, readings=(Reading(NOON - timedelta(seconds=61), D(100)), Reading(at(60), D(110)))),
        replace(GOOD, readings=(Reading(NOON - timedelta(seconds=60), D(100)), Reading(at(60), D(110)))),
        "the meter has a reading 1 min before it starts: the clocks disagree",
    ),
    # Britain's clocks went forward on 29 March 2026 at 01:00 UTC.
    (
        "D12",
        replace(
            GOOD, zone_stated=False, start=datetime(2026, 3, 29, 0, 59, tzinfo=UTC), end=datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        ),
        replace(
            GOOD, zone_stated=False, start=datetime(2026, 3, 29, 1, 0, tzinfo=UTC), end=datetime(2026, 3, 29, 2, 0, tzinfo=UTC)
        ),
        "the clocks changed while it lasted: 1 h 1 min by the clock, 1 min in fact",
    ),
    # Idle after 40 min: 0.1 kWh in 10 min are 0.6 kW; 0.0833 are 0.4998.
    (
        "D20",
        replace(GOOD, readings=(Reading(at(0), D(100)), Reading(at(40), D(110)), Reading(at(50), D("110.1")))),
        replace(GOOD, readings=(Reading(at(0), D(100)), Reading(at(40), D(110)), Reading(at(50), D("110.0833")))),
        "0.6 kW flowed in minutes that count as idle",
    ),
    (
        "D21",
        replace(GOOD, energy_kwh=D("0.099"), total=D("0.54")),
        replace(GOOD, energy_kwh=D("0.099"), total=D("0.50")),
        "GBP 0.54 for 0.099 kWh, more than the start fee of GBP 0.50",
    ),
    (
        "D22",
        replace(SHORT, end=at(2) - timedelta(seconds=1)),
        SHORT,
        "it lasted 1 min only, yet the start fee of GBP 0.50 is charged",
    ),
    ("D31", replace(GOOD, end=at(24 * 60 + 60)), replace(GOOD, end=at(24 * 60)), "the car was connected for 1 day 1 h"),
    (
        "ZERO",
        replace(SILENT, announced_fee=D(0), total=D("0.01")),
        replace(SILENT, announced_fee=D(0), total=D(0)),
        "no energy flowed and no start fee was announced, yet it costs GBP 0.01",
    ),
]


@pytest.mark.parametrize(("code", "wrong", "bound", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_check_holds_what_is_wrong_and_passes_what_is_just_right(
    code: str, wrong: Snapshot, bound: Snapshot | None, words: str
) -> None:
    finding = says(code, wrong)
    assert (finding.verdict, finding.version) == (Verdict.FAIL, 1)
    assert finding.staff.startswith(words)
    assert finding.customer
    assert finding.remedy is not None
    assert code in {found.check for found in failures(wrong, T)}
    assert says(code, bound or GOOD).verdict is Verdict.PASS


def test_every_check_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(GATED)


NO_DATA = {
    "D4": "sessions with token",
    "D5": "sessions with meter start and stop",
    "D6": "sessions with meter start and stop",
    "D8": "meter values",
    "D9": "meter values",
    "D11": "meter values",
    "D20": "sessions with charging time",
    "D22": "a tariff with its parts",
}


@pytest.mark.parametrize("code", GATED)
def test_without_data_nothing_is_said_and_nothing_is_held(code: str) -> None:
    finding = says(code, BARE)
    if code in NO_DATA:
        assert (finding.verdict, finding.supplied_by) == (Verdict.NO_DATA, NO_DATA[code])
    else:
        assert finding.verdict is Verdict.PASS
    assert failures(BARE, T) == ()


def test_what_else_lacks_data() -> None:
    assert says("D8", replace(GOOD, rated_kw=None)).supplied_by == "connectors with rated power"
    assert says("D3", replace(GOOD, connector_named=False)).supplied_by == "sessions with connector"
    assert says("D12", replace(GOOD, zone_stated=None)).verdict is Verdict.NO_DATA
    assert says("D20", replace(GOOD, readings=())).supplied_by == "meter values"
    assert says("D21", replace(BARE, energy_kwh=D("0.05"))).verdict is Verdict.NO_DATA
    assert says("D22", replace(GOOD, stop_reason="")).supplied_by == "sessions with stop reason"


# The real cases that must never be billed.
def test_energy_that_is_the_lifetime_register() -> None:
    finding = failures(replace(GOOD, energy_kwh=D("15234.5"), meter_start_kwh=None, meter_stop_kwh=D("15234.5"), readings=()), T)
    assert [found.check for found in finding] == ["D7", "D9"]
    assert finding[1].staff == "the meter reading at the start is missing"
    assert finding[0].remedy is not None
    assert (finding[0].remedy.way, finding[0].remedy.part, finding[0].remedy.amount) == (Way.WAIVE, Part.ENERGY, D("4.00"))


@pytest.mark.parametrize(
    ("kwh", "minutes", "words"),
    [
        ("36.9", 3, "the meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min)"),
        ("298.2", 1, "the meter shows 17,892 kW on a 22 kW connector (298.2 kWh in 1 min)"),
    ],
)
def test_too_much_in_minutes(kwh: str, minutes: int, words: str) -> None:
    wrong = replace(BARE, energy_kwh=D(kwh), end=at(minutes))
    assert says("D7", replace(wrong, rated_kw=D(22))).staff == words
    assert says("D7", wrong).verdict is Verdict.FAIL


def test_without_a_rated_power_500_kw_and_400_kwh_are_the_most() -> None:
    assert says("D7", replace(BARE, energy_kwh=D(400), end=at(48))).verdict is Verdict.PASS
    assert says("D7", replace(BARE, energy_kwh=D("400.001"), end=at(600))).verdict is Verdict.FAIL
    assert says("D7", replace(BARE, energy_kwh=D("400"), end=at(47.9))).verdict is Verdict.FAIL
    assert says("D7", replace(BARE, energy_kwh=D("0.02"), end=NOON)).verdict is Verdict.FAIL


def test_four_days_for_next_to_nothing() -> None:
    parts = {Part.ENERGY: D("0.00"), Part.TIME: D("290.00")}
    wrong = replace(GOOD, end=at(4 * 24 * 60), energy_kwh=D("0.003"), total=D(290), prices=parts, announced_fee=D(0), readings=(),
        meter_start_kwh=None, meter_stop_kwh=None)  # fmt: skip
    found = failures(wrong, T)
    assert [finding.check for finding in found] == ["D31", "D21"]
    assert found[1].staff == "GBP 290.00 for 0.003 kWh"
    assert [finding.remedy.amount for finding in found if finding.remedy] == [D(290), D(290)]


def test_a_session_that_ends_before_it_starts() -> None:
    assert says("D11", replace(GOOD, end=at(-5))).staff == "it ends 5 min before it starts"


def test_the_hour_a_clock_shows_twice_is_doubted_where_the_file_says_no_zone() -> None:
    # 01:30 UTC on 25 October 2026 is 01:30 in London for the second time; 00:30 UTC was the first.
    twice = replace(BARE, start=datetime(2026, 10, 25, 0, 20, tzinfo=UTC), end=datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert says("D12", replace(twice, zone_stated=False)).staff.startswith("it begins or ends in the hour the clock shows twice")
    assert says("D12", replace(twice, zone_stated=True)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("reason", "held"), [("PowerLoss", True), ("Internal Error", True), ("EVDisconnected", False), ("Remote", False)]
)
def test_an_error_stop_owes_no_start_fee(reason: str, held: bool) -> None:
    assert (says("D22", replace(GOOD, stop_reason=reason)).verdict is Verdict.FAIL) == held


def test_the_register_offers_the_other_reading() -> None:
    remedy = says("D6", replace(GOOD, energy_kwh=D(40), prices={Part.ENERGY: D(16)})).remedy
    assert remedy is not None
    # 10 of 40 kWh were metered: three quarters of 16.00 are too much.
    assert (remedy.way, remedy.amount) == (Way.READING, D("12.00"))


def test_the_same_doubt_has_the_same_key_and_another_session_makes_another() -> None:
    one = says("D3", replace(GOOD, neighbours=(other(0, 60),)))
    two = says("D3", replace(GOOD, neighbours=(other(0, 60), replace(other(0, 60), id=3))))
    assert (one.key, two.key) == ("D3.1:7", "D3.1:3:7")


def test_thresholds_decide() -> None:
    assert failures(replace(GOOD, end=at(25 * 60)), replace(T, connected_s=30 * 3600, gap_factor=D(1000))) == ()
