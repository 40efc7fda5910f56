"""Entering what somebody outside asks, and the fields of that form."""

import re
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity, User
from chargebill.portal.payment_frame import allow, day_in, frame
from chargebill.portal.site import page
from disputes.models import Case
from disputes.operations.outside import Asked, record_request
from disputes.operations.outside_links import MOST_CASES
from disputes.outside_models import LANGUAGES, OutsideRequest

ADD = "disputes.add_outsiderequest"
FIELDS = ("body", "body_kind", "reference", "contact", "received_on", "due_on", "asks", "assignee", "language")
MOST_OPEN = 10


@page("disputes/outside/new/", name="outside_new")
def new(request: HttpRequest) -> HttpResponse:
    """The form; opened from a case it is about that one, and an open request can be chosen instead."""
    allow(request, ADD)
    entities = list(LegalEntity.objects.order_by("name"))
    case: Case | None = row_in(Case.objects.select_related("entity"), request.GET.get("case", ""))
    chosen = case.entity if case else row_in(LegalEntity, request.POST.get("entity", "") or request.GET.get("entity", ""))
    entity = chosen or (entities[0] if len(entities) == 1 else None)
    refusal: UserError | None = None
    given: dict[str, Any] = {
        "cases": case.number if case else "", "assignee": str(request.user.pk), "language": entity.language if entity else "",
    }  # fmt: skip
    if request.method == "POST":
        given = request.POST.dict()
        try:
            made = _kept(request, entity, given)
        except UserError as error:
            refusal = error
        else:
            messages.success(request, "Kept. While it is open no clock closes the cases it is about.")
            return redirect("admin:disputes_outsiderequest_change", made.pk)
    context = frame(
        request, "A request came from outside", ("Outside requests", reverse("admin:disputes_outsiderequest_changelist")),
        entities=entities, entity=entity, case=case, others=_others(case) if case else [], details=given, refusal=refusal,
        kinds=OutsideRequest.Body.choices, colleagues=colleagues(), languages=LANGUAGES,
    )  # fmt: skip
    return TemplateResponse(request, "portal/disputes/outside_new.html", context)


def _kept(request: HttpRequest, entity: LegalEntity | None, given: dict[str, str]) -> OutsideRequest:
    if entity is None:
        raise UserError("entity", "Choose the company they asked. Nothing was changed.", "entity")
    actor: Any = request.user
    asked = asked_in(given)
    cases = cases_in(entity, given.get("cases", ""))
    return record_request(entity=entity, asked=asked, cases=cases, actor=actor, at=timezone.now())


def _others(case: Case) -> list[OutsideRequest]:
    """Open requests of the company that are not about the case yet."""
    rows = OutsideRequest.objects.filter(entity=case.entity, state=OutsideRequest.State.OPEN)
    return list(rows.exclude(links__in=case.outside_links.filter(removed_at__isnull=True)).order_by("due_on", "pk")[:MOST_OPEN])


def asked_in(given: dict[str, str]) -> Asked:
    """What a form says. Raises UserError where that can't be read."""
    assignee: User | None = None
    if said := given.get("assignee", ""):
        assignee = row_in(_may_answer(), said)
        if assignee is None:
            raise UserError("assignee", "Choose who looks after it, or nobody. Nothing was changed.", "assignee")
    return Asked(
        body=given.get("body", ""),
        body_kind=given.get("body_kind", ""),
        reference=given.get("reference", ""),
        contact=given.get("contact", ""),
        received_on=day_of(given, "received_on", "Enter the day it came"),
        due_on=day_of(given, "due_on", "Enter the last day for an answer"),
        asks=given.get("asks", ""),
        assignee=assignee,
        language=given.get("language", ""),
    )


def given_of(found: OutsideRequest) -> dict[str, str]:
    """The form as it stands."""
    values = {name: getattr(found, name) for name in FIELDS if name != "assignee"}
    return {**{name: str(value) for name, value in values.items()}, "assignee": str(found.assignee_id or "")}


def day_of(given: dict[str, str], name: str, words: str) -> date:
    found = day_in(given.get(name, ""))
    if found is None:
        raise UserError(name, f"{words}. Nothing was changed.", name)
    return found


def cases_in(entity: LegalEntity, raw: str) -> list[Case]:
    """The cases of a company whose numbers a form names, in its order. Raises UserError number. One query."""
    numbers = list(dict.fromkeys(part.upper() for part in re.split(r"[\s,;]+", raw.replace("\x00", "")) if part))
    if len(numbers) > MOST_CASES:
        raise UserError("too_many", f"A request holds {MOST_CASES} cases at most. Nothing was changed.", "number")
    found = {case.number.upper(): case for case in Case.objects.filter(_named(numbers), entity=entity)}
    if missing := [number for number in numbers if number not in found]:
        said = f"{entity} has no case {', '.join(missing[:3])[:120]}. Nothing was changed."
        raise UserError("number", said, "number")
    return [found[number] for number in numbers]


def _named(numbers: list[str]) -> Q:
    named = Q(pk__in=())
    for number in numbers:
        named |= Q(number__iexact=number)
    return named


def _may_answer() -> Any:
    may = Q(groups__permissions__codename="change_outsiderequest", groups__permissions__content_type__app_label="disputes")
    return User.objects.filter(may, is_active=True, is_staff=True).distinct()


def colleagues() -> list[User]:
    """Who may look after a request: whoever may answer it. One query."""
    return list(_may_answer().order_by("username"))
