"""Sums of amounts in the database, exact on both: whole thousandths are added, since SQLite keeps amounts as floats."""

from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Expression, F, Func, Sum, Value
from django.db.models.functions import Cast


def exact_sum(of: str | Expression, *, digits: int = 3, **options: Any) -> Sum:
    """Sum of a column with so many ``digits`` behind the point, as whole units of the last one: see ``amount_of``."""
    column = F(of) if isinstance(of, str) else of
    return Sum(Cast(Func(column * Value(10**digits), function="ROUND"), BigIntegerField()), **options)


def amount_of(units: object, *, digits: int = 3) -> Decimal:
    """What ``exact_sum`` gave, as an amount; 0 for none."""
    return Decimal(int(str(units or 0))).scaleb(-digits)
