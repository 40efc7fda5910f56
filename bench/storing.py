"""Fills DATABASE_URL with many sessions for the dashboard to be measured on; prints what it took.

    python bench/storing.py SESSIONS CONNECTORS WEEKS

The newest week comes through the pipeline. The weeks before are copies of it, each seven days earlier, written by SQL
with the indexes put up afterwards, and billed: nobody has ten million sessions waiting. ``rebuild_rollups`` counts them.
"""

import json
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F, Max  # noqa: E402

from billing.models import Cdr, Chargeable  # noqa: E402
from chargebill import pipeline  # noqa: E402
from chargebill.analytics import operations as analytics  # noqa: E402
from stations.models import PaymentMethod, Session  # noqa: E402
from tests.proofs.files import write_file  # noqa: E402
from tests.proofs.steps import AT, company  # noqa: E402

NEWEST = datetime(2026, 11, 16)  # noqa: DTZ001  a Monday, local time as the file has it
METHODS = [PaymentMethod.RFID, PaymentMethod.CARD, PaymentMethod.APP, PaymentMethod.ROAMING, PaymentMethod.PLUG_AND_CHARGE]
POSTGRESQL = connection.vendor == "postgresql"


def main(sessions: int, connectors: int, weeks: int) -> None:
    began = time.perf_counter()
    call_command("migrate", verbosity=0)
    a_week = sessions // weeks
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "week.csv"
        # A connector's sessions take three hours in the mean.
        gap_min = max(7 * 24 * 60 * connectors // a_week - 175, 30)
        write_file(file, rows=a_week, connectors=connectors, first=NEWEST, gap_min=gap_min, bad_share=0)
        pipeline.start_import(
            entity=company(), path=file, file_name=file.name, profile="", mode="bill", time_zone="", encoding="", actor=None,
            at=AT, key="bench", here=True,
        )  # fmt: skip
    for n, method in enumerate(METHODS):
        Session.objects.alias(turn=F("pk") % len(METHODS)).filter(turn=n).update(payment_method=method)
    imported = time.perf_counter()
    _copy(weeks)
    copied = time.perf_counter()
    analytics.rebuild()
    rebuilt = time.perf_counter()
    if POSTGRESQL:
        # As its autovacuum would, some time later. SQLite does it only when told to, and nobody tells it.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    figures = {
        "sessions": Session.objects.count(),
        "week_s": imported - began,
        "copies_s": copied - imported,
        "rebuild_rollups_s": rebuilt - copied,
        "size_mb": _size() / 1_000_000,
    }
    print(json.dumps(figures))


def _copy(weeks: int) -> None:
    """Sessions, prices and places of the newest week, once for each week before."""
    strides = {model: model.objects.aggregate(last=Max("pk"))["last"] for model in (Session, Cdr)}
    tables = [model._meta.db_table for model in (Session, Cdr, Chargeable)]
    with connection.cursor() as cursor:
        if POSTGRESQL:
            # No foreign key is looked up for what is known to be right.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM"
                " pg_constraint)",
                [tables],
            )
        else:
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("PRAGMA cache_size = -1000000")
            marks = ", ".join(f"'{table}'" for table in tables)
            cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name IN ({marks})")
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for week in range(1, weeks):
            for model in (Session, Cdr, Chargeable):
                cursor.execute(_copy_of(model, week, strides))
        for _, sql in indexes:
            cursor.execute(sql)
        for table in tables[:2] if POSTGRESQL else ():
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")


def _copy_of(model: Any, week: int, strides: dict[Any, int]) -> str:
    by_session, by_cdr = week * strides[Session], week * strides[Cdr]
    changed: dict[str, str] = {"session_id": f"session_id + {by_session}", "cdr_id": f"cdr_id + {by_cdr}"}
    if model is Session:
        changed |= {"id": f"id + {by_session}", "external_id": f"external_id || '-{week}'", "line_no": f"line_no + {by_session}"}
        for column in ("started_at", "ended_at", "local_end_date"):
            function = "date" if column == "local_end_date" else "datetime"
            changed[column] = (
                f"CAST({column} - interval '{week * 7} days' AS {'date' if function == 'date' else 'timestamptz'})"
                if POSTGRESQL
                else f"{function}({column}, '-{week * 7} days')"
            )
    elif model is Cdr:
        changed["id"] = f"id + {by_cdr}"
    else:
        changed |= {"state": "'READY'", "reason": "''"}
    columns = [field.column for field in model._meta.concrete_fields]
    table, names = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    key = {Session: f"id <= {strides[Session]}", Cdr: f"id <= {strides[Cdr]}"}.get(model, f"session_id <= {strides[Session]}")
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(changed.get(c, c) for c in columns)} FROM {table} WHERE {key}"


def _size() -> int:
    with connection.cursor() as cursor:
        if POSTGRESQL:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(connection.settings_dict["NAME"]).stat().st_size


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
