"""A September at two places as another system charged it: imported with its amounts, priced by our tariff."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chargebill import pipeline
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from stations.models import ImportBatch
from tests.portal.network import AT

D = Decimal
_keys = count()
HEAD = (
    "session_id",
    "location",
    "evse",
    "connector",
    "start",
    "end",
    "time_zone",
    "energy_kwh",
    "charging_time",
    "amount",
    "currency",
)


@dataclass(frozen=True)
class Reported:
    """A session and what the other system charged; ours is 0.49 per kWh and 0.02 per idle minute (network.company)."""

    number: str
    start: datetime
    minutes: int
    idle: int
    kwh: Decimal
    amount: Decimal | None
    currency: str = "EUR"
    place: str = "Am Kai"

    @property
    def ours(self) -> Decimal:
        return round_money(self.kwh * D("0.49") + self.idle * D("0.02"), "EUR")


def september(more: int = 0) -> list[Reported]:
    """By cause: 6 equal, 2 rounding, 4 without idle time, 5 at 0.45 per kWh, 2 free, 1 unexplained; and three apart.

    ``more`` adds as many sessions at 0.45 per kWh.
    """
    found: list[Reported] = []
    start = datetime(2026, 9, 1, 8, tzinfo=UTC)

    def add(amount: Callable[[Reported], Decimal | None], **fields: Any) -> None:
        n = len(found)
        # Every session has its own kWh and idle time, far enough apart that no other cause fits.
        made = Reported(f"R{n:03}", start + timedelta(hours=7 * n), 90, 20 + n, D(10) + D(n * 137) / 100, None, **fields)
        found.append(Reported(**{**made.__dict__, "amount": amount(made)}))

    for _ in range(6):
        add(lambda r: r.ours)
    add(lambda r: r.ours + D("0.01"))
    add(lambda r: r.ours - D("0.004"))
    for _ in range(4):
        add(lambda r: round_money(r.kwh * D("0.49"), "EUR"))
    for _ in range(5 + more):
        add(lambda r: round_money(r.kwh * D("0.45") + r.idle * D("0.02"), "EUR"))
    for _ in range(2):
        add(lambda r: D(0))
    add(lambda r: (r.ours * 3).quantize(D("0.01"), ROUND_CEILING), place="Harbour")
    add(lambda r: None)
    add(lambda r: D("7.77"), currency="SEK")
    return found


Bring = Callable[..., ImportBatch]


@pytest.fixture
def bring_amounts(company: LegalEntity, tmp_path: Path) -> Bring:
    """``bring_amounts(rows, mode="history")`` imports them with their amounts."""

    def run(rows: list[Reported], *, mode: str = "history") -> ImportBatch:
        path = tmp_path / f"reported-{next(_keys)}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEAD)
            for row in rows:
                end = row.start + timedelta(minutes=row.minutes + row.idle)
                cells = [row.number, row.place, f"E-{row.place[:2]}", "1", row.start.isoformat(), end.isoformat()]
                amount = ("", "") if row.amount is None else (row.amount, row.currency)
                zone = "Europe/London" if row.place == "Harbour" else "Europe/Berlin"
                writer.writerow([*cells, zone, row.kwh, str(timedelta(minutes=row.minutes)), *amount])
        return pipeline.start_import(
            entity=company,
            path=path,
            file_name=path.name,
            mode=mode,
            key=f"parallel:{next(_keys)}",
            profile="",
            time_zone="",
            encoding="",
            actor=None,
            at=AT,
            here=True,
        )

    return run


@pytest.fixture
def reported(bring_amounts: Bring) -> list[Reported]:
    """September's sessions, imported as history."""
    rows = september()
    batch = bring_amounts(rows)
    assert (batch.rows_imported, batch.rows_quarantined) == (len(rows), 0)
    return rows
