"""Reads outside requests: which keep a case open, what is due when, the bytes of a pack."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from chargebill.core.models import LegalEntity
from disputes.evidence.bundle import zipped
from disputes.evidence_queries import bundle_of
from disputes.models import Case
from disputes.outside_cover import COVER_PATH, SUMS_PATH, sums_of
from disputes.outside_models import OutsideLink, OutsidePack, OutsideRequest

# So long before its last day a request stands among what waits.
SOON = timedelta(days=7)
IS_OPEN = OutsideRequest.State.OPEN


def keeping_open(case: Case) -> list[OutsideRequest]:
    """Open requests that are about a case, the earliest first: while there is one the case is not closed. One query."""
    linked = Q(links__case=case, links__removed_at__isnull=True)
    return list(OutsideRequest.objects.filter(linked, state=IS_OPEN).order_by("due_on", "pk"))


def asking_about(case: Case) -> list[OutsideRequest]:
    """Every request that is about a case, ended ones too, the open ones first. One query."""
    rows = OutsideRequest.objects.filter(links__case=case, links__removed_at__isnull=True).select_related("entity")
    return sorted(rows, key=lambda one: (not one.is_open, one.due_on, one.pk))


def let_go(at: datetime, states: Sequence[str]) -> QuerySet[Case]:
    """Cases in these states whose clock ran out while a request kept them open, and none does any more."""
    kept = OutsideLink.objects.filter(removed_at__isnull=True, request__state=IS_OPEN)
    waited = Case.objects.filter(state__in=states, wake_at__isnull=True, next_due_at__lte=at)
    return waited.filter(pk__in=OutsideLink.objects.values("case")).exclude(pk__in=kept.values("case")).order_by("pk")


def due_at(request: OutsideRequest) -> datetime:
    """The end of the last day for an answer, by the company's clock."""
    zone = ZoneInfo(request.entity.time_zone or "UTC")
    return datetime.combine(request.due_on + timedelta(days=1), time(0), zone)


def due_within(ahead: timedelta | None, at: datetime) -> Q:
    """Open requests whose last day is over (None), or is over or begins within that time; each by its company's own day.

    One query, of the companies.
    """
    days = sorted((entity.day_of(at), entity.pk) for entity in LegalEntity.objects.all())
    found = Q(pk__in=())
    for day, companies in groupby(days, key=lambda one: one[0]):
        late = Q(due_on__lt=day) if ahead is None else Q(due_on__lte=day + ahead)
        found |= Q(entity__in=[pk for _, pk in companies]) & late
    return found & Q(state=IS_OPEN)


def linked_to(request: OutsideRequest) -> list[OutsideLink]:
    """What a request is about, in the order it was linked."""
    rows = request.links.filter(removed_at__isnull=True).select_related(
        "case__entity", "manifest", "added_by", "case__merged_into"
    )
    return list(rows.order_by("pk"))


def pack_bytes(pack: OutsidePack) -> bytes:
    """The ZIP: what it says first, each case's bundle as it was when the pack was made, and the SHA-256 of each."""
    cases = Case.objects.in_bulk([one["case"] for one in pack.contents])
    bundles = {one["path"]: bundle_of(cases[one["case"]], one["version"]) for one in pack.contents}
    return packed_pack(pack.cover, bundles)


def packed_pack(cover: str, bundles: dict[str, bytes]) -> bytes:
    files = {COVER_PATH: cover.encode(), **bundles}
    return zipped([*files.items(), (SUMS_PATH, sums_of(files).encode())])
