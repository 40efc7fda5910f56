"""What the pages about money received have in common: the frame, the company asked for, keys of forms."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.site import site

READ_BANK = "billing.view_bankline"
READ_PAYMENTS = "billing.view_payment"
READ_DOCUMENTS = "billing.view_document"
RECORD = "billing.add_payment"
PER_PAGE = 50


def allow(request: HttpRequest, *permissions: str) -> None:
    if not request.user.has_perms(permissions):
        raise PermissionDenied


def day_in(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def amount_in(raw: str) -> Decimal:
    """An amount as a person writes it. Raises UserError amount."""
    try:
        return Decimal(raw.strip())
    except InvalidOperation:
        raise UserError("amount", f"{raw[:20]!r} is no amount. Write it like 149.90. Nothing was changed.", "amount") from None


def frame(request: HttpRequest, title: str, *crumbs: tuple[str, str], **more: Any) -> dict[str, Any]:
    """The context of a page; ``form_key`` makes a form that is sent twice count once."""
    request.current_app = site().name
    return {
        **site().each_context(request),
        "title": title,
        "crumbs": list(crumbs),
        "form_key": uuid.uuid4().hex,
        "may_record": request.user.has_perm(RECORD),
        "may_read_bank": request.user.has_perm(READ_BANK),
        **more,
    }


@dataclass(frozen=True, slots=True)
class Sent:
    """A file a form sent, for a company."""

    entity: LegalEntity
    name: str
    content: bytes


def sent_file(request: HttpRequest, entity: LegalEntity | None, *, whose: str, source: str, most: int) -> Sent:
    """The file of an upload form. Raises UserError entity_missing and file_missing, with ``whose`` and ``source`` in words.

    One byte more than ``most`` is read: a file that is too large is refused without filling the memory.
    """
    if entity is None:
        raise UserError("entity_missing", f"Choose the company {whose}. Nothing was changed.", "entity")
    upload = request.FILES.get("file")
    if upload is None:
        raise UserError("file_missing", f"Choose the file from {source}. Nothing was changed.", "file")
    return Sent(entity, upload.name or "", upload.read(most + 1))


def company_chosen(request: HttpRequest, companies: list[LegalEntity]) -> LegalEntity | None:
    """Which company a form or an address names; a form needn't where there is only one."""
    if request.method == "POST" and len(companies) == 1:
        return companies[0]
    raw = (request.POST if request.method == "POST" else request.GET).get("entity", "")
    return row_in(LegalEntity, raw)


def csv_answer(content: str | bytes, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def form_key(request: HttpRequest) -> str:
    """What the form that was sent carries, or a fresh one."""
    raw = request.POST.get("form_key", "")
    return raw if raw.isalnum() and len(raw) <= 64 else uuid.uuid4().hex
