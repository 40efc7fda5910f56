"""The tariff form: what it takes, what it refuses in words, what a saved version starts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Tariff, TariffVersion, TaxRule
from billing.operations import set_tariff, set_tax_rate
from billing.tariff_prices import Prices, prices_of
from chargebill.core.models import AuditEvent, Job, LegalEntity, User
from chargebill.portal.tariffs import shown_versions
from tests.rows import NOON, companies, company, sessions, tariffs

WHOLE = {
    "name": "Standard",
    "tax_included": "yes",
    "start_fee": "0.35",
    "energy_per_kwh": "0.5988",
    "charging_per_minute": "",
    "idle_per_minute": "0.1",
    "valid_from": "",
    "seen": "0",
}


@pytest.fixture
def nord(db: None) -> LegalEntity:
    return company()


@pytest.fixture
def manager(client: Client, staff: Callable[[str], User]) -> Client:
    client.force_login(staff("Pricing manager"))
    return client


def url(entity: LegalEntity) -> str:
    return reverse("admin:billing_tariff_of", args=[entity.pk])


def save(client: Client, entity: LegalEntity, **other: str) -> Any:
    return client.post(url(entity), {**WHOLE, **other}, follow=True)


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def test_prices_are_kept_exactly_and_an_empty_one_is_free(manager: Client, nord: LegalEntity) -> None:
    page = save(manager, nord)
    assert "Standard v1 is saved." in said(page)
    version = TariffVersion.objects.get()
    assert prices_of(version) == Prices(Decimal("0.35"), Decimal("0.5988"), None, Decimal("0.1"))
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
    assert (version.valid_from, version.tax_included, version.tariff.currency) == (None, "YES", "EUR")
    assert version.created_by == User.objects.get(username="pricing-manager")
    assert AuditEvent.objects.filter(action="tariff.activate").count() == 1


def test_saving_prices_the_sessions_there_are_and_says_so(manager: Client, nord: LegalEntity) -> None:
    page = save(manager, nord)
    assert not Job.objects.filter(kind="price").exists()
    sessions(2)
    page = save(manager, nord, seen="1")
    assert "The sessions of Stadtwerke Nord are priced anew, because its tariff changed." in said(page)
    job = Job.objects.get(kind="price")
    assert (job.params["entity"], job.created_by.username) == (nord.pk, "pricing-manager")


def test_a_day_begins_by_the_companys_clock(manager: Client, nord: LegalEntity) -> None:
    save(manager, nord, valid_from="2026-03-01")
    assert TariffVersion.objects.get().valid_from == datetime(2026, 2, 28, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("energy_per_kwh", "-0.10", "A price can't be negative. Leave it empty if it is free."),
        ("energy_per_kwh", "0.59881", "At most 4 digits behind the point, such as 0.5988."),
        ("energy_per_kwh", "cheap", "This is no number. Write it like 0.59."),
        ("energy_per_kwh", "NaN", "This is no number. Write it like 0.59."),
        ("energy_per_kwh", "12345678", "This is too big for a price. Check the decimal point."),
        ("start_fee", "1,234.50", "This is no number. Write it like 0.59."),
        ("valid_from", "soon", "This is no date. Write it like 2026-09-01."),
        ("tax_included", "", "Say whether these prices include tax."),
        ("name", "", "This field is required."),
    ],
)
def test_wrong_input_is_refused_in_words_and_nothing_is_saved(
    manager: Client, nord: LegalEntity, field: str, value: str, sentence: str
) -> None:
    page = save(manager, nord, **{field: value})
    assert page.context["form"].errors[field] == [sentence]
    assert "Nothing was saved" in page.content.decode()
    # What was typed is still there.
    assert page.context["form"]["idle_per_minute"].value() == "0.1"
    assert not Tariff.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_decimal_comma_is_understood(manager: Client, nord: LegalEntity) -> None:
    save(manager, nord, energy_per_kwh="0,59")
    assert prices_of(TariffVersion.objects.get()).energy_per_kwh == Decimal("0.59")


@pytest.mark.parametrize("nothing", ["", "0", "0.00"])
def test_charging_for_nothing_must_be_confirmed(manager: Client, nord: LegalEntity, nothing: str) -> None:
    free = {"start_fee": nothing, "energy_per_kwh": nothing, "idle_per_minute": nothing}
    page = save(manager, nord, **free)
    assert "No price is given. Charging would be free of charge" in page.content.decode()
    assert not TariffVersion.objects.exists()
    save(manager, nord, **free, free_of_charge="on")
    assert prices_of(TariffVersion.objects.get()).is_free


def test_the_second_version_begins_with_the_prices_of_the_first(manager: Client, nord: LegalEntity) -> None:
    save(manager, nord, tax_included="no")
    form = manager.get(url(nord)).context["form"]
    shown = {name: form[name].value() for name in ("name", "start_fee", "energy_per_kwh", "charging_per_minute", "tax_included")}
    assert shown == {
        "name": "Standard",
        "start_fee": "0.35",
        "energy_per_kwh": "0.5988",
        "charging_per_minute": None,
        "tax_included": "no",
    }
    assert form["seen"].value() == 1
    # From tomorrow on, unless somebody says otherwise: the past is not priced anew by accident.
    assert form["valid_from"].value() > timezone.now().date()


def test_the_same_click_twice_saves_once(manager: Client, nord: LegalEntity) -> None:
    save(manager, nord)
    page = save(manager, nord)
    assert TariffVersion.objects.count() == 1
    assert "Standard v1 was saved by pricing-manager after you opened this form." in str(page.context["form"].non_field_errors())


def test_a_tariff_keeps_its_currency_and_a_company_without_one_is_asked(manager: Client) -> None:
    entity = LegalEntity.objects.create(name="Nowhere yet")
    page = save(manager, entity)
    assert page.context["form"].errors["currency"] == ["This field is required."]
    page = save(manager, entity, currency="euro")
    assert "currency" in page.context["form"].errors
    save(manager, entity, currency="eur")
    assert Tariff.objects.get(entity=entity).currency == "EUR"
    save(manager, entity, currency="USD", seen="1")
    assert Tariff.objects.get(entity=entity).currency == "EUR"
    assert TariffVersion.objects.count() == 2


def test_every_version_stays_and_the_page_says_when_it_is_in_force(manager: Client, nord: LegalEntity) -> None:
    prices = {"start_fee": None, "charging_per_minute": None, "idle_per_minute": None, "tax_included": True}
    starts = [None, NOON, NOON, NOON + timedelta(days=9)]
    for number, start in enumerate(starts, 1):
        set_tariff(
            entity=nord,
            name="Standard",
            currency="EUR",
            energy_per_kwh=Decimal(number) / 10,
            valid_from=start,
            actor=None,
            at=NOON,
            **prices,
        )
    versions = list(TariffVersion.objects.select_related("tariff"))
    shown = shown_versions(versions, NOON + timedelta(days=1))
    assert [(s.version.number, s.state, s.until) for s in shown] == [
        (4, "later", None),
        (3, "now", starts[3]),
        (2, "never", NOON),
        (1, "earlier", NOON),
    ]
    page = manager.get(url(nord)).content.decode()
    assert "Replaced before it applied" in page
    assert page.count("by ChargeBill") == 4


# What a session costs


def preview(client: Client, entity: LegalEntity, **other: str) -> Any:
    return client.post(reverse("admin:billing_tariff_preview", args=[entity.pk]), {**WHOLE, **other})


def test_the_preview_prices_typical_sessions_and_saves_nothing(manager: Client, nord: LegalEntity) -> None:
    set_tax_rate(entity=nord, rate=Decimal(19), code="VAT19", valid_from=None, source="", actor=None, at=NOON)
    page = preview(manager, nord)
    totals = [example.total for example in page.context["preview"].examples]
    # 0.35 + 25 kWh * 0.5988; 0.35 + 11 kWh * 0.5988 + 30 min * 0.1; 0.35 + 40 kWh * 0.5988 + 480 min * 0.1
    assert totals == [Decimal("15.32"), Decimal("9.94"), Decimal("72.30")]
    assert "VAT19, 19 %" in page.content.decode()
    assert not TariffVersion.objects.exists()

    page = preview(manager, nord, tax_included="no")
    assert page.context["preview"].examples[0].total == Decimal("18.23")


def test_the_preview_understands_what_is_half_typed(manager: Client, nord: LegalEntity) -> None:
    page = preview(manager, nord, energy_per_kwh="0.", idle_per_minute="-")
    assert page.status_code == 200
    assert page.context["preview"].examples[0].total == Decimal("0.35")
    assert "no tax rate today" in page.content.decode()


# Who


def test_only_pricing_managers_and_administrators_set_prices(
    client: Client, nord: LegalEntity, staff: Callable[[str], User]
) -> None:
    set_tariff(
        entity=nord,
        name="Standard",
        currency="EUR",
        tax_included=True,
        start_fee=None,
        energy_per_kwh=Decimal("0.59"),
        charging_per_minute=None,
        idle_per_minute=None,
        valid_from=None,
        actor=None,
        at=NOON,
    )
    for role in ("Auditor", "Finance", "Billing clerk", "Analyst", "Dispute agent"):
        client.force_login(staff(role))
        page = client.get(url(nord))
        assert page.status_code == 200
        assert page.context["form"] is None
        assert "0.59" in page.content.decode()
        assert "Save these prices" not in page.content.decode()
        assert save(client, nord, seen="1").status_code == 403
        assert preview(client, nord).status_code == 403
        assert client.get(reverse("admin:billing_tariff_add")).status_code == 403
    client.force_login(staff("Administrator"))
    save(client, nord, seen="1")
    assert TariffVersion.objects.count() == 2


def test_a_version_can_be_neither_changed_nor_deleted(manager: Client, nord: LegalEntity) -> None:
    tariff = tariffs(1)[0]
    assert manager.post(reverse("admin:billing_tariff_delete", args=[tariff.pk]), {"post": "yes"}).status_code == 403
    response = manager.post(reverse("admin:billing_tariff_change", args=[tariff.pk]), {"name": "Mine"})
    assert (response.status_code, response["Location"]) == (302, url(nord))
    tariff.refresh_from_db()
    assert tariff.name == "Standard"


def test_the_list_shows_what_every_company_charges_now(manager: Client) -> None:
    tariffs(2)
    companies(3)
    TaxRule.objects.all().delete()
    page = manager.get(reverse("admin:billing_tariff_changelist")).content.decode()
    assert page.count("per kWh") == 2
    assert page.count("No price now: its sessions stay without a price.") == 1


def test_adding_a_tariff_leads_to_the_only_company_or_to_the_choice(manager: Client, nord: LegalEntity) -> None:
    add = reverse("admin:billing_tariff_add")
    assert manager.get(add)["Location"] == url(nord)
    companies(2)
    assert manager.get(add)["Location"] == reverse("admin:billing_tariff_changelist")
