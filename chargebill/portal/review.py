"""The review queue: what is held or has no price, by reason, with the money at stake; decide one or a group; history."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing import review
from billing.checks import Part, Way
from billing.models import Chargeable
from billing.review import Group, Option, Row
from billing.review_models import HeldDecision
from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.site import page, site
from stations.models import Session

PERMISSIONS = ("billing.view_chargeable", "stations.view_session")
DECIDE = "billing.add_helddecision"
CONFIRM = "billing.add_decisionconfirmation"
PER_PAGE = 50
# What the form holds: the parameter it is kept in -> its field.
FILLED_IN = {"way": "way", "why": "reason", "scope": "scope", "ticked": "session_id"}

WAYS = {
    Way.RELEASE: ("Release", "It is right as it is: it goes on to be billed."),
    Way.READING: ("Use another reading", "Price it with the energy the meter’s other readings give."),
    Way.WAIVE: ("Waive a part", "A new price without this part, then it goes on to be billed."),
    Way.DROP: ("Drop", "It is never billed."),
}
PARTS = {
    Part.FLAT: "Start fee",
    Part.ENERGY: "Energy",
    Part.TIME: "Charging time",
    Part.PARKING_TIME: "Idle time",
    Part.RESERVATION: "Reservation",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of the form: for how many of the sessions it is open, and what they cost together then."""

    value: str
    title: str
    help: str
    sessions: int
    costs: str


def _allow(request: HttpRequest, *more: str) -> None:
    if not request.user.has_perms((*PERMISSIONS, *more)):
        raise PermissionDenied


def money_of(amounts: dict[str, Decimal]) -> str:
    """Sums of several currencies beside each other."""
    return " + ".join(written.money(amount, currency) for currency, amount in sorted(amounts.items())) or written.NOTHING


def _entity(request: HttpRequest) -> LegalEntity | None:
    entity: LegalEntity | None = row_in(LegalEntity, request.GET.get("entity", ""))
    return entity


def _frame(request: HttpRequest, title: str, *crumbs: tuple[str, str]) -> dict[str, Any]:
    request.current_app = site().name
    return {**site().each_context(request), "title": title, "crumbs": list(crumbs)}


def group_url(group: Group) -> str:
    query = urlencode({"entity": group.entity_id, "state": group.state, "reason": group.reason})
    return f"{reverse('admin:review_group')}?{query}"


@page("review/", name="review")
def index(request: HttpRequest) -> HttpResponse:
    _allow(request)
    entity = _entity(request)
    found = review.groups(entity)
    held = [group for group in found if group.state == Chargeable.State.HELD]
    entities = list(LegalEntity.objects.order_by("name"))
    waiting = review.waiting_for_second(entity)
    return TemplateResponse(
        request,
        "portal/review.html",
        {
            **_frame(request, "Review queue"),
            "entity": entity,
            "entities": entities,
            "held": sum(group.sessions for group in held),
            "at_stake": money_of(review.at_stake(held)),
            "groups": [(group, money_of(group.amounts), group_url(group), _way_out(request, group)) for group in found],
            "waiting": [(decision, _amounts(decision)) for decision in waiting],
            "can_confirm": request.user.has_perm(CONFIRM),
        },
    )


def _amounts(decision: HeldDecision) -> str:
    return money_of({currency: Decimal(amount) for currency, amount in decision.amounts.items()})


# Where what is missing is put right: reason -> (words, page, permission).
WAY_OUT = {
    "no_tariff": ("Assign a tariff", "admin:no_price", "billing.view_tariff"),
    "no_version": ("Open the tariffs", "admin:billing_tariff_changelist", "billing.view_tariff"),
    "tariff_conflict": ("See which price applies", "admin:which_price", "billing.view_tariff"),
    "tariff_unknown": ("Open the tariffs", "admin:billing_tariff_changelist", "billing.view_tariff"),
    "no_tax_rule": ("Set a tax rule", "admin:billing_taxrule_changelist", "billing.view_taxrule"),
    "no_reported_amount": ("Import the file again with amounts", "admin:stations_importbatch_add", "stations.add_importbatch"),
}


def _way_out(request: HttpRequest, group: Group) -> tuple[str, str]:
    """(words, address) of the page that solves the whole group; ("", "") where a person has to look at each."""
    if group.reason in ("entity_incomplete", "spans_price_change"):
        if not request.user.has_perm("core.view_legalentity"):
            return "", ""
        words = "Complete the company" if group.reason == "entity_incomplete" else "Change what the company wants"
        return words, reverse("admin:core_legalentity_change", args=[group.entity_id])
    words, name, permission = WAY_OUT.get(group.reason, ("", "", ""))
    if not words or not request.user.has_perm(permission):
        return "", ""
    return words, reverse(name)


def _sign(ids: Sequence[int]) -> str:
    """Tells whether a group is still the one somebody looked at."""
    return hashlib.sha1(",".join(map(str, ids)).encode(), usedforsecurity=False).hexdigest()[:16]


@page("review/group/", name="review_group")
def group(request: HttpRequest) -> HttpResponse:
    """One reason: what is wrong in words, the sessions, what each would cost, and the form that decides."""
    _allow(request)
    entity, state, reason = _entity(request), request.GET.get("state", ""), request.GET.get("reason", "")
    if entity is None or state not in review.WAITING:
        raise Http404("There is no such group.")
    ids = review.ids_of(entity, state, reason)
    found = next(
        (one for one in review.groups(entity) if (one.state, one.reason) == (state, reason)),
        Group(entity.pk, entity.name, state, reason),
    )
    shown = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    rows = review.rows_of(entity, list(shown.object_list))
    context = {
        **_frame(request, found.title, ("Review queue", reverse("admin:review"))),
        "entity": entity,
        "group": found,
        "explanation": review.explanation_of(reason),
        "at_stake": money_of(found.amounts),
        "rows": _shown(rows),
        "shown": shown,
        "ids": ids,
        "sign": _sign(ids),
        "query": urlencode({"entity": entity.pk, "state": state, "reason": reason}),
        "way_out": _way_out(request, found),
        **_form(request, rows),
    }
    return TemplateResponse(request, "portal/review_group.html", context)


@page("review/session/<int:pk>/", name="review_session")
def session(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for one session."""
    _allow(request)
    found = Session.objects.select_related("entity", "location").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such session.")
    rows = review.rows_of(found.entity, [pk])
    link = reverse("admin:stations_session_change", args=[pk])
    context = {
        **_frame(
            request,
            f"Decide about session {found.external_id}",
            ("Review queue", reverse("admin:review")),
            (f"Session {found.external_id}", link),
        ),
        "entity": found.entity,
        "explanation": review.explanation_of(rows[0].held.reason) if rows else "",
        "rows": _shown(rows),
        "one": found,
        "ids": [pk] if rows else [],
        "sign": _sign([pk]),
        **_form(request, rows),
    }
    return TemplateResponse(request, "portal/review_group.html", context)


def _form(request: HttpRequest, rows: list[Row]) -> dict[str, Any]:
    by_choice: dict[tuple[Way, Part | None], list[tuple[Row, Option]]] = {}
    for row in rows:
        for option in row.options:
            by_choice.setdefault((option.way, option.part), []).append((row, option))
    choices = []
    for (way, part), found in by_choice.items():
        costs: dict[str, Decimal] = {}
        for row, option in found:
            if row.held.cdr:
                costs[row.held.cdr.currency] = costs.get(row.held.cdr.currency, Decimal(0)) + option.gross
        title, help_text = WAYS[way]
        if part:
            title = f"Waive: {PARTS[part].lower()}"
        value = f"{way}:{part}" if part else str(way)
        choices.append(Choice(value, title, help_text, len(found), money_of(costs) if costs else ""))
    order = list(WAYS)
    choices.sort(key=lambda choice: order.index(Way(choice.value.partition(":")[0])))
    return {
        "choices": choices,
        "can_decide": request.user.has_perm(DECIDE),
        "chosen": request.GET.get("way", ""),
        "why": request.GET.get("why", "")[:300],
        "for_all": request.GET.get("scope") == "all",
        "ticked": set(request.GET.getlist("ticked")),
    }


def _shown(rows: list[Row]) -> list[dict[str, Any]]:
    facts = Session.objects.select_related("location", "entity", "connector__evse").in_bulk([r.held.fact.id for r in rows])
    shown = []
    for row in rows:
        cdr = row.held.cdr
        stored = facts[row.held.fact.id]
        shown.append(
            {
                "session": stored,
                "zone": stored.location.time_zone or stored.entity.time_zone or "UTC",
                "findings": row.findings,
                "costs": written.money(cdr.gross_amount, cdr.currency) if cdr else written.NOTHING,
                "options": [
                    (
                        f"Waive: {PARTS[option.part].lower()}" if option.part else WAYS[option.way][0],
                        written.money(option.gross, cdr.currency) if cdr else "",
                        written.kwh(option.energy_kwh) if option.energy_kwh is not None else "",
                    )
                    for option in row.options
                    if option.way is not Way.RELEASE
                ],
            }
        )
    return shown


@page("review/decide/", name="review_decide")
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Takes the form: the ticked sessions, or the whole group as it was shown."""
    _allow(request, DECIDE)
    entity = row_in(LegalEntity, request.POST.get("entity", ""))
    if entity is None:
        raise Http404("There is no such company.")
    back = request.POST.get("back", "")
    if not back.startswith(reverse("admin:review")):
        back = reverse("admin:review")
    try:
        ids = _ids_wanted(request, entity)
        way, _, part = request.POST.get("way", "").partition(":")
        if way not in Way.__members__ or (part and part not in Part.__members__):
            raise UserError("way_missing", "Choose what to do. Nothing was changed.", "way")
        decision = pipeline.decide(
            entity=entity,
            session_ids=ids,
            way=Way(way),
            part=Part(part) if part else None,
            reason=request.POST.get("reason", ""),
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
        return redirect(_as_filled_in(request, back))
    _say(request, decision, len(ids))
    if request.POST.get("session"):
        return redirect("admin:stations_session_change", ids[0])
    return redirect("admin:review")


def _as_filled_in(request: HttpRequest, back: str) -> str:
    """Where the form stands, with what was put into it: a refusal costs nobody what they wrote."""
    path, _, query = back.partition("?")
    kept = QueryDict(query, mutable=True)
    for name, field in FILLED_IN.items():
        kept.setlist(name, [value[:300] for value in request.POST.getlist(field)[:PER_PAGE]])
    return f"{path}?{kept.urlencode()}"


def _ids_wanted(request: HttpRequest, entity: LegalEntity) -> list[int]:
    if request.POST.get("scope") == "all":
        ids = review.ids_of(entity, request.POST.get("state", ""), request.POST.get("reason_code", ""))
        if _sign(ids) != request.POST.get("sign"):
            raise UserError(
                "group_changed", "The group changed since you opened it. Look at it once more, then decide. Nothing was changed."
            )
        return ids
    ids = [key for raw in request.POST.getlist("session_id") if (key := key_in(raw)) is not None]
    if not ids:
        raise UserError("nothing_ticked", "Tick the sessions it is about, or choose the whole group. Nothing was changed.")
    return ids


def _say(request: HttpRequest, decision: HeldDecision, asked: int) -> None:
    left = asked - decision.count
    rest = f" It was not open for {left} of them, which stay as they are." if left else ""
    sessions = f"{decision.count} session{'s' if decision.count != 1 else ''}"
    if decision.needs_second:
        messages.warning(
            request, f"{decision.get_way_display()}: {sessions}. That much money takes a second person to confirm it.{rest}"
        )
        return
    still = Chargeable.objects.filter(session__decisions__decision=decision, state=Chargeable.State.HELD).count()
    doubts = f" {still} of them stay held, because another check fails." if still else ""
    messages.success(request, f"{decision.get_way_display()}: {sessions} decided.{rest}{doubts}")


@page("review/confirm/<int:pk>/", name="review_confirm")
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's word."""
    _allow(request, CONFIRM)
    decision = HeldDecision.objects.filter(pk=pk).first()
    if decision is None:
        raise Http404("There is no such decision.")
    accepted = request.POST.get("answer") == "confirm"
    try:
        pipeline.confirm(decision=decision, accepted=accepted, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
    else:
        said = "Confirmed" if accepted else "Refused; the sessions stay held"
        messages.success(request, f"{said}: {decision.get_way_display().lower()}, {decision.count} sessions.")
    return redirect("admin:review")


@page("review/history/", name="review_history")
def history(request: HttpRequest) -> HttpResponse:
    """Who decided what, and why, the newest first."""
    _allow(request)
    rows: QuerySet[HeldDecision] = review.history(_entity(request))
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_frame(request, "Decisions", ("Review queue", reverse("admin:review"))),
        "shown": shown,
        "decisions": [(decision, _amounts(decision), said_of(decision)) for decision in shown.object_list],
    }
    return TemplateResponse(request, "portal/review_history.html", context)


def said_of(decision: HeldDecision) -> str:
    """A decision in words."""
    words = WAYS[Way(decision.way)][0]
    return f"Waive: {PARTS[Part(decision.part)].lower()}" if decision.part else words
