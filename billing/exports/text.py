"""CSV text that the same content always gives, and cells that no spreadsheet runs."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import round_money

__all__ = ["amount", "csv_bytes", "safe_cell"]


def amount(value: Decimal, currency: str) -> str:
    """An amount with the digits of its currency, such as -12.50: a number to every reader, so nothing is put before it."""
    return f"{round_money(value, currency):f}"


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8, commas, CRLF, quotes where they are needed."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue().encode("utf-8", "replace")
