"""A counter that moves with every change: what was made from the data before it is out of date after it.

Triggers on the tables every deed writes to move it: the audit trail, and jobs with each of their chunks. On PostgreSQL
they wait for the commit, so that one row can't make writers wait for each other longer than that, nor in a circle.
What writes neither says ``moved``.
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections

from chargebill.core.models import DataVersion

PREFIX = "data_version_"
TABLES = {"core_auditevent": "INSERT", "core_job": "INSERT OR UPDATE"}
MOVE = (
    "INSERT INTO core_dataversion (id, version) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET version = core_dataversion.version + 1"
)


def current() -> int:
    """Read it before the data: what was read then is at least as new."""
    return DataVersion.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def moved() -> None:
    """Moves the counter in the caller's transaction, as its last statement."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE)


def install(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Makes the triggers where they are missing: on SQLite they go when a migration makes their table anew."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if not {*TABLES, "core_dataversion"} <= set(connection.introspection.table_names(cursor)):
            return
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION chargebill_data_version() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN {MOVE}; RETURN NULL; END $$"
            )
            for table, event in TABLES.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {PREFIX}{table} ON {table}")
                cursor.execute(
                    f"CREATE CONSTRAINT TRIGGER {PREFIX}{table} AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW EXECUTE FUNCTION chargebill_data_version()"
                )
            return
        for table, events in TABLES.items():
            for event in events.split(" OR "):
                name = f"{PREFIX}{table}_{event.lower()}"
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON {table} BEGIN {MOVE}; END")
