"""Beside the thread: what was recorded of the charge, its power with the price behind it, and what became of its money."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chargebill.core.models import User
from disputes.models import Case
from stations.models import ConnectorStatus, MeterValue, Session
from tests.disputes.conftest import Operator, line_of, opened
from tests.disputes.test_execution import agreed, paid, put_right
from tests.disputes.test_pages import url
from tests.investigation.test_gathering import asks, tell


def recorded(session: Session) -> None:
    """Ten kWh in the first half of the hour, none in the second, a fault in the middle, and a token that was asked."""
    begin = session.started_at
    asks(session, "T-Ada", begin - timedelta(minutes=1), price_shown="0.40 GBP/kWh")
    for n, value in enumerate((100, 110, 110)):
        facts = {"register": "1.8.0", "value": value, "unit": "kWh", "session_external_id": session.external_id}
        tell(session, MeterValue, f"m{n}", entity=session.entity, at=begin + timedelta(minutes=30 * n), **facts)
    at = begin + timedelta(minutes=30)
    tell(session, ConnectorStatus, "f", connector=session.connector, at=at, status="Faulted", error_code="GroundFailure")
    Session.objects.filter(pk=session.pk).update(token_uid="T-Ada", charging_s=1800, stop_reason="Remote")


def test_what_was_recorded_stands_in_its_order(billed: Operator, agent: User, client: Client) -> None:
    case = opened("A1")
    recorded(line_of("A1").session)
    client.force_login(agent)
    context = client.get(url(case)).context

    (one,) = context["items"]
    assert [step.text for step in one.record["happened"]] == [
        "Token T-Ada: Accepted, price shown: 0.40 GBP/kWh",
        "Session began",
        "Connector: Faulted, error GroundFailure",
        "Charging ended",
        "Session ended: Remote",
    ]
    assert one.record["power_chart"]["series"][0]["values"] == [20.0, 0.0, 0.0]
    assert one.record["power"][1][1] == "0.40 GBP/kWh · Faulted"
    page = client.get(url(case)).content.decode()
    assert f'data-chart="power-{one.item.session_id}"' in page
    assert "js/charts.js" in page


def test_without_readings_nothing_is_drawn(billed: Operator, agent: User, client: Client) -> None:
    case = opened("A1")
    client.force_login(agent)
    page = client.get(url(case)).content.decode()
    assert "What was recorded, step by step" in page
    assert "js/charts.js" not in page


def test_what_was_paid_and_given_back_stands_beside_it(billed: Operator, agent: User, client: Client) -> None:
    paid(billed)
    case = put_right(agreed(agent))
    client.force_login(agent)
    (money,) = client.get(url(case)).context["paid"]

    assert (money.document, money.amount, money.state) == (line_of("A1").document, Decimal("4.00"), "paid")
    assert [one.credit_note.gross_amount for one in money.corrections] == [Decimal("0.50")]
    assert [(due.amount, due.state) for due in money.dues] == [(Decimal("0.50"), "owed")]


def test_two_lines_of_one_invoice_show_its_money_once(billed: Operator, agent: User, client: Client) -> None:
    case = opened("M1", "M2")
    client.force_login(agent)
    assert [one.document for one in client.get(url(case)).context["paid"]] == [line_of("M1").document]


@pytest.mark.parametrize("role", ["Pricing manager", "Dispute agent", "Auditor"])
def test_who_may_see_payments_sees_them(billed: Operator, staff: Callable[[str], User], client: Client, role: str) -> None:
    case, person = opened("A1"), staff(role)
    client.force_login(person)
    may = person.has_perms(("billing.view_payment", "billing.view_document"))
    assert bool(client.get(url(case)).context["paid"]) is may
    assert ("What was paid on" in client.get(url(case)).content.decode()) is may


def test_many_charges_are_as_many_queries_as_some(operator: Operator, agent: User, client: Client) -> None:
    from tests.documents.conftest import session as row

    operator.bring(*[row(f"S{n}", token="T-Ada", evse="E1", day=f"2018-09-{n + 1:02}") for n in range(12)])
    operator.issue()
    client.force_login(agent)

    def asked(case: Case) -> int:
        client.get(url(case))
        with CaptureQueriesContext(connection) as captured:
            client.get(url(case))
        return len(captured)

    assert asked(opened(*[f"S{n}" for n in range(4)])) == asked(opened(*[f"S{n}" for n in range(4, 12)]))


def test_only_the_first_reply_is_called_one(billed: Operator, agent: User, client: Client) -> None:
    case = opened("A1")
    client.force_login(agent)
    assert "It is the first reply." in client.get(url(case)).content.decode()
    client.post(url(case), {"do": "message", "kind": "TO_DRIVER", "body": "We look into it."})
    assert "It is the first reply." not in client.get(url(case)).content.decode()
