"""Rows around many moments at once: for each of a list of keys and spans, what a table holds. One query, by an index."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Model

# The values of the keys in their order, then the first and the last moment, both inside.
Asked = tuple[Any, ...]


def within(
    model: type[Model],
    asked: Sequence[Asked],
    *,
    keys: Sequence[str],
    moment: str,
    most: int,
    condition: str = "",
    by_pk: bool = False,
) -> list[list[int]]:
    """The primary keys for each of ``asked``, by moment and key or by key alone, at most so many each.

    ``keys`` and ``moment`` are columns; ``condition`` is SQL about ``t``, as a partial index has it.
    """
    found: list[list[int]] = [[] for _ in asked]
    if not asked:
        return found
    q = connection.ops.quote_name
    # In this order: what is asked is the short list, whatever a planner without statistics would guess.
    joined = " AND ".join(
        [
            *(f"t.{q(key)} = asked.key_{n}" for n, key in enumerate(keys)),
            f"t.{q(moment)} >= asked.first AND t.{q(moment)} <= asked.last",
            *([condition] if condition else []),
        ]
    )
    order = "t.id" if by_pk else f"t.{q(moment)}, t.id"
    sql = (
        f"{_asked(asked, [*(f'key_{n}' for n in range(len(keys))), 'first', 'last'])}"
        " SELECT row, pk FROM (SELECT asked.row AS row, t.id AS pk,"
        f" ROW_NUMBER() OVER (PARTITION BY asked.row ORDER BY {order}) AS place"
        f" FROM asked CROSS JOIN {q(model._meta.db_table)} t WHERE {joined}) placed WHERE place <= %s ORDER BY row, place"
    )
    for row, pk in _rows(sql, asked, most):
        found[row].append(pk)
    return found


def last_before(model: type[Model], asked: Sequence[Asked], *, key: str, moment: str) -> list[int | None]:
    """The newest row of each key before a moment; ``asked`` are pairs of both."""
    if not asked:
        return []
    q = connection.ops.quote_name
    sql = (
        f"{_asked(asked, ['key_0', 'first'])} SELECT row, (SELECT t.id FROM {q(model._meta.db_table)} t"
        f" WHERE t.{q(key)} = asked.key_0 AND t.{q(moment)} < asked.first"
        f" ORDER BY t.{q(moment)} DESC, t.id DESC LIMIT 1) FROM asked"
    )
    found = dict(_rows(sql, asked))
    return [found[row] for row in range(len(asked))]


def holding(asked: Sequence[Asked], *, columns: Sequence[str], condition: str) -> list[bool]:
    """For each of ``asked`` whether a condition, SQL about ``asked`` with these columns, holds."""
    if not asked:
        return []
    found = {row for (row,) in _rows(f"{_asked(asked, columns)} SELECT row FROM asked WHERE {condition}", asked)}
    return [row in found for row in range(len(asked))]


def _asked(asked: Sequence[Asked], columns: Sequence[str]) -> str:
    marks = f"({', '.join(['%s'] * (len(columns) + 1))})"
    return f"WITH asked (row, {', '.join(columns)}) AS (VALUES {', '.join([marks] * len(asked))})"


def _rows(sql: str, asked: Sequence[Asked], *more: int) -> list[tuple[Any, ...]]:
    values = [value for row, one in enumerate(asked) for value in (row, *map(_stored, one))]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *more])
        return list(cursor.fetchall())


def _stored(value: Any) -> Any:
    """A value as the database has it: SQLite keeps moments and days as text."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value
