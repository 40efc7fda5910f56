"""Corrects documents: a credit note for a whole document, whole lines or parts of them, with its entry in the books.

Locks are taken in one order: the company where sessions are billed again, the document, its sessions, the counter.
Payments and what takes them back hold the document, too (billing/operations/payments.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing import chargeables
from billing.chargeables import Standing, State
from billing.chargebacks import held_funds, lost_on
from billing.credit_models import TAKEN, Correction
from billing.credits import LineLeft, MoneyLeft, lines_left, money_left
from billing.document_models import BilledDifference, Document, DocumentLine
from billing.documents import Amounts, Fixed, add_up, credit_revenue
from billing.operations.credit_entries import post_credit_note
from billing.operations.credit_notes import Back, issue_credit_note
from billing.operations.refunds import owe
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money

ZERO = Decimal(0)
ReturnedTo = Correction.ReturnedTo


@dataclass(frozen=True, slots=True)
class Plan:
    """A credit note to be: its lines, their sum, and what of the gross was open and what was paid."""

    lines: tuple[Back, ...]
    total: Amounts
    open_amount: Decimal
    returned_amount: Decimal


@dataclass(frozen=True, slots=True)
class Corrected:
    """A credit note, and the sessions with nothing left on any of their lines: ``freed``, where they stood before."""

    credit_note: Document
    freed: tuple[Standing, ...]


def plan(*, document: Document, amounts: Mapping[int, Decimal] | None) -> Plan:
    """What a credit note would take back; changes nothing. ``amounts`` as in correct. Raises UserError as correct does."""
    if document.is_credit_note:
        raise UserError("is_credit_note", "A credit note is not corrected: correct the document it is of. Nothing was changed.")
    fixed, currency = Fixed(document.anchor), document.currency
    lines = lines_left(document, amounts)
    if amounts is not None and (not amounts or len(lines) != len(amounts)):
        raise UserError("nothing_chosen", "Choose what is taken back. Nothing was changed.", "lines")
    found = []
    for one in lines:
        wanted = one.left_on(fixed) if amounts is None else amounts[one.line.pk]
        if amounts is None and not any((one.left.net, one.left.tax, one.left.gross)):
            continue
        found.append(_back(one, wanted, fixed, currency))
    total = add_up(back.amounts for back in found)
    if not total.gross:
        raise UserError("nothing_left", "Nothing is left that could be credited. Nothing was changed.")
    return _with_money(found, total, money_left(document))


def _with_money(found: Sequence[Back], total: Amounts, money: MoneyLeft) -> Plan:
    """What is open is taken off first: nobody is asked to pay what they get back."""
    off = min(total.gross, money.open)
    return Plan(tuple(found), total, off, total.gross - off)


def _back(one: LineLeft, wanted: Decimal, fixed: Fixed, currency: str) -> Back:
    try:
        if wanted == one.left_on(fixed):
            # A line that costs nothing goes back whole, too.
            amounts = one.left
        else:
            amounts = one.taking(wanted, fixed, currency)
        return Back(one, amounts, credit_revenue(one.accounts, amounts.net, currency))
    except (ValueError, ArithmeticError):
        raise UserError(
            "over_line",
            f"Of line {one.line.position}, session {one.line.session_number}, {Money(one.left_on(fixed), currency)} can be"
            f" credited {'excl.' if fixed is Fixed.NET else 'incl.'} VAT, not {wanted:f}. Nothing was changed.",
            f"line-{one.line.pk}",
        ) from None


def correct(
    *,
    document: Document,
    key: str,
    amounts: Mapping[int, Decimal] | None,
    reason: str,
    returned_to: str = "",
    bill_again: bool = False,
    actor: User | None,
    at: datetime,
) -> Corrected:
    """Issues a credit note at each line's own rate: ``amounts`` by line key on the side the document fixes; None: all left.

    What is open on the document is taken off first. What was paid goes where ``returned_to`` says: REFUND (owed until it is
    refunded) or CREDIT (the customer's); TAKEN where an acquirer took it, as only the end of a chargeback says. A session with
    nothing left on its lines is credited; with ``bill_again`` it is ready again, and the caller prices it anew in the same
    transaction and counts (chargebill.pipeline.correct).

    ``key`` is of the one intent: the same key with the same content gives the credit note that is there. Raises UserError,
    changing nothing: reason_missing, reason_too_long, is_credit_note, nothing_chosen, over_line, nothing_left, returned_to
    (not said, or a credit of nobody known), over_taken (more than acquirers hold), lost_already
    (acquirers gave it back for good), bill_again_partly, bill_again_collected,
    correction_key_used, period_closed.
    """
    reason = reason_in(reason)
    if not 0 < len(key) <= 100 or "\x00" in key:
        raise ValueError(f"{key!r} is no key.")
    with transaction.atomic():
        if bill_again:
            bulk.lock_alone(LegalEntity, document.entity_id)
        bulk.lock_alone(Document, document.pk)
        document = Document.objects.select_related("entity", "customer").get(pk=document.pk)
        if there := Correction.objects.select_related("credit_note").filter(document=document, key=key).first():
            _check_same(there, reason, amounts)
            return Corrected(there.credit_note, ())
        if bill_again and document.is_collected:
            raise UserError(
                "bill_again_collected",
                "Another system took this money, once: billed again, it would count twice. Credit what was too much instead."
                " Nothing was changed.",
                "bill_again",
            )
        planned = plan(document=document, amounts=amounts)
        if planned.returned_amount:
            _check_target(document, planned, returned_to)
        note, lines = issue_credit_note(document=document, backs=planned.lines, actor=actor, at=at)
        correction = Correction.objects.create(
            credit_note=note,
            document=document,
            key=key,
            reason=reason,
            open_amount=planned.open_amount,
            returned_amount=planned.returned_amount,
            returned_to=returned_to if planned.returned_amount else "",
        )
        freed = _free(document, planned.lines, bill_again=bill_again, at=at)
        post_credit_note(note, lines, correction, actor, at)
        if correction.returned_to == ReturnedTo.REFUND:
            owe(
                entity=document.entity,
                customer=document.customer,
                document=document,
                amount=correction.returned_amount,
                currency=document.currency,
                source_type="document",
                source_id=str(note.pk),
                key=f"credit_note:{note.pk}",
                actor=actor,
                at=at,
            )
        events.record(
            action="document.correct",
            subject=document,
            summary=f"Credit note {note.number}: {Money(note.gross_amount, note.currency)} of {document.number}",
            actor=actor,
            at=at,
            entity=document.entity,
            reason=reason,
            changes={
                "key": key, "credit_note": note.number, "open": f"{correction.open_amount:f}",
                "returned": f"{correction.returned_amount:f}", "returned_to": correction.returned_to, "bill_again": bill_again,
            },
        )  # fmt: skip
    return Corrected(note, freed)


def reason_in(reason: str) -> str:
    """A reason as it is kept. Raises UserError."""
    reason = reason.strip()
    if not reason:
        raise UserError("reason_missing", "Say why. Nothing was changed.", "reason")
    if len(reason) > 300 or "\x00" in reason:
        raise UserError("reason_too_long", "Say it in 300 characters or less. Nothing was changed.", "reason")
    return reason


def _check_target(document: Document, planned: Plan, returned_to: str) -> None:
    amount = planned.returned_amount
    said = Money(amount, document.currency)
    if returned_to == TAKEN:
        held = sum(held_funds().filter(document=document).values_list("amount", flat=True), ZERO)
        if amount > held:
            raise UserError(
                "over_taken",
                f"{said} of it was paid, and the acquirer took {Money(held, document.currency)} of that: credit that or less"
                " against it. Nothing was changed.",
            )
        return
    if returned_to not in ReturnedTo.values:
        raise UserError(
            "returned_to", f"{said} of it was paid. Say where that goes: a refund, or credit. Nothing was changed.", "returned_to"
        )
    if returned_to == ReturnedTo.CREDIT and document.customer_id is None:
        raise UserError("returned_to", f"Nobody known could use {said} as credit: refund it. Nothing was changed.", "returned_to")
    if (lost := lost_on(document.pk)) and amount > (kept := money_left(document).kept - lost):
        raise UserError(
            "lost_already",
            f"The acquirer gave {Money(lost, document.currency)} of {document} back to the cardholder for good:"
            f" {Money(max(kept, ZERO), document.currency)} is left to give back. Nothing was changed.",
        )


def _check_same(there: Correction, reason: str, amounts: Mapping[int, Decimal] | None) -> None:
    fixed = Fixed(there.credit_note.anchor)
    rows = there.credit_note.lines.all()
    said = {row.corrects_id: row.net_amount if fixed is Fixed.NET else row.gross_amount for row in rows}
    if there.reason != reason or (amounts is not None and said != dict(amounts)):
        raise UserError(
            "correction_key_used", "This form was sent before, with something else in it. Open it anew. Nothing was changed."
        )


def _free(document: Document, backs: Sequence[Back], *, bill_again: bool, at: datetime) -> tuple[Standing, ...]:
    """Sessions of these lines with nothing left on any of their lines here: credited, or ready to be billed again."""
    touched = {back.of.line.session_id for back in backs}
    rest = lines_left(document, DocumentLine.objects.filter(document=document, session__in=touched).values_list("pk", flat=True))
    kept = {one.line.session_id for one in rest if one.left.gross or one.left.net}
    if bill_again and kept:
        raise UserError(
            "bill_again_partly",
            "A session is billed again only after it was credited whole: credit all of its lines. Nothing was changed.",
            "bill_again",
        )
    standings = chargeables.lock(touched - kept)
    old = {pk: standing for pk, standing in standings.items() if standing.state == State.DOCUMENTED}
    credited = {pk: _moved(standing, State.CREDITED) for pk, standing in old.items()}
    chargeables.move(new=credited.values(), old=old, at=at)
    # Nothing of it is billed any more, so nothing differs from what is billed.
    BilledDifference.objects.filter(pk__in=old).delete()
    if bill_again:
        chargeables.move(new=[_moved(s, State.READY) for s in credited.values()], old=credited, at=at)
    return tuple(old.values())


def _moved(standing: Standing, state: str) -> Standing:
    return Standing(standing.session_id, state, "", standing.cdr_id)
