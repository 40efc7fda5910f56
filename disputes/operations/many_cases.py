"""What is done to cases chosen in the queue at once: all of it, or nothing, with the case that is in the way named."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from chargebill.core import bulk
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.models import Case, CaseMessage
from disputes.operations.thread import MOST_AT_ONCE, add_message, sort_case
from disputes.workflow.states import Role


def sort_cases(*, cases: Iterable[Case], cause: str, role: Role, actor: User | None, at: datetime) -> int:
    """Says what seems wrong in all of these open cases; what is claimed in each stays. Returns how many changed.

    Raises UserError, changing nothing: no_cases, too_many, cause, ended.
    """
    with transaction.atomic():
        chosen = _locked(cases)
        differing = [case for case in chosen if case.cause != cause]
        for case in chosen:
            sort_case(case=case, cause=cause, claimed_amount=case.claimed_amount, role=role, actor=actor, at=at)
    return len(differing)


def note_cases(*, cases: Iterable[Case], body: str, role: Role, actor: User | None, at: datetime) -> int:
    """Writes one internal note into each of these cases; a case that has ended may be noted about, too. Returns how many.

    Raises UserError, changing nothing: no_cases, too_many, no_text, text_too_long.
    """
    with transaction.atomic():
        chosen = _locked(cases)
        for case in chosen:
            add_message(case=case, kind=CaseMessage.Kind.INTERNAL, body=body, role=role, actor=actor, at=at)
    return len(chosen)


def _locked(cases: Iterable[Case]) -> list[Case]:
    """As they are now, in the order of their keys, held until the transaction ends."""
    keys = sorted({case.pk for case in cases})
    if not keys:
        raise UserError("no_cases", "Choose cases first. Nothing was changed.", "cases")
    if len(keys) > MOST_AT_ONCE:
        raise UserError("too_many", f"Choose at most {MOST_AT_ONCE} cases. Nothing was changed.", "cases")
    bulk.lock_alone(Case, *keys)
    return list(Case.objects.filter(pk__in=keys).order_by("pk"))
