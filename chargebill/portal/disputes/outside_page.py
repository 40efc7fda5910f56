"""The page of an outside request: what they ask, the cases it is about, packs, the answer; and taking a pack along."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import AuditEvent
from chargebill.portal import way_back
from chargebill.portal.case_evidence import may_see
from chargebill.portal.disputes.outside_form import asked_in, cases_in, colleagues, day_of, given_of
from chargebill.portal.disputes.words import due_to_body
from chargebill.portal.payment_frame import allow, frame
from chargebill.portal.site import page
from disputes.models import Case
from disputes.operations.outside import change_request
from disputes.operations.outside_answers import answer_request, close_request, make_pack, note_download
from disputes.operations.outside_links import link_case, unlink_case
from disputes.outside_models import LANGUAGES, OutsidePack, OutsideRequest
from disputes.outside_queries import linked_to, pack_bytes

VIEW, ADD, CHANGE = "disputes.view_outsiderequest", "disputes.add_outsiderequest", "disputes.change_outsiderequest"
MOST_HISTORY = 200
NO_PACK = "none"


def outside_page(request: HttpRequest, object_id: str) -> HttpResponse | None:
    """The page, or what a form on it asked for; None where there is no such request."""
    found = _request(object_id)
    if found is None:
        return None
    refusal, given = None, {}
    if request.method == "POST":
        allow(request, CHANGE)
        given = request.POST.dict()
        try:
            said = _done(request, found, given)
        except UserError as error:
            refusal, found = error, _request(object_id)
        else:
            messages.success(request, said)
            return redirect("admin:disputes_outsiderequest_change", found.pk)
    assert found is not None
    return TemplateResponse(request, "portal/disputes/outside.html", _context(request, found, refusal, given))


def _request(raw: str) -> OutsideRequest | None:
    rows = OutsideRequest.objects.select_related("entity", "assignee", "pack", "made_by", "ended_by")
    found: OutsideRequest | None = row_in(rows, raw)
    return found


def _context(request: HttpRequest, found: OutsideRequest, refusal: UserError | None, given: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    events = AuditEvent.objects.filter(object_type=found._meta.label_lower, object_id=str(found.pk))
    works = found.is_open and request.user.has_perm(CHANGE)
    packs = list(found.packs.select_related("made_by").order_by("-pk"))
    list_url = way_back.to_list(request, reverse("admin:disputes_outsiderequest_changelist"))
    return frame(
        request,
        str(found),
        ("Outside requests", list_url),
        outside=found,
        zone=found.entity.time_zone or "UTC",
        due=due_to_body(found, now),
        links=linked_to(found),
        packs=packs,
        may_take=may_see(request),
        works=works,
        refusal=refusal,
        given=given,
        details=given if given.get("do") == "change" else given_of(found),
        kinds=OutsideRequest.Body.choices,
        languages=LANGUAGES,
        colleagues=colleagues() if works else [],
        today=found.entity.day_of(now).isoformat(),
        chosen_pack=given.get("pack", str(packs[0].pk) if packs else NO_PACK),
        no_pack=NO_PACK,
        history=[(event, _told(event, found)) for event in events.select_related("actor").order_by("-at", "-pk")[:MOST_HISTORY]],
    )


def _told(event: AuditEvent, found: OutsideRequest) -> str:
    """What the trail says, without what the page is called; before it was changed it may have been called otherwise."""
    return capfirst(event.summary.removeprefix(f"{found}: "))


def _done(request: HttpRequest, found: OutsideRequest, given: dict[str, str]) -> str:
    """What a form of the page asks for; what it came to, in words. Raises UserError, changing nothing."""
    actor: Any = request.user
    now, form = timezone.now(), given.get("do", "")
    if form == "change":
        change_request(request=found, asked=asked_in(given), actor=actor, at=now)
        return "Kept."
    if form == "link":
        cases = cases_in(found.entity, given.get("number", ""))
        if len(cases) != 1:
            raise UserError("number", "Enter the number of one case. Nothing was changed.", "number")
        link = link_case(request=found, case=cases[0], actor=actor, at=now)
        return f"{cases[0]} is part of it: its evidence is frozen as version {link.manifest.version}, and no clock closes it."
    if form == "unlink":
        case: Case | None = row_in(Case, given.get("case", ""))
        if case is None:
            raise UserError("case", "There is no such case. Nothing was changed: look at it again.")
        unlink_case(request=found, case=case, actor=actor, at=now)
        return f"{case} is no longer part of it. What was frozen stays."
    if form == "pack":
        pack = make_pack(request=found, actor=actor, at=now)
        cases_said = "1 case" if len(pack.contents) == 1 else f"{len(pack.contents)} cases"
        return f"The pack of {cases_said} is there, with everything on record now."
    if form == "answer":
        on, pack_said = day_of(given, "answered_on", "Enter the day it was sent"), given.get("pack", "")
        chosen: OutsidePack | None = row_in(found.packs.all(), pack_said)
        if chosen is None and pack_said != NO_PACK:
            raise UserError("pack", "Choose the pack that was sent, or none. Nothing was changed.", "pack")
        text, how = given.get("answer", ""), given.get("sent_how", "")
        answer_request(request=found, text=text, on=on, sent_how=how, pack=chosen, actor=actor, at=now)
        return "Kept, and it never changes any more. Its cases go on by themselves."
    if form == "close":
        close_request(request=found, reason=given.get("reason", ""), actor=actor, at=now)
        return "Closed without an answer. Its cases go on by themselves."
    raise UserError("unknown_form", "The page has changed since. Nothing was changed: look at it again.")


@page("disputes/outside/packs/<int:pk>.zip", name="outside_pack")
@require_safe
def take_along(request: HttpRequest, pk: int) -> HttpResponse:
    """A pack, the same bytes whenever it is taken along; who took it is kept."""
    allow(request, VIEW)
    if not may_see(request):
        raise PermissionDenied
    pack: OutsidePack | None = row_in(OutsidePack.objects.select_related("request__entity"), str(pk))
    if pack is None:
        raise Http404("There is no such pack.")
    content = pack_bytes(pack)
    note_download(pack=pack, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    name = f"outside-request-{pack.request_id}-{pack.sha256[:8]}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/zip", headers=headers)
