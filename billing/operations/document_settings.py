"""What a company puts on its documents to come: how to reach and pay it, by when."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from billing.paper_models import DocumentSettings
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

# By name, with what they are called.
SETTABLE = {f.name: str(f.verbose_name) for f in DocumentSettings._meta.concrete_fields if f.name != "entity"}


def settings_of(entity: LegalEntity) -> DocumentSettings:
    """What a company puts on its documents; the defaults where nobody has said."""
    return DocumentSettings.objects.filter(pk=entity.pk).first() or DocumentSettings(entity=entity)


def change_document_settings(
    *, entity: LegalEntity, values: dict[str, Any], actor: User | None, at: datetime
) -> DocumentSettings:
    """Documents to come say so; what is issued stays. ``values``: any of SETTABLE by name.

    Raises UserError, changing nothing, with the name of the first field that can't be so.
    """
    with transaction.atomic():
        LegalEntity.objects.select_for_update().get(pk=entity.pk)
        settings = settings_of(entity)
        changes = {name: [getattr(settings, name), new] for name, new in values.items() if getattr(settings, name) != new}
        if not changes:
            return settings
        for name in changes:
            setattr(settings, name, values[name])
        try:
            settings.clean_fields()
        except ValidationError as error:
            where, problems = next(iter(error.message_dict.items()))
            raise UserError(where, f"{problems[0]} Nothing was changed.", where) from error
        settings.save()
        events.record(
            action="document_settings.change",
            subject=entity,
            summary=f"What {entity} puts on its documents changed",
            actor=actor,
            at=at,
            entity=entity,
            changes={SETTABLE[name]: pair for name, pair in changes.items()},
        )
    return settings
