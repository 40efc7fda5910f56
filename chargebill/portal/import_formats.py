"""The page of layouts: what ChargeBill's own CSV files hold, column by column, and which other layouts are recognized."""

import csv
import io
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from chargebill.portal import layouts
from chargebill.portal.site import page
from stations.ingest.profiles import PROFILES, Profile

# Our own layouts: column name -> (what it means, an example). The examples make a row that imports.
OWN: dict[str, dict[str, tuple[str, str]]] = {
    "chargebill": {
        "session_id": ("Your id of the session. The same id again is the same session.", "S-2024-000017"),
        "location": ("Your id or name of the place. Unknown places are created.", "Town hall"),
        "location_name": ("Name of the place, where the id is none.", "Town hall car park"),
        "address": ("Street and number of the place.", "Market Square 1"),
        "postal_code": ("Postal code of the place.", "26001"),
        "city": ("Town of the place.", "Nordhafen"),
        "country": ("Country of the place, as a two-letter code or in English.", "DE"),
        "latitude": ("Degrees north.", "53.144700"),
        "longitude": ("Degrees east.", "8.213900"),
        "evse": ("Your id of the charge point. Unknown ones are created.", "NORD0101"),
        "evse_id": ("Its public id (eMI3).", "DE*NRD*ENORD0101"),
        "evse_model": ("Make and model.", "Alfen Eve Double"),
        "connector": ("Which connector of the charge point; 1 if left out.", "1"),
        "connector_standard": ("Type 1, Type 2, CCS1, CCS2, CHAdeMO, NACS, Schuko, BS 1363, or the OCPI name.", "Type 2"),
        "power_type": ("AC or DC.", "AC"),
        "rated_kw": ("Rated power in kW.", "22"),
        "start": ("Plugged in: date and time, with an offset such as +02:00, Z, or local.", "2024-05-31T17:45:10+02:00"),
        "end": ("Unplugged: date and time, written like the start.", "2024-05-31T20:02:43+02:00"),
        "time_zone": ("Zone of local times in this row: an IANA name, an offset or an abbreviation.", "Europe/Berlin"),
        "charging_time": ("How long power flowed, as h:mm or h:mm:ss. The rest counts as idle.", "1:58:20"),
        "energy_kwh": ("Energy in kWh, at most four decimals.", "21.4870"),
        "meter_start_kwh": ("Meter reading at the start, in kWh.", "10382.1140"),
        "meter_stop_kwh": ("Meter reading at the end, in kWh.", "10403.6010"),
        "token": ("Card or account that started it.", "04A2B9C1D35E80"),
        "token_type": ("RFID, APP_USER, AD_HOC_USER, EMAID or OTHER.", "RFID"),
        "token_issuer": ("Contract id (eMAID) or who issued the token.", "DE-NRD-C00012345-6"),
        "payment_method": ("CARD, APP, RFID, PLUG_AND_CHARGE, ROAMING, CASH, INVOICE or FREE.", "RFID"),
        "amount": ("What another system charged for it, tax included.", "10.53"),
        "currency": ("Currency of the amount, a three-letter code.", "EUR"),
        "card_last4": ("Last four digits of the payment card. Never send more.", "4242"),
        "payment_reference": ("Reference of the payment at its provider.", "pay_81736"),
        "announced_tariff": ("Name of the price the driver was shown.", "Standard"),
        "stop_reason": ("Why it ended, as the charge point says.", "EVDisconnected"),
    },
    "connector_status": {
        "id": ("Your id of the message; if left out, the whole row tells it apart.", "ST-1"),
        "location": ("Your id or name of the place, for charge points not known yet.", "Town hall"),
        "evse": ("Your id of the charge point.", "NORD0101"),
        "connector": ("Which connector; 1 if left out.", "1"),
        "at": ("Date and time, with an offset, Z, or local.", "2024-05-31T17:45:12+02:00"),
        "time_zone": ("Zone of local times in this row.", "Europe/Berlin"),
        "status": ("OCPP or OCPI status.", "Charging"),
        "error": ("Error code, if any.", "NoError"),
        "firmware": ("Firmware version.", "6.5.1-4223"),
    },
    "authorizations": {
        "id": ("Your id of the request; if left out, the whole row tells it apart.", "AU-1"),
        "token": ("Card or account that asked.", "04A2B9C1D35E80"),
        "at": ("Date and time, with an offset, Z, or local.", "2024-05-31T17:45:08+02:00"),
        "time_zone": ("Zone of local times in this row.", "Europe/Berlin"),
        "method": ("How it was checked, such as WHITELIST or LIVE.", "WHITELIST"),
        "result": ("What it was told, such as Accepted or Blocked.", "Accepted"),
        "price_shown": ("The price as the driver saw it.", "0.49 EUR/kWh"),
    },
    "meter_values": {
        "id": ("Your id of the reading; if left out, the whole row tells it apart.", "MV-1"),
        "session_id": ("Id of the session it belongs to, as in the session file.", "S-2024-000017"),
        "timestamp": ("Date and time, with an offset, Z, or local.", "2024-05-31T18:00:00+02:00"),
        "time_zone": ("Zone of local times in this row.", "Europe/Berlin"),
        "register": ("What was measured, such as Energy.Active.Import.Register.", "Energy.Active.Import.Register"),
        "value": ("The reading.", "10387.452"),
        "unit": ("Wh, kWh, W, kW, A, V or Percent.", "kWh"),
    },
}


@dataclass(frozen=True, slots=True)
class Column:
    header: str
    needed: bool
    meaning: str
    example: str


def columns_of(profile: Profile) -> list[Column]:
    """The documented columns of one of our own layouts, in the profile's order."""
    words = OWN[profile.name]
    return [
        Column(headers[0], field in profile.required, *words.get(headers[0], ("", "")))
        for field, headers in profile.columns.items()
    ]


def template_csv(profile: Profile) -> str:
    """A file of this layout with one row of examples: it imports as it is."""
    columns = columns_of(profile)
    text = io.StringIO()
    csv.writer(text).writerows([[c.header for c in columns], [c.example for c in columns]])
    return text.getvalue()


def _may_look(request: HttpRequest) -> None:
    if not request.user.has_perm("stations.view_importbatch"):
        raise PermissionDenied


@page("imports/formats/", name="import_formats")
def formats(request: HttpRequest) -> HttpResponse:
    _may_look(request)
    others = [(word, [p for p in profiles if p.name not in OWN]) for word, profiles in layouts.by_kind()]
    context = {
        **admin.site.each_context(request),
        "title": "Layouts",
        "crumbs": [("Imports", reverse("admin:stations_importbatch_changelist"))],
        "own": [(PROFILES[name], columns_of(PROFILES[name])) for name in OWN if name in PROFILES],
        "others": [
            (word, [(p, [p.columns[field][0] for field in p.required]) for p in profiles])
            for word, profiles in others
            if profiles
        ],
    }
    return TemplateResponse(request, "portal/imports/formats.html", context)


@page("imports/formats/<slug:name>.csv", name="import_template")
def template(request: HttpRequest, name: str) -> HttpResponse:
    """The template file of one of our own layouts."""
    _may_look(request)
    if name not in OWN or name not in PROFILES:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="{name}-template.csv"'}
    return HttpResponse(template_csv(PROFILES[name]), content_type="text/csv; charset=utf-8", headers=headers)
