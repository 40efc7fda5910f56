"""The page of one quarantined row: its columns, what is wrong with them, and what a person makes of it."""

import html as markup
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from chargebill.core.models import AuditEvent, LegalEntity
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, BILLING_CLERK, ROLES
from stations.models import ConnectorStatus, ImportBatch, QuarantinedRow, Session, Source
from tests.portal.import_files import import_text, line, text_of


@pytest.fixture
def row(entity: LegalEntity) -> QuarantinedRow:
    """A row with a negative energy, from line 2 of its file."""
    import_text(entity, text_of(line("S1", kwh="-7.5", token="CARD1")), mode="bill")
    return QuarantinedRow.objects.get()


def page(client: Client, row: QuarantinedRow) -> HttpResponse:
    return client.get(f"/quarantine/{row.pk}/")


def correct(client: Client, row: QuarantinedRow, **values: str) -> HttpResponse:
    """Sends the form as it is shown, with some columns changed."""
    shown = {name: value for _, name, value, _ in fields(page(client, row))}
    keys = {label: name for label, name, _, _ in fields(page(client, row))}
    changed = {keys[label.replace("_", " ") if label not in keys else label]: value for label, value in values.items()}
    return client.post(f"/quarantine/{row.pk}/", {**shown, **changed, "do": "correct"})


def fields(response: HttpResponse) -> list[tuple[str, str, str, bool]]:
    """(label, name, value, focused) of each column's field, in the order of the page."""
    assert response.status_code == 200
    text = response.content.decode()
    found = re.findall(
        r'<label for="id_c\d+">(.*?)</label>\s*(?:<input[^>]*?name="(c\d+)"[^>]*?value="([^"]*)"([^>]*)>'
        r'|<textarea[^>]*?name="(c\d+)"([^>]*)>\n(.*?)</textarea>)',
        text,
        re.DOTALL,
    )
    return [
        (
            re.sub(r"<[^>]+>|\(needed\)", "", label).strip(),
            name or name2,
            markup.unescape(value or value2),
            "autofocus" in rest + rest2,
        )
        for label, name, value, rest, name2, rest2, value2 in found
    ]


def words(response: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def nothing_changed(row: QuarantinedRow) -> bool:
    before = (row.state, row.corrected, row.decided_at)
    row.refresh_from_db()
    untouched = (row.state, row.corrected, row.decided_at) == before
    return untouched and not Session.objects.exists() and not AuditEvent.objects.filter(action__startswith="quarantine").exists()


def test_the_row_is_shown_column_by_column_beginning_at_the_fault(row: QuarantinedRow, clerk: Client) -> None:
    response = page(clerk, row)

    assert [(label, value, focused) for label, _, value, focused in fields(response)] == [
        ("session_id", "S1", False),
        ("location", "Town hall", False),
        ("evse", "E1", False),
        ("start", "2026-05-01T10:00Z", False),
        ("end", "2026-05-01T11:00Z", False),
        ("energy_kwh", "-7.5", True),
        ("token", "CARD1", False),
    ]
    assert "The energy is negative (-7.5 kWh)." in words(response)
    assert row.raw in response.content.decode()


def test_a_corrected_row_becomes_a_session(row: QuarantinedRow, clerk: Client, staff: Callable[..., Any]) -> None:
    assert correct(clerk, row, energy_kwh="7.5").status_code == 302

    session = Session.objects.get()
    row.refresh_from_db()
    assert (session.external_id, session.energy_kwh, session.mode, session.line_no) == ("S1", Decimal("7.5"), "bill", 2)
    assert (row.state, row.session, row.decided_by) == ("RESOLVED", session, staff(BILLING_CLERK))
    assert row.corrected["energy_kwh"] == "7.5"
    event = AuditEvent.objects.get(action="quarantine.corrected")
    assert (event.actor, event.object_id) == (staff(BILLING_CLERK), str(row.pk))


def test_afterwards_the_page_tells_what_was_corrected(row: QuarantinedRow, clerk: Client) -> None:
    correct(clerk, row, energy_kwh="7.5")
    response = page(clerk, row)

    assert re.search(r'energy_kwh</th><td class="cb-mono">-7.5</td><td class="cb-mono">7.5</td>', response.content.decode())
    assert "Corrected and taken. It is session S1 now. By billing-clerk" in words(response)
    assert f'href="/stations/session/{Session.objects.get().pk}/change/"' in response.content.decode()
    assert fields(response) == []


def test_a_correction_that_is_still_wrong_stores_nothing(row: QuarantinedRow, clerk: Client) -> None:
    response = correct(clerk, row, energy_kwh="plenty", end="2026-05-01T12:00Z")

    assert nothing_changed(row)
    assert "Still not right, nothing was stored." in words(response)
    assert "The energy “plenty” can't be read." in markup.unescape(words(response))
    values = {label: (value, focused) for label, _, value, focused in fields(response)}
    # What was typed stays, also where it was right.
    assert values["energy_kwh"] == ("plenty", True)
    assert values["end"] == ("2026-05-01T12:00Z", False)


def test_a_new_fault_is_shown_at_its_own_column(row: QuarantinedRow, clerk: Client) -> None:
    response = correct(clerk, row, energy_kwh="7.5", end="2026-04-01T12:00Z")

    assert nothing_changed(row)
    assert [label for label, _, _, focused in fields(response) if focused] == ["end"]


def test_a_file_with_semicolons_is_corrected_with_decimal_commas(entity: LegalEntity, clerk: Client) -> None:
    import_text(
        entity,
        text_of(
            "S1;Town hall;E1;2026-05-01T10:00Z;2026-05-01T11:00Z;-7,5", header="session_id;location;evse;start;end;energy_kwh"
        ),
    )
    correct(clerk, QuarantinedRow.objects.get(), energy_kwh="7,5")

    assert Session.objects.get().energy_kwh == Decimal("7.5")


def test_columns_the_layout_does_not_read_stay_out_of_the_way(entity: LegalEntity, clerk: Client) -> None:
    header = "session_id,location,evse,start,end,energy_kwh,weather,"
    import_text(entity, text_of("S1,Town hall,E1,2026-05-01T10:00Z,2026-05-01T11:00Z,,sunny,x", header=header))
    response = page(clerk, QuarantinedRow.objects.get())

    assert "2 columns this layout does not read" in words(response)
    assert [label for label, _, _, _ in fields(response)][-2:] == ["weather", "column 8"]


def test_a_row_of_another_kind_is_taken_without_a_session(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, text_of("Town hall,E1,2026-05-01T10:00Z,", header="location,evse,at,status"))
    row = QuarantinedRow.objects.get()
    assert correct(clerk, row, status="Faulted").status_code == 302

    assert ConnectorStatus.objects.get().status == "Faulted"
    assert "Corrected and taken. It is stored now." in words(page(clerk, row))


def cdr(**changes: Any) -> dict[str, Any]:
    return {
        "id": "CDR-1",
        "start_date_time": "2026-05-01T10:00:00Z",
        "end_date_time": "2026-05-01T11:00:00Z",
        "cdr_token": {"uid": "CARD1", "type": "RFID", "contract_id": "DE-ABC-C1"},
        "cdr_location": {"id": "L1", "name": "Town hall", "evse_uid": "E1", "connector_id": "1", "country": "DEU", "city": "N"},
        "currency": "EUR",
        "total_cost": {"excl_vat": 3, "incl_vat": 3.57},
        "total_energy": 7.5,
        "charging_periods": [
            {"start_date_time": "2026-05-01T10:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 7.5}]},
        ],
        **changes,
    }


def test_a_json_record_is_corrected_as_json(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, json.dumps([cdr(end_date_time=None)]), name="cdrs.json")
    row = QuarantinedRow.objects.get()
    response = page(clerk, row)
    assert "Record 1 of cdrs.json" in words(response)
    assert [(label, json.loads(value)["id"], focused) for label, _, value, focused in fields(response)] == [
        ("CDR", "CDR-1", True)
    ]

    broken = clerk.post(f"/quarantine/{row.pk}/", {"c0": '{"id": ', "do": "correct"})
    assert "is not valid JSON" in words(broken)
    assert nothing_changed(row)

    assert clerk.post(f"/quarantine/{row.pk}/", {"c0": json.dumps(cdr(), indent=2), "do": "correct"}).status_code == 302
    assert Session.objects.get().external_id == "CDR-1"
    assert "The record as it was corrected" in words(page(clerk, row))


def test_two_people_can_not_take_a_row_twice(row: QuarantinedRow, clerk: Client) -> None:
    answers = {name: value for _, name, value, _ in fields(page(clerk, row))} | {"c5": "7.5", "do": "correct"}
    clerk.post(f"/quarantine/{row.pk}/", answers)
    response = clerk.post(f"/quarantine/{row.pk}/", {**answers, "c5": "8"})

    assert "Somebody has corrected this row already." in words(response)
    assert Session.objects.get().energy_kwh == Decimal("7.5")


def test_dismissing_a_row_needs_a_reason(row: QuarantinedRow, clerk: Client) -> None:
    response = clerk.post(f"/quarantine/{row.pk}/", {"do": "dismiss", "reason": " "})

    assert "Nothing was changed." in words(response)
    assert nothing_changed(row)


def test_a_dismissed_row_stays_readable_and_can_be_corrected_after_all(
    row: QuarantinedRow, clerk: Client, staff: Callable[..., Any]
) -> None:
    clerk.post(f"/quarantine/{row.pk}/", {"do": "dismiss", "reason": "A test of the installer"})
    row.refresh_from_db()
    assert (row.state, row.decision_reason, row.decided_by) == ("DISMISSED", "A test of the installer", staff(BILLING_CLERK))
    shown = words(page(clerk, row))
    assert "Dismissed: A test of the installer By billing-clerk" in shown
    assert "Correct it after all" in shown

    assert correct(clerk, row, energy_kwh="7.5").status_code == 302
    row.refresh_from_db()
    assert row.state == "RESOLVED"


def test_a_decided_row_is_not_dismissed_again(row: QuarantinedRow, clerk: Client) -> None:
    correct(clerk, row, energy_kwh="7.5")
    response = clerk.post(f"/quarantine/{row.pk}/", {"do": "dismiss", "reason": "Late"}, follow=True)

    assert "Somebody has decided about this row already." in words(response)
    row.refresh_from_db()
    assert (row.state, row.decision_reason) == ("RESOLVED", "")


def test_the_history_names_every_import_that_met_the_row(entity: LegalEntity, row: QuarantinedRow, clerk: Client) -> None:
    import_text(entity, text_of(line("S2"), line("S1", kwh="-7.5", token="CARD1")), name="again.csv")
    shown = words(page(clerk, row))

    assert "Met by the import of export.csv, line 2" in shown
    assert "Met again by the import of again.csv, line 3" in shown


def test_the_next_row_of_the_same_kind_is_one_click_away(entity: LegalEntity, row: QuarantinedRow, clerk: Client) -> None:
    import_text(entity, text_of(line("S2", kwh="-1"), line("S3", end="")), name="more.csv")
    correct(clerk, row, energy_kwh="7.5")
    following = QuarantinedRow.objects.get(code="energy_negative", state="WAITING")

    assert f'href="/quarantine/{following.pk}/">Next: line 2</a>' in page(clerk, row).content.decode()


def test_a_row_of_a_layout_that_is_gone_is_still_readable(row: QuarantinedRow, clerk: Client) -> None:
    Source.objects.update(profile="once_there_was")

    assert "can be read here, but not corrected" in words(page(clerk, row))
    assert clerk.post(f"/quarantine/{row.pk}/", {"do": "correct", "c0": "x"}).status_code == 200
    assert nothing_changed(row)


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_only_clerks_and_administrators_decide(role: str, row: QuarantinedRow, client_of: Callable[[str], Client]) -> None:
    client, allowed = client_of(role), role in (ADMINISTRATOR, BILLING_CLERK)
    assert page(client, row).status_code == 200
    assert bool(fields(page(client, row))) == allowed

    if not allowed:
        for deed in ({"do": "dismiss", "reason": "Test"}, {"do": "correct", "c5": "7.5"}):
            assert client.post(f"/quarantine/{row.pk}/", deed).status_code == 403
        assert nothing_changed(row)


def test_an_auditor_reads_the_row_as_it_stands(row: QuarantinedRow, client_of: Callable[[str], Client]) -> None:
    assert row.raw in page(client_of(AUDITOR), row).content.decode()


def test_markup_in_a_row_is_only_text(entity: LegalEntity, clerk: Client) -> None:
    import_text(entity, text_of(line("<script>alert(1)</script>", end="")))

    for url in (f"/quarantine/{QuarantinedRow.objects.get().pk}/", "/stations/quarantinedrow/"):
        assert "<script>alert(1)" not in clerk.get(url).content.decode()


def test_the_address_of_the_admin_leads_to_the_page(row: QuarantinedRow, clerk: Client) -> None:
    assert clerk.get(f"/stations/quarantinedrow/{row.pk}/change/")["Location"] == f"/quarantine/{row.pk}/"
    assert clerk.get("/quarantine/999999/").status_code == 404
    assert ImportBatch.objects.count() == 1
