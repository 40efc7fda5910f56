"""The form that says what the columns of an acquirer's file mean."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from billing.settlement_layouts import described
from billing.settlement_models import SettlementFile
from billing.settlements import DATE_ORDERS, MEANINGS, Layout, guess, read_table
from billing.settlements.layout import plain
from chargebill.portal.import_fields import DATE_ORDERS as ORDER_WORDS

MOST_COLUMNS = 80
SHOWN_VALUES = 3
LONGEST_VALUE = 60
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file as the form shows it; ``meaning`` is a key of MEANINGS, "" for none."""

    at: int
    name: str
    values: list[str]
    meaning: str


def said(file: SettlementFile, posted: QueryDict) -> Layout:
    """The layout a form describes. What is no choice of the form counts as not chosen."""
    columns = {}
    for at, cell in enumerate(read_table(bytes(file.content)).header[:MOST_COLUMNS]):
        if (meaning := posted.get(f"column-{at}", "")) in MEANINGS:
            columns[plain(cell)] = meaning
    order = posted.get("date_order", "")
    return Layout(
        columns=columns,
        date_order=order if order in DATE_ORDERS else "YMD",
        decimal_comma=posted.get("decimals") == "comma",
        fee_is_minus=posted.get("fees") == "minus",
        currency=posted.get("currency", "").strip().upper(),
    )


def shown(file: SettlementFile, layout: Layout | None, title: str | None) -> dict[str, Any]:
    """The form's context: as posted, else as the file is read now, else guessed."""
    table = read_table(bytes(file.content))
    rows = [cells for _, cells in table.rows[:LOOKED_AT]]
    layout = layout or described(file.layout) or guess(table.header, rows, currency=file.entity.base_currency)
    meanings = layout.meanings(table.header)
    columns = []
    for at, cell in enumerate(table.header[:MOST_COLUMNS]):
        values = dict.fromkeys(row[at].strip()[:LONGEST_VALUE] for row in rows if at < len(row) and row[at].strip())
        columns.append(Column(at, cell.strip()[:LONGEST_VALUE] or f"Column {at + 1}", list(values)[:SHOWN_VALUES], meanings[at]))
    return {
        "columns": columns,
        "left_out": max(len(table.header) - MOST_COLUMNS, 0),
        "meanings": MEANINGS.items(),
        "orders": ORDER_WORDS,
        "layout": layout,
        "title": (file.layout.title if file.layout else "") if title is None else title,
    }
