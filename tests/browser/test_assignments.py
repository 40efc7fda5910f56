"""Assignments as a person sees and uses them: assigned by hand, asked about, ended; every page checked by axe."""

from decimal import Decimal

from django.urls import reverse

from billing.models import Assignment
from billing.operations import assign
from memberships.models import CustomerGroup
from stations.models import Connector
from tests.assignments.conftest import AT, World, make_world
from tests.browser.conftest import every_look


def conflicting(world: World) -> Assignment:
    """Everyone pays Day, Anna is in two groups that pay different tariffs; the first of the two."""
    fleet = CustomerGroup.objects.create(entity=world.entity, name="Fleet")
    world.anna.groups.add(fleet)
    more = {"entity": world.entity, "actor": None, "at": AT}
    assign(tariff=world.day, **more)
    assign(tariff=world.night, group=fleet, location=world.hub, **more)
    return assign(tariff=world.day, group=world.residents, location=world.hub, **more)


@every_look
def test_a_tariff_is_assigned_in_plain_words(page, sign_in, check_access):
    sign_in("Pricing manager")
    world = make_world()
    page.goto(reverse("admin:billing_assignment_changelist"))
    check_access()
    page.get_by_role("link", name="Add assignment").first.click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Nothing was saved. Look at the marked fields.").wait_for()
    check_access()

    # What belongs to a choice appears once it is made.
    assert not page.get_by_label("Place", exact=True).is_visible()
    page.get_by_label("Tariff", exact=True).select_option(label="Night owl")
    page.get_by_label("At one place").check()
    page.get_by_label("Place", exact=True).fill("Loch")
    page.locator("#offered-location option[value=HUB]").wait_for(state="attached")
    page.get_by_label("Place", exact=True).fill("HUB")
    page.get_by_label("Only connectors rated in this range").check()
    page.get_by_label("From, kW").fill("50")
    page.locator("#preview").get_by_text("“Night owl” applies to everyone at Lochee Hub, connectors from 50 kW.").wait_for()
    page.locator("#preview").get_by_text("1 connector today.").wait_for()
    check_access()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("“Night owl” applies to everyone at Lochee Hub, connectors from 50 kW. Saved.").wait_for()
    check_access()
    made = Assignment.objects.get()
    assert (made.tariff, made.location, made.min_kw, made.valid_from) == (world.night, world.hub, Decimal(50), None)


@every_look
def test_which_price_is_asked_by_typing_and_answered_with_the_reason(page, sign_in, check_access):
    sign_in("Pricing manager")
    world = make_world()
    conflicting(world)
    page.goto(reverse("admin:which_price"))
    check_access()
    page.get_by_label("Connector", exact=True).fill("509")
    page.locator('#offered-connector option[value="50914-2"]').wait_for(state="attached")
    page.get_by_label("Connector", exact=True).fill("50914-2")
    page.get_by_label("Token", exact=True).press("Enter")
    page.get_by_role("heading", name="Day v1").wait_for()
    page.get_by_text("Energy: 0.59 EUR per kWh.").wait_for()
    because = "Because “Day” v1 applies to everyone at every place of Stadtwerke Nord (no closer rule for this driver)."
    page.get_by_text(because).wait_for()
    check_access()

    page.get_by_label("Token", exact=True).fill("04A1")
    page.get_by_role("button", name="Show the price").click()
    page.get_by_role("heading", name="No price").wait_for()
    page.get_by_text("2 assignments are equally close and name different tariffs.").wait_for()
    check_access()
    page.get_by_label("Connector", exact=True).fill("x")
    page.get_by_role("button", name="Show the price").click()
    page.get_by_text("Stadtwerke Nord has no connector “x”.").wait_for()
    check_access()


@every_look
def test_a_contradiction_is_found_and_ended(page, sign_in, check_access):
    sign_in("Pricing manager")
    world = make_world()
    first = conflicting(world)
    Connector.objects.create(evse=world.evse, number="3")
    page.goto(reverse("admin:no_price"))
    check_access()
    page.get_by_role("link", name="“Day” applies to members of group Residents at Lochee Hub").click()
    check_access()
    page.get_by_role("link", name="End it").click()
    page.get_by_role("button", name="Set the end").click()
    page.get_by_text("Say why.").wait_for()
    check_access()
    page.get_by_label("Last day").fill("2026-07-31")
    page.get_by_label("Why").fill("Replaced by Fleet")
    page.get_by_role("button", name="Set the end").click()
    page.get_by_text("at Lochee Hub, until 31 Jul 2026. Saved.").wait_for()
    page.goto(reverse("admin:no_price"))
    page.get_by_role("heading", name="Every connector has a price").wait_for()
    check_access()

    page.goto(reverse("admin:billing_assignment_delete", args=[first.pk]))
    check_access()
    page.get_by_label("Why").fill("Never used")
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("Deleted: “Day” applies to members of group Residents").wait_for()
    assert not Assignment.objects.filter(pk=first.pk).exists()


@every_look
def test_pages_without_anything_to_show_are_accessible(page, sign_in, check_access):
    sign_in("Pricing manager")
    for name in ("billing_assignment_changelist", "billing_assignment_add", "which_price", "no_price"):
        page.goto(reverse(f"admin:{name}"))
        check_access()
    make_world("Stadtwerke Nord")
    make_world("Stadtwerke Süd")
    for name in ("billing_assignment_add", "which_price", "no_price"):
        page.goto(reverse(f"admin:{name}"))
        check_access()
