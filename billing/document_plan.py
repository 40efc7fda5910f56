"""What would be billed for a month: drafts of sessions that are ready, worked out from where they stand now.

A receipt for each session of somebody unknown, and for each another system collected; one invoice for each customer,
currency and fixed side. Sessions of earlier months that became ready late go along, with their own day of supply.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, IntegerField, Max, Min, Q, QuerySet, Sum, Value, When

from billing.document_models import BilledDifference, DocumentKind, DocumentRun
from billing.models import Chargeable
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.core.periods import month_of
from stations.models import Mode

State = Chargeable.State


@dataclass(frozen=True, slots=True)
class Draft:
    """A document to be. What all its sessions have in common, and which they are, in the order of its lines."""

    kind: str
    customer_id: int | None
    customer_kind: str
    currency: str
    anchor: str
    is_collected: bool
    session_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DraftSum:
    """Drafts in short: one invoice, or all receipts of a kind. ``amount`` is the fixed side: incl. tax where gross."""

    kind: str
    customer_id: int | None
    customer_name: str
    customer_kind: str
    currency: str
    anchor: str
    is_collected: bool
    documents: int
    sessions: int
    amount: Decimal
    first_day: date
    last_day: date
    late: int


def month(text: str, where: str = "--period") -> date:
    """The first day of "2026-10". Raises UserError."""
    try:
        if len(text) != 7:
            raise ValueError
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise UserError("period", f"{text!r} is no month. Write it as 2026-10. Nothing was changed.", where) from None


def bounds(entity: LegalEntity, first_day: date) -> tuple[datetime, datetime]:
    """[start, end) of a month by the company's clock, UTC moments. Needs the company's zone."""
    zone = ZoneInfo(entity.time_zone)
    period = month_of(first_day)
    assert period.end is not None
    return datetime.combine(period.start, time(), zone), datetime.combine(period.end, time(), zone)


def missing_of(entity: LegalEntity) -> list[str]:
    """What a company lacks to issue documents, in words: an issued one can't be put right afterwards."""
    needed = {"street": "street", "city": "city"}
    return [*entity.missing, *(word for field, word in needed.items() if not getattr(entity, field).strip())]


def is_over(entity: LegalEntity, first_day: date, at: datetime) -> bool:
    """Whether a month has ended: before that only receipts are issued, since invoices are for whole months."""
    return bounds(entity, first_day)[1] <= at


_RECEIPT = Q(cdr__customer__isnull=True) | Q(session__mode=Mode.COLLECTED)


def ready(entity: LegalEntity, first_day: date, at: datetime) -> QuerySet[Chargeable]:
    """Sessions a document can be made for: they ended before the month did, whenever they became ready."""
    rows = Chargeable.objects.filter(state=State.READY, session__entity=entity)
    if not is_over(entity, first_day, at):
        rows = rows.filter(_RECEIPT)
    return rows.filter(session__ended_at__lt=bounds(entity, first_day)[1])


def drafts(entity: LegalEntity, first_day: date, at: datetime) -> list[Draft]:
    """Every draft of a month: receipts by the end of their session, then invoices by customer. One query."""
    rows = ready(entity, first_day, at).order_by("session__ended_at", "session_id")
    receipts: list[Draft] = []
    invoices: dict[tuple[int, str, str, str], list[int]] = {}
    for session_id, mode, customer_id, kind, currency, anchor in rows.values_list(
        "session_id", "session__mode", "cdr__customer_id", "cdr__customer_kind", "cdr__currency", "cdr__anchor"
    ):
        collected = mode == Mode.COLLECTED
        if collected or customer_id is None:
            receipts.append(Draft(DocumentKind.RECEIPT, customer_id, kind, currency, anchor, collected, (session_id,)))
        else:
            invoices.setdefault((customer_id, kind, currency, anchor), []).append(session_id)
    return receipts + [Draft(DocumentKind.INVOICE, *same, False, tuple(ids)) for same, ids in sorted(invoices.items())]


def sums(entity: LegalEntity, first_day: date, at: datetime) -> list[DraftSum]:
    """The drafts of a month in short, invoices by name. One query."""
    start = bounds(entity, first_day)[0]
    receipt = Case(When(_RECEIPT, then=Value(1)), default=Value(0), output_field=IntegerField())
    rows = (
        ready(entity, first_day, at)
        .annotate(
            is_receipt=receipt,
            payer=Case(When(_RECEIPT, then=Value(None)), default=F("cdr__customer_id"), output_field=IntegerField()),
            collected=Case(When(session__mode=Mode.COLLECTED, then=Value(1)), default=Value(0), output_field=IntegerField()),
        )
        .values("is_receipt", "payer", "collected", "cdr__customer_kind", "cdr__currency", "cdr__anchor")
        .annotate(
            name=Max("cdr__customer__name"),
            sessions=Count("pk"),
            gross=Sum("cdr__gross_amount"),
            net=Sum("cdr__net_amount"),
            first=Min("session__local_end_date"),
            last=Max("session__local_end_date"),
            late=Count("pk", filter=Q(session__ended_at__lt=start)),
        )
        .order_by()
    )
    found = [_sum_of(row) for row in rows]
    return sorted(found, key=lambda s: (s.kind != DocumentKind.RECEIPT, s.is_collected, s.customer_name, s.currency, s.anchor))


def _sum_of(row: Mapping[str, Any]) -> DraftSum:
    receipt = bool(row["is_receipt"])
    return DraftSum(
        kind=DocumentKind.RECEIPT if receipt else DocumentKind.INVOICE,
        customer_id=row["payer"],
        customer_name="" if receipt else row["name"],
        customer_kind=row["cdr__customer_kind"],
        currency=row["cdr__currency"],
        anchor=row["cdr__anchor"],
        is_collected=bool(row["collected"]),
        documents=row["sessions"] if receipt else 1,
        sessions=row["sessions"],
        # SQLite adds up binary fractions.
        amount=round_money(row["gross"] if row["cdr__anchor"] == "GROSS" else row["net"], row["cdr__currency"]),
        first_day=row["first"],
        last_day=row["last"],
        late=row["late"],
    )


@dataclass(frozen=True, slots=True)
class NotReady:
    """Sessions of a month that wait: how many stand where, and what they would cost, by currency."""

    state: str
    reason: str
    sessions: int
    amounts: tuple[tuple[str, Decimal], ...]


def not_ready(entity: LegalEntity, first_day: date) -> list[NotReady]:
    """What ended before the month did and can't be billed yet: without a price, or held. One query."""
    rows = (
        Chargeable.objects.filter(
            state__in=(State.UNPRICED, State.HELD),
            session__entity=entity,
            session__ended_at__lt=bounds(entity, first_day)[1],
        )
        .values("state", "reason", "cdr__currency")
        .annotate(sessions=Count("pk"), gross=Sum("cdr__gross_amount"))
        .order_by("state", "reason", "cdr__currency")
    )
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["state"], row["reason"]), []).append(row)
    return [_not_ready(state, reason, of) for (state, reason), of in found.items()]


def _not_ready(state: str, reason: str, rows: Iterable[Mapping[str, Any]]) -> NotReady:
    rows = list(rows)
    amounts = tuple(
        (row["cdr__currency"], round_money(row["gross"], row["cdr__currency"])) for row in rows if row["cdr__currency"]
    )
    return NotReady(state, reason, sum(row["sessions"] for row in rows), amounts)


def recent_run(entity: LegalEntity, first_day: date) -> DocumentRun | None:
    """The run to show for a month: the company's that is not finished, whichever its month, else the month's last."""
    runs = DocumentRun.objects.filter(entity=entity).select_related("job", "started_by", "entity")
    unfinished = runs.filter(finished_at__isnull=True).first()
    return unfinished or runs.filter(first_day=first_day).order_by("-pk").first()


def differences(entity: LegalEntity) -> QuerySet[BilledDifference]:
    """Sessions on a document that would be billed differently now, the newest first."""
    related = ("session__chargeable__cdr__customer", "session__location", "customer")
    found = BilledDifference.objects.filter(session__entity=entity).select_related(*related)
    return found.order_by("-noticed_at", "pk")
