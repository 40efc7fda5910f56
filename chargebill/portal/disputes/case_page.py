"""The page of a case: the thread and what can be done on the left, what it is about and what happened on the right."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.queries import Explanation, explain
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import User
from chargebill.portal import case_evidence, session_price, way_back
from chargebill.portal.case_uploads import uploads_in
from chargebill.portal.disputes import case_deeds, case_files, mailing, outcome, recorded, replies
from chargebill.portal.disputes.roles import Worker, allowed_worker, worker_of
from chargebill.portal.disputes.words import TURNS, due_of, due_to, due_to_body, is_kept_open, told, working_as
from chargebill.portal.paid import Paid, paid_on
from chargebill.portal.payment_frame import READ_DOCUMENTS, READ_PAYMENTS, frame
from chargebill.portal.refunds import READ_REFUNDS
from chargebill.portal.session_page import zone_of
from disputes.desk import desk_of
from disputes.letters import INADMISSIBLE
from disputes.models import Case, Cause, ContestedItem
from disputes.offers import open_items
from disputes.outside_queries import asking_about
from disputes.workflow.durations import Turn
from disputes.workflow.moves import targets
from disputes.workflow.states import ENDED, State

# So many sessions are shown with their bill; of the rest there is a link.
WITH_BILL = 3
MOST_RELATED = 10
READ_SESSIONS, READ_CUSTOMERS = "stations.view_session", "memberships.view_customer"


@dataclass(frozen=True, slots=True)
class Shown:
    """One contested item; ``bill`` is the context of the explained price, ``record`` what was recorded: empty where there
    are many."""

    item: ContestedItem
    zone: str
    bill: dict[str, Any]
    record: dict[str, Any]


def case_page(request: HttpRequest, object_id: str) -> HttpResponse | None:
    """The page, or what a form on it asked for; None where there is no such case."""
    case = _case(object_id)
    if case is None:
        return None
    refusal, given = None, {}
    if request.method == "POST":
        given = request.POST.dict()
        try:
            said = _done(request, case, given)
        except UserError as error:
            refusal, case = error, _case(object_id)
        else:
            if said:
                messages.success(request, said)
                return redirect(reverse("admin:disputes_case_change", args=[case.pk]))
    assert case is not None
    shown = context_of(case, worker_of(request), timezone.now(), with_bill=request.user.has_perm(READ_SESSIONS))
    context = frame(
        request,
        f"Case {case.number}",
        ("Cases", way_back.to_list(request, reverse("admin:disputes_case_changelist"))),
        refusal=refusal,
        given=replies.put_in(given, shown["reply_templates"]) if given.get("use") else given,
        **shown,
        paid=_paid(request, case),
        **case_evidence.context_of(request, case),
        **case_files.context_of(case),
        **outcome.context_of(case, worker_of(request), request.user, given, timezone.now()),
    )
    return TemplateResponse(request, "portal/disputes/case.html", context)


def _done(request: HttpRequest, case: Case, given: dict[str, str]) -> str:
    """What a form asked for, in words. Finance, who confirms and clears, works on no cases otherwise. Raises UserError,
    changing nothing."""
    name, now = given.get("do", ""), timezone.now()
    if name in outcome.NAMES:
        return outcome.do(case, name, given, worker_of(request), request.user, now)
    worker = allowed_worker(request)
    if given.get("use"):
        # Without script a template is put into the text by the page, and nothing is done yet.
        return ""
    return case_deeds.do(case, name, given, worker, now, uploads=uploads_in(request))


def _case(object_id: str) -> Case | None:
    rows = Case.objects.select_related("entity", "customer", "assignee", "opened_by", "merged_into")
    found: Case | None = row_in(rows, object_id)
    return found


def context_of(case: Case, worker: Worker | None, at: datetime, *, with_bill: bool) -> dict[str, Any]:
    """Everything the page shows to somebody who works on cases, or only reads them."""
    state = State(case.state)
    thread = list(case.messages.select_related("author", "event").prefetch_related(case_files.with_files()).order_by("pk"))
    items = list(case.items.select_related("session__location", "session__entity", "session__connector__evse", "line__document"))
    shown = [_shown(item, place, with_bill and place < WITH_BILL) for place, item in enumerate(items)]
    return {
        "case": case,
        "zone": case.entity.time_zone or "UTC",
        "turn": TURNS[Turn(case.turn)],
        "due": due_of(case, at),
        "ended": state in ENDED,
        **mailing.context_of(case, thread, worker),
        "items": shown,
        "has_charts": any(one.record.get("power_chart") for one in shown),
        "history": [told(event) for event in case.events.select_related("actor").order_by("-seq")],
        "related": related(case, items),
        "chargebacks": [(one, due_to(one, at)) for one in case.chargebacks.select_related("entity").order_by("-pk")],
        "outside": [(one, due_to_body(one, at)) for one in asking_about(case)],
        "kept_open": is_kept_open(case),
        "worker": worker,
        "working_as": working_as(worker),
        "offered": offered(case, worker),
        "colleagues": colleagues() if worker else [],
        "causes": Cause.choices,
        "languages": Case._meta.get_field("language").choices,
        "reply_templates": replies.ready_for(case, items) if worker else [],
        "codes": [(code, words[0]) for code, words in INADMISSIBLE.items()],
        "outside_bodies": desk_of(case.entity).outside_bodies,
    }


def offered(case: Case, worker: Worker | None) -> set[str]:
    """Which forms the page has for this person: only moves whose execution is there."""
    if worker is None:
        return set()
    state = State(case.state)
    found = {
        form for form, (sources, target) in case_deeds.FORMS.items() if state in sources and target in targets(state, worker.role)
    }
    return found if state in ENDED else found | {"assign"}


def colleagues() -> list[User]:
    """Who may be given a case. Two queries."""
    may = Q(groups__permissions__codename="change_case", groups__permissions__content_type__app_label="disputes")
    return list(User.objects.filter(may, is_active=True, is_staff=True).distinct().order_by("username"))


def _shown(item: ContestedItem, place: int, with_bill: bool) -> Shown:
    session, zone = item.session, zone_of(item.session)
    explanation: Explanation | None = explain(session) if with_bill else None
    bill = {}
    if explanation and explanation.cdr:
        priced = session_price.context_of(session, explanation, zone)
        # Names of tables are told apart: two items may be lines of one session.
        label = f"Price line by line, item {place + 1}"
        bill = {**priced, "cdr": explanation.cdr, "explanation": explanation, "session": session, "label": label}
    cdr, lines = (explanation.cdr, explanation.lines) if explanation else (None, ())
    return Shown(item, zone, bill, recorded.context_of(session, cdr, lines, zone) if with_bill else {})


def _paid(request: HttpRequest, case: Case) -> list[Paid]:
    """What was paid on the documents it is about, for whoever may see it; of so many as are shown with their bill."""
    if not request.user.has_perms((READ_DOCUMENTS, READ_PAYMENTS)):
        return []
    documents = {one.document.pk: one.document for one in open_items(case) if one.document}
    return paid_on(list(documents.values())[:WITH_BILL], with_refunds=request.user.has_perm(READ_REFUNDS))


def related(case: Case, items: list[ContestedItem]) -> list[Case]:
    """Other cases of this customer, or about these EVSEs, the newest first."""
    about = Q(items__session__connector__evse__in={item.session.connector.evse_id for item in items})
    if case.customer_id:
        about |= Q(customer=case.customer_id)
    others = Case.objects.filter(about).exclude(pk=case.pk).distinct().order_by("-pk")
    return list(others[:MOST_RELATED])
