"""A price as plain JSON values, with OCPI's own units: kWh and hours, prices per kWh and per hour."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from billing.pricing.cdr_document import read_cdr
from billing.pricing.engine import Spanning, price_exactly
from billing.pricing.model import Anchor, Dimension, Line, Result, TariffError
from billing.pricing.tariff_document import read_tariff
from billing.pricing.totals import EXACT, Part, add_up
from chargebill.core.money import round_to

HOUR_S = Decimal(3600)
# OCPI's part totals carry four decimals; quantities of an exact third of an hour have to end somewhere.
_PART_DIGITS, _QUANTITY_DIGITS = 4, 10
# OCPI 2.2.1 CDR: what each of its totals is made of.
PART_TOTALS: dict[str, tuple[Dimension, ...]] = {
    "total_energy_cost": (Dimension.ENERGY,),
    "total_time_cost": (Dimension.TIME,),
    "total_parking_cost": (Dimension.PARKING_TIME, Dimension.PARKING_CAP),
    "total_fixed_cost": (Dimension.FLAT,),
    "total_reservation_cost": (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME),
}


def price_documents(
    tariffs: Any,
    cdr: Any,
    *,
    time_zone: str = "",
    reservation_expired: bool | None = None,
    version: str = "",
    split: bool = False,
) -> dict[str, Any]:
    """Prices an OCPI CDR under a tariff or a list of them, as their partner would. Raises PricingError."""
    read = read_cdr(cdr, time_zone=time_zone, reservation_expired=reservation_expired, version=version)
    documents = tariffs if isinstance(tariffs, list) else [tariffs]
    if not documents:
        raise TariffError("tariff_missing", "", "The list of tariffs is empty. Give at least one tariff.")
    if read.version == "2.1.1" and (version or not _says_tax(documents)):
        version = read.version
    many = isinstance(tariffs, list)
    usable = [read_tariff(d, version=version, where=f"[{i}]" if many else "") for i, d in enumerate(documents)]
    spanning = Spanning.SPLIT if split else Spanning.START
    result, parts = price_exactly(read.usage, usable, anchor=Anchor.OCPI, taxes=None, spanning=spanning)
    notes = read.notes
    if read.currency and read.currency != result.currency:
        notes += ("currency_differs",)
    with localcontext(EXACT):
        return as_json(result, parts, notes=notes)


def _says_tax(documents: Sequence[Any]) -> bool:
    """Whether a tariff says how it includes tax: then it is 2.3.0, whatever its CDR looks like."""
    return any(isinstance(document, dict) and document.get("tax_included") is not None for document in documents)


def as_json(result: Result, parts: Sequence[Part], *, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The answer of the ``price`` command: amounts and quantities as text, null where nobody can know them."""
    return {
        "currency": result.currency,
        "total_cost": {"excl_vat": _text(result.net), "incl_vat": _text(result.gross)},
        "exact": {"excl_vat": _exact(result.exact_net), "incl_vat": _exact(result.exact_gross)},
        **{name: _part_total(result, parts, dimensions) for name, dimensions in PART_TOTALS.items()},
        "lines": [_line(line) for line in result.lines],
        "notes": [*notes, *result.notes],
    }


def _part_total(result: Result, parts: Sequence[Part], dimensions: tuple[Dimension, ...]) -> dict[str, str | None]:
    """From the exact amounts; a side the whole total does not know is not known of a part either."""
    of_these = [part for part in parts if part.dimension in dimensions]
    net = None if result.exact_net is None else add_up(of_these, "net")
    gross = None if result.exact_gross is None else add_up(of_these, "gross")
    return {
        "excl_vat": None if net is None else _text(round_to(net, _PART_DIGITS)),
        "incl_vat": None if gross is None else _text(round_to(gross, _PART_DIGITS)),
    }


def _line(line: Line) -> dict[str, Any]:
    hours = line.unit == "s"
    return {
        "dimension": str(line.dimension),
        "start": _moment(line.start),
        "end": _moment(line.end),
        "measured": _quantity(line.measured, hours),
        "billed": _quantity(line.billed, hours),
        "unit": "h" if hours else line.unit,
        "unit_price": _unit_price(line),
        "net": _text(line.net),
        "tax_rate": _exact(line.tax_rate),
        "tax": _text(line.tax),
        "gross": _text(line.gross),
        "element": line.element,
        "reason": line.reason,
    }


def _unit_price(line: Line) -> str | None:
    if line.unit_price is None:
        return None
    return _exact(round_to(line.unit_price * (60 if line.unit == "s" else 1), _QUANTITY_DIGITS))


def _moment(moment: datetime) -> str:
    return f"{moment.isoformat().removesuffix('+00:00')}Z"


def _quantity(value: Decimal, hours: bool) -> str | None:
    return _exact(round_to(value / HOUR_S if hours else value, _QUANTITY_DIGITS))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _exact(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
