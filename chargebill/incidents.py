"""Carries out an approved incident: a credit note for each document, then every driver is told once.

Whatever attempt it is, it goes on with the lines that have no outcome yet: killed anywhere, nothing is lost or doubled.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing import chargeables
from billing.credit_models import Correction
from billing.credits import LineLeft, left_of_lines
from billing.document_models import Document, DocumentLine
from billing.documents import Fixed
from chargebill import pipeline
from chargebill.core import bulk, events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money
from disputes.incident_cover import decided_in
from disputes.incident_models import Incident, IncidentLine, IncidentOutcome
from disputes.models import Case
from disputes.operations.incident_telling import tell, untold
from disputes.operations.incidents import KIND
from disputes.subjects import taken
from memberships.models import CustomerKind

# A transaction takes so many documents, and so many drivers are told in one.
CHUNK = 25
TOLD_AT_ONCE = 100
# What only concerns the one document; anything else ends the job, and it goes on once that is put right.
LEFT_ALONE = {"over_line", "nothing_left", "nothing_chosen", "lost_already"}


@jobs.job(KIND)
def run_incident(task: jobs.Running) -> dict[str, Any]:
    incident = Incident.objects.select_related("entity", "decided_by", "confirmation__by").get(pk=task.params["incident"])
    ids = list(_to_do(incident).values_list("document_id", flat=True).distinct().order_by("document_id"))
    every = incident.lines.values("document_id").distinct().count()
    done = every - len(ids)
    task.beat(total=every)
    for first in range(0, len(ids), CHUNK):
        if _is_stopped(incident):
            return {"documents": done, "stopped": True}
        chunk = ids[first : first + CHUNK]
        with task.chunk(done=done + len(chunk), checkpoint={"documents": done + len(chunk)}):
            take_back(incident=incident, document_ids=chunk, actor=incident.confirmation.by, at=timezone.now())
        done += len(chunk)
    while waiting := untold(incident, TOLD_AT_ONCE):
        if _is_stopped(incident):
            return {"documents": done, "stopped": True}
        with task.chunk(done=done, checkpoint={"documents": done}):
            tell(incident=incident, recipients=waiting, at=timezone.now())
    return _finish(task, incident, done)


def _to_do(incident: Incident) -> Any:
    return incident.lines.filter(outcome__isnull=True)


def _is_stopped(incident: Incident) -> bool:
    return Incident.objects.filter(pk=incident.pk, stop_asked_at__isnull=False).exists()


def take_back(*, incident: Incident, document_ids: Sequence[int], actor: User, at: datetime) -> None:
    """Credits the incident's lines of these documents, one credit note each; what changed since it was proposed stays.

    Call inside a transaction. Raises UserError where no document can be credited now (period_closed).
    """
    # Documents, then sessions, as everybody does who corrects several at once; the counter comes last.
    bulk.lock_alone(Document, *document_ids)
    rows = list(_to_do(incident).filter(document__in=document_ids).select_related("line__document__entity").order_by("pk"))
    chargeables.lock(row.line.session_id for row in rows)
    left = {one.line.pk: one for one in left_of_lines(row.line for row in rows)}
    open_cases = _open_cases(row.line for row in rows)
    decided = decided_in(open_cases.values())
    of: dict[int, list[IncidentLine]] = defaultdict(list)
    outcomes = []
    for row in rows:
        if why := _changed(row, left[row.line_id], open_cases, decided):
            outcomes.append(IncidentOutcome(line=row, why=why, at=at))
        else:
            of[row.document_id].append(row)
    for mine in of.values():
        outcomes += _credited(incident, mine[0].line.document, mine, actor, at)
    IncidentOutcome.objects.bulk_create(outcomes, batch_size=500)


def _open_cases(lines: Iterable[DocumentLine]) -> Mapping[tuple[int, int | None], Case]:
    """The open case about a session as a whole, or about a line of it."""
    sessions: set[int] = {line.session_id for line in lines}
    return {(item.session_id, item.line_id): item.case for item in taken(sessions)}


def _changed(row: IncidentLine, now: LineLeft, cases: Mapping[tuple[int, int | None], Case], decided: set[int]) -> str:
    """Why a line is not what was agreed to any more; "" while it is."""
    document = row.line.document
    left = now.left_on(Fixed(document.anchor))
    if left != row.left_amount:
        less = Money(row.left_amount - left, document.currency)
        return f"{less} of it was taken back since it was proposed."
    case = cases.get((row.line.session_id, row.line_id)) or cases.get((row.line.session_id, None))
    if case and case.pk in decided:
        return f"Something was offered or agreed about it in {case}: that case decides."
    if (case.pk if case else None) == row.case_id:
        return ""
    if case:
        return f"It is contested in {case} since: that case decides."
    return "The case about it ended since it was proposed."


def _credited(
    incident: Incident, document: Document, rows: Sequence[IncidentLine], actor: User, at: datetime
) -> list[IncidentOutcome]:
    partner = document.customer_kind == CustomerKind.PARTNER and document.customer_id is not None
    returned_to = Correction.ReturnedTo.CREDIT if partner else Correction.ReturnedTo.REFUND
    amounts: dict[int, Decimal] = {row.line_id: row.amount for row in rows}
    try:
        note = pipeline.correct(
            document=document,
            key=incident.note_key(document.pk),
            amounts=amounts,
            reason=incident.reason,
            returned_to=returned_to,
            actor=actor,
            at=at,
        )
    except UserError as error:
        if error.code not in LEFT_ALONE:
            raise
        return [IncidentOutcome(line=row, why=error.message[:300], at=at) for row in rows]
    return [IncidentOutcome(line=row, credit_note=note, at=at) for row in rows]


def _finish(task: jobs.Running, incident: Incident, done: int) -> dict[str, Any]:
    at = timezone.now()
    outcomes = IncidentOutcome.objects.filter(line__incident=incident)
    notes = outcomes.filter(credit_note__isnull=False).values("credit_note").distinct().count()
    left = outcomes.filter(credit_note__isnull=True).count()
    with task.chunk(done=done, checkpoint={"documents": done}):
        Incident.objects.filter(pk=incident.pk, finished_at__isnull=True).update(finished_at=at)
        events.record(
            action="incident.finish",
            subject=incident,
            summary=f"Incident {incident.title}: {notes:,} credit notes, {left:,} lines left alone",
            actor=incident.confirmation.by,
            at=at,
            entity=incident.entity,
            changes={"credit_notes": notes, "left_alone": left},
        )
    return {"documents": done, "stopped": False, "left": left}
