"""Assigning, changing, ending and deleting: what is refused, what is kept, and that a refusal changes nothing."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing.models import Assignment, Cdr, Chargeable
from billing.operations import assign, change_assignment, delete_assignment, end_assignment
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from stations.models import Session
from tests.assignments.conftest import AT, World, make_tariff, make_world
from tests.rows import documents, priced_sessions

AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)
FIFTY = Decimal(50)


def give(world: World, **terms: Any) -> Assignment:
    tariff = terms.pop("tariff", world.day)
    return assign(entity=world.entity, tariff=tariff, actor=None, at=AT, **terms)


def refused(code: str, where: str, do: Callable[[], Any]) -> str:
    """The sentence of a refusal; fails unless nothing at all was changed."""
    before = list(Assignment.objects.order_by("pk").values()), AuditEvent.objects.count()
    with pytest.raises(UserError) as caught:
        do()
    assert (list(Assignment.objects.order_by("pk").values()), AuditEvent.objects.count()) == before
    assert (caught.value.code, caught.value.where) == (code, where)
    return caught.value.message


def test_an_assignment_is_kept_with_who_gave_it_and_in_words(world: World) -> None:
    made = give(world, group=world.residents, location=world.hub, min_kw=FIFTY, valid_from=AUGUST)
    stored = Assignment.objects.get()
    assert (stored.pk, stored.group, stored.location, stored.min_kw, stored.valid_from) == (
        made.pk,
        world.residents,
        world.hub,
        FIFTY,
        AUGUST,
    )
    event = AuditEvent.objects.get()
    assert (event.action, event.entity, event.at) == ("assignment.add", world.entity, AT)
    assert event.summary == ("“Day” applies to members of group Residents at Lochee Hub, connectors from 50 kW, since 1 Aug 2026")
    assert event.changes == {
        "tariff": [None, "Day"],
        "group": [None, "Residents"],
        "location": [None, "Lochee Hub"],
        "min_kw": [None, "50"],
        "valid_from": [None, "2026-08-01"],
    }


def test_another_for_the_same_who_and_where_at_the_same_time_is_refused_and_named(world: World) -> None:
    first = give(world, location=world.hub, valid_from=AUGUST, valid_until=SEPTEMBER)
    said = refused("assignment_overlap", f"assignment {first.pk}", lambda: give(world, tariff=world.night, location=world.hub))
    assert said.startswith("“Day” applies to everyone at Lochee Hub, from 1 Aug 2026 until 31 Aug 2026.")
    # Of the same tariff too: one of the two would be there for nothing.
    refused("assignment_overlap", f"assignment {first.pk}", lambda: give(world, location=world.hub, valid_from=AUGUST))


@pytest.mark.parametrize(
    "terms",
    [
        {"valid_from": SEPTEMBER},
        {"valid_until": AUGUST},
        {"valid_from": AUGUST, "valid_until": SEPTEMBER, "min_kw": FIFTY},
        {"valid_from": AUGUST, "customer_kind": "MEMBER"},
        {"valid_from": AUGUST, "who": "anna"},
        {"valid_from": AUGUST, "where": "evse"},
        {"valid_from": AUGUST, "where": None},
    ],
    ids=["later", "earlier", "a band", "a kind", "a customer", "an EVSE", "everywhere"],
)
def test_what_differs_in_days_power_who_or_where_stands_beside_it(world: World, terms: dict[str, Any]) -> None:
    give(world, location=world.hub, valid_from=AUGUST, valid_until=SEPTEMBER)
    where = terms.pop("where", "location")
    named = {"location": world.hub, "evse": world.evse}.get(where)
    if terms.pop("who", ""):
        terms["customer"] = world.anna
    give(world, tariff=world.night, **({where: named} if where else {}), **terms)
    assert Assignment.objects.count() == 2


@pytest.mark.parametrize(
    ("low", "high", "clash"),
    [(None, 50, False), (None, 51, True), (149, None, True), (150, None, False), (60, 70, True), (10, 500, True)],
)
def test_bands_meet_where_some_rated_power_is_in_both(world: World, low: int | None, high: int | None, clash: bool) -> None:
    give(world, min_kw=FIFTY, max_kw=Decimal(150))
    band = {name: None if kw is None else Decimal(kw) for name, kw in (("min_kw", low), ("max_kw", high))}
    if clash:
        refused(
            "assignment_overlap", f"assignment {Assignment.objects.get().pk}", lambda: give(world, tariff=world.night, **band)
        )
    else:
        give(world, tariff=world.night, **band)


def test_who_where_and_tariff_belong_to_the_company(world: World) -> None:
    other = make_world("Stadtwerke Süd")
    for name, theirs in {
        "tariff": other.day,
        "token": other.card,
        "customer": other.anna,
        "group": other.residents,
        "connector": other.slow,
        "evse": other.evse,
        "location": other.hub,
    }.items():
        assert "belongs to another company" in refused(
            "other_company", name, lambda name=name, theirs=theirs: give(world, **{name: theirs})
        )


def test_terms_that_make_no_sense_are_refused(world: World) -> None:
    refused("several_who", "customer", lambda: give(world, token=world.card, customer=world.anna))
    refused("several_who", "customer_kind", lambda: give(world, group=world.residents, customer_kind="MEMBER"))
    refused("several_where", "location", lambda: give(world, connector=world.slow, location=world.hub))
    refused("customer_kind", "customer_kind", lambda: give(world, customer_kind="FRIEND"))
    refused("band", "max_kw", lambda: give(world, min_kw=FIFTY, max_kw=FIFTY))
    refused("band", "min_kw", lambda: give(world, min_kw=Decimal(0)))
    refused("band", "min_kw", lambda: give(world, min_kw=Decimal("NaN")))
    refused("band", "max_kw", lambda: give(world, max_kw=Decimal("22.005")))
    refused("dates", "valid_until", lambda: give(world, valid_from=AUGUST, valid_until=AUGUST))
    refused("dates", "valid_until", lambda: give(world, valid_from=SEPTEMBER, valid_until=AUGUST))


def used(world: World, assignment: Assignment) -> Session:
    """A session of 2 March 2026, 13:00 in Berlin, priced by an assignment."""
    session: Session = priced_sessions(1)[0]
    # Cdrs never change: this one is made anew with what it lacks.
    values = Cdr.objects.filter(session=session).values().get()
    values |= {"id": None, "version": 2, "assignment_id": assignment.pk}
    cdr = Cdr.objects.create(**values)
    Chargeable.objects.filter(pk=session.pk).update(cdr=cdr, state=Chargeable.State.READY)
    return session


def test_an_unused_one_is_changed_and_deleted(world: World) -> None:
    made = give(world, location=world.hub)
    change_assignment(assignment=made, tariff=world.night, actor=None, at=AT, evse=world.evse, max_kw=Decimal(22))
    made.refresh_from_db()
    assert (made.tariff, made.location, made.evse, made.max_kw) == (world.night, None, world.evse, Decimal(22))
    event = AuditEvent.objects.get(action="assignment.change")
    assert event.changes == {
        "tariff": ["Day", "Night owl"],
        "evse": ["", "50914"],
        "location": ["Lochee Hub", ""],
        "max_kw": ["", "22"],
    }
    change_assignment(assignment=made, tariff=world.night, actor=None, at=AT, evse=world.evse, max_kw=Decimal("22.00"))
    assert AuditEvent.objects.filter(action="assignment.change").count() == 1

    delete_assignment(assignment=made, reason="Entered twice", actor=None, at=AT)
    assert not Assignment.objects.exists()
    event = AuditEvent.objects.get(action="assignment.delete")
    assert (event.reason, event.changes["tariff"]) == ("Entered twice", ["Night owl", None])
    refused("assignment_gone", "", lambda: delete_assignment(assignment=made, reason="Again", actor=None, at=AT))


def test_a_change_can_bring_no_overlap_in(world: World) -> None:
    first, second = give(world), give(world, tariff=world.night, location=world.hub)
    refused(
        "assignment_overlap",
        f"assignment {first.pk}",
        lambda: change_assignment(assignment=second, tariff=world.night, actor=None, at=AT),
    )


def test_once_a_price_refers_to_it_only_its_end_may_change(world: World) -> None:
    made = give(world, location=world.hub)
    used(world, made)
    for change in ({"tariff": world.night, "location": world.hub}, {"tariff": world.day, "evse": world.evse}):
        refused("assignment_used", "", lambda change=change: change_assignment(assignment=made, actor=None, at=AT, **change))
    refused("assignment_used", "", lambda: delete_assignment(assignment=made, reason="Wrong", actor=None, at=AT))
    change_assignment(assignment=made, tariff=world.day, actor=None, at=AT, location=world.hub, valid_until=AUGUST)
    made.refresh_from_db()
    assert made.valid_until == AUGUST


def test_ending_is_kept_with_its_reason_and_opening_again_meets_what_came_after(world: World) -> None:
    made = give(world)
    end_assignment(assignment=made, valid_until=SEPTEMBER, reason="Prices rise", actor=None, at=AT)
    made.refresh_from_db()
    assert made.valid_until == SEPTEMBER
    event = AuditEvent.objects.get(action="assignment.end")
    assert (event.reason, event.changes) == ("Prices rise", {"valid_until": ["", "2026-09-01"]})
    assert event.summary == "Ended: “Day” applies to everyone at every place of Stadtwerke Nord, until 31 Aug 2026"

    after = give(world, tariff=world.night, valid_from=SEPTEMBER)
    for day in (None, OCTOBER):
        refused(
            "assignment_overlap",
            f"assignment {after.pk}",
            lambda day=day: end_assignment(assignment=made, valid_until=day, reason="Back", actor=None, at=AT),
        )
    refused("dates", "valid_until", lambda: end_assignment(assignment=after, valid_until=AUGUST, reason="x", actor=None, at=AT))
    # Taken back before it began: it then applies on no day and is in nobody's way.
    end_assignment(assignment=after, valid_until=SEPTEMBER, reason="Taken back", actor=None, at=AT)
    end_assignment(assignment=made, valid_until=None, reason="Back", actor=None, at=AT)
    assert AuditEvent.objects.filter(action="assignment.end").count() == 3


def test_before_documents_an_end_may_take_priced_sessions_out_and_afterwards_not(world: World) -> None:
    made = give(world)
    used(world, made)
    end_assignment(assignment=made, valid_until=date(2026, 3, 2), reason="Mistake", actor=None, at=AT)
    end_assignment(assignment=made, valid_until=None, reason="Back", actor=None, at=AT)
    documents(1, entity=made.entity)
    said = refused(
        "assignment_documented",
        "valid_until",
        lambda: end_assignment(assignment=made, valid_until=date(2026, 3, 2), reason="Mistake", actor=None, at=AT),
    )
    assert "A session of 2 Mar 2026 was priced by it" in said
    end_assignment(assignment=made, valid_until=date(2026, 3, 3), reason="From the day after", actor=None, at=AT)


def test_the_day_of_a_priced_session_is_the_places_own(world: World) -> None:
    made = give(world)
    session = used(world, made)
    documents(1, entity=made.entity)
    # 23:30 UTC on the 2nd is already the 3rd in Berlin.
    Session.objects.filter(pk=session.pk).update(started_at=datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    refused(
        "assignment_documented",
        "valid_until",
        lambda: end_assignment(assignment=made, valid_until=date(2026, 3, 3), reason="x", actor=None, at=AT),
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_savings_at_once_one_is_refused() -> None:
    world = make_world()
    others = [make_tariff(world.entity, f"Tariff {n}", "0.5") for n in range(4)]
    for round_ in range(5):
        start, said = threading.Barrier(len(others)), []

        def run(tariff: Any, day: date, start: threading.Barrier = start, said: list[str] = said) -> None:
            try:
                start.wait()
                assign(entity=world.entity, tariff=tariff, actor=None, at=AT, valid_from=day, valid_until=day.replace(day=28))
                said.append("saved")
            except UserError as error:
                said.append(error.code)
            except Exception as error:
                said.append(repr(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(tariff, date(2026, 1 + round_, 1))) for tariff in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == ["assignment_overlap"] * 3 + ["saved"]
        assert Assignment.objects.count() == round_ + 1
