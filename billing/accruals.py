"""Reads what a month earned and did not invoice: sessions that were ready and on no document at its end.

A session counts that ended before the month did and, as far as is known when it is closed, is ready; or is on a document
that was issued after the month's last day, since the books have its revenue in a later month. What stood on a document
at the month's end does not count, even if it was credited since.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.accrual_models import AccruedSession
from billing.document_lines import ACCOUNT_OF
from billing.document_models import DocumentLine
from billing.documents import revenue
from billing.documents.revenue import ROAMING
from billing.exports.text import amount, csv_bytes, safe_cell
from billing.models import Chargeable
from billing.month_end import end_of
from chargebill.core.models import LegalEntity
from chargebill.core.periods import month_of
from memberships.models import CustomerKind

State = Chargeable.State
ZERO = Decimal(0)
# Sessions looked at in one query: SQLite takes 32,766 values at most.
AT_ONCE = 2000
CSV = ("session", "place", "ended", "time_zone", "currency", "net", "account", "account_net")


@dataclass(frozen=True, slots=True)
class Earned:
    """A session with its net price, and that by account of revenue."""

    session_id: int
    cdr_id: int
    currency: str
    net: Decimal
    revenue: dict[str, Decimal]


def last_day_of(first_day: date) -> date:
    end = month_of(first_day).end
    assert end is not None
    return end - timedelta(days=1)


def earned(entity: LegalEntity, first_day: date) -> list[Earned]:
    """What a month earned and did not invoice, in the order of session ids. What costs nothing is left out."""
    end, last_day = end_of(entity, first_day), last_day_of(first_day)
    ready = Chargeable.objects.filter(state=State.READY, session__entity=entity, session__ended_at__lt=end)
    ids = set(ready.values_list("pk", flat=True))
    later = DocumentLine.objects.filter(
        document__entity=entity, document__issue_date__gt=last_day, corrects__isnull=True, session__ended_at__lt=end
    )
    ids |= set(later.filter(session__chargeable__state=State.DOCUMENTED).order_by().values_list("session_id", flat=True))
    ordered = sorted(ids)
    found: list[Earned] = []
    for first in range(0, len(ordered), AT_ONCE):
        chunk = ordered[first : first + AT_ONCE]
        found += _priced(set(chunk) - billed_by(chunk, last_day))
    return found


def billed_by(session_ids: Sequence[int], day: date) -> set[int]:
    """Those of the sessions of which something was left on documents when a day was over. Two queries."""
    mine = DocumentLine.objects.filter(session_id__in=session_ids, document__issue_date__lte=day).order_by()
    left: dict[int, Decimal] = {}
    whose: dict[int, int] = {}
    for pk, session_id, gross in mine.filter(corrects__isnull=True).values_list("pk", "session_id", "gross_amount"):
        left[pk], whose[pk] = gross, session_id
    for corrects, gross in mine.filter(corrects__isnull=False).values_list("corrects_id", "gross_amount"):
        if corrects is not None:
            left[corrects] -= gross
    return {whose[pk] for pk, gross in left.items() if gross}


def _priced(session_ids: Iterable[int]) -> list[Earned]:
    rows = Chargeable.objects.filter(pk__in=list(session_ids), cdr__isnull=False).order_by("pk")
    names = ("pk", "cdr_id", "cdr__currency", "cdr__net_amount", "cdr__customer_kind", *(f"cdr__{name}" for name in ACCOUNT_OF))
    return [
        Earned(pk, cdr_id, currency, net, net_by_account(net, kind, dict(zip(ACCOUNT_OF, parts, strict=True)), currency))
        for pk, cdr_id, currency, net, kind, *parts in rows.values_list(*names)
        if net
    ]


def net_by_account(net: Decimal, kind: str, parts: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """A price's net by account of revenue, in proportion to its parts; ``parts`` by column of the Cdr."""
    if kind == CustomerKind.PARTNER:
        return {ROAMING: net}
    accounts: dict[str, Decimal] = defaultdict(Decimal)
    for column, account in ACCOUNT_OF.items():
        accounts[account] += parts[column]
    return revenue(net, accounts, currency)


def by_account(found: Iterable[Earned]) -> dict[tuple[str, str], Decimal]:
    """Sums by (currency, account)."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in found:
        for account, net in one.revenue.items():
            sums[one.currency, account] += net
    return dict(sums)


def accrued_csv(accrual_id: int) -> bytes:
    """The sessions of an accrual, a row for each account of each: ``ended`` by the place's clock, amounts without VAT."""
    rows = AccruedSession.objects.filter(accrual_id=accrual_id).select_related("session__location", "session__entity")
    found = []
    for one in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
        session, place = one.session, one.session.location
        zone = place.time_zone or session.entity.time_zone or "UTC"
        ended = session.ended_at.astimezone(ZoneInfo(zone))
        said = [safe_cell(session.external_id), safe_cell(place.name), f"{ended:%Y-%m-%d %H:%M:%S}", zone, one.currency]
        net = amount(one.net_amount, one.currency)
        found += [[*said, net, account, amount(Decimal(part), one.currency)] for account, part in sorted(one.revenue.items())]
    return csv_bytes(CSV, found)
