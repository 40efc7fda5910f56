"""Starting with one's own company: who may, through which link, and what the checklist then asks for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.operations import set_tariff, set_tax_rate
from chargebill.core import instances
from chargebill.core.models import AuditEvent, Installation, Job, LegalEntity, User
from chargebill.portal.checklist import steps
from stations.models import ImportBatch, Location, Source

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = {
    "first_name": "Maren",
    "last_name": "Ihnen",
    "email": "maren@example.com",
    "username": "maren",
    "password1": "a-long-enough-secret",
    "password2": "a-long-enough-secret",
}


@pytest.fixture
def on_demo(settings, tmp_path):
    settings.DATA_DIR, settings.INSTANCE = tmp_path, "demo"
    return tmp_path


@pytest.fixture
def on_company(settings, tmp_path):
    settings.DATA_DIR, settings.INSTANCE = tmp_path, "company"
    return tmp_path


def test_only_an_administrator_may_ask_for_the_company(on_demo, staff, client):
    for role in ("Finance", "Billing clerk", "Auditor"):
        client.force_login(staff(role))
        assert client.post("/start-company/").status_code == 403
    assert instances.wanted(on_demo) == "demo"
    assert not (on_demo / "setup_token").exists()

    client.force_login(staff("Administrator"))
    answer = client.post("/start-company/")

    assert answer.url == f"/start-company/preparing/company/?token={(on_demo / 'setup_token').read_text()}"
    assert instances.wanted(on_demo) == "company"
    assert AuditEvent.objects.get(action="installation.switch").summary == "Asked for the company database"


def test_asking_twice_gives_the_same_link(on_demo, staff, client):
    client.force_login(staff("Administrator"))

    assert client.post("/start-company/").url == client.post("/start-company/").url


def test_the_demo_banner_has_a_button_for_who_may_press_it(on_demo, staff, client):
    Installation.objects.create(pk=1, is_demo=True)
    shown = {}
    for role in ("Administrator", "Analyst"):
        client.force_login(staff(role))
        shown[role] = client.get("/password_change/").content.decode()

    assert "Start with my company" in shown["Administrator"]
    assert "made-up operator" in shown["Analyst"]
    assert "Start with my company" not in shown["Analyst"]
    (on_demo / "company.sqlite3").touch()
    client.force_login(staff("Administrator"))
    assert "Go to my company" in client.get("/password_change/").content.decode()


def test_a_company_has_no_banner(on_company, staff, client):
    client.force_login(staff("Administrator"))

    assert "made-up operator" not in client.get("/password_change/").content.decode()


def test_health_says_which_instance_answers_and_which_is_wanted(on_demo, client):
    instances.want(on_demo, "company")

    assert client.get("/healthz").json() == {"status": "ok", "instance": "demo", "wanted": "company"}


def test_without_the_token_nobody_creates_the_first_account(on_company, client):
    token = instances.setup_token(on_company)

    for wrong in ("", "?token=", f"?token={token[:-1]}", f"?token={token}x", "?token=ü"):
        assert client.post(f"/setup/{wrong}", ACCOUNT).status_code == 403
    assert not User.objects.exists()


def test_the_token_creates_one_administrator_and_signs_in(on_company, client):
    answer = client.post(f"/setup/?token={instances.setup_token(on_company)}", ACCOUNT)

    assert answer.url == "/checklist/"
    maren = User.objects.get()
    assert (maren.username, maren.get_full_name(), maren.email) == ("maren", "Maren Ihnen", "maren@example.com")
    assert (maren.is_staff, maren.is_superuser) == (True, False)
    assert [group.name for group in maren.groups.all()] == ["Administrator"]
    assert Installation.objects.get().is_demo is False
    assert client.get("/checklist/").status_code == 200
    assert AuditEvent.objects.get(action="user.first").actor == maren


def test_the_link_works_once(on_company, client):
    link = f"/setup/?token={instances.setup_token(on_company)}"
    client.post(link, ACCOUNT)

    again = Client().post(link, {**ACCOUNT, "username": "somebody-else"})

    assert again.url == "/"
    assert [user.username for user in User.objects.all()] == ["maren"]
    assert not (on_company / "setup_token").exists()


def test_a_weak_password_creates_nobody_and_keeps_the_link(on_company, client):
    link = f"/setup/?token={instances.setup_token(on_company)}"
    answer = client.post(link, {**ACCOUNT, "password1": "maren", "password2": "maren"})

    assert "The account was not created yet." in answer.content.decode()
    assert not User.objects.exists()
    assert client.get(link).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_who_send_the_form_at_once_make_one_account(on_company):
    link = f"/setup/?token={instances.setup_token(on_company)}"

    def send(name):
        try:
            return Client().post(link, {**ACCOUNT, "username": name}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, ["ann", "ben", "cem", "dot"]))

    assert User.objects.count() == 1
    assert Installation.objects.count() == 1


def open_steps():
    return [step.title for step in steps() if not step.done]


def test_the_checklist_follows_what_is_there():
    everything = ["Your company", "VAT or sales tax", "Places", "Tariffs", "Assignments", "First import"]
    assert open_steps() == everything

    north = LegalEntity.objects.create(name="North", is_provisional=True)
    assert open_steps() == everything
    assert steps()[0].sentence == "North still needs: country, currency, time zone."
    north.country, north.base_currency, north.time_zone, north.is_provisional = "DE", "EUR", "Europe/Berlin", False
    north.save()
    assert open_steps() == everything[1:]

    set_tax_rate(entity=north, rate=Decimal(19), code="DE19", valid_from=None, source="adviser", actor=None, at=AT)
    assert open_steps() == everything[2:]

    place = Location.objects.create(entity=north, code="a", name="A", time_zone="Europe/Berlin", needs_review=True)
    assert open_steps() == everything[2:]
    assert steps()[2].sentence == "1 place came in with an import and waits for a look."
    place.needs_review = False
    place.save()
    assert open_steps() == everything[3:]

    set_tariff(
        entity=north,
        name="Standard",
        currency="EUR",
        tax_included=True,
        start_fee=None,
        energy_per_kwh=Decimal("0.49"),
        charging_per_minute=None,
        idle_per_minute=None,
        valid_from=None,
        actor=None,
        at=AT,
    )
    assert open_steps() == ["First import"]

    job = Job.objects.create(kind="import", title="a.csv", idempotency_key="1", state=Job.State.RUNNING)
    source = Source.objects.create(entity=north, profile="chargebill")
    ImportBatch.objects.create(source=source, job=job, file="a", file_name="a.csv", file_sha256="0", created_at=AT)
    assert open_steps() == ["First import"]
    Job.objects.update(state=Job.State.DONE)
    assert open_steps() == []


def test_a_second_company_without_tax_or_tariff_opens_those_steps_again():
    for name in ("North", "South"):
        entity = LegalEntity.objects.create(name=name, country="DE", base_currency="EUR", time_zone="Europe/Berlin")
        if name == "North":
            set_tax_rate(entity=entity, rate=Decimal(19), code="DE19", valid_from=date(2026, 1, 1), source="", actor=None, at=AT)

    assert steps()[0].done
    assert steps()[1].sentence == "No rate yet for South. Its sessions are held until there is one."
    assert not steps()[1].done


def test_every_step_leads_somewhere():
    assert [step.title for step in steps() if not step.link] == []


def test_the_checklist_is_for_who_may_change_the_company(staff, client):
    allowed = {}
    for role in ("Administrator", "Finance", "Analyst", "Dispute agent"):
        client.force_login(staff(role))
        allowed[role] = client.get(reverse("admin:checklist")).status_code

    assert allowed == {"Administrator": 200, "Finance": 200, "Analyst": 403, "Dispute agent": 403}
