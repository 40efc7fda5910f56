"""Queues mail and sends what waits. One mail for each occasion, unless a person sends it again.

A mail is taken by moving its next try into the future, so two workers never send the same at once. Killed between the
mail server's yes and our note of it, it goes out a second time, with the same Message-ID.
"""

import json
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from billing.contested import contested_of, undisputed
from billing.document_models import Document
from billing.journal_models import PeriodClosing
from billing.mail_models import OutgoingMail
from billing.operations.document_settings import settings_of
from billing.operations.papers import paper_of
from billing.paper_rows import papers_of
from billing.papers import Paper
from billing.papers.letter import Letter, closing_letter, letter_of, one_line, reminder_of
from billing.payments import open_amounts
from chargebill.core import events
from chargebill.core.chores import chore
from chargebill.core.errors import UserError
from chargebill.core.mailing import mail_connection
from chargebill.core.models import LegalEntity, User

State = OutgoingMail.State
# So many at each look: a mail server takes a second for each, and other chores wait.
AT_ONCE = 20
# From one try to the next; the first is also how long a worker that died keeps a mail from the others.
WAITS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12), timedelta(hours=24))
# These will not be better later.
FOR_GOOD = (UserError, smtplib.SMTPRecipientsRefused, ValueError)
MOST_CLOSINGS = 20


def sender_of(entity: LegalEntity) -> str:
    """The address a company's mail comes from. Raises UserError no_sender."""
    settings = settings_of(entity)
    found = settings.sender_email or settings.contact_email
    if not found:
        raise UserError(
            "no_sender",
            f"{entity} has no address its mail comes from. Enter one first: Billing, On documents. Nothing was sent.",
            "sender_email",
        )
    return found


def queue_document(*, document: Document, number: int, link: str, actor: User | None, at: datetime) -> OutgoingMail:
    """Sends a document to its customer in the background. ``number`` is how often it was sent before: the same, once.

    Raises UserError, changing nothing: no_address, no_sender.
    """
    customer = document.customer
    if customer is None or not customer.email:
        raise UserError(
            "no_address",
            f"{document.number} can't be sent: {customer.name if customer else 'its driver'} has no e-mail address here."
            " Nothing was sent.",
        )
    sender = sender_of(document.entity)
    with transaction.atomic():
        mail, is_new = OutgoingMail.objects.get_or_create(
            key=_key(document.pk, number), defaults=_columns(document, customer.email, sender, link, actor, at)
        )
        if is_new:
            events.record(
                action="document.mail",
                subject=document,
                summary=f"{document.number} sent to {mail.to}",
                actor=actor,
                at=at,
                entity=document.entity,
            )
    return mail


def _key(document_id: int, number: int) -> str:
    return f"document:{document_id}:{number}"


def _columns(document: Document, to: str, sender: str, link: str, actor: User | None, at: datetime) -> dict[str, Any]:
    return {
        "entity_id": document.entity_id,
        "document": document,
        "to": to,
        "sender": sender,
        "link": link,
        "next_try_at": at,
        "queued_by": actor,
        "queued_at": at,
    }


def unsent(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Those that were never sent."""
    return documents.filter(mails__isnull=True)


def sendable(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Those never sent whose customer has an address."""
    return unsent(documents).exclude(customer__isnull=True).exclude(customer__email="")


def queue_documents(
    *,
    entity: LegalEntity,
    documents: QuerySet[Document],
    link_of: Callable[[Document], str],
    actor: User | None,
    at: datetime,
) -> int:
    """Sends every one of a company's documents that was never sent and has an address; returns how many. Twice is once.

    Raises UserError no_sender, changing nothing.
    """
    sender = sender_of(entity)
    with transaction.atomic():
        LegalEntity.objects.select_for_update().get(pk=entity.pk)
        waiting = list(sendable(documents.filter(entity=entity)).select_related("customer").order_by("pk"))
        rows = [
            OutgoingMail(key=_key(one.pk, 0), **_columns(one, one.customer.email, sender, link_of(one), actor, at))
            for one in waiting
            if one.customer
        ]
        OutgoingMail.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        if rows:
            events.record(
                action="documents.mail",
                subject=entity,
                summary=f"{len(rows)} documents sent",
                actor=actor,
                at=at,
                entity=entity,
            )
    return len(rows)


@chore
def send_waiting() -> int:
    """Sends what is due; returns how many went out. Every worker does it every few seconds."""
    due = OutgoingMail.objects.filter(state=State.QUEUED, next_try_at__lte=timezone.now())
    ids = list(due.order_by("next_try_at", "pk").values_list("pk", flat=True)[:AT_ONCE])
    return sum(send(mail_id=pk, at=timezone.now()) for pk in ids)


def send(*, mail_id: int, at: datetime) -> bool:
    """One try at a mail, if it is due and nobody else is at it. True when it went out."""
    due = OutgoingMail.objects.filter(pk=mail_id, state=State.QUEUED, next_try_at__lte=at)
    if not due.update(tries=F("tries") + 1, next_try_at=at + WAITS[0]):
        return False
    related = ("entity", "document__customer", "closing__period", "closing__key")
    mail = OutgoingMail.objects.select_related(*related).get(pk=mail_id)
    mine = OutgoingMail.objects.filter(pk=mail_id, tries=mail.tries)
    try:
        _message(mail, at).send()
    except (*FOR_GOOD, OSError, smtplib.SMTPException) as error:
        said = error.message if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        over = isinstance(error, FOR_GOOD) or mail.tries >= len(WAITS)
        mine.update(
            state=State.FAILED if over else State.QUEUED,
            problem=said[:300],
            next_try_at=at + WAITS[min(mail.tries, len(WAITS)) - 1],
        )
        return False
    mine.update(state=State.SENT, sent_at=timezone.now(), problem="")
    return True


def _message(mail: OutgoingMail, at: datetime) -> EmailMessage:
    attached: list[tuple[str, bytes, str]] = []
    if mail.document:
        (paper,) = papers_of([mail.document])
        letter, file = _letter(mail, mail.document, paper), paper_of(document=mail.document, at=at)
        attached.append((f"{mail.document.number.replace('/', '-')}.pdf", file, "application/pdf"))
    elif mail.closing:
        letter, signed = _closing(mail)
        attached.append(signed)
    else:
        letter = Letter(mail.subject, mail.body)
    answers = mail.reply_to or settings_of(mail.entity).contact_email
    message = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        from_email=formataddr((one_line(mail.entity.legal_name or mail.entity.name), mail.sender)),
        to=[mail.to],
        reply_to=[answers] if answers else None,
        headers=_headers(mail),
        connection=mail_connection(),
    )
    for one in attached:
        message.attach(*one)
    return message


def _headers(mail: OutgoingMail) -> dict[str, str]:
    headers = {"Message-ID": mail.message_id}
    if mail.is_automatic:
        headers["Auto-Submitted"] = "auto-generated"
    if mail.thread:
        headers |= {"In-Reply-To": mail.thread.split()[-1], "References": mail.thread}
    return headers


def _letter(mail: OutgoingMail, document: Document, paper: Paper) -> Letter:
    """Raises UserError paid_meanwhile: nobody is reminded of what is not open any more, or contested."""
    if not mail.level:
        return letter_of(paper, mail.link)
    left = undisputed(open_amounts([document.pk]), contested_of([document.pk]))[document.pk]
    if left <= 0 or document.credit_notes.exists():
        raise UserError("paid_meanwhile", "It was paid, credited or contested before the reminder went out.")
    return reminder_of(paper, mail.link, level=mail.level, open_amount=left)


def closing_file(closing: PeriodClosing) -> tuple[str, str]:
    """What was signed when a month was closed, for keeping outside: a file's name and its text."""
    document = {
        "statement": closing.statement,
        "signature": closing.signature,
        "algorithm": "Ed25519",
        "public_key": closing.key.public_key,
        "key_fingerprint": closing.key.fingerprint,
    }
    return f"books-{closing.period}-signature.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _closing(mail: OutgoingMail) -> tuple[Letter, tuple[str, bytes, str]]:
    assert mail.closing is not None
    name, text = closing_file(mail.closing)
    letter = closing_letter(mail.entity.legal_name or mail.entity.name, str(mail.closing.period), mail.entity.language)
    return letter, (name, text.encode(), "application/json")


@chore
def queue_closings() -> int:
    """Mails signed closings to the addresses their companies named, each once; returns how many mails that makes."""
    named = PeriodClosing.objects.exclude(period__entity__document_settings__closing_recipients="")
    waiting = named.filter(period__entity__document_settings__isnull=False, mails__isnull=True)
    made = 0
    for closing in waiting.select_related("period__entity__document_settings").order_by("pk")[:MOST_CLOSINGS]:
        entity = closing.period.entity
        try:
            made += _queue_closing(closing, entity, sender_of(entity))
        except UserError:
            # Without a sender it waits; the page of the settings asks for one.
            continue
    return made


def _queue_closing(closing: PeriodClosing, entity: LegalEntity, sender: str) -> int:
    at = timezone.now()
    about = {"entity": entity, "closing": closing, "sender": sender, "next_try_at": at, "queued_at": at}
    recipients = entity.document_settings.closing_recipients.split()
    rows = [OutgoingMail(key=f"closing:{closing.pk}:{number}", to=to, **about) for number, to in enumerate(recipients)]
    return len(OutgoingMail.objects.bulk_create(rows, ignore_conflicts=True))
