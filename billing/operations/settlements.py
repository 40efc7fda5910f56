"""Takes settlement files in, books their payouts, and finds the lines of the bank that bring them.

Payout: 1060 net and 6000 fee against 1055 gross, on its day. Arrived: 1000 against 1060, on the bank's day. So takings,
fees and the bank each count once, whichever file comes first.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.bank_models import BankLine
from billing.journal import Leg
from billing.operations.journal import post
from billing.operations.payments import book_day
from billing.payment_models import Payment
from billing.settlement_layouts import described, payouts_of, recognize
from billing.settlement_models import SettlementFile, SettlementPayout
from billing.settlements import Payout, read_settlement, read_table
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money

ZERO = Decimal(0)
BANK, TAKINGS, IN_TRANSIT, FEES = "1000", "1055", "1060", "6000"
# What no other reading of the columns would put right.
STAYS_WRONG = {"file_empty", "columns", "payout_differs"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A payout of a file, and whether it is there already."""

    payout: Payout
    is_known: bool


def look_into(entity: LegalEntity, payouts: Sequence[Payout], at: datetime) -> list[Seen]:
    """What of a file is known. Raises UserError payout_differs (there with other amounts) and paid_on (a day to come)."""
    there = {
        (row.reference, row.currency): row
        for row in SettlementPayout.objects.filter(entity=entity, reference__in={one.reference for one in payouts})
    }
    found = []
    for one in payouts:
        if one.paid_on > entity.day_of(at):
            raise UserError(
                "paid_on",
                f"{one.reference} is paid on {one.paid_on}, a day to come. Nothing was changed.",
                f"payout {one.reference}",
            )
        row = there.get((one.reference, one.currency))
        if row and (row.paid_on, row.gross_amount, row.fee_amount, row.net_amount) != (one.paid_on, one.gross, one.fee, one.net):
            raise UserError(
                "payout_differs",
                f"{one.reference} is there already, paid on {row.paid_on} with {Money(row.net_amount, row.currency)} net; this"
                f" file says {one.paid_on} and {Money(one.net, one.currency)}. Ask the acquirer. Nothing was changed.",
                f"payout {one.reference}",
            )
        found.append(Seen(one, row is not None))
    return found


def upload_settlement(*, entity: LegalEntity, name: str, content: bytes, actor: User | None, at: datetime) -> SettlementFile:
    """Keeps a file to be looked at; nothing of it counts yet. The same file again gives the one that is there.

    One that can't be read by its header is kept, too, for a person to say what its columns mean. Raises UserError, keeping
    nothing: what read_table raises, and STAYS_WRONG.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    there = SettlementFile.objects.filter(entity=entity, sha256=sha256).defer("content").first()
    if there is not None:
        return there
    layout = recognize(entity, read_table(content).header)
    try:
        look_into(entity, read_settlement(content, described(layout)), at)
    except UserError as problem:
        if problem.code in STAYS_WRONG:
            raise
    try:
        with transaction.atomic():
            file = SettlementFile.objects.create(
                entity=entity,
                name=name[:200] or "settlement",
                sha256=sha256,
                content=content,
                layout=layout,
                uploaded_by=actor,
                uploaded_at=at,
            )
            _say(file, "upload", f"Settlement file {file.name} uploaded", actor, at)
    except IntegrityError:
        # The same file from another window, at the same moment.
        return SettlementFile.objects.defer("content").get(entity=entity, sha256=sha256)
    return file


def take_in_settlement(*, file: SettlementFile, actor: User | None, at: datetime) -> int:
    """Books every payout of a file that was not there yet; how many those are. The same again books none and says 0.

    Raises UserError, changing nothing: file_gone, what read_settlement and look_into raise, period_closed.
    """
    with transaction.atomic():
        bulk.lock_alone(SettlementFile, file.pk)
        found = SettlementFile.objects.select_related("entity", "layout").filter(pk=file.pk).first()
        if found is None:
            raise UserError("file_gone", "Somebody discarded this file. Upload it again. Nothing was changed.")
        if found.taken_in_at is not None:
            return 0
        entity = found.entity
        # Two files with the same payout wait for each other here.
        bulk.lock_alone(LegalEntity, entity.pk)
        seen = look_into(entity, payouts_of(found), at)
        made = [_book(found, one.payout, actor, at) for one in seen if not one.is_known]
        found.taken_in_by, found.taken_in_at = actor, at
        found.save(update_fields=["taken_in_by", "taken_in_at"])
        _say(found, "take_in", f"Settlement file {found.name} taken in: {len(made)} new payouts", actor, at)
        # The bank may have said so before the acquirer did.
        waiting = BankLine.objects.filter(
            account__entity=entity, amount__in={one.net_amount for one in made}, payment__isnull=True,
            refund_lines__isnull=True, settlement__isnull=True,
        )  # fmt: skip
        find_arrived(entity=entity, lines=waiting.select_related("account__entity").order_by("pk"), actor=actor, at=at)
    return len(made)


def _book(file: SettlementFile, payout: Payout, actor: User | None, at: datetime) -> SettlementPayout:
    entity = file.entity
    made = SettlementPayout.objects.create(
        entity=entity,
        file=file,
        reference=payout.reference,
        paid_on=payout.paid_on,
        booked_on=book_day(entity, payout.paid_on, entity.day_of(at)),
        currency=payout.currency,
        gross_amount=payout.gross,
        fee_amount=payout.fee,
        net_amount=payout.net,
        terminals=payout.terminals,
    )
    legs = [Leg(IN_TRANSIT, payout.net, ZERO, payout.currency), Leg(TAKINGS, ZERO, payout.gross, payout.currency)]
    if payout.fee:
        legs.insert(1, Leg(FEES, payout.fee, ZERO, payout.currency))
    post(
        entity=entity,
        key=f"settlement:{made.pk}:1",
        effective_date=made.booked_on,
        legs=legs,
        description=f"Payout of the acquirer: {payout.reference}",
        source_type="settlement",
        source_id=str(made.pk),
        actor=actor,
        at=at,
    )
    return made


def payout_arrived(*, payout: SettlementPayout, line: BankLine, actor: User | None, at: datetime) -> SettlementPayout:
    """The money of a line of the bank is this payout's: it arrived, on the line's day. The same again changes nothing.

    Raises UserError, changing nothing: line_taken, already_arrived, line_amount, period_closed.
    """
    with transaction.atomic():
        bulk.lock_alone(SettlementPayout, payout.pk)
        bulk.lock_alone(BankLine, line.pk)
        payout = SettlementPayout.objects.select_related("entity").get(pk=payout.pk)
        line = BankLine.objects.select_related("account").get(pk=line.pk)
        if payout.bank_line_id == line.pk:
            return payout
        if payout.bank_line_id:
            raise UserError("already_arrived", f"{payout} arrived with another line of the bank. Nothing was changed.")
        is_taken = Payment.objects.filter(bank_line=line).exists() or line.refund_lines.exists()
        if is_taken or SettlementPayout.objects.filter(bank_line=line).exists():
            raise UserError("line_taken", "Somebody decided about this line of the bank meanwhile. Nothing was changed.")
        if (line.account.entity_id, line.currency, line.amount) != (payout.entity_id, payout.currency, payout.net_amount):
            raise UserError(
                "line_amount", "Choose a line of the bank with exactly the net amount of the payout. Nothing was changed."
            )
        payout.bank_line = line
        payout.save(update_fields=["bank_line"])
        today = payout.entity.day_of(at)
        post(
            entity=payout.entity,
            key=f"settlement_arrived:{payout.pk}:1",
            effective_date=book_day(payout.entity, min(line.booked_on, today), today),
            legs=[
                Leg(BANK, payout.net_amount, ZERO, payout.currency),
                Leg(IN_TRANSIT, ZERO, payout.net_amount, payout.currency),
            ],
            description=f"Payout of the acquirer arrived: {payout}",
            source_type="settlement",
            source_id=str(payout.pk),
            actor=actor,
            at=at,
        )
        events.record(
            action="settlement.arrive",
            subject=payout,
            summary=f"Payout {payout} of {Money(payout.net_amount, payout.currency)} arrived at the bank",
            actor=actor,
            at=at,
            entity=payout.entity,
            changes={"bank_line": line.pk},
        )
    return payout


def find_arrived(*, entity: LegalEntity, lines: Iterable[BankLine], actor: User | None, at: datetime) -> int:
    """Takes every line that names a payout in transit and has exactly its amount; how many. Others wait for a person."""
    waiting = list(SettlementPayout.objects.filter(entity=entity, bank_line__isnull=True))
    taken = 0
    for line in lines if waiting else ():
        said = _plain(f"{line.purpose} {line.end_to_end} {line.reference}")
        named = [
            one
            for one in waiting
            if (one.net_amount, one.currency) == (line.amount, line.currency) and f" {_plain(one.reference)} " in f" {said} "
        ]
        if len(named) == 1:
            try:
                payout_arrived(payout=named[0], line=line, actor=actor, at=at)
            except UserError:
                continue
            waiting.remove(named[0])
            taken += 1
    return taken


def _plain(text: str) -> str:
    """Words as they are compared: capitals, without what stands between."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.upper()).split())


def discard_settlement(*, file: SettlementFile, actor: User | None, at: datetime) -> None:
    """Forgets a file that was only looked at. Raises UserError taken_in, changing nothing."""
    with transaction.atomic():
        bulk.lock_alone(SettlementFile, file.pk)
        found = SettlementFile.objects.select_related("entity").defer("content").filter(pk=file.pk).first()
        if found is None:
            return
        if found.taken_in_at is not None:
            raise UserError("taken_in", "This file was taken in, so it stays. Nothing was changed.")
        _say(found, "discard", f"Settlement file {found.name} discarded before it was taken in", actor, at)
        found.delete()


def _say(file: SettlementFile, action: str, summary: str, actor: User | None, at: datetime) -> None:
    events.record(
        action=f"settlement.{action}",
        subject=file,
        summary=summary,
        actor=actor,
        at=at,
        entity=file.entity,
        changes={"sha256": file.sha256},
    )
