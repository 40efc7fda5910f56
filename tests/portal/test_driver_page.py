"""The driver's view of a session: who may see it, in which language, and that it needs no account to be shown."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Chargeable
from chargebill.core.models import User
from chargebill.portal.driver_page import bill_for, context_of
from memberships.models import Customer, Token
from stations.models import Session
from tests.portal.night_owl import Night
from tests.portal.parallel_month import Bring, september


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page(client: Client, session: Session, query: str = "", **headers: str) -> str:
    response = client.get(f"/sessions/{session.pk}/driver/?{query}", headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_a_session_leads_there(night: Night, signed_in: Client) -> None:
    session = night()
    html = signed_in.get(f"/stations/session/{session.pk}/change/").content.decode()

    assert f'href="/sessions/{session.pk}/driver/"' in html
    text = words(page(signed_in, session, "lang=en"))
    assert "Energy 8.56 EUR For the energy your car took. 6 Sep 2026, 23:55 to 7 Sep 2026, 03:57." in text
    assert "Total, incl. tax 13.83 EUR of which 19 % tax: 2.21 EUR on 11.62 EUR without tax" in text
    assert "3 h 3 min connected after charging, 22:00-07:00: free." in text
    assert "Idle time is free for the first hour." in text


def test_the_language_is_the_chosen_one_else_the_browsers(night: Night, signed_in: Client) -> None:
    session = night()

    assert '<html lang="de">' in page(signed_in, session, "lang=de")
    assert "Ihr Ladevorgang" in page(signed_in, session, **{"Accept-Language": "de-AT,en;q=0.5"})
    assert '<html lang="en">' in page(signed_in, session, "lang=en", **{"Accept-Language": "de"})
    assert page(signed_in, session, "lang=xx")


def test_it_is_shown_without_an_account_too(night: Night) -> None:
    """The public page of a driver will be this template: no request, no user, no way back to the portal."""
    html = render_to_string("portal/driver_bill.html", context_of(bill_for(night(), "en")))

    assert "13.83 EUR" in words(html)
    assert "For staff" not in html
    assert "<script" not in html
    assert "style=" not in html


def test_nobody_is_named_on_it(night: Night, company: Any, signed_in: Client) -> None:
    customer = Customer.objects.create(entity=company, kind="MEMBER", number="K7", name="Karla Kolumna")
    Token.objects.create(entity=company, uid="601838", customer=customer)
    html = page(signed_in, night())

    assert "Karla" not in html
    assert "601838" not in html


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("HELD", "no_tax_rule", "The price of this charge is not settled yet."),
        ("UNPRICED", "no_tariff", "The price of this charge is not settled yet."),
        ("DROPPED", "history", "Another system billed this charge."),
        ("DROPPED", "internal", "You do not pay for this charge."),
    ],
)
def test_what_is_not_billed_is_said(state: str, reason: str, expected: str, night: Night, signed_in: Client) -> None:
    session = night()
    Chargeable.objects.update(state=state, reason=reason)

    assert expected in words(page(signed_in, session, "lang=en"))


def test_what_was_paid_elsewhere_is_said(bring_amounts: Bring, signed_in: Client) -> None:
    row = september()[12]
    bring_amounts([row], mode="collected")
    text = words(page(signed_in, Session.objects.get(external_id=row.number), "lang=en"))

    assert "You have paid this already, where you charged." in text
    assert f"Total, incl. tax {row.amount:.2f} EUR" in text


def test_who_may_see_the_session_may_see_it(night: Night, client: Client, staff: Callable[[str], Any]) -> None:
    url = f"/sessions/{night().pk}/driver/"

    assert client.get(url).status_code == 302
    for role in ("Analyst", "Billing clerk", "Auditor"):
        client.force_login(staff(role))
        assert client.get(url).status_code == 200
    client.force_login(User.objects.create(username="nobody", is_staff=True))
    assert client.get(url).status_code == 403


def test_a_session_that_is_not_there(signed_in: Client, company: Any) -> None:
    assert signed_in.get("/sessions/999/driver/").status_code == 404
    assert signed_in.get(f"/sessions/{'9' * 40}/driver/").status_code == 404


def test_it_is_small_and_takes_few_queries(night: Night, signed_in: Client) -> None:
    session = night()
    page(signed_in, session)
    with CaptureQueriesContext(connection) as captured:
        html = page(signed_in, session)

    assert len(html) < 20_000
    assert len(captured) <= 16
