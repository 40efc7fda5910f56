"""Company settings and tax rates: plain words in, one operation, and the sessions follow."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import TaxRule
from chargebill.core.models import AuditEvent, Job, LegalEntity, User
from tests.rows import companies, company, sessions


@pytest.fixture
def finance(client: Client, staff: Callable[[str], User]) -> Client:
    client.force_login(staff("Finance"))
    return client


def values(entity: LegalEntity, **other: Any) -> dict[str, Any]:
    names = ("name", "legal_name", "street", "postal_code", "city", "country", "base_currency", "time_zone", "language")
    vat_ids = "\n".join(f"{country}: {vat_id}" for country, vat_id in entity.vat_ids.items())
    fixed = {
        "fiscal_year_start_month": "1",
        "spanning_policy": "START",
        "busy_per_week": "17",
        "vat_ids": vat_ids,
        "billing_from": "",
        "tax_rules-TOTAL_FORMS": "0",
        "check_settings-TOTAL_FORMS": "0",
        "check_settings-INITIAL_FORMS": "0",
    }
    return {**{name: getattr(entity, name) for name in names}, **fixed, "tax_rules-INITIAL_FORMS": "0", **other}


def change(client: Client, entity: LegalEntity, **other: Any) -> Any:
    return client.post(reverse("admin:core_legalentity_change", args=[entity.pk]), values(entity, **other), follow=True)


def errors(page: Any) -> list[str]:
    return [sentence for sentences in page.context["errors"] for sentence in sentences]


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def test_vat_ids_are_written_one_a_line(finance: Client) -> None:
    entity = company()
    change(finance, entity, vat_ids="DE: DE123456789\n\nat:ATU 12345678\n")
    entity.refresh_from_db()
    assert entity.vat_ids == {"DE": "DE123456789", "AT": "ATU12345678"}
    page = finance.get(reverse("admin:core_legalentity_change", args=[entity.pk])).content.decode()
    assert "AT: ATU12345678\nDE: DE123456789</textarea>" in page
    assert AuditEvent.objects.get().changes == {"VAT ids": [{}, {"DE": "DE123456789", "AT": "ATU12345678"}]}
    # Saved as it is shown: nothing changed.
    change(finance, entity)
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("DE123456789", "Line 1 (DE123456789) is not like DE: DE123456789."),
        ("DE:", "Line 1 (DE:) is not like DE: DE123456789."),
        ("Germany: DE1", "Line 1: 'GERMANY' is no two-letter country code such as DE."),
        ("DE: DE1\nde: DE2", "Line 2: DE is there twice. Keep one id per country."),
    ],
)
def test_a_vat_id_that_cant_be_read_is_named_by_its_line(finance: Client, typed: str, sentence: str) -> None:
    entity = company()
    assert errors(change(finance, entity, vat_ids=typed)) == [sentence]
    entity.refresh_from_db()
    assert entity.vat_ids == {}


@pytest.mark.parametrize(
    ("field", "value"), [("billing_from", "2026-03-01"), ("country", "AT"), ("base_currency", "CHF"), ("is_provisional", "on")]
)
def test_what_decides_prices_starts_a_pricing_job(finance: Client, field: str, value: str) -> None:
    sessions(2)
    page = change(finance, company(), **{field: value})
    assert "The sessions of Stadtwerke Nord are priced anew, because" in said(page)
    assert [job.kind for job in Job.objects.exclude(kind="import")] == ["price"]


def test_an_address_starts_nothing(finance: Client) -> None:
    sessions(2)
    change(finance, company(), street="Hafenstraße 1")
    assert company().street == "Hafenstraße 1"
    assert not Job.objects.filter(kind="price").exists()


def test_a_changed_company_zone_moves_local_times(finance: Client) -> None:
    sessions(2)
    change(finance, company(), time_zone="Europe/London")
    assert company().time_zone == "Europe/London"
    assert [job.kind for job in Job.objects.exclude(kind="import")] == ["time_zone"]


def test_provisional_companies_are_marked_in_the_list(finance: Client) -> None:
    companies(4)
    page = finance.get(reverse("admin:core_legalentity_changelist") + "?is_provisional__exact=1")
    assert [row.name for row in page.context["cl"].result_list] == ["Company 3"]
    assert "Needs review" in page.content.decode()
    assert "country, currency, time zone" in page.content.decode()


# Tax


def tax(client: Client, **values: Any) -> Any:
    data = {"rate": "20", "code": "VAT20", "valid_from": "", "source": "Tax adviser", **values}
    return client.post(reverse("admin:billing_taxrule_add"), data, follow=True)


def test_a_tax_rate_is_set_kept_and_the_sessions_priced(finance: Client) -> None:
    sessions(2)
    page = tax(finance, entity=company().pk)
    assert "are priced anew" in said(page)
    rule = TaxRule.objects.get()
    assert (rule.rate, rule.code, rule.valid_from, rule.source) == (Decimal(20), "VAT20", None, "Tax adviser")
    event = AuditEvent.objects.get()
    assert (event.action, event.actor.username) == ("tax_rule.set", "finance")
    assert Job.objects.filter(kind="price").count() == 1


def test_a_later_rate_follows_and_the_same_day_is_refused(finance: Client) -> None:
    entity = company()
    tax(finance, entity=entity.pk)
    tax(finance, entity=entity.pk, rate="16", valid_from="2026-07-01")
    assert list(TaxRule.objects.order_by("rate").values_list("rate", "valid_from")) == [
        (Decimal(16), date(2026, 7, 1)),
        (Decimal(20), None),
    ]
    page = tax(finance, entity=entity.pk, rate="7")
    assert errors(page) == ["Stadtwerke Nord already has VAT20 20 % since ever. Open that one to change it, or give another day."]
    assert TaxRule.objects.count() == 2


def test_a_rate_is_corrected_on_its_own_page(finance: Client) -> None:
    entity = company()
    tax(finance, entity=entity.pk)
    rule = TaxRule.objects.get()
    finance.post(reverse("admin:billing_taxrule_change", args=[rule.pk]), {"rate": "19", "code": "VAT19", "source": ""})
    rule.refresh_from_db()
    assert (rule.rate, rule.code, rule.entity, rule.valid_from) == (Decimal(19), "VAT19", entity, None)
    assert AuditEvent.objects.latest("id").changes == {
        "old": {"rate": "20", "code": "VAT20", "source": "Tax adviser"},
        "new": {"rate": "19", "code": "VAT19", "source": ""},
    }


@pytest.mark.parametrize(
    ("rate", "sentence"),
    [
        ("-1", "A tax rate can't be negative. Enter 0 to 100."),
        ("101", "A tax rate is at most 100 %. Enter 20 for 20 %."),
        ("19.12345", "Enter at most three digits behind the point, such as 8.875."),
        ("", "This field is required."),
        ("twenty", "Enter a number."),
    ],
)
def test_a_wrong_rate_is_refused_in_words(finance: Client, rate: str, sentence: str) -> None:
    assert errors(tax(finance, entity=company().pk, rate=rate)) == [sentence]
    assert not TaxRule.objects.exists()


def test_the_rates_are_shown_on_the_companys_page(finance: Client) -> None:
    tax(finance, entity=company().pk)
    page = finance.get(reverse("admin:core_legalentity_change", args=[company().pk])).content.decode()
    assert "VAT20" in page
    assert "Set a tax rate" in page


@pytest.mark.parametrize("role", ["Auditor", "Pricing manager", "Billing clerk", "Analyst"])
def test_others_read_companies_and_rates_and_change_none(client: Client, staff: Callable[[str], User], role: str) -> None:
    client.force_login(staff(role))
    entity = company()
    assert client.get(reverse("admin:core_legalentity_change", args=[entity.pk])).status_code == 200
    assert change(client, entity, name="Mine").status_code == 403
    assert tax(client, entity=entity.pk).status_code == 403
    assert company() == entity
    assert not TaxRule.objects.exists()


def test_a_country_written_out_is_refused_and_not_cut_to_another_ones_code(client: Client, staff: Callable[[str], User]) -> None:
    client.force_login(staff("Administrator"))
    html = client.get(reverse("admin:core_legalentity_add")).content.decode()
    (country,) = re.findall(r'<input[^>]*name="country"[^>]*>', html)
    assert "maxlength" not in country
    response = client.post(reverse("admin:core_legalentity_add"), {"name": "Nord", "country": "Germany"})
    assert "two-letter" in str(response.context["errors"])
