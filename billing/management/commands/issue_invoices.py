"""Issues a month's receipts and invoices in this process; run again it issues only what became ready meanwhile."""

import uuid
from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count, Q, Sum
from django.utils import timezone

from billing.document_models import DocumentKind, DocumentRun
from billing.document_plan import month, ready
from billing.operations import resume_issuing, start_issuing
from chargebill.core import jobs
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity
from chargebill.core.money import round_money


class Command(JsonCommand):
    help = "Issue the documents of a month, of one company or of all that have something to bill."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, help="The month, such as 2026-10.")
        parser.add_argument("--entity", help="Name of the company; without it every company.")

    def answer(self, *, period: str, entity: str | None, **options: Any) -> dict[str, Any]:
        first_day = month(period)
        runs = [self._run(one, first_day) for one in self._companies(entity, first_day)]
        return {"period": period, **_totals(runs), "left": sum(_left(run) for run in runs)}

    def _companies(self, name: str | None, first_day: date) -> list[LegalEntity]:
        if name is not None:
            named = LegalEntity.objects.filter(name=name).first()
            if named is None:
                raise UserError("no_entity", f"There is no company named {name!r}. Nothing was issued.", "--entity")
            return [named]
        complete = [one for one in LegalEntity.objects.order_by("pk") if not one.missing]
        return [one for one in complete if _open_run(one) or ready(one, first_day, timezone.now()).exists()]

    def _run(self, entity: LegalEntity, first_day: date) -> DocumentRun:
        at, run = timezone.now(), _open_run(entity)
        if run is None or run.first_day != first_day:
            return start_issuing(entity=entity, first_day=first_day, actor=None, at=at, key=f"issue:{uuid.uuid4()}", here=True)
        # One that was stopped, or whose process is gone, is taken up again; one at work is left to it.
        jobs.reap()
        run.refresh_from_db()
        if run.job.state == Job.State.QUEUED:
            jobs.run_here(run.job)
        elif run.is_stopped:
            run = resume_issuing(run=run, actor=None, at=at, here=True)
        else:
            raise UserError("run_open", f"Documents of {entity} are being issued already. Nothing was changed.", "--entity")
        run.refresh_from_db()
        return run


def _open_run(entity: LegalEntity) -> DocumentRun | None:
    return DocumentRun.objects.select_related("job", "entity").filter(entity=entity, finished_at__isnull=True).first()


def _left(run: DocumentRun) -> int:
    """Sessions that are ready and still not billed."""
    return ready(run.entity, run.first_day, timezone.now()).count()


def _totals(runs: list[DocumentRun]) -> dict[str, Any]:
    rows = (
        DocumentRun.objects.filter(pk__in=[run.pk for run in runs], documents__isnull=False)
        .values("documents__currency")
        .annotate(
            receipts=Count("documents", filter=Q(documents__kind=DocumentKind.RECEIPT)),
            invoices=Count("documents", filter=Q(documents__kind=DocumentKind.INVOICE)),
            net=Sum("documents__net_amount"),
            tax=Sum("documents__tax_amount"),
            gross=Sum("documents__gross_amount"),
        )
        .order_by("documents__currency")
    )
    receipts, invoices = sum(row["receipts"] for row in rows), sum(row["invoices"] for row in rows)
    totals = {}
    for row in rows:
        currency = row["documents__currency"]
        # SQLite adds up binary fractions.
        totals[currency] = {side: f"{round_money(row[side], currency):f}" for side in ("net", "tax", "gross")}
    return {"documents": receipts + invoices, "receipts": receipts, "invoices": invoices, "totals": totals}
