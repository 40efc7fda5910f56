"""SQLite: a bit that fell over in the file. PostgreSQL checks its pages itself (data checksums)."""

from django.db import connection

from billing.book_checks.model import Report
from billing.journal_models import (
    Account,
    AccountingPeriod,
    JournalEntry,
    JournalSeal,
    PeriodChange,
    PeriodClosing,
    Posting,
    SigningKey,
)
from chargebill.core.models import LegalEntity

TABLES = (Posting, JournalEntry, JournalSeal, Account, AccountingPeriod, PeriodChange, PeriodClosing, SigningKey)
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_MOMENT = f"{_DAY} [0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
AMOUNTS = ("debit", "credit", "tax_rate", "tax_amount")


def check(report: Report) -> None:
    report.companies = dict(LegalEntity.objects.values_list("pk", "name"))
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for model in TABLES:
            table = model._meta.db_table
            report.looked_at["storage"] += 1
            cursor.execute(f"PRAGMA integrity_check('{table}')")
            for (said,) in cursor.fetchall():
                if said != "ok":
                    report.add("storage", None, table, said)
        # A float whose last bits changed reads as the same three decimals: written anew as text it is another float.
        differs = " OR ".join(f"{name} <> CAST(printf('%.3f', {name}) AS NUMERIC)" for name in AMOUNTS)
        cursor.execute(f"SELECT id FROM billing_posting WHERE {differs} ORDER BY id")
        for (pk,) in cursor.fetchall():
            report.add("storage", None, f"leg {pk}", "An amount is not stored as it was written.")
        # The sign between day and time is skipped when a moment is read: any other would mean the same.
        moments = " AND ".join(
            f"({name} IS NULL OR {name} GLOB '{_MOMENT}' OR {name} GLOB '{_MOMENT}.[0-9]*')"
            for name in ("created_at", "posted_at")
        )
        cursor.execute(f"SELECT id FROM billing_journalentry WHERE NOT ({moments} AND effective_date GLOB '{_DAY}') ORDER BY id")
        for (pk,) in cursor.fetchall():
            report.add("storage", None, f"entry {pk}", "A date or a moment is not stored as it was written.")
