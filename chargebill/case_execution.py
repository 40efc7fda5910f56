"""Puts agreed outcomes of cases right: credit notes and goodwill are issued, and counted, through the pipeline."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from billing.chargebacks import losses_of
from billing.credit_models import Correction
from billing.documents import Fixed
from billing.goodwill_models import GoodwillGrant
from billing.operations.goodwill import grant_goodwill
from chargebill import pipeline
from chargebill.core.chores import chore
from chargebill.core.errors import UserError
from disputes.chargeback_models import Chargeback
from disputes.chargeback_queries import held_up
from disputes.execution import dues_of
from disputes.models import Case, CaseEvent
from disputes.offers import open_items
from disputes.operations import execution
from disputes.outcome_models import ExecutionStep
from disputes.workflow.states import State
from stations.corrections import Right
from stations.models import SessionCorrection

CHUNK = 500
_log = logging.getLogger(__name__)


@chore
def put_right() -> int:
    """Goes on with every case that can go on; returns how many. Every worker does it every few seconds.

    What a chargeback holds up is left alone until the acquirer has decided; its driver is told so once.
    """
    now, done = timezone.now(), 0
    begun = Case.objects.filter(state__in=[State.AGREED, State.EXECUTING]).select_related("entity").order_by("pk")
    last = 0
    while chunk := list(begun.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        held = _held(chunk)
        for case in _not_told(held):
            try:
                execution.tell_held_up(case=case, at=now)
            except Exception:
                _log.exception("The driver of case %s could not be told; it is tried again in a few seconds.", case.number)
        for case in _can_go_on([case for case in chunk if case.pk not in held], now):
            done += 1
            try:
                execute(case=case, at=now)
            except Exception:
                # The others go on. What is not done after a day is stuck, and Finance looks at it.
                _log.exception("Case %s could not be put right; it is tried again in a few seconds.", case.number)
    return done


def _held(cases: Sequence[Case]) -> set[int]:
    """Those that wait for an acquirer. One query, none where nothing is only agreed."""
    agreed = [case.pk for case in cases if case.state == State.AGREED]
    return set(held_up().filter(pk__in=agreed).values_list("pk", flat=True)) if agreed else set()


def _not_told(held: set[int]) -> list[Case]:
    """Those whose drivers don't know since it was agreed. One query, none where nobody waits."""
    if not held:
        return []
    agreed = CaseEvent.objects.filter(case=OuterRef("pk"), kind=CaseEvent.Kind.MOVED).order_by("-seq").values("seq")[:1]
    told = CaseEvent.objects.filter(case=OuterRef("pk"), key__startswith="held:", seq__gt=OuterRef("agreed"))
    waiting = Case.objects.filter(pk__in=held).alias(agreed=Subquery(agreed))
    return list(waiting.filter(~Exists(told)).select_related("entity").order_by("pk"))


def _can_go_on(cases: Sequence[Case], at: datetime) -> list[Case]:
    """Those with something to be done, or whose money arrived or failed; the rest waits for a payout. Two queries."""
    steps = ExecutionStep.objects.select_related("correction", "offer").filter(offer__case__in=cases)
    by_case: dict[int, list[ExecutionStep]] = defaultdict(list)
    for step in steps:
        by_case[step.offer.case_id].append(step)
    states = {(due.source_type, due.source_id): due.state for due in dues_of(steps)}  # type: ignore[attr-defined]
    return [case for case in cases if case.state == State.AGREED or not _waits(by_case[case.pk], states)]


def _waits(steps: Sequence[ExecutionStep], states: Mapping[tuple[str, str], str]) -> bool:
    """Whether all that is left to do is that money arrives."""
    if any(step.state != ExecutionStep.State.DONE for step in steps if step.kind != ExecutionStep.Kind.RETURN):
        return False
    mine = [states.get(("document", str(step.correction.credit_note_id))) for step in steps if step.correction]
    mine += [states.get(("goodwill", str(step.grant_id))) for step in steps if step.grant_id]
    return any(state in ("owed", "part", "listed", "sent") for state in mine)


def execute(*, case: Case, at: datetime) -> Case:
    """Goes as far as it can with one case; again is the same."""
    return execution.execute(case=case, does=_done, at=at)


def _by_chargebacks(step: ExecutionStep) -> list[Correction]:
    """Credit notes that lost chargebacks of the charge brought since this was agreed. Raises UserError recovered."""
    letters = Chargeback.objects.filter(document=step.document_id)
    keys = {f"chargeback:{pk}" for pk in letters.values_list("pk", flat=True)}
    rows = Correction.objects.filter(document=step.document_id, key__in=keys, credit_note__issued_at__gte=step.planned_at)
    notes = list(rows.select_related("credit_note").order_by("pk"))
    won = {f"chargeback:{pk}" for pk in letters.filter(funds__ends__kind="RECOVERED").values_list("pk", flat=True)}
    if back := [note for note in notes if note.key in won]:
        raise UserError(
            "recovered",
            f"{back[0].credit_note} took it off the bill, and then the acquirer’s money came back: the driver is still owed it,"
            " and it stands on account 2300. Give it back, and say how.",
        )
    return notes


def _rest(step: ExecutionStep, notes: Sequence[Correction]) -> dict[int, Decimal]:
    """What is still to be taken off by line, on the side the document fixes: what was agreed, less what these notes took."""
    rest = {int(pk): Decimal(amount) for pk, amount in step.amounts.items()}
    for note in notes:
        by_net = Fixed(note.credit_note.anchor) is Fixed.NET
        for line in note.credit_note.lines.filter(corrects__in=rest):
            rest[line.corrects_id or 0] -= line.net_amount if by_net else line.gross_amount
    return {pk: amount for pk, amount in rest.items() if amount > 0}


def _done(step: ExecutionStep, at: datetime) -> Correction | GoodwillGrant | SessionCorrection | None:
    """One credit note, goodwill or record put right, in the caller's transaction; done already, it is what there is."""
    offer, case = step.offer, step.offer.case
    reason = f"Case {case.number}: {offer.reason}"[:300]
    if record := step.record:
        right = Right(energy_kwh=record.energy_kwh, ended_at=record.ended_at)
        return pipeline.correct_record(
            session=record.session, revision=record.session_revision, right=right, key=step.key, reason=reason,
            actor=offer.decided_by, at=at,
        )  # fmt: skip
    if step.kind == ExecutionStep.Kind.CREDIT:
        assert step.document is not None
        notes = _by_chargebacks(step)
        rest = _rest(step, notes)
        if notes and not rest:
            return notes[-1]
        note = pipeline.correct(
            document=step.document, key=step.key, amounts=rest, reason=reason, returned_to=offer.given_as,
            actor=offer.decided_by, at=at,
        )  # fmt: skip
        return Correction.objects.get(credit_note=note)
    document = next((one.document for one in open_items(case) if one.document), None)
    if document and losses_of(document.pk).filter(made_at__gte=step.planned_at).exists():
        raise UserError(
            "lost_already",
            f"A chargeback of {document} was lost since this was agreed: the driver has that money, and nothing is given on top"
            " of it by itself. Say what was done about it, with the chargeback’s reference.",
        )
    return grant_goodwill(
        entity=case.entity, key=step.key, customer=case.customer, document=document, amount=offer.amount,
        currency=case.currency, given_as=offer.given_as, reason=reason, letter=offer.letter, actor=offer.decided_by, at=at,
        is_agreed=True,
    )  # fmt: skip
