"""The real cases that must never be billed, one by one: held or kept out, for which reason, with what amount at stake."""

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.models import Chargeable
from billing.operations import set_tariff, set_tax_rate
from billing.review_models import CheckFinding
from chargebill import pipeline
from chargebill.analytics import queries as analytics
from chargebill.core.models import LegalEntity
from stations.models import QuarantinedRow, Session
from tests.gate.conftest import AT, own
from tests.gate.test_real_files import FILES, trial_company
from tests.pipeline.test_standing import SEPTEMBER

Held = tuple[str, Decimal, str, str, Decimal]


@pytest.fixture
def dear(entity: LegalEntity) -> LegalEntity:
    """2.00 to start, 0.40 a kWh, 0.05 a minute, 20 % tax inside."""
    set_tax_rate(entity=entity, rate=Decimal(20), code="GB20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity, name="Dear", currency="GBP", tax_included=True, start_fee=Decimal(2), energy_per_kwh=Decimal("0.40"),
        charging_per_minute=Decimal("0.05"), idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    return entity


def held(session: Session) -> Held:
    """Reason, what it would cost, and what the first check that fails would do about it."""
    place = Chargeable.objects.get(session=session)
    assert place.state == "HELD"
    first = CheckFinding.objects.get(session=session, rank=0)
    assert first.check_code == place.reason
    return place.reason, place.cdr.gross_amount, first.remedy, first.remedy_part, first.remedy_amount


CASES: dict[str, tuple[str, Held]] = {
    # 15,234.5 kWh are what the meter ever counted: its start is missing. 15,234.5 * 0.40 + 60 * 0.05 + 2.00
    "energy is the lifetime register": (
        own("case", energy_kwh="15234.5", meter_stop_kwh="15234.5"),
        ("D7", Decimal("6098.80"), "WAIVE", "ENERGY", Decimal("6093.80")),
    ),
    # 36.9 * 0.40 + 3 * 0.05 + 2.00
    "36.9 kWh in 3 minutes": (
        own("case", end="10:03", energy_kwh="36.9"),
        ("D7", Decimal("16.91"), "WAIVE", "ENERGY", Decimal("14.76")),
    ),
    # 298.2 * 0.40 + 0.05 + 2.00
    "298.2 kWh in a minute": (
        own("case", end="10:01", energy_kwh="298.2"),
        ("D7", Decimal("121.33"), "WAIVE", "ENERGY", Decimal("119.28")),
    ),
    # 5,760 * 0.05 + 2.00, and 0.0012 for energy.
    "four days connected, 0.003 kWh, 290 charged": (
        own("case", energy_kwh="0.003").replace("2018-09-06T11:00", "2018-09-10T10:00"),
        ("D31", Decimal("290.00"), "WAIVE", "TIME", Decimal("288.00")),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_drivers_were_charged_wrongly_for_is_held(case: str, dear: LegalEntity, bring: Any) -> None:
    row, expected = CASES[case]
    batch = bring(row)
    assert (batch.rows_imported, batch.rows_held) == (1, 1)
    assert held(Session.objects.get()) == expected
    totals = analytics.overview(entity=dear, period=SEPTEMBER).totals
    assert (totals.sessions, totals.gross) == (1, 0)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        # The meter starts where the last session's drifted to, and less than nothing is left.
        (own("drifted", energy_kwh="-3.2", meter_start_kwh="103.2", meter_stop_kwh="100"), "energy_negative"),
        (own("open").replace("2018-09-06T11:00:00+01:00", ""), "end_missing"),
    ],
)
def test_a_negative_meter_and_a_start_without_a_stop_are_kept_out(row: str, code: str, dear: LegalEntity, bring: Any) -> None:
    batch = bring(row)
    assert (batch.rows_imported, batch.rows_quarantined) == (0, 1)
    assert QuarantinedRow.objects.get().code == code
    assert not Session.objects.exists()


BOULDER, DUNDEE_17, DUNDEE_18, PERTH_17, PERTH_18, WORKPLACE = FILES
# By file and line, under 0.35 to start, 0.43 a kWh, 0.012 a charging minute and 0.05 an idle one.
ROWS: dict[tuple[str, int], str | Held] = {
    # 1,430.17 kWh in 17 h 21 on a 7 kW outlet. Energy 614.9731, time 12.492.
    (DUNDEE_18, 5527): ("D7", Decimal("627.82"), "WAIVE", "ENERGY", Decimal("614.98")),
    # 287.71 kWh in 6 minutes, 138.25 in 2.
    (PERTH_18, 13960): ("D7", Decimal("124.14"), "WAIVE", "ENERGY", Decimal("123.72")),
    (PERTH_17, 10729): ("D7", Decimal("59.82"), "WAIVE", "ENERGY", Decimal("59.45")),
    # 14.466 kWh in 6 minutes: a car may take 145 kW, but not from a 22 kW outlet.
    (DUNDEE_17, 13818): ("D7", Decimal("6.64"), "WAIVE", "ENERGY", Decimal("6.22")),
    # Six days for 0.08 kWh: 8,817 idle minutes.
    (BOULDER, 19974): ("D31", Decimal("441.31"), "WAIVE", "PARKING_TIME", Decimal("440.87")),
    # Four days for 0.01 kWh, where no charging time is known.
    (PERTH_17, 8684): ("D31", Decimal("71.72"), "WAIVE", "TIME", Decimal("71.36")),
    # 7,100 min for nothing.
    (BOULDER, 4937): ("D31", Decimal("355.35"), "WAIVE", "PARKING_TIME", Decimal("355.00")),
    # 55 h that cost 0.83 dollars: 4.1 kWh.
    (WORKPLACE, 175): ("D31", Decimal("41.88"), "WAIVE", "TIME", Decimal("39.77")),
    # Two cars on one connector for 2 h 16.
    (DUNDEE_18, 814): ("D3", Decimal("5.87"), "DROP", "", Decimal("5.87")),
    (DUNDEE_18, 943): ("D3", Decimal("15.07"), "DROP", "", Decimal("15.07")),
    (BOULDER, 22796): "end_before_start",
    (DUNDEE_17, 7849): "end_before_start",
    (PERTH_18, 9050): "end_before_start",
    (DUNDEE_17, 14531): "energy_negative",
    (PERTH_17, 8343): "energy_negative",
    (PERTH_18, 16941): "energy_negative",
    (DUNDEE_17, 4): "end_missing",
    (PERTH_18, 434): "end_missing",
    (DUNDEE_17, 2): "place_missing",
}


@pytest.mark.shared
@pytest.mark.django_db
@pytest.mark.parametrize("name", FILES)
def test_the_worst_rows_of_the_real_files(name: str, shared: Path, tmp_path: Path) -> None:
    wanted = sorted(line_no for file, line_no in ROWS if file == name)
    with gzip.open(shared / "data" / name, "rt", encoding="utf-8-sig", newline="") as file:
        lines = file.read().splitlines()
    path = tmp_path / name.removesuffix(".gz")
    path.write_text("\n".join([lines[0], *(lines[line_no - 1] for line_no in wanted)]) + "\n")
    zone = "America/New_York" if name == WORKPLACE else ""
    pipeline.start_import(
        entity=trial_company(name), path=path, file_name=path.name, profile="", mode="bill", time_zone=zone, encoding="",
        actor=None, at=AT, key=name, here=True,
    )  # fmt: skip
    refused = dict(QuarantinedRow.objects.values_list("line_no", "code"))
    found = {s.line_no: held(s) for s in Session.objects.all()} | refused
    assert {(name, line_no): found[place] for place, line_no in enumerate(wanted, start=2)} == {
        key: expected for key, expected in ROWS.items() if key[0] == name
    }
