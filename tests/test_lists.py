"""Every list of the portal: how many queries it takes, whatever the number of rows, and who may open it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ROLES, permissions_of
from tests.rows import BUILDERS, company

# Every page: who is signed in and what they may do, is this the demo, what runs.
FRAME = 7
# Of the list itself: the saved views a person may use, and what they chose. Tariffs are cards, with neither.
VIEWS = 2
# Recorded: a rise is a query per row, or a page that got slower.
QUERIES = {
    "billing.Assignment": FRAME + 4 + VIEWS,
    "billing.Document": FRAME + 3 + VIEWS,
    "billing.Tariff": FRAME + 5,
    "billing.TaxRule": FRAME + 3 + VIEWS,
    "core.ApiToken": FRAME + 2 + VIEWS,
    "core.AuditEvent": FRAME + 3 + VIEWS,
    "core.LegalEntity": FRAME + 2 + VIEWS,
    "core.User": FRAME + 4 + VIEWS,
    "disputes.Case": FRAME + 3 + VIEWS,
    "disputes.Chargeback": FRAME + 3 + VIEWS,
    "disputes.Incident": FRAME + 3 + VIEWS,
    "disputes.OutsideRequest": FRAME + 3 + VIEWS,
    "memberships.ContractPrefix": FRAME + 3 + VIEWS,
    "memberships.Customer": FRAME + 3 + VIEWS,
    "memberships.CustomerGroup": FRAME + 3 + VIEWS,
    "memberships.Token": FRAME + 3 + VIEWS,
    "stations.Authorization": FRAME + 3 + VIEWS,
    "stations.Connector": FRAME + 3 + VIEWS,
    "stations.ConnectorStatus": FRAME + 2 + VIEWS,
    "stations.Evse": FRAME + 3 + VIEWS,
    "stations.ImportBatch": FRAME + 4 + VIEWS,
    "stations.Location": FRAME + 3 + VIEWS,
    "stations.QuarantinedRow": FRAME + 7 + VIEWS,
    "stations.Session": FRAME + 5 + VIEWS,
    "stations.Source": FRAME + 3 + VIEWS,
}
EVERY_ROLE = (ADMINISTRATOR, *ROLES)
HTML_MAX_BYTES = 150_000


def registered() -> list[str]:
    return sorted(model._meta.label for model in admin.site._registry)


def list_url(label: str) -> str:
    app, model = label.lower().split(".")
    return reverse(f"admin:{app}_{model}_changelist")


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    assert len(response.content) < HTML_MAX_BYTES
    return len(captured)


def test_every_list_has_a_recorded_number_of_queries() -> None:
    assert registered() == sorted(QUERIES)
    assert registered() == sorted(BUILDERS)


@pytest.mark.parametrize("label", registered())
def test_a_list_takes_the_same_queries_for_ten_rows_and_for_a_thousand(
    label: str, client: Client, staff: Callable[[str], User]
) -> None:
    client.force_login(staff(ADMINISTRATOR))
    url = list_url(label)
    BUILDERS[label](10)
    client.get(url)
    few = queries(client, url)
    BUILDERS[label](1000)
    many = queries(client, url)
    assert (few, many) == (QUERIES.get(label), QUERIES.get(label))


@pytest.mark.parametrize("label", registered())
def test_a_list_opens_for_the_roles_that_may_read_it_and_for_nobody_else(
    label: str, client: Client, staff: Callable[[str], User]
) -> None:
    BUILDERS[label](3)
    app, model = label.lower().split(".")
    opened = {}
    for role in EVERY_ROLE:
        client.force_login(staff(role))
        opened[role] = client.get(list_url(label)).status_code
    expected = {role: 200 if f"{app}.view_{model}" in permissions_of(role) else 403 for role in EVERY_ROLE}
    assert opened == expected
    assert 200 in opened.values()


@pytest.mark.parametrize("label", registered())
def test_a_list_is_not_for_strangers(label: str, client: Client, db: None) -> None:
    response = client.get(list_url(label))
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


def _form_url(label: str, verb: str, row: Any) -> str:
    app, model = label.lower().split(".")
    return reverse(f"admin:{app}_{model}_{verb}", args=[] if verb == "add" else [row.pk])


@pytest.mark.parametrize("label", registered())
def test_the_auditor_can_open_every_row_and_change_none(label: str, client: Client, staff: Callable[[str], User]) -> None:
    company()
    row = BUILDERS[label](3)[-1]
    client.force_login(staff("Auditor"))
    assert client.get(_form_url(label, "change", row), follow=True).status_code == 200
    model = type(row)
    before = list(model._default_manager.values())
    for verb in ("add", "change", "delete"):
        response = client.post(_form_url(label, verb, row), {"post": "yes"})
        assert response.status_code in (200, 302, 403, 405), verb
    client.post(list_url(label), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert list(model._default_manager.values()) == before
