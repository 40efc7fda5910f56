"""Queues letters that come whole from above, and takes note of what came back. Sent with all other mail (mail.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.mail_models import OutgoingMail
from billing.operations.mail import sender_of
from billing.papers.letter import one_line
from chargebill.core.models import LegalEntity, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter as OutgoingMail keeps it: ``thread``: Message-IDs of what was written before."""

    to: str
    subject: str
    body: str
    reply_to: str = ""
    thread: Sequence[str] = ()
    link: str = ""
    is_automatic: bool = True


def queue_letter(*, entity: LegalEntity, key: str, written: Written, actor: User | None, at: datetime) -> OutgoingMail:
    """Sends a letter in the background; the same key, once. Whoever wrote it records why. Raises UserError no_sender."""
    mail, _ = OutgoingMail.objects.get_or_create(
        key=key,
        defaults={
            "entity": entity,
            "sender": sender_of(entity),
            "to": written.to,
            "subject": one_line(written.subject)[:200],
            "body": written.body,
            "reply_to": written.reply_to,
            "thread": " ".join(written.thread),
            "link": written.link,
            "is_automatic": written.is_automatic,
            "next_try_at": at,
            "queued_by": actor,
            "queued_at": at,
        },
    )
    return mail


def came_back(*, mail: OutgoingMail, why: str) -> bool:
    """A mail server took it, and it was returned: it is not sent after all. False where it was not sent."""
    words = f"It came back: {one_line(why)}" if why else "It came back."
    sent = OutgoingMail.objects.filter(pk=mail.pk, state=OutgoingMail.State.SENT)
    return bool(sent.update(state=OutgoingMail.State.FAILED, sent_at=None, problem=words[:300]))
