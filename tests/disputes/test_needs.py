"""The Overview says how many cases wait for us, to those who see cases."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from chargebill.core.models import User
from chargebill.core.roles import ANALYST, DISPUTE_AGENT
from disputes.offers import cases_for_second
from disputes.operations.moves import move
from disputes.operations.offers import answer, confirm_offer
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, Operator, line_of, opened
from tests.disputes.incidents import approved, proposed
from tests.disputes.test_offers import LATER, limit, offered, terms


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


def test_what_waits_for_a_second_person_is_shown_to_whoever_may_be_one(
    billed: Operator, agent: User, supervisor: User, client_of: Callable[[str], Client]
) -> None:
    limit(line_of("A1"), "0.40")
    opened("M1", actor=agent)
    asked, link = reverse("admin:overview_needs", args=[billed.entity.pk]), "second=waits"
    assert link not in client_of("Finance").get(asked).content.decode()

    case, offer = offered(agent)
    for role in ("Finance", "Dispute supervisor"):
        assert link in client_of(role).get(asked).content.decode()
    assert link not in client_of(DISPUTE_AGENT).get(asked).content.decode()
    listed = client_of("Finance").get(f"{reverse('admin:disputes_case_changelist')}?second=waits").content.decode()
    assert (case.number in listed, "D-00001" in listed) == (True, False)

    confirm_offer(offer=offer, accepted=True, actor=supervisor, at=LATER)
    assert link not in client_of("Finance").get(asked).content.decode()
    assert not cases_for_second().exists()


def test_what_was_refused_or_overtaken_waits_for_nobody(billed: Operator, agent: User, supervisor: User) -> None:
    limit(line_of("A1"), "0.40")
    case, offer = offered(agent)
    confirm_offer(offer=offer, accepted=False, actor=supervisor, at=LATER)
    assert list(cases_for_second()) == []
    answer(case=case, terms=terms(case, "0.50"), role=Role.AGENT, actor=agent, at=LATER)
    assert list(cases_for_second()) == [case]
    move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=LATER)
    assert list(cases_for_second()) == []


def test_an_incident_waits_for_a_second_person(billed: Operator, supervisor: User, client_of: Callable[[str], Client]) -> None:
    asked, words = reverse("admin:overview_needs", args=[billed.entity.pk]), "incident to confirm"
    incident = proposed(billed, supervisor)
    assert words in client_of("Finance").get(asked).content.decode()
    assert words not in client_of(DISPUTE_AGENT).get(asked).content.decode()
    approved(incident, User.objects.create(username="another"))
    assert words not in client_of("Finance").get(asked).content.decode()
