"""A case moves exactly where the specification says, and every refusal says why."""

import json
from decimal import Decimal
from io import StringIO
from itertools import product

import pytest
from django.core.management import call_command

from disputes.workflow import guards
from disputes.workflow.facts import Facts
from disputes.workflow.moves import OPENING, TABLE, refusal, roles, targets
from disputes.workflow.states import Clock, Role, State
from tests.disputes.moves import ALL_HOLDS, holding, written

ALLOWED = {(row["from"], row["to"], row["role"]): row["rule"] for row in written()}


def named(value: str | tuple[object, ...]) -> str:
    return value if isinstance(value, str) else "-".join(map(str, value))


def test_there_are_seventeen_states_and_seven_roles() -> None:
    assert (len(State), len(Role), len(ALLOWED)) == (17, 7, 85)


def test_the_table_equals_the_specification_cell_by_cell() -> None:
    ours = [
        {"rule": rule.name, "from": source or OPENING, "to": target, "role": role, "guard": rule.guard}
        for (source, target, role), rule in TABLE.items()
    ]

    def order(row: dict[str, str]) -> tuple[str, ...]:
        return tuple(row.values())

    assert sorted(ours, key=order) == sorted(written(), key=order)


def test_the_command_prints_the_table_in_use() -> None:
    out = StringIO()
    call_command("dispute_transitions", stdout=out)
    printed = json.loads(out.getvalue())["transitions"]

    assert {(cell["from"], cell["to"], cell["role"]) for cell in printed} == set(ALLOWED)
    assert len(printed) == 85


@pytest.mark.parametrize("role", Role)
def test_exactly_the_allowed_moves_succeed(role: Role) -> None:
    """Every source (17 and the opening) and target: allowed when all guards hold, refused in words otherwise."""
    for source, target in product([None, *State], State):
        rule = ALLOWED.get((source or OPENING, target, role))
        refused = refusal(source, target, role, holding(rule or ""))
        if rule:
            assert refused is None, (source, target, refused)
        else:
            assert refused is not None, (source, target)
            assert refused.code == "not_in_table"
            assert refused.message[0].isupper()
            assert refused.message.endswith(".")


@pytest.mark.parametrize("cell", [cell for cell, rule in TABLE.items() if rule.guards], ids=named)
def test_a_guarded_move_is_refused_when_nothing_is_known(cell: tuple[State | None, State, Role]) -> None:
    refused = refusal(*cell, Facts())

    assert refused is not None
    assert refused.code == TABLE[cell].guards[0].__name__


# What makes each guard fail while everything else holds.
FAILS: dict[str, dict[str, object]] = {
    "subject_is_theirs": {"subject_is_theirs": False},
    "item_is_free": {"item_is_free": False, "open_case": "D-7"},
    "no_declined_award": {"award_stands": True},
    "has_new_facts": {"new_facts": "  "},
    "is_within_reopening": {"within_reopening": False},
    "is_not_reopened_often": {"reopened": 2},
    "is_assigned": {"assigned": False},
    "has_reason": {"reason": " "},
    "merges_one_customer": {"merge_same_customer": False},
    "merges_into_open": {"merge_target_open": False},
    "checks_are_done": {"checks_done": False},
    "has_question": {"question": "\n"},
    "is_priced_again": {"priced_again": False},
    "fits_refundable": {"amount": Decimal("12.01")},
    "is_within_limit_or_confirmed": {"above_limit": True},
    "is_within_limit": {"above_limit": True, "second_person": True},
    "is_full": {"claimed": Decimal("12.01")},
    "has_amount": {"amount": None, "claimed": None},
    "offer_is_valid": {"offer_is_valid": False},
    "offer_version_matches": {"offer_version_matches": False},
    "has_rounds_left": {"rounds": 2},
    "offer_ran_out": {"ran_out": frozenset()},
    "no_deadlock_due": {"ran_out": frozenset({Clock.OFFER, Clock.FINAL_POSITION})},
    "is_declined": {"offer_declined": False},
    "has_final_position": {"final_position": ""},
    "final_position_ran_out": {"ran_out": frozenset(Clock) - {Clock.FINAL_POSITION}},
    "no_valid_offer": {"offer_is_valid": True},
    "is_first_after_deadlock": {"offered_after_deadlock": True},
    "neutral_is_appointed": {"neutral_appointed": False},
    "neutral_is_fresh": {"neutral_is_fresh": False},
    "file_is_complete": {"file_complete": False},
    "has_consent": {"consent": False},
    "mediation_is_out": {"both_declined_mediation": False},
    "other_side_accepted": {"accepted_by_other": False},
    "every_claim_is_decided": {"every_claim_decided": False},
    "accepts_award": {"award_answer": "declines"},
    "declines_award": {"award_answer": "accepts"},
    "award_answer_ran_out": {"ran_out": frozenset(Clock) - {Clock.AWARD_ANSWER}},
    "award_ran_out": {"ran_out": frozenset(Clock) - {Clock.AWARD}},
    "deadlock_ran_out": {"ran_out": frozenset(Clock) - {Clock.DEADLOCK}},
    "mediation_is_over": {"mediation_failed": False, "ran_out": frozenset(Clock) - {Clock.MEDIATION}},
    "no_consent": {"consent": True},
    "plan_is_ready": {"plan_is_ready": False},
    "no_chargeback_blocks": {"chargeback_blocks": True},
    "every_step_is_confirmed": {"every_step_confirmed": False},
    "step_has_failed": {"step_failed": False},
    "attempt_is_dead": {"attempt_is_dead": False},
    "has_outside_reference": {"outside_reference": ""},
    "customer_ran_out": {"ran_out": frozenset(Clock) - {Clock.AWAITING_CUSTOMER}},
    "no_outside_request": {"outside_request": "Bundesnetzagentur 2026-118"},
    "silence_ran_out": {"ran_out": frozenset(Clock) - {Clock.SILENCE}},
}
GUARDED = [(guard.__name__, cell) for cell, rule in TABLE.items() for guard in rule.guards]


@pytest.mark.parametrize(
    ("name", "cell"), GUARDED, ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value))
)
def test_each_guard_alone_refuses_its_move(name: str, cell: tuple[State | None, State, Role]) -> None:
    held = holding(TABLE[cell].name)
    broken = Facts(**{**{field: getattr(held, field) for field in held.__slots__}, **FAILS[name]})  # type: ignore[arg-type]
    refused = refusal(*cell, broken)

    assert refused is not None
    assert refused.code == name
    assert len(refused.message) > 15
    assert refused.message.endswith(".")


def test_no_guard_is_left_over() -> None:
    used = {name for name, _ in GUARDED}
    ours = {
        name for name, found in vars(guards).items() if callable(found) and getattr(found, "__module__", "") == guards.__name__
    }

    assert used == set(FAILS) == ours - {"_unless"}


@pytest.mark.parametrize(
    ("source", "target"),
    [(State.DEADLOCK, State.MEDIATION), (State.MEDIATION, State.ARBITRATION), (State.DEADLOCK, State.ARBITRATION)],
)
def test_without_a_neutral_the_outside_bodies_are_named(source: State, target: State) -> None:
    facts = {**ALL_HOLDS, "consent": True, "neutral_appointed": False}
    named = Facts(**facts, outside_bodies=("Universalschlichtungsstelle des Bundes", "a court"))  # type: ignore[arg-type]
    unnamed = Facts(**facts)  # type: ignore[arg-type]
    for role in roles(source, target):
        assert refusal(source, target, role, named).message == (  # type: ignore[union-attr]
            "No neutral person is appointed here. The driver can turn to Universalschlichtungsstelle des Bundes or a court."
        )
        assert "the consumer body of the driver's country" in refusal(source, target, role, unnamed).message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            (State.NEW, State.INADMISSIBLE, Role.AGENT),
            "A case that is new can't become not admissible by a dispute agent: that is up to a dispute supervisor.",
        ),
        (
            (State.AWAITING_CUSTOMER, State.OFFERED, Role.AGENT),
            "A case that is waiting for the driver can't become offered."
            " It can become being investigated, in deadlock, withdrawn or agreed.",
        ),
        (
            (State.WITHDRAWN, State.NEW, Role.SUPERVISOR),
            "A case that is withdrawn can't become new: that is where a case ends.",
        ),
        ((None, State.TRIAGE, Role.AGENT), "A case can't begin as being sorted. It can begin as new."),
    ],
)
def test_a_refusal_says_who_may_or_where_it_can_go(cell: tuple[State | None, State, Role], said: str) -> None:
    refused = refusal(*cell, holding(""))

    assert refused is not None
    assert refused.message == said


def test_what_a_role_may_do_from_a_state() -> None:
    assert set(targets(State.NEW, Role.AGENT)) == {State.TRIAGE, State.MERGED, State.AGREED}
    assert targets(State.CLOSED, Role.AGENT) == ()
    assert targets(None, Role.FINANCE) == ()
