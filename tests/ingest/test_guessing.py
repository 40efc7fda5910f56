"""What the columns of an unknown file mean is guessed from their names, in several languages, and from their values."""

from typing import Any

import pytest

from stations.ingest.definitions import FIELDS, problems, profile_of
from stations.ingest.guessing import date_order, folded, guess, shape
from stations.ingest.reading import outcomes
from stations.ingest.rows import SessionRow

FILES: dict[str, tuple[str, str, dict[str, str]]] = {
    "german": (
        "Vorgang-Nr;Ladesäule;Stecker;Beginn;Ende;Energie (Wh);Karte;Betrag",
        "1;LS-1;2;31.05.2024 10:00;31.05.2024 11:00;12500;AB;3,20 €",
        {"external_id": "Vorgang-Nr", "evse": "Ladesäule", "connector": "Stecker", "start": "Beginn", "energy": "Energie (Wh)"},
    ),
    "french": (
        "Borne;Date de début;Heure de début;Date de fin;Heure de fin;Énergie consommée (kWh);Durée (min);Montant",
        "B1;31/05/2024;10:00;31/05/2024;11:00;12,5;60;3,20",
        {
            "evse": "Borne",
            "start_date": "Date de début",
            "end_time": "Heure de fin",
            "duration": "Durée (min)",
            "amount": "Montant",
        },
    ),
    "italian": (
        "ID sessione;Colonnina;Presa;Inizio;Fine;Consumo kWh;Importo;Valuta",
        "7;C-1;1;31/05/2024 10:00;31/05/2024 11:00;12,5;3,20;EUR",
        {"external_id": "ID sessione", "evse": "Colonnina", "start": "Inizio", "end": "Fine", "currency": "Valuta"},
    ),
    "english": (
        "Reference,Charger,Plugged In,Unplugged,kWh",
        "9,LS-1,2024-05-31T10:00:00+02:00,2024-05-31T11:00:00+02:00,12.5",
        {"evse": "Charger", "start": "Plugged In", "end": "Unplugged", "energy": "kWh"},
    ),
    "no end": (
        "SessionId,StationName,StartTime,Duration,TotalkWh",
        "9,LS-1,5/31/2024 10:00,1:00:00,12.5",
        {"external_id": "SessionId", "start": "StartTime", "duration": "Duration", "energy": "TotalkWh"},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_guess_reads_its_file(name: str) -> None:
    header, row, expected = FILES[name]
    delimiter = ";" if ";" in header else ","
    names, cells = header.split(delimiter), row.split(delimiter)
    found = guess(names, [cells], time_zone="Europe/Berlin", currency="EUR")
    assert {field: found["columns"].get(field) for field in expected} == expected
    assert problems(found) == []
    (session,) = outcomes(profile_of(name="x", title="X", definition=found), names, delimiter, [cells])
    assert isinstance(session, SessionRow), session
    assert (str(session.energy_kwh), session.started_at.isoformat()) == ("12.5000", "2024-05-31T08:00:00+00:00")
    assert (session.ended_at - session.started_at).total_seconds() == 3600


def test_a_zone_in_the_row_needs_none_of_the_company() -> None:
    header, row, _ = FILES["english"]
    assert guess(header.split(","), [row.split(",")], time_zone="Europe/Berlin")["time_zone"] == ""


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2024-05-31"], ("YMD", True)),
        (["03.04.2024", "31.05.2024"], ("DMY", True)),
        (["3/4/2024", "5/31/2024"], ("MDY", True)),
        (["3/4/2024"], ("MDY", False)),
        (["03/04/2024"], ("DMY", False)),
        ([], ("YMD", True)),
        (["soon"], ("YMD", True)),
    ],
)
def test_the_order_of_dates_and_whether_it_is_sure(dates: list[str], expected: tuple[str, bool]) -> None:
    assert date_order(dates) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["31.05.2024 10:00", ""], "moment"),
        (["2024-05-31T10:00:00Z"], "moment"),
        (["31/05/2024"], "date"),
        (["10:00", "8:15 PM"], "clock"),
        (["12,5", "3"], "number"),
        (["12.5 kWh"], "number"),
        (["€ 3.20"], "number"),
        (["Town hall"], "text"),
        (["", " "], ""),
    ],
)
def test_the_shape_of_values(cells: list[str], expected: str) -> None:
    assert shape(cells) == expected


def test_headers_are_compared_without_accents_and_case() -> None:
    assert folded("Début_Session (kWh)") == "debut session kwh"
    assert folded("totalConsumptionkWh") == "total consumptionkwh"


def test_an_id_that_repeats_does_not_tell_sessions_apart() -> None:
    rows = [
        ["1", "LS-1", "2024-05-31 10:00", "2024-05-31 11:00", "5"],
        ["1", "LS-1", "2024-05-31 12:00", "2024-05-31 13:00", "5"],
    ]
    found = guess(["id", "Charger", "Start", "End", "kWh"], rows)
    assert found["identity"] == ["evse", "start", "end", "energy"]


@pytest.mark.parametrize(
    "odd",
    [[], [[]], [["", "", ""]], [["\ufeff"] * 9], [["x" * 5000] * 3], [["1" * 90, ",,,", "::"]], [["٣", "½", "\u2028"]]],
)
def test_a_guess_never_breaks(odd: Any) -> None:
    for header in ([], [""], ["\ufeff", '"', "a"], ["Start", "Start", "End"], ["x" * 900] * 3):
        assert set(guess(header, odd)["columns"]) <= set(FIELDS)
