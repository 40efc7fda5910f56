"""Puts an agreed outcome right, step by step. What is done to bills and books is handed in by whoever may do it.

Every step is written down with its key before it is done, and stored as done in the transaction that does it. Killed at
any moment, it goes on with the first step that is not done, and what was done is not done again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.credit_models import Correction
from billing.goodwill_models import GoodwillGrant
from billing.operations.refund_moves import pay_by_hand
from billing.refunds import left_of
from chargebill.core import bulk
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.chargeback_queries import held_up
from disputes.clocks import histories
from disputes.desk import desk_of
from disputes.execution import Progress, dues_of, progress_of, wider_than_the_case
from disputes.facts import Said, facts_of
from disputes.letters import done_letter, held_letter
from disputes.models import Case, CaseEvent
from disputes.offers import current_offer
from disputes.operations.events import notify, refresh, write
from disputes.operations.moves import lock_case, move, step
from disputes.operations.payout_accounts import forget_account
from disputes.outcome_models import ExecutionStep, Offer
from disputes.workflow.moves import refusal
from disputes.workflow.states import Role, State
from stations.imports import lock_sources
from stations.models import SessionCorrection

_K, _S = ExecutionStep.Kind, ExecutionStep.State
# What does a step, in the transaction it is stored in: the credit note's correction, the goodwill, or the record put right;
# None where the record changed since.
DoesStep = Callable[[ExecutionStep, datetime], Correction | GoodwillGrant | SessionCorrection | None]
LEFT_AS_IT_IS = "What is on record about this session changed since it was agreed: that counts."
NOT_DONE = "Not done: the driver was paid another way."


def plan_steps(offer: Offer, *, at: datetime) -> list[ExecutionStep]:
    """Writes down what is to be done about what was agreed, once. Call in the transaction that agrees, the case locked."""
    if offer.steps.exists() or not offer.amount:
        return []
    found = []
    if offer.way == Offer.Way.GOODWILL:
        found.append(ExecutionStep(kind=_K.GOODWILL))
    else:
        amounts: dict[int, dict[str, str]] = defaultdict(dict)
        for part in offer.parts.select_related("line"):
            assert part.line is not None
            amounts[part.line.document_id][str(part.line_id)] = f"{part.fixed_amount:f}"
        found += [ExecutionStep(kind=_K.CREDIT, document_id=pk, amounts=of) for pk, of in sorted(amounts.items())]
    found += [ExecutionStep(kind=_K.RECORD, record=record) for record in offer.records.order_by("pk")]
    return _write_down(offer, found, at)


def _write_down(offer: Offer, found: list[ExecutionStep], at: datetime) -> list[ExecutionStep]:
    found.append(ExecutionStep(kind=_K.RETURN))
    for seq, one in enumerate(found, 1):
        one.offer, one.seq, one.planned_at = offer, seq, at
    return ExecutionStep.objects.bulk_create(found)


def plan_done(offer: Offer, did: Mapping[Correction, Mapping[int, Decimal]], *, at: datetime) -> None:
    """Writes down steps that credit notes of an incident did already, what each took by line: only the money is waited for.

    Call in the transaction that agrees, the case locked. No step is left to do, so nothing is credited a second time.
    """
    planned = [
        ExecutionStep(
            kind=_K.CREDIT, document_id=note.document_id, amounts={str(pk): f"{amount:f}" for pk, amount in amounts.items()}
        )
        for note, amounts in did.items()
    ]
    for one, note in zip(_write_down(offer, planned, at), did, strict=False):
        _keep_done(offer.case, one, note, at)
    refresh(offer.case)


def _keep_done(case: Case, one: ExecutionStep, made: Correction | GoodwillGrant | SessionCorrection | None, at: datetime) -> None:
    one.state, one.done_at, one.problem = _S.DONE, at, ""
    if isinstance(made, Correction):
        one.correction = made
    elif isinstance(made, GoodwillGrant):
        one.grant = made
    elif made is None:
        one.problem = LEFT_AS_IT_IS
    one.save(update_fields=["state", "done_at", "problem", "correction", "grant"])
    data = {"step": one.seq, "what": one.kind}
    write(case=case, kind=CaseEvent.Kind.DONE, role=Role.SYSTEM, actor=None, at=at, data=data, key=f"step:{one.key}")


def execute(*, case: Case, does: DoesStep, at: datetime) -> Case:
    """Goes as far as it can: begins (T17), does what is not done, ends (T18) or is stuck (T19). Again is the same."""
    case = _move_on(case, (State.EXECUTING,), at)
    while (one := _next(case)) is not None:
        if not _do(case, one, does, at):
            break
    return _move_on(case, (State.STUCK, State.RESOLVED), at)


def _next(case: Case) -> ExecutionStep | None:
    """Of what was agreed last: what an earlier agreement left undone was settled another way."""
    offer = current_offer(case) if case.state == State.EXECUTING else None
    if offer is None:
        return None
    return offer.steps.filter(state=_S.WAITING).exclude(kind=_K.RETURN).order_by("seq").first()


def _do(case: Case, one: ExecutionStep, does: DoesStep, at: datetime) -> bool:
    try:
        with transaction.atomic():
            if one.kind == _K.RECORD:
                # Before the company: an import holds its source, and then prices.
                lock_sources(case.entity_id)
            # Before the case: goodwill holds the company, and whoever holds that may wait for its cases.
            bulk.lock_alone(LegalEntity, case.entity_id)
            case = lock_case(case)
            bulk.lock_alone(ExecutionStep, one.pk)
            related = ("offer__case", "offer__decided_by", "document__entity", "record__session__entity")
            one = ExecutionStep.objects.select_related(*related).get(pk=one.pk)
            if one.state != _S.WAITING or case.state != State.EXECUTING:
                return True
            _keep_done(case, one, does(one, at), at)
            refresh(case)
    except UserError as error:
        ExecutionStep.objects.filter(pk=one.pk, state=_S.WAITING).update(state=_S.FAILED, problem=error.message[:300])
        return False
    return True


def _move_on(case: Case, targets: tuple[State, ...], at: datetime) -> Case:
    """The first of these moves that is allowed now, by ChargeBill itself."""
    with transaction.atomic():
        case = lock_case(case)
        for target in targets:
            facts = facts_of(case=case, said=Said(), history=histories([case.pk])[case.pk], desk=desk_of(case.entity), at=at)
            if refusal(State(case.state), target, Role.SYSTEM, facts) is not None:
                continue
            progress = progress_of(case, at)
            if target is State.RESOLVED:
                _finish(case, progress, at)
            step(case=case, target=target, role=Role.SYSTEM, actor=None, at=at, said=Said(reason=progress.problem))
            return case
    return case


def tell_held_up(*, case: Case, at: datetime) -> bool:
    """Tells the driver, once for what was agreed, that it waits for a chargeback; whether this was the time."""
    with transaction.atomic():
        case = lock_case(case)
        offer = current_offer(case)
        if offer is None or not held_up().filter(pk=case.pk).exists():
            return False
        key = f"held:{offer.version}"
        if case.events.filter(key=key).exists():
            return False
        notify(case=case, body=held_letter(case.language, case.number), at=at, key=key)
        refresh(case)
    return True


def _finish(case: Case, progress: Progress, at: datetime) -> None:
    """What was done, told to the driver; the account is not needed any more."""
    waiting = [one.pk for one in progress.steps if one.kind == _K.RETURN]
    ExecutionStep.objects.filter(pk__in=waiting, state__in=(_S.WAITING, _S.FAILED)).update(state=_S.DONE, done_at=at, problem="")
    notes = [one.correction.credit_note.number for one in progress.steps if one.correction]
    back = sum((due.amount for due in progress.dues), Decimal(0))
    is_right = any(one.kind == _K.RECORD and one.state == _S.DONE and not one.problem for one in progress.steps)
    letter = done_letter(
        case.language, case.number, notes, back, case.currency, beyond=bool(wider_than_the_case(progress.steps)),
        is_record_right=is_right,
    )  # fmt: skip
    notify(case=case, body=letter, at=at)
    forget_account(case, at=at)


def try_again(*, case: Case, reason: str, actor: User, at: datetime) -> Case:
    """Finance: the first attempt can't arrive any more, so what failed is done once more (T19).

    Raises UserError, changing nothing: reason, attempt_is_dead, not_in_table.
    """
    if not reason.strip():
        raise UserError("reason", "Say what was found out. Nothing was changed.", "reason")
    with transaction.atomic():
        case = move(case=case, target=State.EXECUTING, role=Role.FINANCE, actor=actor, at=at, said=Said(reason=reason))
        mine = ExecutionStep.objects.filter(offer=progress_of(case, at).offer).exclude(state=_S.DONE)
        mine.update(state=_S.WAITING, problem="")
    return case


def paid_outside(*, case: Case, reference: str, method: str, paid_on: date, actor: User, at: datetime) -> Case:
    """Finance: the driver was paid another way (T19b). What is still owed is booked as paid that day, with its reference.

    Raises UserError, changing nothing: has_outside_reference, not_in_table, refund_method, paid_on, period_closed,
    refund_under_way (it could be paid twice), owed_for_more (an incident owes it for other charges, too).
    """
    reference = reference.strip()[:140]
    with transaction.atomic():
        case = lock_case(case)
        progress = progress_of(case, at)
        case = move(
            case=case, target=State.RESOLVED, role=Role.FINANCE, actor=actor, at=at,
            said=Said(reason=reference, reference=reference),
        )  # fmt: skip
        _check_own(progress)
        for due in progress.dues:
            if due.left > 0:  # type: ignore[attr-defined]
                pay_by_hand(
                    due=due, key=f"case:{case.pk}", amount=left_of([due.pk])[due.pk], method=method, paid_on=paid_on,
                    reference=reference, actor=actor, at=at,
                )  # fmt: skip
        if any(due.state not in ("paid", "taken_back") for due in dues_of(progress.steps)):  # type: ignore[attr-defined]
            raise UserError(
                "refund_under_way",
                "A refund of this is on a list or on its way. Say what became of it first, on its page. Nothing was changed.",
            )
        undone = ExecutionStep.objects.filter(offer=progress.offer, kind=_K.RECORD, state=_S.WAITING)
        undone.update(state=_S.FAILED, problem=NOT_DONE)
        forget_account(case, at=at)
    return case


def _check_own(progress: Progress) -> None:
    """One reference says that this driver was paid, not that everybody was whom an incident's credit note owes something."""
    wider = wider_than_the_case(progress.steps)
    if any(due.left > 0 for due in dues_of(step for step in progress.steps if step.pk in wider)):  # type: ignore[attr-defined]
        raise UserError(
            "owed_for_more",
            "What is owed back is for more charges than this case is about. Book it on the page of what is owed, then say it"
            " here. Nothing was changed.",
        )
