"""Customers, tokens and contract prefixes as tables, and their forms."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from chargebill.core.models import AuditEvent, Job, LegalEntity, User
from chargebill.core.tables.admin import TableAdmin
from memberships.models import ContractPrefix, Customer, CustomerGroup, CustomerKind, Token
from tests.conftest import ROOT
from tests.rows import company, sessions
from tests.tables import TablePages, as_csv

NOON = datetime(2026, 3, 1, 11, tzinfo=UTC)


@pytest.fixture
def signed_in(client: Client, staff: Callable[[str], User]) -> Client:
    client.force_login(staff("Billing clerk"))
    return client


@pytest.fixture
def nord(db: None) -> LegalEntity:
    return company()


@pytest.fixture
def customers(signed_in: Client, nord: LegalEntity) -> TablePages:
    return TablePages(signed_in, "memberships.Customer")


@pytest.fixture
def tokens(signed_in: Client, nord: LegalEntity) -> TablePages:
    return TablePages(signed_in, "memberships.Token")


def messages(response: object) -> str:
    return " ".join(str(message) for message in response.context["messages"])  # type: ignore[attr-defined]


def test_customers_come_in_with_kind_and_groups(customers: TablePages, nord: LegalEntity) -> None:
    for name in ("Residents", "Fleet"):
        CustomerGroup.objects.create(entity=nord, name=name)
    header = ["number", "kind", "name", "email", "company_name", "country", "language", "groups"]
    file = as_csv(header, ["1001", "Member", "Anna Ahlers", "anna@example.com", "", "de", "de", "Residents| Fleet"])
    customers.take(file)
    anna = Customer.objects.get()
    assert (anna.kind, anna.country, anna.language) == (CustomerKind.MEMBER, "DE", "de")
    assert sorted(group.name for group in anna.groups.all()) == ["Fleet", "Residents"]
    assert customers.look(file).context["outcome"].unchanged == 1
    assert customers.look(customers.export("xlsx"), "file.xlsx").context["outcome"].unchanged == 1

    customers.take(as_csv(["number", "name", "groups"], ["1001", "Anna Ahlers", "Fleet"]))
    assert [group.name for group in anna.groups.all()] == ["Fleet"]
    assert AuditEvent.objects.get(action="customer.change").changes == {"groups": [["Fleet", "Residents"], ["Fleet"]]}


def test_a_customer_without_a_number_is_found_by_name_and_address(customers: TablePages) -> None:
    header = ["number", "name", "email", "city"]
    rows = [["", "Jo Meyer", "jo@example.com", "Kiel"], ["", "Jo Meyer", "jm@example.com", "Kiel"]]
    customers.take(as_csv(header, *rows))
    customers.take(as_csv(header, rows[0], ["", "Jo Meyer", "jm@example.com", "Lübeck"]))
    assert dict(Customer.objects.values_list("email", "city")) == {"jo@example.com": "Kiel", "jm@example.com": "Lübeck"}


def test_unknown_groups_kinds_and_addresses_are_refused(customers: TablePages) -> None:
    header = ["number", "name", "kind", "email", "groups"]
    rows = [["1", "A", "friend", "", ""], ["2", "B", "", "no-address", ""], ["3", "C", "member", "", "X"]]
    assert customers.problems(as_csv(header, *rows)) == [
        (2, "kind", "'friend' is not known. Use one of: AD_HOC, MEMBER, BUSINESS, PARTNER, INTERNAL."),
        (3, "kind", "This field cannot be blank."),
        (3, "email", "Enter a valid email address."),
        (4, "groups", "Stadtwerke Nord has no group 'X'. Add it first; several are separated by |."),
    ]


def test_tokens_find_their_customer_by_number_or_by_a_name_only_one_has(tokens: TablePages, nord: LegalEntity) -> None:
    anna = Customer.objects.create(entity=nord, number="1001", name="Anna")
    bert = Customer.objects.create(entity=nord, name="Bert")
    for number in ("2", "3"):
        Customer.objects.create(entity=nord, number=number, name="Jo Meyer")
    stranger = LegalEntity.objects.create(name="Stadtwerke Süd")
    Customer.objects.create(entity=stranger, number="77", name="Zoe")
    header = ["company", "uid", "customer"]
    tokens.take(as_csv(header, [nord.name, "04A1", "1001"], [nord.name, "04B2", "Bert"], [nord.name, "04C3", ""]))
    assert list(Token.objects.values_list("uid", "customer")) == [("04A1", anna.pk), ("04B2", bert.pk), ("04C3", None)]
    assert tokens.problems(as_csv(header, [nord.name, "1", "Jo Meyer"], [nord.name, "2", "77"])) == [
        (2, "customer", "Several customers are called 'Jo Meyer'. Use the customer number."),
        (3, "customer", "Stadtwerke Nord has no customer '77'."),
    ]


def test_a_token_is_blocked_by_a_file_only_with_a_moment_and_a_reason(tokens: TablePages) -> None:
    header = ["uid", "blocked_from", "blocked_reason"]
    assert tokens.problems(
        as_csv(header, ["1", "2026-03-01T12:00:00+01:00", ""], ["2", "2026-03-01", "Lost"], ["3", "", "Lost"])
    ) == [
        (2, "blocked_reason", "Say why the token is blocked."),
        (3, "blocked_from", "'2026-03-01' is no moment with an offset. Write it like 2026-03-01T12:00:00+01:00."),
        (4, "blocked_from", "Say from when the token is blocked, or remove the reason."),
    ]
    tokens.take(as_csv(header, ["1", "2026-03-01T12:00:00+01:00", "Lost"]))
    assert Token.objects.get().blocked_from == NOON
    assert tokens.look(tokens.export()).context["outcome"].unchanged == 1


def test_prefixes_belong_to_partners_and_each_only_once_however_it_is_written(signed_in: Client, nord: LegalEntity) -> None:
    pages = TablePages(signed_in, "memberships.ContractPrefix")
    roamer = Customer.objects.create(entity=nord, number="9001", name="Roamer", kind=CustomerKind.PARTNER)
    Customer.objects.create(entity=nord, number="1001", name="Anna")
    assert pages.problems(as_csv(["prefix", "partner"], ["DE-ABC", "1001"], ["DE-XYZ", ""])) == [
        (2, "partner", "Anna is no roaming partner."),
        (3, "partner", "Empty. Say which customer it belongs to."),
    ]
    pages.take(as_csv(["prefix", "partner"], ["DE-ABC", "9001"]))
    assert ContractPrefix.objects.get().partner == roamer
    assert pages.problems(as_csv(["prefix", "partner"], ["de*abc", "9001"])) == [
        (2, "prefix", "DE-ABC is the same prefix and belongs to Roamer.")
    ]
    response = signed_in.post(
        reverse("admin:memberships_contractprefix_add"), {"entity": nord.pk, "prefix": "DEABC", "partner": roamer.pk}
    )
    assert response.context["errors"] == [["DE-ABC is the same prefix and belongs to Roamer."]]


def test_the_analyst_sees_no_customers_and_no_export_of_them(client: Client, staff: Callable[[str], User]) -> None:
    client.force_login(staff("Analyst"))
    for model in ("customer", "token", "contractprefix", "customergroup"):
        assert client.get(reverse(f"admin:memberships_{model}_changelist")).status_code == 403
    assert client.post(reverse("admin:memberships_customer_export"), {"format": "csv"}).status_code == 403


# Forms


def test_blocking_is_a_form_with_a_moment_on_the_companys_clock_and_a_reason(signed_in: Client, nord: LegalEntity) -> None:
    token = Token.objects.create(entity=nord, uid="04A1")
    url = reverse("admin:memberships_token_block", args=[token.pk])
    page = signed_in.post(url, {"on": "2026-03-01", "time": "12:00", "reason": " "})
    assert page.context["form"].errors == {"reason": ["This field is required."]}
    token.refresh_from_db()
    assert token.blocked_from is None

    signed_in.post(url, {"on": "2026-03-01", "time": "12:00", "reason": "Card stolen"})
    token.refresh_from_db()
    assert (token.blocked_from, token.blocked_reason) == (NOON, "Card stolen")
    assert "Card stolen" in signed_in.get(reverse("admin:memberships_token_change", args=[token.pk])).content.decode()

    signed_in.post(reverse("admin:memberships_token_unblock", args=[token.pk]), {"reason": "Found"})
    token.refresh_from_db()
    assert token.blocked_from is None


def test_reading_a_token_does_not_allow_blocking_it(client: Client, staff: Callable[[str], User], nord: LegalEntity) -> None:
    token = Token.objects.create(entity=nord, uid="04A1")
    client.force_login(staff("Auditor"))
    for verb in ("block", "unblock"):
        url = reverse(f"admin:memberships_token_{verb}", args=[token.pk])
        assert client.get(url).status_code == 403
        assert client.post(url, {"on": "2026-03-01", "time": "12:00", "reason": "x"}).status_code == 403
    token.refresh_from_db()
    assert token.blocked_from is None


def test_a_token_cant_be_given_to_another_companys_customer(signed_in: Client, nord: LegalEntity) -> None:
    stranger = Customer.objects.create(entity=LegalEntity.objects.create(name="Süd"), name="Zoe")
    token = Token.objects.create(entity=nord, uid="04A1")
    url = reverse("admin:memberships_token_change", args=[token.pk])
    page = signed_in.post(url, {"uid": "04A1", "type": "RFID", "customer": stranger.pk})
    assert page.context["errors"] == [["Zoe is a customer of another company."]]
    token.refresh_from_db()
    assert token.customer is None


def test_giving_a_token_to_a_customer_prices_the_companys_sessions_anew_once(signed_in: Client, nord: LegalEntity) -> None:
    sessions(3)
    anna = Customer.objects.create(entity=nord, name="Anna")
    for uid in ("T0", "T1"):
        token = Token.objects.create(entity=nord, uid=uid)
        url = reverse("admin:memberships_token_change", args=[token.pk])
        page = signed_in.post(url, {"uid": uid, "type": "RFID", "customer": anna.pk}, follow=True)
        assert f"The sessions of Stadtwerke Nord are priced anew, because the customer of {uid} changed." in messages(page)
    job = Job.objects.get(kind="price")
    assert (job.params["entity"], job.created_by) == (nord.pk, User.objects.get(username="billing-clerk"))
    event = AuditEvent.objects.filter(action="token.change").latest("id")
    assert event.changes == {"customer": [None, "Anna"]}


def test_a_change_that_moves_no_price_starts_nothing(signed_in: Client, nord: LegalEntity) -> None:
    sessions(1)
    anna = Customer.objects.create(entity=nord, name="Anna")
    url = reverse("admin:memberships_customer_change", args=[anna.pk])
    signed_in.post(url, {"kind": "MEMBER", "name": "Anna Ahlers", "language": "en"})
    anna.refresh_from_db()
    assert anna.name == "Anna Ahlers"
    assert not Job.objects.filter(kind="price").exists()


def test_imported_tokens_start_one_pricing_job_a_company(tokens: TablePages, nord: LegalEntity) -> None:
    sessions(3)
    Customer.objects.create(entity=nord, number="1001", name="Anna")
    tokens.take(as_csv(["uid", "customer"], ["T0", "1001"], ["T1", "1001"]))
    assert Job.objects.filter(kind="price").count() == 1
    assert "starts" not in tokens.take(as_csv(["uid", "needs_review"], ["T0", "yes"]))
    assert Job.objects.filter(kind="price").count() == 1


def test_a_partner_with_prefixes_stays_a_partner(signed_in: Client, nord: LegalEntity) -> None:
    roamer = Customer.objects.create(entity=nord, name="Roamer", kind=CustomerKind.PARTNER)
    ContractPrefix.objects.create(entity=nord, prefix="DE-ABC", partner=roamer)
    url = reverse("admin:memberships_customer_change", args=[roamer.pk])
    page = signed_in.post(url, {"kind": "MEMBER", "name": "Roamer", "language": "en"})
    assert page.context["errors"] == [["Contract prefixes belong to this partner. Remove them first; nothing was saved."]]
    roamer.refresh_from_db()
    assert roamer.kind == CustomerKind.PARTNER


def test_a_token_with_sessions_is_not_deleted(client: Client, staff: Callable[[str], User]) -> None:
    sessions(1)
    nord = company()
    used, unused = Token.objects.create(entity=nord, uid="T0"), Token.objects.create(entity=nord, uid="never")
    client.force_login(staff("Administrator"))
    page = client.post(reverse("admin:memberships_token_delete", args=[used.pk]), {"post": "yes"}, follow=True)
    assert "T0 can't be deleted: sessions belong to it. Nothing was changed." in messages(page)
    assert "deletelink" not in page.content.decode()
    client.post(reverse("admin:memberships_token_delete", args=[unused.pk]), {"post": "yes"})
    assert list(Token.objects.values_list("uid", flat=True)) == ["T0"]
    assert AuditEvent.objects.get(action="token.delete").changes["UID"] == ["never", None]


def test_the_documentation_names_every_column_of_every_table() -> None:
    lines = (ROOT / "docs" / "tables.md").read_text().splitlines()
    described = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    for model_admin in admin.site._registry.values():
        if not isinstance(model_admin, TableAdmin):
            continue
        resource = model_admin.resource_classes[0]()
        line = described.pop(capfirst(model_admin.opts.verbose_name_plural))
        cells = line.replace("\\|", "").split("|")
        assert set(re.findall(r"`([a-z_]+)`", cells[3])) == {field.column_name for field in resource.get_import_fields()}
        assert set(resource.key_columns) <= set(re.findall(r"`([a-z_]+)`", cells[2]))
    assert set(described) == {"list"}
