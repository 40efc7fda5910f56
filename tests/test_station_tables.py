"""Places, EVSEs and connectors as CSV and Excel, in and out."""

import io
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chargebill.core.models import AuditEvent, Job, LegalEntity, User
from stations.models import Connector, Evse, Location
from tests.rows import company, locations, sessions
from tests.tables import TablePages, as_csv, as_xlsx

HEADER = ["company", "code", "name", "city", "country", "latitude", "longitude", "time_zone", "needs_review"]
HAFEN = ["Stadtwerke Nord", "HAFEN", "Hafen Nord", "Kiel", "de", "54.3233", "10.1394", "europe/berlin", "no"]


@pytest.fixture
def clerk(staff: Callable[[str], User]) -> User:
    return staff("Billing clerk")


@pytest.fixture
def signed_in(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def places(signed_in: Client) -> TablePages:
    company()
    return TablePages(signed_in, "stations.Location")


def test_a_file_is_shown_before_anything_is_written(places: TablePages) -> None:
    page = places.look(as_csv(HEADER, HAFEN))
    assert page.context["outcome"].new == 1
    assert "Nothing is written yet" in page.content.decode()
    assert not Location.objects.exists()


def test_new_places_come_in_with_codes_and_zones_put_right(places: TablePages) -> None:
    assert places.take(as_csv(HEADER, HAFEN), "places.csv") == "places.csv imported: 1 new, 0 changed, 0 unchanged."
    row = Location.objects.values("code", "name", "country", "time_zone", "latitude", "longitude", "needs_review").get()
    assert row == {
        "code": "HAFEN",
        "name": "Hafen Nord",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "latitude": Decimal("54.323300"),
        "longitude": Decimal("10.139400"),
        "needs_review": False,
    }


def test_an_import_keeps_who_changed_what(places: TablePages, clerk: User) -> None:
    places.take(as_csv(HEADER, HAFEN))
    places.take(as_csv(["code", "name", "city"], ["HAFEN", "Hafen Süd", "Kiel"]), "corrections.csv")
    event = AuditEvent.objects.get(action="location.change")
    assert (event.actor, event.entity.name, event.reason) == (clerk, "Stadtwerke Nord", "corrections.csv, line 2")
    assert event.changes == {"name": ["Hafen Nord", "Hafen Süd"]}
    assert AuditEvent.objects.get(action="location.add").changes["time_zone"] == [None, "Europe/Berlin"]


def test_the_same_file_again_changes_nothing(places: TablePages) -> None:
    places.take(as_csv(HEADER, HAFEN))
    events = AuditEvent.objects.count()
    page = places.look(as_csv(HEADER, HAFEN))
    outcome = page.context["outcome"]
    assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 0, 1)
    assert "ticket" not in page.context
    assert AuditEvent.objects.count() == events


def test_what_was_exported_can_be_imported_and_changes_nothing(places: TablePages) -> None:
    locations(30)
    for kind in ("csv", "xlsx"):
        outcome = places.look(places.export(kind), f"file.{kind}").context["outcome"]
        assert (outcome.new, outcome.changed, outcome.unchanged, outcome.problems) == (0, 0, 30, [])


def test_every_wrong_cell_is_named_by_line_and_column_and_nothing_is_taken(places: TablePages) -> None:
    locations(2)
    found = places.problems(
        as_csv(
            ["company", "code", "name", "latitude", "country", "time_zone", "needs_review"],
            ["Stadtwerke Nord", "NEW", "New and fine", "", "DE", "Europe/Berlin", ""],
            ["Stadtwerke Nord", "L0", "Place 0", "fifty", "Germany", "Berlin", "perhaps"],
            ["", "", "No code", "", "", "", ""],
            ["Nobody", "L1", "Place 1", "", "", "", ""],
            ["Stadtwerke Nord", "NEW", "Twice", "", "", "", ""],
        )
    )
    assert found == [
        (3, "latitude", "'fifty' is no number. Write it like 22 or 7.4, with a point."),
        (3, "time_zone", "'Berlin' is no IANA time zone. Use a name such as Europe/Berlin or America/New_York."),
        (3, "needs_review", "'perhaps' is neither yes nor no."),
        (3, "country", "Use a two-letter ISO 3166 code such as DE."),
        (4, "code", "Empty. A row is found by code."),
        (5, "company", "There is no company 'Nobody'."),
        (6, "code", "The same as line 2. Keep one of the two."),
    ]
    assert Location.objects.count() == 2


def test_a_row_over_several_lines_does_not_shift_the_line_numbers(places: TablePages) -> None:
    found = places.problems(as_csv(["code", "name", "country"], ["A", "two\nlines", "DE"], ["", "", ""], ["B", "B", "GER"]))
    assert found[0][:2] == (5, "country")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        ("code,name\nA,Käse\n".encode("latin-1"), "Line 2 is not UTF-8 text"),
        (b"code,name\nA,B\0\n", "Line 2 contains a NUL character"),
        (b'code,name\nA,"B\n', "Line 2 can't be read as CSV"),
        (b"code,name\nA,B,C\n", "Line 2 has 3 cells, but the header names 2 columns"),
        (b"code,,name\nA,B,C\n", "column 2 has no name"),
        (b"code,name,code\nA,B,C\n", "'code' is there twice"),
        (b"PK\x03\x04 no workbook", "can't be opened"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(places: TablePages, data: bytes, said: str) -> None:
    assert said in places.refusal(data)


def test_a_workbook_that_unpacks_to_too_much_is_refused(places: TablePages) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(210):
            sheet.write(bytes(1024**2))
    assert len(out.getvalue()) < 1024**2
    assert "unpacks to 210 MB" in places.refusal(out.getvalue(), "bomb.xlsx")


def test_unknown_and_missing_columns_are_named(places: TablePages) -> None:
    ((line, _, message),) = places.problems(as_csv(["code", "nmae"], ["A", "B"]))
    assert (line, message[:36]) == (1, "The column 'nmae' is not known here.")
    ((_, _, message),) = places.problems(as_csv(["name"], ["B"]))
    assert message == "The column 'code' is missing. A row is found by code."


def test_semicolons_and_tabs_separate_as_well(places: TablePages) -> None:
    places.take(as_csv(["code", "name"], ["A", "Eins, zwei"], delimiter=";"))
    places.take(as_csv(["code", "name"], ["B", "Drei"], delimiter="\t"))
    assert dict(Location.objects.values_list("code", "name")) == {"A": "Eins, zwei", "B": "Drei"}


def test_an_empty_cell_empties_and_a_missing_column_leaves(places: TablePages) -> None:
    places.take(as_csv(HEADER, HAFEN))
    places.take(as_csv(["code", "name", "city"], ["HAFEN", "Hafen Nord", ""]))
    place = Location.objects.get()
    assert (place.city, place.country, place.time_zone) == ("", "DE", "Europe/Berlin")


def test_the_company_may_be_left_out_only_while_there_is_one(places: TablePages) -> None:
    places.take(as_csv(["code", "name"], ["A", "A"]))
    LegalEntity.objects.create(name="Stadtwerke Süd")
    ((_, where, message),) = places.problems(as_csv(["code", "name"], ["A", "B"]))
    assert (where, message) == ("company", "Name the company: there are several.")
    places.take(as_csv(["company", "code", "name"], ["Stadtwerke Süd", "A", "B"]))
    assert Location.objects.filter(code="A").count() == 2


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    " =1+1",
    "'=1+1",
    "''=x",
    "plain",
    "it's",
    "'quoted'",
    "a=b",
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_exported_cell_is_a_formula_and_importing_brings_back_what_was_there(places: TablePages, kind: str) -> None:
    entity = company()
    Location.objects.bulk_create(
        Location(entity=entity, code=f"C{n:02d}", name=text, longitude=Decimal("-2.97"), time_zone="Europe/London")
        for n, text in enumerate(DANGEROUS)
    )
    data = places.export(kind)
    if kind == "csv":
        cells = [cell for row in places.rows()[1:] for cell in row]
        assert not [c for c in cells if c.strip()[:1] in ("=", "+", "@", "＝", "＋", "－", "＠") or c[:1] in ("\t", "\r")]
        # A negative number is a number, and stays one.
        assert {c for c in cells if c.startswith("-")} == {"-2.97"}
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        assert not [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        assert sheet["I2"].value == -2.97
    Location.objects.all().update(name="lost")
    places.take(data, f"file.{kind}")
    # Cells are trimmed on the way in; nothing else is lost.
    assert list(Location.objects.order_by("code").values_list("name", flat=True)) == [text.strip() for text in DANGEROUS]


def test_an_export_holds_exactly_the_rows_the_list_shows(places: TablePages) -> None:
    locations(10)
    rows = places.rows("?needs_review__exact=1&q=Place")
    assert [row[1] for row in rows[1:]] == ["L0", "L2", "L4", "L6", "L8"]
    assert AuditEvent.objects.get(action="location.export").summary == "5 locations exported as CSV"


def test_who_may_not_change_places_may_not_import_them(client: Client, staff: Callable[[str], User]) -> None:
    client.force_login(staff("Auditor"))
    pages = TablePages(client, "stations.Location")
    assert client.get(pages.url("import")).status_code == 403
    assert client.post(pages.url("process_import"), {"ticket": "x"}).status_code == 403
    assert pages.rows() == [[*pages.rows()[0]]]


def test_a_ticket_is_good_for_its_person_list_and_file_only(
    places: TablePages, signed_in: Client, staff: Callable[[str], User]
) -> None:
    kept = set(default_storage.listdir("tables")[1]) if default_storage.exists("tables") else set()
    ticket = places.look(as_csv(HEADER, HAFEN)).context["ticket"]
    signed_in.post(TablePages(signed_in, "stations.Evse").url("process_import"), {"ticket": ticket})
    other = Client()
    other.force_login(staff("Administrator"))
    page = other.post(places.url("process_import"), {"ticket": ticket}, follow=True)
    assert "no longer here; nothing was imported" in " ".join(map(str, page.context["messages"]))
    signed_in.post(places.url("process_import"), {"ticket": ticket + "x"})
    assert not Location.objects.exists()
    signed_in.post(places.url("process_import"), {"ticket": ticket})
    assert Location.objects.count() == 1
    assert set(default_storage.listdir("tables")[1]) == kept


def test_data_that_changed_between_looking_and_confirming_refuses_the_whole_file(places: TablePages, signed_in: Client) -> None:
    ticket = places.look(as_csv(["company", "code", "name"], ["Stadtwerke Nord", "A", "A"])).context["ticket"]
    LegalEntity.objects.update(name="Stadtwerke Nord und Süd")
    page = signed_in.post(places.url("process_import"), {"ticket": ticket})
    assert page.context["problems"][0].message == "There is no company 'Stadtwerke Nord'."
    assert not Location.objects.exists()


def test_a_thousand_rows_take_a_handful_of_queries_to_look_at(places: TablePages) -> None:
    locations(1000)
    data = places.export()
    with CaptureQueriesContext(connection) as captured:
        places.look(data)
    # Two savepoint statements a row; nothing is looked up row by row.
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) < 25


def test_five_thousand_rows_are_a_matter_of_seconds(places: TablePages) -> None:
    file = as_csv(["code", "name", "time_zone"], *(["S" + str(n), "Place", "Europe/Berlin"] for n in range(5000)))
    begun = time.process_time()
    assert places.look(file).context["outcome"].new == 5000
    # 3 s on two busy cores; finding the time zones anew for every row once made it two minutes.
    assert time.process_time() - begun < 30


def test_a_changed_zone_in_a_file_starts_the_job_a_form_would_start(places: TablePages) -> None:
    sessions(3)
    place = Location.objects.get(code="L0")
    places.take(as_csv(["code", "time_zone"], ["L0", "Europe/London"]))
    place.refresh_from_db()
    assert place.time_zone == "Europe/London"
    assert Job.objects.get(kind="time_zone").params["location"] == place.pk


@pytest.fixture
def evses(signed_in: Client) -> TablePages:
    Location.objects.create(entity=company(), code="HAFEN", name="Hafen")
    return TablePages(signed_in, "stations.Evse")


def test_evses_find_their_place_by_code(evses: TablePages) -> None:
    evses.take(as_csv(["uid", "location", "evse_id", "model"], ["50914", "HAFEN", "DE*ABC*E1", "Terra"]))
    evse = Evse.objects.get()
    assert (evse.location.code, evse.entity.name, evse.evse_id) == ("HAFEN", "Stadtwerke Nord", "DE*ABC*E1")
    assert evses.problems(as_csv(["uid", "location"], ["50914", "MARKT"])) == [
        (2, "location", "Stadtwerke Nord has no location 'MARKT'.")
    ]


def test_a_new_evse_needs_a_place(evses: TablePages) -> None:
    assert evses.problems(as_csv(["uid", "model"], ["50914", "Terra"])) == [
        (2, "location", "Empty. Say which location it belongs to.")
    ]


@pytest.fixture
def connectors(signed_in: Client, evses: TablePages) -> TablePages:
    Evse.objects.create(entity=company(), location=Location.objects.get(), uid="50914")
    return TablePages(signed_in, "stations.Connector")


def test_connectors_are_found_by_evse_and_number(connectors: TablePages) -> None:
    header = ["evse", "number", "standard", "power_type", "rated_kw"]
    connectors.take(as_xlsx(header, [50914, 1, "Type 2", "ac", 22], [50914, 2, "IEC_62196_T2_COMBO", "DC", 7.4]), "plugs.xlsx")
    assert list(Connector.objects.values_list("number", "standard", "power_type", "rated_kw")) == [
        ("1", "IEC_62196_T2", "AC", Decimal("22.00")),
        ("2", "IEC_62196_T2_COMBO", "DC", Decimal("7.40")),
    ]
    connectors.take(as_csv(["evse", "number", "rated_kw"], ["50914", "2", "50"]))
    assert Connector.objects.get(number="2").rated_kw == 50
    outcome = connectors.look(connectors.export()).context["outcome"]
    assert (outcome.unchanged, outcome.problems) == (2, [])


@pytest.mark.parametrize(
    ("cells", "where", "said"),
    [
        (["50914", "1", "Typ 2", "22"], "standard", "'Typ 2' is not known. Use one of: IEC_62196_T1,"),
        (["50914", "1", "", "0"], "rated_kw", "The power must be above 0."),
        (["50914", "1", "", "NaN"], "rated_kw", "'NaN' is no number."),
        (["50915", "1", "", "22"], "evse", "Stadtwerke Nord has no EVSE '50915'."),
        (["50914", "", "", "22"], "number", "Empty. A row is found by evse and number."),
    ],
)
def test_a_wrong_connector_is_refused(connectors: TablePages, cells: list[str], where: str, said: str) -> None:
    ((line, column, message),) = connectors.problems(as_csv(["evse", "number", "standard", "rated_kw"], cells))
    assert (line, column) == (2, where)
    assert message.startswith(said)
    assert not Connector.objects.exists()


def test_a_table_page_never_fails_on_nonsense(places: TablePages, signed_in: Client) -> None:
    nonsense: list[dict[str, Any]] = [{}, {"file": ""}, {"ticket": "a:b:c"}]
    for data in nonsense:
        assert signed_in.post(places.url("import"), data).status_code == 200
        assert signed_in.post(places.url("process_import"), data).status_code == 302
    assert signed_in.get(places.url("process_import")).status_code == 403
    assert signed_in.post(places.url("export"), {"format": "exe"}).status_code == 200
