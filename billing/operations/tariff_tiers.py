"""Tiers by charging speed: a tariff for each band of rated power, in force and assigned together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.chargeables import has_documents
from billing.models import TariffVersion
from billing.operations.assignments import assign
from billing.operations.tariffs import activate, create_tariff
from billing.tariff_content import Content
from chargebill.core.models import LegalEntity, User


@dataclass(frozen=True, slots=True)
class Tier:
    """A band [min_kw, max_kw) of rated power, None: no bound; what its tariff is called and says."""

    name: str
    min_kw: Decimal | None
    max_kw: Decimal | None
    content: Content


def create_tiers(
    *, entity: LegalEntity, currency: str, tiers: Sequence[Tier], first_day: date | None, actor: User | None, at: datetime
) -> list[TariffVersion]:
    """Makes, assigns and activates a tariff for each tier, from a local day on (None: since ever).

    The assignments begin on that day by each place's own calendar; the versions apply before, for nobody. Raises
    UserError, making nothing: whatever create_tariff, assign and activate refuse, a lint error of a band's law too.
    """
    made = []
    with transaction.atomic():
        valid_from = at if has_documents(entity.pk) else None
        for tier in tiers:
            draft = create_tariff(entity=entity, name=tier.name, currency=currency, content=tier.content, actor=actor, at=at)
            # First, because what the law asks of a price depends on where it applies.
            assign(
                entity=entity,
                tariff=draft.tariff,
                min_kw=tier.min_kw,
                max_kw=tier.max_kw,
                valid_from=first_day,
                actor=actor,
                at=at,
            )
            made.append(activate(tariff=draft.tariff, valid_from=valid_from, actor=actor, at=at))
    return made
