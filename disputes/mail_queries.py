"""Reads what became of a case's mail."""

from dataclasses import dataclass

from billing.mail_models import OutgoingMail
from disputes.mail_models import CaseMail
from disputes.models import Case


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
