"""Writes to a case's log, and with each event what its clocks come to. Call with the case locked."""

from datetime import datetime
from typing import Any

from django.db.models import Max

from chargebill.core.models import User
from disputes.chargeback_queries import due_to_acquirers
from disputes.clocks import CACHED, cached, histories
from disputes.desk import desk_of
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.case_mail import queue_message
from disputes.workflow.states import Role


def write(
    *, case: Case, kind: CaseEvent.Kind, role: Role, actor: User | None, at: datetime, reason: str = "", **more: Any
) -> CaseEvent:
    """Adds one event; ``more``: rule, from_state, to_state, data, key. Events of a case never go back in time."""
    last = case.events.aggregate(seq=Max("seq"), at=Max("at"))
    moment = max(at, last["at"]) if last["at"] else at
    return CaseEvent.objects.create(
        case=case, seq=(last["seq"] or 0) + 1, at=moment, kind=kind, role=role, actor=actor, reason=reason, **more
    )


def say(
    *,
    case: Case,
    kind: CaseMessage.Kind,
    body: str,
    role: Role,
    actor: User | None,
    at: datetime,
    event: CaseEvent.Kind,
    key: str = "",
) -> CaseMessage:
    """Adds a message and its event; one to the driver is mailed, too, where that can be."""
    written = write(case=case, kind=event, role=role, actor=actor, at=at, key=key)
    message = CaseMessage.objects.create(case=case, event=written, kind=kind, author=actor, body=body, at=written.at)
    if kind == CaseMessage.Kind.TO_DRIVER:
        queue_message(message=message, at=at)
    return message


def notify(*, case: Case, body: str, at: datetime, key: str = "") -> CaseMessage:
    """ChargeBill itself writes to the driver."""
    kind, event = CaseMessage.Kind.TO_DRIVER, CaseEvent.Kind.NOTIFIED
    return say(case=case, kind=kind, body=body, role=Role.SYSTEM, actor=None, at=at, event=event, key=key)


def refresh(case: Case, *fields: str) -> None:
    """Stores the clocks as the log has them, and these fields as they were set."""
    history = histories([case.pk])[case.pk]
    for name, value in cached(history, desk_of(case.entity)).items():
        setattr(case, name, value)
    case.save(update_fields=[*fields, *CACHED])


def store_due(case: Case) -> None:
    """When an acquirer must be answered at the latest, as its chargebacks have it."""
    case.chargeback_due_at = due_to_acquirers([case.pk]).get(case.pk)
    case.save(update_fields=["chargeback_due_at"])
