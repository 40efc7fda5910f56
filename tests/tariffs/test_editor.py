"""The editor: what it takes, what it refuses in words, and that nothing typed is lost."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Tariff, TariffVersion
from billing.operations import activate, import_tariff, save_draft, set_tax_rate
from billing.operations.tariffs import draft_of
from billing.tariff_content import content_of
from billing.tariff_elements import stored
from billing.tariff_export import export_tariff
from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.portal.tariff_starts import STARTS, free_hours_cards
from tests.rows import companies
from tests.tariffs.conftest import AT, energy
from tests.tariffs.pages import WHOLE, edit_url, new_url, said, send, text
from tests.tariffs.test_ocpi import NIGHT, VECTORS, documents, ocpi_of
from tests.tariffs.test_rules import WRONG, posted


@pytest.fixture
def browser(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


# Saving


def test_prices_are_kept_exactly_in_a_draft(browser: Client, nord: LegalEntity) -> None:
    page = send(browser, new_url(nord), min_price="0,50", grace_minutes="15", parking_cap="12", code="ST1")
    assert "Standard v1 is saved as a draft. It applies to nothing until it is activated." in said(page)
    version = TariffVersion.objects.get()
    # Stored as OCPI says it: minutes by the hour.
    assert version.elements == [
        {
            "price_components": [
                {"type": "FLAT", "price": "0.35", "step_size": 0},
                {"type": "ENERGY", "price": "0.5988", "step_size": 0},
                {"type": "PARKING_TIME", "price": "6", "step_size": 0},
            ]
        }
    ]
    assert (version.state, version.tax_included, version.tariff.currency, version.tariff.code) == ("DRAFT", "YES", "EUR", "ST1")
    assert (version.min_price, version.grace_minutes, version.parking_cap) == (Decimal("0.5"), 15, Decimal(12))
    assert version.created_by == User.objects.get(username="pricing-manager")
    assert page.redirect_chain[-1][0] == edit_url(version.tariff)


def test_every_price_and_condition_of_a_rule_is_kept(browser: Client, nord: LegalEntity) -> None:
    send(
        browser,
        new_url(nord),
        rule__1__price_FLAT="",
        rule__1__price_TIME="3",
        rule__1__per_TIME="hour",
        rule__1__step_TIME="900",
        rule__1__step_ENERGY="1000",
        rule__1__start_time="22",
        rule__1__end_time="24:00",
        rule__1__days=["5", "6"],
        rule__1__start_date="2026-06-01",
        rule__1__last_date="2026-08-31",
        rule__1__min_kwh="0",
        rule__1__max_kwh="30.5",
        rule__1__min_kw="11",
        rule__1__max_s="4 h",
    )
    assert TariffVersion.objects.get().elements == [
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.5988", "step_size": 1000},
                {"type": "TIME", "price": "3", "step_size": 900},
                {"type": "PARKING_TIME", "price": "6", "step_size": 0},
            ],
            "restrictions": {
                "start_time": "22:00",
                "end_time": "00:00",
                "start_date": "2026-06-01",
                "end_date": "2026-09-01",
                "day_of_week": ["SATURDAY", "SUNDAY"],
                "min_kwh": "0",
                "max_kwh": "30.5",
                "min_power": "11",
                "max_duration": 14400,
            },
        }
    ]


def test_a_draft_is_changed_and_renamed(browser: Client, night: Tariff) -> None:
    seen = content_of(draft_of(night)).digest
    send(browser, edit_url(night), seen=seen, name="Night", rule__1__price_ENERGY="0.7")
    night.refresh_from_db()
    draft = draft_of(night)
    assert draft is not None
    assert (night.name, draft.number, draft.elements[0]["price_components"][1]["price"]) == ("Night", 1, "0.7")


def test_a_draft_somebody_changed_meanwhile_is_not_overwritten(browser: Client, night: Tariff, manager: User) -> None:
    seen = content_of(draft_of(night)).digest
    save_draft(tariff=night, content=energy("0.55"), actor=manager, at=AT)
    page = send(browser, edit_url(night), seen=seen, name="Night owl")
    assert "was changed after you opened this page" in str(page.context["form"].non_field_errors())
    assert content_of(draft_of(night)) == energy("0.55")
    assert page.context["editor"].rules[0]["price_ENERGY"].value() == "0.5988"


def test_saving_to_activate_leads_to_the_question_from_when(browser: Client, nord: LegalEntity) -> None:
    page = send(browser, new_url(nord), "activate")
    assert page.redirect_chain[-1][0] == reverse("admin:tariff_activate", args=[Tariff.objects.get().pk])


def test_checking_saves_nothing_and_says_what_is_wrong(browser: Client, nord: LegalEntity) -> None:
    page = send(browser, new_url(nord), "check")
    assert "Checked: nothing keeps it from being activated. Nothing was saved." in text(page)
    page = send(browser, new_url(nord), "check", rule__1__min_kwh="10", rule__1__max_kwh="5")
    assert "1 finding must be corrected before it can be activated; see beside. Nothing was saved." in text(page)
    assert 'href="#rule-1" data-show-rule' in text(page)
    assert "Rule 1 never applies" in text(page)
    assert not Tariff.objects.exists()


# Refusing


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("tax_included", "", "Say whether these prices include tax."),
        ("name", "", "This field is required."),
        ("min_price", "-1", "A price can't be negative."),
        ("grace_minutes", "soon", "Whole minutes, such as 15."),
        ("tax_category", "LUXURY", "Select a valid choice. LUXURY is not one of the available choices."),
    ],
)
def test_wrong_input_is_refused_in_words_and_nothing_is_saved(
    browser: Client, nord: LegalEntity, field: str, typed: str, sentence: str
) -> None:
    page = send(browser, new_url(nord), **{field: typed})
    assert page.context["form"].errors[field] == [sentence]
    assert "Nothing was saved. Look at the marked fields." in text(page)
    assert page.context["editor"].rules[0]["price_PARKING_TIME"].value() == "0.1"
    assert not Tariff.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(("field", "typed", "sentence"), WRONG)
def test_wrong_input_in_a_rule_is_shown_at_its_field(
    browser: Client, nord: LegalEntity, field: str, typed: str, sentence: str
) -> None:
    page = send(browser, new_url(nord), **{f"rule__1__{field}": typed})
    assert page.context["editor"].rules[0].errors == {field: [sentence]}
    assert "Nothing was saved" in text(page)
    assert page.context["editor"].rules[0][field].value() == typed
    assert not Tariff.objects.exists()


def test_limits_must_not_contradict(browser: Client, nord: LegalEntity) -> None:
    page = send(browser, new_url(nord), min_price="5", max_price="4")
    assert page.context["form"].errors["max_price"] == ["The most is below the least."]


def test_a_name_that_is_taken_is_refused_at_its_field(browser: Client, nord: LegalEntity, night: Tariff) -> None:
    page = send(browser, new_url(nord), name="Night owl")
    assert "already has a tariff called Night owl" in page.context["form"].errors["name"][0]
    assert Tariff.objects.count() == 1


@pytest.mark.parametrize("nothing", ["", "0", "0.00"])
def test_charging_for_nothing_must_be_confirmed(browser: Client, nord: LegalEntity, nothing: str) -> None:
    free = {"rule__1__price_FLAT": "0", "rule__1__price_ENERGY": nothing, "rule__1__price_PARKING_TIME": nothing}
    page = send(browser, new_url(nord), **free)
    assert "Charging would be free of charge: confirm it, or enter a price." in text(page)
    assert not Tariff.objects.exists()
    send(browser, new_url(nord), **free, free_of_charge="on")
    assert content_of(TariffVersion.objects.get()).is_free


def test_no_rule_at_all_is_free_of_charge_too(browser: Client, nord: LegalEntity) -> None:
    page = send(browser, new_url(nord), rule=[])
    assert "confirm it, or enter a price" in text(page)
    send(browser, new_url(nord), rule=[], free_of_charge="on")
    assert TariffVersion.objects.get().elements == []


def test_a_tariff_keeps_its_currency_and_a_company_without_one_is_asked(browser: Client) -> None:
    entity = LegalEntity.objects.create(name="Nowhere yet")
    page = send(browser, new_url(entity))
    assert page.context["form"].errors["currency"] == ["This field is required."]
    page = send(browser, new_url(entity), currency="euro")
    assert "currency" in page.context["form"].errors
    send(browser, new_url(entity), currency="eur")
    tariff = Tariff.objects.get()
    send(browser, edit_url(tariff), currency="USD", seen=content_of(draft_of(tariff)).digest)
    tariff.refresh_from_db()
    assert tariff.currency == "EUR"


# Rules come, go and move, with or without a script


def two_rules(**other: Any) -> dict[str, Any]:
    return {"rule": ["1", "2"], "rule__2__price_ENERGY": "0.3", "name": "", **other}


def keys(page: Any) -> list[str]:
    return [rule.key for rule in page.context["editor"].rules]


@pytest.mark.parametrize(
    ("do", "order"),
    [
        ("add", ["1", "2", "3"]),
        ("remove:1", ["2"]),
        ("up:2", ["2", "1"]),
        ("down:1", ["2", "1"]),
        ("up:1", ["1", "2"]),
        ("down:2", ["1", "2"]),
        ("remove:9", ["1", "2"]),
    ],
)
def test_rules_are_added_removed_and_moved_and_what_is_typed_stays(
    browser: Client, nord: LegalEntity, do: str, order: list[str]
) -> None:
    page = send(browser, new_url(nord), do, **two_rules())
    assert keys(page) == order
    typed = {rule.key: rule["price_ENERGY"].value() for rule in page.context["editor"].rules}
    assert {key: typed[key] for key in typed if key != "3"} == {
        key: {"1": "0.5988", "2": "0.3"}[key] for key in order if key != "3"
    }
    assert not page.context["wrong"]
    assert not Tariff.objects.exists()


def test_the_order_of_the_rules_is_saved(browser: Client, nord: LegalEntity) -> None:
    send(browser, new_url(nord), **two_rules(name="Standard", rule=["2", "1"]))
    prices = [[c["price"] for c in e["price_components"]] for e in TariffVersion.objects.get().elements]
    assert prices == [["0.3"], ["0.35", "0.5988", "6"]]


# Beginning


@pytest.mark.parametrize("start", [start for start in STARTS if not start.page], ids=lambda start: start.slug)
def test_every_start_opens_the_editor_and_asks_for_its_prices(browser: Client, nord: LegalEntity, start: Any) -> None:
    page = browser.get(new_url(nord, start.slug))
    rules = page.context["editor"].rules
    asked = [name for rule in rules for name, field in rule.fields.items() if field.widget.attrs.get("placeholder") == "price"]
    assert len(asked) == {"day_and_night": 2, "per_minute": 2, "idle_fee": 2, "free": 0}.get(start.slug, 1)
    # Whether tax is in the price is said by a person.
    assert not page.context["form"]["tax_included"].value()
    assert page.context["form"]["name"].value() == "Standard"


def test_an_unknown_start_is_not_there(browser: Client, nord: LegalEntity) -> None:
    assert browser.get(new_url(nord, "gold")).status_code == 404


def test_free_hours_cost_the_minimum_and_then_the_hours() -> None:
    fee, hours = free_hours_cards(hours=Decimal(4), per_hour=Decimal(1), minimum=Decimal("0.5"))
    assert (fee.min_s, hours.min_s) == (4 * 3600, 4 * 3600 + 1800)
    (only,) = free_hours_cards(hours=Decimal("1.5"), per_hour=Decimal(2), minimum=Decimal(0))
    assert only.min_s == 5400


def test_free_hours_are_asked_and_become_rules(browser: Client, nord: LegalEntity) -> None:
    url = reverse("admin:tariff_free_hours", args=[nord.pk])
    page = browser.post(url, {"hours": "", "per_hour": "0", "minimum": "x"})
    assert set(page.context["form"].errors) == {"hours", "per_hour", "minimum"}
    page = browser.post(url, {"hours": "4", "per_hour": "1", "minimum": "0,5"}, follow=True)
    rules = page.context["editor"].rules
    assert [rule["min_s"].value() for rule in rules] == ["4 h", "4 h 30 min"]
    assert (rules[0]["price_FLAT"].value(), rules[1]["price_TIME"].value(), rules[1]["per_TIME"].value()) == ("0.5", "1", "hour")
    sentences = text(page)
    assert "0.50 EUR per session, after 4 hours" in sentences


def test_a_new_draft_begins_with_the_version_asked_for(browser: Client, night: Tariff, manager: User) -> None:
    activate(tariff=night, valid_from=None, actor=manager, at=AT)
    save_draft(tariff=night, content=energy("0.7"), actor=manager, at=AT)
    activate(tariff=night, valid_from=AT, actor=manager, at=AT)
    for query, price in (("", "0.7"), ("?from=1", "0.49"), ("?from=2", "0.7")):
        assert browser.get(edit_url(night) + query).context["editor"].rules[0]["price_ENERGY"].value() == price
    assert browser.get(edit_url(night) + "?from=9").status_code == 404
    assert draft_of(night) is None


@pytest.mark.shared
@pytest.mark.parametrize("path", VECTORS[::4], ids=lambda path: path.parent.name)
def test_a_document_opened_in_the_editor_and_saved_unchanged_goes_out_the_same(
    browser: Client, nord: LegalEntity, path: Any, manager: User
) -> None:
    """Import, open, save, export. (test_rules.py has every vector's rules.)"""
    for number, document in enumerate(documents(path)):
        tariff = import_tariff(entity=nord, document=document, name=f"T{number}", actor=manager, at=AT).draft.tariff
        form = browser.get(edit_url(tariff)).context["form"]
        data = posted(stored(document["elements"]))
        data.update({field.name: field.value() for field in form if field.value() not in (None, "", False)})
        if not form["free_of_charge"].value():
            data["free_of_charge"] = "on"
        page = browser.post(edit_url(tariff), {**dict(data.lists()), "do": "save"}, follow=True)
        assert "is saved as a draft" in said(page), page.context["form"].errors
        draft = TariffVersion.objects.select_related("tariff__entity").get(tariff=tariff)
        assert export_tariff(draft, ocpi=ocpi_of(document)).document == document


def test_what_a_document_says_beside_survives_a_change_and_a_copy(browser: Client, nord: LegalEntity, manager: User) -> None:
    tariff = import_tariff(entity=nord, document=NIGHT, actor=manager, at=AT).draft.tariff
    data = {**dict(posted(draft_of(tariff).elements).lists()), "name": "N", "tax_included": "no", "tax_category": "STANDARD"}
    browser.post(edit_url(tariff), {**data, "do": "save", "seen": content_of(draft_of(tariff)).digest, "min_price": "0.7"})
    draft = draft_of(tariff)
    assert draft.min_price == Decimal("0.7")
    assert draft.ocpi["party_id"] == "TST"
    assert draft.ocpi["last_updated"] != NIGHT["last_updated"]
    activate(tariff=tariff, valid_from=None, actor=manager, at=AT)
    copy = {**data, "do": "save", "seen": "", "source": draft.pk, "min_price": "0.8"}
    browser.post(edit_url(tariff), copy)
    assert draft_of(tariff).ocpi["party_id"] == "TST"


# Beside the form


def preview(client: Client, entity: LegalEntity, **other: Any) -> Any:
    changes = {name.replace("__", "-"): value for name, value in other.items()}
    return client.post(reverse("admin:tariff_preview", args=[entity.pk]), {**WHOLE, **changes})


def totals(page: Any) -> list[Decimal]:
    return [example.total for example in page.context["preview"].examples]


def test_the_preview_prices_typical_sessions_and_saves_nothing(browser: Client, nord: LegalEntity) -> None:
    set_tax_rate(entity=nord, rate=Decimal(19), code="VAT19", valid_from=None, source="", actor=None, at=AT)
    page = preview(browser, nord)
    # 0.35 + 25 kWh * 0.5988; 0.35 + 11 kWh * 0.5988 + 30 min * 0.1; 0.35 + 40 kWh * 0.5988 + 480 min * 0.1; 0.35 + 2 * 0.5988
    assert totals(page) == [Decimal("15.32"), Decimal("9.94"), Decimal("72.30"), Decimal("1.55")]
    assert "VAT19, 19 %" in text(page)
    assert not Tariff.objects.exists()
    assert totals(preview(browser, nord, tax_included="no"))[0] == Decimal("18.23")


def test_the_preview_knows_times_limits_grace_and_cap(browser: Client, nord: LegalEntity) -> None:
    page = preview(
        browser,
        nord,
        rule=["2", "1"],
        rule__2__price_ENERGY="0.3",
        rule__2__start_time="22:00",
        rule__2__end_time="06:00",
        rule__1__price_FLAT="",
        grace_minutes="15",
        parking_cap="20",
        min_price="2",
    )
    # 10 kWh of 40 after 22:00: half of the four hours from 20:00 are 20 kWh. Idle 465 min are 46.50, capped at 20.
    # 25 * 0.5988; 11 * 0.5988 + 15 * 0.1; 20 * 0.5988 + 20 * 0.3 + 20; at least 2.
    assert totals(page) == [Decimal("14.97"), Decimal("8.09"), Decimal("37.98"), Decimal("2.00")]
    assert "22:00-06:00" in text(page)
    assert "Energy by weekday and hour." in text(page)


def test_the_preview_understands_what_is_half_typed(browser: Client, nord: LegalEntity) -> None:
    page = preview(browser, nord, rule__1__price_ENERGY="0.", rule__1__price_PARKING_TIME="-", name="", tax_included="")
    assert page.status_code == 200
    assert totals(page)[0] == Decimal("0.35")
    assert "There is no tax rule for this today" in text(page)
    page = preview(browser, nord, rule=[])
    assert "Enter a price to see the tariff in words" in text(page)


def test_a_company_sees_only_its_own_tariffs_findings(browser: Client, night: Tariff) -> None:
    other = companies(2)[1]
    page = browser.post(reverse("admin:tariff_preview", args=[other.pk]) + f"?tariff={night.pk}", {"rule": "1"})
    assert page.status_code == 200
    assert browser.get(reverse("admin:tariff_preview", args=[other.pk])).status_code == 404


# Who


@pytest.mark.parametrize("role", ["Auditor", "Finance", "Billing clerk", "Analyst", "Dispute agent"])
def test_who_may_not_write_tariffs_gets_no_form(
    client: Client, night: Tariff, nord: LegalEntity, staff: Callable[[str], User], role: str
) -> None:
    client.force_login(staff(role))
    before = list(TariffVersion.objects.values())
    for url in (
        new_url(nord),
        edit_url(night),
        reverse("admin:billing_tariff_add"),
        *(reverse(f"admin:tariff_{name}", args=[night.pk]) for name in ("activate", "end", "discard", "import_draft")),
        *(reverse(f"admin:tariff_{name}", args=[nord.pk]) for name in ("import", "tiers", "free_hours", "preview")),
    ):
        assert client.get(url).status_code == 403, url
        assert client.post(url, {"do": "save", "name": "Mine"}).status_code == 403, url
    assert list(TariffVersion.objects.values()) == before
    page = client.get(reverse("admin:billing_tariff_change", args=[night.pk]))
    assert page.status_code == 200
    assert "0.49 EUR per kWh" in text(page)
    assert edit_url(night) not in text(page)
