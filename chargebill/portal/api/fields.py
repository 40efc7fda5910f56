"""How values are written: money as text with its currency's digits, quantities as plain text, nothing as null."""

from decimal import Decimal
from operator import attrgetter
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chargebill.core.money import minor_digits


def money(amount: Decimal | None, currency: str) -> str | None:
    """ "6.00" for EUR, "6" for JPY. What another system reported with more digits keeps them: nothing is rounded here."""
    if amount is None:
        return None
    text, digits = plain(amount), minor_digits(currency)
    return text if len(text.partition(".")[2]) > digits else f"{amount:.{digits}f}"


def plain(number: Decimal) -> str:
    """Digits and a point, no exponent, no zeros at the end."""
    # Minus nothing is nothing.
    return f"{number.normalize() + 0:f}"


DECIMAL = {"type": "string", "format": "decimal", "pattern": r"^-?\d+(\.\d+)?$"}


@extend_schema_field({**DECIMAL, "example": "12.40"})
class Amount(serializers.Field):
    """The amount at ``column`` of a row that has a ``currency``, or a ``currency_column``; dots lead further."""

    def __init__(self, column: str, *, currency_column: str = "currency", **kwargs: Any) -> None:
        self.column, self.currency_column = column, currency_column
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str | None:
        return money(attrgetter(self.column)(value), attrgetter(self.currency_column)(value))


@extend_schema_field({**DECIMAL, "type": ["string", "null"], "example": "12.40"})
class OptionalAmount(Amount):
    """Null where nobody knows it, or there is none."""


@extend_schema_field({**DECIMAL, "example": "22.287"})
class Quantity(serializers.Field):
    """An exact number in the unit its name says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Decimal) -> str:
        return plain(value)


@extend_schema_field({**DECIMAL, "type": ["string", "null"], "example": "22.287"})
class OptionalQuantity(Quantity):
    """Null where it was not measured, or there is none."""


@extend_schema_field({"type": ["string", "null"]})
class OptionalText(serializers.Field):
    """A text; null where there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: str) -> str | None:
        return str(value) or None
