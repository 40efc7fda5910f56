"""What a company's month lacks before it is closed: one item for each thing, done, missing or not needed.

Some block closing. The others are named, and a person may close without them, with a reason (docs/closing.md). What
ended before the month did counts, whenever it came in: what waits from earlier months is missing here, too.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, QuerySet, Sum

from billing.bank_models import BankAccount, BankLine
from billing.close_models import BooksCheck
from billing.document_models import BilledDifference, DocumentRun
from billing.exact import amount_of, exact_sum
from billing.export_models import ExportBatch, ExportTarget
from billing.export_queries import waiting
from billing.journal_models import AccountingPeriod, JournalEntry
from billing.models import Chargeable
from billing.payment_models import Payment
from billing.payments import LEAST, waiting_lines, with_unmatched
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.core.periods import month_of
from stations.silent import silent_connectors

Amounts = tuple[tuple[str, Decimal], ...]
NO_TAX_RULE = "no_tax_rule"
# The source of entries that closing a month writes (billing.operations.accruals).
ACCRUAL = "accrual"


class ItemState(Enum):
    """NOT_NEEDED: this company has nothing of the kind."""

    MISSING = "missing"
    DONE = "done"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a month should have. ``blocks``: it is not closed without it.

    ``count`` and ``amounts`` (by currency, tax included) are of what is missing; ``names`` say which, the first few.
    """

    code: str
    state: ItemState
    blocks: bool = False
    count: int = 0
    amounts: Amounts = ()
    names: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        return self.state == ItemState.MISSING

    @property
    def is_blocking(self) -> bool:
        return self.blocks and self.is_missing


def _item(
    code: str, count: int, *, blocks: bool = False, amounts: Amounts = (), names: Iterable[str] = (), needed: bool = True
) -> Item:
    done = ItemState.DONE if needed else ItemState.NOT_NEEDED
    return Item(code, ItemState.MISSING if count else done, blocks, count, amounts, tuple(names))


def end_of(entity: LegalEntity, first_day: date) -> datetime:
    """The moment a month ends by the company's clock."""
    end = month_of(first_day).end
    assert end is not None
    return datetime.combine(end, time(), ZoneInfo(entity.time_zone or "UTC"))


def items(entity: LegalEntity, first_day: date, at: datetime) -> list[Item]:
    """Everything, in the order it is best done in. The number of queries does not depend on how much there is."""
    end = end_of(entity, first_day)
    last_day = (month_of(first_day).end or date.max) - timedelta(days=1)
    return [
        _item("over", int(at < end), blocks=True),
        _earlier(entity, first_day),
        _runs(entity),
        _silent(entity, min(at, end)),
        *_standing(entity, end),
        _differences(entity, end),
        _bank_files(entity, last_day),
        _bank_lines(entity, last_day),
        _not_matched(entity, last_day),
        _exports(entity, last_day),
        *_books(entity, first_day),
    ]


def _earlier(entity: LegalEntity, first_day: date) -> Item:
    earlier = AccountingPeriod.objects.filter(entity=entity, first_day__lt=first_day)
    still_open = earlier.filter(state=AccountingPeriod.State.OPEN).order_by("first_day")
    names = [f"{day:%Y-%m}" for day in still_open.values_list("first_day", flat=True)]
    return _item("earlier", len(names), blocks=True, names=names[:3], needed=earlier.exists())


def _runs(entity: LegalEntity) -> Item:
    runs = DocumentRun.objects.filter(entity=entity)
    unfinished = [f"{run.first_day:%Y-%m}" for run in runs.filter(finished_at__isnull=True)]
    return _item("runs", len(unfinished), blocks=True, names=unfinished, needed=runs.exists())


def _silent(entity: LegalEntity, at: datetime) -> Item:
    """As it was known at the month's end: a connector that fell silent then may have sessions that never came in."""
    found = silent_connectors(entity=entity, at=at)
    return _item("silent", len(found.connectors), needed=found.known_until is not None)


def _standing(entity: LegalEntity, end: datetime) -> list[Item]:
    """Sessions that are not on a document, by what they wait for. One query."""
    states = (Chargeable.State.UNPRICED, Chargeable.State.HELD, Chargeable.State.READY)
    rows = Chargeable.objects.filter(state__in=states, session__entity=entity, session__ended_at__lt=end)
    sums: dict[str, dict[str, Decimal]] = {code: defaultdict(Decimal) for code in ("unpriced", NO_TAX_RULE, "held", "ready")}
    counts: dict[str, int] = dict.fromkeys(sums, 0)
    grouped = rows.order_by().values_list("state", "reason", "cdr__currency")
    for state, reason, currency, count, amount in grouped.annotate(count=Count("pk"), amount=exact_sum("cdr__gross_amount")):
        code = NO_TAX_RULE if reason == NO_TAX_RULE else str(state).lower()
        counts[code] += count
        if currency:
            sums[code][currency] += amount_of(amount)
    return [_item(code, counts[code], amounts=tuple(sorted(sums[code].items()))) for code in sums]


def _differences(entity: LegalEntity, end: datetime) -> Item:
    """Sessions on a document that would be billed differently now."""
    rows = BilledDifference.objects.filter(session__entity=entity, session__ended_at__lt=end)
    return _item("differences", rows.count())


def _bank_files(entity: LegalEntity, last_day: date) -> Item:
    """Accounts without a line of the month's last day or later: the statement up to its end is not here, or nothing moved."""
    accounts = list(BankAccount.objects.filter(entity=entity))
    newest = dict(
        BankLine.objects.filter(account__entity=entity).order_by().values_list("account").annotate(Max("booked_on")).order_by()
    )
    behind = [one for one in accounts if (newest.get(one.pk) or date.min) < last_day]
    names = [f"{one}: {newest[one.pk].isoformat() if one.pk in newest else 'no line'}" for one in behind]
    return _item("bank_files", len(behind), names=names[:3], needed=bool(accounts))


def _bank_lines(entity: LegalEntity, last_day: date) -> Item:
    rows = waiting_lines(entity).filter(booked_on__lte=last_day)
    count, amounts = _by_currency(rows, "amount")
    return _item("bank_lines", count, amounts=amounts, needed=BankAccount.objects.filter(entity=entity).exists())


def _not_matched(entity: LegalEntity, last_day: date) -> Item:
    payments = with_unmatched(Payment.objects.filter(entity=entity, received_on__lte=last_day))
    # The plugin does not follow the annotation out of its function.
    rows = payments.filter(unmatched__gte=LEAST)  # type: ignore[misc]
    count, amounts = _by_currency(rows, "unmatched")
    return _item("not_matched", count, amounts=amounts)


def _by_currency(rows: QuerySet[BankLine] | QuerySet[Payment], column: str) -> tuple[int, Amounts]:
    found = rows.order_by().values_list("currency").annotate(n=Count("pk"), total=Sum(column))
    summed = sorted((currency, n, total) for currency, n, total in found)
    # SQLite adds up binary fractions.
    return sum(n for _, n, _ in summed), tuple((currency, round_money(total, currency)) for currency, _, total in summed)


def _exports(entity: LegalEntity, last_day: date) -> Item:
    """Entries that did not go out to a target this company exports to, in the target that lacks most."""
    used = ExportBatch.objects.filter(entity=entity).order_by().values_list("target", flat=True).distinct()
    waits = {ExportTarget(target): waiting(entity, ExportTarget(target), last_day).count() for target in used}
    names = [str(target.label) for target, count in waits.items() if count]
    return _item("exports", max(waits.values(), default=0), names=names, needed=bool(waits))


def _books(entity: LegalEntity, first_day: date) -> list[Item]:
    """Whether the last check found this company's books clean, and whether it came after the month's last entry."""
    period = AccountingPeriod.objects.filter(entity=entity, first_day=first_day).first()
    # What closing itself accrues comes after the check, of course.
    posted = JournalEntry.objects.filter(period=period, posted_at__isnull=False).exclude(source_type=ACCRUAL)
    newest = posted.order_by("-pk").first() if period else None
    check = BooksCheck.objects.order_by("-pk").first()
    breaks = check.breaks_of(entity.pk) if check else 0
    since = check is not None and (newest is None or newest.created_at < check.checked_at)
    return [
        _item("books_clean", breaks, blocks=True, needed=check is not None),
        _item("books_checked", int(newest is not None and not since), needed=newest is not None),
    ]
