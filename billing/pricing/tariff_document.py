"""Reads an OCPI tariff (2.1.1, 2.2.1, 2.3.0) into what the engine takes. Nothing is guessed: what can't be read is refused."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.pricing.documents import Reader
from billing.pricing.model import (
    ALWAYS,
    COMPONENT_DIMENSIONS,
    Component,
    Dimension,
    Element,
    Limit,
    Restrictions,
    Tariff,
    TariffError,
    Untaxed,
)

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
DAY_MINUTES = 24 * 60
# OCPI's name of a restriction: ours, and how it is read.
_NUMBERS = {
    "min_kwh": "min_kwh",
    "max_kwh": "max_kwh",
    "min_current": "min_current_a",
    "max_current": "max_current_a",
    "min_power": "min_power_kw",
    "max_power": "max_power_kw",
}
_SECONDS = {"min_duration": "min_duration_s", "max_duration": "max_duration_s"}
_DATES = ("start_date", "end_date")
_KNOWN = {*_NUMBERS, *_SECONDS, *_DATES, "start_time", "end_time", "day_of_week", "reservation"}
_NOT_IN_2_1_1 = {"min_current", "max_current", "reservation"}


def read_tariff(document: Any, *, version: str = "", where: str = "") -> Tariff:
    """A tariff object. ``version`` "" is recognized: ``tax_included`` means 2.3.0, else 2.2.1. Raises TariffError."""
    tariff = Reader(document, where, TariffError)
    version = _known_version(tariff, version) or ("2.3.0" if tariff.raw("tax_included") is not None else "2.2.1")
    currency = tariff.required("currency", "currency, such as EUR")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        tariff.fail("currency_unreadable", "currency", "Give the currency as three letters, such as EUR.")
    tax_included, untaxed = _tax(tariff, version)
    tariff.required("elements", "list of elements")
    if not tariff.items("elements"):
        tariff.fail("elements_empty", "elements", "A tariff needs at least one element with a price component.")
    without_rates = version == "2.1.1" or tariff.raw("tax_included") == "N/A"
    return Tariff(
        name=tariff.text("id"),
        version=0,
        currency=currency.upper(),
        tax_included=tax_included,
        elements=_elements(tariff.children("elements"), version, untaxed_only=without_rates),
        untaxed=untaxed,
        min_price=None if version == "2.1.1" else _limit(tariff, "min_price"),
        max_price=None if version == "2.1.1" else _limit(tariff, "max_price"),
        id=tariff.text("id"),
        type=tariff.text("type").upper(),
        starts_at=tariff.moment("start_date_time"),
        ends_at=tariff.moment("end_date_time"),
        without_tax=version == "2.1.1",
    )


def tariff_from_elements(
    *,
    name: str,
    version: int,
    currency: str,
    tax_included: bool,
    elements: Sequence[dict[str, Any]],
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    grace_s: int = 0,
    parking_cap: Decimal | None = None,
) -> Tariff:
    """Our own tariff from its stored OCPI elements (none: free of charge). Limits and cap are on the prices' own side.

    Raises TariffError.
    """
    read = [Reader(element, f"elements[{i}]", TariffError) for i, element in enumerate(elements)]

    def limit(bound: Decimal | None) -> Limit | None:
        if bound is None:
            return None
        return Limit(gross=bound) if tax_included else Limit(net=bound)

    return Tariff(
        name=name,
        version=version,
        currency=currency,
        tax_included=tax_included,
        elements=_elements(read, "2.2.1", untaxed_only=False),
        min_price=limit(min_price),
        max_price=limit(max_price),
        grace_s=grace_s,
        parking_cap=parking_cap,
    )


def _known_version(tariff: Reader, version: str) -> str:
    """The version whose rules apply; its early and its corrected editions are one here."""
    for known in VERSIONS:
        if version.startswith(known[:3]):
            return known
    if version:
        tariff.fail("version_unknown", "", f"OCPI {version[:20]} is unknown here. Use {', '.join(VERSIONS)}.")
    return ""


def _tax(tariff: Reader, version: str) -> tuple[bool, Untaxed]:
    """Whether prices contain tax, and what a price without a rate means."""
    if version == "2.1.1":
        return False, Untaxed.UNKNOWN
    if version == "2.2.1":
        return False, Untaxed.NOT_APPLICABLE
    tariff.required("tax_included", "word on tax: YES, NO or N/A")
    included = tariff.choice("tax_included", ("YES", "NO", "N/A"))
    return included == "YES", Untaxed.NOT_APPLICABLE if included == "N/A" else Untaxed.UNKNOWN


def _limit(tariff: Reader, key: str) -> Limit | None:
    price = tariff.child(key)
    if price is None:
        return None
    found = []
    for names in (("excl_vat", "before_taxes"), ("incl_vat", "after_taxes")):
        given = [number for name in names if (number := price.number(name, least=0)) is not None]
        found.append(given[0] if given else None)
    net, gross = found
    if net is None and gross is None:
        price.fail("limit_empty", "", "Give the limit before tax, as “excl_vat” or “before_taxes”.")
    if net is not None and gross is not None and gross < net:
        price.fail("limit_contradiction", "", f"The limit after tax ({gross}) is below the one before tax ({net}).")
    return Limit(net, gross)


def _elements(elements: list[Reader], version: str, *, untaxed_only: bool) -> tuple[Element, ...]:
    return tuple(
        Element(_components(element, untaxed_only), _restrictions(element.child("restrictions"), version)) for element in elements
    )


def _components(element: Reader, untaxed_only: bool) -> tuple[Component, ...]:
    element.required("price_components", "list of price components")
    if not element.items("price_components"):
        element.fail("price_components_empty", "price_components", "An element needs at least one price component.")
    components = []
    for component in element.children("price_components"):
        component.required("type", "type: FLAT, ENERGY, TIME or PARKING_TIME")
        kind = component.choice("type", COMPONENT_DIMENSIONS)
        component.required("price", "price")
        price, vat = component.number("price"), component.number("vat", least=0, most=100)
        assert price is not None
        components.append(Component(Dimension(kind), price, component.whole("step_size") or 0, None if untaxed_only else vat))
    return tuple(components)


def _restrictions(of: Reader | None, version: str) -> Restrictions:
    if of is None:
        return ALWAYS
    for key, value in of.value.items():
        if value is None or value == []:
            continue
        if key not in _KNOWN or (version == "2.1.1" and key in _NOT_IN_2_1_1):
            of.fail(
                "restriction_unknown",
                key,
                f"OCPI {version} knows no restriction “{key[:40]}”, so nobody can say when these prices apply. Remove it.",
            )
    found: dict[str, Any] = {ours: of.number(theirs, least=0) for theirs, ours in _NUMBERS.items()}
    found |= {ours: of.whole(theirs) for theirs, ours in _SECONDS.items()}
    found |= {key: of.date(key) for key in _DATES}
    found["start_minute"], found["end_minute"] = _window(of.minute("start_time"), of.minute("end_time"))
    found["days"] = _days(of)
    found["reservation"] = of.choice("reservation", ("RESERVATION", "RESERVATION_EXPIRES"))
    restrictions = Restrictions(**found)
    return ALWAYS if restrictions == ALWAYS else restrictions


def _window(start: int | None, end: int | None) -> tuple[int | None, int | None]:
    """A missing start is 00:00, a missing end the day's end, as is 00:00; the same twice is the whole day, so no limit."""
    if start is None and end is None:
        return None, None
    start, end = start or 0, end or DAY_MINUTES
    return (None, None) if start % DAY_MINUTES == end % DAY_MINUTES else (start, end)


def _days(of: Reader) -> frozenset[int] | None:
    names = of.items("day_of_week")
    found = set()
    for i, name in enumerate(names):
        if not isinstance(name, str) or name.upper() not in DAYS:
            of.fail("day_of_week_unknown", f"day_of_week[{i}]", f"{str(name)[:40]!r} is no weekday. Use {', '.join(DAYS)}.")
        found.add(DAYS.index(name.upper()))
    return frozenset(found) if found else None
