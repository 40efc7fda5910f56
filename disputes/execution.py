"""Reads how far an agreed outcome is: its steps, and what is owed back from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q

from billing.credit_models import Correction
from billing.refund_models import Refund, RefundDue, RefundEvent, RefundState
from billing.refunds import with_state
from chargebill.core.money import Money
from disputes.models import Case
from disputes.offers import current_offer
from disputes.outcome_models import ExecutionStep, Offer
from disputes.workflow.states import State

# What nobody knows the outcome of for longer than this is stuck.
UNKNOWN_FOR = timedelta(hours=24)
PUTS_RIGHT = (State.AGREED, State.EXECUTING, State.STUCK)
_K, _S = ExecutionStep.Kind, ExecutionStep.State


def steps_of(offer: Offer) -> list[ExecutionStep]:
    """In the order they are done in."""
    return list(
        offer.steps.select_related("document__entity", "correction__credit_note", "grant", "record__session").order_by("seq")
    )


def dues_of(steps: Iterable[ExecutionStep]) -> list[RefundDue]:
    """What is owed back because of these steps, with ``left`` and ``state`` (billing.refunds.with_state)."""
    notes = [step.correction for step in steps if step.correction]
    grants = [str(step.grant_id) for step in steps if step.grant_id]
    of_notes = [str(one.credit_note_id) for one in notes if one.returned_to == Correction.ReturnedTo.REFUND]
    wanted = Q(source_type="document", source_id__in=of_notes) | Q(source_type="goodwill", source_id__in=grants)
    rows = RefundDue.objects.select_related("customer", "document", "entity").filter(wanted)
    return list(with_state(rows).order_by("pk"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. ``problem`` says why something failed, "" while nothing has; ``is_dead``: nothing of what failed can
    still arrive."""

    offer: Offer | None = None
    steps: tuple[ExecutionStep, ...] = ()
    dues: tuple[RefundDue, ...] = ()
    is_planned: bool = False
    is_confirmed: bool = False
    problem: str = ""
    is_dead: bool = False


def progress_of(case: Case, at: datetime) -> Progress:
    """Of a case that is agreed, being put right, or stuck; of any other nothing is known."""
    if case.state not in PUTS_RIGHT:
        return Progress()
    offer = current_offer(case)
    if offer is None:
        return Progress()
    steps = steps_of(offer)
    dues = dues_of(steps)
    done = all(step.state == _S.DONE for step in steps if step.kind != _K.RETURN)
    return Progress(
        offer=offer,
        steps=tuple(steps),
        dues=tuple(dues),
        is_planned=bool(steps) or not offer.amount,
        # Taken back: the acquirer gave it back in our place (billing.operations.chargebacks.settle_dues).
        is_confirmed=done and all(due.state in ("paid", "taken_back") for due in dues),  # type: ignore[attr-defined]
        problem=_problem(steps, dues, _since(case), at),
        is_dead=not Refund.objects.filter(due__in=dues, state__in=(RefundState.SENT, RefundState.UNKNOWN)).exists(),
    )


def _since(case: Case) -> datetime | None:
    """When it was begun, or taken up again: what failed before was looked at."""
    begun: datetime | None = case.events.filter(to_state=State.EXECUTING).aggregate(at=Max("at"))["at"]
    return begun


def _problem(steps: list[ExecutionStep], dues: list[RefundDue], since: datetime | None, at: datetime) -> str:
    for step in steps:
        if step.state == _S.FAILED and step.kind != _K.RETURN:
            return step.problem
        if step.state == _S.WAITING and step.kind != _K.RETURN and max(step.planned_at, since or at) + UNKNOWN_FOR < at:
            return f"{step.get_kind_display()} is not done after a day. {step.problem}".strip()
    events = RefundEvent.objects.filter(refund__due__in=dues)
    if since is not None:
        events = events.filter(made_at__gte=since)
    failed = set(events.filter(state=RefundState.FAILED).values_list("refund__due", flat=True))
    for due in dues:
        state = due.state  # type: ignore[attr-defined]
        if state == "failed" and due.pk in failed:
            return f"The refund of {_money(due)} did not go through."
    if Refund.objects.filter(due__in=dues, state=RefundState.UNKNOWN, made_at__lt=at - UNKNOWN_FOR).exists():
        return "What became of a refund is not known for more than a day."
    return ""


def _money(due: RefundDue) -> Money:
    return Money(due.amount, due.currency)
