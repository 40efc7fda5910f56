"""Changes of what assignments look at price the sessions anew."""

from collections.abc import Callable
from decimal import Decimal

from django.test import Client
from django.urls import reverse

from chargebill.core.models import Job
from tests.assignments.conftest import World
from tests.assignments.pages import give, said
from tests.rows import sessions


def test_a_changed_group_prices_the_sessions_anew(client_of: Callable[[str], Client], world: World) -> None:
    sessions(1)
    client = client_of("Billing clerk")
    url = reverse("admin:memberships_customer_change", args=[world.anna.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    client.post(url, {**data, "groups": [world.residents.pk]})
    assert not Job.objects.filter(kind="price").exists()
    page = client.post(url, {**data, "groups": []}, follow=True)
    assert "priced anew, because the groups of Anna changed" in said(page)


def test_a_changed_rated_power_prices_anew_where_an_assignment_looks_at_it(
    client_of: Callable[[str], Client], world: World
) -> None:
    sessions(1)
    client = client_of("Billing clerk")
    url = reverse("admin:stations_connector_change", args=[world.slow.pk])
    data = {"evse": world.evse.pk, "number": "1", "standard": "", "power_type": "", "rated_kw": "43"}
    client.post(url, data)
    world.slow.refresh_from_db()
    assert world.slow.rated_kw == 43
    assert not Job.objects.filter(kind="price").exists()
    give(world, min_kw=Decimal(50))
    page = client.post(url, {**data, "rated_kw": "50"}, follow=True)
    assert "priced anew, because the rated kW of 50914-1 changed" in said(page)
