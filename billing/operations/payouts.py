"""Payout lists: one person prepares, another releases; what was released goes to the bank and is confirmed by it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.bank_models import BankAccount
from billing.operations.refund_moves import locked, move, prepare_refund
from billing.payout_models import PayoutFile, PayoutList
from billing.payouts import PayoutContent, Transfer, checked_payee, fits_sepa, pain001, payout_csv
from billing.refund_models import Refund, RefundDue, RefundMethod, RefundState
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money

# More is more than a bank takes in one go, and than a person looks through.
MOST = 1000
DAYS_AHEAD = 90


@dataclass(frozen=True, slots=True)
class Payee:
    """Who gets how much of what is owed, on which account: an IBAN or another number."""

    due: RefundDue
    amount: Decimal
    name: str
    account: str


def prepare_payout_list(
    *,
    entity: LegalEntity,
    key: str,
    payees: Sequence[Payee],
    currency: str,
    account: BankAccount | None,
    execution_on: date,
    actor: User,
    at: datetime,
) -> PayoutList:
    """Refunds on a list, with its files. Nothing goes out before somebody else releases it.

    ``account`` is the company's own the money leaves from; without one, or where SEPA does not fit, there is only the CSV.
    ``key`` is of the one intent: the same key gives the list that is there. Raises UserError, changing nothing:
    nothing_chosen, too_many, execution_on, payout_account, payout_currency, payee_name, account, what prepare_refund raises.
    """
    if not payees:
        raise UserError("nothing_chosen", "Tick what is to be paid. Nothing was changed.", "due")
    if len(payees) > MOST:
        raise UserError("too_many", f"A list takes up to {MOST:,} payments. Make two. Nothing was changed.", "due")
    if not entity.day_of(at) <= execution_on <= entity.day_of(at) + timedelta(days=DAYS_AHEAD):
        raise UserError(
            "execution_on", f"Choose a day from today to {DAYS_AHEAD} days ahead. Nothing was changed.", "execution_on"
        )
    if account is not None and (account.entity_id, account.currency) != (entity.pk, currency):
        raise UserError("payout_account", f"Choose an account of this company in {currency}. Nothing was changed.", "account")
    checked = [(one, *checked_payee(one.name, one.account, f"due {one.due.pk}")) for one in payees]
    with transaction.atomic():
        there = PayoutList.objects.filter(entity=entity, key=key).first()
        if there is not None:
            return there
        bulk.lock_alone(RefundDue, *(one.due.pk for one in payees))
        if any((one.due.entity_id, one.due.currency) != (entity.pk, currency) for one in payees):
            raise UserError("payout_currency", "A list is of one company and one currency. Nothing was changed.", "due")
        made = PayoutList.objects.create(
            entity=entity,
            key=key,
            account=account,
            currency=currency,
            execution_on=execution_on,
            count=len(payees),
            total=sum((one.amount for one in payees), Decimal(0)),
            prepared_by=actor,
            prepared_at=at,
        )
        refunds = [
            prepare_refund(
                due=one.due,
                key=f"list:{made.pk}:{number}",
                amount=one.amount,
                method=RefundMethod.BANK,
                payee_name=name,
                payee_account=account_number,
                payout_list=made,
                actor=actor,
                at=at,
            )
            for number, (one, name, account_number) in enumerate(checked, 1)
        ]
        _write_files(made, refunds)
        _say(made, "payout_list.prepare", "prepared", actor, at)
    return made


def _write_files(made: PayoutList, refunds: Sequence[Refund]) -> None:
    content = PayoutContent(
        reference=made.reference,
        payer=made.entity.legal_name or made.entity.name,
        payer_account=made.account.number if made.account else "",
        currency=made.currency,
        execution_on=made.execution_on,
        made_at=made.prepared_at.astimezone(UTC),
        transfers=tuple(
            Transfer(one.reference, one.payee_name, one.payee_account, one.amount, _purpose(one, made)) for one in refunds
        ),
    )
    files = [(PayoutFile.Kind.CSV, "csv", payout_csv(content))]
    if fits_sepa(content):
        files.append((PayoutFile.Kind.PAIN, "xml", pain001(content)))
    for kind, ending, written in files:
        PayoutFile.objects.create(
            payout_list=made,
            kind=kind,
            name=f"{made.reference}.{ending}",
            sha256=hashlib.sha256(written).hexdigest(),
            content=written,
        )


def _purpose(refund: Refund, made: PayoutList) -> str:
    of = refund.due.document.number if refund.due.document else ""
    return " ".join(word for word in ("Refund", of, made.entity.name[:60], refund.reference) if word)


def release_payout_list(*, payout_list: PayoutList, actor: User, at: datetime) -> PayoutList:
    """A second person says that the list may go to the bank; its refunds are sent. Released already, it stays as it is.

    Raises UserError, changing nothing: list_discarded, same_person.
    """
    with transaction.atomic():
        found = _locked(payout_list)
        if found.released_at:
            return found
        if found.discarded_at:
            raise UserError("list_discarded", "This list was discarded. Nothing was changed.")
        if found.prepared_by_id == actor.pk:
            raise UserError(
                "same_person", "Whoever prepared a list does not release it: ask a colleague to. Nothing was changed."
            )
        for refund in found.refunds.order_by("pk"):
            move(locked(refund), RefundState.SENT, actor=actor, at=at)
        found.released_by, found.released_at = actor, at
        found.save(update_fields=["released_by", "released_at"])
        _say(found, "payout_list.release", "released", actor, at)
    return found


def discard_payout_list(*, payout_list: PayoutList, actor: User, at: datetime) -> PayoutList:
    """The list does not go out; what is on it is owed as before. Raises UserError list_released, changing nothing."""
    with transaction.atomic():
        bulk.lock_alone(RefundDue, *payout_list.refunds.values_list("due_id", flat=True))
        found = _locked(payout_list)
        if found.discarded_at:
            return found
        if found.released_at:
            raise UserError("list_released", "This list was released: the bank may have it. Nothing was changed.")
        for refund in found.refunds.order_by("pk"):
            move(locked(refund), RefundState.WITHDRAWN, reason=f"{found} discarded", actor=actor, at=at)
        found.discarded_by, found.discarded_at = actor, at
        found.save(update_fields=["discarded_by", "discarded_at"])
        _say(found, "payout_list.discard", "discarded", actor, at)
    return found


def _locked(payout_list: PayoutList) -> PayoutList:
    bulk.lock_alone(PayoutList, payout_list.pk)
    return PayoutList.objects.select_related("entity").get(pk=payout_list.pk)


def _say(made: PayoutList, action: str, what: str, actor: User, at: datetime) -> None:
    refunds = "1 refund" if made.count == 1 else f"{made.count} refunds"
    events.record(
        action=action,
        subject=made,
        summary=f"Payout list {made} {what}: {refunds}, {Money(made.total, made.currency)}",
        actor=actor,
        at=at,
        entity=made.entity,
    )
