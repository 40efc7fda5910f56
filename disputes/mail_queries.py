"""Reads what became of a case's mail."""

import re
from dataclasses import dataclass

from billing.mail_models import OutgoingMail
from disputes.mail_models import CaseMail, IncomingMail
from disputes.models import Case

# How a case's number is written in a subject.
_NUMBER = re.compile(r"\bD-\d{5,12}\b", re.I)


@dataclass(frozen=True, slots=True)
class Mailed:
    """How often something was mailed, and the newest of it."""

    times: int
    newest: OutgoingMail


def mailed(case: Case) -> dict[int | None, Mailed]:
    """By message; under None that we have the complaint. One query."""
    found: dict[int | None, Mailed] = {}
    for row in CaseMail.objects.filter(case=case).select_related("mail").defer("mail__body").order_by("pk"):
        before = found.get(row.message_id)
        found[row.message_id] = Mailed(before.times + 1 if before else 1, row.mail)
    return found


def mail_in(case: Case) -> dict[int, IncomingMail]:
    """Mail that stands in a case's thread, by message. One query."""
    rows = IncomingMail.objects.filter(case=case, message__isnull=False).defer("raw", "text")
    return {row.message_id: row for row in rows if row.message_id}


def guessed(mail: IncomingMail) -> str:
    """The number of the case a person would put it into: the one it went to, else the one its subject names; "": none."""
    if mail.case:
        return mail.case.number
    named = _NUMBER.search(mail.subject)
    return named[0].upper() if named else ""
