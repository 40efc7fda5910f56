"""Holds contested lines from reminders and collection, and lets them go again. For whoever keeps the cases: it calls down."""

from collections.abc import Iterable
from datetime import datetime

from billing.contest_models import ContestedLine


def hold_lines(*, line_ids: Iterable[int], reference: str, at: datetime) -> None:
    """Held as long as the case lasts. Call in the transaction of what contests them; a line is held once at a time."""
    ContestedLine.objects.bulk_create([ContestedLine(line_id=pk, reference=reference, held_at=at) for pk in sorted(line_ids)])


def lift_lines(*, reference: str, line_ids: Iterable[int], at: datetime) -> int:
    """Lets go of what this reference holds of these lines; returns how many. Twice is once."""
    held = ContestedLine.objects.filter(reference=reference, line__in=list(line_ids), lifted_at__isnull=True)
    return held.update(lifted_at=at)
