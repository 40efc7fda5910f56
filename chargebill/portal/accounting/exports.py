"""Exports for the accountant: what has not gone out yet, a look at it, making a batch, and the batches that were made."""

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.export_models import ExportBatch, ExportFile, ExportTarget
from billing.export_queries import (
    Waiting,
    accounts_in,
    batches,
    content_of,
    download_of,
    file_sums,
    files_of_batches,
    problems_before,
    read_entries,
    settings_of,
    waiting,
    waiting_of,
)
from billing.exports import Problem, Target, write
from billing.journal_balances import Sums
from billing.models import AccountingPeriod
from billing.operations.exports import MOST_POSTINGS, make_batch
from billing.operations.journal_seals import seal
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import Books, allow, books_of, render, without_company
from chargebill.portal.site import page

MAKE, MAP = "billing.add_exportbatch", "billing.change_exportsettings"
SEE = "billing.view_exportbatch"
PER_PAGE = 25
# Entries a preview shows; the batch has all.
FIRST = 8
ABOUT = {
    ExportTarget.GENERIC: "A CSV with every posting and all that is known of it, for any program and for an audit.",
    ExportTarget.QUICKBOOKS: "Journals as CSV, at most 1,000 rows a file; receipts and invoices as invoices where you choose so.",
    ExportTarget.XERO: "Manual journals as CSV, at most 300 lines a file; receipts and invoices as invoices where you choose so.",
    ExportTarget.DATEV: "EXTF Buchungsstapel for your tax adviser, a file for each fiscal year.",
}
TYPES = {".zip": "application/zip", ".csv": "text/csv"}


@dataclass(frozen=True, slots=True)
class Card:
    """A target with what waits for it, what is missing before that can go out, and its batches' number."""

    target: ExportTarget
    about: str
    waiting: Waiting
    sums: list[str]
    problems: list[Problem]
    made: int


def _target(value: str) -> ExportTarget:
    if value not in ExportTarget.values:
        raise Http404("There is no such export.")
    return ExportTarget(value)


def written_sums(sums: dict[str, Sums]) -> list[str]:
    """Debits, which are the credits, by currency."""
    return [written.money(one.debit, currency) for currency, one in sums.items()]


def usual_day(entity: LegalEntity) -> date:
    """The day an export usually goes up to: the end of the last closed month, else of the last month."""
    closed = AccountingPeriod.objects.filter(entity=entity, state=AccountingPeriod.State.CLOSED).order_by("-first_day").first()
    today = entity.day_of(timezone.now())
    first = (closed.first_day + timedelta(days=31)).replace(day=1) if closed else today.replace(day=1)
    return first - timedelta(days=1)


@page("exports/", name="exports")
@require_GET
def exports(request: HttpRequest) -> HttpResponse:
    allow(request, SEE)
    books = books_of(request)
    if books is None:
        return without_company(request, "Exports")
    wanted = request.GET.get("target", "")
    target = ExportTarget(wanted) if wanted in ExportTarget.values else None
    if wanted and target is None:
        books.errors.append("There is no such export: the list shows all.")
    paginator = Paginator(batches(books.entity, target), PER_PAGE)
    shown = paginator.get_page(request.GET.get("p"))
    context = {
        "books": books,
        "cards": [_card(books.entity, one) for one in ExportTarget],
        "page": shown,
        "rows": _rows(list(shown)),
        "targets": ExportTarget.choices,
        "target": target,
        "query": books.address(target=target or ""),
        "until": usual_day(books.entity),
        "may_make": request.user.has_perm(MAKE),
        "may_map": request.user.has_perm(MAP),
    }
    return render(request, "exports.html", "Exports", context)


def _card(entity: LegalEntity, target: ExportTarget) -> Card:
    found = waiting_of(entity, target)
    problems = problems_before(entity, target) if found.entries else []
    made = ExportBatch.objects.filter(entity=entity, target=target).count()
    return Card(target, ABOUT[target], found, written_sums(found.sums), problems, made)


def _rows(shown: list[ExportBatch]) -> list[tuple[ExportBatch, list[str], int]]:
    """Each batch with its sums and how many files it has: one query for all."""
    found = files_of_batches(shown)
    return [(batch, written_sums(found[batch.pk].sums), found[batch.pk].count) for batch in shown]


@page("exports/preview/", name="export_preview")
@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """What a batch would hold, and the first lines of its files. Makes nothing, but for seals."""
    allow(request, SEE)
    books = books_of(request)
    if books is None:
        return without_company(request, "Exports")
    target = _target(request.GET.get("target", ""))
    until = _day(request.GET.get("until", ""))
    if until is None:
        messages.error(request, "Choose the last day that goes out, such as 2026-09-30. Nothing was changed.")
        return redirect(_back(books))
    seal(entity=books.entity)
    found = waiting_of(books.entity, target, until)
    problems = problems_before(books.entity, target, until)
    open_months = _open_months(books.entity, found)
    context = {
        "books": books,
        "target": target,
        "until": until,
        "waiting": found,
        "sums": written_sums(found.sums),
        "problems": problems,
        "samples": _samples(books.entity, target, until) if found.entries and not problems else [],
        "open_months": open_months,
        "too_many": found.postings > MOST_POSTINGS,
        "most": MOST_POSTINGS,
        "key": f"page:{uuid.uuid4()}",
        "may_make": request.user.has_perm(MAKE),
        "may_map": request.user.has_perm(MAP),
        "back": _back(books),
        "crumbs": [("Exports", _back(books))],
    }
    return render(request, "export_preview.html", f"{target.label} up to {written.day(until)}", context)


def _open_months(entity: LegalEntity, found: Waiting) -> list[str]:
    if found.last_day is None or found.first_day is None:
        return []
    months = AccountingPeriod.objects.filter(
        entity=entity,
        state=AccountingPeriod.State.OPEN,
        first_day__gte=found.first_day.replace(day=1),
        first_day__lte=found.last_day,
    )
    return [str(month) for month in months.order_by("first_day")]


def _samples(entity: LegalEntity, target: ExportTarget, until: date) -> list[tuple[str, list[str], list[list[str]]]]:
    """(currency, columns, rows) of the files the first entries would make; columns that are empty in all rows left out."""
    first = waiting(entity, target, until).order_by("seal__seq").values_list("pk", flat=True)[:FIRST]
    entries = read_entries(entity, waiting(entity, target, until).filter(pk__in=list(first))).entries
    files = write(
        Target(target),
        entries,
        stem="preview",
        label="Vorschau",
        accounts=accounts_in(entity, target),
        settings=settings_of(entity, target),
        made_at=timezone.now(),
    )
    return [(file.currency, *_filled(file.content, target)) for file in files]


def _filled(content: bytes, target: ExportTarget) -> tuple[list[str], list[list[str]]]:
    if target == ExportTarget.DATEV:
        _, head, *rows = csv.reader(io.StringIO(content.decode("cp1252"), newline=""), delimiter=";")
    else:
        head, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    places = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return [head[place] for place in places], [[row[place] for place in places] for row in rows]


@page("exports/make/", name="export_make")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    allow(request, SEE, MAKE)
    entity: LegalEntity | None = row_in(LegalEntity, request.POST.get("entity", ""))
    until = _day(request.POST.get("until", ""))
    if entity is None or until is None:
        messages.error(request, "This preview can't be read any more. Begin again. Nothing was exported.")
        return redirect(reverse("admin:exports"))
    target = _target(request.POST.get("target", ""))
    try:
        batch = make_batch(
            entity=entity,
            target=target,
            until=until,
            key=request.POST.get("key", "")[:80] or f"page:{uuid.uuid4()}",
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('admin:exports')}?entity={entity.pk}")
    messages.success(request, f"{batch} is made: {batch.entries:,} entries. It downloads again, byte by byte, whenever you want.")
    return redirect(reverse("admin:export_batch", args=[batch.pk]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _back(books: Books) -> str:
    return f"{reverse('admin:exports')}?entity={books.entity.pk}"


def _batch(pk: int) -> ExportBatch:
    batch = ExportBatch.objects.select_related("entity", "made_by").filter(pk=pk).first()
    if batch is None:
        raise Http404("There is no such batch.")
    return batch


@page("exports/batches/<int:pk>/", name="export_batch")
@require_GET
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, SEE)
    found = _batch(pk)
    files = list(found.files.defer("packed").order_by("position"))
    back = f"{reverse('admin:exports')}?entity={found.entity_id}"
    context = {
        "batch": found,
        "files": [
            (file, written.money(file.debit, file.currency), f"{-(-file.size // 1024):,} kB" if file.size else "0 kB")
            for file in files
        ],
        "changed": sum(file.changed for file in files),
        "sums": written_sums(file_sums(found)),
        "used": sorted(found.made_with.get("accounts", {}).items()),
        "crumbs": [("Exports", back)],
    }
    return render(request, "export_batch.html", f"Batch {found}", context)


def _answer(name: str, content: bytes) -> HttpResponse:
    kind = TYPES.get(name[-4:], "application/octet-stream")
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@page("exports/batches/<int:pk>/download/", name="export_download")
@require_GET
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The one file of a batch, or a ZIP of all: the same bytes every time."""
    allow(request, SEE)
    found = download_of(_batch(pk))
    return _answer(found.name, found.content)


@page("exports/files/<int:pk>/", name="export_file")
@require_GET
def one_file(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, SEE)
    file: Any = ExportFile.objects.filter(pk=pk).first()
    if file is None:
        raise Http404("There is no such file.")
    return _answer(file.name, content_of(file))
