"""Takes over files of another system: read first and reported line by line, then all of it or nothing, once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from billing.journal_models import JournalEntry
from billing.operations import takeover_gateway_customers, takeover_next_numbers, takeover_open_invoices
from billing.operations.opening_receivables import OPENING
from billing.takeover import Column, Report
from billing.takeover.gateway_customers import COLUMNS as GATEWAY_CUSTOMERS
from billing.takeover.next_numbers import COLUMNS as NEXT_NUMBERS
from billing.takeover.open_invoices import COLUMNS as OPEN_INVOICES
from billing.takeover_models import TakeOver, TakeOverKind
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind of file is taken over: its columns, what it is, and who reads and writes it."""

    columns: tuple[Column, ...]
    says: str
    read: Callable[[LegalEntity, str, date], Report]
    commit: Callable[[TakeOver, Report, User | None, datetime], None]
    has_day: bool = False

    @property
    def template(self) -> str:
        """The header and a line as an example."""
        return "\n".join(",".join(part) for part in zip(*((c.name, c.example) for c in self.columns), strict=True)) + "\n"


WAYS = {
    TakeOverKind.OPEN_INVOICES: Way(
        OPEN_INVOICES,
        "What customers still owe on invoices of the other system",
        takeover_open_invoices.read,
        takeover_open_invoices.commit,
        has_day=True,
    ),
    TakeOverKind.GATEWAY_CUSTOMERS: Way(
        GATEWAY_CUSTOMERS,
        "What a payment gateway calls your customers, so that it can collect from them",
        takeover_gateway_customers.read,
        takeover_gateway_customers.commit,
    ),
    TakeOverKind.NEXT_NUMBERS: Way(
        NEXT_NUMBERS,
        "Where the numbers of receipts, invoices and credit notes go on; before the first one is issued",
        takeover_next_numbers.read,
        takeover_next_numbers.commit,
    ),
}


def usual_day(entity: LegalEntity, kind: TakeOverKind, at: datetime) -> date:
    """The day balances are taken over on: that of the company's opening balances, today without any or for other kinds."""
    if not WAYS[kind].has_day:
        return entity.day_of(at)
    there = JournalEntry.objects.filter(entity=entity, source_type=OPENING, posted_at__isnull=False, reversed_by__isnull=True)
    newest = there.order_by("-pk").first()
    return newest.effective_date if newest else entity.day_of(at)


def dry_run(*, entity: LegalEntity, kind: TakeOverKind, text: str, day: date) -> Report:
    """What the file would do and what is wrong with it; changes nothing. Raises UserError for what can't be read at all."""
    return WAYS[kind].read(entity, text, day)


def taken_before(*, entity: LegalEntity, kind: TakeOverKind, text: str) -> TakeOver | None:
    """The take-over of exactly this file, if there was one."""
    return TakeOver.objects.filter(entity=entity, kind=kind, sha256=_sha256(text)).first()


def take_over(
    *,
    entity: LegalEntity,
    kind: TakeOverKind,
    name: str,
    text: str,
    day: date,
    signed_as: str,
    report_digest: str = "",
    actor: User | None,
    at: datetime,
) -> TakeOver:
    """Does what the report says, all of it or nothing. The same file again gives the take-over that is there.

    ``signed_as`` stands for the report, ``report_digest`` is that of the report that was looked at ("": the one made now).
    Raises UserError, changing nothing: take_over_problems, take_over_changed (the report would say something else by now),
    take_over_unsigned, what read_sheet raises, and what booking raises.
    """
    if not signed_as.strip():
        raise UserError("take_over_unsigned", "Say who looked at the report and stands for it. Nothing was changed.")
    if there := taken_before(entity=entity, kind=kind, text=text):
        return there
    way = WAYS[kind]
    try:
        with transaction.atomic():
            made = TakeOver(
                entity=entity, kind=kind, name=name[:200] or "file", sha256=_sha256(text), content=text.encode(),
                day=day if way.has_day else None, signed_by=actor, signed_as=signed_as.strip()[:200], signed_at=at,
            )  # fmt: skip
            report = way.read(entity, text, day)
            _check(report, report_digest)
            made.report = [[line.line, line.will] for line in report.lines]
            made.totals = list(report.totals)
            made.save(force_insert=True)
            way.commit(made, report, actor, at)
            events.record(
                action="take_over.commit",
                subject=made,
                summary=f"Took over {made.get_kind_display().lower()} of {entity}: {len(report.values)} lines",
                actor=actor,
                at=at,
                entity=entity,
                changes={"sha256": made.sha256, "signed_as": made.signed_as, "totals": made.totals},
            )
    except IntegrityError:
        # The same file from another window, at the same moment.
        if there := taken_before(entity=entity, kind=kind, text=text):
            return there
        raise
    return made


def _check(report: Report, digest: str) -> None:
    if report.problem_lines:
        count = len(report.problem_lines)
        raise UserError(
            "take_over_problems",
            f"{count} line{'' if count == 1 else 's'} of the file can’t be taken. Put them right and choose it again."
            " Nothing was changed.",
            f"line {report.problem_lines[0].line}",
        )
    if digest and report.digest != digest:
        raise UserError(
            "take_over_changed", "Something changed since you looked at the report. Look at it once more. Nothing was changed."
        )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
