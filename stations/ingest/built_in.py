"""The built-in import profiles. A layout is claimed here only if a test imports it."""

from stations.ingest.layout import Profile

# Columns of our own session CSV; docs/import-formats.md explains each.
CHARGEBILL = Profile(
    name="chargebill",
    title="ChargeBill CSV",
    kind="sessions",
    columns={
        "external_id": ("session_id",),
        "location": ("location",),
        "location_name": ("location_name",),
        "address": ("address",),
        "postal_code": ("postal_code",),
        "city": ("city",),
        "country": ("country",),
        "latitude": ("latitude",),
        "longitude": ("longitude",),
        "evse": ("evse",),
        "evse_id": ("evse_id",),
        "model": ("evse_model",),
        "connector": ("connector",),
        "standard": ("connector_standard",),
        "power_type": ("power_type",),
        "rated_kw": ("rated_kw",),
        "start": ("start",),
        "end": ("end",),
        "zone": ("time_zone",),
        "charging_time": ("charging_time",),
        "energy": ("energy_kwh",),
        "meter_start": ("meter_start_kwh",),
        "meter_stop": ("meter_stop_kwh",),
        "token": ("token",),
        "token_type": ("token_type",),
        "token_issuer": ("token_issuer",),
        "payment_method": ("payment_method",),
        "amount": ("amount",),
        "currency": ("currency",),
        "card_last4": ("card_last4",),
        "payment_reference": ("payment_reference",),
        "announced_tariff": ("announced_tariff",),
        "stop_reason": ("stop_reason",),
    },
    required=("external_id", "location", "evse", "start", "end", "energy"),
    comma_with_semicolon=True,
)

CHARGEPLACE_DUNDEE = Profile(
    name="chargeplace_dundee",
    title="ChargePlace Scotland, Dundee 2017–18",
    kind="sessions",
    columns={
        "external_id": ("Charging event",),
        "token": ("User ID",),
        "evse": ("CP ID",),
        "connector": ("Connector",),
        "start_date": ("Start Date",),
        "start_time": ("Start Time",),
        "end_date": ("End Date",),
        "end_time": ("End Time",),
        "energy": ("Total kWh",),
        "amount": ("Cost",),
        "location": ("Site",),
        "group": ("Group",),
        "model": ("Model",),
    },
    required=("external_id", "evse", "connector", "start_date", "start_time", "end_date", "end_time", "energy"),
    time_zone="Europe/London",
    date_order="DMY",
    currency="GBP",
    token_type="RFID",
    payment_method="RFID",
)

CHARGEPLACE_PERTH = Profile(
    name="chargeplace_perth",
    title="ChargePlace Scotland, Perth & Kinross",
    kind="sessions",
    columns={
        name: headers
        for name, headers in CHARGEPLACE_DUNDEE.columns.items()
        if name not in ("external_id", "token", "amount", "group")
    },
    required=("evse", "connector", "start_date", "start_time", "end_date", "end_time", "energy"),
    # Charge point, connector and start alone repeat in real files, always with different content.
    identity=("evse", "connector", "start_date", "start_time", "end_date", "end_time", "energy"),
    time_zone="Europe/London",
    date_order="DMY",
)

BUILT_IN: tuple[Profile, ...] = (CHARGEBILL, CHARGEPLACE_DUNDEE, CHARGEPLACE_PERTH)
