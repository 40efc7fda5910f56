"""Writes small files in each layout an import profile is claimed for. Invented data, real headers."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

from stations.ingest.profiles import PROFILES, recognise
from stations.ingest.reading import Inspection, inspect, records
from stations.ingest.rows import Record, Refusal, Row
from tests.ingest import more_layouts


def columns(header: str) -> list[str]:
    return header.split(",")


CHARGEPOINT_OLD = columns(
    "Station Name,MAC Address,Org Name,Start Date,Start Time Zone,End Date,End Time Zone,Transaction Date (Pacific Time),"
    "Total Duration (hh:mm:ss),Charging Time (hh:mm:ss),Energy (kWh),GHG Savings (kg),Gasoline Savings (gallons),Port Type,"
    "Port Number,Plug Type,EVSE ID,Address 1,City,State/Province,Postal Code,Country,Latitude,Longitude,Currency,Fee,"
    "Ended By,Plug In Event Id,Driver Postal Code,User ID,County,System S/N,Model Number"
)
CHARGEPOINT_NEW = columns(
    "Station Name,MAC Address,Org Name,Start Date,Start Time Zone,End Date,End Time Zone,Transaction Date (Pacific Time),"
    "Total Duration (hh:mm:ss),Charging Time (hh:mm:ss),Energy (kWh),GHG Savings (kg),Gasoline Savings (gallons),Port Type,"
    "Port Number,Plug Type,EVSE ID,Address 1,Address 2,City,State/Province,Zip/Postal Code,Country,Latitude,Longitude,"
    "Currency,Fee,Ended By,Plug In Event ID,Transaction ID,Driver Zip/Postal Code,User ID,County,System S/N,Model Number"
)
BOULDER = columns(
    "Station_Name,Address,City,State_Province,Zip_Postal_Code,Start_Date___Time,Start_Time_Zone,End_Date___Time,"
    "End_Time_Zone,Total_Duration__hh_mm_ss_,Charging_Time__hh_mm_ss_,Energy__kWh_,GHG_Savings__kg_,"
    "Gasoline_Savings__gallons_,Port_Type,ObjectId"
)
DUNDEE = columns("Charging event,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,Group,Model")
DUNDEE_WITH_USER = ["Charging event", "User ID", *DUNDEE[1:], "", "", ""]
PERTH = columns("CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Site,Model")
WORKPLACE = columns(
    "sessionId,kwhTotal,dollars,created,ended,startTime,endTime,chargeTimeHrs,weekday,platform,distance,userId,stationId,"
    "locationId,managerVehicle,facilityType,Mon,Tues,Wed,Thurs,Fri,Sat,Sun,reportedZip"
)
STEVE = columns(
    "transaction_pk,charge_box_id,connector_id,id_tag,start_timestamp,start_value,stop_timestamp,stop_value,stop_reason"
)
STEVE_HEAD = columns("transaction_pk,charge_box_id,evse_id,id_tag,user_pk,start_timestamp,start_value,stop_timestamp,stop_value")
CHARGEBILL = [header for headers in PROFILES["chargebill"].columns.values() for header in headers]

HEADERS = {
    "chargebill": CHARGEBILL,
    "boulder": BOULDER,
    "chargepoint_old": CHARGEPOINT_OLD,
    "chargepoint_new": CHARGEPOINT_NEW,
    "dundee": DUNDEE,
    "dundee_with_user": DUNDEE_WITH_USER,
    "perth": PERTH,
    "workplace": WORKPLACE,
    "steve": STEVE,
    "steve_head": STEVE_HEAD,
    "connector_status": columns("evse,connector,at,status,error,firmware"),
    "authorizations": columns("token,at,method,result,price_shown"),
    "meter_values": columns("session_id,timestamp,register,value,unit"),
    **more_layouts.HEADERS,
}

# One good row in each layout; tests change what they are about.
GOOD = {
    "chargebill": {
        "session_id": "S-1",
        "location": "P1",
        "evse": "DE*CBL*E1",
        "start": "2024-05-31T10:00:00+02:00",
        "end": "2024-05-31T11:30:00+02:00",
        "energy_kwh": "12.5",
    },
    "boulder": {
        "Station_Name": "CITY / HALL ST1",
        "Address": "1 Main St",
        "City": "Boulder",
        "Zip_Postal_Code": "80302",
        "Start_Date___Time": "2020/06/01 08:00:00",
        "Start_Time_Zone": "MDT",
        "End_Date___Time": "2020/06/01 10:00:00",
        "End_Time_Zone": "MDT",
        "Total_Duration__hh_mm_ss_": "2:00:30",
        "Charging_Time__hh_mm_ss_": "1:15:00",
        "Energy__kWh_": "7.25",
        "Port_Type": "Level 2",
        "ObjectId": "17",
    },
    "chargepoint_old": {
        "Station Name": "PALO ALTO CA / HAMILTON #1",
        "MAC Address": "000D:6F00:015A:9D76",
        "Start Date": "7/29/2019 20:17",
        "Start Time Zone": "PDT",
        "End Date": "7/29/2019 23:20",
        "End Time Zone": "PDT",
        "Total Duration (hh:mm:ss)": "3:03:32",
        "Charging Time (hh:mm:ss)": "1:54:03",
        "Energy (kWh)": "6.249457",
        "Port Type": "Level 2",
        "Port Number": "2",
        "Plug Type": "J1772",
        "EVSE ID": "3129",
        "Address 1": "250 Hamilton Ave",
        "City": "Palo Alto",
        "State/Province": "California",
        "Postal Code": "94301",
        "Country": "United States",
        "Latitude": "37.444572",
        "Longitude": "-122.160309",
        "Currency": "USD",
        "Fee": "1.44",
        "Ended By": "Plug Out at Vehicle",
        "Plug In Event Id": "3",
        "Driver Postal Code": "95124",
        "User ID": "3284",
        "Model Number": "CT2100",
    },
    "dundee": {
        "Charging event": "4032740",
        "CP ID": "50911",
        "Connector": "2",
        "Start Date": "01/12/2017",
        "Start Time": "11:22",
        "End Date": "01/12/2017",
        "End Time": "11:48",
        "Total kWh": "2.7",
        "Cost": "3.5",
        "Site": "Queen Street Car Park, Broughty Ferry, Dundee",
        "Group": "APT Controls; CYC",
        "Model": "APT Triple Rapid Charger",
    },
    "workplace": {
        "sessionId": "1366563",
        "kwhTotal": "7.78",
        "dollars": "0.58",
        "created": "0014-11-18 15:40:26",
        "ended": "0014-11-18 17:11:04",
        "chargeTimeHrs": "1.510555556",
        "userId": "35897499",
        "stationId": "582873",
        "locationId": "461655",
    },
    "steve": {
        "transaction_pk": "31",
        "charge_box_id": "CB-Hof",
        "connector_id": "2",
        "id_tag": "04A1B2C3",
        "start_timestamp": "2023-03-01T08:00:00.000+01:00",
        "start_value": "120500",
        "stop_timestamp": "2023-03-01T09:30:00.000+01:00",
        "stop_value": "128733.5",
        "stop_reason": "EVDisconnected",
    },
    "steve_head": {
        "transaction_pk": "32",
        "charge_box_id": "CB-Hof",
        "evse_id": "2",
        "id_tag": "04A1B2C3",
        "user_pk": "7",
        "start_timestamp": "2026-03-01T08:00:00Z",
        "start_value": "0",
        "stop_timestamp": "2026-03-01T08:30:00Z",
        "stop_value": "11000",
    },
    "connector_status": {
        "evse": "E1",
        "connector": "1",
        "at": "2024-05-31T10:00:00Z",
        "status": "Faulted",
        "error": "GroundFailure",
        "firmware": "1.4.2",
    },
    "authorizations": {
        "token": "04A1B2C3",
        "at": "2024-05-31T10:00:00Z",
        "method": "RFID",
        "result": "Accepted",
        "price_shown": "0.49 EUR/kWh",
    },
    "meter_values": {
        "session_id": "S-1",
        "timestamp": "2024-05-31T10:15:00Z",
        "register": "Energy.Active.Import.Register",
        "value": "1204.5",
        "unit": "Wh",
    },
}
GOOD |= more_layouts.GOOD
GOOD["chargepoint_new"] = {
    "Plug In Event ID": "3",
    "Transaction ID": "990017",
    "Zip/Postal Code": "94301",
    "Driver Zip/Postal Code": "95124",
    "Address 2": "Level 1",
    **{k: v for k, v in GOOD["chargepoint_old"].items() if k in CHARGEPOINT_NEW},
}
GOOD["dundee_with_user"] = {**GOOD["dundee"], "User ID": "601838"}
GOOD["perth"] = {k: v for k, v in GOOD["dundee"].items() if k in PERTH}

PROFILE_OF = {
    "boulder": "chargepoint_arcgis",
    "chargepoint_old": "chargepoint",
    "chargepoint_new": "chargepoint",
    "dundee": "chargeplace_dundee",
    "dundee_with_user": "chargeplace_dundee",
    "perth": "chargeplace_perth",
    **more_layouts.PROFILE_OF,
}

CDR: dict[str, Any] = {
    "country_code": "DE",
    "party_id": "ABC",
    "id": "CDR-1",
    "start_date_time": "2024-05-31T08:00:00Z",
    "end_date_time": "2024-05-31T10:00:00Z",
    "cdr_token": {"uid": "04A1B2C3", "type": "RFID", "contract_id": "DE-XYZ-C12345678-9"},
    "auth_method": "WHITELIST",
    "cdr_location": {
        "id": "LOC1",
        "name": "Town hall",
        "address": "Markt 1",
        "city": "Aachen",
        "postal_code": "52062",
        "country": "DEU",
        "coordinates": {"latitude": "50.775346", "longitude": "6.083887"},
        "evse_uid": "3256",
        "evse_id": "DE*ABC*E3256",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    },
    "currency": "EUR",
    "charging_periods": [
        {
            "start_date_time": "2024-05-31T08:00:00Z",
            "tariff_id": "T1",
            "dimensions": [
                {"type": "ENERGY", "volume": 20.1234},
                {"type": "TIME", "volume": 1.5},
                {"type": "MAX_POWER", "volume": 22},
            ],
        },
        {"start_date_time": "2024-05-31T09:30:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 0.5}]},
    ],
    "total_cost": {"excl_vat": 8.40, "incl_vat": 10.00},
    "total_energy": 20.1234,
    "total_time": 2.0,
    "last_updated": "2024-05-31T10:05:00Z",
}


def row(layout: str, **changes: str) -> dict[str, str]:
    """The layout's good row with some cells changed; in names, ``_`` may stand for a space."""
    good = dict(GOOD[layout])
    for name, value in changes.items():
        plain = name if name in HEADERS[layout] else name.replace("_", " ")
        if plain not in HEADERS[layout]:
            raise KeyError(name)
        good[plain] = value
    return good


def text(layout: str, *rows: dict[str, str], delimiter: str = ",") -> str:
    """A CSV file of the layout; without rows, one with its good row."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    header = HEADERS[layout]
    writer.writerow(header)
    writer.writerows([cells.get(name, "") for name in header] for cells in rows or (GOOD[layout],))
    return file.getvalue()


def saved(folder: Path, content: str | bytes | object, name: str = "file.csv") -> Path:
    """Writes text, bytes, or anything else as JSON; ``name`` ending in .gz packs it."""
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = json.dumps(content).encode()
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def seen(path: Path, **options: Any) -> tuple[Inspection, list[Record]]:
    """The file as the import sees it: looked through, recognised by its header, read to the end."""
    encoding = options.pop("encoding", "")
    inspection = inspect(path, encoding=encoding)
    return inspection, list(records(path, inspection, recognise(inspection.header), **options))


def outcomes(folder: Path, content: str | bytes | object, **options: Any) -> list[Row | Refusal]:
    return [record.outcome for record in seen(saved(folder, content), **options)[1]]


def only(folder: Path, layout: str, **changes: str) -> Row | Refusal:
    """What the layout's good row becomes with some cells changed."""
    (outcome,) = outcomes(folder, text(layout, row(layout, **changes)))
    return outcome
