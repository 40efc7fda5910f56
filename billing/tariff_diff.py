"""What is different between two contents of a tariff, in sentences. Pure but for the content's own module."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing.models import TaxCategory
from billing.pricing import Element, Restrictions
from billing.pricing.text import component, conditions, money
from billing.tariff_content import Content, core_of

Kind = Literal["changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: what it is about, and what it was and is in words ("" where there was or is nothing)."""

    kind: Kind
    what: str
    old: str
    new: str


def differences(old: Content, new: Content, *, currency: str) -> list[Difference]:
    """From ``old`` to ``new``: rules first, in the order of the new ones, then what holds for all of the tariff."""
    one, other = (core_of(content, name="", version=0, currency=currency).elements for content in (old, new))
    return [*_rules(one, other, currency), *_settings(old, new, currency)]


def _rules(old: tuple[Element, ...], new: tuple[Element, ...], currency: str) -> list[Difference]:
    """Rules are the same rule when they apply under the same conditions; of several such, in order."""
    before, after = _keyed(old), _keyed(new)
    found = []
    for key, element in after.items():
        what = _when(key[0])
        if key not in before:
            found.append(Difference("added", what, "", "; ".join(_prices(element, currency).values())))
            continue
        was, now = _prices(before[key], currency), _prices(element, currency)
        for kind in dict.fromkeys([*was, *now]):
            if was.get(kind) != now.get(kind):
                found.append(_difference(what, was.get(kind, ""), now.get(kind, "")))
    for key, element in before.items():
        if key not in after:
            found.append(Difference("removed", _when(key[0]), "; ".join(_prices(element, currency).values()), ""))
    was_order, now_order = ([key for key in keys if key in before and key in after] for keys in (before, after))
    if was_order != now_order:
        shown = (" → ".join(_when(key[0]) for key in keys) for keys in (was_order, now_order))
        found.append(Difference("changed", "Order of the rules", *shown))
    return found


def _keyed(elements: tuple[Element, ...]) -> dict[tuple[Restrictions, int], Element]:
    found: dict[tuple[Restrictions, int], Element] = {}
    for element in elements:
        number = sum(restrictions == element.restrictions for restrictions, _ in found)
        found[element.restrictions, number] = element
    return found


def _when(restrictions: Restrictions) -> str:
    return conditions(restrictions) or "Always"


def _prices(element: Element, currency: str) -> dict[str, str]:
    """Each price in words, by what it is for; a second one for the same thing counts for nothing but is there."""
    reserved = Restrictions(reservation=element.restrictions.reservation)
    found: dict[str, str] = {}
    for priced in element.components:
        name = str(priced.dimension)
        while name in found:
            name += "+"
        vat = "" if priced.vat is None else f" ({priced.vat.normalize():f} % tax in the document)"
        found[name] = component(priced, reserved, currency) + vat
    return found


def _difference(what: str, old: str, new: str) -> Difference:
    kind: Kind = "changed" if old and new else "added" if new else "removed"
    return Difference(kind, what, old, new)


def _settings(old: Content, new: Content, currency: str) -> Iterable[Difference]:
    def tax(content: Content) -> str:
        return "included in the prices" if content.tax_included else "added to the prices"

    def amount(value: Decimal | None) -> str:
        return "" if value is None else f"{money(value, currency)} per session"

    def minutes(content: Content) -> str:
        return f"{content.grace_minutes} min" if content.grace_minutes else ""

    pairs = [
        ("Tax", tax(old), tax(new)),
        ("Tax category", TaxCategory(old.tax_category).label, TaxCategory(new.tax_category).label),
        ("Minimum price", amount(old.min_price), amount(new.min_price)),
        ("Maximum price", amount(old.max_price), amount(new.max_price)),
        ("Free idle time after charging", minutes(old), minutes(new)),
        ("Idle time costs at most", amount(old.parking_cap), amount(new.parking_cap)),
    ]
    return [_difference(what, was, now) for what, was, now in pairs if was != now]
