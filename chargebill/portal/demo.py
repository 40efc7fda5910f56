"""A made-up operator to try things on: generated, imported through the same pipeline as a real file.

Everything comes from one seed: the same seed gives the same sessions. Nothing in it is anybody's real data.
"""

import csv
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.text import slugify

from billing.operations import set_tariff, set_tax_rate
from chargebill import pipeline
from chargebill.core import roles
from chargebill.core.errors import UserError
from chargebill.core.models import Installation, LegalEntity, User
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from stations.models import Connector, ConnectorStandard, Evse, Location, Mode, PowerType, Session, TokenType

PASSWORD = "chargebill-demo"
ZONE = ZoneInfo("Europe/Berlin")
DAYS = 180
COLUMNS = (
    "session_id,location,evse,connector,started_at,ended_at,energy_kwh,charging_minutes,meter_start_kwh,meter_stop_kwh,"
    "token,token_type,contract_id,payment_method,card_last4"
).split(",")


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


def fill(*, sessions: int, seed: int, at: datetime) -> dict[str, int]:
    """Fills a migrated, empty database. Raises UserError, changing nothing, when it holds sessions."""
    if Session.objects.exists() or LegalEntity.objects.exists():
        raise UserError(
            "not_empty", "This database already holds a company or sessions. The demo needs an empty one; nothing was changed."
        )
    with transaction.atomic():
        Installation.objects.update_or_create(pk=1, defaults={"is_demo": True, "created_at": at})
        make_users()
        entity = _company(at)
        _places(entity)
        rng = random.Random(seed)
        tokens = _members(entity, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo-sessions.csv"
        _write(path, _rows(rng, sessions, tokens, at.astimezone(ZONE).date()))
        batch = pipeline.start_import(
            entity=entity,
            path=path,
            file_name=path.name,
            profile="chargebill",
            mode=Mode.BILL,
            time_zone="",
            encoding="",
            actor=None,
            at=at,
            key=f"demo:{seed}:{sessions}",
            here=True,
        )
    return {
        "sessions": batch.rows_imported,
        "quarantined": batch.rows_quarantined,
        "locations": len(PLACES),
        "tokens": len(tokens),
    }


def make_users() -> list[str]:
    """One account per role, all with the demo's password. Returns the user names."""
    names = []
    for role in (roles.ADMINISTRATOR, *roles.ROLES):
        name = slugify(role)
        user, _ = User.objects.get_or_create(username=name, defaults={"first_name": role, "is_staff": True})
        user.set_password(PASSWORD)
        user.save()
        user.groups.set([Group.objects.get(name=role)])
        names.append(name)
    return names


def _company(at: datetime) -> LegalEntity:
    entity = LegalEntity.objects.create(
        name="Stadtwerke Nord GmbH",
        legal_name="Stadtwerke Nord GmbH",
        street="Am Kai 1",
        postal_code="26001",
        city="Nordhafen",
        country="DE",
        vat_ids={"DE": "DE999999999"},
        base_currency="EUR",
        time_zone=ZONE.key,
        language="de",
        billing_from=(at - timedelta(days=DAYS + 1)).date(),
    )
    set_tax_rate(
        entity=entity, rate=Decimal(19), code="DE19", valid_from=None, source="Demo value, not legal advice", actor=None, at=at
    )
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
        at=at,
    )
    return entity


def evse_uid(place: int, number: int) -> str:
    return f"NORD{place + 1:02d}{number + 1:02d}"


def _places(entity: LegalEntity) -> None:
    for i, place in enumerate(PLACES):
        location = Location.objects.create(
            entity=entity,
            code=place.name,
            name=place.name,
            address=place.street,
            postal_code=place.postal_code,
            city=place.city,
            country="DE",
            time_zone=ZONE.key,
        )
        for j, kw in enumerate(place.rated_kw):
            uid = evse_uid(i, j)
            evse = Evse.objects.create(entity=entity, location=location, uid=uid, evse_id=f"DE*NRD*E{uid}", model=f"Demo {kw}")
            dc = kw >= 50
            Connector.objects.create(
                evse=evse,
                number="1",
                standard=ConnectorStandard.IEC_62196_T2_COMBO if dc else ConnectorStandard.IEC_62196_T2,
                power_type=PowerType.DC if dc else PowerType.AC,
                rated_kw=kw,
            )


FIRST = "Anna Ben Clara David Emma Finn Greta Hannes Ida Jonas Klara Leon Mia Noah Olga Paul Rosa Simon Tilda Yusuf".split()
LAST = "Adler Brandt Claasen Dirks Evers Freese Gerdes Harms Ihnen Janssen Kruse Lübben Meiners Onken Peters Reents".split()


def _members(entity: LegalEntity, rng: random.Random) -> list[tuple[str, str, str, str]]:
    """Customers and their tokens. Returns (uid, token type, contract id, payment method) to charge with."""
    residents = CustomerGroup.objects.create(entity=entity, name="Residents")
    fleet = CustomerGroup.objects.create(entity=entity, name="Municipal fleet")
    tokens = []

    def token(customer: Customer | None, kind: str, contract: str = "", method: str = "RFID") -> None:
        uid = f"{rng.randrange(16**8):08X}"
        if customer:
            Token.objects.create(entity=entity, uid=uid, type=kind, contract_id=contract, customer=customer)
        tokens.append((uid, kind, contract, method))

    for n in range(60):
        name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
        member = Customer.objects.create(
            entity=entity,
            kind=CustomerKind.MEMBER,
            number=f"M{1001 + n}",
            name=name,
            email=f"m{1001 + n}@example.org",
            city="Nordhafen",
            country="DE",
            language="de",
        )
        if n % 3 == 0:
            member.groups.add(residents)
        app = rng.random() < 0.4
        token(member, TokenType.APP_USER if app else TokenType.RFID, method="APP" if app else "RFID")
    for n, name in enumerate(("Pflegedienst Küste", "Handwerk Peters & Sohn", "Taxi Zentrale Nordhafen")):
        business = Customer.objects.create(
            entity=entity, kind=CustomerKind.BUSINESS, number=f"B{201 + n}", name=name, company=name, country="DE", language="de"
        )
        for _ in range(4):
            token(business, TokenType.RFID, method="INVOICE")
    internal = Customer.objects.create(
        entity=entity, kind=CustomerKind.INTERNAL, number="I1", name="Stadtwerke Nord, own vehicles"
    )
    internal.groups.add(fleet)
    for _ in range(5):
        token(internal, TokenType.RFID, method="FREE")
    partner = Customer.objects.create(
        entity=entity, kind=CustomerKind.PARTNER, number="P1", name="Roaming Hub B.V.", company="Roaming Hub B.V.", country="NL"
    )
    ContractPrefix.objects.create(entity=entity, prefix="NL-RHB", partner=partner)
    for n in range(25):
        token(None, TokenType.RFID, f"NL-RHB-C{10000000 + n}", "ROAMING")
    return tokens


def _rows(rng: random.Random, count: int, tokens: list[tuple[str, str, str, str]], today: date) -> Iterator[dict[str, str]]:
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
            "started_at": start.astimezone(ZONE).isoformat(timespec="seconds"),
            "ended_at": end.astimezone(ZONE).isoformat(timespec="seconds"),
            "energy_kwh": str(energy),
            "charging_minutes": f"{charging_s / 60:.2f}",
            "meter_start_kwh": str(meter),
            "meter_stop_kwh": str(meter + energy),
            **_payer(rng, tokens),
        }
        yield _broken(rng, row) if rng.random() < 0.003 else row


def _payer(rng: random.Random, tokens: list[tuple[str, str, str, str]]) -> dict[str, str]:
    if rng.random() < 0.35:
        return {
            "token": "",
            "token_type": "AD_HOC_USER",
            "contract_id": "",
            "payment_method": "CARD",
            "card_last4": f"{rng.randrange(10000):04d}",
        }
    uid, kind, contract, method = rng.choice(tokens)
    return {"token": uid, "token_type": kind, "contract_id": contract, "payment_method": method, "card_last4": ""}


def _broken(rng: random.Random, row: dict[str, str]) -> dict[str, str]:
    """What goes wrong in exports: no end, end before start, negative energy, no EVSE."""
    what = rng.randrange(4)
    if what == 0:
        return row | {"ended_at": ""}
    if what == 1:
        return row | {"started_at": row["ended_at"], "ended_at": row["started_at"]}
    if what == 2:
        return row | {"energy_kwh": f"-{row['energy_kwh']}"}
    return row | {"evse": "", "location": ""}


def _write(path: Path, rows: Iterator[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
