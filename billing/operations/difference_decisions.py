"""Decides about sessions that changed after they were billed: credit the difference, bill them again, leave them.

A session that costs more now is only billed again: a line's amount is its session's price, and a session stands on one
line at a time (docs/decisions/0011), so a line of the difference alone would be neither.

Locks are taken in the order of credits.py: the company, the documents, their sessions, the counter. Whoever prices
holds the company, too, so no difference moves meanwhile. What is freed is priced anew and counted by the caller in the
same transaction (chargebill.pipeline.decide_differences).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing import chargeables
from billing.billed_differences import Changed, changed, documents_of, pending
from billing.chargeables import Standing
from billing.credit_models import Correction
from billing.difference_models import DecidedDifference, DifferenceConfirmation, DifferenceDecision, SettledDifference
from billing.document_models import BilledDifference, Document
from billing.operations.credits import correct, reason_in
from billing.operations.second_person import is_above_limit, keep_word
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import round_money

Way, ReturnedTo = DifferenceDecision.Way, Correction.ReturnedTo
ZERO = Decimal(0)
# Credit notes of one decision: each is a document with its number, lines and entry, written while somebody waits.
MOST_DOCUMENTS = 100
_SAID = (
    "session_revision", "customer_id", "state", "reason", "currency", "net_amount", "tax_amount", "gross_amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and the sessions with nothing left on any of their lines: ``freed``, where they stood before."""

    decision: DifferenceDecision
    freed: tuple[Standing, ...] = ()


def decide(
    *,
    entity: LegalEntity,
    key: str,
    session_ids: Sequence[int],
    way: str,
    returned_to: str,
    reason: str,
    actor: User | None,
    at: datetime,
    is_agreed: bool = False,
) -> Decided:
    """Decides about those of the sessions that differ and that this way is open for; the rest stays.

    Above the company's limit nothing is done before a second person confirms it. ``returned_to`` says where money goes that
    was paid; credit of a customer is a refund where nobody is known. ``is_agreed``: whoever had to has agreed to it elsewhere,
    in a case. ``key`` is of the one intent: the same key with the
    same content gives the decision that is there. Raises UserError, changing nothing: reason_missing, reason_too_long,
    way_missing, returned_to, already_decided when none of them waits any more, way_closed when the way is open for none,
    too_many, decision_key_used, and what correcting raises (period_closed).
    """
    reason = reason_in(reason)
    if way not in Way.values:
        raise UserError("way_missing", "Choose what to do. Nothing was changed.", "way")
    returned_to = "" if way == Way.LEAVE else returned_to
    if way != Way.LEAVE and returned_to not in ReturnedTo.values:
        raise UserError("returned_to", "Say where money goes that was paid. Nothing was changed.", "returned_to")
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, entity.pk)
        if there := DifferenceDecision.objects.filter(entity=entity, key=key).first():
            _check_same(there, way, returned_to, reason, session_ids)
            return Decided(there)
        found = _held(entity, set(session_ids))
        if not found:
            raise UserError("already_decided", "Nothing about these sessions waits any more. Nothing was changed.")
        open_to = [one for one in found if not one.why_not(Way(way))]
        if not open_to:
            raise UserError("way_closed", f"{found[0].why_not(Way(way))} Choose another way. Nothing was changed.", "way")
        if way != Way.LEAVE and len({one.document.pk for one in open_to}) > MOST_DOCUMENTS:
            raise UserError(
                "too_many", f"That is more than {MOST_DOCUMENTS} credit notes: decide about a part first. Nothing was changed."
            )
        decision = _decision(entity, key, way, returned_to, reason, open_to, actor, at, is_agreed=is_agreed)
        freed = () if decision.needs_second else _carry_out(decision, open_to, actor, at)
    return Decided(decision, freed)


def _held(entity: LegalEntity, session_ids: set[int]) -> list[Changed]:
    """Those of the sessions that differ and that no decision waits for, their documents and places locked."""
    rows = BilledDifference.objects.filter(session__entity=entity, pk__in=session_ids).exclude(
        pk__in=pending().filter(session__in=session_ids).values("session")
    )
    ids = set(rows.values_list("pk", flat=True))
    bulk.lock_alone(Document, *documents_of(ids).values())
    chargeables.lock(ids)
    return changed(BilledDifference.objects.filter(pk__in=ids).select_related("session__chargeable").order_by("pk"))


def _check_same(there: DifferenceDecision, way: str, returned_to: str, reason: str, session_ids: Sequence[int]) -> None:
    decided = set(there.decided.values_list("session_id", flat=True))
    if (there.way, there.returned_to, there.reason) != (way, returned_to, reason) or not decided <= set(session_ids):
        raise UserError(
            "decision_key_used", "This form was sent before, with something else in it. Open it anew. Nothing was changed."
        )


def _decision(
    entity: LegalEntity,
    key: str,
    way: str,
    returned_to: str,
    reason: str,
    found: Sequence[Changed],
    actor: User | None,
    at: datetime,
    *,
    is_agreed: bool,
) -> DifferenceDecision:
    amounts = amounts_of(found)
    decision = DifferenceDecision.objects.create(
        entity=entity,
        key=key,
        way=way,
        reason=reason,
        returned_to=returned_to,
        count=len(found),
        amounts={currency: f"{round_money(amount, currency):f}" for currency, amount in sorted(amounts.items())},
        needs_second=not is_agreed and is_above_limit(entity, amounts.values()),
        decided_by=actor,
        decided_at=at,
    )
    DecidedDifference.objects.bulk_create(
        [
            DecidedDifference(
                decision=decision,
                session_id=one.row.pk,
                document=one.document,
                cdr_id=one.cdr_id,
                left_amount=one.left.gross,
                **{name: getattr(one.row, name) for name in _SAID},
            )
            for one in found
        ],
        batch_size=500,
    )
    waits = ", waits for a second person" if decision.needs_second else ""
    events.record(
        action="difference.decide",
        subject=decision,
        summary=f"{decision.get_way_display()}: {_sessions(len(found))} changed after billing{waits}",
        actor=actor,
        at=at,
        entity=entity,
        reason=reason,
        changes={"way": way, "amounts": decision.amounts, "returned_to": returned_to},
    )
    return decision


def amounts_of(found: Iterable[Changed]) -> dict[str, Decimal]:
    """The money a decision is about, by currency of the documents, incl. tax."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        amounts[one.document.currency] += one.at_stake
    return dict(amounts)


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"


def confirm(*, decision: DifferenceDecision, accepted: bool, actor: User, at: datetime) -> Decided:
    """The second person's yes or no. What changed since it was decided is left out and waits: it was not about that.

    Raises UserError, changing nothing: own_decision for whoever decided, already_confirmed, needs_no_second, and what
    correcting raises (period_closed).
    """
    freed: tuple[Standing, ...] = ()
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, decision.entity_id)
        decision = DifferenceDecision.objects.select_related("entity").get(pk=decision.pk)
        keep_word(decision, DifferenceConfirmation, accepted=accepted, actor=actor, at=at)
        still: list[Changed] = []
        if accepted:
            decided = {one.session_id: one for one in decision.decided.all()}
            found = _held(decision.entity, set(decided))
            still = [one for one in found if _is_as_decided(one, decided[one.row.pk]) and not one.why_not(Way(decision.way))]
            freed = _carry_out(decision, still, actor, at)
        said = f"{'Confirmed' if accepted else 'Refused'}: {decision.get_way_display()}, {_sessions(decision.count)}"
        if accepted and len(still) < decision.count:
            said += f", {decision.count - len(still)} of them left out: changed since"
        events.record(
            action="difference.confirm" if accepted else "difference.refuse",
            subject=decision,
            summary=said,
            actor=actor,
            at=at,
            entity=decision.entity,
        )
    return Decided(decision, freed)


def _is_as_decided(one: Changed, decided: DecidedDifference) -> bool:
    now = (one.document.pk, one.cdr_id, one.left.gross, *(getattr(one.row, name) for name in _SAID))
    then = (decided.document_id, decided.cdr_id, decided.left_amount, *(getattr(decided, name) for name in _SAID))
    return now == then


def _carry_out(decision: DifferenceDecision, found: Sequence[Changed], actor: User | None, at: datetime) -> tuple[Standing, ...]:
    """Does what was decided about these, a credit note for each document, and takes their differences off the list."""
    notes: dict[int, Document] = {}
    freed: list[Standing] = []
    if decision.way != Way.LEAVE:
        of: dict[int, list[Changed]] = defaultdict(list)
        for one in found:
            of[one.document.pk].append(one)
        for pk, ones in sorted(of.items()):
            document = ones[0].document
            corrected = correct(
                document=document,
                key=f"difference:{decision.pk}",
                amounts={line: amount for one in ones for line, amount in one.amounts(Way(decision.way)).items()},
                reason=decision.reason,
                returned_to=decision.returned_to if document.customer_id else ReturnedTo.REFUND,
                bill_again=decision.way == Way.AGAIN,
                actor=actor,
                at=at,
            )
            notes[pk] = corrected.credit_note
            freed += corrected.freed
    ids = dict(decision.decided.filter(session__in=[one.row.pk for one in found]).values_list("session_id", "pk"))
    SettledDifference.objects.bulk_create(
        [
            SettledDifference(decided_id=ids[one.row.pk], credit_note=notes.get(one.document.pk), at=at)
            for one in sorted(found, key=lambda one: ids[one.row.pk])
        ],
        batch_size=500,
    )
    BilledDifference.objects.filter(pk__in=list(ids)).delete()
    return tuple(freed)
