"""Which price? One answer with its reason, and why everything else is not it."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from memberships.models import Customer, CustomerGroup
from tests.assignments.conftest import World
from tests.assignments.pages import LIST, give


def asked(client: Client, **query: Any) -> Any:
    return client.get("/prices/which/", query)


def test_the_price_the_reason_and_why_the_others_lose(manager: Client, world: World) -> None:
    give(world, tariff=world.night)
    give(world, location=world.hub)
    give(world, tariff=world.night, customer_kind="MEMBER", max_kw=Decimal(50))
    give(world, tariff=world.night, group=world.residents, valid_from=date(2030, 1, 1))
    give(world, token=world.card, valid_until=date(2026, 8, 1))
    give(world, customer=Customer.objects.create(entity=world.entity, name="Ben"))
    answer = asked(manager, connector="50914-2", token="04A1", day="2026-08-01", at="00:30").context["answer"]
    assert answer.sentences == ("Energy: 0.59 EUR per kWh.", "Prices include tax.")
    assert answer.because == "“Day” v1 applies to everyone at Lochee Hub (no closer rule for this member)"
    assert [(line.verdict, line.why) for line, _, _ in answer.lines] == [
        ("over", "It ended with 31 Jul 2026."),
        ("not_yet", "It begins on 1 Jan 2030."),
        ("power", "This connector is rated 150 kW."),
        ("applies", "It is the closest one that fits."),
        ("other_where", "A rule for this place comes before one for every place."),
    ]
    assert answer.others == 1
    # The day before in Berlin, although it is the same evening in UTC.
    answer = asked(manager, connector="50914-2", token="04A1", day="2026-07-31", at="23:30").context["answer"]
    assert (
        answer.because
        == "“Day” v1 applies to token 04A1 at every place of Stadtwerke Nord, until 31 Jul 2026 (no closer rule for this member)"
    )
    answer = asked(manager, connector="50914-1", day="2026-08-01").context["answer"]
    assert answer.driver.name == "Somebody nobody knows: ad hoc"
    assert answer.because.endswith("(no closer rule for this driver)")


def test_without_an_assignment_or_with_a_contradiction_there_is_no_price_and_it_says_what_to_do(
    manager: Client, world: World
) -> None:
    page = asked(manager, connector="50914-1")
    assert page.context["answer"].problem == "No assignment fits this driver at this connector on this day."
    assert f"{LIST}add/?entity={world.entity.pk}&amp;connector=50914-1" in page.content.decode()
    fleet = CustomerGroup.objects.create(entity=world.entity, name="Fleet")
    world.anna.groups.add(fleet)
    give(world, group=fleet)
    give(world, tariff=world.night, group=world.residents)
    answer = asked(manager, connector="50914-1", customer="K1").context["answer"]
    assert answer.problem.startswith("2 assignments are equally close and name different tariffs.")
    assert {line.verdict for line, _, _ in answer.lines} == {"conflict"}


def test_a_question_that_can_not_be_read_is_said_at_its_field(manager: Client, world: World) -> None:
    form = asked(manager, connector="50914-9", token="04A1", customer="Anna", day="2026-02-30", at="25:00").context["form"]
    assert set(form.errors) == {"connector", "customer", "day", "at"}
    assert asked(manager, connector="").context["form"].errors["connector"] == ["Say at which connector."]
    assert asked(manager, connector="50914-1", day="0001-01-01").context["form"].errors["day"]
    assert asked(manager, connector="a\x00b").status_code == 200
    assert asked(manager, connector="50914-1", entity="x" * 50).status_code == 200


def test_it_takes_the_same_queries_whatever_the_number_of_assignments(manager: Client, world: World) -> None:
    counts = []
    for day in range(1, 28):
        give(world, valid_from=date(2026, 8, day), valid_until=date(2026, 8, day + 1))
        if day in (3, 27):
            with CaptureQueriesContext(connection) as queries:
                assert asked(manager, connector="50914-1", token="04A1", day="2026-08-02").context["answer"].version
            counts.append(len(queries))
    assert counts[0] == counts[1] <= 26
