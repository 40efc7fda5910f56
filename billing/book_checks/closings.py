"""Closed months: what they hold against the text that was signed, and the signature against the company's key."""

import hashlib
import json
from typing import Any

from billing.book_checks.model import Report
from billing.journal import GENESIS, digest_of
from billing.journal_balances import posted_legs, sums_by_currency
from billing.journal_models import AccountingPeriod, JournalEntry, JournalSeal, PeriodChange, PeriodClosing
from billing.operations.journal_periods import month_hashes
from billing.signing import is_signed


def check(report: Report) -> None:
    closings = PeriodClosing.objects.select_related("period__entity", "key", "change").order_by("pk")
    last: dict[int, PeriodClosing] = {}
    for closing in closings:
        _check_signature(report, closing)
        _check_statement(report, closing)
        last[closing.period_id] = closing
    decided: dict[int, str] = {}
    for period_id, kind in PeriodChange.objects.filter(accepted=True).order_by("pk").values_list("period_id", "kind"):
        decided[period_id] = kind
    for period in AccountingPeriod.objects.order_by("entity_id", "first_day"):
        report.looked_at["closed"] += 1
        closed_by_people = decided.get(period.pk) == PeriodChange.Kind.CLOSE
        if (period.state == AccountingPeriod.State.CLOSED) != closed_by_people:
            said = f"It is {period.get_state_display().lower()}, which is not what two people decided last."
            report.add("closed", period.entity_id, f"{period}", said)
        if period.state == AccountingPeriod.State.CLOSED and period.pk in last:
            _check_nothing_added(report, period, last[period.pk])


def _check_signature(report: Report, closing: PeriodClosing) -> None:
    report.looked_at["signatures"] += 1
    key, entity_id, where = closing.key, closing.period.entity_id, f"closing of {closing.period}"
    if not is_signed(key.public_key, closing.statement, closing.signature):
        report.add("signatures", entity_id, where, "The signature is not that of its text.")
    try:
        named = hashlib.sha256(bytes.fromhex(key.public_key)).hexdigest()
    except ValueError:
        named = ""
    if key.entity_id != entity_id or key.fingerprint != named:
        report.add("signatures", entity_id, where, "The key is not the company's, or not the one it is named after.")


def _check_statement(report: Report, closing: PeriodClosing) -> None:
    period, where = closing.period, f"closing of {closing.period}"
    try:
        signed = json.loads(closing.statement)
    except ValueError:
        signed = None
    if not isinstance(signed, dict):
        report.add("closed", period.entity_id, where, "Its text can't be read.")
        return
    for name, found in _as_it_is(closing).items():
        if signed.get(name) != found:
            said = f"{name} was {signed.get(name)} when it was closed and is {found}."
            report.add("closed", period.entity_id, where, said)


def _as_it_is(closing: PeriodClosing) -> dict[str, Any]:
    """What the text would say now of the entries that were there then."""
    period, seq = closing.period, closing.head_seq
    seal = JournalSeal.objects.filter(entity_id=period.entity_id, seq=seq).first()
    hashes = month_hashes(period, seq)
    legs = posted_legs(period.entity, since=period, until=period).filter(entry__seal__seq__lte=seq)
    return {
        "entity": period.entity_id,
        "period": str(period),
        "head_seq": seq,
        "head": seal.chain if seal else GENESIS if seq == 0 else None,
        "entries": len(hashes),
        "digest": digest_of(hashes),
        "debits": {currency: f"{sums.debit:.3f}" for currency, sums in sums_by_currency(legs).items()},
    }


def _check_nothing_added(report: Report, period: AccountingPeriod, closing: PeriodClosing) -> None:
    later = JournalEntry.objects.filter(period=period).exclude(seal__seq__lte=closing.head_seq)
    for pk in later.values_list("pk", flat=True):
        report.add("closed", period.entity_id, f"entry {pk}", f"It came into {period} after that was closed.")
