"""Headers and one good row, made up, of the layouts of charging networks and backends."""


def columns(header: str) -> list[str]:
    return header.split(",")


CARY = columns("Start Date/Time,Station Name,Charging Time,Energy (kWh),Address 1,Address 2,City,State/Province,Zip/Postal Code")
DUNDEE_2021 = columns("SDR ID,Site,CP ID,Connector Type,Consum(kWh),Duration,Start,End,Postcode")
MONTHLY = columns("CP ID,Connector,Currency,Amount,Consum,Duration,Start")
LUGANO = columns(
    "ChargeLogId,UserId,anno,BeginDate,BeginHour,EndDate,EndHour,Duration,Durata ore,PowerConsumption,Consumo kWh,Durata min,"
    "Debit,Net Payout,Parking fee,Penalty,Tariffa,quota elettricità,Currency,TransactionType,ChargingStationId,"
    "ChargingStationName,Paese,Stazione,Plug,PlugType,UserOperatorName,UserOperatorId"
)
POWERFLEX = columns(
    "10-digit session UID,Session ID,Session start,Session end,Session duration (minutes),Charging duration (minutes),"
    "Session idle (minutes),Estimated Completion Time,kWh delivered,MAX kW,AVG kW,SoC Start,SoC End,User,Vehicle,"
    "EVSEID (PFID),FSE ID,XB Address,Serial #,EVSE type,External Name,Station Name,Site,Site Location,Auth Source,"
    "Auth Details,Cost to site,Cost to driver,Fleet,Vehicle barcode"
)
CHARGEME = columns(
    "Ladevorgangs-ID,Gestartet,Gestartet (UTC),Beendet,Beendet (UTC),meterValueStart (kWh),meterValueStop (kWh),"
    "Ladepunkt-ID,Verbrauch (kWh),Ladedauer (in Minuten),VertragsNummer,EVSE-ID,Standort,Adresse"
)
OPEN_E_MOBILITY = columns(
    "id,chargingStationID,connectorID,companyName,siteName,siteAreaName,userID,user,tagID,visualTagID,tagDescription,"
    "timezone,startDate,startTime,endDate,endTime,totalConsumptionkWh,totalDurationMins,totalInactivityMins,price,priceUnit"
)
EVCC = columns(
    "Created,Finished,Charging point,Identifier,Vehicle,Mileage (km),Meter start (kWh),Meter stop (kWh),Energy (kWh),Duration,"
    "SoC start (%),SoC end (%),Added range (km),Solar (%),Cost,Price/kWh,CO₂/kWh,Reference Price/kWh,Reference CO2/kWh"
)
EVCC_DE = columns(
    "Startzeit,Endzeit,Ladepunkt,Kennung,Fahrzeug,Kilometerstand (km),Anfangszählerstand (kWh),Endzählerstand (kWh),"
    "Energie (kWh),Ladedauer,Ladestand Start (%),Ladestand Ende (%),Geladene Reichweite (km),Sonne (%),Kosten,Preis/kWh,CO₂/kWh"
)
OCPP_CORE = columns("Connector,Start,Start-Tag,Start-Meter,Stop,Stop-Tag,Stop-Meter,Charged")
OCPP_CORE_DE = columns("Ladestation,Anschluss,Beginn,Token,Beginn-Zähler,Ende,Token,Ende-Zähler,Geladen")
EVTIVITY = columns(
    "Transaction ID,Station,Site,Driver,Email,Status,Started,Ended,Duration (min),Energy (kWh),Cost,Stopped Reason,Payment Source"
)

HEADERS = {
    "cary": CARY,
    "dundee_2021": DUNDEE_2021,
    "monthly": MONTHLY,
    "lugano": LUGANO,
    "powerflex": POWERFLEX,
    "chargeme": CHARGEME,
    "open_e_mobility": OPEN_E_MOBILITY,
    "evcc": EVCC,
    "evcc_de": EVCC_DE,
    "ocpp_core": OCPP_CORE,
    "ocpp_core_de": OCPP_CORE_DE,
    "evtivity": EVTIVITY,
}

GOOD = {
    "cary": {
        "Start Date/Time": "2024-01-15T08:30:00-05:00",
        "Station Name": "CARY / TOWN HALL 1",
        "Charging Time": "1:45:30",
        "Energy (kWh)": "9.812",
        "Address 1": "316 N Academy St",
        "City": "Cary",
        "State/Province": "North Carolina",
        "Zip/Postal Code": "27513",
    },
    "dundee_2021": {
        "SDR ID": "8800123",
        "Site": "Market Place, Dundee",
        "CP ID": "60001",
        "Connector Type": "CCS",
        "Consum(kWh)": "21.4",
        "Duration": "00:41:10",
        "Start": "02/07/2022 09:15",
        "End": "02/07/2022 09:56",
        "Postcode": "DD1 1AA",
    },
    "monthly": {
        "CP ID": "60001",
        "Connector": "2",
        "Currency": "GBP",
        "Amount": "3.21",
        "Consum": "10.7",
        "Duration": "00:30:15",
        "Start": "02/07/2022 09:15",
    },
    "lugano": {
        "ChargeLogId": "551",
        "UserId": "U77",
        "anno": "2022",
        "BeginDate": "15.03.2022",
        "BeginHour": "10:05:00",
        "EndDate": "15.03.2022",
        "EndHour": "12:20:00",
        "Consumo kWh": "14.25",
        "Durata min": "135",
        "Debit": "6.40",
        "Currency": "CHF",
        "ChargingStationId": "LUG-12",
        "ChargingStationName": "Piazza Uno",
        "Paese": "Switzerland",
        "Plug": "1",
        "PlugType": "Type 2",
        "UserOperatorId": "AIL",
    },
    "powerflex": {
        "10-digit session UID": "0000012345",
        "Session ID": "a1",
        "Session start": "2026-07-31 18:48:47.157 -0700",
        "Session end": "2026-07-31 21:48:47.157 -0700",
        "Session duration (minutes)": "180",
        "Charging duration (minutes)": "90.5",
        "Session idle (minutes)": "89.5",
        "kWh delivered": "11.25",
        "User": "driver-7",
        "EVSEID (PFID)": "PF-0001",
        "EVSE type": "AC L2",
        "Site": "County Garage",
        "Site Location": "100 Main St",
        "Cost to driver": "$2.81",
    },
    "chargeme": {
        "Ladevorgangs-ID": "LV-9",
        "Gestartet": "31.05.2024 10:00:00",
        "Gestartet (UTC)": "31.05.2024 08:00:00",
        "Beendet": "31.05.2024 11:30:00",
        "Beendet (UTC)": "31.05.2024 09:30:00",
        "meterValueStart (kWh)": "100.5",
        "meterValueStop (kWh)": "112.75",
        "Ladepunkt-ID": "LP1",
        "Verbrauch (kWh)": "12.25",
        "Ladedauer (in Minuten)": "90",
        "VertragsNummer": "V-1",
        "EVSE-ID": "DE*ABC*E1",
        "Standort": "Rathaus",
        "Adresse": "Markt 1",
    },
    "open_e_mobility": {
        "id": "4711",
        "chargingStationID": "CS-A",
        "connectorID": "2",
        "siteName": "Campus",
        "tagID": "04A1B2C3",
        "timezone": "Europe/Paris",
        "startDate": "2023-06-01",
        "startTime": "08:00:00",
        "endDate": "2023-06-01",
        "endTime": "10:00:00",
        "totalConsumptionkWh": "13.37",
        "totalDurationMins": "120",
        "totalInactivityMins": "45.5",
        "price": "4.68",
        "priceUnit": "EUR",
    },
    "evcc": {
        "Created": "2024-02-01 18:00:05",
        "Finished": "2024-02-01 21:30:05",
        "Charging point": "Garage",
        "Identifier": "04A1B2C3",
        "Meter start (kWh)": "1000.5",
        "Meter stop (kWh)": "1012.75",
        "Energy (kWh)": "12.25",
        "Duration": "3h12m5s",
        "Cost": "3.68",
    },
    "evcc_de": {
        "Startzeit": "2024-02-01 18:00:05",
        "Endzeit": "2024-02-01 21:30:05",
        "Ladepunkt": "Garage",
        "Energie (kWh)": "12.25",
    },
    "ocpp_core": {
        "Connector": "1",
        "Start": "2024-02-01 18:00:05",
        "Start-Tag": "Anna",
        "Start-Meter": "1000.5",
        "Stop": "2024-02-01 21:30:05",
        "Stop-Tag": "Anna",
        "Stop-Meter": "1012.75",
        "Charged": "12.25",
    },
    "ocpp_core_de": {
        "Ladestation": "CP1",
        "Anschluss": "1",
        "Beginn": "2024-02-01 18:00:05",
        "Token": "Anna",
        "Beginn-Zähler": "1000,5",
        "Ende": "2024-02-01 21:30:05",
        "Ende-Zähler": "1012,75",
        "Geladen": "12,25",
    },
    "evtivity": {
        "Transaction ID": "tx-1",
        "Station": "CS-001",
        "Site": "Depot",
        "Email": "anna@example.com",
        "Status": "completed",
        "Started": "2026-03-01 10:00:00",
        "Ended": "2026-03-01 11:00:00.5",
        "Duration (min)": "60",
        "Energy (kWh)": "22.5",
        "Cost": "$9.00",
        "Stopped Reason": "EVDisconnected",
        "Payment Source": "web",
    },
}

PROFILE_OF = {
    "cary": "chargepoint_cary",
    "dundee_2021": "chargeplace_dundee_2021",
    "monthly": "chargeplace_monthly",
    "lugano": "ail_lugano",
    "evcc_de": "evcc",
    "ocpp_core_de": "ocpp_core",
}
