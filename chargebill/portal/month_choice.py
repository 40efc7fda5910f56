"""Which company and which month a page of Billing is about."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
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


def asked_month(query: Any) -> tuple[LegalEntity, date]:
    """Company and month of a form or an address that must name both. Raises UserError, and Http404 without a company."""
    entity = company_in(query.get("entity", ""))
    if entity is None:
        raise Http404("There is no such company.")
    return entity, document_plan.month(query.get("month", ""), "month")


def month_page(name: str, entity: LegalEntity, first_day: date) -> str:
    """The address of a page about a company's month."""
    return f"{reverse(f'admin:{name}')}?{urlencode({'entity': entity.pk, 'month': f'{first_day:%Y-%m}'})}"
