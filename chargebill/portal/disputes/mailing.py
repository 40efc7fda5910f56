"""What became of mailing each thing said to the driver, on the page of a case, and mailing it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.mail_models import OutgoingMail
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.mailing import is_kept_here
from chargebill.portal.disputes.roles import Worker
from disputes.links import link_to
from disputes.mail_queries import mail_in, mailed
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.case_mail import send_again, why_not


@dataclass(frozen=True, slots=True)
class Line:
    """What stands under a message: the newest mail with it, or why there is none; ``number`` how often it was mailed.

    ``value`` names it in the form that mails it again; the acknowledgement is "opened".
    """

    value: str
    mail: OutgoingMail | None
    number: int
    may_send: bool
    why_not: str


def context_of(case: Case, thread: list[CaseMessage], worker: Worker | None) -> dict[str, Any]:
    """``said`` is the thread: each message with its line, or the mail it came by; ``acknowledgement`` is the opening's line."""
    sent, came, reason = mailed(case), mail_in(case), why_not(case)

    def line(message: CaseMessage | None) -> Line:
        found = sent.get(message.pk if message else None)
        mail = found.newest if found else None
        # One that waits goes out by itself.
        may = worker is not None and not reason and (mail is None or mail.state != OutgoingMail.State.QUEUED)
        return Line(str(message.pk) if message else "opened", mail, found.times if found else 0, may, reason)

    return {
        "said": [
            (message, line(message) if message.kind == CaseMessage.Kind.TO_DRIVER else None, came.get(message.pk))
            for message in thread
        ],
        "acknowledgement": line(None),
        "not_mailed": reason,
        "mail_kept_here": is_kept_here(),
        "mail_has_link": bool(link_to(case)),
        "is_first_reply": not any(message.event.kind == CaseEvent.Kind.REPLIED for message in thread),
    }


def mail_again(case: Case, given: Mapping[str, str], worker: Worker, at: datetime) -> str:
    """The form under a message. Raises UserError, changing nothing."""
    value = given.get("message", "")
    message = None if value == "opened" else row_in(case.messages.select_related("case"), value)
    if message is None and value != "opened":
        raise UserError("message", "There is no such message. Nothing was sent.")
    number = key_in(given.get("number", "")) or 0
    sent = send_again(case=case, message=message, number=number, actor=worker.user, at=at)
    return f"A worker sends it to {sent.mail.to}."
