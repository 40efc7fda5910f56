"""A stored case moves by one function: event, hold, clocks and audit event together, or nothing at all."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from billing.contest_models import ContestedLine
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from disputes.clocks import check_all
from disputes.facts import Said
from disputes.models import Case, CaseEvent, CaseMessage, ContestedItem
from disputes.operations.contacts import Contact
from disputes.operations.moves import move
from disputes.operations.thread import add_message, assign, sort_case
from disputes.workflow.moves import TABLE
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, everything, opened
from tests.documents.conftest import Operator

AGENT, SUPERVISOR, CUSTOMER, SYSTEM = Role.AGENT, Role.SUPERVISOR, Role.CUSTOMER, Role.SYSTEM
LATER = OPENED + timedelta(days=1)


def holds() -> dict[str, list[str]]:
    """Session numbers of the lines held, by case."""
    found: dict[str, list[str]] = {}
    for row in ContestedLine.objects.filter(lifted_at__isnull=True).select_related("line").order_by("line_id"):
        found.setdefault(row.reference, []).append(row.line.session_number)
    return found


@pytest.fixture
def investigated(billed: Operator, agent: User) -> Case:
    case = opened("M1", actor=agent)
    assign(cases=[case], assignee=agent, role=AGENT, actor=agent, at=OPENED)
    return move(case=case, target=State.INVESTIGATING, role=AGENT, actor=agent, at=OPENED)


def test_from_a_call_to_a_question_and_its_answer(investigated: Case, agent: User) -> None:
    asked = move(
        case=investigated, target=State.AWAITING_CUSTOMER, role=AGENT, actor=agent, at=LATER, said=Said(text="Which car was it?")
    )
    assert (asked.state, asked.turn, asked.next_clock) == ("AWAITING_CUSTOMER", "driver", "awaiting_customer")
    add_message(case=asked, kind=CaseMessage.Kind.FROM_DRIVER, body="A Zoe.", role=CUSTOMER, actor=None, at=LATER)
    move(case=asked, target=State.INVESTIGATING, role=CUSTOMER, actor=None, at=LATER)

    assert [(e.seq, e.kind, e.rule, e.role) for e in CaseEvent.objects.filter(case=asked)] == [
        (1, "moved", "T1", "agent"),
        (2, "acknowledged", "", "agent"),
        (3, "assigned", "", "agent"),
        (4, "moved", "T2", "agent"),
        (5, "moved", "T5", "agent"),
        (6, "notified", "", "system"),
        (7, "replied", "", "agent"),
        (8, "moved", "T6", "agent"),
        (9, "wrote", "", "customer"),
        (10, "moved", "T6", "customer"),
    ]
    began, *said = ((m.kind, m.body) for m in asked.messages.all())
    assert asked.manifests.first().sha256 in began[1]  # type: ignore[union-attr]
    assert said == [("TO_DRIVER", "Which car was it?"), ("FROM_DRIVER", "A Zoe.")]
    assert AuditEvent.objects.filter(action="case.move").count() == 4
    assert check_all() == (1, [])


@pytest.mark.parametrize("source", [State.NEW, State.INVESTIGATING, State.CLOSED])
def test_every_move_the_table_does_not_have_is_refused_and_changes_nothing(billed: Operator, agent: User, source: State) -> None:
    case = opened("M1")
    if source is State.INVESTIGATING:
        assign(cases=[case], assignee=agent, role=AGENT, actor=agent, at=OPENED)
        move(case=case, target=State.INVESTIGATING, role=AGENT, actor=agent, at=OPENED)
    elif source is State.CLOSED:
        Case.objects.filter(pk=case.pk).update(state=source)
    before = everything()
    for target in State:
        for role in Role:
            if (source, target, role) not in TABLE:
                with pytest.raises(UserError) as error:
                    move(case=case, target=target, role=role, actor=None, at=LATER, said=Said(text="x", code="other"))
                assert error.value.code == "not_in_table"
                assert error.value.message.endswith("Nothing was changed.")
    assert everything() == before


@pytest.mark.parametrize(
    ("target", "role", "said", "code"),
    [
        (State.TRIAGE, AGENT, Said(), "is_assigned"),
        (State.INADMISSIBLE, SUPERVISOR, Said(text="Not ours."), "has_reason"),
        (State.INADMISSIBLE, SUPERVISOR, Said(code="not_ours"), "has_reason"),
        (State.MERGED, AGENT, Said(), "merges_one_customer"),
        (State.DEADLOCK, SYSTEM, Said(), "final_position_ran_out"),
        (State.AGREED, AGENT, Said(), "has_amount"),
        (State.WITHDRAWN, CUSTOMER, Said(text="x" * 20_001), "text_too_long"),
    ],
)
def test_a_guard_that_fails_changes_nothing(billed: Operator, target: State, role: Role, said: Said, code: str) -> None:
    case = opened("M1")
    before = everything()
    with pytest.raises(UserError, match=r"Nothing was changed\.") as error:
        move(case=case, target=target, role=role, actor=None, at=LATER, said=said)

    assert error.value.code == code
    assert everything() == before


def test_without_offers_and_neutrals_nobody_gets_there(investigated: Case, supervisor: User) -> None:
    with pytest.raises(UserError, match="priced again"):
        move(case=investigated, target=State.OFFERED, role=SUPERVISOR, actor=supervisor, at=LATER)
    sort_case(
        case=investigated,
        cause="ENERGY",
        claimed_amount=investigated.contested_amount,
        role=SUPERVISOR,
        actor=supervisor,
        at=LATER,
    )
    with pytest.raises(UserError, match="second person"):
        move(case=investigated, target=State.AGREED, role=SUPERVISOR, actor=supervisor, at=LATER)
    position = Said(text="We do not change this bill.")
    dead = move(case=investigated, target=State.DEADLOCK, role=SUPERVISOR, actor=supervisor, at=LATER, said=position)
    with pytest.raises(UserError, match="The driver can turn to the Citizens Advice consumer service"):
        move(case=dead, target=State.MEDIATION, role=SUPERVISOR, actor=supervisor, at=LATER)


@pytest.mark.parametrize(
    ("target", "role", "said"),
    [
        (State.INADMISSIBLE, SUPERVISOR, Said(text="It was Maingau.", code="not_ours", reason="seen on the card")),
        (State.WITHDRAWN, CUSTOMER, Said()),
    ],
)
def test_the_end_of_a_case_lifts_its_hold(billed: Operator, target: State, role: Role, said: Said) -> None:
    case = opened("M1", "M2")
    assert holds() == {"D-00001": ["M1", "M2"]}
    ended = move(case=case, target=target, role=role, actor=None, at=LATER, said=said)

    assert holds() == {}
    assert not ContestedItem.objects.filter(is_open=True).exists()
    assert (ended.turn, ended.next_clock, ended.next_due_at, ended.wake_at) == ("nobody", "", None, None)
    event = CaseEvent.objects.filter(case=case).last()
    assert event is not None
    assert (event.to_state, event.reason) == (target, said.reason)


def test_a_merged_case_hands_over_its_items_and_the_earlier_clock(billed: Operator, agent: User) -> None:
    first = opened("M1", at=OPENED)
    second = opened("M2", at=OPENED + timedelta(days=3))
    move(case=first, target=State.MERGED, role=AGENT, actor=agent, at=OPENED + timedelta(days=4), said=Said(into=second))
    first.refresh_from_db()
    second.refresh_from_db()

    assert (first.state, first.merged_into, first.turn) == ("MERGED", second, "nobody")
    assert holds() == {"D-00002": ["M1", "M2"]}
    assert second.contested_amount == sum(item.gross_amount for item in second.items.all())
    assert (second.next_clock, second.next_due_at) == ("first_reply", OPENED.replace(hour=16) + timedelta(days=2))
    assert check_all() == (2, [])


def test_only_open_cases_of_one_customer_are_merged(billed: Operator, agent: User) -> None:
    mine, theirs = opened("M1"), opened("B1")
    before = everything()
    for into, code in ((theirs, "merges_one_customer"), (mine, "merges_into_open")):
        with pytest.raises(UserError) as error:
            move(case=mine, target=State.MERGED, role=AGENT, actor=agent, at=LATER, said=Said(into=into))
        assert error.value.code == code
    assert everything() == before


def test_drivers_nobody_knows_are_the_same_by_their_address(billed: Operator, agent: User) -> None:
    first = opened("A1", contact=Contact("", "Zoe@example.com"))
    other = opened("A2", contact=Contact("", "zoe@example.com"))
    move(case=first, target=State.MERGED, role=AGENT, actor=agent, at=LATER, said=Said(into=other))
    assert holds() == {"D-00002": ["A1", "A2"]}


def test_new_cases_that_are_given_to_somebody_are_being_sorted(billed: Operator, agent: User, supervisor: User) -> None:
    cases = [opened("M1"), opened("B1")]

    assert assign(cases=cases, assignee=agent, role=SUPERVISOR, actor=supervisor, at=LATER) == 2
    assert set(Case.objects.values_list("state", "assignee__username")) == {("TRIAGE", "dispute-agent")}
    assert assign(cases=cases, assignee=agent, role=SUPERVISOR, actor=supervisor, at=LATER) == 0


def test_nobody_who_may_not_work_on_cases_gets_one(billed: Operator, agent: User, staff: Callable[[str], User]) -> None:
    case = opened("M1")
    before = everything()
    with pytest.raises(UserError, match="finance can't work on cases"):
        assign(cases=[case], assignee=staff("Finance"), role=AGENT, actor=agent, at=LATER)
    move_away = opened("B1")
    move(case=move_away, target=State.WITHDRAWN, role=CUSTOMER, actor=None, at=LATER)
    with pytest.raises(UserError, match="D-00002 has ended"):
        assign(cases=[case, move_away], assignee=agent, role=AGENT, actor=agent, at=LATER)
    assert Case.objects.get(pk=case.pk).assignee is None
    assert everything()[0][0] == before[0][0]


def test_what_seems_wrong_is_said_again_with_old_and_new(investigated: Case, agent: User) -> None:
    for _ in range(2):
        sort_case(
            case=investigated, cause="IDLE", claimed_amount=investigated.contested_amount, role=AGENT, actor=agent, at=LATER
        )
    event = CaseEvent.objects.get(case=investigated, kind="sorted")
    assert event.data == {"cause": ["ENERGY", "IDLE"], "claimed_amount": ["", "4.940"]}


def test_the_log_and_what_was_said_never_change(billed: Operator) -> None:
    case = opened("M1")
    add_message(case=case, kind=CaseMessage.Kind.INTERNAL, body="Called twice.", role=AGENT, actor=None, at=LATER)
    for statement in (
        "UPDATE disputes_caseevent SET reason = 'x'",
        "DELETE FROM disputes_caseevent",
        "UPDATE disputes_casemessage SET body = 'x'",
        "DELETE FROM disputes_casemessage",
        "UPDATE disputes_case SET number = 'x'",
        "DELETE FROM disputes_case",
        "UPDATE disputes_contesteditem SET gross_amount = 1",
        "UPDATE billing_contestedline SET reference = 'x'",
        "DELETE FROM billing_contestedline",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_events_of_a_case_never_go_back_in_time(billed: Operator, agent: User) -> None:
    case = opened("M1", at=LATER)
    add_message(case=case, kind=CaseMessage.Kind.INTERNAL, body="A clock was wrong.", role=AGENT, actor=agent, at=OPENED)

    assert [e.at for e in CaseEvent.objects.filter(case=case)] == [LATER, LATER, LATER]
