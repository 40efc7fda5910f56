"""Connectors that are usually busy and have been silent for 48 hours: most often broken, blocked or offline."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, OuterRef, Q, Subquery

from chargebill.core.models import LegalEntity
from stations.models import Connector, ConnectorStatus, Session

SILENCE = timedelta(hours=48)
WEEKS = 4
# A workplace is empty every weekend: only hours a connector is used in nearly every week are hours it is missed in.
WEEKS_IN_USE = 3
# OCPI EVSE states of what is not there to charge at.
NOT_THERE = ("REMOVED", "PLANNED")
# Keys in one statement: SQLite takes 32,766 at most.
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class SilentConnector:
    """``sessions``: how many began in the four weeks before the silence. ``last_end``: the latest end of one of them.

    ``status``: what the connector said last, "" where nothing was imported.
    """

    connector_id: int
    sessions: int
    last_end: datetime
    status: str

    @property
    def per_week(self) -> float:
        return self.sessions / WEEKS


@dataclass(frozen=True, slots=True)
class Silence:
    """The silent connectors of a company, the longest silent first.

    ``known_until`` is when its newest session began: silence is counted up to there, for what happened later may not
    have been imported yet. None where there is no session.
    """

    known_until: datetime | None
    connectors: tuple[SilentConnector, ...]


def known_until(*, entity: LegalEntity, at: datetime) -> datetime | None:
    """When the newest session of a company began, ``at`` at the latest (a wrong clock may be ahead). One query.

    Its begin, not its end: files are cut off by either, and one that ends days after all others would make every
    connector look silent. Looks up the newest one of each connector, which an index answers however many there are.
    """
    newest = Session.objects.filter(connector=OuterRef("pk"), started_at__lte=at).order_by("-started_at").values("started_at")[:1]
    begins = Connector.objects.filter(evse__entity=entity).order_by().annotate(newest=Subquery(newest))
    found: datetime | None = begins.aggregate(last=Max("newest"))["last"]
    return found


def silent_connectors(*, entity: LegalEntity, at: datetime) -> Silence:
    """Connectors of a company that are usually busy and had no session in the 48 hours up to ``known_until``.

    Usually busy: at least ``entity.busy_per_week`` sessions a week over the four weeks before these 48 hours, some of
    them in the same 48 hours of the week in three of the four. A session counts as long as it lasts: one that ended less
    than 48 hours before, or still runs, breaks the silence. What was said to be removed or planned is not missed.
    """
    until = known_until(entity=entity, at=at)
    if until is None:
        return Silence(None, ())
    since = until - SILENCE
    busy = _usually_busy(entity, since)
    silent = sorted(busy.keys() - _active(entity, since, until)) if busy else []
    last_ends: dict[int, datetime] = {}
    for some in _parts(silent):
        usual = Session.objects.filter(connector__in=some, **_usual(since)).order_by()
        last_ends |= dict(usual.values_list("connector").annotate(Max("ended_at")))
    said = _last_status(silent)
    found = [
        SilentConnector(pk, busy[pk], last_ends[pk], said.get(pk, ""))
        for pk in silent
        if said.get(pk, "").upper() not in NOT_THERE
    ]
    return Silence(until, tuple(sorted(found, key=lambda one: (one.last_end, one.connector_id))))


def _usual(since: datetime) -> dict[str, datetime]:
    return {"started_at__gte": since - timedelta(weeks=WEEKS), "started_at__lt": since}


def _usually_busy(entity: LegalEntity, since: datetime) -> dict[int, int]:
    """Connector -> sessions of the four weeks before ``since``. Reads the index of connectors and starts alone."""
    ours = Connector.objects.filter(evse__entity=entity).order_by().values("pk")
    weeks = {
        f"week_{n}": Count(
            "started_at",
            filter=Q(started_at__gte=since - timedelta(weeks=n), started_at__lt=since + SILENCE - timedelta(weeks=n)),
        )
        for n in range(1, WEEKS + 1)
    }
    counted = (
        Session.objects.filter(connector__in=ours, **_usual(since))
        .order_by()
        .values("connector")
        .annotate(sessions=Count("started_at"), **weeks)
        .filter(sessions__gte=entity.busy_per_week * WEEKS)
    )
    return {row["connector"]: row["sessions"] for row in counted if sum(1 for week in weeks if row[week]) >= WEEKS_IN_USE}


def _active(entity: LegalEntity, since: datetime, until: datetime) -> set[int]:
    """Connectors with a session in the time after ``since``, up to ``until``."""
    # Follows from the end, as no zone is a day off UTC, and has an index.
    recent = Session.objects.filter(entity=entity, local_end_date__gte=since.date() - timedelta(days=1))
    return set(recent.filter(ended_at__gt=since, started_at__lte=until).order_by().values_list("connector", flat=True).distinct())


def _last_status(connectors: list[int]) -> dict[int, str]:
    """What each connector said last."""
    newest = ConnectorStatus.objects.filter(connector=OuterRef("pk")).order_by("-at", "-id").values("status")[:1]
    found: dict[int, str] = {}
    for some in _parts(connectors):
        rows = Connector.objects.filter(pk__in=some).order_by().annotate(said=Subquery(newest))
        found |= {pk: said or "" for pk, said in rows.values_list("pk", "said")}
    return found


def _parts(keys: list[int]) -> Iterator[list[int]]:
    return (keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE))
