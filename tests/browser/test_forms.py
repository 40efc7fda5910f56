"""Lists and forms of stations, members, tariffs, tax, company and people, as a person sees and uses them."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from memberships.models import Token
from stations.models import Location
from tests import rows
from tests.browser.conftest import every_look
from tests.tables import as_csv

CHANGED = (rows.locations, rows.evses, rows.connectors, rows.customers, rows.groups, rows.tokens, rows.prefixes, rows.tax_rules)
READ = (rows.statuses, rows.authorizations, rows.audit_events)


def name_of(row: object, verb: str) -> str:
    return f"admin:{row._meta.app_label}_{row._meta.model_name}_{verb}"


@every_look
def test_lists_forms_and_histories_are_accessible(page, sign_in, check_access):
    sign_in("Administrator")
    company = rows.company()
    made = [build(3)[0] for build in (*CHANGED, *READ)]
    addresses = [reverse(name_of(row, "changelist")) for row in made]
    addresses += [reverse(name_of(row, "change"), args=[row.pk]) for row in (*made, company)]
    addresses += [reverse(name_of(row, "add")) for row in made[: len(CHANGED)]]
    for address in addresses:
        page.goto(address)
        check_access()


@every_look
def test_the_pages_around_them_are_accessible(page, sign_in, check_access):
    user = sign_in("Administrator")
    token, place = rows.tokens(1)[0], rows.locations(1)[0]
    rows.tariffs(2)
    for address in (
        reverse("admin:memberships_token_block", args=[token.pk]),
        reverse("admin:stations_location_import"),
        reverse("admin:stations_location_export"),
        reverse("admin:stations_location_history", args=[place.pk]),
        reverse("admin:stations_location_changelist") + "?q=nowhere",
        reverse("admin:core_user_changelist"),
        reverse("admin:core_user_change", args=[user.pk]),
        reverse("admin:core_user_add"),
        reverse("admin:roles"),
        reverse("admin:core_legalentity_changelist"),
        reverse("admin:core_legalentity_add"),
        reverse("admin:billing_tariff_changelist"),
    ):
        page.goto(address)
        check_access()


@every_look
def test_a_table_is_looked_at_corrected_and_taken(page, sign_in, check_access, tmp_path: Path):
    sign_in("Billing clerk")
    rows.company()
    file = tmp_path / "places.csv"
    page.goto(reverse("admin:stations_location_changelist"))
    page.get_by_role("link", name="Import a file").click()

    file.write_bytes(as_csv(["code", "name", "time_zone"], ["HAFEN", "Hafen", "Berlin"]))
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="See what it would do").click()
    assert "places.csv was not imported: 1 thing is wrong. Nothing was changed." in page.get_by_role("alert").inner_text()
    check_access()

    file.write_bytes(as_csv(["code", "name", "time_zone"], ["HAFEN", "Hafen", "Europe/Berlin"]))
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="See what it would do").click()
    check_access()
    page.get_by_role("button", name="Import 1 row").click()
    page.get_by_text("places.csv imported: 1 new, 0 changed, 0 unchanged.").wait_for()
    assert Location.objects.get().time_zone == "Europe/Berlin"


def test_what_an_import_made_is_filtered_and_marked_as_reviewed(page, sign_in):
    sign_in("Billing clerk")
    rows.locations(4)
    page.goto(reverse("admin:stations_location_changelist"))
    page.get_by_text("Filters").first.click()
    page.locator("input[name=needs_review__exact][value='1']").check()
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url(re.compile("needs_review__exact=1"))
    assert page.locator("#result_list tbody tr").count() == 2

    page.locator("#action-toggle").check()
    page.select_option("select[name=action]", "mark_as_reviewed")
    page.get_by_role("button", name="Run").first.click()
    page.get_by_text("2 marked as reviewed.").wait_for()
    assert not Location.objects.filter(needs_review=True).exists()


def test_a_token_is_blocked_with_a_reason(page, sign_in):
    sign_in("Billing clerk")
    token = Token.objects.create(entity=rows.company(), uid="04A1")
    page.goto(reverse("admin:memberships_token_change", args=[token.pk]))
    page.get_by_role("link", name="Block").click()
    page.get_by_role("button", name="Block").click()
    page.get_by_text("This field is required.").wait_for()
    page.get_by_label("Why").fill("Card reported stolen")
    page.get_by_role("button", name="Block").click()
    page.get_by_text("Card reported stolen").wait_for()
    token.refresh_from_db()
    assert token.blocked_from is not None


@pytest.mark.parametrize("role", ["Auditor", "Analyst"])
def test_who_only_reads_is_offered_nothing_to_change(page, sign_in, role):
    sign_in(role)
    place = rows.locations(1)[0]
    page.goto(reverse("admin:stations_location_changelist"))
    assert page.get_by_role("link", name=re.compile("Add|Import")).filter(has_not_text="Imports").count() == 0
    assert page.get_by_role("link", name="Export", exact=True).count() == 1
    page.goto(reverse("admin:stations_location_change", args=[place.pk]))
    assert page.get_by_role("button", name="Save").count() == 0
