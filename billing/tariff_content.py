"""What a tariff version says, apart from the version: checked, compared, stored and handed out as one value."""

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from billing.models import TariffVersion, TaxCategory
from billing.pricing import Tariff, TariffError, tariff_from_elements
from billing.tariff_elements import Elements
from chargebill.core.errors import UserError

MOST_GRACE_MINUTES = 7 * 24 * 60
MOST_AMOUNT = Decimal(10) ** 8
LIMITS = {"min_price": "minimum price", "max_price": "maximum price", "parking_cap": "cap on idle cost"}


@dataclass(frozen=True, slots=True)
class Content:
    """Prices, limits and cap include tax or do not, as ``tax_included`` says; None: there is none.

    ``elements`` as tariff_elements stores them. ``ocpi``: what an imported document says beside, for export.
    """

    tax_included: bool
    elements: Elements
    tax_category: str = TaxCategory.STANDARD
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    grace_minutes: int = 0
    parking_cap: Decimal | None = None
    ocpi: dict[str, Any] = field(default_factory=dict)

    @property
    def is_free(self) -> bool:
        """Nothing in it costs anything."""
        prices = (Decimal(c["price"]) for element in self.elements for c in element["price_components"])
        return not (any(prices) or self.min_price)

    @property
    def digest(self) -> str:
        """The same for the same content: tells a form whether what it was opened with is still so."""
        whole = {f.name: getattr(self, f.name) for f in fields(self)}
        amounts = {name: None if whole[name] is None else f"{whole[name]:.4f}" for name in LIMITS}
        text = json.dumps({**whole, **amounts, "tax_category": str(self.tax_category)}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def content_of(version: TariffVersion) -> Content:
    return Content(
        tax_included=version.tax_included == TariffVersion.TaxIncluded.YES,
        elements=version.elements,
        tax_category=version.tax_category,
        min_price=version.min_price,
        max_price=version.max_price,
        grace_minutes=version.grace_minutes,
        parking_cap=version.parking_cap,
        ocpi=version.ocpi,
    )


def put(content: Content, version: TariffVersion) -> None:
    """Writes the content into a version that is not saved yet, or is a draft."""
    version.tax_included = TariffVersion.TaxIncluded.YES if content.tax_included else TariffVersion.TaxIncluded.NO
    for f in fields(content):
        if f.name != "tax_included":
            setattr(version, f.name, getattr(content, f.name))


def core_of(content: Content, *, name: str, version: int, currency: str) -> Tariff:
    """As the pricing core takes it. Raises TariffError."""
    return tariff_from_elements(
        name=name,
        version=version,
        currency=currency,
        tax_included=content.tax_included,
        elements=content.elements,
        min_price=content.min_price,
        max_price=content.max_price,
        grace_s=content.grace_minutes * 60,
        parking_cap=content.parking_cap,
    )


def check(content: Content, *, currency: str) -> Tariff:
    """The content as a tariff. Raises UserError where it can't be one, with its place, saying that nothing was saved."""
    try:
        tariff = core_of(content, name="", version=0, currency=currency)
    except TariffError as error:
        raise UserError(error.code, f"{error.message} Nothing was saved.", error.where) from None
    for e, element in enumerate(tariff.elements):
        for c, component in enumerate(element.components):
            if component.price < 0:
                raise UserError(
                    "negative_price",
                    f"A price is negative ({component.price}). Enter 0 or more; nothing was saved.",
                    f"elements[{e}].price_components[{c}].price",
                )
    for name, label in LIMITS.items():
        amount = getattr(content, name)
        if amount is not None and not 0 <= amount < MOST_AMOUNT:
            raise UserError(
                f"{name}_out_of_range", f"The {label} must be 0 or more, and below {MOST_AMOUNT:,}. Nothing was saved.", name
            )
        if amount is not None and amount != round(amount, 4):
            raise UserError(
                f"{name}_too_exact", f"The {label} has more than four digits behind the point. Nothing was saved.", name
            )
    if content.min_price is not None and content.max_price is not None and content.min_price > content.max_price:
        raise UserError(
            "min_above_max", "The minimum price is above the maximum price. Change one of them; nothing was saved.", "min_price"
        )
    if not 0 <= content.grace_minutes <= MOST_GRACE_MINUTES:
        raise UserError(
            "grace_out_of_range", f"Grace is from 0 to {MOST_GRACE_MINUTES} minutes. Nothing was saved.", "grace_minutes"
        )
    return tariff


def edited(content: Content, before: Content, *, stamp: str) -> Content:
    """``content`` in place of ``before``, with what an imported document said beside; ``stamp`` is when it was changed."""
    kept = replace(content, ocpi=before.ocpi)
    if kept == before or not before.ocpi:
        return kept
    return replace(kept, ocpi={**before.ocpi, "last_updated": stamp})
