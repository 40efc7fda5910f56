"""Finds the place, EVSE and connector a row names; makes unknown ones, marked for review."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from chargebill.core import bulk
from chargebill.core.models import LegalEntity
from stations.ingest.rows import PlaceRow
from stations.models import Connector, Evse, Location


@dataclass(frozen=True, slots=True)
class Found:
    """Where a row belongs. ``zone`` is the place's, else its entity's, else UTC; ``country`` likewise, may be "".

    ``rated_kw`` is what is stored of the connector, whatever the row says.
    """

    location_id: int
    connector_id: int
    evse_id: int
    rated_kw: Decimal | None
    zone: ZoneInfo
    country: str


def resolve(*, entity_id: int, rows: Iterable[PlaceRow]) -> dict[PlaceRow, Found]:
    """The stored place of each row: a handful of queries however many rows. Call inside a transaction.

    An EVSE stays where it was first seen; a session keeps the place its own row names, and an EVSE met at a second
    place is marked for review. A row without a place is where its EVSE is. New rows go in sorted by key, so that two
    imports can't wait for each other in a circle.
    """
    wanted = list(dict.fromkeys(rows))
    entity = LegalEntity.objects.get(pk=entity_id)
    uids = {row.evse_uid for row in wanted}
    evses = _evses(entity_id, uids)

    def code_of(row: PlaceRow) -> str:
        if row.location_code:
            return row.location_code
        return evses[row.evse_uid].code if row.evse_uid in evses else row.evse_uid

    codes = {code_of(row): row for row in reversed(wanted)}
    locations = _locations(entity_id, codes)
    if missing := sorted(set(codes) - set(locations)):
        bulk.insert_missing(
            Location,
            [
                "entity_id",
                "code",
                "name",
                "address",
                "postal_code",
                "city",
                "country",
                "latitude",
                "longitude",
                "time_zone",
                "needs_review",
            ],
            [_new_location(entity_id, code, codes[code]) for code in missing],
        )
        locations |= _locations(entity_id, missing)
    first_rows = {row.evse_uid: row for row in reversed(wanted)}
    if missing := sorted(uids - set(evses)):
        bulk.insert_missing(
            Evse,
            ["entity_id", "location_id", "uid", "evse_id", "model", "needs_review"],
            [
                (entity_id, locations[code_of(row)][0], uid, row.evse_id, row.evse_model, True)
                for uid in missing
                for row in [first_rows[uid]]
            ],
        )
        evses |= _evses(entity_id, missing)
    _mark_moved(wanted, evses, locations, code_of)
    connectors = _connectors(evse.id for evse in evses.values())
    keys = {(evses[row.evse_uid].id, row.connector_number): row for row in reversed(wanted)}
    if missing_keys := sorted(set(keys) - set(connectors)):
        bulk.insert_missing(
            Connector,
            ["evse_id", "number", "standard", "power_type", "rated_kw", "needs_review"],
            [(*key, keys[key].standard, keys[key].power_type, keys[key].rated_kw, True) for key in missing_keys],
        )
        connectors |= _connectors(evse_id for evse_id, _ in missing_keys)
    found = {}
    for row in wanted:
        location_id, zone, country = locations[code_of(row)]
        evse_id = evses[row.evse_uid].id
        connector_id, rated_kw = connectors[evse_id, row.connector_number]
        found[row] = Found(
            location_id=location_id,
            connector_id=connector_id,
            evse_id=evse_id,
            rated_kw=rated_kw,
            zone=ZoneInfo(zone or entity.time_zone or "UTC"),
            country=country or entity.country,
        )
    return found


@dataclass(frozen=True, slots=True)
class _Evse:
    id: int
    code: str
    location_id: int
    needs_review: bool


def _evses(entity_id: int, uids: Iterable[str]) -> dict[str, _Evse]:
    rows = Evse.objects.filter(entity_id=entity_id, uid__in=list(uids)).values_list(
        "uid", "id", "location__code", "location_id", "needs_review"
    )
    return {uid: _Evse(*rest) for uid, *rest in rows.order_by()}


def _locations(entity_id: int, codes: Iterable[str]) -> dict[str, tuple[int, str, str]]:
    rows = Location.objects.filter(entity_id=entity_id, code__in=list(codes)).values_list("code", "id", "time_zone", "country")
    return {code: (pk, zone, country) for code, pk, zone, country in rows.order_by()}


def _connectors(evse_ids: Iterable[int]) -> dict[tuple[int, str], tuple[int, Decimal | None]]:
    rows = Connector.objects.filter(evse_id__in=list(evse_ids)).values_list("evse_id", "number", "id", "rated_kw")
    return {(evse_id, number): (pk, rated_kw) for evse_id, number, pk, rated_kw in rows.order_by()}


def _new_location(entity_id: int, code: str, row: PlaceRow) -> tuple:
    return (
        entity_id,
        code,
        row.location_name or code,
        row.address,
        row.postal_code,
        row.city,
        row.country,
        row.latitude,
        row.longitude,
        row.time_zone,
        True,
    )


def _mark_moved(wanted: list[PlaceRow], evses: dict[str, _Evse], locations: dict, code_of) -> None:
    moved = {
        evses[row.evse_uid].id
        for row in wanted
        if locations[code_of(row)][0] != evses[row.evse_uid].location_id and not evses[row.evse_uid].needs_review
    }
    if moved:
        Evse.objects.filter(pk__in=moved).update(needs_review=True)
