"""What jurisdictions.py asks of a tariff, seen in the tariff."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

from billing.pricing.jurisdictions import RULES, Asks, Rule
from billing.pricing.lint.findings import Finding, Setting, Severity, finding
from billing.pricing.lint.words import component_at
from billing.pricing.model import ZERO, Dimension, Tariff

Seen = tuple[str, str, str]  # where, what is so, what to do
WEAKER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO, Severity.INFO: Severity.INFO}
READING = "ChargeBill's reading, not legal advice."


def lawful(tariff: Tariff, setting: Setting) -> Iterator[Finding]:
    """Findings of the rules that apply, or may apply, in the setting. Without a country there are none."""
    for rule in RULES:
        certain = _applies(rule, setting)
        if certain is None:
            continue
        for where, what, advice in SEES[rule.asks](tariff):
            severity = Severity(rule.severity)
            open_question = "" if certain else f" Whether the rule applies here depends on {_condition(rule)}."
            if rule.stations_since and setting.deployed is None:
                open_question += f" It is about stations in service since {_since(rule, setting)}."
            yield finding(
                rule.code,
                where,
                f"{what} {rule.reading} ({rule.source.law}).{open_question}",
                f"{advice} ({READING})",
                severity if certain else WEAKER[severity],
            )


def _applies(rule: Rule, setting: Setting) -> bool | None:
    """True or None (not at all); False: it depends on what is not known."""
    if setting.country not in rule.countries or (rule.subdivisions and setting.subdivision not in rule.subdivisions):
        return None
    if rule.ad_hoc_only and not setting.ad_hoc:
        return None
    if setting.day and (setting.day < rule.since or (rule.until and setting.day >= rule.until)):
        return None
    certain = True
    if rule.from_kw is not None:
        if setting.all_below(rule.from_kw):
            return None
        certain = setting.all_from(rule.from_kw)
    if rule.below_kw is not None:
        if setting.all_from(rule.below_kw):
            return None
        certain = setting.all_below(rule.below_kw)
    if rule.stations_since and setting.deployed and setting.deployed < _since(rule, setting):
        return None
    return certain


def _since(rule: Rule, setting: Setting) -> date:
    """From when on stations fall under the rule; where AC or DC is not known the earlier day."""
    assert rule.stations_since is not None
    ac, dc = rule.stations_since
    return min(ac, dc) if setting.dc is None else dc if setting.dc else ac


def _condition(rule: Rule) -> str:
    kw: Decimal | None = rule.from_kw if rule.from_kw is not None else rule.below_kw
    return f"whether a connector has {kw} kW or more"


def _components(tariff: Tariff, dimension: Dimension) -> Iterator[tuple[str, int | None]]:
    """Place and minimum duration of what has a price above 0 in sessions."""
    for e, element in enumerate(tariff.elements):
        for c, component in enumerate(element.components):
            if component.dimension is dimension and component.price > ZERO and not element.restrictions.reservation:
                yield component_at(e, c), element.restrictions.min_duration_s


def _start_fee(tariff: Tariff) -> Iterator[Seen]:
    for where, _ in _components(tariff, Dimension.FLAT):
        yield where, "There is a start fee.", "Remove it, or offer this tariff only to members or below 50 kW."


def _charging_time(tariff: Tariff) -> Iterator[Seen]:
    for where, after in _components(tariff, Dimension.TIME):
        if not after:
            yield (
                where,
                "Charging time has a price.",
                "Charge by kWh; time may cost as an occupancy fee: as idle time, or after a minimum duration.",
            )


def _minimum(tariff: Tariff) -> Iterator[Seen]:
    limit = tariff.min_price
    if limit and ((limit.net or ZERO) > ZERO or (limit.gross or ZERO) > ZERO):
        yield "min_price", "There is a minimum price.", "Remove it, or offer this tariff only to members or below 50 kW."


def _price_order(tariff: Tariff) -> Iterator[Seen]:
    parts = [d for d in (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT) if any(_components(tariff, d))]
    if len(parts) > 1:
        yield "", "The price has several parts.", "ChargeBill's texts and price pages keep this order; keep it elsewhere too."


def _kwh_price(tariff: Tariff) -> Iterator[Seen]:
    if any(_components(tariff, Dimension.ENERGY)):
        return
    for dimension, what in ((Dimension.TIME, "by time"), (Dimension.FLAT, "by session")):
        for where, _ in _components(tariff, dimension):
            yield where, f"Energy is sold {what}, without a price per kWh.", "Add a price per kWh."
            return


def _tax_included(tariff: Tariff) -> Iterator[Seen]:
    if not tariff.tax_included and any(any(_components(tariff, d)) for d in Dimension):
        yield "", "The prices are without tax.", "Enter them with tax, or show them with tax wherever consumers read them."


SEES: dict[Asks, Callable[[Tariff], Iterator[Seen]]] = {
    Asks.NO_START_FEE: _start_fee,
    Asks.NO_CHARGING_TIME: _charging_time,
    Asks.NO_MINIMUM: _minimum,
    Asks.PRICE_ORDER: _price_order,
    Asks.KWH_PRICE: _kwh_price,
    Asks.TAX_INCLUDED: _tax_included,
}
