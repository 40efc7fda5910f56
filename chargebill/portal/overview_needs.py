"""What waits for a person at a company today, whatever period the Overview shows: in words, with where it is done.

Counted apart from the Overview's figures, because it takes the longer the more connectors there are: the page shows what is
at hand, or asks for it once it is there itself.
"""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing import review
from billing.models import Chargeable
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_gaps import needs_of
from chargebill.portal.kept_pages import kept_value, value_at_hand
from chargebill.portal.review import CONFIRM, PERMISSIONS, money_of
from chargebill.portal.silent import PERMISSION as SEE_SILENT
from chargebill.portal.site import page
from disputes.chargeback_answers import answers_for_second
from disputes.chargeback_queries import WE_OWE, held_up
from disputes.incident_models import Incident
from disputes.models import Case
from disputes.offers import cases_for_second
from disputes.outside_models import OutsideRequest
from disputes.outside_queries import SOON, due_within
from disputes.workflow.durations import Turn
from stations.models import Location, QuarantinedRow
from stations.silent import silent_connectors

PERMISSION = "analytics.view_networkday"


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
    cases: int
    cases_to_confirm: int
    cases_stuck: int
    cases_held_up: int
    answers_to_submit: int
    incidents_to_confirm: int
    outside: int


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
        cases=Case.objects.filter(WE_OWE, entity=entity).count(),
        cases_to_confirm=cases_for_second().filter(entity=entity).count(),
        cases_stuck=Case.objects.filter(turn=Turn.FINANCE, entity=entity).count(),
        cases_held_up=held_up().filter(entity=entity).count(),
        answers_to_submit=answers_for_second().filter(entity=entity).count(),
        incidents_to_confirm=Incident.objects.filter(confirmation=None, entity=entity).count(),
        outside=OutsideRequest.objects.filter(due_within(SOON, timezone.now()), entity=entity).count(),
    )


def _name(entity: LegalEntity) -> str:
    return f"waiting {entity.pk}"


def needs_at_hand(request: HttpRequest, entity: LegalEntity) -> list[Need] | None:
    """What waits, where this person may see it; None where it has to be counted anew."""
    found: Waiting | None = value_at_hand(_name(entity))
    return None if found is None else _shown(request, entity, found)


@page("overview/needs/<int:pk>/", name="overview_needs")
def needs(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the Overview that says what waits; counted once until something changes."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    entity = get_object_or_404(LegalEntity, pk=pk)
    found: Waiting = kept_value(_name(entity), lambda: waiting_at(entity))
    return TemplateResponse(request, "portal/parts/needs.html", {"needs": _shown(request, entity, found)})


def _shown(request: HttpRequest, entity: LegalEntity, found: Waiting) -> list[Need]:
    may = request.user.has_perm
    ours, at_company = {"entity": str(entity.pk)}, {"entity__id__exact": str(entity.pk)}
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
    add(
        may("disputes.view_case"),
        found.cases,
        "case we owe an answer",
        "cases we owe an answer",
        "gavel",
        _link("disputes_case_changelist", turn=Turn.US, **at_company),
    )
    add(
        may("disputes.add_offerconfirmation"),
        found.cases_to_confirm,
        "answer in a case to confirm",
        "answers in cases to confirm",
        "how_to_reg",
        _link("disputes_case_changelist", second="waits", **at_company),
    )
    add(
        may("disputes.change_executionstep"),
        found.cases_stuck,
        "case stuck for Finance",
        "cases stuck for Finance",
        "gavel",
        _link("disputes_case_changelist", turn=Turn.FINANCE, **at_company),
    )
    add(
        may("disputes.change_executionstep"),
        found.cases_held_up,
        "agreed case an acquirer holds up",
        "agreed cases acquirers hold up",
        "gavel",
        _link("disputes_case_changelist", chargeback="holds", **at_company),
    )
    add(
        may("disputes.add_chargebacksubmission"),
        found.answers_to_submit,
        "answer to an acquirer to submit",
        "answers to acquirers to submit",
        "how_to_reg",
        _link("disputes_chargeback_changelist", answer="waits", **at_company),
    )
    add(
        may("disputes.add_incidentconfirmation"),
        found.incidents_to_confirm,
        "incident to confirm",
        "incidents to confirm",
        "how_to_reg",
        _link("disputes_incident_changelist", **at_company),
    )
    add(
        may("disputes.view_outsiderequest"),
        found.outside,
        "outside request due within a week or late",
        "outside requests due within a week or late",
        "account_balance",
        _link("disputes_outsiderequest_changelist", due="soon", **at_company),
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
        _link("stations_location_changelist", needs_review__exact="1", **at_company),
    )
    return shown


def _link(page: str, **query: str) -> str:
    return f"{reverse(f'admin:{page}')}?{urlencode(query)}"
