"""What only the OCPI document shows: fields that reading makes equal, leaves out or can't place."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billing.pricing.documents import as_number
from billing.pricing.lint.findings import Finding, finding
from billing.pricing.lint.words import component_at, restriction_at

# Top-level fields by the versions that have them.
FIELDS = {
    "2.1.1": {
        "id", "currency", "tariff_alt_text", "tariff_alt_url", "elements", "energy_mix", "last_updated",
        "start_date_time", "end_date_time",
    },
    "2.2.1": {
        "country_code", "party_id", "id", "currency", "type", "tariff_alt_text", "tariff_alt_url", "min_price", "max_price",
        "elements", "start_date_time", "end_date_time", "energy_mix", "last_updated",
    },
    "2.3.0": {
        "country_code", "party_id", "id", "currency", "type", "tariff_alt_text", "tariff_alt_url", "min_price", "max_price",
        "preauthorize_amount", "elements", "tax_included", "start_date_time", "end_date_time", "energy_mix", "last_updated",
    },
}  # fmt: skip
REQUIRED = {
    "2.1.1": ("id", "last_updated"),
    "2.2.1": ("country_code", "party_id", "id", "last_updated"),
    "2.3.0": ("country_code", "party_id", "id", "last_updated"),
}
# Sides of a limit, as the two versions that have limits call them.
SIDES = {"2.2.1": {"excl_vat", "incl_vat"}, "2.3.0": {"before_taxes", "after_taxes"}}
MOST_DECIMALS = 4


def version_of(document: Mapping[str, Any], version: str) -> str:
    """As read_tariff recognizes it."""
    return version or ("2.3.0" if document.get("tax_included") is not None else "2.2.1")


def as_written(document: Mapping[str, Any], version: str) -> Iterator[Finding]:
    """Findings of a document that read_tariff accepts."""
    yield from _fields(document, version)
    for key in ("min_price", "max_price"):
        yield from _limit(document.get(key), key, version)
    without_rates = version == "2.1.1" or document.get("tax_included") == "N/A"
    for e, element in enumerate(document["elements"]):
        for c, component in enumerate(element["price_components"]):
            yield from _component(component, component_at(e, c), without_rates, version)
        yield from _restrictions(element.get("restrictions") or {}, e)


def _fields(document: Mapping[str, Any], version: str) -> Iterator[Finding]:
    for key in REQUIRED[version]:
        if not document.get(key):
            yield finding(
                "field_missing",
                key,
                f"OCPI {version} requires “{key}”; the price does not depend on it.",
                "Add it before the tariff goes to a partner.",
            )
    for key, value in document.items():
        if value is None or key in FIELDS[version]:
            continue
        others = [other for other, names in FIELDS.items() if key in names]
        if others:
            yield finding(
                "field_other_version",
                key[:60],
                f"“{key}” belongs to OCPI {' and '.join(others)}, not to {version}.",
                f"Remove it, or say that the tariff is OCPI {others[0]}.",
            )
        else:
            yield finding(
                "field_unknown", key[:60], f"OCPI {version} knows no field “{key[:40]}”, so it is ignored.", "Check its spelling."
            )


def _limit(limit: Any, key: str, version: str) -> Iterator[Finding]:
    if limit is None or version not in SIDES:
        return
    for other, sides in SIDES.items():
        for side in sides & set(limit) if other != version else ():
            yield finding(
                "field_other_version",
                f"{key}.{side}",
                f"“{side}” belongs to OCPI {other}, not to {version}.",
                f"Use {' and '.join(sorted(SIDES[version]))}.",
            )
    for side, value in limit.items():
        yield from _number(value, f"{key}.{side[:40]}", version)


def _component(component: Mapping[str, Any], where: str, without_rates: bool, version: str) -> Iterator[Finding]:
    is_fee = str(component["type"]).upper() == "FLAT"
    step = component.get("step_size")
    if step is None:
        yield finding(
            "step_missing",
            f"{where}.step_size",
            "There is no step_size, which OCPI requires; ChargeBill bills what was measured.",
            "Add one: 1 bills exact Wh or seconds.",
        )
    elif as_number(step) == 0 and not is_fee:
        yield finding(
            "step_zero",
            f"{where}.step_size",
            "The step_size is 0, which OCPI does not explain; ChargeBill bills what was measured.",
            "Use 1 for exact Wh or seconds, so that others read it alike.",
        )
    if component.get("vat") is not None and without_rates:
        yield finding(
            "vat_ignored",
            f"{where}.vat",
            "OCPI 2.1.1 knows no VAT, so the rate is ignored."
            if version == "2.1.1"
            else "The tariff says that tax does not apply (tax_included N/A), so the rate is ignored.",
            "Remove the rate." if version == "2.1.1" else "Remove the rate, or set tax_included to YES or NO.",
        )
    for key in ("price", "vat"):
        yield from _number(component.get(key), f"{where}.{key}", version)


def _number(value: Any, where: str, version: str) -> Iterator[Finding]:
    number = as_number(value)
    if number is None:
        return
    if isinstance(value, str) and version != "2.1.1":
        yield finding("number_as_text", where, f"The number {number} is written as a text.", "Write it without quotes.")
    if _decimals(number) > MOST_DECIMALS:
        yield finding(
            "price_digits",
            where,
            f"{number:f} has more than {MOST_DECIMALS} decimals, which is all OCPI keeps: a partner may round it.",
            f"Use at most {MOST_DECIMALS} decimals.",
        )


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _restrictions(of: Mapping[str, Any], e: int) -> Iterator[Finding]:
    days, start, end = of.get("day_of_week"), of.get("start_time"), of.get("end_time")
    if isinstance(days, Sequence) and not days:
        yield finding(
            "day_of_week_empty",
            restriction_at(e, "day_of_week"),
            "The list of weekdays is empty, so every day counts.",
            "Remove it, or name the days.",
        )
    if start and end and start == end:
        yield finding(
            "window_whole_day",
            restriction_at(e, "end_time"),
            f"The window begins and ends at {start}, so the whole day counts.",
            "Remove both times, or correct one of them.",
        )
    elif end == "00:00" and not start:
        yield finding(
            "window_end_only_midnight",
            restriction_at(e, "end_time"),
            "The window ends at 00:00 and has no start, so the whole day counts.",
            "Remove it, or name the start.",
        )
