"""The list with its filters and files, and what boxes offer while somebody types."""

from datetime import date
from decimal import Decimal

from django.test import Client

from billing.models import Assignment
from memberships.models import Customer
from tests.assignments.conftest import World, make_world
from tests.assignments.pages import LIST, WHOLE, give, save


def test_the_list_is_filtered_and_goes_out_as_it_is_shown(manager: Client, world: World) -> None:
    everyone = give(world, valid_until=date(2026, 9, 1))
    annas = give(world, tariff=world.night, customer=world.anna, location=world.hub)
    group = give(world, group=world.residents, connector=world.fast, min_kw=Decimal(50), valid_from=date(2026, 9, 1))
    for query, expected in {
        "": {everyone, annas, group},
        "who=everyone": {everyone},
        "who=customer": {annas},
        "who=group": {group},
        "where=connector": {group},
        "where=location": {annas},
        "in_force_on=2026-08-31": {everyone, annas},
        "in_force_on=2026-09-01": {annas, group},
        "in_force_on=soon": {everyone, annas, group},
        f"tariff__id__exact={world.night.pk}": {annas},
        "q=Anna": {annas},
        "q=50914": {group},
    }.items():
        page = manager.get(f"{LIST}?{query}")
        assert set(page.context["cl"].result_list) == expected, query
    file = manager.post(f"{LIST}export/?who=customer", {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert file == [
        "company,tariff,token,customer,group,customer_kind,location,evse,connector,min_kw,max_kw,valid_from,valid_until",
        "Stadtwerke Nord,Night owl,,K1,,,HUB,,,,,,",
    ]
    file = manager.post(f"{LIST}export/?who=group", {"format": "csv"}).content.decode("utf-8-sig").splitlines()
    assert file[1] == "Stadtwerke Nord,Day,,,Residents,,,,50914-2,50,,2026-09-01,"
    assert manager.post(f"{LIST}export/", {"format": "xlsx"}).content.startswith(b"PK")
    assert manager.get(f"{LIST}import/").status_code == 403


def offered(client: Client, world: World, kind: str, typed: str) -> list[tuple[str, str]]:
    page = client.get(f"/prices/options/{kind}/", {"entity": world.entity.pk, "q": typed})
    return [(option["value"], option["label"]) for option in page.json()["options"]]


def test_what_is_offered_is_of_the_company_and_is_taken_as_it_is(manager: Client, world: World) -> None:
    make_world("Stadtwerke Süd")
    assert offered(manager, world, "connector", "50914") == [
        ("50914-1", "Lochee Hub · 22 kW"),
        ("50914-2", "Lochee Hub · 150 kW"),
    ]
    assert offered(manager, world, "connector", "50914-2") == [("50914-2", "Lochee Hub · 150 kW")]
    assert offered(manager, world, "connector", "chee") == offered(manager, world, "connector", "50914")
    assert offered(manager, world, "location", "loch") == [("HUB", "Lochee Hub")]
    assert offered(manager, world, "evse", "509") == [("50914", "Lochee Hub")]
    assert offered(manager, world, "customer", "nna") == [("K1 Anna", "Member")]
    assert offered(manager, world, "token", "04a") == [("04A1", "Anna")]
    assert offered(manager, world, "token", "") == []
    assert manager.get("/prices/options/tariff/").status_code == 404
    for entity in ("", "x", "-1", "9" * 30):
        assert manager.get("/prices/options/token/", {"entity": entity, "q": "0\x004"}).json() == {"options": []}


def test_two_customers_of_one_name_need_their_number(manager: Client, world: World) -> None:
    Customer.objects.create(entity=world.entity, name="Anna", number="K 2")
    page = manager.post(f"{LIST}add/", {**WHOLE, "tariff": world.day.pk, "who": "customer", "customer": "anna"})
    assert "Several are called “anna”." in page.context["form"].errors["customer"][0]
    save(manager, world, who="customer", customer="K 2 Anna")
    assert Assignment.objects.get().customer.number == "K 2"
