"""Makes the PDFs of documents and keeps them: one by one when somebody asks, or all of a month in the background.

A PDF says what its document's frozen rows say; made again it has the same bytes. The row with its SHA-256 comes after
the file: whatever is killed in between, no row speaks of a file that was never there.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.document_models import Document
from billing.paper_models import DocumentPaper
from billing.paper_rows import papers_of
from billing.papers import CannotPrint, Paper, content_of, printed
from chargebill.core import events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from chargebill.core.periods import month_of

CHUNK = 50


def paper_path(sha256: str) -> Path:
    return Path(default_storage.path(f"papers/{sha256[:2]}/{sha256}.pdf"))


def make_papers(*, documents: Sequence[Document], at: datetime) -> list[DocumentPaper]:
    """The PDFs of these documents, in their order; those that were made before stay. A few queries for all of them.

    Raises UserError paper_refused where typst can't set one.
    """
    ids = [document.pk for document in documents]
    there = DocumentPaper.objects.in_bulk(ids)
    missing = [document for document in documents if document.pk not in there]
    made = []
    for document, paper in zip(missing, papers_of(missing), strict=True):
        content = _printed(paper)
        sha256 = hashlib.sha256(content).hexdigest()
        _keep(paper_path(sha256), content)
        made.append(DocumentPaper(document=document, sha256=sha256, size=len(content), made_at=at))
    # Somebody who made the same one meanwhile made the same bytes.
    DocumentPaper.objects.bulk_create(made, ignore_conflicts=True)
    there |= DocumentPaper.objects.in_bulk([document.pk for document in missing])
    return [there[pk] for pk in ids]


def paper_of(*, document: Document, at: datetime) -> bytes:
    """The PDF of a document, made now if it was not yet. What is returned is what was made first, byte by byte.

    A file that is lost or was changed is made again. Raises UserError paper_changed where that gives other bytes than
    were kept (another version of ChargeBill made them), and paper_refused.
    """
    (row,) = make_papers(documents=[document], at=at)
    path = paper_path(row.sha256)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).hexdigest() == row.sha256:
        return content
    (paper,) = papers_of([document])
    content = _printed(paper)
    if hashlib.sha256(content).hexdigest() != row.sha256:
        raise UserError(
            "paper_changed",
            f"The PDF of {document.number} is not in the media store as it was made, and this version would make another one."
            f" Put papers/{row.sha256[:2]}/{row.sha256}.pdf back from your backup. Nothing was changed.",
        )
    _keep(path, content, anew=True)
    return content


def _printed(paper: Paper) -> bytes:
    try:
        return printed(content_of(paper), at=paper.issued_at)
    except CannotPrint as error:
        raise UserError("paper_refused", f"{paper.number} can't be made into a PDF: {error} Nothing was changed.") from error


def _keep(path: Path, content: bytes, *, anew: bool = False) -> None:
    """Whole or not there: nobody ever reads half a file."""
    if path.exists() and not anew:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(path)


def of_month(entity: LegalEntity, first_day: date) -> QuerySet[Document]:
    """The documents billed for a month, and those issued one by one (credit notes) on its days; by kind and number."""
    alone = Q(run__isnull=True, issue_date__gte=first_day, issue_date__lt=month_of(first_day).end)
    mine = Document.objects.filter(entity=entity)
    return mine.filter(Q(run__first_day=first_day) | alone).order_by("kind", "sequence")


def without_paper(entity: LegalEntity, first_day: date) -> QuerySet[Document]:
    return of_month(entity, first_day).filter(paper__isnull=True)


def start_papers(*, entity: LegalEntity, first_day: date, actor: User | None, at: datetime, key: str) -> Job:
    """Makes every PDF of a month that is missing, in the background. The same ``key`` gives the same job.

    Raises UserError nothing_to_make.
    """
    if earlier := Job.objects.filter(idempotency_key=key).first():
        return earlier
    missing = without_paper(entity, first_day).count()
    if not missing:
        raise UserError("nothing_to_make", "Every document of this month has its PDF. Nothing was started.")
    title = f"PDFs of {entity}, {first_day:%Y-%m}"
    params = {"entity": entity.pk, "first_day": first_day.isoformat()}
    with transaction.atomic():
        job = jobs.enqueue(kind="make_papers", title=title, key=key, params=params, actor=actor, unit="PDFs")
        events.record(
            action="papers.make",
            subject=entity,
            summary=f"Making {missing} PDFs of {first_day:%Y-%m} started",
            actor=actor,
            at=at,
            entity=entity,
        )
    return job


@jobs.job("make_papers")
def run_papers(task: jobs.Running) -> dict[str, Any]:
    """The job behind it. Whatever attempt it is, what is still missing is the place to go on from."""
    entity = LegalEntity.objects.get(pk=task.params["entity"])
    first_day = date.fromisoformat(task.params["first_day"])
    done = int(task.checkpoint.get("papers", 0))
    missing = list(without_paper(entity, first_day).values_list("pk", flat=True))
    task.beat(total=done + len(missing))
    for start in range(0, len(missing), CHUNK):
        documents = list(Document.objects.filter(pk__in=missing[start : start + CHUNK]).order_by("kind", "sequence"))
        # Setting pages is the slow part and needs no lock: the transaction only notes that it was done.
        make_papers(documents=documents, at=timezone.now())
        done += len(documents)
        with task.chunk(done=done, checkpoint={"papers": done}):
            pass
    return {"papers": done}
