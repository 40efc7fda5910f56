"""The list, a tariff's page, activating, ending, discarding, files in and out, tiers."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import Assignment, Cdr, Tariff, TariffVersion
from billing.operations import activate, assign, create_tariff, save_draft, set_tax_rate
from billing.pricing.documents import load
from billing.tariff_content import Content
from chargebill.core.exact_json import dumps
from chargebill.core.models import Job, LegalEntity, User
from stations.models import Evse
from tests.rows import companies, evses, sessions, tariffs
from tests.tariffs.conftest import AT, DAY, documented, energy, spans
from tests.tariffs.pages import page_of, said, text
from tests.tariffs.test_ocpi import NIGHT


@pytest.fixture
def browser(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


@pytest.fixture
def auditor(staff: Callable[[str], User]) -> Client:
    client = Client()
    client.force_login(staff("Auditor"))
    return client


def act(client: Client, action: str, tariff: Tariff, **typed: Any) -> Any:
    return client.post(reverse(f"admin:tariff_{action}", args=[tariff.pk]), typed, follow=True)


# The list


def test_the_list_shows_what_every_company_charges_and_to_whom(
    browser: Client, night: Tariff, nord: LegalEntity, manager: User
) -> None:
    activate(tariff=night, valid_from=None, for_everyone=True, actor=manager, at=AT)
    save_draft(tariff=night, content=energy("0.7"), actor=manager, at=AT)
    create_tariff(entity=nord, name="Later", currency="EUR", content=energy("0.3"), actor=manager, at=AT)
    companies(2)
    page = text(browser.get(reverse("admin:billing_tariff_changelist")))
    assert "0.49 EUR per kWh" in page
    assert "Everyone at every place of Stadtwerke Nord" in page
    assert "and a draft v2" in page
    assert "Assigned to nobody" in page
    assert page.count("No tariff yet: its sessions stay without a price.") == 1
    one = text(browser.get(reverse("admin:billing_tariff_changelist") + f"?company={nord.pk}"))
    assert "No tariff yet" not in one
    assert "Tariffs of every company" in one
    assert "No such company" in text(browser.get(reverse("admin:billing_tariff_changelist") + "?company=99999"))


def test_a_tariff_that_is_in_force_but_assigned_to_nobody_is_no_price(browser: Client, night: Tariff, manager: User) -> None:
    activate(tariff=night, valid_from=None, actor=manager, at=AT)
    page = text(browser.get(reverse("admin:billing_tariff_changelist")))
    assert "No tariff is both in force and assigned now: its sessions stay without a price." in page
    assert "It is assigned to nobody, so no session gets its price." in text(browser.get(page_of(night)))


def test_an_empty_list_offers_the_next_step(browser: Client, db: None) -> None:
    assert "Enter yours first" in text(browser.get(reverse("admin:billing_tariff_changelist")))
    assert "Enter yours first" in text(browser.get(reverse("admin:billing_tariff_add")))


def test_a_new_tariff_is_begun_for_the_company_chosen(browser: Client) -> None:
    other = companies(2)[1]
    page = browser.get(reverse("admin:billing_tariff_add") + f"?company={other.pk}")
    assert reverse("admin:tariff_new", args=[other.pk, "day_and_night"]) in text(page)
    assert page.context["chosen"] == other


# A tariff's page


def test_the_page_shows_the_versions_in_time_and_what_changed(browser: Client, night: Tariff, manager: User) -> None:
    now = timezone.now()
    for price, moment in (("0.49", None), ("0.55", now - 9 * DAY), ("0.60", now + 9 * DAY), ("0.65", now + 5 * DAY)):
        save_draft(tariff=night, content=energy(price), actor=manager, at=AT)
        activate(tariff=night, valid_from=moment, actor=manager, at=AT)
    save_draft(tariff=night, content=energy("0.5", grace_minutes=10), actor=manager, at=AT)
    page = browser.get(page_of(night))
    assert [(shown.version.number, shown.standing) for shown in page.context["versions"]] == [
        (5, "draft"),
        (4, "later"),
        (3, "never"),
        (2, "now"),
        (1, "earlier"),
    ]
    comparison = page.context["comparison"]
    assert (comparison.old.number, comparison.new.number) == (4, 5)
    page = browser.get(page_of(night) + "?from=1&to=2")
    assert [(one.what, one.old, one.new) for one in page.context["comparison"].found] == [
        ("Always", "0.49 EUR per kWh", "0.55 EUR per kWh")
    ]
    assert browser.get(page_of(night) + "?from=1&to=99").context["comparison"].new.number == 5


def test_the_page_takes_the_same_queries_however_many_versions(browser: Client, night: Tariff, manager: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page_of(night)).status_code == 200
        return len(captured)

    activate(tariff=night, valid_from=None, for_everyone=True, actor=manager, at=AT)
    queries()
    few = queries()
    for day in range(1, 30):
        save_draft(tariff=night, content=energy(f"0.{day}"), actor=manager, at=AT)
        activate(tariff=night, valid_from=AT + day * DAY, actor=manager, at=AT)
    assert queries() == few
    assert few <= 16


def test_how_many_sessions_a_version_priced_is_counted_apart(auditor: Client, night: Tariff, nord: LegalEntity) -> None:
    cdr = documented(nord)
    version = night.versions.get()
    for number in (2, 3):
        cdr.pk, cdr.version, cdr.tariff_version = None, number, version
        cdr._state.adding = True
        Cdr.objects.bulk_create([cdr])
    page = auditor.get(reverse("admin:tariff_usage", args=[night.pk]))
    assert page.context["counts"] == [(1, 1)]
    assert "1 session" in text(page)


def test_an_unknown_tariff_is_not_there(browser: Client, db: None) -> None:
    for key in ("999", "abc", "9" * 40):
        assert browser.get(f"/billing/tariff/{key}/change/").status_code == 404


# Activating


def test_activating_now_prices_the_sessions_there_are_and_says_so(browser: Client, night: Tariff) -> None:
    sessions(2)
    page = act(browser, "activate", night, when="now", for_everyone="on")
    assert "Night owl v1 is in force." in said(page)
    assert "The sessions of Stadtwerke Nord are priced anew, because Night owl changed." in said(page)
    job = Job.objects.get(kind="price")
    assert job.created_by.username == "pricing-manager"
    assert Assignment.objects.get().tariff == night


def test_activating_from_a_day_begins_by_the_companys_clock_and_prices_nothing_yet(browser: Client, night: Tariff) -> None:
    sessions(2)
    page = act(browser, "activate", night, when="day", day="2031-03-01", clock="6")
    assert "Night owl v1 will be in force from 1 Mar 2031 06:00 CET on." in said(page)
    assert TariffVersion.objects.get().valid_from == datetime(2031, 3, 1, 5, tzinfo=UTC)
    assert not Job.objects.filter(kind="price").exists()
    assert not Assignment.objects.exists()


def test_activating_since_ever_is_offered_until_there_is_a_document(browser: Client, night: Tariff, nord: LegalEntity) -> None:
    url = reverse("admin:tariff_activate", args=[night.pk])
    assert "Since ever" in text(browser.get(url))
    documented(nord)
    page = browser.get(url)
    assert "Since ever" not in text(page)
    assert "has issued documents, so nothing of the past changes" in text(page)
    assert act(browser, "activate", night, when="ever").context["form"].errors["when"]
    page = act(browser, "activate", night, when="day", day="2020-01-01")
    assert "no price of the past changes any more" in page.context["form"].errors["day"][0]
    assert spans(night) == [(1, "DRAFT", None, None)]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({}, "when", "Say from when on."),
        ({"when": "day"}, "day", "Say which day."),
        ({"when": "day", "day": "soon"}, "day", "This is no date. Write it like 2026-09-01."),
        ({"when": "day", "day": "0001-01-01"}, "day", "Choose a day between the years 2000 and 2200."),
        ({"when": "day", "day": "2031-01-01", "clock": "noon"}, "clock", "This is no time of day. Write it like 22:00."),
    ],
)
def test_a_moment_that_can_not_be_read_is_refused_in_words(
    browser: Client, night: Tariff, typed: dict[str, str], field: str, sentence: str
) -> None:
    page = act(browser, "activate", night, **typed)
    assert page.context["form"].errors[field] == [sentence]
    assert spans(night) == [(1, "DRAFT", None, None)]


def test_a_draft_with_an_error_is_not_activated(browser: Client, night: Tariff, manager: User) -> None:
    never = [{**energy("1").elements[0], "restrictions": {"min_kwh": "10", "max_kwh": "5"}}]
    save_draft(tariff=night, content=Content(tax_included=True, elements=never), actor=manager, at=AT)
    page = browser.get(reverse("admin:tariff_activate", args=[night.pk]))
    assert "It can't be activated: 1 finding must be corrected first." in text(page)
    page = act(browser, "activate", night, when="now")
    assert "has 1 error" in str(page.context["form"].non_field_errors())
    assert spans(night)[0][1] == "DRAFT"


def test_without_a_draft_there_is_nothing_to_activate_or_discard(browser: Client, night: Tariff, manager: User) -> None:
    activate(tariff=night, valid_from=None, actor=manager, at=AT)
    for action in ("activate", "discard"):
        page = browser.get(reverse(f"admin:tariff_{action}", args=[night.pk]), follow=True)
        assert page.redirect_chain[-1][0] == page_of(night)
        assert "has no draft" in said(page)


# Ending, discarding


def test_a_tariff_is_ended_now_or_later(browser: Client, night: Tariff, manager: User) -> None:
    activate(tariff=night, valid_from=None, for_everyone=True, actor=manager, at=AT)
    sessions(1)
    assert "It has 1 assignment." in text(browser.get(reverse("admin:tariff_end", args=[night.pk])))
    page = act(browser, "end", night, when="day", day="2031-03-01")
    assert "Night owl ends 1 Mar 2031 00:00 CET." in said(page)
    assert not Job.objects.filter(kind="price").exists()
    page = act(browser, "end", night, when="now")
    assert "Night owl has ended." in said(page)
    assert Job.objects.filter(kind="price").exists()
    page = act(browser, "end", night, when="day", day="2032-03-01")
    assert "has no version that is in force then or later" in page.context["form"].errors["day"][0]


def test_a_draft_is_discarded_after_a_question(browser: Client, night: Tariff) -> None:
    url = reverse("admin:tariff_discard", args=[night.pk])
    assert "the tariff goes with it" in text(browser.get(url))
    assert Tariff.objects.exists()
    page = act(browser, "discard", night)
    assert "The draft Night owl v1 is discarded." in said(page)
    assert not Tariff.objects.exists()


def test_neither_tariffs_nor_versions_are_deleted_by_the_usual_forms(browser: Client, night: Tariff) -> None:
    assert browser.post(reverse("admin:billing_tariff_delete", args=[night.pk]), {"post": "yes"}).status_code == 403
    browser.post(reverse("admin:billing_tariff_changelist"), {"action": "delete_selected", "_selected_action": [night.pk]})
    browser.post(page_of(night), {"name": "Mine"})
    night.refresh_from_db()
    assert night.name == "Night owl"


# Files


def upload(client: Client, url: str, content: bytes, **typed: str) -> Any:
    file = SimpleUploadedFile("tariff.json", content, content_type="application/json")
    return client.post(url, {"file": file, **typed}, follow=True)


def test_an_ocpi_document_comes_in_as_a_draft_with_what_has_no_effect(browser: Client, nord: LegalEntity) -> None:
    url = reverse("admin:tariff_import", args=[nord.pk])
    page = upload(browser, url, dumps(NIGHT).encode(), name="Partner night")
    tariff = Tariff.objects.get()
    assert page.redirect_chain[-1][0] == reverse("admin:tariff_edit", args=[tariff.pk])
    assert "Partner night v1 is taken as a draft." in said(page)
    assert "what sessions pay follows your tax rules" in said(page)
    assert "names 21 % tax here" in text(page)

    changed = {**NIGHT, "elements": [{"price_components": [{"type": "FLAT", "price": 3, "step_size": 1}]}]}
    url = reverse("admin:tariff_import_draft", args=[tariff.pk])
    assert "Partner night has a draft. It is replaced." in text(browser.get(url))
    upload(browser, url, dumps(changed).encode())
    assert tariff.versions.get().elements[0]["price_components"] == [{"type": "FLAT", "price": "3", "step_size": 1}]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "This is no valid JSON"),
        (b"\xff\xfe", "The file is not UTF-8"),
        (b"[]", "Import one tariff at a time"),
        (b'{"currency": "EUR"}', "There is no list of elements"),
        (b"[" * 100_000, "nested far too deeply"),
        (b" " * (1024**2 + 1), "more than 1 MB"),
    ],
)
def test_a_file_that_is_no_tariff_is_refused_in_words(browser: Client, nord: LegalEntity, content: bytes, sentence: str) -> None:
    page = upload(browser, reverse("admin:tariff_import", args=[nord.pk]), content)
    assert sentence in page.context["form"].errors["file"][0]
    assert "othing was imported" in page.context["form"].errors["file"][0]
    assert not Tariff.objects.exists()


def test_no_file_is_refused_too(browser: Client, nord: LegalEntity) -> None:
    page = browser.post(reverse("admin:tariff_import", args=[nord.pk]), {})
    assert page.context["form"].errors["file"] == ["Choose the file to import."]


def test_a_version_goes_out_as_a_document_with_what_it_can_not_say(auditor: Client, night: Tariff, manager: User) -> None:
    save_draft(tariff=night, content=energy("0.49", grace_minutes=10), actor=manager, at=AT)
    old, new = (reverse("admin:tariff_export", args=[night.pk, 1, ocpi]) for ocpi in ("2.2.1", "2.3.0"))
    assert "these include a tax whose rate is not known" in text(auditor.get(old))
    assert "the first 10 idle minutes are free" in text(auditor.get(new))
    set_tax_rate(entity=night.entity, rate=Decimal(19), code="VAT19", valid_from=None, source="", actor=None, at=AT)
    evses(1)
    Evse.objects.update(evse_id="DE*NRD*E1")
    file = auditor.get(old + "?download=1")
    assert file["Content-Disposition"] == 'attachment; filename="night-owl-v1-ocpi-2.2.1.json"'
    document = load(file.content)
    assert (document["country_code"], document["party_id"], document["id"]) == ("DE", "NRD", str(night.pk))
    assert document["elements"][0]["price_components"][0]["price"] == Decimal("0.4118")
    assert json.loads(auditor.get(new + "?download=1").content)["tax_included"] == "YES"
    for wrong in ([night.pk, 1, "2.1.1"], [night.pk, 9, "2.2.1"]):
        assert auditor.get(reverse("admin:tariff_export", args=wrong)).status_code == 404


# Tiers by charging speed

TIERS = {
    "tax_included": "yes",
    "grace_minutes": "15",
    "first_day": "",
    "name_0": "Slow",
    "below_0": "50",
    "energy_0": "0.49",
    "idle_0": "",
    "name_1": "Fast",
    "below_1": "150",
    "energy_1": "0.59",
    "idle_1": "0.1",
    "name_2": "Ultra",
    "below_2": "",
    "energy_2": "0.69",
    "idle_2": "0.1",
}


TAKEN = "Stadtwerke Nord already has a tariff called Slow. Choose another name; nothing was saved."


def test_tiers_become_a_tariff_each_in_force_and_assigned_by_rated_power(browser: Client, nord: LegalEntity) -> None:
    sessions(1)
    page = browser.post(reverse("admin:tariff_tiers", args=[nord.pk]), TIERS, follow=True)
    assert "3 tariffs are in force and assigned by rated power." in said(page)
    bands = [(a.tariff.name, a.min_kw, a.max_kw, a.valid_from) for a in Assignment.objects.order_by("pk")]
    assert bands == [
        ("Slow", None, Decimal(50), None),
        ("Fast", Decimal(50), Decimal(150), None),
        ("Ultra", Decimal(150), None, None),
    ]
    assert [(v.state, v.valid_from, v.grace_minutes) for v in TariffVersion.objects.order_by("pk")] == [
        ("ACTIVE", None, 0),
        ("ACTIVE", None, 15),
        ("ACTIVE", None, 15),
    ]
    assert Job.objects.filter(kind="price").exists()


def test_tiers_from_a_later_day_begin_by_their_assignments(browser: Client, nord: LegalEntity) -> None:
    sessions(1)
    browser.post(reverse("admin:tariff_tiers", args=[nord.pk]), {**TIERS, "first_day": "2031-01-01"})
    assert {str(a.valid_from) for a in Assignment.objects.all()} == {"2031-01-01"}
    assert not Job.objects.filter(kind="price").exists()


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"below_1": "40"}, "below_1", "It must be above 50 kW."),
        ({"below_0": ""}, "below_0", "Only the last tier has no upper bound."),
        ({"energy_2": ""}, "energy_2", "Enter a price; 0 is free."),
        ({"tax_included": ""}, "tax_included", "Say whether these prices include tax."),
        ({"name_0": "", "name_1": "", "name_2": ""}, "__all__", "Name at least one tier."),
        (
            {"name_1": "Slow"},
            "__all__",
            "Stadtwerke Nord already has a tariff called Slow. Choose another name; nothing was saved.",
        ),
    ],
)
def test_tiers_are_made_all_or_none(
    browser: Client, nord: LegalEntity, change: dict[str, str], field: str, sentence: str
) -> None:
    page = browser.post(reverse("admin:tariff_tiers", args=[nord.pk]), {**TIERS, **change})
    assert page.context["form"].errors[field] == [sentence]
    assert not Tariff.objects.exists()
    assert not Assignment.objects.exists()


def test_tiers_need_a_currency(browser: Client) -> None:
    entity = LegalEntity.objects.create(name="Nowhere yet")
    page = browser.get(reverse("admin:tariff_tiers", args=[entity.pk]), follow=True)
    assert "Give Nowhere yet a currency first" in said(page)


def test_many_companies_are_paged(browser: Client) -> None:
    tariffs(45)
    page = browser.get(reverse("admin:billing_tariff_changelist"))
    assert len(page.context["companies"]) == 20
    assert len(browser.get(reverse("admin:billing_tariff_changelist") + "?p=3").context["companies"]) == 5


def test_assignments_are_told_in_short(browser: Client, night: Tariff, nord: LegalEntity, manager: User) -> None:
    for n in range(5):
        assign(entity=nord, tariff=night, min_kw=Decimal(n * 10 + 10), max_kw=Decimal(n * 10 + 20), actor=manager, at=AT)
    page = text(browser.get(reverse("admin:billing_tariff_changelist")))
    assert "connectors from 20 to below 30 kW" in page
    assert "and 2 more" in page
