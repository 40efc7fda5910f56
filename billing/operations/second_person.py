"""Four eyes: what is above a company's limit counts once somebody else has agreed."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.four_eyes import Confirmation
from billing.review_models import CheckSettings
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


def is_above_limit(entity: LegalEntity, amounts: Iterable[Decimal]) -> bool:
    """Whether any of the amounts is more than one person decides about; never where the company has no limit."""
    limit = CheckSettings.objects.filter(pk=entity.pk).values_list("four_eyes_above", flat=True).first()
    return limit is not None and any(amount > limit for amount in amounts)


def keep_word(of: Any, model: type[Confirmation], *, accepted: bool, actor: User, at: datetime) -> None:
    """Keeps what the second person says of a decision. Call with what is decided about locked, in its transaction.

    Raises UserError, changing nothing: needs_no_second, already_confirmed, own_decision for whoever decided.
    """
    if not of.needs_second:
        raise UserError("needs_no_second", "This needs no second person: it was done. Nothing was changed.")
    if model._default_manager.filter(pk=of.pk).exists():
        raise UserError("already_confirmed", "A second person has looked at this already. Nothing was changed.")
    if of.decided_by_id == actor.pk:
        raise UserError("own_decision", "You decided this yourself: another person has to confirm it. Nothing was changed.")
    word = model(accepted=accepted, by=actor, at=at)
    word.pk = of.pk
    word.save(force_insert=True)
