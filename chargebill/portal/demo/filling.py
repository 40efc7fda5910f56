"""Fills a database with the demo: companies, places, people and tariffs, then their year, imported like any real file.

Everything comes from one seed: the same seed gives the same demo on the same day. Nothing in it is anybody's real data.
"""

import random
import tempfile
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from chargebill.core.errors import UserError
from chargebill.core.models import Installation, LegalEntity
from chargebill.portal.demo import people
from chargebill.portal.demo.books import Books
from chargebill.portal.demo.cases import Cases
from chargebill.portal.demo.importing import Importing, Say
from chargebill.portal.demo.sites import COMPANIES, SMALLEST, Company, Site, sites
from chargebill.portal.demo.storing import make_users, store_company, store_places
from chargebill.portal.demo.tariffs import set_demo_tariffs
from chargebill.portal.demo.taxes import set_demo_taxes
from chargebill.portal.demo.telling import Dates, open_story
from stations.models import Session

LARGE_CONNECTORS, LARGE_SESSIONS = 3_000, 1_000_000
# Above, the demo is stored import by import: one transaction of all would need the room twice.
AT_ONCE = 100_000


def fill(*, sessions: int, seed: int, at: datetime, say: Say = lambda text: None) -> dict[str, int]:
    """Fills a migrated, empty database; ``say`` is told how far it is. Returns what there is then, in counts.

    So many session rows are imported; from some 19,000 on there are more connectors with them, 3,000 at a million. Up to
    100,000 every month is billed, too, with all that follows (books.py, cases.py), and it is all or nothing; above, documents
    are left to be issued, and what was imported stays if it is interrupted. Raises UserError, changing nothing, when the
    database holds a company or sessions.
    """
    if Session.objects.exists() or LegalEntity.objects.exists():
        raise UserError(
            "not_empty", "This database already holds a company or sessions. The demo needs an empty one; nothing was changed."
        )
    # A demo that failed half-way would keep the database from ever being filled.
    whole: AbstractContextManager[object] = transaction.atomic() if sessions <= AT_ONCE else nullcontext()
    counts: Counter[str] = Counter()
    with whole, tempfile.TemporaryDirectory() as folder:
        Installation.objects.update_or_create(pk=1, defaults={"is_demo": True, "created_at": at})
        make_users()
        for company, count, connectors in shares(sessions):
            counts.update(_fill_company(company, count, connectors, Path(folder), seed, at, say))
        _look_at_tables()
    return dict(counts)


def _look_at_tables() -> None:
    """PostgreSQL plans for empty tables until somebody looks at them, and nobody does within one transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def shares(sessions: int) -> list[tuple[Company, int, int]]:
    """How many sessions and connectors each company has."""
    connectors = max(SMALLEST, sessions * LARGE_CONNECTORS // LARGE_SESSIONS)
    first = COMPANIES[0].share
    some, there = sessions * first // 100, connectors * first // 100
    return [(COMPANIES[0], some, there), (COMPANIES[1], sessions - some, connectors - there)]


def _fill_company(
    company: Company, count: int, connectors: int, folder: Path, seed: int, at: datetime, say: Say
) -> dict[str, int]:
    places, folk, when = cast(company, count, connectors, seed, at)
    entity = store_company(company, billing_from=when.billing_from)
    set_demo_taxes(entity=entity, at=at)
    store_places(company, entity, places)
    people.store(company, entity, folk, random.Random(f"{seed}:{company.code}:names"))
    raised = datetime.combine(_half_year_before(when.last), time(), ZoneInfo(company.zone))
    set_demo_tariffs(company=company, entity=entity, sites=places, raised=raised, at=at)
    story = open_story(company, places, folk, when, seed=seed, count=count)
    imported = Importing(entity, story, count, folder, key=f"demo:{seed}:{count}", at=at, say=say).run()
    if count <= AT_ONCE:
        say(f"{entity.name}: billing the year")
        _look_at_tables()
        imported["documents"] = Books(entity, key=f"demo:{seed}:{count}", at=at).fill()
        imported["cases"] = Cases(entity, key=f"demo:{seed}:{count}", at=at, sender=f"service@{company.domain}").fill()
    return imported | {
        "locations": len(places),
        "connectors": sum(len(site.poles) for site in places),
        "tokens": folk.tokens,
    }


def cast(company: Company, count: int, connectors: int, seed: int, at: datetime) -> tuple[list[Site], people.People, Dates]:
    """The places, people and days of a company's year: the same for the same seed, day and counts."""
    folk = people.invent(company, count, random.Random(f"{seed}:{company.code}:people"))
    return sites(company, connectors), folk, Dates.of(company, at)


def _half_year_before(day: date) -> date:
    return (day - timedelta(days=182)).replace(day=1)
