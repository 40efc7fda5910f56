"""Saved views and chosen columns of lists: kept per person, shared by name, and never more than the list itself shows."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from chargebill.core.admin import PortalAdmin
from chargebill.core.list_models import ListChoice, SavedView
from chargebill.core.models import AuditEvent, User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, BILLING_CLERK, FINANCE
from chargebill.core.saved_views import MOST_VIEWS, plain_query
from chargebill.portal import sessions
from stations.models import Location
from tests.rows import BUILDERS
from tests.test_lists import list_url

WITH_VIEWS = sorted(
    model._meta.label for model, one in admin.site._registry.items() if isinstance(one, PortalAdmin) and one.has_saved_views
)
PLACES, SESSIONS = "stations.location", "stations.session"

Of = Callable[[str], Client]


def save(client: Client, listing: str = SESSIONS, name: str = "Mine", query: str = "", **more: Any) -> Any:
    data = {"name": name, "query": query, "column": ["number", "place", "price"], **more}
    return client.post(reverse("admin:view_new", args=[listing]), data)


def saved(client: Client, listing: str = SESSIONS, name: str = "Mine", query: str = "", **more: Any) -> SavedView:
    response = save(client, listing, name, query, **more)
    assert response.status_code == 302, response.context["error"]
    return SavedView.objects.get(listing=listing, name=name)


def opened(client: Client, listing: str = SESSIONS, **query: Any) -> Any:
    response = client.get(list_url(listing), query, follow=True)
    assert response.status_code == 200
    return response


def names(page: Any) -> list[str]:
    return [tab.view.name for tab in page.context["personal"].tabs]


# Saving and opening


def test_a_view_keeps_filters_order_and_columns(client_of: Of) -> None:
    BUILDERS["stations.Session"](30)
    client = client_of(BILLING_CLERK)
    place = Location.objects.order_by("pk").first()
    assert place is not None
    response = save(client, query=f"sort=energy&q=&location={place.pk}&after=x~1&view=77&p=3", name="  Held   in\tKiel ")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Held in Kiel", f"location={place.pk}&sort=energy")
    assert response["Location"] == f"/stations/session/?location={place.pk}&sort=energy&view={view.pk}"
    page = client.get(response["Location"])
    assert page.context["personal"].shown == ("number", "place", "price")
    assert [column["name"] for column in page.context["columns"]] == ["number", "place", "price"]
    assert {session.location_id for session in page.context["page"].sessions} == {place.pk}
    assert 'data-col="evse"' not in page.content.decode()
    assert "Whole list" in page.content.decode()
    assert not page.context["personal"].is_changed


def test_links_of_an_open_view_stay_in_it(client_of: Of) -> None:
    BUILDERS["stations.Session"](120)
    client = client_of(BILLING_CLERK)
    view = saved(client, query="method=UNKNOWN", column=["number", "started", "place"])
    page = opened(client, method="UNKNOWN", view=view.pk)
    assert f"view={view.pk}" in page.context["older_url"]
    assert page.context["chips"] == [("Not stated", f"view={view.pk}")]
    (started,) = [column for column in page.context["columns"] if column["name"] == "started"]
    assert started["link"] == f"method=UNKNOWN&view={view.pk}&sort=started"
    assert f'<input type="hidden" name="view" value="{view.pk}">' in page.content.decode()
    changed = opened(client, view=view.pk).context["personal"]
    assert changed.is_changed
    assert changed.may_change


def test_a_view_is_brought_up_to_what_the_list_shows(client_of: Of) -> None:
    client = client_of(BILLING_CLERK)
    view = saved(client, query="mode=bill")
    update = {"query": "state=HELD&sort=-energy", "column": ["number", "state"]}
    response = client.post(reverse("admin:view_update", args=[view.pk]), update)
    view.refresh_from_db()
    assert (view.query, view.columns) == ("sort=-energy&state=HELD", ["number", "state"])
    assert response["Location"] == f"/stations/session/?sort=-energy&state=HELD&view={view.pk}"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (" \t ", "Give the view a name, such as “Held in Kiel”. Nothing was saved."),
        ("", "Give the view a name, such as “Held in Kiel”. Nothing was saved."),
        ("x" * 61, "This name has 61 characters; 60 fit above the list. Shorten it. Nothing was saved."),
        ("Mine", "You have a view “Mine” of this list already. Choose another name. Nothing was saved."),
        ("Theirs", "Somebody shares a view “Theirs” of this list already. Choose another name. Nothing was saved."),
    ],
)
def test_a_name_that_wont_do_is_said_with_what_was_typed(name: str, sentence: str, client_of: Of) -> None:
    client = client_of(BILLING_CLERK)
    saved(client)
    saved(client_of(FINANCE), name="Theirs", shared="on")
    page = save(client, name=name, query="mode=bill", shared="on")
    assert page.status_code == 200
    html = page.content.decode()
    assert sentence in html
    assert 'aria-describedby="name-error"' in html
    # Nothing that was asked for is lost.
    assert '<input type="hidden" name="query" value="mode=bill">' in html
    assert 'name="shared" checked' in html
    assert SavedView.objects.count() == 2


def test_the_same_name_may_be_everybodys_own(client_of: Of) -> None:
    for role in (BILLING_CLERK, FINANCE):
        save(client_of(role))
    assert SavedView.objects.filter(name="Mine").count() == 2
    # And on another list.
    save(client_of(FINANCE), PLACES)
    assert SavedView.objects.filter(name="Mine").count() == 3


def test_there_is_an_end_to_views_and_to_their_length(client_of: Of, staff: Callable[[str], User]) -> None:
    client = client_of(BILLING_CLERK)
    assert "too long to be kept" in save(client, query="q=" + "x" * 2001).content.decode()
    owner = staff(BILLING_CLERK)
    at = owner.date_joined
    SavedView.objects.bulk_create(SavedView(listing=SESSIONS, name=str(n), owner=owner, created_at=at) for n in range(MOST_VIEWS))
    assert f"You have {MOST_VIEWS} views of this list already" in save(client).content.decode()
    assert save(client, PLACES).status_code == 302


def test_a_query_means_the_same_in_any_order() -> None:
    assert plain_query("b=2&a=1&c=&a=0", without=("x",)) == plain_query("a=0&a=1&b=2&x=9", without=("x",)) == "a=0&a=1&b=2"


# Sharing


def test_only_shared_views_are_seen_by_others(client_of: Of) -> None:
    clerk, finance = client_of(BILLING_CLERK), client_of(FINANCE)
    saved(clerk, name="Own")
    shared = saved(clerk, name="For all", shared="on")
    assert names(opened(clerk)) == ["For all", "Own"]
    page = opened(finance)
    assert names(page) == ["For all"]
    assert "shared by billing-clerk" in page.content.decode()
    # Of somebody's own nothing is to be had, by its number either.
    own = SavedView.objects.get(name="Own")
    assert opened(finance, view=own.pk).context["personal"].current is None
    for url, data in (("view_edit", {"delete": "1"}), ("view_update", {"query": ""})):
        page = finance.post(reverse(f"admin:{url}", args=[own.pk]), data, follow=True)
        assert "This view is no longer there" in page.content.decode()
    assert SavedView.objects.count() == 2
    assert shared.is_shared


def test_a_shared_view_is_changed_by_its_owner_and_administrators_alone(client_of: Of) -> None:
    view = saved(client_of(BILLING_CLERK), shared="on")
    edit, update = reverse("admin:view_edit", args=[view.pk]), reverse("admin:view_update", args=[view.pk])
    finance = client_of(FINANCE)
    page = finance.get(edit)
    assert "Delete view" not in page.content.decode()
    assert 'name="name"' not in page.content.decode()
    assert "belongs to billing-clerk" in finance.post(edit, {"delete": "1"}).content.decode()
    assert "belongs to billing-clerk" in finance.post(update, {"query": "mode=bill"}, follow=True).content.decode()
    finance.post(edit, {"name": "Other", "shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.query) == ("Mine", "")
    chief = client_of(ADMINISTRATOR)
    assert chief.post(edit, {"name": "Everybody’s", "shared": "on"}).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.owner.username) == ("Everybody’s", "billing-clerk")
    assert chief.post(edit, {"delete": "1"})["Location"] == "/stations/session/?view=all"
    assert not SavedView.objects.exists()


def test_what_others_see_is_on_record_and_what_is_ones_own_is_not(client_of: Of) -> None:
    clerk = client_of(BILLING_CLERK)
    own = saved(clerk, name="Own")
    clerk.post(reverse("admin:view_edit", args=[own.pk]), {"delete": "1"})
    assert not AuditEvent.objects.exists()
    view = saved(clerk, shared="on")
    clerk.post(reverse("admin:view_edit", args=[view.pk]), {"name": "Other", "shared": "on"})
    clerk.post(reverse("admin:view_update", args=[view.pk]), {"query": "mode=bill", "column": ["number"]})
    clerk.post(reverse("admin:view_edit", args=[view.pk]), {"delete": "1"})
    events = list(AuditEvent.objects.order_by("pk").values_list("action", "changes"))
    assert events == [
        ("savedview.share", {}),
        ("savedview.change", {"name": ["Mine", "Other"]}),
        ("savedview.change", {"filters": ["", "mode=bill"], "columns": [["number", "place", "price"], ["number"]]}),
        ("savedview.delete", {}),
    ]


def test_a_view_taken_back_leaves_nothing_with_others(client_of: Of) -> None:
    clerk, finance = client_of(BILLING_CLERK), client_of(FINANCE)
    view = saved(clerk, query="mode=bill", shared="on")
    finance.post(reverse("admin:view_edit", args=[view.pk]), {"first": "on"})
    assert opened(finance).request["QUERY_STRING"] == f"mode=bill&view={view.pk}"
    clerk.post(reverse("admin:view_edit", args=[view.pk]), {"name": "Mine"})
    assert opened(finance).request["QUERY_STRING"] == ""
    assert not ListChoice.objects.filter(person__username="finance").exists()


@pytest.mark.parametrize("label", WITH_VIEWS)
def test_a_view_shows_no_list_to_whom_the_list_is_closed(
    label: str, client: Client, client_of: Of, django_user_model: Any
) -> None:
    BUILDERS[label](3)
    listing = label.lower()
    view = saved(client_of(ADMINISTRATOR), listing, shared="on")
    nobody = django_user_model.objects.create(username="nobody", is_staff=True)
    client.force_login(nobody)
    edit, update = reverse("admin:view_edit", args=[view.pk]), reverse("admin:view_update", args=[view.pk])
    assert client.get(list_url(label), {"view": view.pk}).status_code == 403
    assert client.get(edit).status_code == 403
    assert client.post(edit, {"first": "on"}).status_code == 403
    assert client.post(update).status_code == 403
    assert save(client, listing).status_code == 403
    assert client.post(reverse("admin:list_columns", args=[listing]), {"column": []}).status_code == 403
    assert SavedView.objects.count() == 1
    assert not ListChoice.objects.filter(person=nobody).exists()


def test_who_may_not_see_members_has_no_way_to_their_list(client_of: Of) -> None:
    saved(client_of(BILLING_CLERK), "memberships.customer", shared="on")
    view = SavedView.objects.get()
    assert client_of(ANALYST).get(reverse("admin:view_edit", args=[view.pk])).status_code == 403


@pytest.mark.parametrize("listing", ["stations.nothing", "nothing", "billing.tariff", "core.savedview", "stations.session.x"])
def test_there_are_no_views_of_what_is_no_list(listing: str, client_of: Of) -> None:
    assert save(client_of(ADMINISTRATOR), listing).status_code == 404


def test_forms_need_the_token_of_the_page(staff: Callable[[str], User]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff(BILLING_CLERK))
    assert save(client).status_code == 403
    assert client.get(reverse("admin:list_columns", args=[SESSIONS])).status_code == 405
    assert not SavedView.objects.exists()


# Opening first


def test_a_list_opens_with_the_view_a_person_wants_first(client_of: Of) -> None:
    client = client_of(BILLING_CLERK)
    first, other = saved(client, name="A", query="mode=bill"), saved(client, name="B", query="mode=history")
    for view in (other, first):
        client.post(reverse("admin:view_edit", args=[view.pk]), {"name": view.name, "first": "on"})
    assert client.get(list_url(SESSIONS))["Location"] == f"/stations/session/?mode=bill&view={first.pk}"
    # Whoever asks for something, or for all, gets that.
    assert opened(client, view="all").context["personal"].current is None
    assert opened(client, mode="collected").context["personal"].current is None
    # Others are not concerned.
    assert client_of(FINANCE).get(list_url(SESSIONS)).status_code == 200
    client.post(reverse("admin:view_edit", args=[first.pk]), {"name": "A"})
    assert client.get(list_url(SESSIONS)).status_code == 200


# Columns


def test_columns_are_kept_with_the_person_and_can_be_given_back(client_of: Of) -> None:
    BUILDERS["stations.Location"](3)
    client = client_of(BILLING_CLERK)
    usual = opened(client, PLACES).context["personal"].shown
    assert usual == ("name", "code", "entity", "city", "country", "time_zone", "evses", "review")
    columns = reverse("admin:list_columns", args=[PLACES])
    # The first leads to the row: it stays. What the list does not have is no column.
    client.post(columns, {"column": ["city", "password", "code"], "back": "q=Place"})
    page = opened(client_of(BILLING_CLERK), PLACES)
    assert page.context["personal"].shown == ("name", "code", "city")
    html = page.content.decode()
    assert "column-city" in html
    assert "column-country" not in html
    assert "field-country" not in html
    assert opened(client_of(FINANCE), PLACES).context["personal"].shown == usual
    response = client.post(columns, {"reset": "1", "back": "q=Place"})
    assert response["Location"] == "/stations/location/?q=Place"
    assert opened(client, PLACES).context["personal"].shown == usual


def test_columns_of_an_open_view_are_ones_own_until_the_view_is_brought_up(client_of: Of) -> None:
    clerk, finance = client_of(BILLING_CLERK), client_of(FINANCE)
    view = saved(clerk, shared="on")
    columns = reverse("admin:list_columns", args=[SESSIONS])
    finance.post(columns, {"view": view.pk, "column": ["state"]})
    assert opened(finance, view=view.pk).context["personal"].shown == ("number", "state")
    assert opened(clerk, view=view.pk).context["personal"].shown == ("number", "place", "price")
    assert len(opened(finance, view="all").context["personal"].shown) == 10
    finance.post(columns, {"view": view.pk, "reset": "1"})
    assert opened(finance, view=view.pk).context["personal"].shown == ("number", "place", "price")


@pytest.mark.parametrize("label", WITH_VIEWS)
def test_every_list_shows_the_columns_a_person_chose(label: str, client_of: Of) -> None:
    BUILDERS[label](3)
    client = client_of(ADMINISTRATOR)
    all_columns = opened(client, label).context["personal"].columns
    wanted = [column.name for column in all_columns][::2]
    client.post(reverse("admin:list_columns", args=[label.lower()]), {"column": wanted})
    page = opened(client, label)
    assert list(page.context["personal"].shown) == wanted
    html = page.content.decode()
    if "cl" in page.context and label != "billing.TaxRule":
        shown = [name for column in all_columns if (name := column.name) and f"column-{name}" in html]
        assert shown == wanted
    elif label != "billing.TaxRule":
        body = html.partition("<tbody>")[2]
        titles = {column.title for column in all_columns[1:] if column.name not in wanted}
        assert not [title for title in titles if f'data-label="{title}"' in body]


def test_more_can_be_shown_of_a_session_than_is_at_first(client_of: Of) -> None:
    BUILDERS["stations.Session"](3)
    client = client_of(BILLING_CLERK)
    client.post(reverse("admin:list_columns", args=[SESSIONS]), {"column": ["ended", "charging", "mode", "net"]})
    html = opened(client).content.decode()
    assert "2 Mar 2026 14:02" in html
    assert "EUR 5.00" in html
    assert "EUR 6.00" not in html


def test_exports_have_everything_or_the_columns_shown(client_of: Of) -> None:
    BUILDERS["stations.Session"](3)
    client = client_of(BILLING_CLERK)

    def header(**query: str) -> list[str]:
        response = client.get(reverse("admin:stations_session_export_csv"), query)
        return next(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))  # type: ignore[attr-defined]

    assert len(header()) == 42
    assert header(columns="shown")[:3] == ["session_id", "location", "evse"]
    view = saved(client, column=["number", "price", "started"])
    assert header(columns="shown", view=str(view.pk)) == ["session_id", "started_local", "time_zone", "gross", "currency"]
    assert len(header(view=str(view.pk))) == 42
    assert "columns=shown" in opened(client).content.decode()


# What a list no longer knows


def test_what_a_list_no_longer_knows_is_left_out_and_said(client_of: Of, staff: Callable[[str], User]) -> None:
    BUILDERS["stations.Location"](4)
    client, owner = client_of(BILLING_CLERK), staff(BILLING_CLERK)
    query = "evses__gone=3&gone__exact=1&needs_review__exact=1&o=-nothing.code&q=Place"
    view = SavedView.objects.create(
        listing=PLACES, name="Old", owner=owner, query=query, columns=["gone", "city"], created_at=owner.date_joined
    )
    page = client.get(f"{list_url(PLACES)}?{query}&view={view.pk}")
    assert page.status_code == 200
    personal = page.context["personal"]
    assert sorted(personal.left_out) == ["evses__gone", "gone__exact"]
    assert "asks for something this list no longer knows" in page.content.decode()
    assert personal.query == "needs_review__exact=1&o=code&q=Place"
    assert personal.shown == ("name", "city")
    assert [row.code for row in page.context["cl"].result_list] == ["L0", "L2"]
    client.post(reverse("admin:view_update", args=[view.pk]), {"query": personal.query, "column": personal.shown})
    view.refresh_from_db()
    assert not client.get(f"{list_url(PLACES)}?{view.query}&view={view.pk}").context["personal"].left_out
    # Without a view an address nobody can read is refused as ever.
    assert client.get(f"{list_url(PLACES)}?gone__exact=1")["Location"] == "/stations/location/?e=1"


@pytest.mark.parametrize("query", ["gone=1", "location=999999", "method=SHELLS&hour=900", "period=some_day", "sort=gone"])
def test_a_view_of_sessions_with_something_gone_still_opens(query: str, client_of: Of, staff: Callable[[str], User]) -> None:
    BUILDERS["stations.Session"](4)
    owner = staff(BILLING_CLERK)
    view = SavedView.objects.create(listing=SESSIONS, name="Old", owner=owner, query=query, created_at=owner.date_joined)
    page = client_of(BILLING_CLERK).get(f"{list_url(SESSIONS)}?{query}&view={view.pk}")
    assert page.context["page"].count == 4
    assert page.context["personal"].left_out
    assert page.context["personal"].is_changed


def test_an_order_too_many_sessions_match_for_stays_with_its_view(client_of: Of, monkeypatch: pytest.MonkeyPatch) -> None:
    BUILDERS["stations.Session"](12)
    monkeypatch.setattr(sessions, "COUNT_TO", 10)
    client = client_of(BILLING_CLERK)
    view = saved(client, query="sort=energy")
    page = client.get(f"{list_url(SESSIONS)}?sort=energy&view={view.pk}")
    assert page.context["page"].sort == "-started"
    assert not page.context["personal"].left_out
    assert not page.context["personal"].is_changed


def test_an_order_is_kept_by_the_name_of_its_column(client_of: Of) -> None:
    """Numbers count the check boxes only some people have, and move when a column is added."""
    BUILDERS["stations.Location"](5)
    clerk, analyst = client_of(BILLING_CLERK), client_of(ANALYST)
    page = opened(clerk, PLACES, o="-2")
    assert [row.code for row in page.context["cl"].result_list] == ["L4", "L3", "L2", "L1", "L0"]
    assert page.context["personal"].query == "o=-code"
    view = saved(clerk, PLACES, query=page.context["personal"].query, shared="on", column=["name", "city"])
    page = analyst.get(f"{list_url(PLACES)}?{view.query}&view={view.pk}")
    assert [row.code for row in page.context["cl"].result_list] == ["L4", "L3", "L2", "L1", "L0"]
    assert not page.context["personal"].is_changed
    # No check boxes here: the column has another number.
    assert list(page.context["cl"].get_ordering_field_columns()) == [1]


def test_a_popup_to_choose_a_row_stays_bare(client_of: Of) -> None:
    BUILDERS["stations.Location"](2)
    client = client_of(BILLING_CLERK)
    view = saved(client, PLACES, query="q=Place")
    client.post(reverse("admin:view_edit", args=[view.pk]), {"name": "Mine", "first": "on"})
    page = client.get(list_url(PLACES), {"_popup": "1"})
    assert page.status_code == 200
    assert "cb-listbar" not in page.content.decode()


def test_who_goes_takes_their_views_along(client_of: Of, staff: Callable[[str], User]) -> None:
    view = saved(client_of(BILLING_CLERK))
    client_of(BILLING_CLERK).post(reverse("admin:view_edit", args=[view.pk]), {"name": "Mine", "first": "on"})
    staff(BILLING_CLERK).delete()
    assert not SavedView.objects.exists()
    assert not ListChoice.objects.exists()
