"""The price against what should have been asked: the tariff shown, an independent price, a maximum, benefits, free time, tax.

Every remedy is a price computed anew by the reference pricer, so it is right to the cent.
"""

import re
from dataclasses import replace
from decimal import Decimal

from billing.checks.model import (
    PLANS,
    TARIFFS,
    TARIFFS_ANNOUNCED,
    TAX_RULES,
    ZERO,
    Check,
    Finding,
    Part,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.parts import MADE_OF, cost_of
from billing.checks.record import Pricing, Shown
from billing.checks.words import money, plain
from billing.pricing import Anchor, Dimension, Line, Tariff, Usage
from chargebill.core.money import UNITS, minor_digits, round_money

NOTHING = Remedy(Way.RELEASE, ZERO)
_PRICE = re.compile(r"(?:[A-Z]{3}|[€$£])?\s*(\d+(?:[.,]\d+)?)\s*(?:[A-Z]{3}|[€$£])?\s*(?:/|per|pro|je)\s*kWh", re.IGNORECASE)
_NET = re.compile(r"\b(plus|excl|zzgl|excluding|net|netto)\b", re.IGNORECASE)


def kwh_price(text: str) -> tuple[Decimal, bool] | None:
    """What a display asked for a kWh, and whether that includes tax; None where the words name no price, or several."""
    found = _PRICE.findall(text)
    return (Decimal(found[0].replace(",", ".")), _NET.search(text) is None) if len(found) == 1 else None


def _unit(snapshot: Snapshot) -> Decimal:
    return UNITS[minor_digits(snapshot.currency)]


def repriced(snapshot: Snapshot, pricing: Pricing) -> Remedy:
    """A new price, where that is less; else nothing of the money changes."""
    saved = snapshot.total - pricing.cost()
    return Remedy(Way.REPRICE, saved) if saved > ZERO else NOTHING


def not_shown(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    shown, own = snapshot.record.shown, snapshot.record.pricing
    if shown is None or (shown.pricing is None and shown.kwh_price is None):
        return check.no_data(TARIFFS_ANNOUNCED)
    if own is None:
        return check.no_data(TARIFFS)
    if shown.kwh_price is not None:
        return _display(check, snapshot, shown, own)
    assert shown.pricing is not None
    billed = f"{own.tariff.name} v{own.tariff.version}"
    announced = f"{shown.name} v{shown.version}"
    figures = {"billed": billed, "shown": announced}
    if billed == announced:
        return check.passed(**figures)
    return check.found(
        {**figures, "cost_shown": str(shown.pricing.cost())},
        f"“{billed}” was billed, but {shown.said_by} announced “{announced}”,"
        f" which costs {money(shown.pricing.cost(), snapshot.currency)}",
        repriced(snapshot, shown.pricing),
    )


def _display(check: Check, snapshot: Snapshot, shown: Shown, own: Pricing) -> Finding:
    """The price of the first kWh against the one a display showed: later ones may cost more by the same tariff."""
    asked = shown.kwh_price
    assert asked is not None
    energy = [line for line in own.result().lines if line.dimension is Dimension.ENERGY and line.unit_price is not None]
    if not energy:
        return check.passed(shown=str(asked))
    first = min(energy, key=lambda line: line.start)
    billed = _as_shown(first, own.tariff, with_tax=shown.with_tax)
    figures = {"billed_kwh_price": plain(billed, 6), "shown_kwh_price": plain(asked, 6)}
    if billed <= asked:
        return check.passed(**figures)
    return check.found(
        figures,
        f"a kWh was billed at {plain(billed, 6)} {snapshot.currency}, but {shown.said_by} showed {plain(asked, 6)}",
        repriced(snapshot, own.under(_with_energy_price(own.tariff, first, asked, billed))),
    )


def _as_shown(line: Line, tariff: Tariff, *, with_tax: bool) -> Decimal:
    assert line.unit_price is not None
    if tariff.tax_included == with_tax:
        return line.unit_price
    factor = 1 + (line.tax_rate or ZERO) / 100
    return line.unit_price * factor if with_tax else line.unit_price / factor


def _with_energy_price(tariff: Tariff, line: Line, asked: Decimal, billed: Decimal) -> Tariff:
    """The tariff with the price a display showed in the element that set the price of the first kWh."""
    assert line.element is not None
    element = tariff.elements[line.element]
    components = tuple(
        replace(component, price=component.price * asked / billed) if component.dimension is Dimension.ENERGY else component
        for component in element.components
    )
    changed = (*tariff.elements[: line.element], replace(element, components=components), *tariff.elements[line.element + 1 :])
    return replace(tariff, elements=changed)


def differs(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    own, billed = snapshot.record.pricing, snapshot.record.billed
    if own is None or billed is None:
        return check.no_data(TARIFFS)
    result = own.result()
    figures = {"billed": f"{billed.net}/{billed.tax}/{billed.gross}", "anew": f"{result.net}/{result.tax}/{result.gross}"}
    anew = (result.net or ZERO, result.tax or ZERO, result.gross or ZERO)
    apart = max(abs(one - other) for one, other in zip((billed.net, billed.tax, billed.gross), anew, strict=True))
    if apart < _unit(snapshot):
        return check.passed(**figures)
    return check.found(
        figures,
        f"computed anew it costs {money(anew[2], snapshot.currency)} with tax,"
        f" {money(billed.gross, snapshot.currency)} was billed",
        repriced(snapshot, own),
    )


def above_maximum(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    shown, own, billed = snapshot.record.shown, snapshot.record.pricing, snapshot.record.billed
    pricing = shown.pricing if shown is not None and shown.pricing is not None else own
    if pricing is None or billed is None:
        return check.no_data(TARIFFS)
    limit = pricing.tariff.max_price
    most = None if limit is None else limit.gross if limit.gross is not None else limit.net
    if limit is None or most is None:
        return check.passed()
    total = billed.gross if limit.gross is not None else billed.net
    figures = {"total": str(total), "maximum": str(most)}
    over = round_money(total - most, snapshot.currency)
    if over < _unit(snapshot):
        return check.passed(**figures)
    same_side = (limit.gross is not None) == (pricing.anchor is Anchor.GROSS)
    amount = over if same_side else max(snapshot.total - pricing.cost(), ZERO)
    return check.found(
        figures,
        f"{money(total, snapshot.currency)} was billed, more than the announced maximum of {money(most, snapshot.currency)}",
        Remedy(Way.REPRICE, amount),
    )


def benefit_missing(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    """Whether the customer's own tariff was left out. What a plan grants beside is on record nowhere yet: no pass."""
    member = snapshot.record.member
    if member is None or member.same or member.pricing is None:
        return check.no_data(PLANS)
    cost = member.pricing.cost()
    if cost >= snapshot.total:
        return check.no_data(PLANS)
    return check.found(
        {"total": str(snapshot.total), "as_member": str(cost)},
        f"the token belongs to customer {member.number}, whose price “{member.pricing.tariff.name}” was not applied:"
        f" {money(cost, snapshot.currency)} instead of {money(snapshot.total, snapshot.currency)}",
        Remedy(Way.REPRICE, snapshot.total - cost),
    )


def expected(snapshot: Snapshot) -> Pricing | None:
    """The price as announced where that is known, else by the tariff that was billed."""
    shown = snapshot.record.shown
    return shown.pricing if shown is not None and shown.pricing is not None else snapshot.record.pricing


def _used(usage: Usage, part: Part) -> Decimal:
    """What was used of a part, in kWh or seconds; of a fee nothing is measured."""
    column = {Part.ENERGY: "energy_kwh", Part.TIME: "charging_s", Part.PARKING_TIME: "parking_s"}.get(part)
    return sum((Decimal(getattr(period, column)) for period in usage.periods), ZERO) if column else ZERO


def free_ignored(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    pricing = expected(snapshot)
    if pricing is None or snapshot.prices is None:
        return check.no_data(TARIFFS)
    result = pricing.result()
    figures: dict[str, str] = {}
    worst: tuple[Decimal, Part] | None = None
    for part in (Part.ENERGY, Part.TIME, Part.PARKING_TIME):
        charged = sum((line.measured for line in result.lines if line.dimension in MADE_OF[part] and line.unit_price), ZERO)
        free = _used(pricing.usage, part) - charged
        if free <= ZERO:
            continue
        figures[f"free_{part.lower()}"] = plain(free)
        over = snapshot.part(part) - cost_of(result, part)
        if over >= _unit(snapshot) and (worst is None or over > worst[0]):
            worst = over, part
    if worst is None:
        return check.passed(**figures)
    over, part = worst
    named = {Part.ENERGY: "energy", Part.TIME: "charging time", Part.PARKING_TIME: "idle time"}[part]
    return check.found(
        {**figures, "too_much": str(over)},
        f"a part of the {named} is free by “{pricing.tariff.name} v{pricing.tariff.version}”,"
        f" yet {money(over, snapshot.currency)} is charged for it",
        Remedy(Way.REPRICE, over),
    )


def wrong_tax(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    own, right = snapshot.record.pricing, snapshot.record.right_taxes
    if own is None:
        return check.no_data(TARIFFS)
    if right is None or not own.tariff.priced <= right.keys():
        return check.no_data(TAX_RULES)
    wrong = sorted(d for d in own.tariff.priced if own.taxes[d] != right[d])
    billed_in = {d.country for d in snapshot.record.documents or () if not d.is_credit and d.country}
    elsewhere = sorted(country for country in billed_in if snapshot.record.country and country != snapshot.record.country)
    if not wrong and not elsewhere:
        return check.passed()
    if wrong:
        is_now, should = own.taxes[wrong[0]], right[wrong[0]]
        said = (
            f"tax {is_now.code} at {plain(is_now.rate)} % was applied,"
            f" by the tax table {should.code} at {plain(should.rate)} % is right"
        )
        figures = {"applied": f"{is_now.code} {plain(is_now.rate)}", "right": f"{should.code} {plain(should.rate)}"}
    else:
        said = f"the document says it was supplied in {elsewhere[0]}, the place is in {snapshot.record.country}"
        figures = {"applied": elsewhere[0], "right": snapshot.record.country}
    billed, anew = snapshot.record.billed, own.taxed(right).result()
    saved = billed.gross - (anew.gross or ZERO) if billed is not None else ZERO
    return check.found(figures, said, Remedy(Way.REPRICE, max(saved, ZERO)))


CHECKS = (
    Check("D13", 1, "Another price than the one shown", not_shown),
    Check("D14", 1, "Computed anew it costs something else", differs),
    Check("D15", 1, "More than the announced maximum", above_maximum),
    Check("D16", 1, "A member's benefit is missing", benefit_missing),
    Check("D17", 1, "What is free was charged", free_ignored),
    Check("D25", 1, "Another tax than the tax table's", wrong_tax),
)
