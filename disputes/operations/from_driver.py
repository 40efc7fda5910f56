"""What a driver does in a case: writing to the company, and having it looked at again, whichever way the words came."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from disputes.facts import Said
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.case_files import ATTACHED, Upload, add_clean_files, look_at
from disputes.operations.events import refresh, write
from disputes.operations.moves import clean_text, lock_case, move
from disputes.operations.thread import add_message
from disputes.workflow.states import Role, State


def write_as_driver(*, case: Case, body: str, at: datetime, uploads: Sequence[Upload] = ()) -> Case:
    """Adds what the driver wrote, with files. While they were asked something it is the answer: it goes on (T6).

    Raises UserError, changing nothing: no_text, text_too_long, and FileRefused.
    """
    files = look_at(uploads)
    text = body if body.strip() or not files else ATTACHED[case.language]
    with transaction.atomic():
        case = lock_case(case)
        # Without a word there is no answer: what refuses it says so.
        if case.state == State.AWAITING_CUSTOMER and clean_text(text):
            case = move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=at, said=Said(text=text))
        else:
            add_message(case=case, kind=CaseMessage.Kind.FROM_DRIVER, body=text, role=Role.CUSTOMER, actor=None, at=at)
        message = case.messages.filter(kind=CaseMessage.Kind.FROM_DRIVER).last()
        add_clean_files(case=case, files=files, role=Role.CUSTOMER, actor=None, at=at, message=message)
        return lock_case(case)


def reopen_as_driver(*, case: Case, new_facts: str, at: datetime) -> Case:
    """Has it looked at again (T21). The driver has the number: nothing is to be acknowledged.

    Raises UserError, changing nothing: not_in_table, text_too_long, or the guard that refuses.
    """
    with transaction.atomic():
        said = Said(text=new_facts)
        case = move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=at, said=said)
        write(case=case, kind=CaseEvent.Kind.ACKNOWLEDGED, role=Role.CUSTOMER, actor=None, at=at)
        refresh(case)
    return case
