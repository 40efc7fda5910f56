"""Connectors without a price and contradictions, as a page."""

from decimal import Decimal

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from memberships.models import CustomerGroup
from stations.models import Connector, Evse, Location
from tests.assignments.conftest import World
from tests.assignments.pages import give, text
from tests.rows import connectors


def test_connectors_without_a_price_are_listed_with_who_and_why(manager: Client, world: World) -> None:
    Connector.objects.create(evse=world.evse, number="3")
    give(world, customer_kind="MEMBER")
    give(world, min_kw=Decimal(50))
    page = manager.get("/prices/missing/")
    assert [(str(gap.connector), gap.who, gap.why) for gap in page.context["gaps"]] == [
        ("50914-1", "ad hoc drivers", "No assignment fits."),
        (
            "50914-3",
            "ad hoc drivers",
            "No assignment fits; those for a power band can’t, because nobody entered its rated power.",
        ),
    ]
    assert (page.context["count"], page.context["for_nobody"], page.context["of_connectors"]) == (2, 0, 3)
    assert manager.get("/prices/missing/?q=509").context["gaps"]
    assert not manager.get("/prices/missing/?q=Elsewhere").context["gaps"]
    give(world)
    assert "Every connector has a price" in text(manager.get("/prices/missing/"))


def test_a_contradiction_is_listed_with_both_and_whom_it_concerns(manager: Client, world: World) -> None:
    fleet = CustomerGroup.objects.create(entity=world.entity, name="Fleet")
    world.anna.groups.add(fleet)
    give(world)
    first, second = (
        give(world, group=fleet, evse=world.evse),
        give(world, tariff=world.night, group=world.residents, evse=world.evse),
    )
    (conflict,) = manager.get("/prices/missing/").context["conflicts"]
    assert [pk for pk, _ in conflict.assignments] == [first.pk, second.pk]
    assert (conflict.customers, conflict.names, conflict.connectors) == (1, ("Anna",), 2)


def test_four_thousand_connectors_take_as_many_queries_as_ten(manager: Client, world: World) -> None:
    connectors(10)
    counts = []
    for many in (0, 4000):
        places = [Location(entity=world.entity, code=f"P{n}", name=f"P{n}") for n in range(many // 10)]
        Location.objects.bulk_create(places)
        evses = [Evse(entity=world.entity, location=places[n % len(places)], uid=f"V{n}") for n in range(many)]
        Evse.objects.bulk_create(evses)
        Connector.objects.bulk_create(Connector(evse=evse, number="1") for evse in evses)
        if not many:
            give(world, min_kw=Decimal(50))
        with CaptureQueriesContext(connection) as queries:
            page = manager.get("/prices/missing/")
        counts.append(len(queries))
        assert page.context["count"] == many + 9
        assert len(page.content) < 150_000
    assert counts[0] == counts[1] <= 22
