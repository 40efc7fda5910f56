"""Several cases at once: sorted or noted about, all of them or none."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.models import Case, CaseMessage
from disputes.operations.many_cases import note_cases, sort_cases
from disputes.operations.moves import move
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, Decimal, everything, opened
from tests.documents.conftest import Operator

LATER = OPENED + timedelta(hours=1)
Of = Callable[[str], Client]


@pytest.fixture
def cases(billed: Operator) -> list[Case]:
    return [opened("M1", claimed_amount=Decimal("2.00")), opened("M2", cause="IDLE"), opened("B1")]


def test_they_are_sorted_and_what_is_claimed_stays(cases: list[Case], agent: User) -> None:
    assert sort_cases(cases=cases, cause="IDLE", role=Role.AGENT, actor=agent, at=LATER) == 2
    assert sort_cases(cases=cases, cause="IDLE", role=Role.AGENT, actor=agent, at=LATER) == 0
    assert list(Case.objects.order_by("pk").values_list("cause", "claimed_amount")) == [
        ("IDLE", Decimal("2.00")), ("IDLE", None), ("IDLE", None),
    ]  # fmt: skip
    assert [case.events.filter(kind="sorted").count() for case in cases] == [1, 0, 1]


def test_one_that_has_ended_keeps_all_of_them_as_they_were(cases: list[Case], agent: User) -> None:
    move(case=cases[1], target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=LATER)
    before = everything()
    with pytest.raises(UserError, match="D-00002 has ended: it is not sorted any more"):
        sort_cases(cases=cases, cause="PRICE", role=Role.AGENT, actor=agent, at=LATER)
    assert everything() == before
    assert note_cases(cases=cases, body="Fault at the hub.", role=Role.AGENT, actor=agent, at=LATER) == 3


def test_a_note_stands_in_each_and_changes_no_deadline(cases: list[Case], agent: User) -> None:
    due = list(Case.objects.order_by("pk").values_list("next_clock", "next_due_at"))
    note_cases(cases=[*cases, cases[0]], body=" Fault at the hub. ", role=Role.AGENT, actor=agent, at=LATER)
    assert list(CaseMessage.objects.values_list("case__number", "kind", "body").order_by("case_id")) == [
        (case.number, "INTERNAL", "Fault at the hub.") for case in cases
    ]
    assert list(Case.objects.order_by("pk").values_list("next_clock", "next_due_at")) == due


def test_nothing_chosen_or_nothing_said_is_refused(cases: list[Case], agent: User) -> None:
    before = everything()
    for chosen, body, code in (([], "x", "no_cases"), (cases, " ", "no_text"), (cases, "x" * 20_001, "text_too_long")):
        with pytest.raises(UserError) as refused:
            note_cases(cases=chosen, body=body, role=Role.AGENT, actor=agent, at=LATER)
        assert refused.value.code == code
    with pytest.raises(UserError, match="Choose what seems wrong"):
        sort_cases(cases=cases, cause="", role=Role.AGENT, actor=agent, at=LATER)
    assert everything() == before


def test_the_queue_leads_to_both(cases: list[Case], client_of: Of) -> None:
    client, keys = client_of("Dispute agent"), ",".join(str(case.pk) for case in cases[:2])
    for action, do in (("sort_many", "sort"), ("note_many", "note")):
        chosen = {"action": action, "_selected_action": [case.pk for case in cases[:2]]}
        listed = client.post("/disputes/case/", chosen)
        assert listed["Location"] == f"/disputes/many/?do={do}&cases={keys.replace(',', '%2C')}"
        assert "D-00002" in client.get(listed["Location"]).content.decode()
    refused = client.post("/disputes/many/", {"do": "sort", "cases": keys, "cause": ""}).content.decode()
    assert "Choose what seems wrong. Nothing was changed." in refused
    client.post("/disputes/many/", {"do": "sort", "cases": keys, "cause": "TWICE"})
    said = client.post("/disputes/many/", {"do": "note", "cases": keys, "body": "Twice."}, follow=True).content.decode()
    assert "Noted in 2 cases." in said
    assert list(Case.objects.order_by("pk").values_list("cause", flat=True)) == ["TWICE", "TWICE", "ENERGY"]
    assert "No case is chosen" in client.get("/disputes/many/").content.decode()


def test_whoever_only_reads_gets_neither(cases: list[Case], client_of: Of) -> None:
    before = everything()
    for role in ("Auditor", "Finance", "Analyst"):
        given = {"do": "note", "cases": str(cases[0].pk), "body": "x"}
        assert client_of(role).post("/disputes/many/", given).status_code == 403
    assert everything() == before
