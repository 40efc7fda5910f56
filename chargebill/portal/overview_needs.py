"""What waits for a person at a company today, whatever period the Overview shows: in words, with where it is done."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing import review
from billing.models import Chargeable
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_gaps import needs_of
from chargebill.portal.kept_pages import kept_value
from chargebill.portal.review import CONFIRM, PERMISSIONS, money_of
from chargebill.portal.silent import PERMISSION as SEE_SILENT
from stations.models import Location, QuarantinedRow
from stations.silent import silent_connectors


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of each kind waits at one company. ``at_stake``: what the held ones cost by currency, tax included."""

    held: int
    at_stake: dict[str, Decimal]
    unpriced: int
    to_confirm: int
    connectors_without_price: int
    contradictions: int
    silent: int
    refused_rows: int
    new_places: int


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person; ``amount`` is the money at stake, "" where there is none."""

    count: int
    words: str
    icon: str
    link: str
    amount: str = ""


def waiting_at(entity: LegalEntity) -> Waiting:
    groups = review.groups(entity)
    held = [group for group in groups if group.state == Chargeable.State.HELD]
    gaps = needs_of(entity)
    return Waiting(
        held=sum(group.sessions for group in held),
        at_stake=review.at_stake(held),
        unpriced=sum(group.sessions for group in groups if group.state == Chargeable.State.UNPRICED),
        to_confirm=len(review.waiting_for_second(entity)),
        connectors_without_price=gaps.connectors,
        contradictions=gaps.conflicts,
        silent=len(silent_connectors(entity=entity, at=timezone.now()).connectors),
        refused_rows=QuarantinedRow.objects.filter(state=QuarantinedRow.State.WAITING, source__entity=entity).count(),
        new_places=Location.objects.filter(entity=entity, needs_review=True).count(),
    )


def needs(request: HttpRequest, entity: LegalEntity) -> list[Need]:
    """What waits, where this person may see it; counted once until something changes."""
    found: Waiting = kept_value(f"waiting {entity.pk}", lambda: waiting_at(entity))
    may = request.user.has_perm
    ours = {"entity": str(entity.pk)}
    shown: list[Need] = []

    def add(allowed: bool, count: int, one: str, many: str, icon: str, link: str, amount: str = "") -> None:
        if allowed and count:
            shown.append(Need(count, one if count == 1 else many, icon, link, amount))

    queue = _link("review", **ours)
    in_queue = request.user.has_perms(PERMISSIONS)
    add(in_queue, found.held, "held", "held", "pan_tool", queue, money_of(found.at_stake) if found.at_stake else "")
    add(in_queue, found.unpriced, "without a price", "without a price", "money_off", queue)
    add(
        in_queue and may(CONFIRM),
        found.to_confirm,
        "decision to confirm",
        "decisions to confirm",
        "how_to_reg",
        queue,
    )
    gaps = _link("no_price", **ours)
    add(
        may("billing.view_assignment"),
        found.connectors_without_price,
        "connector without a price",
        "connectors without a price",
        "ev_station",
        gaps,
    )
    add(
        may("billing.view_assignment"),
        found.contradictions,
        "contradiction between assignments",
        "contradictions between assignments",
        "call_split",
        gaps,
    )
    silence = "usually busy, silent 48 h"
    add(may(SEE_SILENT), found.silent, silence, silence, "sensors_off", _link("silent", **ours))
    add(
        may("stations.view_quarantinedrow"),
        found.refused_rows,
        "refused row to correct",
        "refused rows to correct",
        "report",
        _link("stations_quarantinedrow_changelist", **ours),
    )
    add(
        may("stations.view_location"),
        found.new_places,
        "new place to look at",
        "new places to look at",
        "visibility",
        _link("stations_location_changelist", needs_review__exact="1", entity__id__exact=str(entity.pk)),
    )
    return shown


def _link(page: str, **query: str) -> str:
    return f"{reverse(f'admin:{page}')}?{urlencode(query)}"
