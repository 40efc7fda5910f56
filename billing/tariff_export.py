"""Tariffs as OCPI documents, out: what a version says, for a partner, with a warning for what OCPI can't say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from billing.models import TariffVersion
from billing.pricing import Dimension
from billing.tariff_content import Content, content_of
from billing.tariff_ocpi import NUMBER, Warned
from chargebill.core.errors import UserError
from chargebill.core.money import round_to

Ocpi = Literal["2.2.1", "2.3.0"]
VERSIONS: tuple[Ocpi, ...] = ("2.2.1", "2.3.0")
Rates = Mapping[Dimension, Decimal]
HUNDRED = Decimal(100)
_NET_NAMES = {"2.2.1": "excl_vat", "2.3.0": "before_taxes"}
_GROSS_NAMES = {"2.2.1": "incl_vat", "2.3.0": "after_taxes"}


@dataclass(frozen=True, slots=True)
class Exported:
    """``document`` is plain data with Decimals for numbers (see ``as_json``)."""

    document: dict[str, Any]
    warnings: tuple[Warned, ...]


def export_tariff(version: TariffVersion, *, ocpi: Ocpi, rates: Rates | None = None, party: str = "") -> Exported:
    """A version (with its tariff and entity) as an OCPI tariff object.

    ``rates``: the taxes of our own tariff in percent, None where they are not known; a document that was imported keeps
    the rates it named. ``party``: our three-letter party id, "" if not known. OCPI 2.2.1 states prices without tax:
    where ours include it they are computed with the rates, and without rates UserError is raised.
    """
    content = content_of(version)
    warned: list[Warned] = []
    imported = _given_back(content.ocpi)
    document = {**_party(version, imported, party, warned), "currency": version.tariff.currency}
    document |= {key: value for key, value in imported.items() if key not in _OURS and key not in document}
    to_net = content.tax_included and ocpi == "2.2.1"
    document["elements"] = _elements(content, rates, to_net=to_net, warned=warned)
    for key in ("min_price", "max_price"):
        if limit := _limit(key, content, imported, ocpi, rates, warned):
            document[key] = limit
    document |= _validity(version, imported)
    document["last_updated"] = imported.get("last_updated") or _moment(version.activated_at or version.created_at)
    if ocpi == "2.3.0":
        not_applicable = str(imported.get("tax_included", "")).upper() == "N/A" and not content.tax_included
        document["tax_included"] = "N/A" if not_applicable else "YES" if content.tax_included else "NO"
    if content.grace_minutes:
        warned.append(
            Warned(
                "grace_left_out",
                f"OCPI can't say that the first {content.grace_minutes} idle minutes are free: by this document they cost.",
            )
        )
    if content.parking_cap is not None:
        warned.append(
            Warned("parking_cap_left_out", "OCPI can't say what idle time costs at most: by this document there is no cap.")
        )
    return Exported(document, tuple(warned))


# Members that are made anew, whatever an imported document said.
_OURS = {
    *("min_price", "max_price", "start_date_time", "end_date_time", "last_updated", "tax_included"),
    *("country_code", "party_id", "id"),
}


def _party(version: TariffVersion, imported: dict[str, Any], party: str, warned: list[Warned]) -> dict[str, Any]:
    """Who says it, and its id. An imported document keeps its own."""
    if "id" in imported:
        return {key: imported[key] for key in ("country_code", "party_id", "id") if key in imported}
    tariff = version.tariff
    if not (party and tariff.entity.country):
        warned.append(
            Warned("party_unknown", "OCPI names who sends a tariff by country and party id, which are not known here: add them.")
        )
    found = {"country_code": tariff.entity.country, "party_id": party, "id": (tariff.code or str(tariff.pk))[:36]}
    return {key: value for key, value in found.items() if value}


def _elements(content: Content, rates: Rates | None, *, to_net: bool, warned: list[Warned]) -> list[dict[str, Any]]:
    own = "id" not in content.ocpi
    elements, computed = [], False
    for element in content.elements:
        restrictions = element.get("restrictions", {})
        components = []
        for component in element["price_components"]:
            rate = _rate(component, restrictions, rates)
            price = Decimal(component["price"])
            made: dict[str, Any] = {"type": component["type"], "price": price, "step_size": component["step_size"]}
            if to_net and price:
                if rate is None:
                    raise UserError(
                        "net_price_unknown",
                        "OCPI 2.2.1 states prices without tax, and these include a tax whose rate is not known. Export it"
                        " as 2.3.0, or enter the company's tax rule first.",
                    )
                made["price"] = round_to(price * HUNDRED / (HUNDRED + rate), 4)
                computed = True
            if "vat" in component or (own and rate is not None):
                made["vat"] = rate
            components.append(made)
        shown: dict[str, Any] = {"price_components": components}
        if restrictions:
            shown["restrictions"] = {
                key: Decimal(value) if key.startswith(("min_", "max_")) else value for key, value in restrictions.items()
            }
        elements.append(shown)
    if computed:
        warned.append(
            Warned(
                "net_prices_rounded",
                "These prices include tax; OCPI 2.2.1 states them without. They were computed and rounded to four digits,"
                " so a total may differ by a cent.",
            )
        )
    # OCPI wants at least one; this is how its own example says that charging is free.
    return elements or [{"price_components": [{"type": "FLAT", "price": Decimal(0), "step_size": 0}]}]


def _rate(component: dict[str, Any], restrictions: dict[str, Any], rates: Rates | None) -> Decimal | None:
    if "vat" in component:
        return Decimal(component["vat"])
    kind = component["type"]
    if restrictions.get("reservation") and kind in ("FLAT", "TIME"):
        kind = f"RESERVATION_{kind}"
    return rates.get(Dimension(kind)) if rates else None


def _limit(
    key: str, content: Content, imported: dict[str, Any], ocpi: Ocpi, rates: Rates | None, warned: list[Warned]
) -> dict[str, Any] | None:
    """A limit as that version of OCPI names its sides; None where there is none."""
    value = getattr(content, key)
    given = imported.get(key) or {}
    sides = {"net": _either(given, _NET_NAMES), "gross": _either(given, _GROSS_NAMES)}
    own = "gross" if content.tax_included else "net"
    if sides[own] == value and given:
        return _named(sides, ocpi)
    if value is None:
        return None
    if own == "net":
        return _named({"net": value}, ocpi)
    # OCPI asks for the side before tax; it is known where one rate is on everything.
    known = set(rates.values()) if rates else set()
    if len(known) != 1:
        warned.append(
            Warned(
                f"{key}_left_out" if ocpi == "2.2.1" else f"{key}_before_tax_unknown",
                f"OCPI wants the {'minimum' if key == 'min_price' else 'maximum'} price before tax, which is not known here.",
            )
        )
        return None if ocpi == "2.2.1" else _named({"gross": value}, ocpi)
    (rate,) = known
    return _named({"net": round_to(value * HUNDRED / (HUNDRED + rate), 4), "gross": value}, ocpi)


def _either(given: dict[str, Any], names: dict[str, str]) -> Decimal | None:
    found = [given[name] for name in names.values() if given.get(name) is not None]
    return Decimal(str(found[0])) if found else None


def _named(sides: Mapping[str, Decimal | None], ocpi: Ocpi) -> dict[str, Any]:
    names = {"net": _NET_NAMES[ocpi], "gross": _GROSS_NAMES[ocpi]}
    return {names[side]: value for side, value in sides.items() if value is not None}


def _validity(version: TariffVersion, imported: dict[str, Any]) -> dict[str, Any]:
    """When it is valid; a draft says what the document it came from said."""
    if version.state == TariffVersion.State.DRAFT:
        return {key: imported[key] for key in ("start_date_time", "end_date_time") if key in imported}
    found = {"start_date_time": version.valid_from, "end_date_time": version.valid_until}
    return {key: _moment(moment) for key, moment in found.items() if moment is not None}


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _given_back(value: Any) -> Any:
    """What tariff_ocpi kept, as it was."""
    if isinstance(value, dict):
        if set(value) == {NUMBER}:
            return Decimal(value[NUMBER])
        return {key: _given_back(item) for key, item in value.items()}
    return [_given_back(item) for item in value] if isinstance(value, list) else value
