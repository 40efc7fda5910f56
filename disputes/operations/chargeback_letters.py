"""Keeps a letter of an acquirer about a charge, in the case about it; opens one where there is none."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from billing.document_models import Document
from billing.operations.payments import check_amount
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money
from disputes.chargeback_models import Chargeback, ChargebackEvent
from disputes.chargebacks import Status
from disputes.models import Case, Cause, Channel, ContestedItem
from disputes.operations.chargebacks import audit, keep
from disputes.operations.contacts import Contact
from disputes.operations.events import store_due
from disputes.operations.moves import lock_case
from disputes.operations.opening import open_case
from disputes.subjects import subjects_of_lines
from disputes.workflow.states import Role

FOUR_DIGITS = re.compile(r"\A[0-9]{4}\Z")
FIRST_DAY = date(2000, 1, 1)
A_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Letter:
    """What an acquirer wrote. ``answer_by`` is the last day, by the company's clock, an answer is taken."""

    acquirer: str
    reference: str
    reason_code: str
    reason: str
    card_last4: str
    amount: Decimal
    received_on: date
    answer_by: date
    is_inquiry: bool


def record_letter(*, document: Document, letter: Letter, role: Role, actor: User | None, at: datetime) -> tuple[Chargeback, bool]:
    """Keeps a letter about a charge, in the case that is open about it; opens one where there is none, and says whether.

    Raises UserError, changing nothing: acquirer, reference, reason_code, card_last4, amount, received_on, answer_by,
    letter_known (this reference is here already), nothing_charged (all of it was taken back, and no case is about it).
    """
    letter = _checked(document, letter, at)
    zone = ZoneInfo(document.entity.time_zone or "UTC")
    due_by = datetime.combine(letter.answer_by + timedelta(days=1), time(0), zone)
    with transaction.atomic():
        case = _case_about(document)
        is_new = case is None
        case = lock_case(case) if case else _opened(document, letter, role, actor, at)
        try:
            with transaction.atomic():
                made = Chargeback.objects.create(
                    case=case, entity=document.entity, document=document, acquirer=letter.acquirer, reference=letter.reference,
                    reason_code=letter.reason_code, reason=letter.reason, card_last4=letter.card_last4, amount=letter.amount,
                    currency=document.currency, received_on=letter.received_on, due_by=due_by,
                    status=Status.INQUIRY if letter.is_inquiry else Status.NEEDS_RESPONSE, made_by=actor, made_at=at,
                )  # fmt: skip
        except IntegrityError:
            raise UserError(
                "letter_known", f"{letter.acquirer} {letter.reference} was entered before. Nothing was changed.", "reference"
            ) from None
        keep(made, ChargebackEvent.Kind.MOVED, actor, at, to=Status(made.status))
        store_due(case)
        said = f"{made}: {made.get_status_display().lower()}, {Money(made.amount, made.currency)} of {document}"
        audit(made, "chargeback.letter", said, actor, at)
    return made, is_new


def _checked(document: Document, letter: Letter, at: datetime) -> Letter:
    said = {
        name: " ".join(getattr(letter, name).replace("\x00", "").split())
        for name in ("acquirer", "reference", "reason_code", "reason", "card_last4")
    }
    for name, most, words in (
        ("acquirer", 60, "Say which acquirer wrote"),
        ("reference", 60, "Enter the acquirer’s reference"),
        ("reason_code", 20, "Enter the reason code as the scheme writes it"),
    ):
        if not said[name] or len(said[name]) > most:
            raise UserError(name, f"{words}, in at most {most} characters. Nothing was changed.", name)
    if said["card_last4"] and not FOUR_DIGITS.match(said["card_last4"]):
        raise UserError("card_last4", "Enter the last four digits, or none. Nothing was changed.", "card_last4")
    if len(said["reason"]) > 500:
        raise UserError("reason", "Write the reason in at most 500 characters. Nothing was changed.", "reason")
    check_amount(letter.amount, document.currency)
    if letter.amount > document.gross_amount:
        raise UserError(
            "amount",
            f"{document} charged {Money(document.gross_amount, document.currency)}: the letter is about that or less."
            " Nothing was changed.",
            "amount",
        )
    today = document.entity.day_of(at)
    if not FIRST_DAY <= letter.received_on <= today:
        raise UserError("received_on", "Enter the day the letter came: today or before. Nothing was changed.", "received_on")
    if not letter.received_on <= letter.answer_by <= today + A_YEAR:
        raise UserError("answer_by", "Enter the last day for an answer, not before the letter. Nothing was changed.", "answer_by")
    return replace(letter, **said)  # type: ignore[arg-type] # only its texts


def _case_about(document: Document) -> Case | None:
    """The open case about a line of the document, or about a session of it as a whole."""
    about = Q(line__document=document) | Q(line__isnull=True, session__document_lines__document=document)
    item = ContestedItem.objects.filter(about, is_open=True).select_related("case").order_by("pk").first()
    return item.case if item else None


def _opened(document: Document, letter: Letter, role: Role, actor: User | None, at: datetime) -> Case:
    lines = document.lines.filter(corrects__isnull=True).values_list("pk", flat=True)
    subjects = subjects_of_lines(lines)
    if not subjects:
        # All of it was credited: the letter belongs to the case that did so.
        earlier = Case.objects.filter(items__line__document=document).order_by("-pk").first()
        if earlier:
            return lock_case(earlier)
        raise UserError(
            "nothing_charged",
            f"All of {document} was taken back and no case is about it. Answer the acquirer with the credit note."
            " Nothing was changed.",
        )
    customer = document.customer
    contested = sum((subject.gross_amount for subject in subjects), Decimal(0))
    said = f"Letter of the acquirer {letter.acquirer}, reference {letter.reference}, reason code {letter.reason_code}"
    return open_case(
        subjects=subjects,
        customer=customer,
        contact=Contact(customer.name, customer.email, customer.language) if customer else Contact(),
        channel=Channel.LETTER,
        cause=Cause.OTHER,
        statement=f"{said}: {letter.reason}" if letter.reason else f"{said}.",
        claimed_amount=min(letter.amount, contested),
        role=role,
        actor=actor,
        at=at,
        mailed=False,
    )
