"""A small operator with two places and two months of sessions, imported and priced as in real life."""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from billing.operations import set_tariff, set_tax_rate
from billing.review_models import CheckSettings
from chargebill import pipeline
from chargebill.core.models import LegalEntity
from chargebill.core.roles import ADMINISTRATOR
from memberships.models import Customer, Token
from stations.models import ImportBatch, Session

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ZONES = {"Am Kai": "Europe/Berlin", "Harbour": "Europe/London"}
METHODS = ("CARD", "RFID", "APP", "ROAMING")
MEMBER_TOKEN = "04A2B3C4"
FIELDS = (
    "session_id",
    "location",
    "evse",
    "connector",
    "start",
    "end",
    "time_zone",
    "energy_kwh",
    "charging_time",
    "meter_start_kwh",
    "meter_stop_kwh",
    "token",
    "token_type",
    "payment_method",
)
_keys = count()


@dataclass(frozen=True)
class Fact:
    """A session as the file says it: what tests compute their expectations from."""

    number: str
    place: str
    start: datetime
    end: datetime
    kwh: Decimal
    charging_s: int
    method: str = "CARD"
    token: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(ZONES[self.place])

    @property
    def local_start(self) -> datetime:
        return self.start.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        return self.end.astimezone(self.zone)

    @property
    def duration_s(self) -> int:
        return int((self.end - self.start).total_seconds())

    @property
    def week_hour(self) -> int:
        return self.local_start.weekday() * 24 + self.local_start.hour


def facts() -> list[Fact]:
    """240 sessions from 1 Sep to 31 Oct 2026, over the end of summer time; some edges by hand."""
    rng = random.Random(2026)
    found = []
    for n in range(230):
        start = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(60 * 24 * 60))
        seconds = rng.choice([600, 1799, 1800, 3600, 5400, 7200, 14400, 30000, 90000]) + rng.randrange(0, 55)
        charging = rng.randrange(300, seconds)
        found.append(
            Fact(
                number=f"77510{n:02}" if n < 100 else f"8800{n}",
                place=rng.choice(list(ZONES)),
                start=start,
                end=start + timedelta(seconds=seconds),
                kwh=Decimal(rng.randrange(1, 60_000)) / 1000,
                charging_s=charging,
                method=rng.choice(METHODS),
                token=rng.choice(["", "601838", MEMBER_TOKEN]),
            )
        )
    base = Fact("900001", "Am Kai", datetime(2026, 10, 24, 23, tzinfo=UTC), AT, Decimal(10), 600)
    # Begins in the hour that Berlin has twice; ends on the last and on the first moment of a day.
    edges = [
        ("900001", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("900002", datetime(2026, 9, 30, 21, 0, tzinfo=UTC), datetime(2026, 9, 30, 21, 59, 59, tzinfo=UTC)),
        ("900003", datetime(2026, 9, 30, 21, 0, tzinfo=UTC), datetime(2026, 9, 30, 22, 0, tzinfo=UTC)),
        ("=1+2", datetime(2026, 10, 5, 8, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC)),
        ("@SUM(A1)", datetime(2026, 10, 5, 10, tzinfo=UTC), datetime(2026, 10, 5, 11, tzinfo=UTC)),
    ]
    found += [replace(base, number=number, start=start, end=end) for number, start, end in edges]
    return found


Network = Callable[..., ImportBatch]


@pytest.fixture
def company(db: None) -> LegalEntity:
    """0.49 EUR per kWh and 0.02 per idle minute, 19 % tax inside."""
    entity = LegalEntity.objects.create(
        name="Stadtwerke Nord", country="DE", base_currency="EUR", time_zone="Europe/Berlin", billing_from="2026-01-01"
    )
    set_tax_rate(entity=entity, rate=Decimal(19), code="DE19", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity,
        name="Standard",
        currency="EUR",
        tax_included=True,
        start_fee=None,
        energy_per_kwh=Decimal("0.49"),
        charging_per_minute=None,
        idle_per_minute=Decimal("0.02"),
        valid_from=None,
        actor=None,
        at=AT,
    )
    # The made-up sessions overlap at will; what the gate holds has tests of its own.
    CheckSettings.objects.create(entity=entity, overlap_s=1_000_000, token_apart_s=0, small_kwh=0, connected_s=200_000)
    member = Customer.objects.create(entity=entity, kind="MEMBER", number="K1001", name="Hanna Petersen")
    Token.objects.create(entity=entity, uid=MEMBER_TOKEN, customer=member)
    return entity


@pytest.fixture
def bring_in(company: LegalEntity, tmp_path: Path) -> Network:
    """``bring_in(facts)`` imports them as a ChargeBill CSV; further keywords go to the import."""

    def run(rows: list[Fact], *, name: str = "sessions.csv", mode: str = "bill", **more: Any) -> ImportBatch:
        path = tmp_path / name
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            for fact in rows:
                writer.writerow(
                    {
                        "session_id": fact.number,
                        "location": fact.place,
                        "evse": f"E-{fact.place[:2]}",
                        "connector": "1",
                        "start": fact.start.isoformat(),
                        "end": fact.end.isoformat(),
                        "time_zone": ZONES[fact.place],
                        "energy_kwh": fact.kwh,
                        "charging_time": str(timedelta(seconds=fact.charging_s)),
                        "meter_start_kwh": "100",
                        "meter_stop_kwh": 100 + fact.kwh,
                        "token": fact.token,
                        "token_type": "RFID" if fact.token else "",
                        "payment_method": fact.method,
                    }
                )
        arguments = {"profile": "", "time_zone": "", "encoding": "", "actor": None, "at": AT, "here": True, **more}
        return pipeline.start_import(
            entity=company, path=path, file_name=name, mode=mode, key=f"portal:{next(_keys)}", **arguments
        )

    return run


@pytest.fixture
def network(bring_in: Network) -> list[Fact]:
    """The operator's sessions, imported; the facts they were made from."""
    rows = facts()
    batch = bring_in(rows)
    assert (batch.rows_imported, batch.rows_quarantined) == (len(rows), 0)
    return rows


@pytest.fixture
def session_of(network: list[Fact]) -> Callable[[str], Session]:
    """The stored session with a number."""
    return lambda number: Session.objects.get(external_id=number)


@pytest.fixture
def signed_in(client: Client, staff: Callable[[str], Any]) -> Client:
    """An administrator's browser."""
    client.force_login(staff(ADMINISTRATOR))
    return client
