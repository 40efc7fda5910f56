"""Many at once: one case for an item, one move from a state, a gapless count, and columns that equal the log."""

import pytest

from billing.contest_models import ContestedLine
from disputes.clocks import check_all
from disputes.facts import Said
from disputes.models import Case, CaseEvent, ContestedItem
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.moves import move
from disputes.workflow.states import Role, State
from tests.at_once import AtOnce
from tests.disputes.conftest import OPENED, opened
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
