"""The one pricing call: a session's quantities and a tariff in, a price that explains itself out."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from enum import StrEnum

from billing.pricing.model import COMPONENT_DIMENSIONS, Anchor, CdrError, Dimension, Result, Tariff, Tax, Taxes, Usage
from billing.pricing.selection import Compiled, Entry, choose, compiled, states
from billing.pricing.splitting import at_the_cheapest, spans_price_change, split
from billing.pricing.steps import round_up
from billing.pricing.totals import EXACT, Part, add_up, capped, limited, line_of, parts_of, rounded

ENGINE = "reference-2"
ZERO = Decimal(0)
# A bill lists what it is about in this order, each in time order.
_ORDER = {dimension: place for place, dimension in enumerate(Dimension)}


class Spanning(StrEnum):
    """What a period costs whose price changes before it ends.

    START: the price at its start, whole (a partner's CDR, which should have begun a new period). SPLIT: each part its
    own price, quantities in proportion to time (own meter data). CHEAPEST: each dimension at the lowest price that
    applied to it, whole.
    """

    START = "START"
    SPLIT = "SPLIT"
    CHEAPEST = "CHEAPEST"


def price(
    usage: Usage,
    tariff: Tariff | Sequence[Tariff],
    *,
    anchor: Anchor,
    taxes: Taxes | None = None,
    spanning: Spanning = Spanning.START,
    benefits: Sequence[object] = (),
) -> Result:
    """What ``usage`` costs under ``tariff``; of several, each period's own or the one active when the session started.

    ``taxes`` None: the components' own, as a partner's tariff states them. The total's ``anchor`` side is rounded once,
    half away from zero, to the currency's minor unit; the other side follows, and the lines are split by largest
    remainder. ``benefits`` are a plan's; none exist yet. Raises CdrError when the session can't be priced (no time zone,
    an unknown tariff), ValueError when ``taxes`` lacks a dimension the tariff prices.
    """
    if benefits:
        raise ValueError("Membership benefits can't be priced yet.")
    return price_exactly(usage, tariff, anchor=anchor, taxes=taxes, spanning=spanning)[0]


def price_exactly(
    usage: Usage, tariff: Tariff | Sequence[Tariff], *, anchor: Anchor, taxes: Taxes | None, spanning: Spanning
) -> tuple[Result, list[Part]]:
    """As ``price``, and the unrounded parts its lines were made of."""
    if not usage.periods:
        raise CdrError("charging_periods_missing", "charging_periods", "A session needs at least one charging period.")
    with localcontext(EXACT):
        first, by_period, notes = _tariffs(usage, tariff)
        if spanning is Spanning.SPLIT:
            whole = len(by_period)
            usage, by_period = split(usage, by_period)
            if len(by_period) > whole and not usage.assumption.startswith("metered"):
                notes += ("split_evenly",) if usage.assumption else ()
        at = states(usage, by_period)
        spans = spanning is not Spanning.SPLIT and spans_price_change(usage, at, by_period)
        if spans:
            notes += ("period_spans_price_change",)
        if spans and spanning is Spanning.CHEAPEST:
            notes += ("cheapest_price",)
            entries = at_the_cheapest(usage, at, by_period)
        else:
            entries = choose(usage, at, by_period)
        round_up(entries)
        return _result(_merged(entries), first.tariff, usage, anchor, taxes, notes)


def _result(
    entries: list[Entry], tariff: Tariff, usage: Usage, anchor: Anchor, taxes: Taxes | None, notes: tuple[str, ...]
) -> tuple[Result, list[Part]]:
    parts = parts_of(entries, taxes)
    if tariff.parking_cap is not None:
        parts = capped(parts, tariff)
    if tariff.min_price is not None or tariff.max_price is not None:
        parts, more = limited(parts, tariff, usage, _fallback_tax(tariff, taxes))
        notes += more
    net = add_up(parts, "net")
    # OCPI 2.1.1 knows no tax: what it costs with tax is unknown even where it costs nothing.
    gross = None if tariff.without_tax else add_up(parts, "gross")
    total, amounts = rounded(parts, net, gross, anchor, tariff.currency)
    lines = tuple([line_of(part, of_part) for part, of_part in zip(parts, amounts, strict=True)])
    if usage.assumption:
        notes = (usage.assumption, *notes)
    return Result(tariff.currency, anchor, *total, net, gross, lines, notes), parts


def _tariffs(usage: Usage, tariff: Tariff | Sequence[Tariff]) -> tuple[Compiled, list[Compiled], tuple[str, ...]]:
    """The tariff of the session (whose limits and cap count), each period's own, and notes."""
    if isinstance(tariff, Tariff):
        only = compiled(tariff)
        notes: tuple[str, ...] = () if _active(tariff, usage) else ("tariff_not_in_force",)
        if any(p.tariff_id and tariff.id and p.tariff_id.casefold() != tariff.id.casefold() for p in usage.periods):
            notes += ("tariff_id_differs",)
        return only, [only] * len(usage.periods), notes
    if not tariff:
        raise CdrError("tariff_missing", "tariffs", "No tariff is given.")
    if len(tariff) == 1:
        return _tariffs(usage, tariff[0])
    if len({t.currency for t in tariff}) > 1:
        raise CdrError("currency_mismatch", "tariffs", "The tariffs have different currencies, so there is no one total.")
    in_force = [t for t in tariff if _active(t, usage)]
    meant = [t for t in in_force if _is_for(t, usage)]
    first, notes = (meant or in_force or tariff)[0], () if in_force else ("tariff_not_in_force",)
    # Of two with one id the one in force counts: they are versions of it.
    by_id = {t.id.casefold(): t for t in reversed([*in_force, *tariff])}
    chosen = []
    for i, period in enumerate(usage.periods):
        found = by_id.get(period.tariff_id.casefold()) if period.tariff_id else first
        if found is None:
            raise CdrError(
                "tariff_unknown",
                f"charging_periods[{i}].tariff_id",
                f"No tariff has the id {period.tariff_id[:40]!r}. Give that tariff too, or correct the id.",
            )
        chosen.append(compiled(found))
    return compiled(first), chosen, notes


def _active(tariff: Tariff, usage: Usage) -> bool:
    """Whether the tariff was in force when the session started; it is not switched while a session lasts."""
    start = usage.periods[0].start
    return (tariff.starts_at is None or tariff.starts_at <= start) and (tariff.ends_at is None or start < tariff.ends_at)


def _is_for(tariff: Tariff, usage: Usage) -> bool:
    """Whether a tariff's type suits who charged; no type suits everybody."""
    if not tariff.type or usage.ad_hoc is None:
        return True
    return (tariff.type == "AD_HOC_PAYMENT") == usage.ad_hoc


def _fallback_tax(tariff: Tariff, taxes: Taxes | None) -> Tax | None:
    """The tax of a limit where nothing was priced: that of what the tariff prices first."""
    components = [component for element in tariff.elements for component in element.components]
    for dimension in (Dimension.ENERGY, *COMPONENT_DIMENSIONS):
        for component in components:
            if component.dimension is dimension:
                if taxes is not None:
                    return taxes.get(dimension)
                return None if component.vat is None else Tax(component.vat, "")
    return None


def _merged(entries: list[Entry]) -> list[Entry]:
    """By dimension in the order of a bill; what follows at the same rate is one."""
    if len(entries) > 1:
        entries.sort(key=lambda entry: _ORDER[entry.rate.dimension])
    found: list[Entry] = []
    last: Entry | None = None
    for entry in entries:
        if last is not None and last.rate is entry.rate:
            last.end = entry.end
            last.measured += entry.measured
            last.quantity += entry.quantity
        else:
            found.append(entry)
            last = entry
    return found
