"""Describing a layout by hand: guessed, shown, saved in versions, recognized at the next upload, retired."""

import random
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.test import Client

from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, BILLING_CLERK, ROLES
from stations import import_profiles
from stations.models import ImportProfile, ImportProfileVersion, QuarantinedRow, Session
from tests.portal.import_files import AT, import_text

NEW = "/imports/layouts/new/"
HEADER = "Vorgang-Nr;Ladesäule;Stecker;Beginn;Ende;Energie (kWh);Karte;Betrag"
ROWS = (
    "1001;LS-1;2;31.05.2024 10:00;31.05.2024 11:30;12,5;04A1;5,20 €",
    "1002;LS-1;1;01.06.2024 08:15;01.06.2024 08:45;7,25;04B2;3,10 €",
    "1003;LS-2;1;02.06.2024 20:00;;3,5;04C3;1,40 €",
)
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


def start(client: Client, entity: LegalEntity, content: str | bytes = TEXT, **more: str) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(NEW, {"entity": str(entity.pk), **more, "file": SimpleUploadedFile("laden.csv", data)})


def answers(html: str) -> dict[str, str]:
    """What the page's form would send: what it begins with."""
    said = dict(re.findall(r'<input type="text" name="([^"]+)"[^>]*?value="([^"]*)"', html))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        said[name] = chosen.group(1) if chosen else ""
    said |= {name: "on" for name, rest in re.findall(r'<input type="checkbox" name="([^"]+)"([^>]*)', html) if "checked" in rest}
    return said


def described(client: Client, entity: LegalEntity, content: str | bytes = TEXT, **changes: str) -> Any:
    """Goes through the pages as they are guessed, with some answers changed, and saves."""
    url = start(client, entity, content).url
    said = answers(client.get(url).content.decode()) | {"title": "Hausladung", "do": "save"} | changes
    return client.post(url, {name: value for name, value in said.items() if value != "off"})


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_file_nobody_knows_is_described_and_imported(entity: LegalEntity, clerk: Client) -> None:
    url = start(clerk, entity).url
    page = clerk.get(url)
    assert "2 of 3 first rows become sessions" in text(page)
    assert "Would wait: There is no end time." in text(page)
    assert "12.500 kWh" in text(page)
    saved = described(clerk, entity)
    assert saved.url == f"/imports/new/?entity={entity.pk}"

    version = ImportProfileVersion.objects.get()
    assert (version.profile.name, version.number, version.profile.title) == ("hausladung", 1, "Hausladung")
    assert version.definition["columns"]["evse"] == "Ladesäule"
    event = AuditEvent.objects.get(action="importprofile.saved")
    assert (event.entity, event.changes["definition"]) == (entity, version.definition)

    batch = import_text(entity, TEXT)
    assert (batch.source.profile, batch.profile_version, batch.encoding) == ("hausladung", version, "utf-8")
    assert (batch.rows_read, batch.rows_imported, batch.rows_quarantined) == (3, 2, 1)
    session = Session.objects.get(external_id="1001")
    assert (session.energy_kwh, session.reported_amount, session.reported_currency) == (Decimal("12.5"), Decimal("5.2"), "EUR")
    assert session.started_at.isoformat() == "2024-05-31T08:00:00+00:00"
    assert "Hausladung, version 1" in text(clerk.get(f"/imports/{batch.pk}/"))


def test_the_upload_offers_to_describe_what_it_does_not_know(entity: LegalEntity, clerk: Client) -> None:
    form = {"entity": str(entity.pk), "mode": "history", "key": "k"}
    refused = clerk.post("/imports/new/", {**form, "file": SimpleUploadedFile("laden.csv", TEXT.encode())})
    assert "Describe this layout" in text(refused)
    described(clerk, entity)
    taken = clerk.post("/imports/new/", {**form, "file": SimpleUploadedFile("laden.csv", TEXT.encode())})
    assert taken.status_code == 302


def test_a_change_is_a_new_version_and_an_import_keeps_its_own(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    old = import_text(entity, TEXT)
    layout = ImportProfile.objects.get()
    url = start(clerk, entity, layout=str(layout.pk)).url
    page = clerk.get(url).content.decode()
    said = answers(page) | {"title": "Hausladung", "energy_unit": "Wh", "do": "save"}
    clerk.post(url, said)

    assert [v.number for v in layout.versions.all()] == [2, 1]
    assert (layout.versions.first().definition["energy_unit"], old.profile_version.definition["energy_unit"]) == ("Wh", "kWh")
    # The row that waits is read with the version of its import: 3,5 are kWh.
    row = QuarantinedRow.objects.get()
    clerk.post(f"/quarantine/{row.pk}/", {"c4": "02.06.2024 21:00"})
    assert Session.objects.get(external_id="1003").energy_kwh == Decimal("3.5")
    # One source whatever the version: the same sessions again are the same sessions.
    again = import_text(entity, TEXT, name="again.csv")
    assert again.source == old.source
    assert (again.profile_version.number, again.rows_updated, again.rows_imported) == (2, 2, 0)
    assert Session.objects.get(external_id="1001").energy_kwh == Decimal("0.0125")


def test_the_same_again_makes_no_version_and_no_event(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    layout = ImportProfile.objects.get()
    url = start(clerk, entity, layout=str(layout.pk)).url
    clerk.post(url, answers(clerk.get(url).content.decode()) | {"title": "Hausladung", "do": "save"})
    assert layout.versions.count() == 1
    assert AuditEvent.objects.filter(action="importprofile.saved").count() == 1


def test_a_form_sent_twice_is_one_layout_and_a_preview_saves_none(entity: LegalEntity, clerk: Client) -> None:
    url = start(clerk, entity).url
    said = answers(clerk.get(url).content.decode()) | {"title": "Hausladung", "do": "save"}
    preview = clerk.post(url, said, headers={"HX-Request": "true"})
    assert "2 of 3 first rows become sessions" in text(preview)
    assert not ImportProfile.objects.exists()
    described(clerk, entity)
    described_again = ImportProfileVersion.objects.get()
    sent = import_profiles.save_profile(
        entity=entity,
        title="Hausladung",
        definition=described_again.definition,
        header=described_again.header,
        encoding="",
        actor=None,
        at=AT,
    )
    assert sent == described_again
    assert AuditEvent.objects.filter(action="importprofile.saved").count() == 1


def test_the_same_file_twice_changes_nothing(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    import_text(entity, TEXT)
    again = import_text(entity, TEXT)
    assert (again.rows_imported, again.rows_unchanged, again.rows_quarantined) == (0, 2, 1)
    assert QuarantinedRow.objects.count() == 1


def test_columns_together_may_tell_sessions_apart(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity, **{"tells-0": "off", "tells-1": "on", "tells-3": "on", "tells-7": "on"})
    assert ImportProfileVersion.objects.get().definition["identity"] == ["evse", "start", "amount"]
    assert import_text(entity, TEXT).rows_imported == 2
    assert all(len(session.external_id) == 40 for session in Session.objects.all())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": ""}, "Give the layout a name"),
        ({"column-3": ""}, "No column says when a session began."),
        ({"column-4": ""}, "No column says when a session ended, or how long it took"),
        ({"column-5": ""}, "No column says how much energy was charged"),
        ({"column-1": ""}, "No column says where"),
        ({"tells-0": "off"}, "Mark the column, or the columns together"),
        ({"column-2": "evse"}, "Two columns are taken for “Charge point”: Ladesäule and Stecker."),
        ({"column-2": "start_date"}, "Say when a session began with one column"),
        ({"column-2": "nonsense"}, "is nothing a column can mean"),
        ({"time_zone": "Mars/Olympus"}, "is no time zone such as Europe/Berlin"),
        ({"currency": ""}, "There are amounts without a currency"),
        ({"currency": "EURO"}, "A currency is three letters"),
        ({"location": "Hof", "column-2": "location"}, "A column says the place already"),
        ({"date_order": "YMD"}, "None of these rows can be read this way"),
        ({"date_order": "QQQ"}, "Nothing was saved."),
    ],
)
def test_what_can_not_be_a_layout_is_refused_and_nothing_saved(
    entity: LegalEntity, clerk: Client, changes: dict[str, str], message: str
) -> None:
    refused = described(clerk, entity, **changes)
    assert refused.status_code == 200
    assert message in text(refused)
    assert not ImportProfile.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="importprofile").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty. Nothing was kept."),
        (HEADER + "\n", "no rows"),
        (b"PK\x03\x04rest", "Excel workbook"),
        ('[{"id": 1}]', "this one is JSON"),
        ("session_id,location,evse,start,end,energy_kwh\n1,a,b,c,d,e\n", "recognized already as “ChargeBill CSV”"),
        ("ChargeStartDateTime,QuantityBase\n1,2\n", "This is a Tesla account export"),
    ],
)
def test_files_no_layout_is_described_from(entity: LegalEntity, clerk: Client, content: str | bytes, message: str) -> None:
    refused = start(clerk, entity, content)
    assert refused.status_code == 200
    assert message in text(refused)


def test_a_file_in_windows_1252_is_read_by_its_layout(entity: LegalEntity, clerk: Client, tmp_path: Path) -> None:
    latin = TEXT.encode("windows-1252")
    page = clerk.get(start(clerk, entity, latin).url)
    assert "Windows-1252 (Western Europe) (guessed" in text(page)
    assert "Ladesäule" in text(page)
    described(clerk, entity, latin)
    path = tmp_path / "latin.csv"
    path.write_bytes(latin)
    call_command("import_sessions", str(path), "--profile", "hausladung")
    assert Session.objects.count() == 2
    call_command("import_sessions", str(path))
    assert Session.objects.count() == 2


def test_a_retired_layout_is_not_recognized_and_its_imports_stay(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    batch = import_text(entity, TEXT)
    layout = ImportProfile.objects.get()
    clerk.post(f"/imports/layouts/{layout.pk}/retire/")
    with pytest.raises(UserError) as refused:
        import_text(entity, TEXT)
    assert refused.value.code == "unknown_layout"
    with pytest.raises(UserError, match="is retired"):
        import_profiles.known_named("hausladung", entity=entity)
    assert "Retired" in text(clerk.get("/imports/layouts/"))
    assert "Hausladung, version 1" in text(clerk.get(f"/imports/{batch.pk}/"))
    row = QuarantinedRow.objects.get()
    clerk.post(f"/quarantine/{row.pk}/", {"c4": "02.06.2024 21:00"})
    assert Session.objects.filter(external_id="1003").exists()
    clerk.post(f"/imports/layouts/{layout.pk}/retire/", {"back": "1"})
    assert import_text(entity, TEXT).rows_unchanged == 2
    actions = AuditEvent.objects.filter(action__startswith="importprofile").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["importprofile.saved", "importprofile.retired", "importprofile.restored"]


def test_a_layout_is_its_company_s_own(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    other = LegalEntity.objects.create(name="Another", time_zone="Europe/Berlin")
    with pytest.raises(UserError) as refused:
        import_text(other, TEXT)
    assert refused.value.code == "unknown_layout"


def test_a_name_that_is_taken_gets_a_number(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity, title="SteVe")
    assert ImportProfile.objects.get().name == "steve_2"


def test_a_version_never_changes(entity: LegalEntity, clerk: Client) -> None:
    described(clerk, entity)
    with pytest.raises(Error), transaction.atomic():
        ImportProfileVersion.objects.update(number=7)
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM stations_importprofileversion")


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_may_describe_a_layout(role: str, entity: LegalEntity, clerk: Client, client_of: Callable[[str], Client]) -> None:
    described(clerk, entity)
    layout = ImportProfile.objects.get()
    client = client_of(role)
    assert client.get("/imports/layouts/").status_code == 200
    expected = 200 if role in (ADMINISTRATOR, BILLING_CLERK) else 403
    assert client.get(NEW).status_code == expected
    if role == AUDITOR:
        assert start(client, entity).status_code == 403
        assert client.post(f"/imports/layouts/{layout.pk}/retire/").status_code == 403
        assert "Change Hausladung" not in client.get("/imports/layouts/").content.decode()


def test_the_list_is_empty_at_first_and_takes_the_same_queries_for_many(
    entity: LegalEntity, clerk: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    assert "No layout of your own yet" in text(clerk.get("/imports/layouts/"))
    described(clerk, entity)
    version = ImportProfileVersion.objects.get()

    def add(count: int) -> None:
        for number in range(count):
            import_profiles.save_profile(
                entity=entity,
                title=f"Layout {number}",
                definition=version.definition,
                header=version.header,
                encoding="",
                actor=None,
                at=AT,
            )

    add(2)
    clerk.get("/imports/layouts/")
    with django_assert_num_queries(10):
        clerk.get("/imports/layouts/")
    add(20)
    with django_assert_num_queries(10):
        clerk.get("/imports/layouts/")


def test_a_forgotten_file_is_asked_for_again(entity: LegalEntity, clerk: Client) -> None:
    response = clerk.get("/imports/layouts/build/nothing/", follow=True)
    assert "Choose the file once more." in text(response)


def test_a_definition_that_was_tampered_with_is_refused(entity: LegalEntity) -> None:
    for definition in ({}, [], None, {"columns": 1}, {"columns": {}, "identity": []}):
        with pytest.raises(UserError):
            import_profiles.save_profile(
                entity=entity, title="X", definition=definition, header=["a"], encoding="", actor=None, at=AT
            )


def test_mutated_files_are_refused_or_wait_and_never_break(entity: LegalEntity, clerk: Client, tmp_path: Path) -> None:
    described(clerk, entity)
    generator = random.Random(20_261_127)
    whole = TEXT.encode()
    kept = 0
    for turn in range(120):
        content = bytearray(whole)
        for _ in range(generator.randint(1, 8)):
            content[generator.randrange(len(content))] = generator.choice((*range(256), 34, 59, 10))
        path = tmp_path / "mutated.csv"
        path.write_bytes(bytes(content))
        # Describing it shows a page or says why not.
        response = start(clerk, entity, bytes(content))
        assert response.status_code in (200, 302)
        if response.status_code == 302:
            kept += 1
            assert clerk.get(response.url).status_code == 200
        try:
            batch = pipeline.start_import(
                entity=entity,
                path=path,
                file_name="mutated.csv",
                profile="hausladung" if turn % 2 else "",
                mode="history",
                time_zone="",
                encoding="",
                actor=None,
                at=AT,
                key=f"mutated:{turn}",
                here=True,
            )
        except UserError:
            continue
        assert batch.rows_read == batch.rows_imported + batch.rows_updated + batch.rows_unchanged + batch.rows_quarantined
    assert kept > 0
