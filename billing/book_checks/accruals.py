"""Accruals: what 1110 holds at the end of closed months against the sessions their closings listed, and these themselves."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q

from billing.accrual_models import Accrual, AccruedSession
from billing.accruals import AT_ONCE, billed_by, last_day_of
from billing.book_checks.model import Report
from billing.journal_models import Posting
from billing.month_end import ACCRUAL
from billing.operations.accruals import ACCRUED
from billing.operations.opening_receivables import OPENING

ZERO = Decimal(0)
Sums = dict[tuple[str, str], Decimal]


def check(report: Report) -> None:
    last: dict[int, Accrual] = {}
    for accrual in Accrual.objects.select_related("period").order_by("pk"):
        last[accrual.period_id] = accrual
    booked, taken_back = _booked()
    for period_id in sorted({*last, *booked, *taken_back}):
        found = last.get(period_id)
        if found is None:
            report.add("accruals", None, f"month {period_id}", "Its accrual is booked, but no closing listed its sessions.")
            continue
        _check_month(report, found, booked.get(period_id, {}), taken_back.get(period_id, {}))
    _check_rest(report)


def _booked() -> tuple[dict[int, Sums], dict[int, Sums]]:
    """Debits less credits by month, currency and account: of accruals, on their month's last day; of what took them back."""
    booked: dict[int, Sums] = defaultdict(lambda: defaultdict(Decimal))
    taken_back: dict[int, Sums] = defaultdict(lambda: defaultdict(Decimal))
    legs = Posting.objects.filter(entry__source_type=ACCRUAL, entry__posted_at__isnull=False).select_related(
        "entry__period", "entry__reverses__period", "account"
    )
    for leg in legs.order_by("pk").iterator(chunk_size=AT_ONCE):
        entry, day = leg.entry, leg.entry.effective_date
        of = (leg.currency, leg.account.code)
        if entry.reverses is None:
            right = day == last_day_of(entry.period.first_day)
            into = booked[entry.period_id]
        else:
            right = day == last_day_of(entry.reverses.period.first_day) + timedelta(days=1)
            into = taken_back[entry.reverses.period_id]
        # On another day it is not there when it should be.
        into[of if right else (leg.currency, f"{leg.account.code} on {day}")] += leg.debit - leg.credit
    return booked, taken_back


def _check_rest(report: Report) -> None:
    """Taken back, nothing is left on 1110; opening balances are for whoever posted them to prove."""
    rest: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    opening = Q(entry__source_type=OPENING) | Q(entry__reverses__source_type=OPENING)
    legs = Posting.objects.filter(account__code=ACCRUED, entry__posted_at__isnull=False).exclude(opening).order_by()
    names = ("entry__entity_id", "currency", "debit", "credit")
    for entity_id, currency, debit, credit in legs.values_list(*names).iterator(chunk_size=AT_ONCE):
        rest[entity_id, currency] += debit - credit
    for (entity_id, currency), left in sorted(rest.items()):
        if left:
            report.add("accruals", entity_id, f"account {ACCRUED}", f"{currency} {left:f} is on it that no closing accounts for.")


def _check_month(report: Report, accrual: Accrual, booked: Sums, taken_back: Sums) -> None:
    period = accrual.period
    where = f"accrual of {period}"
    listed: Sums = defaultdict(Decimal)
    count, ids = 0, []
    rows = AccruedSession.objects.filter(accrual=accrual).order_by("pk")
    names = ("session_id", "currency", "net_amount", "revenue", "cdr__currency", "cdr__net_amount")
    for session_id, currency, net, revenue, cdr_currency, cdr_net in rows.values_list(*names).iterator(chunk_size=AT_ONCE):
        count += 1
        ids.append(session_id)
        report.looked_at["accruals"] += 1
        listed[currency, ACCRUED] += net
        for account, part in revenue.items():
            listed[currency, account] -= Decimal(part)
        if (currency, net) != (cdr_currency, cdr_net) or sum(map(Decimal, revenue.values()), ZERO) != net:
            report.add("accruals", period.entity_id, where, f"Session {session_id} is not listed with its price.")
    if count != accrual.sessions:
        report.add("accruals", period.entity_id, where, f"It is of {accrual.sessions} sessions, but {count} are listed.")
    for first in range(0, len(ids), AT_ONCE):
        for session_id in sorted(billed_by(ids[first : first + AT_ONCE], last_day_of(period.first_day))):
            report.add("accruals", period.entity_id, where, f"Session {session_id} stood on a document at its end.")
    for currency, account in sorted({*listed, *booked, *taken_back}):
        wanted, there, back = (sums.get((currency, account), ZERO) for sums in (listed, booked, taken_back))
        if wanted != there:
            said = f"{currency} {wanted:f} of its sessions belongs on {account}, but the books hold {there:f}."
            report.add("accruals", period.entity_id, where, said)
        if there != ZERO - back:
            said = f"{currency} {there:f} on {account} was taken back with {back:f}."
            report.add("accruals", period.entity_id, where, said)
