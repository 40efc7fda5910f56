"""Keeps what somebody outside asks, and changes what was typed in while it is open."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.models import Case
from disputes.operations.outside_links import link, locked_open
from disputes.outside_models import LANGUAGES, OutsideRequest

# Neither a letter from long ago nor a last day nobody lives to see: both are slips of the pen.
LONGEST = timedelta(days=5 * 366)
TEXTS = (
    ("body", 120, "Say who asks"),
    ("reference", 80, "Enter their reference; where the letter has none, its date"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the letter says; ``contact`` is whom to answer, ``assignee`` who of us looks after it.

    ``language`` is the one to answer in, "" that of the company.
    """

    body: str
    body_kind: str
    reference: str
    contact: str
    received_on: date
    due_on: date
    asks: str
    assignee: User | None = None
    language: str = ""


WORDS = {
    "body": "who asks",
    "body_kind": "the kind of body",
    "reference": "their reference",
    "contact": "whom to answer",
    "received_on": "the day it came",
    "due_on": "the last day for an answer",
    "asks": "what they ask",
    "assignee": "who looks after it",
    "language": "the language of the answer",
}
FIELDS = tuple(WORDS)


def record_request(*, entity: LegalEntity, asked: Asked, cases: list[Case], actor: User | None, at: datetime) -> OutsideRequest:
    """Keeps a request; the evidence of each case it is about is frozen, and none of them is closed while it is open.

    Raises UserError, changing nothing: the name of a field, reference_known, what link_case raises.
    """
    asked = _checked(entity, asked, at)
    with transaction.atomic():
        bulk.lock_alone(Case, *(case.pk for case in cases))
        try:
            with transaction.atomic():
                made = OutsideRequest.objects.create(
                    entity=entity, made_by=actor, made_at=at, **{name: getattr(asked, name) for name in FIELDS}
                )
        except IntegrityError:
            raise _known(asked) from None
        events.record(
            action="outside.record", subject=made, summary=f"{made}: entered, answer by {made.due_on}", actor=actor,
            at=at, entity=entity,
        )  # fmt: skip
        for case in cases:
            link(request=made, case=case, actor=actor, at=at)
    return made


def change_request(*, request: OutsideRequest, asked: Asked, actor: User | None, at: datetime) -> OutsideRequest:
    """Puts right what was typed in, or says who looks after it. What is the same changes nothing.

    Raises UserError, changing nothing: the name of a field, reference_known, ended.
    """
    with transaction.atomic():
        found = locked_open(request)
        asked = _checked(found.entity, asked, at)
        changes = {name: (getattr(found, name), getattr(asked, name)) for name in FIELDS}
        changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        if not changes:
            return found
        for name, (_, now) in changes.items():
            setattr(found, name, now)
        try:
            with transaction.atomic():
                found.save(update_fields=list(changes))
        except IntegrityError:
            raise _known(asked) from None
        what = ", ".join(WORDS[name] for name in changes)
        events.record(
            action="outside.change", subject=found, summary=f"{found}: changed {what}", actor=actor, at=at, entity=found.entity,
            changes={name: [_plain(before), _plain(now)] for name, (before, now) in changes.items()},
        )  # fmt: skip
    return found


def _plain(value: Any) -> Any:
    return str(value) if value is not None else None


def _known(asked: Asked) -> UserError:
    said = f"{asked.body} {asked.reference} was entered before. Nothing was changed: look for it in the list."
    return UserError("reference_known", said, "reference")


def _checked(entity: LegalEntity, asked: Asked, at: datetime) -> Asked:
    """The same, with its texts trimmed. Raises UserError, named after the field."""
    said = {name: " ".join(getattr(asked, name).replace("\x00", "").split()) for name, _, _ in TEXTS}
    for name, most, words in TEXTS:
        if not said[name] or len(said[name]) > most:
            raise UserError(name, f"{words}, in at most {most} characters. Nothing was changed.", name)
    if asked.body_kind not in OutsideRequest.Body.values:
        raise UserError("body_kind", "Choose what kind of body it is. Nothing was changed.", "body_kind")
    said["language"] = asked.language or entity.language
    if said["language"] not in dict(LANGUAGES):
        raise UserError("language", "Choose the language to answer in. Nothing was changed.", "language")
    today = entity.day_of(at)
    if not today - LONGEST <= asked.received_on <= today:
        raise UserError("received_on", "Enter the day it came: today or before. Nothing was changed.", "received_on")
    if not asked.received_on <= asked.due_on <= today + LONGEST:
        raise UserError("due_on", "Enter the last day for an answer, not before it came. Nothing was changed.", "due_on")
    said["asks"] = trimmed(asked.asks)
    if not said["asks"] or len(said["asks"]) > 10_000:
        raise UserError("asks", "Say what they ask, in at most 10,000 characters. Nothing was changed.", "asks")
    said["contact"] = trimmed(asked.contact)
    if len(said["contact"]) > 500:
        raise UserError("contact", "Say whom to answer in at most 500 characters. Nothing was changed.", "contact")
    return replace(asked, **said)  # type: ignore[arg-type] # only its texts


def trimmed(text: str) -> str:
    """A text of several lines as it is kept."""
    return text.replace("\x00", "").replace("\r\n", "\n").strip()
