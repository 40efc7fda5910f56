"""Writes audit events: who did what, when and why, in the transaction of the deed."""

from datetime import datetime
from typing import Any

from django.db import models

from chargebill.core.models import AuditEvent, LegalEntity, User


def record(
    *,
    action: str,
    subject: models.Model,
    summary: str,
    actor: User | None,
    at: datetime,
    entity: LegalEntity | None = None,
    reason: str = "",
    changes: dict[str, Any] | None = None,
) -> AuditEvent:
    return AuditEvent.objects.create(
        action=action,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        summary=summary[:300],
        actor=actor,
        at=at,
        entity=entity,
        reason=reason,
        changes=changes or {},
    )
