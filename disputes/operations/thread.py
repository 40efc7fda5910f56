"""What is said in a case, and who looks after it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.models import Case, CaseEvent, CaseMessage, Cause
from disputes.operations.events import refresh, say, write
from disputes.operations.moves import NOBODY_SAID, clean_text, lock_case, step
from disputes.operations.opening import check_claim
from disputes.workflow.states import ENDED, Role, State

_M, _E = CaseMessage.Kind, CaseEvent.Kind
EVENT_OF = {_M.TO_DRIVER: _E.REPLIED, _M.FROM_DRIVER: _E.WROTE, _M.INTERNAL: _E.NOTED}
MOST_AT_ONCE = 500


def add_message(*, case: Case, kind: CaseMessage.Kind, body: str, role: Role, actor: User | None, at: datetime) -> CaseMessage:
    """Adds what is said to the driver, what the driver said, or a note.

    Raises UserError, changing nothing: no_text, text_too_long.
    """
    text = clean_text(body)
    if not text:
        raise UserError("no_text", "Write something first. Nothing was changed.", "body")
    with transaction.atomic():
        case = lock_case(case)
        message = say(case=case, kind=kind, body=text, role=role, actor=actor, at=at, event=EVENT_OF[kind])
        refresh(case)
        events.record(
            action="case.message",
            subject=case,
            summary=f"{case.number}: {message.get_kind_display().lower()}",
            actor=actor,
            at=at,
            entity=case.entity,
        )
    return message


def assign(*, cases: Iterable[Case], assignee: User, role: Role, actor: User | None, at: datetime) -> int:
    """Gives open cases to somebody; new ones are being sorted from then on (T2). Returns how many changed hands.

    Raises UserError, changing nothing: too_many, assignee (no member of staff who may work on cases), ended.
    """
    chosen = list(cases)
    if len(chosen) > MOST_AT_ONCE:
        raise UserError("too_many", f"Choose at most {MOST_AT_ONCE} cases. Nothing was changed.")
    if not (assignee.is_active and assignee.has_perm("disputes.change_case")):
        raise UserError("assignee", f"{assignee} can't work on cases. Choose somebody else. Nothing was changed.", "assignee")
    changed = 0
    with transaction.atomic():
        bulk.lock_alone(Case, *(case.pk for case in chosen))
        for case in Case.objects.select_related("entity", "assignee").filter(pk__in=[c.pk for c in chosen]).order_by("pk"):
            if State(case.state) in ENDED:
                raise UserError("ended", f"{case.number} has ended: nobody looks after it. Nothing was changed.")
            changed += _assign(case, assignee, role, actor, at)
    return changed


def _assign(case: Case, assignee: User, role: Role, actor: User | None, at: datetime) -> bool:
    before = case.assignee
    if before == assignee and case.state != State.NEW:
        return False
    case.assignee = assignee
    data = {"from": before.username if before else "", "to": assignee.username}
    write(case=case, kind=_E.ASSIGNED, role=role, actor=actor, at=at, data=data)
    refresh(case, "assignee")
    events.record(
        action="case.assign",
        subject=case,
        summary=f"{case.number} given to {assignee}",
        actor=actor,
        at=at,
        entity=case.entity,
        changes={"assignee": [data["from"], data["to"]]},
    )
    if case.state == State.NEW:
        step(case=case, target=State.TRIAGE, role=role, actor=actor, at=at, said=NOBODY_SAID)
    return True


def sort_case(*, case: Case, cause: str, claimed_amount: Decimal | None, role: Role, actor: User | None, at: datetime) -> Case:
    """Says what seems wrong and what is claimed, as far as it is known by now.

    Raises UserError, changing nothing: cause, claimed_amount, ended.
    """
    if cause not in Cause.values:
        raise UserError("cause", "Choose what seems wrong. Nothing was changed.", "cause")
    with transaction.atomic():
        case = lock_case(case)
        if State(case.state) in ENDED:
            raise UserError("ended", f"{case.number} has ended: it is not sorted any more. Nothing was changed.")
        check_claim(claimed_amount, case.contested_amount, case.currency)
        new = {"cause": cause, "claimed_amount": claimed_amount}
        changes = {
            name: [_text(getattr(case, name)), _text(value)] for name, value in new.items() if getattr(case, name) != value
        }
        if not changes:
            return case
        case.cause, case.claimed_amount = cause, claimed_amount
        write(case=case, kind=_E.SORTED, role=role, actor=actor, at=at, data=changes)
        refresh(case, *new)
        events.record(
            action="case.sort",
            subject=case,
            summary=f"{case.number}: {case.get_cause_display().lower()}",
            actor=actor,
            at=at,
            entity=case.entity,
            changes=changes,
        )
    return case


def _text(value: str | Decimal | None) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else value or ""
