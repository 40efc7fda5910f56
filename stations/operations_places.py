"""Writes about places, EVSEs and plugs that people decide on."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction
from django.utils.text import capfirst

from chargebill.core.models import AuditEvent, User


def mark_reviewed(*, model: type[models.Model], pks: Iterable[int], actor: User | None, at: datetime) -> int:
    """Takes the mark "needs review" off these rows of ``model``; returns how many had it. One event each."""
    with transaction.atomic():
        rows = list(model._default_manager.select_for_update().filter(pk__in=list(pks), needs_review=True).order_by("pk"))
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(needs_review=False)
        kind = model._meta
        entities = _entity_ids(model, [row.pk for row in rows])
        AuditEvent.objects.bulk_create(
            AuditEvent(
                at=at,
                actor=actor,
                action=f"{kind.model_name}.review",
                entity_id=entities[row.pk],
                object_type=kind.label_lower,
                object_id=str(row.pk),
                summary=f"{capfirst(kind.verbose_name)} {row} reviewed"[:300],
                changes={"needs review": [True, False]},
            )
            for row in rows
        )
    return len(rows)


def _entity_ids(model: type[models.Model], pks: list[int]) -> dict[int, int]:
    path = "entity_id" if any(field.name == "entity" for field in model._meta.fields) else "evse__entity_id"
    return dict(model._default_manager.filter(pk__in=pks).order_by().values_list("pk", path))
