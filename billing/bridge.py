"""Why does this number differ? From metered energy to the bank, each step with the gaps that lead to the next one.

``energy`` and ``money`` follow the sessions that ended in a period, wherever their documents and the money for them
went. ``takings`` is what terminals and gateways took in these days, by the books. One company, one currency.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from billing.chargeables import COUNTED_WHEN_DROPPED, ON_A_DOCUMENT, State
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind, DocumentLine
from billing.exact import amount_of, exact_sum
from billing.journal_models import JournalEntry, Posting
from billing.payment_models import PaymentAllocation, PaymentMethod
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from stations.models import Session

ZERO = Decimal(0)
# What a session stands for in the bridge, where its state alone does not say it.
HISTORY, FREE, DROPPED = "history", "free", "dropped"
NOT_BILLED = ("held", HISTORY, FREE, DROPPED, "ready")

# Where takings lie until they are paid out; whom they were taken from; what they cost; where they go.
LIES = Q(account__code="1055") | Q(account__code="1050") | Q(account__code__startswith="1050-")
TAKEN_FROM, FEES, IN_TRANSIT, BANK = ("1100", "2000", "2090"), ("6000", "1210"), "1060", "1000"


@dataclass(frozen=True, slots=True)
class Gap:
    """What is added to a step on the way to the next: below zero what falls away. ``count``: of the rows behind it."""

    code: str
    amount: Decimal
    count: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A figure, and the gaps between it and the next one; the last step has none."""

    code: str
    amount: Decimal
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Bridge:
    """Energy in kWh, the rest in ``currency``. ``currencies``: those of prices of the period, this one included."""

    currency: str
    energy: tuple[Step, ...]
    money: tuple[Step, ...]
    takings: tuple[Step, ...]
    currencies: tuple[str, ...]

    @property
    def breaks(self) -> list[str]:
        """Steps that don't lead to the next one by their gaps; none, or the bridge is wrong."""
        return [
            one.code
            for chain in (self.energy, self.money, self.takings)
            for one, following in pairwise(chain)
            if one.amount + sum((gap.amount for gap in one.gaps), ZERO) != following.amount
        ]


@dataclass(slots=True)
class _Sum:
    count: int = 0
    kwh: Decimal = ZERO
    priced_kwh: Decimal = ZERO
    net: Decimal = ZERO


@dataclass(slots=True)
class _Cohort:
    """The sessions of the period: those without a price, those priced in other currencies, ours by where they stand."""

    total_kwh: Decimal = ZERO
    sessions: int = 0
    unpriced: _Sum = field(default_factory=_Sum)
    others: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    ours: dict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))

    def all_of(self, what: str) -> Decimal:
        return sum((getattr(one, what) for one in self.ours.values()), ZERO)


def bridge(*, entity: LegalEntity, period: Period[date], currency: str) -> Bridge:
    """Every step and gap. The number of queries does not depend on how much there is."""
    cohort = _cohort(entity, period, currency)
    currencies = {currency, *cohort.others} - {""}
    return Bridge(
        currency=currency,
        energy=_energy(cohort),
        money=_money(entity, period, currency, cohort),
        takings=_takings(entity, period, currency),
        currencies=tuple(sorted(currencies)),
    )


def _sessions(entity: LegalEntity, period: Period[date], prefix: str = "") -> Q:
    return Q(
        **{
            f"{prefix}entity": entity,
            f"{prefix}local_end_date__gte": period.start,
            f"{prefix}local_end_date__lt": period.end or date.max,
        }
    )


def documents_of(entity: LegalEntity, period: Period[date], currency: str) -> QuerySet[Document]:
    """The documents, no credit notes, that hold a session of the period."""
    lines = DocumentLine.objects.filter(_sessions(entity, period, "session__")).order_by()
    # Asked of each document by itself, a database reads all sessions of the period once for every document.
    found = Document.objects.filter(pk__in=lines.values("document"), entity=entity, currency=currency)
    return found.exclude(kind=DocumentKind.CREDIT_NOTE)


def _standing(state: str | None, reason: str) -> str:
    if state == State.DROPPED:
        return HISTORY if reason in COUNTED_WHEN_DROPPED else FREE if reason == "internal" else DROPPED
    return (state or State.UNPRICED).lower()


def _cohort(entity: LegalEntity, period: Period[date], currency: str) -> _Cohort:
    rows = Session.objects.filter(_sessions(entity, period)).order_by()
    cdr = "chargeable__cdr__"
    grouped = rows.values_list("chargeable__state", "chargeable__reason", f"{cdr}currency").annotate(
        n=Count("pk"),
        kwh=exact_sum("energy_kwh", digits=4),
        priced=exact_sum(Coalesce(f"{cdr}energy_kwh", "energy_kwh"), digits=4),
        net=exact_sum(f"{cdr}net_amount"),
    )
    found = _Cohort()
    for state, reason, of, count, kwh, priced_kwh, net in grouped:
        into = found.unpriced if not of else found.ours[_standing(state, reason)] if of == currency else found.others[of]
        into.count += count
        into.kwh += amount_of(kwh, digits=4)
        into.priced_kwh += amount_of(priced_kwh, digits=4)
        into.net += amount_of(net)
        found.sessions += count
        found.total_kwh += amount_of(kwh, digits=4)
    return found


def _energy(cohort: _Cohort) -> tuple[Step, ...]:
    reading = sum((one.priced_kwh - one.kwh for one in cohort.ours.values()), ZERO)
    first = [Gap("unpriced", -cohort.unpriced.kwh, cohort.unpriced.count)]
    first += [Gap("other_currency", -one.kwh, one.count, currency) for currency, one in sorted(cohort.others.items())]
    first.append(Gap("reading", reading))
    second = [Gap(code, -cohort.ours[code].priced_kwh, cohort.ours[code].count) for code in (*NOT_BILLED, "credited")]
    return (
        Step("metered", cohort.total_kwh, tuple(first)),
        Step("priced_kwh", cohort.all_of("priced_kwh"), tuple(second)),
        Step("billed_kwh", cohort.ours["documented"].priced_kwh),
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of the period's sessions. ``current``: at the price the session has now, on a document not issued anew."""

    net: Decimal
    gross: Decimal
    current_net: Decimal
    replaced_net: Decimal
    credited_net: Decimal
    credited_gross: Decimal
    credit_lines: int


def _lines(entity: LegalEntity, period: Period[date], currency: str) -> _Lines:
    standing = "session__chargeable__"
    fits = Q(**{"cdr": F(f"{standing}cdr"), f"{standing}state__in": ON_A_DOCUMENT})
    rows = DocumentLine.objects.filter(_sessions(entity, period, "session__"), document__currency=currency).order_by()
    grouped = (
        rows.annotate(
            is_credit=_flag(Q(document__kind=DocumentKind.CREDIT_NOTE)),
            is_replaced=_flag(Q(document__replaced_by__isnull=False)),
            is_current=_flag(fits),
        )
        .values_list("is_credit", "is_replaced", "is_current")
        .annotate(n=Count("pk"), net=exact_sum("net_amount"), gross=exact_sum("gross_amount"))
    )
    sums: dict[str, Decimal] = defaultdict(Decimal)
    credit_lines = 0
    for is_credit, is_replaced, is_current, count, net_units, gross_units in grouped:
        net, gross = amount_of(net_units), amount_of(gross_units)
        kind = "credited" if is_credit else "all"
        sums[f"{kind}_net"] += net
        sums[f"{kind}_gross"] += gross
        if is_credit:
            credit_lines += count
        elif is_replaced:
            sums["replaced"] += net
        elif is_current:
            sums["current"] += net
    return _Lines(
        sums["all_net"],
        sums["all_gross"],
        sums["current"],
        sums["replaced"],
        sums["credited_net"],
        sums["credited_gross"],
        credit_lines,
    )


def _flag(when: Q) -> Case:
    return Case(When(when, then=Value(True)), default=Value(False), output_field=BooleanField())


def _money(entity: LegalEntity, period: Period[date], currency: str, cohort: _Cohort) -> tuple[Step, ...]:
    lines = _lines(entity, period, currency)
    ours = cohort.ours
    billed = ours["documented"].net + ours["credited"].net
    priced = [Gap(code, -ours[code].net, ours[code].count) for code in NOT_BILLED]
    priced += [
        Gap("rounding", lines.current_net - billed),
        Gap("earlier", lines.net - lines.current_net - lines.replaced_net),
        Gap("replaced", lines.replaced_net),
    ]
    net, gross = lines.net - lines.credited_net, lines.gross - lines.credited_gross
    whole, back = _documents(entity, period, currency)
    received = _received(entity, period, currency)
    collected = sum(received.values(), ZERO)
    elsewhere = (("terminals", PaymentMethod.TERMINAL), ("gateways", PaymentMethod.GATEWAY), ("cash", PaymentMethod.CASH))
    not_by_bank = tuple(Gap(code, -received.get(method, ZERO)) for code, method in elsewhere)
    return (
        Step("priced", cohort.all_of("net"), tuple(priced)),
        Step("documented", lines.net, (Gap("credit_notes", -lines.credited_net, lines.credit_lines),)),
        Step("net", net, (Gap("tax", gross - net),)),
        Step("gross", gross, (Gap("others", whole - gross),)),
        Step("documents", whole, (Gap("given_back", back), Gap("open", collected - whole - back))),
        Step("collected", collected, not_by_bank),
        Step("bank", received.get(PaymentMethod.BANK, ZERO)),
    )


def _documents(entity: LegalEntity, period: Period[date], currency: str) -> tuple[Decimal, Decimal]:
    """The whole of the documents less their credit notes; and what of those had been paid, and was given back."""
    mine = documents_of(entity, period, currency).order_by().values("pk")
    issued = Document.objects.filter(pk__in=mine).aggregate(total=exact_sum("gross_amount"))["total"]
    credited = Document.objects.filter(corrects__in=mine).aggregate(total=exact_sum("gross_amount"))["total"]
    returned = Correction.objects.filter(document__in=mine).aggregate(total=exact_sum("returned_amount"))["total"]
    return amount_of(issued) - amount_of(credited), amount_of(returned)


def _received(entity: LegalEntity, period: Period[date], currency: str) -> dict[str, Decimal]:
    """What was received for these documents, by the way it came in."""
    mine = documents_of(entity, period, currency).order_by().values("pk")
    parts = PaymentAllocation.objects.filter(document__in=mine).order_by()
    rows: Iterable[tuple[str, object]] = parts.values_list("payment__method").annotate(total=exact_sum("amount"))
    return {method: amount_of(total) for method, total in rows}


def _takings(entity: LegalEntity, period: Period[date], currency: str) -> tuple[Step, ...]:
    """Of the entries that touch money lying at terminals and gateways, what each account says; together they are zero."""
    touched = JournalEntry.objects.filter(
        Exists(Posting.objects.filter(LIES, entry=OuterRef("pk"), currency=currency)),
        entity=entity,
        posted_at__isnull=False,
        effective_date__gte=period.start,
        effective_date__lt=period.end or date.max,
    )
    legs = Posting.objects.filter(entry__in=touched.order_by().values("pk"), currency=currency).order_by()
    sums = legs.values_list("account__code").annotate(debit=exact_sum("debit"), credit=exact_sum("credit"))
    balance = {code: amount_of(debit) - amount_of(credit) for code, debit, credit in sums}

    def of(codes: Iterable[str]) -> Decimal:
        return sum((balance.get(code, ZERO) for code in codes), ZERO)

    lies = [code for code in balance if code == "1055" or code.partition("-")[0] == "1050"]
    taken, paid_out, bank = -of(TAKEN_FROM), of((BANK, IN_TRANSIT)), of((BANK,))
    known = {*TAKEN_FROM, *FEES, *lies, BANK, IN_TRANSIT}
    other = of(code for code in balance if code not in known)
    return (
        Step("taken", taken, (Gap("fees", -of(FEES)), Gap("lies", -of(lies)), Gap("other", -other))),
        Step("paid_out", paid_out, (Gap("in_transit", -of((IN_TRANSIT,))),)),
        Step("arrived", bank),
    )
