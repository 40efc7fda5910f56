"""The PDFs of documents: one at a time, made in the background for a month, and a month's as one ZIP."""

import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing.document_models import Document
from billing.operations.papers import of_month, paper_of, start_papers, without_paper
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity
from chargebill.portal.document_mail import mail_of
from chargebill.portal.jobs import progress_of
from chargebill.portal.month_choice import asked_month, chosen_month, company_in, month_page
from chargebill.portal.site import page, site

VIEW, MAKE = "billing.view_document", "billing.add_documentpaper"


def file_name(document: Document) -> str:
    return f"{document.number.replace('/', '-')}.pdf"


def pdf_response(document: Document) -> HttpResponse:
    """Shown in the browser, under the document's number. Raises UserError."""
    content = paper_of(document=document, at=timezone.now())
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{file_name(document)}"'},
    )


@page("billing/document/<int:pk>/pdf/", name="document_pdf")
@require_GET
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    document = Document.objects.filter(pk=pk).first() if pk < 2**63 else None
    if document is None:
        raise Http404("There is no such document.")
    try:
        return pdf_response(document)
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:billing_document_change", pk)


@page("billing/papers/", name="document_papers")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    entity = company_in(request.GET.get("entity", ""))
    request.current_app = site().name
    context: dict[str, Any] = {**site().each_context(request), "title": "PDFs and mail", "entity": entity}
    if entity is not None:
        first_day, problem = chosen_month(request.GET.get("month", ""), entity)
        documents = of_month(entity, first_day).count()
        missing = without_paper(entity, first_day).count()
        job = _job(entity, first_day)
        context |= {
            "entities": list(LegalEntity.objects.order_by("name")),
            "first_day": first_day,
            "problem": problem,
            "documents": documents,
            "missing": missing,
            "made": documents - missing,
            "size": of_month(entity, first_day).aggregate(size=Sum("paper__size"))["size"] or 0,
            "progress": progress_of(job) if job and (job.is_open or missing) else None,
            "seen": f"{job.pk if job else 0}",
            "may_make": request.user.has_perm(MAKE),
            **mail_of(request, of_month(entity, first_day)),
        }
    return TemplateResponse(request, "portal/documents/papers.html", context)


def _job(entity: LegalEntity, first_day: date) -> Job | None:
    """The newest of a month."""
    of = {"entity": entity.pk, "first_day": first_day.isoformat()}
    return Job.objects.filter(kind="make_papers", params=of).order_by("-pk").first()


@page("billing/papers/make/", name="document_papers_make")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perms((VIEW, MAKE)):
        raise PermissionDenied
    try:
        entity, first_day = asked_month(request.POST)
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:document_papers")
    # Sent twice it is one job: the key is what the person had before them.
    key = f"papers:{entity.pk}:{first_day:%Y-%m}:{request.POST.get('seen', '')[:20]}"
    try:
        start_papers(entity=entity, first_day=first_day, actor=request.user, at=timezone.now(), key=key)
    except UserError as error:
        messages.info(request, error.message)
    return redirect(month_page("document_papers", entity, first_day))


class _Pipe:
    """What a ZIP is written to when each piece is wanted by itself: it can't go back, and keeps nothing."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken


def _zipped(documents: Iterator[Document]) -> Iterator[bytes]:
    """The PDFs of documents as a ZIP, one after the other; stored as they are, since a PDF is small already."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[arg-type]
        for document in documents:
            day = document.issue_date
            entry = zipfile.ZipInfo(file_name(document), (day.year, day.month, day.day, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, paper_of(document=document, at=timezone.now()))
            yield pipe.take()
    yield pipe.take()


@page("billing/papers/month.zip", name="document_papers_zip")
@require_GET
def month_zip(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Every PDF of a month, once all are made: making them takes too long for somebody who waits."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    try:
        entity, first_day = asked_month(request.GET)
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:document_papers")
    if not of_month(entity, first_day).exists() or without_paper(entity, first_day).exists():
        messages.error(request, "Some documents of this month have no PDF yet. Make them first; then they come as one file.")
        return redirect(month_page("document_papers", entity, first_day))
    name = f"documents-{entity.pk}-{first_day:%Y-%m}.zip"
    return StreamingHttpResponse(
        _zipped(of_month(entity, first_day).iterator(chunk_size=500)),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
