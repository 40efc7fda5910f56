"""What clocks do to stored cases: escalations, reminders and moves once each; columns that always equal the log."""

import json
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from chargebill.core.chores import run_chores
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.pipeline import change_company_time_zone
from disputes.clocks import check_all
from disputes.facts import Said
from disputes.models import Case, CaseEvent, CaseMessage, Holiday
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.moves import move
from disputes.operations.settings import change_dispute_settings
from disputes.operations.thread import add_message, assign
from disputes.workflow.states import Role, State
from tests.disputes.conftest import LONG_AGO, OPENED, everything, opened
from tests.documents.conftest import Operator

END = 400


def let_time_pass(case: Case, days: int) -> list[tuple[str, ...]]:
    """Wakes the case at every moment it asks for, as a worker would; what happened by itself."""
    until = OPENED + timedelta(days=days)
    for _ in range(100):
        case.refresh_from_db()
        if case.wake_at is None or case.wake_at > until:
            break
        ring_clocks(case=case, at=case.wake_at)
    events = CaseEvent.objects.filter(case=case, role="system")
    return [(e.kind, e.rule or e.data.get("clock", ""), str(e.data.get("percent", e.to_state))) for e in events]


def test_a_forgotten_case_escalates_goes_to_deadlock_and_closes(billed: Operator) -> None:
    case = opened("M1")

    assert let_time_pass(case, 3) == [("escalated", "first_reply", str(level)) for level in (50, 75, 100)]
    case.refresh_from_db()
    assert (case.next_clock, case.escalation, case.state) == ("first_reply", 100, "NEW")
    happened = let_time_pass(case, END)
    assert [one for one in happened if one[0] == "moved"] == [("moved", "T10", "DEADLOCK"), ("moved", "T24", "CLOSED")]
    assert len(happened) == 3 * 4 + 2 + 2
    moved = {e.rule: e.at for e in CaseEvent.objects.filter(case=case, kind="moved")}
    # Midnight in London after the 56th day, and after the 28th from then.
    assert moved["T10"] == datetime.fromisoformat("2018-12-05T00:00:00+00:00")
    assert moved["T24"] == datetime.fromisoformat("2019-01-03T00:00:00+00:00")
    letters = [m.body for m in case.messages.filter(kind="TO_DRIVER")]
    assert len(letters) == 2
    assert all("the Citizens Advice consumer service" in letter for letter in letters)
    assert check_all() == (1, [])


def test_a_question_is_repeated_once_and_then_taken_up_again(billed: Operator, agent: User) -> None:
    case = opened("M1")
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=OPENED)
    move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=OPENED)
    move(case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=OPENED, said=Said(text="Which car?"))

    assert let_time_pass(case, 16) == [
        ("notified", "", ""),
        ("escalated", "awaiting_customer", "50"),
        ("notified", "", ""),
        ("escalated", "awaiting_customer", "75"),
        ("escalated", "awaiting_customer", "100"),
        ("moved", "T6", "INVESTIGATING"),
    ]
    _, reminder = case.messages.filter(event__kind="notified")
    assert "Which car?" in reminder.body


def test_the_same_moment_twice_is_once(billed: Operator) -> None:
    case = opened("M1")
    late = OPENED + timedelta(days=60)
    ring_clocks(case=case, at=late)
    before = everything()
    ring_clocks(case=case, at=late)

    assert everything() == before
    assert CaseEvent.objects.filter(case=case, kind="escalated").count() == 9
    assert Case.objects.get().state == "DEADLOCK"


def test_before_its_moment_nothing_happens(billed: Operator) -> None:
    case = opened("M1")
    before = everything()
    assert case.wake_at is not None
    ring_clocks(case=case, at=case.wake_at - timedelta(seconds=1))

    assert everything() == before


def test_a_worker_does_what_is_due(billed: Operator) -> None:
    opened("M1", at=LONG_AGO)
    run_chores()

    assert Case.objects.get().state == "DEADLOCK"


def test_an_answer_ends_the_first_reply_and_its_escalation(billed: Operator, agent: User) -> None:
    case = opened("M1")
    let_time_pass(case, 2)
    add_message(
        case=case,
        kind=CaseMessage.Kind.TO_DRIVER,
        body="We look into it.",
        role=Role.AGENT,
        actor=agent,
        at=OPENED + timedelta(days=2),
    )
    case.refresh_from_db()

    assert (case.next_clock, case.escalation) == ("inadmissible", 0)


def test_other_opening_hours_and_holidays_move_what_is_due(billed: Operator, supervisor: User) -> None:
    case = opened("M1")
    assert case.next_due_at == OPENED.replace(hour=16) + timedelta(days=2)
    change_dispute_settings(
        entity=billed.entity,
        values={"hours": {"1": [600, 720], "2": [600, 720], "3": [600, 720]}, "durations": {"first_reply": 3}},
        holidays=[(date(2018, 10, 10), "Founders' day")],
        actor=supervisor,
        at=OPENED,
    )
    case.refresh_from_db()

    # Tuesday 9 October 10:00 to 12:00, Thursday, then Tuesday again.
    assert case.next_due_at == datetime.fromisoformat("2018-10-16T12:00:00+01:00")
    assert [h.name for h in Holiday.objects.all()] == ["Founders' day"]
    assert check_all() == (1, [])


def test_another_time_zone_of_the_company_moves_what_is_due(billed: Operator) -> None:
    case = opened("M1")
    change_company_time_zone(entity=billed.entity, time_zone="America/New_York", actor=None, at=OPENED)
    case.refresh_from_db()

    # 5:00 in New York, before it opens: Tuesday and Wednesday are the two days.
    assert case.next_due_at == datetime.fromisoformat("2018-10-10T17:00:00-04:00")
    assert check_all() == (1, [])


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"hours": {"1": [600, 600]}}, "hours"),
        ({"durations": {"first_reply": 0}}, "first_reply"),
        ({"durations": {"nonsense": 3}}, "nonsense"),
        ({"durations": {"offer": 401}}, "offer"),
        ({"reminder_days": 14}, "reminder_days"),
        ({"reopening_days": 0}, "reopening_days"),
    ],
)
def test_settings_that_can_not_be_change_nothing(
    billed: Operator, supervisor: User, values: dict[str, object], code: str
) -> None:
    before = everything()
    with pytest.raises(UserError, match=r"Nothing was changed\.") as error:
        change_dispute_settings(entity=billed.entity, values=values, holidays=[], actor=supervisor, at=OPENED)

    assert error.value.code == code
    assert everything() == before


def test_a_deadline_changed_behind_the_log_is_found(billed: Operator) -> None:
    case = opened("M1")
    out = StringIO()
    call_command("check_cases", stdout=out)
    assert json.loads(out.getvalue()) == {"cases": 1, "differing": 0, "found": []}

    assert case.next_due_at is not None
    Case.objects.filter(pk=case.pk).update(next_due_at=case.next_due_at + timedelta(hours=1), turn="driver")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_cases", stdout=out)
    assert ended.value.code == 1
    found = json.loads(out.getvalue())
    assert found["differing"] == 1
    assert {(one["case"], one["column"]) for one in found["found"]} == {("D-00001", "turn"), ("D-00001", "next_due_at")}
