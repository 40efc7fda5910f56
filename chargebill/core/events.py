"""Writes audit events: who did what, when and why, in the transaction of the deed."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict, Unpack

from django.db import models

from chargebill.core.models import AuditEvent, LegalEntity, User


class Deed(TypedDict):
    """What an event says; ``subject`` is the row it happened to."""

    action: str
    subject: models.Model
    summary: str
    actor: User | None
    at: datetime
    entity: NotRequired[LegalEntity | None]
    reason: NotRequired[str]
    changes: NotRequired[dict[str, Any] | None]


def draft(**deed: Unpack[Deed]) -> AuditEvent:
    """The event, not stored yet: those of many deeds are stored together."""
    subject = deed["subject"]
    return AuditEvent(
        action=deed["action"],
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        summary=deed["summary"][:300],
        actor=deed["actor"],
        at=deed["at"],
        entity=deed.get("entity"),
        reason=deed.get("reason", ""),
        changes=deed.get("changes") or {},
    )


def record(**deed: Unpack[Deed]) -> AuditEvent:
    event = draft(**deed)
    event.save(force_insert=True)
    return event
