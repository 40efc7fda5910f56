"""Prices stored sessions anew in this process; those whose price stays the same are left alone."""

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import CommandParser

from chargebill import pipeline
from chargebill.core import jobs
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity


def moment(text: str | None, where: str) -> datetime | None:
    """A day (midnight UTC) or an ISO 8601 moment; without an offset it is UTC."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError("date", f"{text!r} is no date. Use 2026-09-01 or 2026-09-01T12:00:00+02:00.", where) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(JsonCommand):
    help = "Price sessions that started in a period ([from, to)), all without one. Prints the number of sessions per company."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="start", help="First day or moment, UTC.")
        parser.add_argument("--to", dest="end", help="First day or moment after it, UTC.")

    def answer(self, *, start: str | None, end: str | None, **options: Any) -> dict[str, Any]:
        bounds = {"start": moment(start, "--from"), "end": moment(end, "--to")}
        priced = 0
        for entity in LegalEntity.objects.order_by("pk"):
            job = pipeline.create_pricing(entity=entity, actor=None, key=f"price:{uuid.uuid4()}", **bounds)
            jobs.run_here(job)
            priced += job.result["sessions"]
        return {"sessions": priced}
