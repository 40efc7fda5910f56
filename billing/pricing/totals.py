"""From quantities at rates to a total: amounts, cap, limits, tax, one rounding, and lines that add up to it.

Amounts are carried with far more digits than any input has, and settled to fewer before the one rounding, so that two
thirds of a cent and one third are one cent and half a cent is half a cent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from billing.pricing.model import Anchor, Dimension, Limit, Line, Tariff, Tax, Taxes, Untaxed, Usage
from billing.pricing.selection import Entry
from chargebill.core.money import round_money, split_exactly

EXACT = Context(prec=80)
_SETTLED = Decimal(1).scaleb(-40)
ZERO, HUNDRED, HOUR_S = Decimal(0), Decimal(100), Decimal(3600)
LIMIT_REASONS = {
    Dimension.PARKING_CAP: "Idle time costs no more than this in one session.",
    Dimension.MIN_PRICE: "A session costs at least this much.",
    Dimension.MAX_PRICE: "A session costs no more than this.",
}


class Part:
    """One line on its way: exact amounts on both sides, None where a side can't be known. ``rate`` None: no tax applies,
    or it is not known."""

    __slots__ = ("code", "dimension", "end", "entry", "gross", "net", "rate", "start")

    def __init__(
        self,
        dimension: Dimension,
        start: datetime,
        end: datetime,
        net: Decimal | None,
        gross: Decimal | None,
        rate: Decimal | None,
        code: str,
        entry: Entry | None = None,
    ) -> None:
        self.dimension, self.start, self.end, self.net, self.gross = dimension, start, end, net, gross
        self.rate, self.code, self.entry = rate, code, entry


def parts_of(entries: Sequence[Entry], taxes: Taxes | None) -> list[Part]:
    """The exact amounts of each entry, in time order. Raises ValueError when ``taxes`` lacks a dimension."""
    found = []
    for entry in entries:
        at = entry.rate
        amount = entry.quantity * at.component.price
        stated = amount / HOUR_S if at.hourly else Decimal(amount)
        rate, code = at.component.vat, ""
        if taxes is not None:
            if at.dimension not in taxes:
                raise ValueError(f"No tax is given for {at.dimension}.")
            tax = taxes[at.dimension]
            rate, code = tax.rate, tax.code
        net, gross = _sides(stated, at.tariff, rate)
        found.append(Part(at.dimension, entry.start, entry.end, net, gross, rate, code, entry))
    return found


def _sides(stated: Decimal, tariff: Tariff, rate: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """(before tax, after tax) of a stated amount."""
    if rate is None:
        if stated and tariff.untaxed is Untaxed.UNKNOWN:
            return (None, stated) if tariff.tax_included else (stated, None)
        return stated, stated
    if tariff.tax_included:
        return stated * HUNDRED / (HUNDRED + rate), stated
    return stated, stated * (HUNDRED + rate) / HUNDRED


def settled(amount: Decimal) -> Decimal:
    """Without the noise of divisions behind its 40th decimal."""
    return amount.quantize(_SETTLED, ROUND_HALF_EVEN, EXACT)


def add_up(parts: Iterable[Part], side: str) -> Decimal | None:
    """The exact sum of one side, None when one of them is not known."""
    total = ZERO
    for part in parts:
        amount = part.net if side == "net" else part.gross
        if amount is None:
            return None
        total += amount
    return settled(total)


def capped(parts: list[Part], tariff: Tariff) -> list[Part]:
    """The parts, and a line that takes off what idle time costs above the tariff's cap."""
    if tariff.parking_cap is None:
        return parts
    idle = [part for part in parts if part.dimension is Dimension.PARKING_TIME]
    side = "gross" if tariff.tax_included else "net"
    cost = add_up(idle, side)
    if cost is None or cost <= tariff.parking_cap:
        return parts
    return [*parts, *_scaled(Dimension.PARKING_CAP, idle, tariff.parking_cap / cost - 1)]


def _scaled(dimension: Dimension, of: list[Part], factor: Decimal) -> list[Part]:
    """For each tax rate one part of ``factor`` times what ``of`` has at that rate."""
    found = []
    for (rate, code), group in _by_tax(of).items():
        net, gross = add_up(group, "net"), add_up(group, "gross")
        found.append(
            Part(
                dimension,
                of[0].start,
                of[-1].end,
                None if net is None else net * factor,
                None if gross is None else gross * factor,
                rate,
                code,
            )
        )
    return found


def limited(parts: list[Part], tariff: Tariff, usage: Usage, fallback: Tax | None) -> tuple[list[Part], tuple[str, ...]]:
    """The parts with the minimum and then the maximum of the total applied, each a line of its own for every tax rate.

    ``fallback`` is the tax of a session in which nothing was priced. Also codes of notes.
    """
    notes: tuple[str, ...] = ()
    for dimension, limit in ((Dimension.MIN_PRICE, tariff.min_price), (Dimension.MAX_PRICE, tariff.max_price)):
        if limit is None:
            continue
        net, gross = add_up(parts, "net"), add_up(parts, "gross")
        comparable = (net is not None and limit.net is not None) or (gross is not None and limit.gross is not None)
        notes += () if comparable else ("limit_not_comparable",)
        wanted = _bounded(net, gross, limit, dimension, fallback)
        if wanted == (net, gross):
            continue
        change = (_minus(wanted[0], net), _minus(wanted[1], gross))
        parts = [*parts, *_change(dimension, parts, net, gross, change, usage, fallback)]
    return parts, notes


def _minus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one - other


def _bounded(
    net: Decimal | None, gross: Decimal | None, limit: Limit, dimension: Dimension, fallback: Tax | None
) -> tuple[Decimal | None, Decimal | None]:
    """The total within the limit: each bound on its own side; a side without one follows the other in proportion."""
    pick = max if dimension is Dimension.MIN_PRICE else min
    new_net = pick(net, limit.net) if net is not None and limit.net is not None else net
    new_gross = pick(gross, limit.gross) if gross is not None and limit.gross is not None else gross
    factor = (HUNDRED + fallback.rate) / HUNDRED if fallback else Decimal(1)
    if limit.gross is None and net is not None and gross is not None and new_net is not None and new_net != net:
        new_gross = settled(gross * new_net / net) if net else new_net * factor
    if limit.net is None and net is not None and gross is not None and new_gross is not None and new_gross != gross:
        new_net = settled(net * new_gross / gross) if gross else settled(new_gross / factor)
    if new_net is not None and new_gross is not None and new_gross < new_net:
        new_gross = new_net
    return new_net, new_gross


def _change(
    dimension: Dimension,
    parts: list[Part],
    net: Decimal | None,
    gross: Decimal | None,
    change: tuple[Decimal | None, Decimal | None],
    usage: Usage,
    fallback: Tax | None,
) -> list[Part]:
    """A change of the total as parts, one for each tax rate, in proportion to what each rate has in the total."""
    by_net, by_gross = change
    start, end = usage.periods[0].start, usage.periods[-1].end
    if not (net or gross):
        rate, code = (fallback.rate, fallback.code) if fallback else (None, "")
        return [Part(dimension, start, end, by_net, by_gross, _if_it_fits(rate, by_net, by_gross), code)]
    found = []
    for (rate, code), group in _by_tax(parts).items():
        group_net, group_gross = add_up(group, "net"), add_up(group, "gross")
        part_net = None if by_net is None or group_net is None else settled(by_net * group_net / net) if net else by_net
        part_gross = (
            None if by_gross is None or group_gross is None else settled(by_gross * group_gross / gross) if gross else by_gross
        )
        if part_net or part_gross:
            found.append(Part(dimension, start, end, part_net, part_gross, _if_it_fits(rate, part_net, part_gross), code))
    return found


def _share(change: Decimal | None, part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """What of a change falls to a part; None where a side is not known."""
    if change is None or part is None:
        return None
    return settled(change * part / whole) if whole else change


def _if_it_fits(rate: Decimal | None, net: Decimal | None, gross: Decimal | None) -> Decimal | None:
    """The rate, unless a partner's two bounds stand in another relation to each other."""
    if rate is None or net is None or gross is None:
        return rate
    return rate if abs(net * (HUNDRED + rate) / HUNDRED - gross) < Decimal("1e-20") else None


def _by_tax(parts: Iterable[Part]) -> dict[tuple[Decimal | None, str], list[Part]]:
    groups: dict[tuple[Decimal | None, str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.rate, part.code), []).append(part)
    return groups


Rounded = tuple[Decimal | None, Decimal | None, Decimal | None]


def rounded(
    parts: list[Part], net: Decimal | None, gross: Decimal | None, anchor: Anchor, currency: str
) -> tuple[Rounded, list[Rounded]]:
    """The total (net, tax, gross) and each part's, in the currency's minor unit; the parts add up to the total.

    GROSS and NET fix that side, rounded once; the other one follows for each tax rate. OCPI rounds both sides.
    """
    if net is None or gross is None:
        known = net if net is not None else gross
        if known is None:
            return (None, None, None), [(None, None, None)] * len(parts)
        total = round_money(known, currency)
        side = "net" if net is not None else "gross"
        amounts = split_exactly(total, [getattr(part, side) for part in parts], currency) if parts else []
        if net is not None:
            return (total, None, None), [(amount, None, None) for amount in amounts]
        return (None, None, total), [(None, None, amount) for amount in amounts]
    if anchor is Anchor.OCPI:
        total_net, total_gross = round_money(net, currency), round_money(gross, currency)
        return _both(parts, total_net, total_gross - total_net, currency)
    return _anchored(parts, net if anchor is Anchor.NET else gross, anchor, currency)


def _both(parts: list[Part], net: Decimal, tax: Decimal, currency: str) -> tuple[Rounded, list[Rounded]]:
    if not parts:
        return (net, tax, net + tax), []
    nets = split_exactly(net, [part.net or ZERO for part in parts], currency)
    taxes = split_exactly(tax, [(part.gross or ZERO) - (part.net or ZERO) for part in parts], currency)
    return (net, tax, net + tax), [(n, t, n + t) for n, t in zip(nets, taxes, strict=True)]


def _anchored(parts: list[Part], exact: Decimal, anchor: Anchor, currency: str) -> tuple[Rounded, list[Rounded]]:
    by_net = anchor is Anchor.NET
    total = round_money(exact, currency)
    if not parts:
        return (total, total - total, total), []
    fixed = split_exactly(total, [(part.net if by_net else part.gross) or ZERO for part in parts], currency)
    groups: dict[Decimal | None, list[int]] = {}
    for i, part in enumerate(parts):
        groups.setdefault(part.rate, []).append(i)
    other = list(fixed)
    total_other = ZERO
    for rate, members in groups.items():
        factor = HUNDRED + (rate or ZERO)
        group_fixed = sum((fixed[i] for i in members), ZERO)
        if by_net:
            group_other = round_money(group_fixed * factor / HUNDRED, currency)
            exact_others = [fixed[i] * factor / HUNDRED for i in members]
        else:
            group_other = round_money(group_fixed * HUNDRED / factor, currency)
            exact_others = [fixed[i] * HUNDRED / factor for i in members]
        for i, amount in zip(members, split_exactly(group_other, exact_others, currency), strict=True):
            other[i] = amount
        total_other += group_other
    nets, grosses = (fixed, other) if by_net else (other, fixed)
    net, gross = (total, total_other) if by_net else (total_other, total)
    return (net, gross - net, gross), [(n, g - n, g) for n, g in zip(nets, grosses, strict=True)]


def line_of(part: Part, amounts: Rounded) -> Line:
    net, tax, gross = amounts
    entry = part.entry
    if entry is None:
        return Line(
            part.dimension, part.start, part.end, ZERO, ZERO, "", None, net, part.rate, part.code, tax, gross, None,
            LIMIT_REASONS[part.dimension],
        )  # fmt: skip
    rate = entry.rate
    return Line(
        part.dimension, part.start, part.end, Decimal(entry.measured), Decimal(entry.quantity), rate.unit, rate.unit_price,
        net, part.rate, part.code, tax, gross, rate.element, rate.reason,
    )  # fmt: skip
