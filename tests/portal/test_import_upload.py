"""Uploading a file: what is asked, what is refused and how, and that one upload is one import."""

import gzip
import re
import threading
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django_tasks_db.models import DBTaskResult

from chargebill.core.models import Job, LegalEntity
from chargebill.core.roles import ADMINISTRATOR, BILLING_CLERK, ROLES
from stations.models import ImportBatch, Session
from tests.portal.import_files import line, text_of

URL = "/imports/new/"
GOOD = text_of(line("1"), line("2")).encode()


def form(entity: LegalEntity, content: bytes = GOOD, *, name: str = "export.csv", **answers: str) -> dict[str, Any]:
    asked = {"entity": str(entity.pk), "mode": "history", "time_zone": "", "encoding": "", "profile": "", "key": uuid.uuid4().hex}
    return {**asked, **answers, "file": SimpleUploadedFile(name, content)}


def kept_files() -> list[Path]:
    return [path for path in (Path(settings.MEDIA_ROOT) / "imports").rglob("*") if path.is_file()]


def nothing_was_imported() -> bool:
    return not (ImportBatch.objects.exists() or Job.objects.exists() or Session.objects.exists())


def text(response: HttpResponse) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_mode_is_asked_and_never_presumed(entity: LegalEntity, clerk: Client) -> None:
    html = clerk.get(URL).content.decode()
    modes = re.findall(r'<input type="radio" name="mode" value="(\w+)"([^>]*)>', html)

    assert [value for value, _ in modes] == ["bill", "collected", "history"]
    assert not any("checked" in rest for _, rest in modes)

    answered = clerk.post(URL, form(entity, mode=""))
    assert "Say what the sessions are for." in text(answered)
    assert nothing_was_imported()


def test_the_only_company_is_not_asked_for(entity: LegalEntity, clerk: Client) -> None:
    html = clerk.get(URL).content.decode()

    assert f'<input type="hidden" name="entity" value="{entity.pk}">' in html
    assert '<select name="entity"' not in html


def test_of_several_companies_none_is_presumed(entity: LegalEntity, clerk: Client) -> None:
    LegalEntity.objects.create(name="Another one")
    html = clerk.get(URL).content.decode()

    choice = html[html.index('<select name="entity"') : html.index("</select>")]
    assert "selected" not in choice
    assert "Choose the company" in text(clerk.post(URL, {**form(entity), "entity": ""}))
    assert nothing_was_imported()


def test_without_a_company_the_page_leads_to_the_checklist(client_of: Callable[[str], Client]) -> None:
    html = client_of(ADMINISTRATOR).get(URL).content.decode()

    assert "First, your company" in html
    assert 'href="/checklist/"' in html
    assert '<form id="import-form"' not in html


def test_an_upload_starts_an_import_and_leads_to_its_page(
    entity: LegalEntity, clerk: Client, run_jobs: Callable[[], None]
) -> None:
    response = clerk.post(URL, form(entity, mode="bill", name="Mai.csv"))

    batch = ImportBatch.objects.select_related("job", "created_by").get()
    assert response.status_code == 302
    assert response["Location"] == f"/imports/{batch.pk}/"
    assert (batch.file_name, batch.mode, batch.source.profile, batch.source.entity) == ("Mai.csv", "bill", "chargebill", entity)
    assert (batch.job.state, batch.job.total, batch.job.created_by.username) == ("QUEUED", 2, "billing-clerk")

    run_jobs()
    batch.refresh_from_db()
    assert (batch.rows_read, batch.rows_imported) == (2, 2)


def test_htmx_is_told_where_to_go(entity: LegalEntity, clerk: Client) -> None:
    response = clerk.post(URL, form(entity), headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert response["HX-Redirect"] == f"/imports/{ImportBatch.objects.get().pk}/"


def test_a_packed_file_is_taken_as_it_is(entity: LegalEntity, clerk: Client) -> None:
    assert clerk.post(URL, form(entity, gzip.compress(GOOD), name="export.csv.gz")).status_code == 302
    assert ImportBatch.objects.get().job.total == 2


def test_the_same_form_sent_twice_is_one_import(entity: LegalEntity, clerk: Client) -> None:
    key = uuid.uuid4().hex
    first, second = (clerk.post(URL, form(entity, key=key)) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert ImportBatch.objects.count() == 1
    assert DBTaskResult.objects.count() == 1


def test_going_back_and_choosing_another_file_is_another_import(entity: LegalEntity, clerk: Client) -> None:
    key = uuid.uuid4().hex
    clerk.post(URL, form(entity, key=key))
    clerk.post(URL, form(entity, text_of(line("3")).encode(), key=key))
    clerk.post(URL, form(entity, key=key, mode="bill"))

    assert ImportBatch.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_very_same_moment_is_one_import(entity: LegalEntity, clerk: Client) -> None:
    key, together, answers = uuid.uuid4().hex, threading.Barrier(3), []

    def send() -> None:
        client = Client()
        client.cookies = clerk.cookies
        together.wait()
        answers.append(client.post(URL, form(entity, key=key)))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    batch = ImportBatch.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/imports/{batch.pk}/"] * 3
    assert DBTaskResult.objects.count() == 1


REFUSED = {
    "unknown_layout": (
        b"Created,Finished,Vehicle\n2026-05-01,2026-05-02,x\n",
        {},
        "The columns found are: Created, Finished, Vehicle",
    ),
    "encoding_unknown": (text_of(line("1").replace("hall", "h\xe4ll")).encode("cp1252"), {}, "which is not UTF-8"),
    "empty_file": (b"", {}, "The file is empty"),
    "not_text": (b"PK\x03\x04 and more", {}, "an Excel workbook"),
    "nul_byte": (GOOD + b"3,\0", {}, "NUL byte"),
    "bad_gzip": (gzip.compress(GOOD * 100)[:-20], {}, "damaged or cut off"),
    "time_zone_unknown": (text_of(line("1", start="2026-05-01 10:00")).encode(), {}, "no time zone"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_refused_file_says_why_and_nothing_is_kept(code: str, entity: LegalEntity, clerk: Client) -> None:
    LegalEntity.objects.update(time_zone="")
    before = kept_files()
    content, answers, words = REFUSED[code]
    response = clerk.post(URL, form(entity, content, **answers))

    shown = text(response)
    assert "This file was not imported." in shown
    assert "Nothing was imported." in shown
    assert words in shown
    assert f"<code>{code}</code>" in response.content.decode()
    assert nothing_was_imported()
    assert kept_files() == before


def focused(response: HttpResponse) -> str:
    found = re.search(r'<(?:input|select)[^>]*\bid="(\w+)"[^>]*\bautofocus', response.content.decode())
    return found[1] if found else ""


def test_a_file_without_a_zone_leads_to_the_zone(entity: LegalEntity, clerk: Client) -> None:
    LegalEntity.objects.update(time_zone="")
    local = text_of(line("1", start="2026-05-01 10:00", end="2026-05-01 11:00")).encode()
    assert focused(clerk.post(URL, form(entity, local))) == "id_time_zone"

    assert clerk.post(URL, form(entity, local, time_zone="europe/paris")).status_code == 302
    assert ImportBatch.objects.get().time_zone == "Europe/Paris"


def test_a_file_of_unknown_encoding_opens_the_encoding(entity: LegalEntity, clerk: Client) -> None:
    content, _, _ = REFUSED["encoding_unknown"]
    response = clerk.post(URL, form(entity, content))
    assert focused(response) == "id_encoding"
    assert '<details class="cb-behind" open>' in response.content.decode()

    assert clerk.post(URL, form(entity, content, encoding="windows-1252")).status_code == 302


def test_an_unknown_layout_lists_the_known_ones_and_our_own(entity: LegalEntity, clerk: Client) -> None:
    content, _, _ = REFUSED["unknown_layout"]
    html = clerk.post(URL, form(entity, content)).content.decode()

    assert "ChargePoint portal export" in html
    assert 'href="/imports/formats/"' in html


def test_a_layout_that_is_asked_for_must_fit(entity: LegalEntity, clerk: Client) -> None:
    assert "unknown_layout" in text(clerk.post(URL, form(entity, profile="steve")))
    assert "Nothing was imported yet" in text(clerk.post(URL, form(entity, profile="nobody-knows-it")))
    assert nothing_was_imported()


def test_a_zone_that_does_not_exist_is_refused_at_its_field(entity: LegalEntity, clerk: Client) -> None:
    response = clerk.post(URL, form(entity, time_zone="Mars/Olympus"))

    assert "is no IANA time zone" in text(response)
    assert focused(response) == "id_time_zone"
    assert nothing_was_imported()


@pytest.mark.parametrize(
    ("billing_from", "words"),
    [
        (date(2026, 6, 1), "bills from 1 Jun 2026: sessions that started before become history"),
        (None, "no first day of billing yet"),
    ],
)
def test_the_form_says_which_sessions_become_history(
    billing_from: date | None, words: str, entity: LegalEntity, clerk: Client
) -> None:
    LegalEntity.objects.update(billing_from=billing_from)

    assert words in text(clerk.get(URL))


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_only_clerks_and_administrators_upload(role: str, entity: LegalEntity, client_of: Callable[[str], Client]) -> None:
    client = client_of(role)
    allowed = role in (ADMINISTRATOR, BILLING_CLERK)

    assert client.get(URL).status_code == (200 if allowed else 403)
    assert client.post(URL, form(entity)).status_code == (302 if allowed else 403)
    assert ImportBatch.objects.exists() == allowed


def test_strangers_and_forged_forms_upload_nothing(entity: LegalEntity, staff: Callable[..., Any]) -> None:
    assert Client().post(URL, form(entity)).status_code == 302
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff(BILLING_CLERK))
    assert careful.post(URL, form(entity)).status_code == 403
    assert nothing_was_imported()


def test_names_that_look_like_markup_are_only_text(entity: LegalEntity, clerk: Client) -> None:
    clerk.post(URL, form(entity, name="<script>alert(1)</script>.csv"))
    batch = ImportBatch.objects.get()

    assert "<script>alert(1)" not in clerk.get(f"/imports/{batch.pk}/").content.decode()
    assert "<script>alert(1)" not in clerk.get("/stations/importbatch/").content.decode()
