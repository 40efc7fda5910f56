"""Whom to remind of an open invoice, and why: past its day, with the customer's address, nothing of it credited.

At most three reminders, friendly and without a fee, each so many days after the day it was payable by or after the one
before. A person sends them; nobody is reminded of a document that is in doubt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.contested import Contested, contested_of, undisputed
from billing.document_models import Document, DocumentKind
from billing.mail_models import OutgoingMail
from billing.operations.document_settings import settings_of
from billing.payments import open_amounts, owed
from chargebill.core.models import LegalEntity

MOST_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that may be sent now, of what is open and not contested.

    ``level`` is 1 to 3; ``since`` the day it counts from: payable by, or reminded on.
    """

    document: Document
    level: int
    open_amount: Decimal
    since: date
    days: int


@dataclass(frozen=True, slots=True)
class NotReminded:
    """An open invoice past its day nobody is reminded of now, and why."""

    document: Document
    open_amount: Decimal
    why: str


def reminders(entity: LegalEntity, at: datetime, only: Iterable[int] | None = None) -> tuple[list[Reminder], list[NotReminded]]:
    """Every open invoice of a company past its day, those that take longest first; or these of them. Six queries."""
    today = entity.day_of(at)
    rows = owed(Document.objects.filter(entity=entity, kind=DocumentKind.INVOICE, due_date__lt=today))
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    found = list(rows.select_related("customer", "entity").prefetch_related("credit_notes").order_by("due_date", "pk"))
    settings = settings_of(entity)
    waits = (settings.first_reminder_days, settings.next_reminder_days, settings.next_reminder_days)
    sent = _sent(found)
    contested = contested_of([one.pk for one in found])
    left = undisputed(open_amounts([one.pk for one in found]), contested)
    due, others = [], []
    for one in found:
        levels = sent.get(one.pk, [])
        if why := _contested(one, left, contested) or _why_not(one, levels):
            others.append(NotReminded(one, left[one.pk], why))
            continue
        assert one.due_date is not None
        since = entity.day_of(levels[-1].queued_at) if levels else one.due_date
        wait = waits[len(levels)]
        if today < since + timedelta(days=wait):
            others.append(NotReminded(one, left[one.pk], f"The next one is for {since + timedelta(days=wait)} and later."))
        else:
            due.append(Reminder(one, len(levels) + 1, left[one.pk], since, (today - since).days))
    return due, others


def _sent(documents: Iterable[Document]) -> dict[int, list[OutgoingMail]]:
    """Reminders by document, the first level first."""
    found: dict[int, list[OutgoingMail]] = {}
    for mail in OutgoingMail.objects.filter(document__in=list(documents), level__gt=0).order_by("level"):
        found.setdefault(mail.document_id or 0, []).append(mail)
    return found


def _contested(document: Document, left: dict[int, Decimal], contested: dict[int, Contested]) -> str:
    """A contested line is not reminded of; where nothing else is open, neither is its document."""
    if left[document.pk] > 0 or document.pk not in contested:
        return ""
    return f"What is open on it is contested: {', '.join(contested[document.pk].references)}."


def _why_not(document: Document, sent: list[OutgoingMail]) -> str:
    if document.credit_notes.all():
        return "A part of it was credited: look at it first."
    if document.customer is None or not document.customer.email:
        return "Its customer has no e-mail address."
    if len(sent) >= MOST_LEVELS:
        return "It was reminded of three times: talk to them."
    if sent and sent[-1].state != OutgoingMail.State.SENT:
        return "The reminder before is still waiting." if sent[-1].state == "QUEUED" else "The reminder before could not be sent."
    return ""
