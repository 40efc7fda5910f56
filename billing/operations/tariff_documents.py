"""Takes OCPI tariffs of others as drafts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import Tariff, TariffVersion
from billing.operations.tariffs import create_tariff, save_draft
from billing.tariff_ocpi import ReadDocument, Warned, read_document
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class Imported:
    """The draft, and what of the document has no effect here."""

    draft: TariffVersion
    warnings: tuple[Warned, ...]


def import_tariff(
    *,
    entity: LegalEntity,
    document: Any,
    version: str = "",
    name: str = "",
    tariff: Tariff | None = None,
    seen: str | None = None,
    actor: User | None,
    at: datetime,
) -> Imported:
    """A parsed OCPI tariff becomes the draft of ``tariff``, or a new tariff of the entity called ``name`` (else its id).

    ``version`` of OCPI "" is recognized; ``seen`` as in save_draft. Raises UserError, changing nothing, when the
    document can't be read, or is in another currency than the tariff.
    """
    found = read_document(document, version=version)
    warnings = found.warnings
    with transaction.atomic():
        if tariff is not None:
            _check_currency(tariff, found)
            draft = save_draft(tariff=tariff, content=found.content, seen=seen, actor=actor, at=at)
        else:
            code = found.id[:100]
            if code and Tariff.objects.filter(entity=entity, code=code).exists():
                warnings += (
                    Warned("code_taken", f"Another tariff of {entity} has the code {code} already, so this one has none."),
                )
                code = ""
            draft = create_tariff(
                entity=entity,
                name=(name or found.id or "Imported tariff")[:MOST_NAME],
                currency=found.currency,
                code=code,
                content=found.content,
                actor=actor,
                at=at,
            )
        events.record(
            action="tariff.import",
            subject=draft,
            summary=f"{draft} taken from an OCPI document",
            actor=actor,
            at=at,
            entity=draft.tariff.entity,
            changes={"id": found.id, "warnings": [warning.code for warning in warnings]},
        )
    return Imported(draft, warnings)


def _check_currency(tariff: Tariff, found: ReadDocument) -> None:
    if tariff.currency != found.currency:
        raise UserError(
            "currency_change",
            f"The document is in {found.currency}, {tariff.name} in {tariff.currency}; a tariff keeps its currency. Import it"
            " as a new tariff; nothing was imported.",
            "currency",
        )
