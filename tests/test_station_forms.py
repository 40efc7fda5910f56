"""Forms and actions of places, EVSEs and connectors: what they keep, refuse and start."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chargebill.core.models import AuditEvent, Job, LegalEntity, User
from chargebill.pipeline import change_company_time_zone
from stations.models import Connector, Evse, Location
from tests.rows import NOON, company, connectors, locations, sessions


@pytest.fixture
def clerk(client: Client, staff: Callable[[str], User]) -> Client:
    client.force_login(staff("Billing clerk"))
    return client


def change_url(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def place_values(place: Location, **other: str) -> dict[str, str]:
    """What the form of an unchanged place posts."""
    names = ("name", "code", "address", "postal_code", "city", "country", "time_zone")
    inline = {"evses-TOTAL_FORMS": "0", "evses-INITIAL_FORMS": "0"}
    return {**{name: getattr(place, name) for name in names}, "latitude": "", "longitude": "", **inline, **other}


def errors(page: Any) -> list[str]:
    return [sentence for sentences in page.context["errors"] for sentence in sentences]


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def test_a_saved_place_keeps_an_event_with_old_and_new_values(clerk: Client) -> None:
    place = locations(1)[0]
    clerk.post(change_url(place), place_values(place, name="Hafen", country="dk", latitude="54.30"))
    place.refresh_from_db()
    assert (place.name, place.country, place.needs_review) == ("Hafen", "DK", False)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor.username, event.entity) == ("location.change", "billing-clerk", place.entity)
    assert event.summary == "Location Hafen: name, needs review, country and latitude changed"
    assert event.changes == {
        "name": ["Place 0", "Hafen"],
        "needs review": [True, False],
        "country": ["", "DK"],
        "latitude": [None, "54.3"],
    }


def test_saving_without_a_change_keeps_nothing(clerk: Client) -> None:
    place = locations(2)[1]
    clerk.post(change_url(place), place_values(place))
    assert not AuditEvent.objects.exists()


def test_the_history_of_a_place_is_its_events(clerk: Client) -> None:
    place = locations(1)[0]
    clerk.post(change_url(place), place_values(place, name="Hafen"))
    page = clerk.get(reverse("admin:stations_location_history", args=[place.pk])).content.decode()
    assert "Place 0" in page
    assert "Hafen" in page
    assert "billing-clerk" in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("time_zone", "Berlin", "'Berlin' is no IANA time zone. Use a name such as Europe/Berlin or America/New_York."),
        ("country", "Germany", "Use a two-letter ISO 3166 code such as DE."),
        ("code", "L1", "There is already a location with this code. Nothing was saved."),
        ("latitude", "north", "Enter a number."),
    ],
)
def test_wrong_input_is_refused_in_words_and_changes_nothing(clerk: Client, field: str, value: str, sentence: str) -> None:
    place = locations(2)[0]
    page = clerk.post(change_url(place), place_values(place, name="Hafen", **{field: value}))
    assert sentence in errors(page)
    place.refresh_from_db()
    assert place.name == "Place 0"
    assert not AuditEvent.objects.exists()


def test_a_zone_is_found_whatever_its_case(clerk: Client) -> None:
    place = locations(1)[0]
    clerk.post(change_url(place), place_values(place, time_zone="america/new york"))
    place.refresh_from_db()
    assert place.time_zone == "America/New_York"


def test_changing_the_zone_starts_one_job_and_says_so(clerk: Client) -> None:
    sessions(3)
    place = Location.objects.get(code="L0")
    page = clerk.post(change_url(place), place_values(place, time_zone="Europe/London"), follow=True)
    assert f"The local times of the sessions at {place} are worked out anew." in said(page)
    job = Job.objects.get(kind="time_zone")
    assert job.params == {"entity": place.entity_id, "location": place.pk}
    zones = AuditEvent.objects.filter(changes__time_zone=["Europe/Berlin", "Europe/London"])
    assert zones.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_changed_company_zone_moves_the_sessions_at_places_without_one(run_jobs: Callable[[], None]) -> None:
    (session,) = sessions(1)
    Location.objects.update(time_zone="")
    entity = company()
    # 12:00 UTC on a Monday is 13:00 in Berlin and 01:00 on Tuesday in Auckland.
    change_company_time_zone(entity=entity, time_zone="Pacific/Auckland", actor=None, at=NOON)
    run_jobs()
    session.refresh_from_db()
    assert (session.local_end_date.isoformat(), session.local_start_minute) == ("2026-03-03", 25 * 60)
    assert change_company_time_zone(entity=entity, time_zone="Pacific/Auckland", actor=None, at=NOON) is None


def test_a_place_stays_with_its_company(clerk: Client) -> None:
    place = locations(1)[0]
    other = LegalEntity.objects.create(name="Süd")
    clerk.post(change_url(place), place_values(place, entity=str(other.pk)))
    place.refresh_from_db()
    assert place.entity == company()


def test_an_evse_belongs_to_the_company_of_its_place(clerk: Client) -> None:
    place = locations(1)[0]
    plugs = {"connectors-TOTAL_FORMS": "1", "connectors-INITIAL_FORMS": "0", "connectors-0-number": "1"}
    clerk.post(reverse("admin:stations_evse_add"), {"location": place.pk, "uid": "50914", **plugs})
    evse = Evse.objects.get()
    assert (evse.entity, evse.connectors.get().number) == (place.entity, "1")
    event = AuditEvent.objects.get()
    assert event.changes == {
        "location": [None, "Place 0"],
        "UID": [None, "50914"],
        "Connector 50914-1: number": [None, "1"],
    }

    page = clerk.post(reverse("admin:stations_evse_add"), {"location": place.pk, "uid": "50914", **plugs})
    assert errors(page) == ["There is already an EVSE with this UID. Nothing was saved."]

    stranger = Location.objects.create(entity=LegalEntity.objects.create(name="Süd"), code="S", name="Süd 1")
    kept = {"connectors-TOTAL_FORMS": "0", "connectors-INITIAL_FORMS": "0"}
    page = clerk.post(change_url(evse), {"location": stranger.pk, "uid": "50914", **kept})
    assert errors(page) == ["Süd 1 belongs to Süd. An EVSE stays with its company."]


def test_marking_as_reviewed_is_one_operation_with_an_event_each(clerk: Client) -> None:
    rows = locations(4)
    data = {"action": "mark_as_reviewed", "_selected_action": [row.pk for row in rows]}
    page = clerk.post(reverse("admin:stations_location_changelist"), data, follow=True)
    # Every second place was waiting.
    assert "2 marked as reviewed." in said(page)
    assert not Location.objects.filter(needs_review=True).exists()
    assert list(AuditEvent.objects.order_by("object_id").values_list("action", "object_id", "changes")) == [
        ("location.review", str(row.pk), {"needs review": [True, False]}) for row in (rows[0], rows[2])
    ]
    page = clerk.post(reverse("admin:stations_location_changelist"), data, follow=True)
    assert "Nothing was waiting for review." in said(page)


@pytest.mark.parametrize("role", ["Auditor", "Finance", "Analyst"])
def test_who_may_only_look_has_no_action(client: Client, staff: Callable[[str], User], role: str) -> None:
    rows = connectors(2)
    client.force_login(staff(role))
    data = {"action": "mark_as_reviewed", "_selected_action": [row.pk for row in rows]}
    client.post(reverse("admin:stations_connector_changelist"), data)
    assert Connector.objects.filter(needs_review=True).count() == 1
    assert "mark_as_reviewed" not in client.get(reverse("admin:stations_connector_changelist")).content.decode()


def test_a_place_with_evses_is_not_deleted_and_the_page_says_why(client: Client, staff: Callable[[str], User]) -> None:
    connectors(1)
    place = Location.objects.get(code="L0")
    client.force_login(staff("Administrator"))
    assert reverse("admin:stations_location_delete", args=[place.pk]) not in client.get(change_url(place)).content.decode()
    page = client.post(reverse("admin:stations_location_delete", args=[place.pk]), {"post": "yes"}, follow=True)
    assert "Place 0 can't be deleted: EVSEs belong to it. Nothing was changed." in said(page)
    assert Location.objects.filter(pk=place.pk).exists()

    empty = Location.objects.create(entity=company(), code="EMPTY", name="Empty")
    assert reverse("admin:stations_location_delete", args=[empty.pk]) in client.get(change_url(empty)).content.decode()
    client.post(reverse("admin:stations_location_delete", args=[empty.pk]), {"post": "yes"})
    assert not Location.objects.filter(pk=empty.pk).exists()
    assert AuditEvent.objects.get(action="location.delete").changes["code"] == ["EMPTY", None]


def test_there_is_no_way_to_delete_many_at_once(client: Client, staff: Callable[[str], User]) -> None:
    rows = [Location.objects.create(entity=company(), code=str(n), name="Empty") for n in range(2)]
    client.force_login(staff("Administrator"))
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    client.post(reverse("admin:stations_location_changelist"), data)
    assert Location.objects.count() == 2


def test_filters_and_search_narrow_the_list(clerk: Client) -> None:
    locations(6)
    Location.objects.filter(code="L5").update(time_zone="Europe/London", city="Perth")
    listing = reverse("admin:stations_location_changelist")

    def shown(query: str) -> int:
        return clerk.get(listing + query).context["cl"].result_count

    assert shown("") == 6
    assert shown("?needs_review__exact=1") == 3
    assert shown("?time_zone__icontains=london") == 1
    assert shown("?q=perth") == 1
    assert shown(f"?entity__id__exact={company().pk}") == 6
    assert "No locations match" in clerk.get(listing + "?q=nowhere").content.decode()


def test_an_empty_list_offers_the_next_step(clerk: Client) -> None:
    page = clerk.get(reverse("admin:stations_location_changelist")).content.decode()
    assert "No locations yet" in page
    assert reverse("admin:stations_location_import") in page
