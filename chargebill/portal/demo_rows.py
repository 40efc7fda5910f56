"""The made-up sessions of the demo, with readings, connector status and authorizations, as rows of ChargeBill CSV.

Everything comes from one random generator: the same seed gives the same rows. Nothing in it is anybody's real data.
"""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
DAYS = 180
# The newest sessions also have power readings, and their connectors a status history.
WITH_READINGS = 60
SESSION_COLUMNS = [
    "session_id",
    "location",
    "evse",
    "connector",
    "start",
    "end",
    "energy_kwh",
    "charging_time",
    "meter_start_kwh",
    "meter_stop_kwh",
    "token",
    "token_type",
    "token_issuer",
    "payment_method",
    "card_last4",
]
STATUS_COLUMNS = ["evse", "connector", "at", "status", "error", "firmware"]
READING_COLUMNS = ["session_id", "timestamp", "register", "value", "unit"]
AUTHORIZATION_COLUMNS = ["token", "at", "method", "result", "price_shown"]
PRICE_SHOWN = "0.49 EUR/kWh, 0.02 EUR/min idle"

Row = dict[str, str]


@dataclass(frozen=True)
class Payer:
    """A token to charge with, and how its sessions are paid."""

    uid: str
    token_type: str
    contract_id: str
    payment_method: str


@dataclass(frozen=True)
class Place:
    """A demo place: its EVSEs by rated kW, and how busy each hour of the day is (weight by hour)."""

    name: str
    street: str
    city: str
    postal_code: str
    rated_kw: tuple[int, ...]
    busy: tuple[int, ...]
    weekend: float


OFFICE = (0, 0, 0, 0, 0, 1, 4, 9, 10, 6, 4, 3, 4, 5, 3, 2, 2, 2, 1, 1, 0, 0, 0, 0)
SHOPS = (0, 0, 0, 0, 0, 0, 1, 2, 3, 5, 7, 8, 8, 7, 8, 9, 10, 10, 8, 5, 3, 1, 1, 0)
ROAD = (1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 7, 8, 8, 8, 8, 9, 10, 10, 8, 6, 4, 3, 2, 1)
HOMES = (1, 0, 0, 0, 0, 1, 2, 2, 1, 1, 1, 1, 2, 2, 2, 3, 6, 10, 12, 10, 8, 5, 3, 2)
PLACES = (
    Place("Rathausplatz", "Rathausplatz 1", "Nordhafen", "26001", (22, 22, 22, 22), SHOPS, 1.2),
    Place("Hafen Schnellladepark", "Am Kai 14", "Nordhafen", "26003", (150, 150, 300, 300), ROAD, 1.1),
    Place("Technologiepark", "Forscherring 7", "Nordhafen", "26007", (11, 11, 22, 22, 22, 22), OFFICE, 0.15),
    Place("Einkaufszentrum Süd", "Südring 200", "Nordhafen", "26009", (22, 22, 50, 50), SHOPS, 1.4),
    Place("Bahnhof P+R", "Bahnhofstraße 30", "Nordhafen", "26002", (11, 11, 11, 11), OFFICE, 0.4),
    Place("Lindenviertel", "Lindenallee 55", "Nordhafen", "26005", (11, 11, 22), HOMES, 1.0),
    Place("Autohof A29", "Zur Autobahn 2", "Wiesmoor", "26639", (50, 150, 300), ROAD, 1.3),
    Place("Schwimmbad", "Badweg 3", "Wiesmoor", "26639", (22, 22), SHOPS, 1.8),
)


def evse_uid(place: int, number: int) -> str:
    return f"NORD{place + 1:02d}{number + 1:02d}"


def sessions(rng: random.Random, count: int, payers: list[Payer], today: date) -> Iterator[Row]:
    """Session rows in time order, a few of them as broken as real exports are."""
    connectors = [(i, j, kw) for i, place in enumerate(PLACES) for j, kw in enumerate(place.rated_kw)]
    weights = [sum(PLACES[i].busy) * (2.0 if kw >= 50 else 1.0) for i, _, kw in connectors]
    meters = {(i, j): Decimal(rng.randrange(2_000, 90_000)) for i, j, _ in connectors}
    starts = []
    for i, j, kw in rng.choices(connectors, weights, k=count):
        place = PLACES[i]
        day = today - timedelta(days=1 + int(DAYS * rng.random()))
        if day.weekday() >= 5 and rng.random() > place.weekend / 2:
            day -= timedelta(days=2 + rng.randrange(2))
        hour = rng.choices(range(24), place.busy)[0]
        starts.append((datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), ZONE), i, j, kw))
    free_from: dict[tuple[int, int], datetime] = {}
    for n, (start, i, j, kw) in enumerate(sorted(starts)):
        start = max(start.astimezone(UTC), free_from.get((i, j), start.astimezone(UTC)))
        speed = Decimal(str(round(min(kw, 120) * rng.uniform(0.35, 0.85), 3)))
        energy = Decimal(str(round(min(rng.lognormvariate(2.9, 0.55), 85), 3)))
        charging_s = max(120, int(energy / speed * 3600))
        idle_s = int(rng.expovariate(1 / (240 if kw >= 50 else 3000))) if rng.random() < 0.7 else 0
        end = start + timedelta(seconds=charging_s + idle_s)
        free_from[i, j] = end + timedelta(minutes=1 + rng.randrange(5))
        meter = meters[i, j]
        meters[i, j] = meter + energy
        row = {
            "session_id": f"S{100001 + n}",
            "location": PLACES[i].name,
            "evse": evse_uid(i, j),
            "connector": "1",
            "start": start.astimezone(ZONE).isoformat(timespec="seconds"),
            "end": end.astimezone(ZONE).isoformat(timespec="seconds"),
            "energy_kwh": str(energy),
            "charging_time": str(timedelta(seconds=charging_s)),
            "meter_start_kwh": str(meter),
            "meter_stop_kwh": str(meter + energy),
            **_paid(rng, payers),
        }
        yield _broken(rng, row) if rng.random() < 0.003 else row


def _paid(rng: random.Random, payers: list[Payer]) -> Row:
    if rng.random() < 0.35:
        card = {"payment_method": "CARD", "card_last4": f"{rng.randrange(10000):04d}"}
        return {"token": "", "token_type": "AD_HOC_USER", "token_issuer": "", **card}
    payer = rng.choice(payers)
    return {
        "token": payer.uid,
        "token_type": payer.token_type,
        "token_issuer": payer.contract_id,
        "payment_method": payer.payment_method,
        "card_last4": "",
    }


def _broken(rng: random.Random, row: Row) -> Row:
    """What goes wrong in exports: no end, end before start, negative energy, no EVSE."""
    what = rng.randrange(4)
    if what == 0:
        return row | {"end": ""}
    if what == 1:
        return row | {"start": row["end"], "end": row["start"]}
    if what == 2:
        return row | {"energy_kwh": f"-{row['energy_kwh']}"}
    return row | {"evse": "", "location": ""}


def is_whole(row: Row) -> bool:
    """False for a row that was broken on purpose."""
    return bool(row["end"] and row["evse"]) and row["start"] < row["end"] and not row["energy_kwh"].startswith("-")


def readings(rng: random.Random, rows: Iterable[Row]) -> Iterator[Row]:
    """Power every five minutes while it charged, falling towards the end, then the idle draw."""
    for row in rows:
        start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
        hours, minutes, seconds = map(int, row["charging_time"].split(":"))
        charging_s = hours * 3600 + minutes * 60 + seconds
        average = float(row["energy_kwh"]) / charging_s * 3600
        elapsed = 0
        while start + timedelta(seconds=elapsed) < end:
            part = elapsed / charging_s
            power = average * (1.15 if part < 0.7 else 0.65) * rng.uniform(0.97, 1.03) if part < 1 else 0.0
            at = (start + timedelta(seconds=elapsed)).isoformat(timespec="seconds")
            yield {
                "session_id": row["session_id"],
                "timestamp": at,
                "register": "Power.Active.Import",
                "value": f"{power:.2f}",
                "unit": "kW",
            }
            elapsed += 300


def statuses(rows: Iterable[Row]) -> Iterator[Row]:
    """What the connector said around each session."""
    for row in rows:
        start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
        said = (
            (start - timedelta(minutes=1), "Preparing"),
            (start, "Charging"),
            (end, "Finishing"),
            (end + timedelta(minutes=1), "Available"),
        )
        for at, status in said:
            yield {
                "evse": row["evse"],
                "connector": row["connector"],
                "at": at.isoformat(timespec="seconds"),
                "status": status,
                "error": "",
                "firmware": "demo-1.4",
            }


def authorizations(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        if row["token"]:
            at = (datetime.fromisoformat(row["start"]) - timedelta(seconds=20)).isoformat(timespec="seconds")
            yield {"token": row["token"], "at": at, "method": row["token_type"], "result": "Accepted", "price_shown": PRICE_SHOWN}


def write(path: Path, columns: list[str], rows: Iterable[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
