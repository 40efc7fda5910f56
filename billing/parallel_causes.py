"""The causes of the differences of a parallel month: rows in one stream, decided by the pure comparison."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing.comparison import Cause, Pair, Parts, explain, learn
from billing.models import Anchor, TariffVersion
from billing.parallel import ZERO, Figures, Kind, Selection, Side, sessions
from billing.parallel_parts import Ours, parts_of
from chargebill.core.money import UNITS, minor_digits, round_money, round_to
from stations.models import Mode

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One session whose amounts differ, and why."""

    session_id: int
    pair: Pair
    cause: Cause


@dataclass(frozen=True, slots=True)
class Group:
    """The sessions with one cause."""

    cause: Cause
    side: Side


def key_of(cause: Cause) -> str:
    """How a cause stands in an address: its code, and its figure where it has one."""
    return f"{cause.code.value}-{round_to(cause.value, 6).normalize():f}" if cause.value else cause.code.value


_COLUMNS = (
    "pk",
    "mode",
    "ours",
    "reported_amount",
    "energy_kwh",
    "charging_s",
    "duration_s",
    "chargeable__cdr__anchor",
    "chargeable__cdr__net_amount",
    "chargeable__cdr__gross_amount",
    "chargeable__cdr__tax_rate",
    "chargeable__cdr__fixed_amount",
    "chargeable__cdr__energy_amount",
    "chargeable__cdr__time_amount",
    "chargeable__cdr__parking_amount",
    "chargeable__cdr__reservation_amount",
    "chargeable__cdr__limit_amount",
    "chargeable__cdr__notes",
    "chargeable__cdr__tariff_version",
)


def differences(selection: Selection, found: Figures) -> list[Difference]:
    """The sessions whose amounts differ, each with its cause, the largest difference first.

    Two queries, and those of ``parts_of`` where collected sessions are among them. Empty where ``found.is_too_much``.
    """
    if found.is_too_much or not found.different.sessions:
        return []
    rows = sessions(selection).filter(kind=Kind.DIFFERENT.value, money=found.currency).values_list(*_COLUMNS)
    pairs: list[tuple[int, Pair]] = []
    collected: list[int] = []
    priced_by = set()
    for row in rows.iterator(chunk_size=CHUNK):
        pairs.append((row[0], _pair(row, found.currency)))
        priced_by.add((row[-1], row[10]))
        if row[1] == Mode.COLLECTED:
            collected.append(row[0])
    if ours := parts_of(collected):
        pairs = [(pk, _with(pair, ours[pk]) if pk in ours else pair) for pk, pair in pairs]
    unit = UNITS[minor_digits(found.currency)]
    per_kwh, per_minute = _unit_prices(priced_by)
    habits = learn(
        [pair for _, pair in pairs],
        unit=unit,
        least=found.least,
        most=found.most,
        per_kwh=per_kwh,
        per_minute=per_minute,
    )
    explained = [Difference(pk, pair, explain(pair, unit=unit, habits=habits)) for pk, pair in pairs]
    return sorted(explained, key=lambda one: (-abs(one.pair.difference), one.session_id))


def _with(pair: Pair, ours: Ours) -> Pair:
    return replace(pair, net=ours.net, parts=ours.parts)


def _pair(row: tuple[Any, ...], currency: str) -> Pair:
    (_, mode, ours, theirs, kwh, charging_s, duration_s, anchor, net, gross, rate, *parts, notes, _) = row
    if mode == Mode.COLLECTED:
        # Its Cdr holds what was reported: of our own price only the total is kept.
        known, net = None, ours if rate is None else round_money(ours * 100 / (100 + rate), currency)
    else:
        known = _parts(parts, gross / net if anchor == Anchor.NET and net else Decimal(1))
    return Pair(
        ours=ours,
        theirs=theirs,
        net=net,
        energy_kwh=kwh,
        charging_s=duration_s if charging_s is None else charging_s,
        idle_s=0 if charging_s is None else max(duration_s - charging_s, 0),
        parts=known,
        spans_price_change="period_spans_price_change" in notes.split(),
    )


def _parts(amounts: Sequence[Decimal], factor: Decimal) -> Parts:
    """Part amounts with tax in them; ``factor`` is 1 where they have it already."""
    return Parts(*(amounts if factor == 1 else [amount * factor for amount in amounts]))


def _unit_prices(priced_by: Iterable[tuple[int | None, Decimal | None]]) -> tuple[set[Decimal], set[Decimal]]:
    """Prices per kWh and per minute, incl. tax, of these (tariff version, tax rate): what amounts in steps are made of."""
    rates: dict[int, set[Decimal]] = {}
    for version_id, rate in priced_by:
        if version_id is not None:
            rates.setdefault(version_id, set()).add(rate or ZERO)
    per_kwh: set[Decimal] = set()
    per_minute: set[Decimal] = set()
    for version in TariffVersion.objects.filter(pk__in=rates).order_by():
        included = version.tax_included == TariffVersion.TaxIncluded.YES
        factors = {Decimal(1)} if included else {1 + rate / 100 for rate in rates[version.pk]}
        for kind, price in _components(version.elements):
            if kind == "ENERGY":
                per_kwh |= {price * factor for factor in factors}
            elif kind in ("TIME", "PARKING_TIME"):
                per_minute |= {price * factor / 60 for factor in factors}
    return per_kwh, per_minute


def _components(elements: list[dict[str, Any]]) -> Iterator[tuple[str, Decimal]]:
    for element in elements:
        for component in element["price_components"]:
            yield component["type"], Decimal(str(component["price"]))


def groups(found: Iterable[Difference]) -> list[Group]:
    """The differences by cause, the most frequent first."""
    sums: dict[Cause, list[Any]] = {}
    for one in found:
        total = sums.setdefault(one.cause, [0, ZERO, ZERO])
        total[0] += 1
        total[1] += one.pair.theirs
        total[2] += one.pair.ours
    by_cause = [Group(cause, Side(*total)) for cause, total in sums.items()]
    return sorted(by_cause, key=lambda group: (-group.side.sessions, key_of(group.cause)))
