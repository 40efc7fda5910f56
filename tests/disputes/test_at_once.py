"""Many at once: one case for an item, one move from a state, a gapless count, and columns that equal the log."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing.book_checks import check_books
from billing.contest_models import ContestedLine
from billing.models import RefundDue
from billing.operations.refund_moves import pay_by_hand
from chargebill import case_execution
from chargebill.core.models import User
from disputes.clocks import check_all
from disputes.facts import Said
from disputes.models import Case, CaseEvent, ContestedItem
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.moves import move
from disputes.operations.offers import accept_offer, answer
from disputes.outcome_models import ExecutionStep
from disputes.workflow.states import Role, State
from tests.at_once import AtOnce
from tests.disputes.conftest import OPENED, opened
from tests.disputes.test_offers import LATER, investigated, terms
from tests.documents.conftest import Operator

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DAY_60 = OPENED.replace(month=12, day=9)


def test_a_case_about_an_item_is_opened_once(at_once: AtOnce, billed: Operator, full_size: bool) -> None:
    for number in range(1, (100 if full_size else 5) + 1):
        came = at_once(*[lambda: opened("M1")] * 4)

        assert came.count("item_is_free") == 3
        case = Case.objects.get(sequence=number)
        assert Case.objects.count() == number
        assert ContestedLine.objects.filter(lifted_at__isnull=True).count() == 1
        move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED)
    assert check_all() == (number, [])


def test_a_case_moves_once_whoever_moves_it(at_once: AtOnce, billed: Operator, full_size: bool) -> None:
    for _ in range(100 if full_size else 5):
        case, other = opened("M1"), opened("M2")
        came = at_once(
            lambda: move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED),  # noqa: B023
            lambda: move(case=case, target=State.MERGED, role=Role.AGENT, actor=None, at=OPENED, said=Said(into=other)),  # noqa: B023
            lambda: move(
                case=case,  # noqa: B023
                target=State.INADMISSIBLE,
                role=Role.SUPERVISOR,
                actor=None,
                at=OPENED,
                said=Said(text="No.", code="other"),
            ),
        )

        assert came.count("not_in_table") == 2
        case.refresh_from_db()
        assert CaseEvent.objects.filter(case=case, kind="moved").count() == 2
        assert ContestedItem.objects.filter(case=case, is_open=True).count() == 0
        held = set(ContestedLine.objects.filter(lifted_at__isnull=True).values_list("line__session_number", "reference"))
        assert held == {("M2", other.number)} | ({("M1", other.number)} if case.state == "MERGED" else set())
        move(case=other, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED)
    assert check_all()[1] == []


def test_workers_do_what_a_clock_does_once(at_once: AtOnce, billed: Operator, full_size: bool) -> None:
    for _ in range(50 if full_size else 3):
        case = opened("M1")
        at_once(*[lambda: ring_clocks(case=case, at=DAY_60)] * 4)  # noqa: B023
        case.refresh_from_db()

        assert case.state == "DEADLOCK"
        assert CaseEvent.objects.filter(case=case, kind="escalated").count() == 9
        assert case.messages.count() == 1
        move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=DAY_60)
    assert check_all()[1] == []


def on_the_table(agent: User, amount: str, **more: Any) -> Case:
    """A case of A1 with an offer."""
    case = investigated(agent, claimed_amount=Decimal(amount))
    answer(case=case, terms=terms(case, amount, **more), role=Role.AGENT, actor=agent, at=LATER)
    return Case.objects.get(pk=case.pk)


def test_of_accepting_withdrawing_and_conceding_one_counts_and_is_put_right_once(
    at_once: AtOnce, billed: Operator, agent: User, full_size: bool
) -> None:
    for number in range(1000 if full_size and connection.vendor == "postgresql" else 100 if full_size else 4):
        # A charge of 4.00 is corrected by a cent at most four hundred times.
        more = {} if number % 3 == 0 else {"way": "GOODWILL"}
        case = on_the_table(agent, "0.01", **more)
        concede = terms(case, "0.01", kind="CONCESSION", letter="You are right.", **more)
        rival = (
            (lambda: move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=LATER))  # noqa: B023
            if number % 2
            else (lambda: answer(case=case, terms=concede, role=Role.AGENT, actor=agent, at=LATER))  # noqa: B023
        )
        came = at_once(lambda: accept_offer(case=case, version=1, at=LATER), rival)  # noqa: B023
        assert came.count("done") == 1, came
        case.refresh_from_db()
        moved = list(case.events.filter(kind="moved").order_by("seq").values_list("rule", flat=True))[4:]
        assert (moved, case.state) in ((["T8"], "AGREED"), (["T22"], "WITHDRAWN"), (["T23"], "AGREED")), (moved, case.state)
        planned = ExecutionStep.objects.filter(offer__case=case)
        assert planned.count() == (2 if case.state == "AGREED" else 0)

        at_once(*[lambda: case_execution.execute(case=case, at=LATER)] * 3)  # noqa: B023
        done = [step.state for step in planned.order_by("seq")]
        assert done in ([], ["DONE", "DONE"], ["DONE", "WAITING"])
        if case.state == "AGREED":
            case.refresh_from_db()
            for due in RefundDue.objects.filter(refunds__isnull=True):
                pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=agent, at=LATER)
            case = case_execution.execute(case=case, at=LATER)
            assert case.state == "RESOLVED"
            assert case.events.filter(kind="done").count() == 1
    assert check_all()[1] == []
    assert [(one.check, one.message) for one in check_books().breaks] == []
