"""Takes over where the numbers of documents go on: while none was issued, and never backwards."""

from datetime import date, datetime

from billing.document_models import ISSUED_KINDS, Document, NumberSeries
from billing.operations.number_series import DEFAULT_PREFIX, change_number_series, number_series
from billing.takeover import Report, Series, read_next_numbers
from billing.takeover_models import TakeOver
from chargebill.core.models import LegalEntity, User


def read(entity: LegalEntity, text: str, day: date) -> Report:
    """What the file would do; ``day`` says the year in a number. Raises UserError."""
    there = {series.kind: series for series in NumberSeries.objects.filter(entity=entity)}
    issued = set(Document.objects.filter(entity=entity).order_by().values_list("kind", flat=True).distinct())
    found = {}
    for kind in ISSUED_KINDS:
        one = there.get(kind) or NumberSeries(entity=entity, kind=kind, prefix=DEFAULT_PREFIX[kind])
        found[kind.value] = Series(kind.label, one.next_number, kind in issued, _text(one, day.year))
    return read_next_numbers(text, company=entity.name, series=found)


def _text(one: NumberSeries, year: int) -> str:
    """How a count is written, for str.format: "INV-2026-{:06d}"."""
    prefix = one.text(0, year)[: -one.digits]
    return f"{prefix}{{:0{one.digits}d}}"


def commit(take_over: TakeOver, report: Report, actor: User | None, at: datetime) -> None:
    """Moves the series, in the caller's transaction. Raises UserError numbers_began."""
    series = {one.kind: one for one in number_series(entity=take_over.entity)}
    for one in report.values:
        there = series[one.kind]
        change_number_series(
            series=there, prefix=there.prefix, digits=there.digits, next_number=one.next_number, actor=actor, at=at
        )
