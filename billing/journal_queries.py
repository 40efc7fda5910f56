"""Reads the books for pages and files: lines of the journal, balances, months."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from billing.journal import CHART, Kind
from billing.journal_balances import Sums, posted_legs, sums_by_account
from billing.journal_models import Account, AccountingPeriod, JournalEntry, PeriodChange, PeriodClosing, Posting
from chargebill.core.keys import key_in
from chargebill.core.models import LegalEntity

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a company's journal is wanted; None and "" leave it open. ``source`` is a source type such as "invoice"."""

    entity: LegalEntity
    period: AccountingPeriod | None = None
    account: Account | None = None
    source: str = ""
    text: str = ""


def lines(wanted: Filter) -> QuerySet[Posting]:
    """The posted legs, the newest entry first, each entry's legs in their order."""
    found = posted_legs(wanted.entity)
    if wanted.period is not None:
        found = found.filter(entry__period=wanted.period)
    if wanted.account is not None:
        found = found.filter(account=wanted.account)
    if wanted.source:
        found = found.filter(entry__source_type=wanted.source)
    text = wanted.text.strip()
    if text:
        fits = (
            Q(entry__description__icontains=text)
            | Q(entry__document_no__istartswith=text)
            | Q(description__icontains=text)
            | Q(customer__name__icontains=text)
            | Q(customer__number=text)
        )
        if (number := key_in(text)) is not None:
            fits |= Q(entry__seal__seq=number)
        found = found.filter(fits)
    return found.order_by("-entry_id", "line_no")


def shown(found: QuerySet[Posting]) -> QuerySet[Posting]:
    """Lines with all that a row of them shows: one query for any number of rows."""
    return found.select_related("entry__seal", "account", "customer")


def sources_of(entity: LegalEntity) -> list[str]:
    """The kinds of things a company's entries came from."""
    rows = JournalEntry.objects.filter(entity=entity).order_by("source_type").values_list("source_type", flat=True)
    return list(rows.distinct())


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in one currency: what came in the chosen months, and the balance at their end (debits less credits)."""

    code: str
    number: str
    name: str
    kind: Kind
    currency: str
    sums: Sums
    balance: Decimal
    account: Account | None


def account_lines(entity: LegalEntity, period: AccountingPeriod | None) -> list[AccountLine]:
    """Every account of a company, by number; one without a posting has one line without a currency. None: all months."""
    accounts = list(Account.objects.filter(entity=entity))
    until = sums_by_account(posted_legs(entity, until=period))
    within = sums_by_account(posted_legs(entity, since=period, until=period)) if period else until
    currencies: dict[int, set[str]] = {}
    for pk, currency in until:
        currencies.setdefault(pk, set()).add(currency)
    nothing = Sums(ZERO, ZERO)
    result = []
    for account in accounts:
        for currency in sorted(currencies.get(account.pk, {""})):
            key = (account.pk, currency)
            result.append(
                AccountLine(
                    account.code,
                    account.number,
                    account.name,
                    Kind[account.kind],
                    currency,
                    within.get(key, nothing),
                    until.get(key, nothing).balance,
                    account,
                )
            )
    there = {account.code for account in accounts}
    result += [
        AccountLine(one.code, one.number, one.name, one.kind, "", nothing, ZERO, None)
        for one in CHART.values()
        if one.code not in there
    ]
    return sorted(result, key=lambda line: (line.number, line.currency))


@dataclass(frozen=True, slots=True)
class Month:
    """A month as the page of periods shows it. ``unsealed``: entries the sealer has not come to yet."""

    period: AccountingPeriod
    entries: int
    unsealed: int
    waiting: PeriodChange | None
    closing: PeriodClosing | None


def months(entity: LegalEntity) -> list[Month]:
    """A company's months, the latest first."""
    periods = (
        AccountingPeriod.objects.filter(entity=entity)
        .annotate(
            count=Count("entries", filter=Q(entries__posted_at__isnull=False)),
            open_count=Count("entries", filter=Q(entries__posted_at__isnull=False, entries__is_sealed=False)),
        )
        .order_by("-first_day")
    )
    waiting = {
        change.period_id: change
        for change in PeriodChange.objects.filter(period__entity=entity, decided_at__isnull=True).select_related("asked_by")
    }
    closings: dict[int, PeriodClosing] = {}
    for closing in PeriodClosing.objects.filter(period__entity=entity).select_related("change__asked_by", "change__decided_by"):
        closings.setdefault(closing.period_id, closing)
    return [
        Month(
            period,
            period.count,
            period.open_count,
            waiting.get(period.pk),
            closings.get(period.pk) if period.state == AccountingPeriod.State.CLOSED else None,
        )
        for period in periods
    ]
