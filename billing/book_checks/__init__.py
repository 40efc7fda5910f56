"""What is always true of the books, looked at anew: each invariant by its name, and every row that breaks one.

A new invariant is a function ``check(report)`` in a module of this package, a line in NAMES and one in CHECKS.
"""

from collections.abc import Callable

from django.db import DatabaseError, OperationalError, ProgrammingError

from billing.book_checks import accounts, accruals, chain, closings, credits, entries, exports, receipts, storage
from billing.book_checks.entries import UNREADABLE
from billing.book_checks.model import NAMES, Break, Report
from billing.book_checks.snapshot import snapshot
from billing.operations.journal_seals import seal_all

__all__ = ["CHECKS", "NAMES", "Break", "Report", "check_books"]

CHECKS: tuple[Callable[[Report], None], ...] = (
    storage.check,
    accounts.check,
    entries.check,
    chain.check,
    closings.check,
    credits.check,
    receipts.check,
    exports.check,
    accruals.check,
)


def check_books() -> Report:
    """Seals what is posted, then looks at everything in one snapshot. What can't be read is a break, too.

    Raises OperationalError and ProgrammingError where there is no database of ours to look at.
    """
    report = Report()
    _try("seal", report, lambda _: seal_all())
    with snapshot():
        for check in CHECKS:
            _try(check.__module__.rpartition(".")[2], report, check)
    return report


def _try(name: str, report: Report, does: Callable[[Report], object]) -> None:
    try:
        does(report)
    except DatabaseError as error:
        if isinstance(error, OperationalError | ProgrammingError) and "malformed" not in str(error):
            raise
        report.add("storage", None, name, f"The database can't be read: {error}.")
    except UNREADABLE as error:
        # A value of another type than its column, say: what the rest of this check would find is not known.
        report.add("storage", None, name, f"A value can't be read, so this check ended early: {error}.")
