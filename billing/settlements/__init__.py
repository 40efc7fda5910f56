"""What acquirers and terminal operators say they pay out, read from files. Pure: knows no Django."""

from billing.settlements.layout import DATE_ORDERS, MEANINGS, Layout, check, guess
from billing.settlements.reading import COLUMNS, LARGEST_FILE, Payout, Table, read_settlement, read_table, template

__all__ = [
    "COLUMNS",
    "DATE_ORDERS",
    "LARGEST_FILE",
    "MEANINGS",
    "Layout",
    "Payout",
    "Table",
    "check",
    "guess",
    "read_settlement",
    "read_table",
    "template",
]
