"""Sessions that changed after they were billed: what differs, deciding about one or many, the second person, history."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.billed_differences import Changed, changed, waiting
from billing.chargeables import REASONS
from billing.credit_models import Correction
from billing.difference_models import DecidedDifference, DifferenceDecision
from billing.document_models import BilledDifference
from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.payment_frame import READ_DOCUMENTS, allow, form_key, frame
from chargebill.portal.review import money_of
from chargebill.portal.site import page

VIEW = "billing.view_billeddifference"
DECIDE, CONFIRM = "billing.add_differencedecision", "billing.add_differenceconfirmation"
PER_PAGE = 50
RELATED = ("session__chargeable__cdr__customer", "session__location", "session__entity", "customer")
Way = DifferenceDecision.Way
WAYS = {
    Way.CREDIT: (
        "Credit the difference only",
        "Where it costs less now: a credit note over the difference, at the rate that was billed. The session stays billed.",
    ),
    Way.AGAIN: (
        "Credit and bill again",
        "The session is credited whole and the next document takes it at its price of then, if nothing holds it.",
    ),
    Way.LEAVE: ("Leave it as it is", "The document stays right as it was issued. It waits again only if it changes once more."),
}
RETURNS = (
    (Correction.ReturnedTo.REFUND, "Refund", "Owed until it is paid out."),
    (Correction.ReturnedTo.CREDIT, "Credit of the customer", "A refund where nobody is known."),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of the form, and for how many of the sessions on the page it is open."""

    value: str
    title: str
    help: str
    sessions: int


def why_of(row: BilledDifference) -> str:
    """What changed, in words. Needs the session's Cdr and the customers."""
    cdr = row.session.chargeable.cdr
    if row.gross_amount is None:
        return REASONS.get(row.reason, "It would have no price now.")
    if row.customer_id != cdr.customer_id:
        return f"It would be billed to {row.customer.name if row.customer else 'nobody we know'}."
    if row.session_revision != cdr.session_revision:
        return "An import corrected its facts."
    return "Its price would be another."


def address(entity_id: int, **more: Any) -> str:
    return f"{reverse('admin:differences')}?{urlencode({'entity': entity_id, **more})}"


@page("billing/differences/", name="differences")
def index(request: HttpRequest) -> HttpResponse:
    """What waits, beside what was billed, and the form that decides about one, some or all of it."""
    allow(request, READ_DOCUMENTS, VIEW)
    entities = list(LegalEntity.objects.order_by("name"))
    entity = row_in(LegalEntity, request.GET.get("entity", "")) or (entities[0] if entities else None)
    if entity is None:
        return TemplateResponse(request, "portal/documents/differences.html", frame(request, "Changed after billing", rows=[]))
    refusal = None
    if request.method == "POST":
        allow(request, DECIDE)
        try:
            decision = _decided(request, entity)
        except UserError as error:
            refusal = error
        else:
            _say(request, decision)
            return redirect("admin:difference_decision", decision.pk)
    return TemplateResponse(request, "portal/documents/differences.html", _shown(request, entity, entities, refusal))


def _shown(request: HttpRequest, entity: LegalEntity, entities: list[LegalEntity], refusal: UserError | None) -> dict[str, Any]:
    rows, only = waiting(entity), key_in(request.GET.get("session", ""))
    if only is not None:
        rows = rows.filter(pk=only)
    ids = list(rows.values_list("pk", flat=True))
    shown = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    on_page = rows.filter(pk__in=list(shown.object_list)).select_related(*RELATED)
    found = changed(on_page)
    second = DifferenceDecision.objects.filter(entity=entity, needs_second=True, confirmation__isnull=True)
    return frame(
        request,
        "Changed after billing",
        ("Documents", reverse("admin:billing_document_changelist")),
        entity=entity,
        entities=entities,
        rows=[_row(one) for one in found],
        shown=shown,
        ids=ids,
        only=only,
        sign=_sign(ids),
        query=urlencode({"entity": entity.pk, **({"session": only} if only is not None else {})}),
        waiting=[(one, _amounts(one)) for one in second.select_related("decided_by").order_by("pk")],
        choices=[Choice(way, title, words, sum(not one.why_not(way) for one in found)) for way, (title, words) in WAYS.items()],
        returns=RETURNS,
        may_decide=request.user.has_perm(DECIDE),
        refusal=refusal,
        sent={name: request.POST.get(name, "")[:300] for name in ("scope", "way", "returned_to", "reason")},
        ticked=set(request.POST.getlist("session_id")),
        kept_key=form_key(request),
    )


def _row(one: Changed) -> dict[str, Any]:
    row, change, currency = one.row, one.change, one.document.currency
    closed = {words for way in (Way.CREDIT, Way.AGAIN) if (words := one.why_not(way))}
    return {
        "session": row.session,
        "document": one.document,
        "why": why_of(row),
        "left": written.money(one.left.gross, currency),
        "now": written.NOTHING if row.gross_amount is None else written.money(row.gross_amount, row.currency),
        "change": written.money(change, currency) if change is not None and row.currency == currency else written.NOTHING,
        "closed": sorted(closed),
    }


def _sign(ids: Sequence[int]) -> str:
    """Tells whether the list is still the one somebody looked at."""
    return hashlib.sha1(",".join(map(str, ids)).encode(), usedforsecurity=False).hexdigest()[:16]


def _amounts(decision: DifferenceDecision) -> str:
    return money_of({currency: Decimal(amount) for currency, amount in decision.amounts.items()})


def _decided(request: HttpRequest, entity: LegalEntity) -> DifferenceDecision:
    return pipeline.decide_differences(
        entity=entity,
        key=f"form:{form_key(request)}",
        session_ids=_ids_wanted(request, entity),
        way=request.POST.get("way", ""),
        returned_to=request.POST.get("returned_to", ""),
        reason=request.POST.get("reason", ""),
        actor=request.user,
        at=timezone.now(),
    )


def _ids_wanted(request: HttpRequest, entity: LegalEntity) -> list[int]:
    there = DifferenceDecision.objects.filter(entity=entity, key=f"form:{form_key(request)}").first()
    if there is not None:
        # Sent twice: by the first time nothing of it waits any more.
        return list(there.decided.values_list("session_id", flat=True))
    if request.POST.get("scope") == "all":
        ids = list(waiting(entity).values_list("pk", flat=True))
        if _sign(ids) != request.POST.get("sign"):
            raise UserError("list_changed", "The list changed since you opened it. Look at it once more. Nothing was changed.")
        return ids
    ids = [key for raw in request.POST.getlist("session_id") if (key := key_in(raw)) is not None]
    if not ids:
        raise UserError("nothing_ticked", "Tick the sessions it is about, or choose all of them. Nothing was changed.")
    return ids


def _say(request: HttpRequest, decision: DifferenceDecision) -> None:
    sessions = f"{decision.count} session{'s' if decision.count != 1 else ''}"
    left = waiting(decision.entity).count()
    rest = f" {left} still wait{'s' if left == 1 else ''}." if left else ""
    if decision.state == "waits":
        messages.warning(
            request,
            f"{decision.get_way_display()}: {sessions}. That much money takes a second person to confirm it.{rest}",
        )
    else:
        messages.success(request, f"{decision.get_way_display()}: {sessions} decided.{rest}")


def _found(pk: int) -> DifferenceDecision:
    rows = DifferenceDecision.objects.select_related("entity", "decided_by", "confirmation__by")
    decision = rows.filter(pk=pk).first() if pk < 2**63 else None
    if decision is None:
        raise Http404("There is no such decision.")
    return decision


@page("billing/differences/decisions/<int:pk>/", name="difference_decision")
@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """A decision with its sessions: what was left and would be, and what was done."""
    allow(request, READ_DOCUMENTS, VIEW)
    decision = _found(pk)
    decided = decision.decided.select_related("session", "document", "settled__credit_note").order_by("pk")
    shown = Paginator(decided, PER_PAGE).get_page(request.GET.get("page"))
    may = decision.state == "waits" and request.user.has_perm(CONFIRM)
    context = frame(
        request,
        f"{decision.get_way_display()}, {decision.count} session{'' if decision.count == 1 else 's'}",
        ("Changed after billing", address(decision.entity_id)),
        ("Decisions", reverse("admin:difference_history")),
        decision=decision,
        amounts=_amounts(decision),
        zone=decision.entity.time_zone or "UTC",
        rows=[_decided_row(one, decision) for one in shown.object_list],
        shown=shown,
        may_confirm=may and decision.decided_by_id != request.user.pk,
        is_own=may and decision.decided_by_id == request.user.pk,
    )
    return TemplateResponse(request, "portal/documents/difference_decision.html", context)


def _decided_row(one: DecidedDifference, decision: DifferenceDecision) -> dict[str, Any]:
    settled = getattr(one, "settled", None)
    note = settled.credit_note if settled else None
    done = "changed since, so it was left out" if decision.state == "done" and settled is None else ""
    if settled is not None and note is None:
        done = "stays as it is"
    return {
        "session": one.session,
        "document": one.document,
        "left": written.money(one.left_amount, one.document.currency),
        "now": written.NOTHING if one.gross_amount is None else written.money(one.gross_amount, one.currency),
        "note": note,
        "done": done,
    }


@page("billing/differences/decisions/<int:pk>/confirm/", name="difference_confirm")
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's word."""
    allow(request, READ_DOCUMENTS, VIEW, CONFIRM)
    accepted = request.POST.get("answer") == "confirm"
    try:
        pipeline.confirm_differences(decision=_found(pk), accepted=accepted, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Confirmed, and done." if accepted else "Refused: the sessions wait as before.")
    return redirect("admin:difference_decision", pk)


@page("billing/differences/history/", name="difference_history")
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Who decided what, and why, the newest first."""
    allow(request, READ_DOCUMENTS, VIEW)
    rows = DifferenceDecision.objects.select_related("entity", "decided_by", "confirmation__by").order_by("-pk")
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = frame(
        request,
        "Decisions",
        ("Changed after billing", reverse("admin:differences")),
        shown=shown,
        decisions=[(one, _amounts(one)) for one in shown.object_list],
    )
    return TemplateResponse(request, "portal/documents/difference_history.html", context)
