"""Whom we write to about a case: corrected where it was taken down wrongly, or the driver has another address now."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.models import Case, CaseEvent
from disputes.operations.events import refresh, write
from disputes.operations.moves import lock_case
from disputes.workflow.states import Role

LANGUAGES = ("en", "de")
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to. A driver nobody knows may have no address here."""

    name: str = ""
    email: str = ""
    language: str = "en"


def checked_contact(contact: Contact) -> Contact:
    """As it is kept. Raises UserError: contact_email."""
    email = contact.email.strip()
    try:
        if email:
            validate_email(email)
            # A valid address can be longer than any mailbox has: the column takes what a form takes.
            MaxLengthValidator(LONGEST_EMAIL)(email)
    except ValidationError as error:
        raise UserError("contact_email", "That is no e-mail address. Nothing was changed.", "contact_email") from error
    name = " ".join(contact.name.replace("\x00", "").split())[:200]
    return Contact(name, email, contact.language if contact.language in LANGUAGES else "en")


def change_contact(*, case: Case, contact: Contact, role: Role, actor: User, at: datetime) -> Case:
    """What is said from now on goes there; what was mailed before can be mailed again. The same changes nothing.

    Raises UserError, changing nothing: contact_email.
    """
    contact = checked_contact(contact)
    new = {"contact_name": contact.name, "contact_email": contact.email, "language": contact.language}
    with transaction.atomic():
        case = lock_case(case)
        changes = {name: [getattr(case, name), value] for name, value in new.items() if getattr(case, name) != value}
        if not changes:
            return case
        for name, value in new.items():
            setattr(case, name, value)
        write(case=case, kind=CaseEvent.Kind.CONTACT, role=role, actor=actor, at=at, data=changes)
        refresh(case, *new)
        events.record(
            action="case.contact",
            subject=case,
            summary=f"{case.number}: written to somebody else, or at another address",
            actor=actor,
            at=at,
            entity=case.entity,
            changes=changes,
        )
    return case
