"""Proposes incidents, takes the second person's word, stops and goes on. What is done then: chargebill/incidents.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.operations.credits import reason_in
from billing.operations.mail import sender_of
from billing.operations.second_person import keep_word
from chargebill.core import bulk, events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from chargebill.core.money import Money
from disputes.incident_letters import check_letter
from disputes.incident_lines import Planned, Remedy, content, figures_of
from disputes.incident_models import Incident, IncidentConfirmation, IncidentLine

KIND = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a person writes about an incident: the letters with their placeholders, the reason for the credit notes."""

    title: str
    reason: str
    letter_en: str
    letter_de: str


def propose_incident(
    *,
    entity: LegalEntity,
    key: str,
    planned: Planned,
    remedy: Remedy,
    selection: list[list[str]],
    words: Words,
    actor: User,
    at: datetime,
) -> Incident:
    """Keeps what was looked at, line by line, for a second person. Takes nothing back yet.

    ``key`` is of the one form: sent twice it is one incident. Raises UserError, changing nothing: title, reason_missing,
    reason_too_long, letter, nothing_left, incident_key_used.
    """
    title = " ".join(words.title.replace("\x00", "").split())
    if not title or len(title) > 120:
        raise UserError("title", "Name the fault, in 120 characters or less. Nothing was changed.", "title")
    if not planned.lines:
        raise UserError("nothing_left", "Nothing of these sessions can be taken back. Choose others. Nothing was changed.")
    made = Incident(
        entity=entity,
        key=key,
        title=title,
        reason=reason_in(words.reason),
        selection=selection,
        remedy=remedy.kind,
        part=remedy.part,
        percent=remedy.percent,
        letter_en=check_letter(words.letter_en, "letter_en"),
        letter_de=check_letter(words.letter_de, "letter_de"),
        figures=figures_of(planned),
        decided_by=actor,
        decided_at=at,
    )
    made.sha256 = content(made, ((one.line.pk, one.amount, one.left, one.case.pk if one.case else None) for one in planned.lines))
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, entity.pk)
        if there := Incident.objects.filter(entity=entity, key=key).first():
            if (there.sha256, there.title) != (made.sha256, made.title):
                raise UserError(
                    "incident_key_used",
                    "This form was sent before, with something else in it. Open it anew. Nothing was changed.",
                )
            return there
        made.save(force_insert=True)
        IncidentLine.objects.bulk_create(
            [
                IncidentLine(
                    incident=made,
                    line_id=one.line.pk,
                    document_id=one.line.document_id,
                    case=one.case,
                    amount=one.amount,
                    gross_amount=one.gross,
                    left_amount=one.left,
                )
                for one in planned.lines
            ],
            batch_size=500,
        )
        said = ", ".join(f"{Money(one.back, code)}" for code, one in planned.sums.items())
        summary = f"Incident proposed: {title}, {said} of {len(planned.lines):,} lines"
        _record(made, "incident.propose", summary, actor, at, reason=made.reason, changes={"sha256": made.sha256})
    return made


def confirm_incident(*, incident: Incident, seen: str, accepted: bool, actor: User, at: datetime) -> Incident:
    """The second person's yes, which begins it in the background, or no. ``seen`` is the hash of what they looked at.

    Raises UserError, changing nothing: own_decision, already_confirmed, incident_changed, no_sender (there are drivers to
    write to, and the company has no address its mail comes from).
    """
    with transaction.atomic():
        bulk.lock_alone(Incident, incident.pk)
        incident = Incident.objects.select_related("entity").get(pk=incident.pk)
        keep_word(incident, IncidentConfirmation, accepted=accepted, actor=actor, at=at)
        if accepted:
            if not seen == incident.sha256 == stored_content(incident):
                raise UserError("incident_changed", "This is not what you looked at. Open it anew. Nothing was changed.")
            if _writes_mail(incident):
                sender_of(incident.entity)
            incident.job = _job(incident, f"incident:{incident.pk}", actor)
            incident.save(update_fields=["job"])
            jobs.queue(incident.job)
        action, word = ("incident.confirm", "Confirmed") if accepted else ("incident.refuse", "Refused")
        _record(incident, action, f"{word}: incident {incident.title}", actor, at, changes={"sha256": incident.sha256})
    return Incident.objects.get(pk=incident.pk)


def _writes_mail(incident: Incident) -> bool:
    return incident.lines.filter(document__customer__isnull=False).exclude(document__customer__email="").exists()


def stored_content(incident: Incident) -> str:
    """The hash of what is stored now."""
    return content(incident, incident.lines.order_by("pk").values_list("line_id", "amount", "left_amount", "case_id").iterator())


def stop_incident(*, incident: Incident, actor: User | None, at: datetime) -> Incident:
    """Asks it to stop after the documents it is at; what is done stays. Raises UserError incident_not_running."""
    with transaction.atomic():
        incident = _locked(incident)
        if incident.finished_at or incident.job is None or not incident.job.is_open:
            raise UserError("incident_not_running", "Nothing is running, so there is nothing to stop. Nothing was changed.")
        if incident.stop_asked_at is None:
            incident.stop_asked_at = at
            incident.save(update_fields=["stop_asked_at"])
            _record(incident, "incident.stop", f"Stopped: incident {incident.title}", actor, at)
    return incident


def resume_incident(*, incident: Incident, actor: User | None, at: datetime) -> Incident:
    """Takes a stopped or failed one up again. Raises UserError incident_not_stopped."""
    with transaction.atomic():
        incident = _locked(incident)
        if incident.finished_at or incident.job is None or incident.job.is_open:
            raise UserError("incident_not_stopped", "It is running, finished, or not approved. Nothing was changed.")
        incident.job = _job(incident, f"incident:{incident.pk}#{at.timestamp()}", actor)
        incident.stop_asked_at = None
        incident.save(update_fields=["job", "stop_asked_at"])
        _record(incident, "incident.resume", f"Taken up again: incident {incident.title}", actor, at)
        jobs.queue(incident.job)
    return incident


def _locked(incident: Incident) -> Incident:
    bulk.lock_alone(Incident, incident.pk)
    return Incident.objects.select_related("entity", "job").get(pk=incident.pk)


def _job(incident: Incident, key: str, actor: User | None) -> Job:
    params = {"incident": incident.pk}
    return jobs.create(kind=KIND, title=f"Incident: {incident.title}", key=key, params=params, actor=actor, unit="documents")


def _record(incident: Incident, action: str, summary: str, actor: User | None, at: datetime, **more: Any) -> None:
    events.record(action=action, subject=incident, summary=summary, actor=actor, at=at, entity=incident.entity, **more)
