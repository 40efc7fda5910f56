"""C3: while an acquirer holds the money nothing is given back; what was agreed waits, its driver knows, and so does Finance."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.document_models import Document
from billing.models import DocumentSettings, RefundDue
from chargebill import case_execution
from chargebill.core.models import User
from chargebill.core.roles import ROLES
from disputes.chargeback_queries import held_up
from disputes.models import Case
from disputes.operations.offers import accept_offer, answer, confirm_offer
from disputes.workflow.states import Role
from tests.disputes.conftest import Operator
from tests.disputes.test_chargebacks import AT, S, ada, clean, moved, taken, written
from tests.disputes.test_offers import investigated, limit, refused, terms

__all__ = ["ada"]
TOLD = "until that is decided we can't pay anything back"


@pytest.fixture
def offered(ada: Document, agent: User) -> Case:
    """0.50 of her 4.94 on the table, before the bank asked."""
    case = investigated(agent, "M1")
    answer(case=case, terms=terms(case, "0.50"), role=Role.AGENT, actor=agent, at=AT)
    return Case.objects.get(pk=case.pk)


def agreed(case: Case) -> Case:
    return accept_offer(case=case, version=1, at=AT)


def told(case: Case) -> int:
    return case.messages.filter(body__contains=TOLD).count()


def test_nothing_is_offered_or_conceded_while_the_acquirer_holds_the_money(ada: Document, agent: User, supervisor: User) -> None:
    case = investigated(agent, "M1")
    limit(case, "0.40")
    above = answer(case=case, terms=terms(case, "0.50"), role=Role.AGENT, actor=agent, at=AT)
    made = taken(written(ada))
    before = (case.offers.count(), case.events.count(), case.messages.count())
    with refused("acquirer_holds"):
        confirm_offer(offer=above, accepted=True, actor=supervisor, at=AT)
    confirm_offer(offer=above, accepted=False, actor=supervisor, at=AT)
    for more in ({}, {"kind": "CONCESSION"}, {"way": "GOODWILL"}):
        with refused("acquirer_holds"):
            answer(case=case, terms=terms(case, "0.30", **more), role=Role.SUPERVISOR, actor=supervisor, at=AT)
    assert (case.offers.count(), case.events.count(), case.messages.count()) == (before[0], before[1] + 1, before[2])
    assert not answer(case=case, terms=terms(case), role=Role.SUPERVISOR, actor=supervisor, at=AT).amount
    moved(made, S.WON)
    assert clean()


def test_what_was_agreed_waits_and_is_not_tried_again_and_again(
    offered: Case, ada: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = taken(written(ada))
    case = agreed(offered)
    tried: list[int] = []
    does = case_execution.execute
    monkeypatch.setattr(case_execution, "execute", lambda *, case, at: tried.append(case.pk) or does(case=case, at=at))
    assert [case_execution.put_right() for _ in range(3)] == [0, 0, 0]
    assert (tried, told(case), list(held_up())) == ([], 1, [case])
    case.refresh_from_db()
    assert (case.state, RefundDue.objects.count()) == ("AGREED", 0)
    moved(made, S.WON)
    assert not held_up().exists()
    assert case_execution.put_right() == 1
    case.refresh_from_db()
    assert (case.state, tried, told(case)) == ("EXECUTING", [case.pk], 1)
    assert RefundDue.objects.get().amount == Decimal("0.50")
    assert clean()


def test_the_driver_is_told_in_german_and_by_mail(offered: Case, ada: Document) -> None:
    DocumentSettings.objects.update_or_create(entity=ada.entity, defaults={"sender_email": "disputes@tay.example"})
    Case.objects.update(language="de")
    taken(written(ada))
    case = agreed(offered)
    case_execution.put_right()
    message = case.messages.order_by("pk").last()
    assert message is not None
    assert "Ihre Bank hat den Betrag aber auch über die Karte zurückgefordert" in message.body
    assert (message.kind, message.author) == ("TO_DRIVER", None)
    assert case.mails.filter(message=message).exists()


def test_other_cases_go_on(offered: Case, ada: Document, billed: Operator, agent: User) -> None:
    taken(written(ada))
    agreed(offered)
    other = investigated(agent, "A1")
    answer(case=other, terms=terms(other, "0.50"), role=Role.AGENT, actor=agent, at=AT)
    accept_offer(case=other, version=1, at=AT)
    assert case_execution.put_right() == 1
    other.refresh_from_db()
    assert (other.state, told(other)) == ("RESOLVED", 0)


def test_finance_sees_it_under_needs_you_and_in_the_queue(
    offered: Case, ada: Document, client_of: Callable[[str], Client]
) -> None:
    made = taken(written(ada))
    case = agreed(offered)
    asked, link = reverse("admin:overview_needs", args=[case.entity_id]), "chargeback=holds"
    page = " ".join(client_of("Finance").get(asked).content.decode().split())
    assert ("agreed case an acquirer holds up" in page, link in page) == (True, True)
    for role in sorted({"Dispute agent", "Analyst", "Auditor", *ROLES} - {"Finance"}):
        assert link not in client_of(role).get(asked).content.decode()
    listed = client_of("Finance").get(f"/disputes/case/?{link}").context["cl"].result_list
    assert list(listed) == [case]
    assert (
        "What was agreed is done once it has decided"
        in client_of("Finance").get(f"/disputes/case/{case.pk}/change/").content.decode()
    )
    moved(made, S.WON)
    assert link not in client_of("Finance").get(asked).content.decode()
    assert not list(client_of("Finance").get(f"/disputes/case/?{link}").context["cl"].result_list)


def test_an_agent_reads_at_the_case_why_nothing_can_be_offered(
    ada: Document, agent: User, client_of: Callable[[str], Client]
) -> None:
    case = investigated(agent, "M1", at=timezone.now() - timedelta(days=1))
    taken(written(ada))
    page = client_of("Dispute agent").get(f"/disputes/case/{case.pk}/change/").content.decode()
    assert "nothing can be offered but that the bill stays" in page
