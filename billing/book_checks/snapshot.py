"""Reading at one moment while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from chargebill.core.bulk import is_postgresql


@contextmanager
def snapshot() -> Iterator[None]:
    """What is read inside is all of one moment. Inside a transaction that is there already: of that one."""
    if connection.in_atomic_block:
        yield
    elif is_postgresql():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own transactions take SQLite's only write lock; a plain BEGIN takes none.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
