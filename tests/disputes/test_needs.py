"""The Overview says how many cases wait for us, to those who see cases."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from chargebill.core.models import User
from chargebill.core.roles import ANALYST, DISPUTE_AGENT
from disputes.operations.moves import move
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, Operator, opened


def test_cases_we_owe_an_answer_are_counted_until_the_driver_has_to_answer(
    billed: Operator, agent: User, supervisor: User, client_of: Callable[[str], Client]
) -> None:
    first, _ = opened("A1", actor=agent), opened("M1", actor=agent)
    asked = reverse("admin:overview_needs", args=[billed.entity.pk])

    def shown(role: str) -> str:
        return " ".join(client_of(role).get(asked).content.decode().split())

    assert "cases we owe an answer" in shown(DISPUTE_AGENT)
    link = f"{reverse('admin:disputes_case_changelist')}?turn=us&amp;entity__id__exact={billed.entity.pk}"
    assert link in shown(DISPUTE_AGENT)
    assert "owe an answer" not in shown(ANALYST)
    move(case=first, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=OPENED)
    assert "case we owe an answer" in shown(DISPUTE_AGENT)
    listed = client_of(DISPUTE_AGENT).get(link.replace("&amp;", "&")).content.decode()
    assert ("D-00002" in listed, "D-00001" in listed) == (True, False)
