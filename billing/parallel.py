"""Reads for a parallel month: what another system reported beside our price, a few queries for any number of sessions."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, Count, DecimalField, F, Max, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Abs, Coalesce

from chargebill.core.models import LegalEntity
from chargebill.core.money import MINOR_DIGITS, UNITS, round_to
from chargebill.core.periods import Period
from stations.models import Location, Mode, Session

ZERO = Decimal(0)
MODES = (Mode.COLLECTED, Mode.HISTORY)
# Above so many differing sessions one look takes too long (docs/parallel-month.md has the figures).
MOST_DIFFERENT = 100_000
# Amounts have four digits: what differs by less is the same, also where a database counts in binary fractions.
SAME = Decimal("0.00005")
AMOUNT = DecimalField(max_digits=18, decimal_places=4)


class Kind(StrEnum):
    """What a session is to the comparison."""

    EQUAL = "equal"
    ROUNDING = "rounding"
    DIFFERENT = "different"
    NO_REPORTED_AMOUNT = "no_reported_amount"
    NO_PRICE = "no_price"
    OTHER_CURRENCY = "other_currency"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions: collected and history ones of a company that ended on local days of ``period``.

    ``currency`` "": the company's own, else the one most sessions have.
    """

    entity: LegalEntity
    period: Period[date]
    location: Location | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """Some sessions and their amounts, incl. tax: what they report and what we would charge."""

    sessions: int = 0
    theirs: Decimal = ZERO
    ours: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """Ours less theirs."""
        return self.ours - self.theirs

    def __add__(self, other: "Side") -> "Side":
        return Side(self.sessions + other.sessions, self.theirs + other.theirs, self.ours + other.ours)


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Sessions with one amount only. ``reason`` is that of their state where we have no price (billing.chargeables)."""

    kind: Kind
    reason: str
    sessions: int

    @property
    def key(self) -> str:
        return f"{self.kind.value}-{self.reason}" if self.reason else self.kind.value


@dataclass(frozen=True, slots=True)
class Figures:
    """The comparison in numbers. ``least`` and ``most``: their smallest amount above 0 and their largest."""

    currency: str
    equal: Side
    rounding: Side
    different: Side
    not_compared: list[NotCompared] = field(default_factory=list)
    other_currencies: list[str] = field(default_factory=list)
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def compared(self) -> Side:
        return self.equal + self.rounding + self.different

    @property
    def is_too_much(self) -> bool:
        """Whether so many differ that their causes are not looked for."""
        return self.different.sessions > MOST_DIFFERENT


def _minor_unit(currency: str) -> Case:
    """The minor unit of the currency in a column, for the database to compare with."""
    other = {digits: [code for code, n in MINOR_DIGITS.items() if n == digits] for digits in set(MINOR_DIGITS.values())}
    return Case(
        *(When(**{f"{currency}__in": codes}, then=Value(UNITS[digits], AMOUNT)) for digits, codes in other.items()),
        default=Value(UNITS[2], AMOUNT),
        output_field=AMOUNT,
    )


def sessions(selection: Selection) -> QuerySet[Any]:
    """The sessions of a selection with ``ours``, ``kind``, ``reason`` and ``money`` (the currency) beside them."""
    found: Any = Session.objects.filter(entity=selection.entity, mode__in=MODES, local_end_date__gte=selection.period.start)
    if selection.period.end:
        found = found.filter(local_end_date__lt=selection.period.end)
    if selection.location:
        found = found.filter(location=selection.location)
    cdr = "chargeable__cdr__"
    told: QuerySet[Any] = (
        found.order_by()
        .annotate(
            ours=Case(
                When(mode=Mode.COLLECTED, then=F(f"{cdr}priced_gross_amount")),
                default=F(f"{cdr}gross_amount"),
                output_field=AMOUNT,
            ),
            money=Case(
                When(reported_currency="", then=Coalesce(F(f"{cdr}currency"), Value(selection.entity.base_currency))),
                default=F("reported_currency"),
                output_field=CharField(),
            ),
        )
        .alias(apart=Abs(F("ours") - F("reported_amount"), output_field=AMOUNT), unit=_minor_unit("money"))
        .annotate(
            kind=Case(
                When(reported_amount__isnull=True, then=Value(Kind.NO_REPORTED_AMOUNT.value)),
                # A collected session's Cdr is in its own currency; ours beside it is empty if our tariff has another.
                When(
                    Q(ours__isnull=True, **{f"{cdr}tariff_version__isnull": False})
                    & ~Q(**{f"{cdr}tariff_version__tariff__currency": F("money")}),
                    then=Value(Kind.OTHER_CURRENCY.value),
                ),
                When(ours__isnull=True, then=Value(Kind.NO_PRICE.value)),
                When(~Q(**{f"{cdr}currency": F("money")}), then=Value(Kind.OTHER_CURRENCY.value)),
                When(apart__lt=SAME, then=Value(Kind.EQUAL.value)),
                When(apart__lt=F("unit") + SAME, then=Value(Kind.ROUNDING.value)),
                default=Value(Kind.DIFFERENT.value),
                output_field=CharField(),
            )
        )
        .annotate(
            reason=Case(
                When(~Q(kind=Kind.NO_PRICE.value), then=Value("")),
                When(chargeable__isnull=True, then=Value("not_priced")),
                # A collected session is never without a Cdr for want of our price: what is missing is said here.
                When(Q(mode=Mode.COLLECTED, **{f"{cdr}tariff_version__isnull": False}), then=Value("no_tax_rule")),
                When(Q(mode=Mode.COLLECTED, chargeable__cdr__isnull=False), then=Value("no_tariff")),
                When(chargeable__reason="", then=Value("no_tariff")),
                default=F("chargeable__reason"),
                output_field=CharField(),
            )
        )
    )
    return told


def figures(selection: Selection) -> Figures:
    """The comparison in numbers: one query."""
    rows = list(
        sessions(selection)
        .values("kind", "reason", "money")
        .annotate(
            count=Count("pk"),
            theirs=Sum("reported_amount"),
            our_sum=Sum("ours"),
            least=Min("reported_amount", filter=Q(reported_amount__gt=0)),
            most=Max("reported_amount"),
        )
    )
    counts: dict[str, int] = {}
    for row in rows:
        if row["kind"] != Kind.NO_REPORTED_AMOUNT:
            counts[row["money"]] = counts.get(row["money"], 0) + row["count"]
    own = selection.entity.base_currency
    currency = selection.currency or (own if own in counts else max(counts, key=lambda c: (counts[c], c), default=own))
    sides = {Kind.EQUAL: Side(), Kind.ROUNDING: Side(), Kind.DIFFERENT: Side()}
    apart: dict[tuple[Kind, str], int] = {}
    amounts = []
    for row in rows:
        kind = Kind(row["kind"])
        if kind is not Kind.NO_REPORTED_AMOUNT and row["money"] != currency:
            continue
        if kind in sides:
            sides[kind] += Side(row["count"], _exact(row["theirs"]), _exact(row["our_sum"]))
            amounts += [amount for amount in (row["least"], row["most"]) if amount is not None]
        else:
            apart[kind, row["reason"]] = apart.get((kind, row["reason"]), 0) + row["count"]
    positive = [amount for amount in amounts if amount > 0]
    return Figures(
        currency=currency,
        equal=sides[Kind.EQUAL],
        rounding=sides[Kind.ROUNDING],
        different=sides[Kind.DIFFERENT],
        not_compared=[
            NotCompared(kind, reason, count) for (kind, reason), count in sorted(apart.items(), key=lambda one: (-one[1], one[0]))
        ],
        other_currencies=sorted(code for code in counts if code and code != currency),
        least=min(positive, default=None),
        most=max(positive, default=None),
    )


def _exact(total: Decimal | None) -> Decimal:
    """A sum of amounts of four digits; SQLite adds them up as binary fractions."""
    return round_to(total, 4) if total else ZERO
