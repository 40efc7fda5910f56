"""What a worker does about the mail of cases, each once."""

from django.db import transaction

from billing.mail_models import OutgoingMail
from chargebill.core.chores import chore
from disputes.mail_models import CaseMail
from disputes.models import CaseEvent
from disputes.operations.events import refresh, write
from disputes.operations.moves import lock_case
from disputes.workflow.states import Role

AT_ONCE = 50


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
