"""A made-up operator to try things on: generated, imported through the same pipeline as a real file.

Everything comes from one seed: the same seed gives the same sessions. Nothing in it is anybody's real data.
"""

import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.text import slugify

from chargebill import pipeline
from chargebill.core import roles
from chargebill.core.errors import UserError
from chargebill.core.instances import DEMO_PASSWORD
from chargebill.core.models import Installation, LegalEntity, User
from chargebill.portal import demo_rows
from chargebill.portal.demo_rows import DAYS, PLACES, ZONE, Payer, evse_uid
from chargebill.portal.demo_tariffs import set_demo_tariffs
from chargebill.portal.demo_taxes import set_demo_taxes
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from stations.models import Connector, ConnectorStandard, Evse, Location, Mode, PowerType, Session, TokenType


def fill(*, sessions: int, seed: int, at: datetime) -> dict[str, int]:
    """Fills a migrated, empty database. Raises UserError, changing nothing, when it holds sessions."""
    if Session.objects.exists() or LegalEntity.objects.exists():
        raise UserError(
            "not_empty", "This database already holds a company or sessions. The demo needs an empty one; nothing was changed."
        )
    # All or nothing: a demo that failed half-way would keep the database from ever being filled.
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        Installation.objects.update_or_create(pk=1, defaults={"is_demo": True, "created_at": at})
        make_users()
        entity = _company(at)
        _places(entity)
        rng = random.Random(seed)
        payers = _members(entity, rng)
        set_demo_tariffs(entity=entity, residents=CustomerGroup.objects.get(entity=entity, name="Residents"), at=at)
        rows = list(demo_rows.sessions(rng, sessions, payers, at.astimezone(ZONE).date()))
        newest = [row for row in rows[-demo_rows.WITH_READINGS :] if demo_rows.is_whole(row)]
        files = {
            "demo-sessions.csv": (demo_rows.SESSION_COLUMNS, rows),
            "demo-status.csv": (demo_rows.STATUS_COLUMNS, demo_rows.statuses(newest)),
            "demo-readings.csv": (demo_rows.READING_COLUMNS, demo_rows.readings(rng, newest)),
            "demo-authorizations.csv": (demo_rows.AUTHORIZATION_COLUMNS, demo_rows.authorizations(newest)),
        }
        batches = {}
        for name, (columns, content) in files.items():
            path = demo_rows.write(Path(folder) / name, columns, content)
            batches[name] = pipeline.start_import(
                entity=entity,
                path=path,
                file_name=name,
                profile="",
                mode=Mode.BILL,
                time_zone="",
                encoding="",
                actor=None,
                at=at,
                key=f"demo:{seed}:{sessions}:{name}",
                here=True,
            )
    batch = batches["demo-sessions.csv"]
    return {
        "sessions": batch.rows_imported,
        "quarantined": batch.rows_quarantined,
        "locations": len(PLACES),
        "tokens": len(payers),
    }


def make_users() -> list[str]:
    """One account per role, all with the demo's password. Returns the user names."""
    names = []
    for role in (roles.ADMINISTRATOR, *roles.ROLES):
        name = slugify(role)
        user, _ = User.objects.get_or_create(username=name, defaults={"first_name": role, "is_staff": True})
        user.set_password(DEMO_PASSWORD)
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
    set_demo_taxes(entity=entity, at=at)
    return entity


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


# fmt: off
FIRST = (
    "Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hannes", "Ida", "Jonas",
    "Klara", "Leon", "Mia", "Noah", "Olga", "Paul", "Rosa", "Simon", "Tilda", "Yusuf",
)
LAST = (
    "Adler", "Brandt", "Claasen", "Dirks", "Evers", "Freese", "Gerdes", "Harms",
    "Ihnen", "Janssen", "Kruse", "Lübben", "Meiners", "Onken", "Peters", "Reents",
)
# fmt: on


def _members(entity: LegalEntity, rng: random.Random) -> list[Payer]:
    """Customers and their tokens, to charge with."""
    residents = CustomerGroup.objects.create(entity=entity, name="Residents")
    fleet = CustomerGroup.objects.create(entity=entity, name="Municipal fleet")
    payers: list[Payer] = []

    def token(customer: Customer | None, kind: str, contract: str = "", method: str = "RFID") -> None:
        uid = f"{rng.randrange(16**8):08X}"
        if customer:
            Token.objects.create(entity=entity, uid=uid, type=kind, contract_id=contract, customer=customer)
        payers.append(Payer(uid, kind, contract, method))

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
    return payers
