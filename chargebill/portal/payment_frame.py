"""What the pages about money received have in common: the frame, the company asked for, keys of forms."""

import uuid
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from chargebill.core.errors import UserError
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


def form_key(request: HttpRequest) -> str:
    """What the form that was sent carries, or a fresh one."""
    raw = request.POST.get("form_key", "")
    return raw if raw.isalnum() and len(raw) <= 64 else uuid.uuid4().hex
