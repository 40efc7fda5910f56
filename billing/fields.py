"""Columns that several models of billing share."""

from typing import Any

from django.db import models


def amount_field(**options: Any) -> models.DecimalField:
    """An amount of money. Fifteen digits, three behind the point: what SQLite keeps exactly, and every currency fits."""
    return models.DecimalField(max_digits=15, decimal_places=3, **options)


def thousandths(column: str) -> str:
    """SQL: an amount in whole thousandths. SQLite keeps amounts as floats, which can't be added exactly."""
    return f"CAST(ROUND({column} * 1000) AS BIGINT)"
