"""Set-based writes for tables of millions of rows: SQLite executemany, PostgreSQL COPY.

Plain SQL sends no signals and fills no defaults: the caller gives every column. Rows are sequences in column order,
with aware UTC datetimes, Decimals, str, int, bool, date or None.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models

Row = Sequence[Any]


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def allocate_ids(model: type[models.Model], count: int) -> range | list[int]:
    """``count`` primary keys for rows about to be inserted. Call inside a transaction.

    On SQLite the transaction holds the only write lock, so counting on from the last key is safe.
    """
    if count == 0:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
        return range(first, first + count)


def _for_sqlite(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> list[Row]:
    """Moments as Django stores them on SQLite: UTC without an offset. The driver's adapters do the rest."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    moments = [i for i, name in enumerate(columns) if isinstance(fields[name], models.DateTimeField)]
    if not moments:
        return list(rows)
    converted = []
    for row in rows:
        cells = list(row)
        for i in moments:
            if cells[i] is not None:
                cells[i] = cells[i].isoformat(" ")[:-6]
        converted.append(cells)
    return converted


def _for_copy(value: Any) -> str:
    if value is None:
        return r"\N"
    if type(value) is str:
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
            return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
        return value
    return str(value)


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts ``rows``; ``columns`` are database column names. A clash of keys raises IntegrityError."""
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(c) for c in columns)
    with connection.cursor() as cursor:
        if is_postgresql():
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                copy.write("".join(["\t".join(map(_for_copy, row)) + "\n" for row in rows]))
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", _for_sqlite(model, columns, rows))


def insert_missing(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Inserts ``rows`` where no unique key is taken yet. Give them sorted by key, so that two writers can't deadlock."""
    _executemany(model, columns, rows, "ON CONFLICT DO NOTHING")


def add_up(model: type[models.Model], keys: Sequence[str], measures: Sequence[str], rows: Iterable[Row]) -> None:
    """Adds each row's measures to the row with its key, which is made if missing. Give them sorted by key."""
    table = connection.ops.quote_name(model._meta.db_table)
    q = connection.ops.quote_name
    sums = ", ".join(f"{q(m)} = {table}.{q(m)} + EXCLUDED.{q(m)}" for m in measures)
    _executemany(model, [*keys, *measures], rows, f"ON CONFLICT ({', '.join(map(q, keys))}) DO UPDATE SET {sums}")


def _executemany(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], tail: str) -> None:
    rows = list(rows)
    if not rows:
        return
    if not is_postgresql():
        rows = _for_sqlite(model, columns, rows)
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(c) for c in columns)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) {tail}", rows)


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], *, key: str = "id") -> None:
    """Updates by primary key: each row is the new values of ``columns`` and then the key."""
    rows = list(rows)
    if not rows:
        return
    if not is_postgresql():
        rows = _for_sqlite(model, columns, rows)
    q = connection.ops.quote_name
    sets = ", ".join(f"{q(c)} = %s" for c in columns)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {q(model._meta.db_table)} SET {sets} WHERE {q(key)} = %s", rows)


def lock_alone(model: type[models.Model], *pks: int) -> None:
    """Holds rows against everybody else who holds them until the transaction ends. Rows that point at them may still come.

    In one statement and in the order of their keys, so that two who hold some of the same rows can't wait in a circle.

    SQLite needs nothing: a writing transaction is alone from its first statement on.
    """
    if pks and is_postgresql():
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(pks)])


def lock_shared(model: type[models.Model], pk: int) -> None:
    """Holds a row against change until the transaction ends, together with others who only hold it.

    SQLite needs nothing: a writing transaction is alone from its first statement on.
    """
    if is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(model._meta.db_table)} WHERE id = %s FOR SHARE", [pk])
