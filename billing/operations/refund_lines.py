"""Lines of the bank that say a refund went out or came back: each counts once, and books what is not booked yet."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.bank_models import BankLine
from billing.operations.refund_moves import locked, mark_failed, mark_paid
from billing.payment_models import Payment
from billing.refund_lines import MAY_BE_PAID, named_by
from billing.refund_models import Refund, RefundBankLine, RefundDue, RefundState
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money

_PAID, _RETURNED = RefundBankLine.Kind.PAID, RefundBankLine.Kind.RETURNED


def confirm_refunds(*, line: BankLine, refunds: Sequence[Refund], actor: User | None, at: datetime) -> list[Refund]:
    """The money of a line that went out is these refunds', to the last cent: they are paid, on the line's day.

    What a person said was paid already is not booked again. The same again changes nothing. Raises UserError, changing
    nothing: line_taken, nothing_chosen, line_amount, refund_state, period_closed.
    """
    return _stand_for(line, refunds, _PAID, "", actor, at)


def return_refunds(
    *, line: BankLine, refunds: Sequence[Refund], reason: str = "the bank sent the money back", actor: User | None, at: datetime
) -> list[Refund]:
    """The money of a line that came in is these refunds', come back: they failed, and it is owed again. Raises as above."""
    return _stand_for(line, refunds, _RETURNED, reason, actor, at)


def _stand_for(
    line: BankLine, refunds: Sequence[Refund], kind: RefundBankLine.Kind, reason: str, actor: User | None, at: datetime
) -> list[Refund]:
    if not refunds:
        raise UserError("nothing_chosen", "Choose the refund it is of. Nothing was changed.")
    keys = sorted(one.pk for one in refunds)
    with transaction.atomic():
        bulk.lock_alone(RefundDue, *(one.due_id for one in refunds))
        found = [locked(Refund(pk=pk)) for pk in keys]
        bulk.lock_alone(BankLine, line.pk)
        line = BankLine.objects.select_related("account__entity").get(pk=line.pk)
        there = sorted(line.refund_lines.values_list("refund_id", flat=True))
        if there == keys:
            return found
        if there or Payment.objects.filter(bank_line=line).exists() or hasattr(line, "settlement"):
            raise UserError("line_taken", "Somebody decided about this line of the bank meanwhile. Nothing was changed.")
        _check(line, found, kind)
        # A bank may book ahead, for a day of tomorrow by our clock.
        paid_on = min(line.booked_on, line.account.entity.day_of(at))
        for refund in found:
            if kind == _PAID:
                mark_paid(refund=refund, paid_on=paid_on, reference=line.reference, actor=actor, at=at)
            else:
                mark_failed(refund=refund, reason=reason, on=paid_on, actor=actor, at=at)
            RefundBankLine.objects.create(refund=refund, bank_line=line, kind=kind, made_by=actor, made_at=at)
        events.record(
            action="refund.bank_line",
            subject=line,
            summary=f"{Money(abs(line.amount), line.currency)} of the bank is {', '.join(map(str, found))}"[:300],
            actor=actor,
            at=at,
            entity=line.account.entity,
            changes={"refunds": keys, "kind": kind.value},
        )
        return found


def _check(line: BankLine, refunds: Sequence[Refund], kind: RefundBankLine.Kind) -> None:
    entity_id = line.account.entity_id
    if any((one.due.entity_id, one.due.currency, one.method) != (entity_id, line.currency, "BANK") for one in refunds):
        raise UserError("line_target", "A line of the bank stands for bank transfers of its own company and currency."
                        " Nothing was changed.")  # fmt: skip
    total = sum((one.amount for one in refunds), Decimal(0))
    if total != (-line.amount if kind == _PAID else line.amount):
        raise UserError(
            "line_amount",
            f"The bank says {Money(line.amount, line.currency)}, the refunds are {Money(total, line.currency)}: choose what is"
            " exactly as much. Nothing was changed.",
        )
    may = MAY_BE_PAID if kind == _PAID else (RefundState.SENT, RefundState.UNKNOWN, RefundState.SUCCEEDED, RefundState.FAILED)
    taken = set(RefundBankLine.objects.filter(refund__in=refunds, kind=kind).values_list("refund_id", flat=True))
    for one in refunds:
        # Failed by hand and then sent back by the bank: what came in is that money, if it had gone out at all.
        never_went = one.state == RefundState.FAILED and not one.events.filter(state=RefundState.SUCCEEDED).exists()
        if one.state not in may or one.pk in taken or never_went:
            now = RefundState(one.state).label.lower()
            raise UserError("refund_state", f"Refund {one} is {now} by now. Look at it once more. Nothing was changed.")


def confirm_named(*, entity: LegalEntity, lines: Sequence[BankLine], actor: User | None, at: datetime) -> int:
    """Takes every line that names our own references with exactly their amount; how many. Call where lines are kept.

    One that can't be taken (its day is in no month that can be booked, say) is left for a person.
    """
    taken = 0
    # What went out before what came back of it.
    for meant in sorted(named_by(entity, lines), key=lambda one: (one.line.amount > 0, one.line.pk)):
        if not meant.is_certain:
            continue
        try:
            with transaction.atomic():
                does = confirm_refunds if meant.line.amount < 0 else return_refunds
                does(line=meant.line, refunds=meant.refunds, actor=actor, at=at)
            taken += 1
        except UserError:
            continue
    return taken
