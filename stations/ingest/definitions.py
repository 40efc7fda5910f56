"""Import profiles kept as data: what one may say, and the profile it stands for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stations.ingest import zones
from stations.ingest.layout import Profile, normal

# What a column of a session file may mean.
FIELDS = (
    "external_id",
    "start",
    "end",
    "start_date",
    "start_time",
    "end_date",
    "end_time",
    "zone",
    "start_zone",
    "end_zone",
    "duration",
    "charging_time",
    "idle_time",
    "energy",
    "meter_start",
    "meter_stop",
    "evse",
    "evse_id",
    "connector",
    "standard",
    "power_type",
    "rated_kw",
    "model",
    "location",
    "location_name",
    "address",
    "postal_code",
    "city",
    "country",
    "latitude",
    "longitude",
    "token",
    "token_type",
    "token_issuer",
    "payment_method",
    "amount",
    "currency",
    "card_last4",
    "payment_reference",
    "announced_tariff",
    "stop_reason",
)
# A column that only helps to tell rows apart.
EXTRA = re.compile(r"extra_\d{1,3}", re.ASCII)
DATE_ORDERS = ("YMD", "DMY", "MDY")
ENERGY_UNITS = ("kWh", "Wh")
DURATION_UNITS = ("clock", "seconds", "minutes", "hours")
LONGEST_HEADER = 200
_KEYS = {
    "columns",
    "identity",
    "time_zone",
    "date_order",
    "energy_unit",
    "duration_unit",
    "decimal_comma",
    "currency",
    "location",
}


class Problem(NamedTuple):
    """``where`` is the part of the definition to change."""

    where: str
    message: str


def problems(definition: Any) -> list[Problem]:
    """What keeps this from being a profile; empty if nothing does. Takes anything that JSON can say.

    A definition is an object: ``columns`` {field: header}, ``identity`` [field], ``time_zone`` (IANA or ""),
    ``date_order``, ``energy_unit``, ``duration_unit``, ``decimal_comma`` (bool), ``currency`` (of amounts without one,
    or ""), ``location`` (the one place of a file without a column for it, or "").
    """
    if not isinstance(definition, dict) or set(definition) != _KEYS:
        return [Problem("", "The layout is not written the way layouts are.")]
    columns, identity = definition["columns"], definition["identity"]
    if not (
        isinstance(columns, dict)
        and all(isinstance(text, str) for pair in columns.items() for text in pair)
        and isinstance(identity, list)
        and all(isinstance(field, str) for field in identity)
        and all(isinstance(definition[key], str) for key in _KEYS - {"columns", "identity", "decimal_comma"})
        and isinstance(definition["decimal_comma"], bool)
    ):
        return [Problem("", "The layout is not written the way layouts are.")]
    return [*_of_columns(columns), *_of_meaning(columns, definition), *_of_identity(columns, identity), *_of_options(definition)]


def _of_columns(columns: Mapping[str, str]) -> list[Problem]:
    found = [
        Problem("columns", f"“{field[:40]}” is nothing a column can mean.")
        for field in columns
        if field not in FIELDS and not EXTRA.fullmatch(field)
    ]
    headers = [normal(header) for header in columns.values()]
    if not all(headers):
        found.append(Problem("columns", "A column without a name can't be told from others: it can't be part of a layout."))
    if any(len(header) > LONGEST_HEADER for header in columns.values()):
        found.append(Problem("columns", f"A column's name is longer than {LONGEST_HEADER} characters."))
    if len(set(headers)) < len(headers):
        found.append(Problem("columns", "Two columns that are used have the same name, so they can't be told apart."))
    return found


def _of_meaning(columns: Mapping[str, str], definition: Mapping[str, Any]) -> list[Problem]:
    found = []
    for name, word in (("start", "began"), ("end", "ended")):
        whole, day, time = name in columns, f"{name}_date" in columns, f"{name}_time" in columns
        if whole and (day or time):
            found.append(
                Problem("columns", f"Say when a session {word} with one column, or with a date and a time: not with both.")
            )
        elif day != time:
            found.append(Problem("columns", f"A date and a time of day belong together: say both of when a session {word}."))
        elif name == "start" and not whole and not day:
            found.append(Problem("columns", "No column says when a session began."))
        elif name == "end" and not (whole or day or "duration" in columns or "charging_time" in columns):
            found.append(
                Problem("columns", "No column says when a session ended, or how long it took: without it there is no price.")
            )
    if "energy" not in columns and not ("meter_start" in columns and "meter_stop" in columns):
        found.append(Problem("columns", "No column says how much energy was charged: name it, or the meter at start and end."))
    if "evse" not in columns and "location" not in columns and not definition["location"].strip():
        found.append(
            Problem("columns", "No column says where: name the charge point or the place, or write the one place below.")
        )
    if "location" in columns and definition["location"].strip():
        found.append(Problem("location", "A column says the place already: leave this empty."))
    if "amount" in columns and "currency" not in columns and not definition["currency"]:
        found.append(Problem("currency", "There are amounts without a currency: name it, such as EUR."))
    return found


def _of_identity(columns: Mapping[str, str], identity: Sequence[str]) -> list[Problem]:
    if not identity:
        return [Problem("identity", "Mark the column, or the columns together, that tell one session from every other.")]
    if set(identity) - set(columns) or len(set(identity)) < len(identity):
        return [Problem("identity", "A column that tells sessions apart is not in this layout.")]
    return []


def _of_options(definition: Mapping[str, Any]) -> list[Problem]:
    found = []
    if definition["time_zone"] and definition["time_zone"] not in zones.names():
        found.append(Problem("time_zone", f"“{definition['time_zone'][:64]}” is no time zone such as Europe/Berlin."))
    for key, choices in (("date_order", DATE_ORDERS), ("energy_unit", ENERGY_UNITS), ("duration_unit", DURATION_UNITS)):
        if definition[key] not in choices:
            found.append(Problem(key, f"Choose one of {', '.join(choices)}."))
    currency = definition["currency"]
    if currency and not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        found.append(Problem("currency", "A currency is three letters, such as EUR."))
    if len(definition["location"]) > 100:
        found.append(Problem("location", "A place has at most 100 characters."))
    return found


def profile_of(*, name: str, title: str, definition: Mapping[str, Any]) -> Profile:
    """The profile a definition without problems stands for."""
    columns: dict[str, str] = definition["columns"]
    place = definition["location"].strip()
    constants = {"location": place} if place else {}
    if place and "evse" not in columns:
        constants["evse"] = place
    moments = [field for name in ("start", "end") for field in (name, f"{name}_date", f"{name}_time") if field in columns]
    needed = [*moments]
    if not any(field.startswith("end") for field in moments):
        needed.append("duration" if "duration" in columns else "charging_time")
    needed += ["energy"] if "energy" in columns else ["meter_start", "meter_stop"]
    needed.append("evse" if "evse" in columns or place else "location")
    needed += [field for field in definition["identity"] if field not in needed]
    return Profile(
        name=name,
        title=title,
        kind="sessions",
        columns={field: (header,) for field, header in columns.items()},
        required=tuple(needed),
        identity=tuple(definition["identity"]),
        time_zone=definition["time_zone"],
        date_order=definition["date_order"],
        currency=definition["currency"],
        decimal_comma=definition["decimal_comma"],
        energy_unit=definition["energy_unit"],
        duration_unit=definition["duration_unit"],
        constants=constants,
        token_type="OTHER" if "token" in columns and "token_type" not in columns else "",
    )
