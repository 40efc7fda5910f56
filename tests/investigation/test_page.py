"""The page of an investigation: what it says, to whom, and what it gives away."""

from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.checks import Part, Remedy, Way
from billing.checks.canonical import digest
from billing.checks.remedy_words import remedy_in_words
from billing.models import Chargeable, Document
from chargebill.core.models import AuditEvent
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, DISPUTE_AGENT, FINANCE, PRICING_MANAGER
from tests.investigation.conftest import Operator, bill_by_hand, session


def test_what_is_wrong_comes_first_with_what_it_is_worth(dear: Operator, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    billed = bill_by_hand(dear, session("1", end="10:03", energy_kwh="36.9"))
    page = client.get(f"/sessions/{billed.pk}/investigate/")
    assert page.status_code == 200
    text = page.content.decode()
    wrong, fine = text.index('id="wrong"'), text.index('id="fine"')
    assert wrong < text.index("The meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min).") < fine
    assert "Waive energy: GBP 14.76 less." in text
    assert "This connector can&#x27;t give as much energy as was billed. This is about 14.76 GBP." in text
    assert (
        '<p lang="de">So viel Energie, wie berechnet wurde, kann der Anschluss nicht abgeben. Es geht um 14,76 GBP.</p>' in text
    )
    assert "<dt>Connector status</dt>" not in text
    assert "<dt>Sessions with token</dt>" in text


def test_a_session_with_nothing_wrong_says_so_and_what_it_lacks(dear: Operator, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    billed = bill_by_hand(dear, session("1", meter_start_kwh="100", meter_stop_kwh="110"))
    text = client.get(f"/sessions/{billed.pk}/investigate/").content.decode()
    assert "No check found anything wrong." in text
    assert "of them lack the data to say so." in text


def test_what_was_looked_at_has_the_hash_the_page_shows(dear: Operator, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    billed = bill_by_hand(dear, session("1"))
    page = client.get(f"/sessions/{billed.pk}/investigate/").content.decode()
    file = client.get(f"/sessions/{billed.pk}/investigate.json")
    assert file["Content-Disposition"] == f'attachment; filename="session-{billed.pk}.json"'
    assert digest(file.content.decode()) in page


@pytest.mark.parametrize(
    ("role", "status"), [(ADMINISTRATOR, 200), (FINANCE, 200), (AUDITOR, 200), (PRICING_MANAGER, 200), (ANALYST, 403)]
)
def test_only_who_sees_customers_and_documents_investigates(role: str, status: int, dear: Operator, client_of: Any) -> None:
    client: Client = client_of(role)
    billed = bill_by_hand(dear, session("1"))
    for url in (f"/sessions/{billed.pk}/investigate/", f"/sessions/{billed.pk}/investigate.json"):
        assert client.get(url).status_code == status
    offered = f"/sessions/{billed.pk}/investigate/" in client.get(f"/stations/session/{billed.pk}/change/").content.decode()
    assert offered == (status == 200)


@pytest.mark.parametrize("pk", ["0", "424242", "99999999999999999999"])
def test_a_session_that_is_not_there(pk: str, dear: Operator, client_of: Any) -> None:
    assert client_of(DISPUTE_AGENT).get(f"/sessions/{pk}/investigate/").status_code == 404


def test_to_look_changes_nothing_and_asks_the_same_number_of_questions(dear: Operator, client_of: Any) -> None:
    client: Client = client_of(DISPUTE_AGENT)
    billed = bill_by_hand(dear, *(session(str(n), token="T-Ada", evse="E1") for n in range(20)))
    before = (AuditEvent.objects.count(), Document.objects.count(), set(Chargeable.objects.values_list("pk", "state")))
    with CaptureQueriesContext(connection) as counted:
        client.get(f"/sessions/{billed.pk}/investigate/")
    assert not [query for query in counted if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert before == (AuditEvent.objects.count(), Document.objects.count(), set(Chargeable.objects.values_list("pk", "state")))


@pytest.mark.parametrize(
    ("remedy", "before_tax", "words"),
    [
        (Remedy(Way.WAIVE, D("6.00"), Part.PARKING_TIME), False, "Waive idle time: EUR 6.00 less."),
        (Remedy(Way.READING, D("0.80"), energy_kwh=D("8.5")), True, "Price it with 8.500 kWh: EUR 0.80 less before tax."),
        (Remedy(Way.REPRICE, D("0.01")), False, "Price it anew: EUR 0.01 less."),
        (Remedy(Way.DROP, D("9")), True, "Take it back: EUR 9.00 before tax."),
        (Remedy(Way.CREDIT, D("9")), True, "Credit EUR 9.00."),
        (Remedy(Way.REFUND, D("9")), True, "Give back EUR 9.00; the bill stays as it is."),
        (Remedy(Way.RELEASE, D(0)), False, "No money changes by this alone."),
        (Remedy(Way.REPRICE, D("0.00")), False, "No money changes by this alone."),
    ],
)
def test_every_way_is_said_in_words(remedy: Remedy, before_tax: bool, words: str) -> None:
    assert remedy_in_words(remedy, "EUR", before_tax=before_tax) == words
