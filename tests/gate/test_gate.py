"""The gate in the pipeline: what is held when a file comes in, and what stored sessions follow."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Cdr, Chargeable
from billing.operations import set_tariff, set_tax_rate
from billing.review_models import CheckFinding, CheckSettings
from chargebill import pipeline
from chargebill.core.models import LegalEntity
from tests.gate.conftest import AT, own, pk, places, price_anew

READY = ("READY", "")


def test_what_cant_be_right_is_held_with_its_reason_and_counts_as_no_revenue(priced_entity: LegalEntity, bring: Any) -> None:
    batch = bring(own("good"), own("wrong", day="07", end="10:03", energy_kwh="36.9"))
    assert places() == {"good": READY, "wrong": ("HELD", "D7")}
    assert batch.rows_held == 1
    finding = CheckFinding.objects.get()
    assert finding.staff == "the meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min)"
    # 36.9 * 0.40 = 14.76; 3 min more are 0.03.
    assert (finding.remedy, finding.remedy_part, finding.remedy_amount) == ("WAIVE", "ENERGY", Decimal("14.76"))
    assert Cdr.objects.get(session_id=pk("wrong")).gross_amount == Decimal("14.79")


def test_sessions_of_one_file_that_overlap_are_both_held(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("a"), own("b", start="10:58", end="11:30"), own("c", start="11:29", end="12:00"), own("d", connector="2"))
    # b overlaps a by 2 min; c overlaps b by one minute, which is allowed; d is on another connector.
    assert places() == {"a": ("HELD", "D3"), "b": ("HELD", "D3"), "c": READY, "d": READY}


def test_an_overlap_holds_the_earlier_session_too_and_lets_it_go_when_the_other_changes(
    priced_entity: LegalEntity, bring: Any
) -> None:
    bring(own("early"))
    assert places() == {"early": READY}
    batch = bring(own("late", start="10:30", end="11:30"), name="second.csv")
    assert places() == {"early": ("HELD", "D3"), "late": ("HELD", "D3")}
    assert batch.rows_held == 1
    # The next export says it was an hour later.
    bring(own("late", start="11:30", end="12:30"), name="third.csv")
    assert places() == {"early": READY, "late": READY}
    assert not CheckFinding.objects.exists()


def test_a_session_of_days_is_found_by_those_that_begin_long_after_it(priced_entity: LegalEntity, bring: Any) -> None:
    long = own("long").replace("2018-09-06T11:00", "2018-09-20T11:00")
    bring(long)
    bring(own("inside", day="18"), name="second.csv")
    assert places() == {"long": ("HELD", "D3"), "inside": ("HELD", "D3")}
    assert [f.check_code for f in CheckFinding.objects.filter(session_id=pk("long"))] == ["D3", "D31"]


def test_a_session_of_days_holds_those_inside_it_whichever_comes_first(priced_entity: LegalEntity, bring: Any) -> None:
    long = own("long").replace("2018-09-06T11:00", "2018-09-20T11:00")
    bring(own("stored", day="18"), own("free", day="21"))
    assert places() == {"stored": READY, "free": READY}
    bring(long, own("with it", day="17"), name="second.csv")
    assert places() == {"stored": ("HELD", "D3"), "free": READY, "long": ("HELD", "D3"), "with it": ("HELD", "D3")}


def test_a_session_of_days_without_a_price_holds_those_inside_it(entity: LegalEntity, bring: Any) -> None:
    set_tax_rate(entity=entity, rate=Decimal(20), code="GB20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity, name="Since the 15th", currency="GBP", tax_included=True, start_fee=None, energy_per_kwh=Decimal("0.40"),
        charging_per_minute=None, idle_per_minute=None, valid_from=datetime(2018, 9, 15, tzinfo=UTC), actor=None, at=AT,
    )  # fmt: skip
    bring(own("long").replace("2018-09-06T11:00", "2018-09-20T11:00"))
    bring(own("inside", day="18"), name="second.csv")
    assert places() == {"long": ("UNPRICED", "no_version"), "inside": ("HELD", "D3")}


def test_history_is_never_held_and_holds_nobody(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("old", energy_kwh="9000"), mode="history")
    bring(own("new"), name="second.csv")
    assert places() == {"old": ("DROPPED", "history"), "new": READY}


def test_one_token_at_two_places(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("here", token="T1"), own("there", start="10:05", location="Pier", evse="E2", token="T1"))
    bring(own("later", start="10:06", end="10:40", location="Quay", evse="E3", token="T1"), name="second.csv")
    # 5 min apart is doubted, 6 from the first is not; the third is 1 min from the second.
    assert places() == {"here": ("HELD", "D4"), "there": ("HELD", "D4"), "later": ("HELD", "D4")}
    assert CheckFinding.objects.get(session_id=pk("here")).others == [pk("there")]


def test_one_payment_for_two_sessions(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("one", payment_reference="P1"), own("two", day="07", payment_reference="P1"), own("three", day="08"))
    assert places() == {"one": ("HELD", "D1a"), "two": ("HELD", "D1a"), "three": READY}


def test_thresholds_of_the_entity_count_once_it_is_priced_anew(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    CheckSettings.objects.create(entity=priced_entity, power_factor=Decimal(40))
    price_anew(priced_entity)
    assert places() == {"wrong": READY}
    CheckSettings.objects.update(power_factor=Decimal("1.05"))
    price_anew(priced_entity)
    assert places() == {"wrong": ("HELD", "D7")}


def test_pricing_anew_writes_no_finding_twice(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("a"), own("b", start="10:30", end="11:30"), own("c", day="09", energy_kwh="500"))
    before = list(CheckFinding.objects.values())
    price_anew(priced_entity)
    assert list(CheckFinding.objects.values()) == before
    assert len(before) == 3


def test_the_gate_takes_the_same_queries_for_ten_sessions_and_for_five_hundred(priced_entity: LegalEntity, bring: Any) -> None:
    def rows(first: int, count: int) -> list[str]:
        return [own(f"s{n}", connector=str(n), start="10:00", end="10:30", token=f"T{n}") for n in range(first, first + count)]

    def queries(first: int, count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            bring(*rows(first, count), name=f"{first}.csv")
        return len([q for q in captured if "INSERT" not in q["sql"] and "COPY" not in q["sql"]])

    queries(0, 5)
    few, many = queries(1000, 10), queries(5000, 500)
    assert abs(many - few) <= 5
    assert Chargeable.objects.filter(state="READY").count() == 515


def test_times_in_utc_leave_no_doubt_when_clocks_change(priced_entity: LegalEntity, import_rows: Any) -> None:
    # 01:30 happens twice in London that night; the file's columns say "(UTC)".
    header = (
        "Ladevorgangs-ID;Gestartet;Gestartet (UTC);Beendet;Beendet (UTC);meterValueStart (kWh);meterValueStop (kWh);"
        "Ladepunkt-ID;Verbrauch (kWh);Ladedauer (in Minuten);VertragsNummer;EVSE-ID;Standort;Adresse"
    )
    cells = "C1;;28.10.2018 00:30:00;;28.10.2018 02:30:00;100;110;E1;10;120;;;Hub;"
    import_rows(cells, header=header)
    assert places() == {"C1": ("READY", "")}


def test_those_it_overlaps_are_named_in_the_order_they_began_however_they_came_in(
    priced_entity: LegalEntity, bring: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(pipeline, "CHUNK", 1)
    parts = [
        own(name, start=f"10:{minute}", end=f"10:{minute + 9}") for name, minute in (("t", 40), ("s", 30), ("r", 20), ("q", 10))
    ]
    bring(*parts, own("long", start="10:00", end="11:00"))

    def said() -> list[tuple[int, str]]:
        found = CheckFinding.objects.order_by("session__external_id").values_list("pk", "session__external_id", "staff")
        return [(pk, staff) for pk, number, staff in found if number == "long"]

    ((_, words),) = before = said()
    assert words == "it overlaps session q, r, s and 1 more on the same connector by 9 min"
    monkeypatch.setattr(pipeline, "CHUNK", 2000)
    price_anew(priced_entity)
    assert said() == before
