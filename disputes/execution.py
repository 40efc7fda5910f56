"""Reads how far an agreed outcome is: its steps, and what is owed back from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Q

from billing.credit_models import Correction
from billing.document_models import DocumentLine
from billing.refund_models import Refund, RefundDue, RefundEvent, RefundState
from billing.refunds import with_state
from chargebill.core.money import Money
from disputes.incident_models import OF_INCIDENT, Incident
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
    steps = list(steps)
    notes = [step.correction for step in steps if step.correction]
    grants = [str(step.grant_id) for step in steps if step.grant_id]
    of_notes = [str(one.credit_note_id) for one in notes if one.returned_to == Correction.ReturnedTo.REFUND]
    wanted = Q(source_type="document", source_id__in=of_notes) | Q(source_type="goodwill", source_id__in=grants)
    rows = RefundDue.objects.select_related("customer", "document", "entity").filter(wanted)
    return list(with_state(rows).order_by("pk"))


def incident_of(steps: Iterable[ExecutionStep]) -> Incident | None:
    """The incident that did these steps; None where the case itself was put right. One query where there is one."""
    notes = _of_incidents(steps)
    if not notes:
        return None
    return Incident.objects.filter(lines__outcome__credit_note__in=[note.credit_note_id for _, note in notes]).first()


def wider_than_the_case(steps: Iterable[ExecutionStep]) -> set[int]:
    """Steps whose credit note takes back more lines than the case is about: an incident's, of a document with others on it.

    What it owes back is not this driver's alone. One query where there are such credit notes.
    """
    notes = _of_incidents(steps)
    lines: dict[int, set[int]] = {note.credit_note_id: set() for _, note in notes}
    rows = DocumentLine.objects.filter(document__in=lines, corrects__isnull=False) if notes else DocumentLine.objects.none()
    for note, line in rows.values_list("document", "corrects"):
        lines[note].add(line or 0)
    return {step.pk for step, note in notes if lines[note.credit_note_id] - {int(pk) for pk in step.amounts}}


def taken_by_incident(steps: Iterable[ExecutionStep]) -> Decimal | None:
    """What an incident's credit notes took off the lines these steps are about, gross; None where there is none."""
    notes = _of_incidents(steps)
    if not notes:
        return None
    lines = [int(pk) for step, _ in notes for pk in step.amounts]
    rows = DocumentLine.objects.filter(document__in=[note.credit_note_id for _, note in notes], corrects__in=lines)
    return sum(rows.values_list("gross_amount", flat=True), Decimal(0))


def own_dues_of(steps: Iterable[ExecutionStep]) -> list[RefundDue]:
    """Those that are all for what the case is about: an account its driver gives is for these."""
    steps = list(steps)
    wider = wider_than_the_case(steps)
    return dues_of(step for step in steps if step.pk not in wider)


def _of_incidents(steps: Iterable[ExecutionStep]) -> list[tuple[ExecutionStep, Correction]]:
    return [(step, step.correction) for step in steps if step.correction and step.correction.key.startswith(OF_INCIDENT)]


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
        problem=_problem(steps, dues, *_begun(case), at),
        is_dead=not Refund.objects.filter(due__in=dues, state__in=(RefundState.SENT, RefundState.UNKNOWN)).exists(),
    )


def _begun(case: Case) -> tuple[datetime | None, datetime | None]:
    """When it was last begun, and when it was taken up again: what failed before that was looked at.

    What an incident owes back may have failed before the case was even begun: nobody of the case has looked at that.
    """
    again = Max("at", filter=Q(from_state=State.STUCK))
    found = case.events.filter(to_state=State.EXECUTING).aggregate(begun=Max("at"), again=again)
    return found["begun"], found["again"]


def _problem(
    steps: list[ExecutionStep], dues: list[RefundDue], since: datetime | None, again: datetime | None, at: datetime
) -> str:
    for step in steps:
        if step.state == _S.FAILED and step.kind != _K.RETURN:
            return step.problem
        if step.state == _S.WAITING and step.kind != _K.RETURN and max(step.planned_at, since or at) + UNKNOWN_FOR < at:
            return f"{step.get_kind_display()} is not done after a day. {step.problem}".strip()
    events = RefundEvent.objects.filter(refund__due__in=dues)
    if again is not None:
        events = events.filter(made_at__gte=again)
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
