"""Puts agreed outcomes of cases right: credit notes and goodwill are issued, and counted, through the pipeline."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from billing.credit_models import TAKEN, Correction
from billing.goodwill_models import GoodwillGrant
from billing.operations.goodwill import grant_goodwill
from chargebill import pipeline
from chargebill.core.chores import chore
from disputes.chargeback_queries import held_up
from disputes.execution import dues_of
from disputes.models import Case, CaseEvent
from disputes.offers import open_items
from disputes.operations import execution
from disputes.outcome_models import ExecutionStep
from disputes.workflow.states import State

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


def _by_chargeback(step: ExecutionStep, case: Case) -> Correction | None:
    """The credit note a chargeback that was lost brought since this was agreed: at least that much is off the bill."""
    keys = [f"chargeback:{pk}" for pk in case.chargebacks.values_list("pk", flat=True)]
    since = Correction.objects.filter(document=step.document, key__in=keys, credit_note__issued_at__gte=step.planned_at)
    return since.filter(returned_to=TAKEN).first()


def _done(step: ExecutionStep, at: datetime) -> Correction | GoodwillGrant:
    """One credit note or goodwill, in the caller's transaction; done already, it is what there is."""
    offer, case = step.offer, step.offer.case
    reason = f"Case {case.number}: {offer.reason}"[:300]
    if step.kind == ExecutionStep.Kind.CREDIT:
        assert step.document is not None
        if there := _by_chargeback(step, case):
            return there
        note = pipeline.correct(
            document=step.document, key=step.key, amounts={int(pk): Decimal(amount) for pk, amount in step.amounts.items()},
            reason=reason, returned_to=offer.given_as, actor=offer.decided_by, at=at,
        )  # fmt: skip
        return Correction.objects.get(credit_note=note)
    document = next((one.document for one in open_items(case) if one.document), None)
    return grant_goodwill(
        entity=case.entity, key=step.key, customer=case.customer, document=document, amount=offer.amount,
        currency=case.currency, given_as=offer.given_as, reason=reason, letter=offer.letter, actor=offer.decided_by, at=at,
        is_agreed=True,
    )  # fmt: skip
