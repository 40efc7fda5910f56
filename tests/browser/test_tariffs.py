"""Tariffs as a pricing manager works with them: written, looked at, put right, activated, compared, handed out."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import Assignment, Tariff, TariffVersion
from billing.operations import import_tariff, save_draft, set_tariff, set_tax_rate
from billing.tariff_content import Content
from chargebill.core.exact_json import dumps
from chargebill.core.models import LegalEntity
from tests import rows
from tests.browser.conftest import every_look
from tests.tariffs.conftest import DAY, energy
from tests.tariffs.test_ocpi import NIGHT


@pytest.fixture
def nord(db: None) -> LegalEntity:
    entity = rows.company()
    set_tax_rate(entity=entity, rate=Decimal(19), code="DE19", valid_from=None, source="", actor=None, at=timezone.now())
    return entity


@pytest.fixture
def night(nord: LegalEntity) -> Tariff:
    """Three versions, one of them to come, and a draft with an error and a reservation."""
    now = timezone.now()
    for price, moment in (("0.59", None), ("0.55", now - 40 * DAY), ("0.52", now + 40 * DAY)):
        set_tariff(
            entity=nord,
            name="Night owl",
            currency="EUR",
            tax_included=True,
            start_fee=None,
            energy_per_kwh=Decimal(price),
            charging_per_minute=None,
            idle_per_minute=Decimal("0.1"),
            valid_from=moment,
            actor=None,
            at=now,
        )
    tariff = Tariff.objects.get()
    cheap = {"price_components": [{"type": "ENERGY", "price": "0.39", "step_size": 0}]}
    elements = [
        {**cheap, "restrictions": {"start_time": "22:00", "end_time": "06:30"}},
        {**cheap, "restrictions": {"min_kwh": "10", "max_kwh": "5"}},
        {"price_components": [{"type": "FLAT", "price": "2", "step_size": 1}], "restrictions": {"reservation": "RESERVATION"}},
        *energy("0.49").elements,
    ]
    content = Content(tax_included=True, elements=elements, min_price=Decimal("0.5"), grace_minutes=15)
    save_draft(tariff=tariff, content=content, actor=None, at=now)
    return tariff


@every_look
def test_every_page_of_a_tariff_is_accessible(
    page: Page, sign_in: Any, check_access: Any, nord: LegalEntity, night: Tariff
) -> None:
    sign_in("Pricing manager")
    partner = import_tariff(entity=nord, document=NIGHT, name="Partner", actor=None, at=timezone.now()).draft.tariff
    for address in (
        reverse("admin:billing_tariff_changelist"),
        reverse("admin:billing_tariff_add"),
        reverse("admin:billing_tariff_change", args=[night.pk]),
        reverse("admin:tariff_edit", args=[partner.pk]),
        reverse("admin:tariff_new", args=[nord.pk, "per_session"]),
        *(reverse(f"admin:tariff_{name}", args=[night.pk]) for name in ("edit", "activate", "end", "discard", "import_draft")),
        *(reverse(f"admin:tariff_{name}", args=[nord.pk]) for name in ("import", "tiers", "free_hours")),
        reverse("admin:tariff_export", args=[night.pk, 1, "2.2.1"]),
    ):
        page.goto(address)
        check_access()


@every_look
def test_a_day_and_night_tariff_with_an_idle_fee_is_written_put_right_and_activated(
    page: Page, sign_in: Any, check_access: Any, nord: LegalEntity
) -> None:
    sign_in("Pricing manager")
    page.goto(reverse("admin:billing_tariff_add"))
    page.get_by_role("link", name="Day and night").click()
    rules = page.locator("[data-rule]")
    expect(rules).to_have_count(2)
    night, day = rules.nth(0), rules.nth(1)
    night.get_by_label("Energy", exact=True).fill("-0.4")
    page.get_by_role("button", name="Save and activate").click()
    page.get_by_text("Nothing was saved. Look at the marked fields.").wait_for()
    expect(page.get_by_text("A price can't be negative.")).to_be_visible()
    expect(page.get_by_text("Say whether these prices include tax.")).to_be_visible()
    expect(page.get_by_text("This rule has no price.")).to_be_visible()
    check_access()
    assert not Tariff.objects.exists()

    page.get_by_label("These prices include tax").check()
    night.get_by_label("Energy", exact=True).fill("0.39")
    day.get_by_label("Energy", exact=True).fill("0,59")
    day.get_by_label("Idle time, connected after charging", exact=True).fill("0.10")
    # Beside it: in words, a typical session, the week. 25 kWh by day at 0.59.
    side = page.locator("#side")
    expect(side.get_by_text("0.39 EUR per kWh, 22:00-06:00; otherwise 0.59 EUR per kWh")).to_be_visible()
    expect(side.get_by_text("EUR 14.75")).to_be_visible()
    expect(side.get_by_role("img", name="Energy by weekday and hour")).to_be_visible()
    side.get_by_text("As a table").first.click()
    expect(side.get_by_role("cell", name="22:00–24:00")).to_be_visible()
    check_access()

    page.get_by_role("button", name="Save and activate").click()
    page.get_by_label("Since ever").check()
    expect(page.get_by_label("Give it to everyone at every place")).to_be_checked()
    check_access()
    page.get_by_role("button", name="Activate").click()
    page.get_by_text("Standard v1 is in force.").wait_for()
    check_access()
    version = TariffVersion.objects.get()
    assert (version.state, version.valid_from) == ("ACTIVE", None)
    assert version.elements == [
        {
            "price_components": [{"type": "ENERGY", "price": "0.39", "step_size": 0}],
            "restrictions": {"start_time": "22:00", "end_time": "06:00"},
        },
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.59", "step_size": 0},
                {"type": "PARKING_TIME", "price": "6", "step_size": 0},
            ]
        },
    ]
    assert Assignment.objects.get().tariff == version.tariff


def test_a_finding_shows_its_rule(page: Page, sign_in: Any, night: Tariff) -> None:
    sign_in("Pricing manager")
    page.goto(reverse("admin:tariff_edit", args=[night.pk]))
    expect(page.locator("#side").get_by_text("1 to correct before it can be activated")).to_be_visible()
    page.get_by_role("link", name=re.compile("Show me.*Rule 2 never applies")).click()
    assert page.evaluate("document.activeElement.id") == "rule-2"
    limits = page.locator("#rule-2 details").nth(1)
    assert limits.evaluate("details => details.open")

    # Put right, the finding goes.
    limits.get_by_label("to: Energy charged so far").fill("50")
    expect(page.locator("#side").get_by_text("to correct before")).to_have_count(0)


def test_rules_are_added_moved_and_removed_by_keyboard(page: Page, sign_in: Any, night: Tariff) -> None:
    sign_in("Pricing manager")
    page.goto(reverse("admin:tariff_edit", args=[night.pk]))
    prices = page.locator("[data-rule]:not(.cb-rule-kept) input[name$=price_ENERGY]")
    assert [field.input_value() for field in prices.all()] == ["0.39", "0.39", "0.49"]

    page.get_by_role("button", name="Add a rule").press("Enter")
    expect(page.get_by_role("group", name="Rule 5")).to_be_visible()
    # The focus is where one types next.
    page.keyboard.type("0.2")
    page.get_by_role("group", name="Rule 5").get_by_role("button", name="Move rule up").press("Enter")
    page.keyboard.press("Enter")
    added = page.get_by_role("group", name="Rule 3")
    assert added.get_by_label("Energy", exact=True).input_value() == "0.2"
    page.get_by_role("group", name="Rule 1").get_by_role("button", name="Remove rule").press("Enter")
    assert [field.input_value() for field in prices.all()] == ["0.39", "0.2", "0.49"]
    assert page.evaluate("document.activeElement.id") == "rule-2"

    page.get_by_role("button", name="Save draft").last.press("Enter")
    page.get_by_text("is saved as a draft.").wait_for()
    elements = TariffVersion.objects.get(state="DRAFT").elements
    assert [e["price_components"][0]["price"] for e in elements] == ["0.39", "0.2", "2", "0.49"]
    # The reservation is as it was.
    assert elements[2]["restrictions"] == {"reservation": "RESERVATION"}


def test_without_a_script_the_same_buttons_do(
    page: Page, sign_in: Any, nord: LegalEntity, browser: Any, live_server: Any
) -> None:
    sign_in("Pricing manager")
    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    plain.add_cookies(page.context.cookies())
    bare = plain.new_page()
    bare.goto(reverse("admin:tariff_new", args=[nord.pk, "per_kwh"]))
    bare.get_by_label("Energy", exact=True).fill("0.49")
    bare.get_by_role("button", name="Add a rule").click()
    assert bare.locator("fieldset[data-rule]").count() == 2
    assert bare.get_by_label("Energy", exact=True).first.input_value() == "0.49"
    plain.close()


@every_look
def test_two_versions_are_compared_and_one_goes_out_and_comes_in(
    page: Page, sign_in: Any, check_access: Any, night: Tariff, tmp_path: Any
) -> None:
    sign_in("Pricing manager")
    page.goto(reverse("admin:billing_tariff_change", args=[night.pk]))
    expect(page.get_by_text("no session yet").first).to_be_visible()
    page.get_by_label("From", exact=True).select_option("1")
    page.get_by_label("to", exact=True).select_option("3")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="From v1 to v3")).to_be_visible()
    expect(page.locator(".cb-differences")).to_contain_text("was 0.59 EUR per kWh → is 0.52 EUR per kWh")
    check_access()

    page.get_by_role("link", name="OCPI 2.3.0 of v1", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "night-owl-v1-ocpi-2.3.0.json"

    page.goto(reverse("admin:tariff_import", args=[night.entity_id]))
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"currency": "EUR"}')
    page.set_input_files("input[type=file]", wrong)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("There is no list of elements")
    check_access()
    right = tmp_path / "right.json"
    right.write_text(dumps(NIGHT))
    page.set_input_files("input[type=file]", right)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("NIGHT-1 v1 is taken as a draft.").wait_for()
    check_access()


@pytest.mark.parametrize("role", ["Auditor", "Analyst"])
def test_who_only_reads_is_offered_nothing_to_change(page: Page, sign_in: Any, night: Tariff, role: str) -> None:
    sign_in(role)
    page.goto(reverse("admin:billing_tariff_changelist"))
    page.get_by_role("link", name="Night owl").click()
    expect(page.get_by_role("heading", name="Night owl v2")).to_be_visible()
    for name in ("draft", "Import OCPI", "End", "Activate", "Edit"):
        assert page.locator("#content").get_by_role("link", name=name).count() == 0, name
