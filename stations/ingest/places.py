"""Reads where a row happened."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter

from stations.ingest import codes, values
from stations.ingest.layout import Profile
from stations.ingest.rows import PlaceRow, RowRefused

_FIELDS = (
    "location",
    "location_name",
    "address",
    "postal_code",
    "city",
    "country",
    "latitude",
    "longitude",
    "evse",
    "evse_part",
    "evse_id",
    "model",
    "connector",
    "standard",
    "power_type",
    "rated_kw",
)
_CALLED = {"evse": "charge point", "location": "location"}
_CACHED = 20_000

# "APT 22kW Dual Outlet"; not "2x22kW", which says what both give together.
_NAMED_KW = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,]\d{1,2})?) ?kW\b", re.IGNORECASE)

PlaceReader = Callable[[Sequence[str], str], PlaceRow]


def place_reader(profile: Profile, positions: Mapping[str, int], header: Sequence[str], *, comma: bool) -> PlaceReader:
    """A function of a row's cells and its IANA zone that returns the place, the same object for the same place.

    Raises RowRefused ``place_missing`` when a place column this layout requires is empty.
    """
    present = [name for name in _FIELDS if name in positions]
    # itemgetter gives a tuple only for two or more.
    key_of = itemgetter(*(positions[name] for name in present), positions[present[0]])
    needed = [name for name in ("evse", "location") if name in profile.required]
    header_of = {name: header[positions[name]] for name in present}
    # Sessions of a layout that knows charge points only: each is a place of its own.
    stands_for_place = profile.kind == "sessions" and "location" not in profile.columns
    known: dict[tuple[str, tuple[str, ...]], PlaceRow] = {}

    def read(cells: Sequence[str], zone: str) -> PlaceRow:
        key = (zone, key_of(cells))
        try:
            return known[key]
        except KeyError:
            pass
        written = dict(zip(present, key[1], strict=False))
        if len(known) >= _CACHED:
            known.clear()
        known[key] = place = _place(written, zone)
        return place

    def _place(written: dict[str, str], zone: str) -> PlaceRow:
        def get(name: str) -> str:
            return written.get(name, "")

        for name in needed:
            if not values.text(get(name)):
                raise RowRefused("place_missing", f"There is no {_CALLED[name]}.", header_of[name])
        location = values.identifier(get("location"), 200, "location", header_of.get("location", ""))
        evse = values.identifier(get("evse"), 100, "charge point", header_of.get("evse", ""))
        if not evse and "evse" not in needed:
            evse = values.identifier(get("location"), 100, "charge point", header_of.get("location", ""))
        if part := values.text(get("evse_part")):
            evse = values.identifier(f"{evse}-{part}", 100, "charge point", header_of["evse_part"])
        if not location and stands_for_place:
            location = values.identifier(get("evse"), 100, "charge point", header_of["evse"])
        return PlaceRow(
            location_code=location,
            location_name=values.free_text(get("location_name"), 200) or location,
            evse_uid=evse,
            connector_number=values.identifier(get("connector"), 36, "connector", header_of.get("connector", "")) or "1",
            time_zone=zone,
            address=values.free_text(get("address"), 200),
            postal_code=values.free_text(get("postal_code"), 20),
            city=values.free_text(get("city"), 100),
            country=values.country(get("country")),
            latitude=values.coordinate(get("latitude"), 90, comma=comma),
            longitude=values.coordinate(get("longitude"), 180, comma=comma),
            evse_id=values.identifier(get("evse_id"), 48, "EVSE id", header_of.get("evse_id", "")),
            evse_model=values.free_text(get("model"), 100),
            standard=codes.code(codes.STANDARDS, get("standard")),
            power_type=codes.code(codes.POWER_TYPES, get("power_type")),
            rated_kw=_rated(get("rated_kw"), comma) or named_kw(get("model")),
        )

    return read


def _rated(cell: str, comma: bool) -> Decimal | None:
    value = values.optional_number(cell, digits=7, places=2, comma=comma)
    return value if value and value > 0 else None


def named_kw(model: str) -> Decimal | None:
    """The power a model carries in its name, in kW; None where it names none or several."""
    named = {Decimal(figure.replace(",", ".")) for figure in _NAMED_KW.findall(model)}
    power = named.pop() if len(named) == 1 else None
    return power or None
