"""OCPI CDRs of 2.1.1, 2.2.1 and 2.3.0 become sessions with their periods."""

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stations.ingest.profiles import PROFILES, recognise
from stations.ingest.reading import fields, inspect, parse_fields, records
from stations.ingest.rows import PeriodRow, PlaceRow, Refusal, SessionRow
from tests.ingest import layouts

OCPI = PROFILES["ocpi_cdr"]
CDR_211: dict[str, Any] = {
    "id": "12345",
    "start_date_time": "2015-06-29T21:39:09Z",
    "stop_date_time": "2015-06-29T23:37:32Z",
    "auth_id": "DE8ACC12E46L89",
    "auth_method": "WHITELIST",
    "location": {
        "id": "LOC1",
        "name": "Gent Zuid",
        "address": "F.Rooseveltlaan 3A",
        "city": "Gent",
        "postal_code": "9000",
        "country": "BEL",
        "time_zone": "Europe/Brussels",
        "coordinates": {"latitude": "3.729944", "longitude": "51.047599"},
        "evses": [
            {
                "uid": "3256",
                "evse_id": "BE*BEC*E041503003",
                "connectors": [
                    {
                        "id": "1",
                        "standard": "IEC_62196_T2",
                        "format": "SOCKET",
                        "power_type": "AC_3_PHASE",
                        "voltage": 230,
                        "amperage": 64,
                    }
                ],
            }
        ],
    },
    "currency": "EUR",
    "charging_periods": [
        {
            "start_date_time": "2015-06-29T21:39:09Z",
            "dimensions": [{"type": "TIME", "volume": 1.973}, {"type": "FLAT", "volume": 1}],
        }
    ],
    "total_cost": 4.00,
    "total_energy": 15.342,
    "total_time": 1.973,
    "last_updated": "2015-06-29T22:01:13Z",
}


def read(folder: Path, cdr: dict[str, Any], **options: str) -> SessionRow | Refusal:
    (outcome,) = layouts.outcomes(folder, cdr, **options)
    return outcome


def changed(**changes: Any) -> dict[str, Any]:
    """The 2.2.1 CDR with keys set, dots going down; None takes the key out."""
    cdr = copy.deepcopy(layouts.CDR)
    for path, value in changes.items():
        *above, key = path.split("__")
        parent = cdr
        for step in above:
            parent = parent[step]
        if value is None:
            parent.pop(key)
        else:
            parent[key] = value
    return cdr


def test_a_cdr_of_2_2_1(tmp_path: Path) -> None:
    assert read(tmp_path, layouts.CDR) == SessionRow(
        external_id="CDR-1",
        place=PlaceRow(
            location_code="LOC1",
            location_name="Town hall",
            evse_uid="3256",
            connector_number="1",
            time_zone="",
            address="Markt 1",
            postal_code="52062",
            city="Aachen",
            country="DE",
            latitude=Decimal("50.775346"),
            longitude=Decimal("6.083887"),
            evse_id="DE*ABC*E3256",
            standard="IEC_62196_T2",
            power_type="AC",
        ),
        started_at=datetime(2024, 5, 31, 8, tzinfo=UTC),
        ended_at=datetime(2024, 5, 31, 10, tzinfo=UTC),
        energy_kwh=Decimal("20.1234"),
        charging_s=5400,
        token_uid="04A1B2C3",
        token_type="RFID",
        token_issuer="DE-XYZ-C12345678-9",
        payment_method="RFID",
        reported_amount=Decimal("10.0000"),
        reported_currency="EUR",
        periods=(
            PeriodRow(
                started_at=datetime(2024, 5, 31, 8, tzinfo=UTC),
                energy_kwh=Decimal("20.1234"),
                charging_s=Decimal("5400.0000"),
                max_power_kw=Decimal("22.0000"),
                tariff_id="T1",
            ),
            PeriodRow(started_at=datetime(2024, 5, 31, 9, 30, tzinfo=UTC), parking_s=Decimal("1800.0000")),
        ),
    )


def test_a_cdr_of_2_1_1(tmp_path: Path) -> None:
    assert read(tmp_path, CDR_211) == SessionRow(
        external_id="12345",
        place=PlaceRow(
            location_code="LOC1",
            location_name="Gent Zuid",
            evse_uid="3256",
            connector_number="1",
            time_zone="Europe/Brussels",
            address="F.Rooseveltlaan 3A",
            postal_code="9000",
            city="Gent",
            country="BE",
            latitude=Decimal("3.729944"),
            longitude=Decimal("51.047599"),
            evse_id="BE*BEC*E041503003",
            standard="IEC_62196_T2",
            power_type="AC",
            rated_kw=Decimal("44.16"),
        ),
        started_at=datetime(2015, 6, 29, 21, 39, 9, tzinfo=UTC),
        ended_at=datetime(2015, 6, 29, 23, 37, 32, tzinfo=UTC),
        energy_kwh=Decimal("15.3420"),
        charging_s=7102,
        # The contract stands for the token; its type is not said. 4.00 is without tax, so it is no reported amount.
        token_uid="DE8ACC12E46L89",
        token_issuer="DE8ACC12E46L89",
        periods=(PeriodRow(started_at=datetime(2015, 6, 29, 21, 39, 9, tzinfo=UTC), charging_s=Decimal("7102.8000")),),
    )


@pytest.mark.parametrize(
    ("cost", "amount"),
    [
        ({"excl_vat": 8.4, "incl_vat": 10}, "10.0000"),
        ({"excl_vat": 8.4}, None),
        ({"excl_vat": 0}, "0.0000"),
        (4.0, None),
        (0, "0.0000"),
        ({"before_taxes": 8.4, "taxes": [{"name": "VAT", "percentage": 19, "amount": 1.6}]}, "10.0000"),
        ({"before_taxes": 8.4, "taxes": [{"name": "GST", "amount": 0.42}, {"name": "PST", "amount": 0.59}]}, "9.4100"),
        ({"before_taxes": 8.4, "taxes": []}, "8.4000"),
        ({"before_taxes": 8.4}, None),
        ({"before_taxes": 0}, "0.0000"),
        ({"excl_vat": "8.40", "incl_vat": "10.00"}, "10.0000"),
        ({}, None),
    ],
)
def test_the_reported_amount_is_the_one_with_tax(tmp_path: Path, cost: Any, amount: str | None) -> None:
    session = read(tmp_path, changed(total_cost=cost))
    assert isinstance(session, SessionRow)
    assert session.reported_amount == (None if amount is None else Decimal(amount))
    assert session.reported_currency == ("" if amount is None else "EUR")


@pytest.mark.parametrize(
    ("kind", "payment"),
    [("RFID", "RFID"), ("APP_USER", "APP"), ("EMAID", "PLUG_AND_CHARGE"), ("AD_HOC_USER", "UNKNOWN"), ("OTHER", "UNKNOWN")],
)
def test_how_it_was_paid_follows_from_the_kind_of_token(tmp_path: Path, kind: str, payment: str) -> None:
    session = read(tmp_path, changed(cdr_token__type=kind))
    assert (session.token_type, session.payment_method) == (kind, payment)


def test_a_time_without_a_zone_is_utc_and_an_offset_counts(tmp_path: Path) -> None:
    session = read(tmp_path, changed(start_date_time="2024-05-31T08:00:00", end_date_time="2024-05-31T12:00:00+02:00"))
    assert (session.started_at.hour, session.ended_at.hour) == (8, 10)
    assert session.place.time_zone == ""


def test_the_place_gets_the_zone_that_was_asked_for(tmp_path: Path) -> None:
    session = read(tmp_path, layouts.CDR, time_zone="Europe/Berlin")
    assert (session.place.time_zone, session.started_at.hour) == ("Europe/Berlin", 8)
    assert read(tmp_path, CDR_211, time_zone="Europe/Berlin").place.time_zone == "Europe/Brussels"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id": ""}, "id_missing", "id"),
        ({"cdr_location": {}}, "place_missing", "cdr_location"),
        ({"cdr_location__evse_uid": "", "cdr_location__evse_id": ""}, "place_missing", "cdr_location.evse_uid"),
        ({"start_date_time": ""}, "start_missing", "start_date_time"),
        ({"end_date_time": None}, "end_missing", "end_date_time"),
        ({"end_date_time": "soon"}, "end_unreadable", "end_date_time"),
        ({"end_date_time": "2024-05-31T07:00:00Z"}, "end_before_start", "end_date_time"),
        ({"total_energy": None}, "energy_missing", "total_energy"),
        ({"total_energy": "much"}, "energy_unreadable", "total_energy"),
        ({"total_energy": 1e10}, "energy_unreadable", "total_energy"),
        ({"total_energy": -1}, "energy_negative", "total_energy"),
        ({"total_cost": "free"}, "amount_unreadable", "total_cost"),
        ({"total_cost": {"incl_vat": [1]}}, "amount_unreadable", "total_cost"),
        ({"currency": "gold"}, "currency_missing", "currency"),
        ({"credit": True, "credit_reference_id": "CDR-0"}, "credit_cdr", "credit"),
        ({"charging_periods": [{"start_date_time": "x"}]}, "period_unreadable", "charging_periods"),
        (
            {"charging_periods": [{"start_date_time": "2024-05-31T08:00:00Z", "dimensions": [{"type": "TIME", "volume": "x"}]}]},
            "period_unreadable",
            "charging_periods",
        ),
        ({"charging_periods": ["x"]}, "period_unreadable", "charging_periods"),
        ({"id": "x" * 81}, "text_too_long", "id"),
    ],
)
def test_what_keeps_a_cdr_out(tmp_path: Path, changes: dict[str, Any], code: str, field: str) -> None:
    refusal = read(tmp_path, changed(**changes))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, field)


def test_a_credit_says_what_it_credits(tmp_path: Path) -> None:
    refusal = read(tmp_path, changed(credit=True, credit_reference_id="CDR-0"))
    assert refusal == Refusal("credit_cdr", "This is a credit for the CDR “CDR-0”, not a session.", "credit")


def test_a_reservation_without_energy_is_a_session_of_none(tmp_path: Path) -> None:
    reserved = [
        {"start_date_time": "2024-05-31T08:00:00Z", "dimensions": [{"type": "RESERVATION_TIME", "volume": 0.25}]},
    ]
    session = read(tmp_path, changed(charging_periods=reserved, total_energy=None))
    assert (session.energy_kwh, session.periods[0].reserved_s, session.charging_s) == (0, Decimal("900.0000"), None)


def test_charging_time_without_periods_that_say_it_is_the_total_without_parking(tmp_path: Path) -> None:
    plain = [{"start_date_time": "2024-05-31T08:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 20.1234}]}]
    assert read(tmp_path, changed(charging_periods=plain, total_parking_time=0.5)).charging_s == 5400
    assert read(tmp_path, changed(charging_periods=plain)).charging_s is None
    assert read(tmp_path, changed(charging_periods=plain, total_time=9, total_parking_time=0.5)).charging_s is None


def test_numbers_are_exact(tmp_path: Path) -> None:
    text = json.dumps(layouts.CDR).replace('"volume": 20.1234', '"volume": 0.10005')
    (outcome,) = layouts.outcomes(tmp_path, text)
    assert outcome.periods[0].energy_kwh == Decimal("0.1001")


def test_a_cdr_that_waited_is_corrected_as_text(tmp_path: Path) -> None:
    broken = json.dumps(changed(end_date_time=None))
    assert fields(OCPI, [], broken) == {"CDR": broken}
    assert parse_fields(OCPI, [], {}, raw=broken).code == "end_missing"
    assert isinstance(parse_fields(OCPI, [], {"CDR": json.dumps(layouts.CDR)}, raw=broken), SessionRow)


@pytest.mark.shared
def test_the_example_cdrs_are_all_read(tmp_path: Path, shared: Path) -> None:
    written = [json.loads(path.read_text()) for path in sorted((shared / "vectors" / "ocpi").glob("*/cdr.json"))]
    path = layouts.saved(tmp_path, {"status_code": 1000, "data": written}, "cdrs.json.gz")
    inspection = inspect(path)
    found = [record.outcome for record in records(path, inspection, recognise(inspection.header))]
    assert len(found) == len(written) > 30
    for cdr, session in zip(written, found, strict=True):
        assert isinstance(session, SessionRow), session
        assert session.external_id == cdr["id"]
        assert float(session.energy_kwh) == pytest.approx(cdr["total_energy"], abs=5e-5)
        assert session.started_at == datetime.fromisoformat(cdr["start_date_time"].replace("Z", "+00:00"))
        assert len(session.periods) == len(cdr["charging_periods"])
        volumes = [
            dimension["volume"]
            for period in cdr["charging_periods"]
            for dimension in period["dimensions"]
            if dimension["type"] == "TIME"
        ]
        charged = sum(float(period.charging_s) for period in session.periods if period.charging_s is not None)
        assert charged == pytest.approx(sum(volumes) * 3600, abs=1e-3)
