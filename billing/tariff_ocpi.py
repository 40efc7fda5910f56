"""Tariffs as OCPI documents, in: a document becomes what a draft says, with a warning for what it can't say here."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.models import TaxCategory
from billing.pricing import Limit, Tariff, TariffError, read_tariff
from billing.tariff_content import Content
from billing.tariff_elements import plain, stored, unknown_members
from chargebill.core.errors import UserError

# What has a column of its own; all else of a document is kept beside and given back by export.
_OURS = {"currency", "elements", "min_price", "max_price"}
_LIMITS = ("min_price", "max_price")
MOST_KEPT = 100_000
MOST_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a document can't say, or says in vain. ``code`` is stable, the message tells what became of it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What an OCPI tariff says. ``id`` is how its sender names it."""

    content: Content
    currency: str
    id: str
    warnings: tuple[Warned, ...]


def read_document(document: Any, *, version: str = "") -> ReadDocument:
    """A parsed tariff object (or a list of one, or OCPI's answer around it). ``version`` "": recognized.

    Raises UserError with the place in the document; nothing is guessed.
    """
    document = _unwrapped(document)
    try:
        tariff = read_tariff(document, version=version)
    except TariffError as error:
        raise UserError(error.code, f"{error.message} Nothing was imported.", error.where) from None
    word = document.get("tax_included")
    kept = {key: _kept(value) for key, value in document.items() if key not in _OURS and value is not None}
    if len(str(kept)) > MOST_KEPT:
        raise UserError("too_much", "The document says too much beside its prices to be a tariff. Nothing was imported.")
    kept |= {key: _kept(document[key]) for key in _LIMITS if getattr(tariff, key) is not None}
    content = Content(
        tax_included=tariff.tax_included,
        elements=stored(document["elements"]),
        tax_category=TaxCategory.EXEMPT if _is(word, "N/A") else TaxCategory.STANDARD,
        min_price=_own_side(tariff.min_price, tariff),
        max_price=_own_side(tariff.max_price, tariff),
        ocpi=kept,
    )
    return ReadDocument(content, tariff.currency, tariff.id, tuple(_warnings(document, tariff)))


def _unwrapped(document: Any) -> dict[str, Any]:
    if isinstance(document, dict) and "elements" not in document and "data" in document:
        document = document["data"]
    if isinstance(document, list):
        if len(document) != 1:
            raise UserError(
                "one_tariff", f"The file holds {len(document)} tariffs. Import one tariff at a time; nothing was imported."
            )
        document = document[0]
    if not isinstance(document, dict):
        raise UserError("not_an_object", "This is no OCPI tariff: an object {...} is expected. Nothing was imported.")
    return document


def _own_side(limit: Limit | None, tariff: Tariff) -> Decimal | None:
    """The bound on the side the prices are on."""
    if limit is None:
        return None
    return limit.gross if tariff.tax_included else limit.net


def _is(value: Any, word: str) -> bool:
    return isinstance(value, str) and value.upper() == word


def _kept(value: Any, depth: int = 0) -> Any:
    """As JSON keeps it in either database: exact numbers become whole ones or, marked, texts."""
    if depth > MOST_DEPTH:
        raise UserError("too_deep", "The document is nested far too deeply to be a tariff. Nothing was imported.")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else {NUMBER: plain(value)}
    if isinstance(value, dict):
        return {_kept_text(key): _kept(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_kept(item, depth + 1) for item in value]
    return _kept_text(value) if isinstance(value, str) else value


def _kept_text(text: str) -> str:
    """Raises UserError for what PostgreSQL can't keep in a text: NUL, half of a pair of surrogates."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise UserError("text_unreadable", f"A text holds characters that can't be kept: {text[:40]!a}. Nothing was imported.")
    return text


# A number with digits behind the point, kept exactly.
NUMBER = "$number"


def _warnings(document: dict[str, Any], tariff: Tariff) -> list[Warned]:
    found = []
    rates = sorted({c.vat for e in tariff.elements for c in e.components if c.vat is not None})
    if rates:
        shown = ", ".join(f"{plain(rate)} %" for rate in rates)
        found.append(
            Warned(
                "vat_not_used",
                f"The document names tax rates ({shown}). They are kept for export; what sessions pay follows your tax rules.",
            )
        )
    if _is(document.get("tax_included"), "N/A"):
        found.append(
            Warned("tax_not_applicable", "The document says that no tax applies: the tax category is set to exempt. Check it.")
        )
    for key, label in (("min_price", "minimum"), ("max_price", "maximum")):
        limit = getattr(tariff, key)
        if limit is not None and _own_side(limit, tariff) is None:
            side, other = ("before", "including") if tariff.tax_included else ("after", "before")
            found.append(
                Warned(
                    "limit_not_used",
                    f"The {label} price is given {side} tax, while these prices are {other} tax: it has no effect here."
                    " Enter it on the prices' own side.",
                )
            )
        elif limit is not None and None not in (limit.net, limit.gross):
            found.append(
                Warned(
                    "limit_on_one_side",
                    f"The {label} price is given before and after tax. Here the one on the prices' own side counts;"
                    " the other is kept for export.",
                )
            )
    if document.get("type"):
        found.append(
            Warned("type_not_used", "The document says whom it is for. Here an assignment decides that; it is kept for export.")
        )
    if tariff.starts_at or tariff.ends_at:
        found.append(
            Warned("dates_not_used", "The document says from when until when it is valid. Here that is said when activating it.")
        )
    if left_out := unknown_members(document["elements"]):
        found.append(
            Warned("members_left_out", f"OCPI knows no {', '.join(name[:40] for name in left_out[:5])} in an element: left out.")
        )
    return found
