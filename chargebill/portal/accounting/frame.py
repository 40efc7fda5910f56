"""What the pages of the books share: whose books, which month, who may."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from billing.models import AccountingPeriod
from chargebill.core.models import LegalEntity
from chargebill.portal.site import site

VIEW = ("billing.view_journalentry", "billing.view_account", "billing.view_accountingperiod")
POST = "billing.add_journalentry"


def allow(request: HttpRequest, *more: str) -> None:
    if not request.user.has_perms((*VIEW, *more)):
        raise PermissionDenied


@dataclass(frozen=True, slots=True)
class Books:
    """The company a page is about, out of ``entities``; ``errors``: what the address asked for and isn't there."""

    entity: LegalEntity
    entities: list[LegalEntity]
    periods: list[AccountingPeriod]
    period: AccountingPeriod | None
    errors: list[str]

    @property
    def query(self) -> dict[str, str]:
        """The page's address, without what is the default."""
        wanted = {
            "entity": str(self.entity.pk) if len(self.entities) > 1 else "",
            "period": str(self.period) if self.period else "",
        }
        return {name: value for name, value in wanted.items() if value}

    def address(self, **more: str) -> str:
        return urlencode({name: value for name, value in {**self.query, **more}.items() if value})


def books_of(request: HttpRequest) -> Books | None:
    """Reads the address; None while there is no company."""
    entities = list(LegalEntity.objects.order_by("name"))
    if not entities:
        return None
    errors: list[str] = []
    raw = request.GET.get("entity", "")
    entity = next((one for one in entities if str(one.pk) == raw), None)
    if raw and entity is None:
        errors.append("There is no such company: the page shows the first one.")
    entity = entity or entities[0]
    periods = list(AccountingPeriod.objects.filter(entity=entity).order_by("-first_day"))
    raw = request.GET.get("period", "")
    period = next((one for one in periods if str(one) == raw), None)
    if raw and period is None:
        errors.append(f"The books have no month {raw[:20]!r}: the page shows all.")
    return Books(entity, entities, periods, period, errors)


def render(request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    request.current_app = site().name
    return TemplateResponse(
        request, f"portal/accounting/{template}", {**site().each_context(request), "title": title, **context}, status=status
    )


def without_company(request: HttpRequest, title: str) -> HttpResponse:
    return render(request, "no_company.html", title, {})
