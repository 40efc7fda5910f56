"""Mail to the driver of a case: every message, and that we have the complaint. Queued with what it is about."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from billing.mail_models import OutgoingMail
from billing.operations.document_settings import settings_of as document_settings_of
from billing.operations.letter_mail import Written, queue_letter
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.clocks import histories, running_of
from disputes.desk import desk_of, settings_of
from disputes.links import link_to
from disputes.mail import wording
from disputes.mail.addresses import reply_address
from disputes.mail_models import CaseMail
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.workflow.states import Clock


def why_not(case: Case) -> str:
    """Why nothing can be mailed about this case, in words; "": it can."""
    if not case.contact_email:
        return "the case has no e-mail address"
    found = document_settings_of(case.entity)
    if not (found.sender_email or found.contact_email):
        return f"{case.entity} has no address its mail comes from (Billing, On documents)"
    return ""


def answers_to(case: Case) -> str:
    """The address that leads into this case's thread; "" where the company has no mailbox for that."""
    mailbox = settings_of(case.entity).reply_mailbox
    return reply_address(mailbox, case.pk, bound_to(case), settings.SECRET_KEY.encode()) if mailbox else ""


def bound_to(case: Case) -> str:
    """What a token is signed with beside the key: it never changes, and another database has another one."""
    return f"{case.number}:{case.opened_at.timestamp():.6f}"


def queue_acknowledgement(*, case: Case, actor: User | None, at: datetime) -> CaseMail | None:
    """That we have the complaint, its number, and what happens next; None where nothing can be mailed.

    Somebody who opened it has told the driver the number already: then there is nothing to note when it is sent.
    """
    if why_not(case):
        return None
    told = case.events.filter(kind=CaseEvent.Kind.ACKNOWLEDGED).exists()
    return _queue(case, None, 0, _acknowledgement(case), actor, at, is_noted=told)


def queue_message(*, message: CaseMessage, at: datetime) -> CaseMail | None:
    """A message to the driver; None where nothing can be mailed."""
    if why_not(message.case):
        return None
    return _queue(message.case, message, 0, message.body, message.author, at)


def send_again(*, case: Case, message: CaseMessage | None, number: int, actor: User | None, at: datetime) -> CaseMail:
    """Mails a message, or the acknowledgement, once more. ``number``: how often it was mailed before; the same is one mail.

    Raises UserError, changing nothing: not_mailable.
    """
    with transaction.atomic():
        bulk.lock_alone(Case, case.pk)
        if reason := why_not(case):
            raise UserError("not_mailable", f"It can't be mailed: {reason}. Nothing was sent.")
        if message is not None and (message.case_id != case.pk or message.kind != CaseMessage.Kind.TO_DRIVER):
            raise UserError("not_mailable", "Only what is said to the driver is mailed. Nothing was sent.")
        before = case.mails.filter(message=message)
        if number < before.count():
            return before.order_by("pk")[number]
        text = message.body if message else _acknowledgement(case)
        told = case.events.filter(kind=CaseEvent.Kind.ACKNOWLEDGED).exists()
        sent = _queue(case, message, before.count(), text, actor, at, is_noted=told)
        events.record(
            action="case.mail",
            subject=case,
            summary=f"{case.number}: mailed again to {case.contact_email}",
            actor=actor,
            at=at,
            entity=case.entity,
        )
    return sent


def _queue(
    case: Case, message: CaseMessage | None, number: int, text: str, actor: User | None, at: datetime, *, is_noted: bool = False
) -> CaseMail:
    about = f"message:{message.pk}" if message else "opened"
    reply_to, link = answers_to(case), link_to(case)
    frame = wording.Frame(
        language=case.language, number=case.number, link=link, is_read=bool(reply_to),
        can_answer=bool(reply_to or document_settings_of(case.entity).contact_email), signed=_signed(case.entity),
    )  # fmt: skip
    mail = queue_letter(
        entity=case.entity,
        key=f"case:{case.pk}:{about}:{number}",
        written=Written(
            to=case.contact_email,
            subject=wording.subject_of(case.language, case.number),
            body=wording.body_of(text, frame),
            reply_to=reply_to,
            thread=_thread(case),
            link=link,
            is_automatic=message is None or message.author_id is None,
        ),
        actor=actor,
        at=at,
    )
    return CaseMail.objects.get_or_create(mail=mail, defaults={"case": case, "message": message, "is_noted": is_noted})[0]


def _thread(case: Case) -> list[str]:
    """Message-IDs of the first and of the newest mail of a case, then of what the driver wrote last."""
    mails = list(OutgoingMail.objects.filter(case_mail__case=case).only("key", "sender").order_by("pk"))
    theirs = case.incoming_mails.exclude(message=None).order_by("-pk").values_list("header_id", flat=True)[:1]
    ids = [*(mail.message_id for mail in (*mails[:1], *mails[-1:])), *theirs]
    return list(dict.fromkeys(one for one in ids if one))


def _acknowledgement(case: Case) -> str:
    due = {run.clock: run.due_at for run in running_of(histories([case.pk])[case.pk], desk_of(case.entity))}
    return wording.acknowledgement(
        case.language,
        case.number,
        reply_by=due.get(Clock.FIRST_REPLY),
        decided_by=due.get(Clock.FINAL_POSITION),
        zone=case.entity.time_zone,
    )


def _signed(entity: LegalEntity) -> tuple[str, ...]:
    place = f"{entity.postal_code} {entity.city}".strip()
    return (entity.legal_name or entity.name, entity.street, place)
