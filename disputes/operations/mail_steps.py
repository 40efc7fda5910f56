"""What a worker does about the mail of cases: takes in what came, and notes who has the number. Each once."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.mail_models import OutgoingMail
from chargebill.core.chores import chore
from chargebill.core.errors import UserError
from chargebill.core.models import Installation
from disputes.mail_models import CaseMail, IncomingMail
from disputes.models import CaseEvent
from disputes.operations.events import refresh, write
from disputes.operations.incoming_mail import Received, receive
from disputes.operations.mail_sources import Folder, Item, Mailbox, Source
from disputes.operations.moves import lock_case
from disputes.workflow.states import Role

AT_ONCE = 50
# A mailbox elsewhere is looked into once in so long by each worker.
MAILBOX_EVERY_S = 60
_log = logging.getLogger(__name__)
_looked: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one mail that waited; ``received`` None: nothing yet, ``problem`` says why, and it is tried again."""

    name: str
    received: Received | None
    problem: str = ""


def source(*, settle_s: float = 2.0) -> Source:
    """Where mail comes from here. The demo reads only a folder: its mailbox would be the company's."""
    if settings.INBOX_URL and not Installation.objects.filter(is_demo=True).exists():
        return Mailbox(settings.INBOX_URL)
    return Folder(settings.INBOX_FOLDER, settle_s)


def take_in(found: Source) -> Iterator[Handled]:
    """Every mail that waits, each by itself: one that fails keeps no other. Raises UserError mailbox."""
    for item in found.waiting():
        yield _take(item)


def _take(item: Item) -> Handled:
    try:
        received = receive(raw=item.raw, size=item.size, at=timezone.now())
        # Kept by now: from here on it would only be handed out again, and known.
        item.done(received.mail.why == IncomingMail.Why.UNREADABLE)
    except Exception as problem:
        _log.exception("Mail %s could not be taken in; it is tried again.", item.name)
        return Handled(item.name, None, f"{type(problem).__name__}: {problem}"[:300])
    return Handled(item.name, received)


@chore
def receive_mail() -> int:
    """Takes in what came; returns how many mails. Every worker does it every few seconds."""
    found = source()
    if isinstance(found, Mailbox):
        if time.monotonic() - _looked.get(found.url, -MAILBOX_EVERY_S) < MAILBOX_EVERY_S:
            return 0
        _looked[found.url] = time.monotonic()
    try:
        return sum(1 for _ in take_in(found))
    except UserError as problem:
        _log.warning("%s", problem.message)
        return 0


@chore
def note_acknowledged() -> int:
    """Drivers whose mail with the number was sent have it; returns how many. Every worker does it every few seconds."""
    waiting = CaseMail.objects.filter(message__isnull=True, is_noted=False, mail__state=OutgoingMail.State.SENT)
    found = list(waiting.order_by("mail_id").values_list("pk", flat=True)[:AT_ONCE])
    return sum(_note(pk) for pk in found)


def _note(pk: int) -> bool:
    with transaction.atomic():
        sent = CaseMail.objects.select_related("case", "mail").get(pk=pk)
        case = lock_case(sent.case)
        if not CaseMail.objects.filter(pk=pk, is_noted=False).update(is_noted=True):
            return False
        kind = CaseEvent.Kind.ACKNOWLEDGED
        at = sent.mail.sent_at
        if at is None or case.events.filter(kind=kind).exists():
            return False
        write(case=case, kind=kind, role=Role.SYSTEM, actor=None, at=at, data={"to": sent.mail.to})
        refresh(case)
    return True
