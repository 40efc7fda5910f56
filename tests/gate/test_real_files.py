"""Real files billed under one tariff: every row is held, refused or ready as an independent reading of the file says."""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing.models import Chargeable
from billing.operations import set_tariff, set_tax_rate
from billing.review_models import CheckFinding
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.models import LegalEntity
from stations.models import ImportBatch, QuarantinedRow, Session
from tests.conftest import ROOT
from tests.gate import raw_rows
from tests.gate.conftest import AT

# Committed as in real life: of one long transaction PostgreSQL counts no rows, and plans as if its tables were empty.
pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FILES = {
    "boulder-2018_2021.csv.gz": "US",
    "dundee-2017-12_2018-03.csv.gz": "GB",
    "dundee-2018-06_2018-09.csv.gz": "GB",
    "perth-kinross-sept17toaug18.csv.gz": "GB",
    "perth-kinross-sept18toaug19.csv.gz": "GB",
    "workplace-2014_2015.csv.gz": "US",
}
# The first rows of each; all of them under `make prove`.
SMALL = 1500
Bill = Callable[[str], tuple[Path, ImportBatch]]


def documented() -> dict[tuple[str, str], int]:
    part = (ROOT / "docs" / "checks.md").read_text().split("## What real files held\n")[1]
    return {(file, reason): int(count) for file, reason, count in re.findall(r"^\| `(.+?)` \| `(\w+)` \| (\d+) \|", part, re.M)}


def documented_files() -> dict[str, list[int]]:
    """Rows, kept out, repeated, held and ready, by file."""
    part = (ROOT / "docs" / "checks.md").read_text().split("## What real files held\n")[1]
    figures = re.findall(r"^\| `(.+?\.gz)` \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", part, re.M)
    return {name: [int(figure.replace(",", "")) for figure in rest] for name, *rest in figures}


def trial_company(name: str) -> LegalEntity:
    """A company that bills all of a file: 0.35 to start, 0.43 a kWh, 0.012 a charging minute, 0.05 an idle one."""
    entity = LegalEntity.objects.create(
        name="Trial", country=FILES[name], base_currency="GBP", time_zone="Europe/London", billing_from="2000-01-01"
    )
    set_tax_rate(entity=entity, rate=Decimal(20), code="T20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity, name="Trial", currency="GBP", tax_included=True, start_fee=Decimal("0.35"), energy_per_kwh=Decimal("0.43"),
        charging_per_minute=Decimal("0.012"), idle_per_minute=Decimal("0.05"), valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    return entity


@pytest.fixture
def bill(shared: Path, tmp_path: Path, full_size: bool) -> Bill:
    """Imports a file, or its first rows, in mode bill under the trial tariff; the copy imported and its batch."""

    def run(name: str) -> tuple[Path, ImportBatch]:
        path = tmp_path / name
        with gzip.open(shared / "data" / name, "rb") as whole, gzip.open(path, "wb") as copy:
            for number, line in enumerate(whole):
                if full_size or number <= SMALL:
                    copy.write(line)
        zone = "America/New_York" if name.startswith("workplace") else ""
        batch = pipeline.start_import(
            entity=trial_company(name), path=path, file_name=name, profile="", mode="bill", time_zone=zone, encoding="",
            actor=None, at=AT, key=name, here=True,
        )  # fmt: skip
        return path, batch

    return run


@pytest.mark.parametrize("name", FILES)
def test_every_row_stands_where_an_independent_reading_puts_it(name: str, bill: Bill, full_size: bool) -> None:
    path, batch = bill(name)
    rows = raw_rows.read(path)
    taken = [raw for raw in rows if not raw.refused]
    refused = {raw.line_no: raw.refused for raw in rows if raw.refused}
    assert dict(QuarantinedRow.objects.values_list("line_no", "code")) == refused
    stored = Chargeable.objects.values_list("session__line_no", "state", "reason", "cdr__gross_amount")
    assert {line_no: tuple(rest) for line_no, *rest in stored} == {
        raw.line_no: ("HELD" if raw.doubts else "READY", raw.reason, raw.gross) for raw in taken
    }
    doubts: dict[int, set[str]] = defaultdict(set)
    for line_no, code in CheckFinding.objects.values_list("session__line_no", "check_code"):
        doubts[line_no].add(code)
    assert doubts == {raw.line_no: raw.doubts for raw in taken if raw.doubts}
    repeats = batch.rows_read - len(rows)
    assert (batch.rows_imported, batch.rows_unchanged, batch.rows_quarantined) == (len(taken), repeats, len(refused))
    assert analytics.differing() == 0
    _nothing_impossible_is_ready()
    if full_size:
        held = Counter(raw.reason for raw in taken if raw.doubts)
        assert held == {reason: count for (file, reason), count in documented().items() if file == name}
        ready = len(taken) - held.total()
        assert documented_files()[name] == [batch.rows_read, len(refused), repeats, held.total(), ready]


def _nothing_impossible_is_ready() -> None:
    """Said without the product's thresholds: what no car, no meter and no clock can do."""
    ready = Session.objects.filter(chargeable__state="READY").order_by("pk")
    rows = list(ready.values_list("started_at", "ended_at", "energy_kwh", "chargeable__cdr__gross_amount"))
    assert len(rows) > 1000
    for start, end, energy, gross in rows:
        assert timedelta(minutes=2) <= end - start <= timedelta(days=1)
        assert end < AT
        assert Decimal("0.1") <= energy <= 100
        assert energy * 3600 < 200 * Decimal((end - start).total_seconds())
        assert Decimal("0.35") < gross < 100


def test_every_file_is_documented(shared: Path) -> None:
    names = {path.name for path in (shared / "data").glob("*.csv.gz")}
    assert names == set(FILES) == set(documented_files()) == {file for file, _ in documented()}
