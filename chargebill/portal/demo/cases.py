"""Drivers of the demo who say that something is wrong, and how far their cases are: from looked into to not looked at.

Everything goes in as the desk would enter it, at the moment it would have; what clocks do by themselves follows.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F
from django.utils.text import slugify

from billing.document_models import DocumentKind, DocumentLine
from billing.mail_models import OutgoingMail
from billing.operations.document_settings import change_document_settings
from chargebill.core import roles
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import round_money
from disputes.facts import Said
from disputes.letters import ENGLISH, GERMAN, inadmissible_letter
from disputes.mail_models import CaseMail
from disputes.models import Case, CaseMessage, Cause, Channel
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.contacts import Contact
from disputes.operations.moves import move
from disputes.operations.opening import open_case
from disputes.operations.thread import add_message, assign
from disputes.subjects import Subject, subjects_of_lines
from disputes.workflow.states import Role, State
from memberships.models import CustomerKind

# The newest bills one is chosen among.
AMONG = 200
TAKEN, LOOKED_INTO, ANSWERED, ASKED, REFUSED = "taken", "looked into", "answered", "asked", "refused"


@dataclass(frozen=True, slots=True)
class Complaint:
    """``ago``: days before the demo's moment it came in; ``deeds`` follow half a day apart; ``share`` of the charge is claimed,
    0: not said. What is said in English and German."""

    ago: float
    cause: Cause
    channel: Channel
    share: Decimal
    deeds: tuple[str, ...]
    says: tuple[str, str]
    answer: tuple[str, str] = ("", "")


COMPLAINTS = (
    Complaint(
        33, Cause.ENERGY, Channel.EMAIL, Decimal("0.5"), (TAKEN, LOOKED_INTO, ANSWERED, ASKED),
        (
            "The app of my car says it took about half of what you billed. Please check the meter.",
            "Laut App hat mein Auto etwa die Hälfte dessen geladen, was Sie berechnen. Bitte prüfen Sie den Zähler.",
        ),
        (
            "We are looking at the meter readings of this charge. Could you send us what the app shows, with the time?",
            "Wir sehen uns die Zählerstände dieser Ladung an. Können Sie uns schicken, was die App mit Uhrzeit zeigt?",
        ),
    ),
    Complaint(
        19, Cause.OTHER, Channel.PHONE, Decimal(0), (TAKEN, REFUSED),
        (
            "Wanted to know why the price at night is another one.",
            "Wollte wissen, warum nachts ein anderer Preis gilt.",
        ),
        (
            "The price of each hour stands at the charge point and on the page of its QR code.",
            "Der Preis jeder Stunde steht an der Ladesäule und auf der Seite ihres QR-Codes.",
        ),
    ),
    Complaint(
        12, Cause.TWICE, Channel.EMAIL, Decimal(1), (TAKEN, LOOKED_INTO, ANSWERED),
        (
            "The first attempt broke off after a minute, and I was charged for two.",
            "Der erste Versuch brach nach einer Minute ab, und mir wurden zwei Ladungen berechnet.",
        ),
        (
            "We see both attempts and are checking what each of them delivered.",
            "Wir sehen beide Versuche und prüfen, was bei jedem geladen wurde.",
        ),
    ),
    Complaint(
        9, Cause.PRICE, Channel.LETTER, Decimal("0.2"), (TAKEN, LOOKED_INTO, ASKED),
        (
            "The display showed less per kWh than the bill says.",
            "Auf dem Display stand ein niedrigerer Preis je kWh als auf der Rechnung.",
        ),
        (
            "Do you have a photo of the display, or do you remember the price it showed?",
            "Haben Sie ein Foto des Displays, oder wissen Sie noch, welcher Preis dort stand?",
        ),
    ),
    Complaint(
        6, Cause.BROKEN, Channel.PHONE, Decimal(0), (),
        (
            "It stopped again and again, and the cable would not come loose for half an hour.",
            "Es brach immer wieder ab, und das Kabel ließ sich eine halbe Stunde lang nicht lösen.",
        ),
    ),
    Complaint(
        3, Cause.NOT_ME, Channel.EMAIL, Decimal(1), (TAKEN,),
        ("I was not there that day. Please tell me whose card it was.", "Ich war an diesem Tag nicht dort. Wer war das?"),
    ),
    Complaint(
        0.8, Cause.IDLE, Channel.PERSON, Decimal("0.3"), (),
        (
            "The car was full, but the barrier of the car park was down until the morning.",
            "Das Auto war voll, aber die Schranke des Parkhauses blieb bis zum Morgen zu.",
        ),
    ),
)  # fmt: skip


class Cases:
    """The cases of a company of the demo, up to ``at``."""

    def __init__(self, entity: LegalEntity, *, key: str, at: datetime, sender: str) -> None:
        self.entity, self.at, self.sender = entity, at, sender
        self.rng = random.Random(f"{key}:{entity.name}:cases")
        self.agent, self.supervisor = (
            User.objects.get(username=slugify(role)) for role in (roles.DISPUTE_AGENT, roles.DISPUTE_SUPERVISOR)
        )

    def fill(self) -> int:
        """How many cases there are then. A company with too few bills has fewer."""
        change_document_settings(entity=self.entity, values={"sender_email": self.sender}, actor=None, at=self.at)
        used: set[int] = set()
        for complaint in COMPLAINTS:
            subject = self._subject(self._moment(complaint), used)
            if subject is not None and subject.line is not None:
                used.add(subject.line.pk)
                self._happens(complaint, self._open(complaint, subject))
        self._mailed()
        return len(used)

    def _mailed(self) -> None:
        """What was written to drivers went out then, not when the demo was filled."""
        waiting = OutgoingMail.objects.filter(entity=self.entity, case_mail__isnull=False, state=OutgoingMail.State.QUEUED)
        waiting.update(state=OutgoingMail.State.SENT, tries=1, sent_at=F("queued_at"))
        CaseMail.objects.filter(case__entity=self.entity).update(is_noted=True)

    def _moment(self, complaint: Complaint) -> datetime:
        return self.at - timedelta(days=complaint.ago)

    def _subject(self, before: datetime, used: set[int]) -> Subject | None:
        """A charge somebody would write about, of the last bills before that moment, and not taken back since."""
        found = DocumentLine.objects.filter(
            document__entity=self.entity, document__kind__in=(DocumentKind.RECEIPT, DocumentKind.INVOICE),
            document__issued_at__lt=before, corrects__isnull=True, gross_amount__gt=4, document__gross_amount__gt=4,
        )  # fmt: skip
        # Drivers of partners complain to their own provider.
        found = found.exclude(document__customer_kind=CustomerKind.PARTNER).exclude(pk__in=used)
        subjects = subjects_of_lines(found.order_by("-document_id", "position").values_list("pk", flat=True)[:AMONG])
        return self.rng.choice(subjects) if subjects else None

    def _open(self, complaint: Complaint, subject: Subject) -> Case:
        customer, language = subject.customer, self._language()
        contact = Contact(
            customer.name if customer else "Robin Exner", (customer.email if customer else "") or "robin@example.org", language
        )
        claimed = round_money(subject.gross_amount * complaint.share, subject.currency) if complaint.share else None
        return open_case(
            subjects=[subject], customer=customer, contact=contact, channel=complaint.channel, cause=complaint.cause,
            statement=self._words(complaint.says), claimed_amount=claimed, role=Role.AGENT, actor=self.agent,
            at=self._moment(complaint),
        )  # fmt: skip

    def _language(self) -> str:
        return GERMAN if self.entity.language == GERMAN else ENGLISH

    def _words(self, said: tuple[str, str]) -> str:
        return said[self._language() == GERMAN]

    def _happens(self, complaint: Complaint, case: Case) -> None:
        answer = self._words(complaint.answer)
        for deed, at in zip(complaint.deeds, self._moments(complaint), strict=False):
            if deed == TAKEN:
                assign(cases=[case], assignee=self.agent, role=Role.AGENT, actor=self.agent, at=at)
            elif deed == LOOKED_INTO:
                move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=self.agent, at=at)
            elif deed == ANSWERED:
                add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body=answer, role=Role.AGENT, actor=self.agent, at=at)
            elif deed == ASKED:
                move(case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=self.agent, at=at, said=Said(text=answer))
            elif deed == REFUSED:
                letter = inadmissible_letter(case.language, case.number, "no_complaint", answer, ())
                said = Said(text=letter, code="no_complaint")
                move(case=case, target=State.INADMISSIBLE, role=Role.SUPERVISOR, actor=self.supervisor, at=at, said=said)
        # The reminder, the deadlines that passed, the way back from a question nobody answered.
        for _ in COMPLAINTS:
            case = ring_clocks(case=case, at=self.at)

    def _moments(self, complaint: Complaint) -> Iterator[datetime]:
        at = self._moment(complaint) + timedelta(hours=3)
        while at < self.at:
            yield at
            at += timedelta(hours=12)
