"""Which company and which month a page of Billing is about."""

from datetime import date

from django.utils import timezone

from billing import document_plan
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity
from chargebill.core.periods import month_of, previous


def company_in(raw: str) -> LegalEntity | None:
    """The company asked for; the first by name where none is."""
    named: LegalEntity | None = row_in(LegalEntity, raw)
    return named if key_in(raw) is not None else LegalEntity.objects.order_by("name").first()


def chosen_month(raw: str, entity: LegalEntity) -> tuple[date, str]:
    """The month asked for, and what is wrong with it; the last whole one unless told otherwise."""
    last = previous(month_of(entity.day_of(timezone.now()))).start
    if not raw:
        return last, ""
    try:
        return document_plan.month(raw, "month"), ""
    except UserError as error:
        return last, error.message
