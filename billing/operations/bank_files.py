"""Takes bank files in: looked at first, then kept with every line that was not there yet."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from billing.bank_models import BankAccount, BankFile, BankLine, BankStatement
from billing.banking import BankFileContent, Line, Statement, keyed, read_bank_file
from billing.operations.refund_lines import confirm_named
from billing.operations.settlements import find_arrived
from billing.refund_lines import may_name_refunds
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


@dataclass(frozen=True, slots=True)
class StatementLines:
    """A statement of a file with its keyed lines; ``known`` are the keys that are there already."""

    statement: Statement
    lines: list[tuple[str, Line]]
    known: set[str]
    is_new_account: bool

    @property
    def new(self) -> list[tuple[str, Line]]:
        return [(key, line) for key, line in self.lines if key not in self.known]


def look_into(entity: LegalEntity, content: BankFileContent) -> list[StatementLines]:
    """What a file holds, statement by statement, and what of it is known. Raises UserError account_of_another."""
    accounts = _accounts(entity, content.statements)
    whole: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for statement in content.statements:
        whole[statement.account, statement.currency] += statement.lines
    # A line that two statements of one file hold counts once: it is new in the first of them.
    keys = {of: iter(keyed(lines)) for of, lines in whole.items()}
    found = []
    for statement in content.statements:
        of = (statement.account, statement.currency)
        account, lines = accounts.get(of), [next(keys[of]) for _ in statement.lines]
        found.append(StatementLines(statement, lines, _known(account, lines) if account else set(), account is None))
    return found


def _accounts(entity: LegalEntity, statements: tuple[Statement, ...]) -> dict[tuple[str, str], BankAccount]:
    numbers = {statement.account for statement in statements}
    rows = BankAccount.objects.filter(number__in=numbers).select_related("entity")
    found = {(account.number, account.currency): account for account in rows}
    for account in rows:
        if account.entity_id != entity.pk:
            raise UserError(
                "account_of_another",
                f"Account {account} belongs to {account.entity}, not to {entity}. Choose that company. Nothing was changed.",
                "entity",
            )
    return found


def _known(account: BankAccount, lines: list[tuple[str, Line]]) -> set[str]:
    keys, found = [key for key, _ in lines], set()
    for start in range(0, len(keys), 5000):
        there = BankLine.objects.filter(account=account, key__in=keys[start : start + 5000])
        found |= set(there.values_list("key", flat=True))
    return found


def upload_bank_file(*, entity: LegalEntity, name: str, content: bytes, actor: User | None, at: datetime) -> BankFile:
    """Keeps a file to be looked at; nothing of it counts yet. The same file again gives the one that is there.

    Raises UserError, keeping nothing: what read_bank_file raises, account_of_another.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    there = BankFile.objects.filter(entity=entity, sha256=sha256).defer("content").first()
    if there is not None:
        return there
    read = read_bank_file(content)
    look_into(entity, read)
    try:
        with transaction.atomic():
            file = BankFile.objects.create(
                entity=entity,
                name=name[:200] or "bank file",
                kind=read.kind,
                sha256=sha256,
                content=content,
                uploaded_by=actor,
                uploaded_at=at,
            )
            events.record(
                action="bank_file.upload",
                subject=file,
                summary=f"Bank file {file.name} uploaded",
                actor=actor,
                at=at,
                entity=entity,
                changes={"sha256": sha256},
            )
    except IntegrityError:
        # The same file from another window, at the same moment.
        return BankFile.objects.defer("content").get(entity=entity, sha256=sha256)
    return file


def take_in_bank_file(*, file: BankFile, actor: User | None, at: datetime) -> int:
    """Keeps every line of a file that was not there yet; how many those are. The same again keeps none and says 0.

    Lines that name refunds of ours, with exactly their amount, confirm them or say that they came
    back; those that name a payout of an acquirer bring it.

    Raises UserError, changing nothing: account_of_another, file_gone.
    """
    with transaction.atomic():
        bulk.lock_alone(BankFile, file.pk)
        found = BankFile.objects.select_related("entity").filter(pk=file.pk).first()
        if found is None:
            raise UserError("file_gone", "Somebody discarded this file. Upload it again. Nothing was changed.")
        if found.taken_in_at is not None:
            return 0
        entity, new = found.entity, 0
        content = read_bank_file(bytes(found.content))
        for statement in content.statements:
            BankAccount.objects.bulk_create(
                [BankAccount(entity=entity, number=statement.account, currency=statement.currency)], ignore_conflicts=True
            )
        accounts = _accounts(entity, content.statements)
        # Two files about one account wait for each other here, in one order: what one brought, the other knows.
        bulk.lock_alone(BankAccount, *(account.pk for account in accounts.values()))
        for looked_at in look_into(entity, content):
            account = accounts[looked_at.statement.account, looked_at.statement.currency]
            new += _keep(found, account, looked_at)
        kept = BankLine.objects.filter(statement__file=found).select_related("account__entity").order_by("pk")
        # Most lines name nothing of ours: only those that may are fetched.
        confirmed = confirm_named(entity=entity, lines=list(may_name_refunds(kept)), actor=actor, at=at)
        received = kept.filter(amount__gt=0, refund_lines__isnull=True)
        arrived = find_arrived(entity=entity, lines=received, actor=actor, at=at)
        found.taken_in_by, found.taken_in_at = actor, at
        found.save(update_fields=["taken_in_by", "taken_in_at"])
        events.record(
            action="bank_file.take_in",
            subject=found,
            summary=f"Bank file {found.name} taken in: {new} new lines"
            + (f", {confirmed} of them of refunds" if confirmed else "")
            + (f", {arrived} of them payouts of an acquirer" if arrived else ""),
            actor=actor,
            at=at,
            entity=entity,
        )
    return new


def _keep(file: BankFile, account: BankAccount, looked_at: StatementLines) -> int:
    statement, new = looked_at.statement, looked_at.new
    row = BankStatement.objects.create(
        file=file,
        account=account,
        number=statement.number,
        opening=statement.opening,
        closing=statement.closing,
        lines_in_file=len(looked_at.lines),
        lines_new=len(new),
    )
    BankLine.objects.bulk_create(
        [
            BankLine(
                statement=row,
                account=account,
                key=key,
                booked_on=line.booked_on,
                value_on=line.value_on,
                amount=line.amount,
                currency=line.currency,
                name=line.name,
                counterparty=line.counterparty,
                purpose=line.purpose,
                reference=line.reference,
                end_to_end=line.end_to_end,
                is_reversal=line.is_reversal,
            )
            for key, line in new
        ],
        batch_size=500,
    )
    return len(new)


def discard_bank_file(*, file: BankFile, actor: User | None, at: datetime) -> None:
    """Forgets a file that was only looked at. Raises UserError taken_in, changing nothing."""
    with transaction.atomic():
        bulk.lock_alone(BankFile, file.pk)
        found = BankFile.objects.select_related("entity").defer("content").filter(pk=file.pk).first()
        if found is None:
            return
        if found.taken_in_at is not None:
            raise UserError("taken_in", "This file was taken in, so it stays. Nothing was changed.")
        events.record(
            action="bank_file.discard",
            subject=found,
            summary=f"Bank file {found.name} discarded before it was taken in",
            actor=actor,
            at=at,
            entity=found.entity,
            changes={"sha256": found.sha256},
        )
        found.delete()
