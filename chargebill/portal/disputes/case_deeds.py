"""What the forms on a case's page do: one operation each, in the role of whoever sent it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import User
from chargebill.portal.disputes.mailing import mail_again
from chargebill.portal.disputes.roles import Worker
from chargebill.portal.payment_frame import amount_in
from disputes.desk import desk_of
from disputes.facts import Said
from disputes.letters import INADMISSIBLE, inadmissible_letter, position_letter
from disputes.models import Case, CaseMessage
from disputes.operations.case_files import Upload, say_with_files
from disputes.operations.case_mail import why_not
from disputes.operations.contacts import Contact, change_contact
from disputes.operations.moves import move
from disputes.operations.thread import add_message, assign, sort_case
from disputes.workflow.states import Role, State

Given = Mapping[str, str]
# Forms that move a case: from where, and where to. Those about money stand in outcome.py.
FORMS: dict[str, tuple[tuple[State, ...], State]] = {
    "sort": ((State.TRIAGE,), State.INVESTIGATING),
    "inadmissible": ((State.NEW, State.TRIAGE), State.INADMISSIBLE),
    "merge": ((State.NEW, State.TRIAGE), State.MERGED),
    "ask": ((State.INVESTIGATING,), State.AWAITING_CUSTOMER),
    "answered": ((State.AWAITING_CUSTOMER,), State.INVESTIGATING),
    "position": ((State.INVESTIGATING,), State.DEADLOCK),
    "reopen": ((State.RESOLVED, State.CLOSED), State.INVESTIGATING),
}


def do(case: Case, name: str, given: Given, worker: Worker, at: datetime, *, uploads: Sequence[Upload] = ()) -> str:
    """Does what a form asks for; what it came to, in words. Raises UserError, changing nothing."""
    if name == "message":
        return _message(case, given, worker, at, uploads)
    deed = DEEDS.get(name)
    if deed is None:
        raise UserError("unknown_form", "The page has changed since. Nothing was changed: look at it again.")
    return deed(case, given, worker, at)


def _message(case: Case, given: Given, worker: Worker, at: datetime, uploads: Sequence[Upload]) -> str:
    kind = given.get("kind", "")
    if kind not in CaseMessage.Kind.values:
        raise UserError("kind", "Say whom it is for. Nothing was changed.", "kind")
    role = Role.CUSTOMER if kind == CaseMessage.Kind.FROM_DRIVER else worker.role
    say_with_files(
        case=case, kind=CaseMessage.Kind(kind), body=given.get("body", ""), uploads=uploads, role=role, actor=worker.user, at=at
    )
    return {"TO_DRIVER": _goes_out(case), "FROM_DRIVER": "Kept as the driver’s words."}.get(kind, "Noted.")


def _goes_out(case: Case) -> str:
    reason = why_not(case)
    return f"Kept in the thread, and not mailed: {reason}." if reason else f"A worker mails it to {case.contact_email}."


def _assign(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    who = worker.user if given.get("assignee") == "me" else row_in(User, given.get("assignee", ""))
    if who is None:
        raise UserError("assignee", "Choose who looks after it. Nothing was changed.", "assignee")
    assign(cases=[case], assignee=who, role=worker.role, actor=worker.user, at=at)
    return "It is yours." if who == worker.user else f"Given to {who}."


def _sort(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    """What seems wrong and what is claimed; with ``start`` the investigation begins with it, or neither happens."""
    raw = given.get("claimed_amount", "").strip()
    claimed = amount_in(raw) if raw else None
    with transaction.atomic():
        sort_case(case=case, cause=given.get("cause", ""), claimed_amount=claimed, role=worker.role, actor=worker.user, at=at)
        if given.get("start"):
            move(case=case, target=State.INVESTIGATING, role=worker.role, actor=worker.user, at=at)
    return "The investigation begins." if given.get("start") else "Saved."


def _contact(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    contact = Contact(given.get("contact_name", ""), given.get("contact_email", ""), given.get("language", ""))
    reason = why_not(change_contact(case=case, contact=contact, role=worker.role, actor=worker.user, at=at))
    if reason:
        return f"Saved. Nothing is mailed about this case: {reason}."
    return "Saved. What was mailed before can be mailed again, below each message."


def _inadmissible(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    code, text = given.get("code", ""), given.get("text", "").strip()
    known = code in INADMISSIBLE
    letter = (
        inadmissible_letter(case.language, case.number, code, text, desk_of(case.entity).outside_bodies) if known and text else ""
    )
    said = Said(text=letter, code=code if known else "", reason=given.get("reason", ""))
    move(case=case, target=State.INADMISSIBLE, role=worker.role, actor=worker.user, at=at, said=said)
    return "Not admissible. The letter stands in the thread; nothing is held any more."


def _merge(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    number = given.get("into", "").strip()
    into = Case.objects.filter(entity=case.entity_id, number__iexact=number).first()
    if into is None:
        raise UserError("into", f"There is no case {number[:40]!r} of {case.entity}. Nothing was changed.", "into")
    move(case=case, target=State.MERGED, role=worker.role, actor=worker.user, at=at, said=Said(into=into))
    return f"Merged into {into.number}, which has its items and its earlier deadline now."


def _ask(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    said = Said(text=given.get("text", ""))
    move(case=case, target=State.AWAITING_CUSTOMER, role=worker.role, actor=worker.user, at=at, said=said)
    return "Asked. Business days stand still until the driver answers."


def _answered(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    """What the driver answered, taken down by a colleague, and back to the investigation: both or neither."""
    with transaction.atomic():
        if given.get("body", "").strip():
            kind = CaseMessage.Kind.FROM_DRIVER
            add_message(case=case, kind=kind, body=given["body"], role=Role.CUSTOMER, actor=worker.user, at=at)
        move(case=case, target=State.INVESTIGATING, role=worker.role, actor=worker.user, at=at)
    return "Back in the investigation."


def _position(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    text = given.get("text", "").strip()
    letter = position_letter(case.language, case.number, text, desk_of(case.entity).outside_bodies) if text else ""
    move(case=case, target=State.DEADLOCK, role=worker.role, actor=worker.user, at=at, said=Said(text=letter))
    return "The final position stands in the thread."


def _reopen(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    said = Said(text=given.get("text", ""))
    move(case=case, target=State.INVESTIGATING, role=worker.role, actor=worker.user, at=at, said=said)
    return "Reopened. Its lines are held again, and its clocks begin anew."


DEEDS: dict[str, Callable[[Case, Given, Worker, datetime], str]] = {
    "mail": mail_again,
    "assign": _assign,
    "sort": _sort,
    "contact": _contact,
    "inadmissible": _inadmissible,
    "merge": _merge,
    "ask": _ask,
    "answered": _answered,
    "position": _position,
    "reopen": _reopen,
}
