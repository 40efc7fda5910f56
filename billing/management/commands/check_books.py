"""Looks at the books anew: is everything that is always true of them true?"""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from billing.book_checks import NAMES
from billing.operations.books_checks import check_and_keep
from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand


class Command(JsonCommand):
    help = "Check the books: balance, hash chain, closed months, signatures. Exit 1 with every break listed."
    requires_system_checks = []

    def answer(self, **options: Any) -> dict[str, Any]:
        report = check_and_keep(actor=None, at=timezone.now())
        if not report.is_clean:
            self.exit_code = DOES_NOT_HOLD
        return {
            "clean": report.is_clean,
            "companies": len(report.companies),
            "entries": report.entries,
            "postings": report.postings,
            "checks": [
                {"check": name, "says": says, "looked_at": report.looked_at[name], "breaks": report.counts[name]}
                for name, says in NAMES.items()
            ],
            "breaks": [asdict(one) for one in report.breaks],
            "breaks_left_off": report.counts.total() - len(report.breaks),
        }
