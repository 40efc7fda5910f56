"""An operator whose month is billed, a supervisor and an agent, and cases of its drivers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.document_models import DocumentLine
from chargebill.core.models import AuditEvent, User
from disputes.models import Case, CaseEvent, CaseMessage, ContestedItem
from disputes.operations.contacts import Contact
from disputes.operations.opening import open_case
from disputes.subjects import subjects_of_lines, subjects_of_session
from disputes.workflow.states import Role
from stations.models import Session
from tests.documents.conftest import Operator, month, operator
from tests.payments.conftest import billed

# A Tuesday, 10:00 in London.
OPENED = datetime(2018, 10, 9, 9, tzinfo=UTC)
LONG_AGO = OPENED - timedelta(days=365)


@pytest.fixture
def agent(staff: Callable[[str], User]) -> User:
    return staff("Dispute agent")


@pytest.fixture
def supervisor(staff: Callable[[str], User]) -> User:
    return staff("Dispute supervisor")


def line_of(number: str) -> DocumentLine:
    """The line of a session, by its number in the file."""
    return DocumentLine.objects.select_related("document", "session").get(session_number=number, corrects__isnull=True)


def opened(*numbers: str, actor: User | None = None, role: Role = Role.AGENT, at: datetime = OPENED, **more: Any) -> Case:
    """A case about the lines of these sessions, by a call of whoever was billed."""
    subjects = subjects_of_lines(line_of(number).pk for number in numbers)
    given: dict[str, Any] = {
        "subjects": subjects,
        "customer": subjects[0].customer if subjects else None,
        "contact": Contact("Ada Lovelace", "ada@example.com", "en"),
        "channel": "PHONE",
        "cause": "ENERGY",
        "statement": "My car took 6 kWh at most.",
        "claimed_amount": None,
        "role": role,
        "actor": actor,
        "at": at,
        **more,
    }
    return open_case(**given)


def everything() -> list[Any]:
    """All that a move could change, to see that nothing did."""
    models = (Case, ContestedItem, CaseEvent, CaseMessage, AuditEvent)
    rows: list[Any] = [list(model._default_manager.order_by("pk").values()) for model in models]
    from billing.contest_models import ContestedLine

    return [*rows, list(ContestedLine.objects.order_by("pk").values())]


__all__ = ["Decimal", "Operator", "Session", "billed", "month", "operator", "subjects_of_session"]
