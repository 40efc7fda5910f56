"""Moves chargebacks: where each stands, money the acquirer takes and gives back, what Finance decides.

Locks are taken in one order: the case, its chargeback, then documents and what follows in billing.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from billing.chargebacks import refunded_on
from billing.document_models import Document
from billing.goodwill_models import GoodwillGrant
from billing.operations.chargebacks import end_funds, withdraw_funds
from chargebill.core import bulk, events
from chargebill.core.chores import chore
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money
from disputes.chargeback_models import Chargeback, ChargebackEvent
from disputes.chargebacks import WORDS, Status, may_follow
from disputes.operations.events import store_due
from disputes.operations.moves import lock_case

AT_ONCE = 50
ZERO = Decimal(0)
_K = ChargebackEvent.Kind


def move_chargeback(
    *, chargeback: Chargeback, target: Status, text: str, on: date, credited: Decimal = ZERO, actor: User | None, at: datetime
) -> Chargeback:
    """Where it stands now, as the acquirer said on a day. Won and lost book what becomes of the money it took.

    ``credited``: what of a loss was credited in this transaction (chargebill/chargeback_losses.py). Won after something of
    the charge was credited: Finance is asked, and nobody is debited. Raises UserError, changing
    nothing: not_in_table, text_too_long, on, what end_funds raises.
    """
    text = _text(text)
    with transaction.atomic():
        found = lock_chargeback(chargeback)
        now = Status(found.status)
        if not may_follow(now, target):
            raise UserError(
                "not_in_table", f"{found} is “{WORDS[now]}” by now: it can’t become “{WORDS[target]}”. Nothing was changed."
            )
        if on > found.entity.day_of(at):
            raise UserError("on", "Enter a day that is not ahead. Nothing was changed.", "on")
        if found.funds and target in (Status.WON, Status.LOST):
            end_funds(funds=found.funds, won=target is Status.WON, on=on, credited=credited, actor=actor, at=at)
        found.asks_finance = target is Status.WON and _was_credited(found.document)
        found.status, found.is_answered = target, False
        found.save(update_fields=["status", "is_answered", "asks_finance"])
        keep(found, _K.MOVED, actor, at, came_from=now, to=target, text=text, asks=found.asks_finance)
        store_due(found.case)
        audit(found, "chargeback.move", f"{found}: {WORDS[now].lower()} to {WORDS[target].lower()}", actor, at, text)
    return found


def take_money(
    *, chargeback: Chargeback, amount: Decimal, fee: Decimal, on: date, actor: User | None, at: datetime
) -> Chargeback:
    """The acquirer took the money back. Raises UserError, changing nothing: no_claim (an inquiry, or it is over), taken,
    amount (more than the letter is about), what withdraw_funds raises."""
    with transaction.atomic():
        found = lock_chargeback(chargeback)
        if found.status not in (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW):
            raise UserError("no_claim", "Money is taken back while a claim is open, not for an inquiry. Nothing was changed.")
        if found.funds_id:
            raise UserError("taken", "What was taken back is entered already. Nothing was changed.")
        if amount > found.amount:
            raise UserError("amount", "That is more than the letter is about. Nothing was changed.", "amount")
        found.funds = withdraw_funds(
            document=found.document, key=f"chargeback:{found.pk}", reference=f"{found.case.number}, {found}"[:60], amount=amount,
            fee=fee, on=on, actor=actor, at=at,
        )  # fmt: skip
        found.save(update_fields=["funds"])
        said = f"{Money(amount, found.currency)} taken back"
        keep(found, _K.TAKEN, actor, at, text=said)
        audit(found, "chargeback.taken", f"{found}: {said}", actor, at)
    return found


def decide_late_win(*, chargeback: Chargeback, text: str, actor: User, at: datetime) -> Chargeback:
    """What Finance does about money that came back after it was credited, in words. Moves nothing by itself.

    Raises UserError, changing nothing: nothing_to_decide, text, text_too_long.
    """
    text = _text(text)
    if not text:
        raise UserError("text", "Say what was decided, and why. Nothing was changed.", "text")
    with transaction.atomic():
        found = lock_chargeback(chargeback)
        if not found.asks_finance:
            raise UserError("nothing_to_decide", "There is nothing to decide any more. Nothing was changed.")
        found.asks_finance = False
        found.save(update_fields=["asks_finance"])
        keep(found, _K.DECIDED, actor, at, text=text)
        audit(found, "chargeback.decide", f"{found}: decided what follows from a late win", actor, at, text)
    return found


@chore
def end_refunded_inquiries() -> int:
    """Ends inquiries about charges that went back in full; the acquirer has nothing left to claim. Returns how many."""
    now, ended = timezone.now(), 0
    open_ones = list(
        Chargeback.objects.filter(status=Status.INQUIRY, document__refund_dues__refunds__state="SUCCEEDED").distinct()[:AT_ONCE]
    )
    refunded = refunded_on({one.document_id for one in open_ones})
    for one in open_ones:
        if refunded.get(one.document_id, Decimal(0)) >= one.amount:
            day = one.entity.day_of(now)
            move_chargeback(chargeback=one, target=Status.CLOSED_INQUIRY, text="Refunded in full.", on=day, actor=None, at=now)
            ended += 1
    return ended


def _was_credited(document: Document) -> bool:
    return document.credit_notes.exists() or GoodwillGrant.objects.filter(document=document).exists()


def lock_chargeback(chargeback: Chargeback) -> Chargeback:
    """With its case, held until the transaction ends."""
    lock_case(chargeback.case)
    bulk.lock_alone(Chargeback, chargeback.pk)
    related = ("case__entity", "entity", "document__entity", "funds")
    return Chargeback.objects.select_related(*related).get(pk=chargeback.pk)


def keep(
    chargeback: Chargeback, kind: ChargebackEvent.Kind, actor: User | None, at: datetime, *, came_from: Status | None = None,
    to: Status | None = None, text: str = "", asks: bool = False,
) -> None:  # fmt: skip
    ChargebackEvent.objects.create(
        chargeback=chargeback, seq=chargeback.events.count() + 1, at=at, kind=kind, from_status=came_from or "",
        to_status=to or "", asks_finance=asks, text=text, actor=actor,
    )  # fmt: skip


def audit(chargeback: Chargeback, action: str, summary: str, actor: User | None, at: datetime, reason: str = "") -> None:
    changes = {"case": chargeback.case.number, "status": chargeback.status}
    events.record(
        action=action, subject=chargeback, summary=summary, actor=actor, at=at, entity=chargeback.entity, reason=reason,
        changes=changes,
    )  # fmt: skip


def _text(text: str) -> str:
    found = text.replace("\x00", "").strip()
    if len(found) > 1000:
        raise UserError("text_too_long", "Write at most 1,000 characters. Nothing was changed.", "text")
    return found
