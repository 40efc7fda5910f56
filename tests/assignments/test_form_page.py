"""The form in plain words, ending and deleting, and who may."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Assignment
from chargebill.core.models import AuditEvent, Job
from memberships.models import Token
from stations.models import Connector
from tests.assignments.conftest import World, make_world
from tests.assignments.pages import LIST, WHOLE, give, said, save, text
from tests.rows import sessions


def test_what_is_said_in_words_is_what_is_saved(manager: Client, world: World) -> None:
    page = save(
        manager,
        world,
        who="customer",
        customer="K1 Anna",
        where="location",
        location="Lochee Hub",
        power="band",
        min_kw="50",
        max_kw="150,5",
        first_day="2026-08-01",
        last_day="2026-08-31",
    )
    assert "“Day” applies to customer Anna at Lochee Hub, connectors from 50 to below 150.5 kW, from 1 Aug 2026" in said(page)
    made = Assignment.objects.get()
    assert (made.customer, made.location, made.min_kw, made.max_kw, made.valid_from, made.valid_until) == (
        world.anna,
        world.hub,
        Decimal(50),
        Decimal("150.5"),
        date(2026, 8, 1),
        date(2026, 9, 1),
    )
    assert made.created_by is not None
    assert AuditEvent.objects.get(action="assignment.add").actor == made.created_by


def test_fields_of_other_choices_are_left_out_whatever_is_in_them(manager: Client, world: World) -> None:
    save(manager, world, who="token", token="04a1", customer="nobody", where="connector", connector="50914-2", location="?")
    made = Assignment.objects.get()
    assert (made.token, made.customer, made.connector, made.location) == (world.card, None, world.fast, None)


@pytest.mark.parametrize(
    ("other", "field", "sentence"),
    [
        ({"tariff": ""}, "tariff", "This field is required."),
        ({"who": "customer"}, "customer", "Say which customer."),
        ({"who": "group"}, "group", "Say which group."),
        ({"where": "evse"}, "evse", "Say which EVSE."),
        ({"where": "connector", "connector": "50914-7"}, "connector", "Stadtwerke Nord has no connector “50914-7”."),
        ({"who": "token", "token": "SUED"}, "token", "Stadtwerke Nord has no token “SUED”."),
        ({"power": "band"}, "min_kw", "Give at least one of the two bounds, above 0."),
        ({"power": "band", "min_kw": "fast"}, "min_kw", "This is no number. Write it like 50."),
        ({"power": "band", "min_kw": "50", "max_kw": "50"}, "max_kw", "No connector has 50 kW and more, but less than 50 kW."),
        ({"first_day": "2026-08-32"}, "first_day", "This is no date. Write it like 2026-09-01."),
        ({"first_day": "0026-08-01"}, "first_day", "No session starts in 26. Check the year."),
        ({"last_day": "9999-12-31"}, "last_day", "No session starts in 9999. Check the year."),
        ({"first_day": "2026-08-02", "last_day": "2026-08-01"}, "last_day", "The last day is before the first."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    manager: Client, world: World, other: dict[str, str], field: str, sentence: str
) -> None:
    Token.objects.create(entity=make_world("Stadtwerke Süd").entity, uid="SUED")
    page = manager.post(f"{LIST}add/?entity={world.entity.pk}", {**WHOLE, "tariff": world.day.pk, **other})
    assert page.status_code == 200
    assert sentence in " ".join(page.context["form"].errors[field])
    assert not Assignment.objects.exists()


def test_an_overlap_is_said_with_the_other_one_already_before_saving(manager: Client, world: World) -> None:
    other = give(world)
    data = {**WHOLE, "tariff": world.night.pk}
    preview = manager.post(f"{LIST}preview/?entity={world.entity.pk}", data)
    assert preview.context["preview"].in_the_way == ((other.pk, "“Day” applies to everyone at every place of Stadtwerke Nord"),)
    page = manager.post(f"{LIST}add/", data)
    assert "Both would apply to the same sessions" in " ".join(page.context["form"].non_field_errors())
    assert Assignment.objects.count() == 1


def test_the_preview_counts_connectors_and_those_a_range_can_not_fit(manager: Client, world: World) -> None:
    Connector.objects.create(evse=world.evse, number="3")
    data = {**WHOLE, "tariff": world.day.pk, "power": "band", "min_kw": "50"}
    preview = manager.post(f"{LIST}preview/?entity={world.entity.pk}", data).context["preview"]
    assert (preview.connectors, preview.unknown_power) == (1, 1)
    assert not Assignment.objects.exists()


def test_saving_prices_the_companys_sessions_anew(manager: Client, world: World) -> None:
    save(manager, world)
    assert not Job.objects.filter(kind="price").exists()
    sessions(2)
    page = save(manager, world, where="location", location="HUB")
    assert "The sessions of Stadtwerke Nord are priced anew, because a tariff was assigned." in said(page)
    assert Job.objects.filter(kind="price").count() == 1


def test_an_unused_one_opens_as_it_was_saved_and_saves_unchanged(manager: Client, world: World) -> None:
    made = give(world, token=world.card, connector=world.fast, max_kw=Decimal(350), valid_until=date(2027, 1, 1))
    url = f"{LIST}{made.pk}/change/"
    form = manager.get(url).context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None else value for name, value in data.items()}
    before = Assignment.objects.values().get()
    manager.post(url, data)
    assert Assignment.objects.values().get() == before
    assert not AuditEvent.objects.filter(action="assignment.change").exists()
    manager.post(url, {**data, "who": "customer_kind", "customer_kind": "MEMBER"})
    made.refresh_from_db()
    assert (made.token, made.customer_kind, made.connector) == (None, "MEMBER", world.fast)


def test_several_companies_are_asked_about_first(manager: Client, world: World) -> None:
    sued = make_world("Stadtwerke Süd")
    assert [company.name for company in manager.get(f"{LIST}add/").context["companies"]] == ["Stadtwerke Nord", "Stadtwerke Süd"]
    page = manager.get(f"{LIST}add/?entity={sued.entity.pk}")
    assert set(page.context["form"].fields["tariff"].queryset) == {sued.day, sued.night}


def test_ending_takes_a_reason_and_the_last_day(manager: Client, world: World) -> None:
    made = give(world, valid_from=date(2026, 8, 1))
    url = reverse("admin:billing_assignment_end", args=[made.pk])
    assert manager.post(url, {"last_day": "2026-08-31", "reason": " "}).context["form"].errors["reason"] == ["Say why."]
    wrong = manager.post(url, {"last_day": "2026-06-01", "reason": "x"}).context["form"].errors["last_day"]
    assert wrong == ["It would end before its first day, 1 Aug 2026. Nothing was saved."]
    page = manager.post(url, {"last_day": "2026-08-31", "reason": "New prices"}, follow=True)
    assert "from 1 Aug 2026 until 31 Aug 2026. Saved." in said(page)
    made.refresh_from_db()
    assert made.valid_until == date(2026, 9, 1)
    assert AuditEvent.objects.get(action="assignment.end").reason == "New prices"


def test_deleting_takes_a_reason(manager: Client, world: World) -> None:
    made = give(world)
    url = reverse("admin:billing_assignment_delete", args=[made.pk])
    manager.post(url, {"reason": ""})
    assert Assignment.objects.exists()
    manager.post(url, {"reason": "Entered twice"})
    assert not Assignment.objects.exists()
    assert AuditEvent.objects.get(action="assignment.delete").reason == "Entered twice"


@pytest.mark.parametrize("role", ["Auditor", "Billing clerk", "Finance"])
def test_other_roles_read_and_change_nothing(client_of: Callable[[str], Client], world: World, role: str) -> None:
    made, client = give(world), client_of(role)
    assert "“Day” applies to everyone" in text(client.get(f"{LIST}{made.pk}/change/"))
    for url in (
        f"{LIST}add/",
        f"{LIST}{made.pk}/change/",
        f"{LIST}{made.pk}/end/",
        f"{LIST}{made.pk}/delete/",
        f"{LIST}preview/",
    ):
        assert client.post(url, {**WHOLE, "tariff": world.day.pk, "reason": "x"}).status_code == 403, url
    assert client.get(f"{LIST}{made.pk}/end/").status_code == 403
    assert Assignment.objects.values_list("valid_until").get() == (None,)


def test_the_analyst_does_not_see_who_has_a_price_of_their_own(client_of: Callable[[str], Client], world: World) -> None:
    give(world, customer=world.anna)
    client = client_of("Analyst")
    for url in (LIST, "/prices/which/", "/prices/missing/", "/prices/options/customer/?q=An"):
        assert client.get(url).status_code == 403
