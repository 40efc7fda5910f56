"""Reads an OCPI CDR: 2.1.1, 2.2.1 and 2.3.0."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial

from stations.ingest import codes, json_values, ocpi_periods, values, zones
from stations.ingest.clock import Clock
from stations.ingest.json_values import Object
from stations.ingest.layout import Profile
from stations.ingest.moments import check_span
from stations.ingest.refusals import attempted, combined
from stations.ingest.rows import PlaceRow, RowRefused, SessionRow


def cdr_reader(profile: Profile, *, time_zone: str) -> Callable[[str], SessionRow]:
    """A function of a CDR's JSON text that returns the session, or raises RowRefused with every reason against it.

    ``time_zone`` is the IANA zone its place gets where the CDR names none; OCPI's times themselves are UTC.
    """
    clock = Clock(profile, entity_time_zone="UTC")

    def read(raw: str) -> SessionRow:
        return _session(_object(raw), clock, time_zone)

    return read


def _object(raw: str) -> Object:
    try:
        found = json_values.parsed(raw)
    except ValueError as problem:
        raise RowRefused("bad_json", f"The record is not valid JSON: {str(problem)[:120]}.") from None
    if not isinstance(found, dict):
        raise RowRefused("not_a_cdr", "The record is no JSON object, so it can't be a CDR.")
    return found


def _session(cdr: Object, clock: Clock, time_zone: str) -> SessionRow:
    if cdr.get("credit") is True:
        of = json_values.text(cdr, "credit_reference_id")
        raise RowRefused(
            "credit_cdr",
            f"This is a credit for the CDR {values.quoted(of)}, not a session." if of else "This is a credit, not a session.",
            "credit",
        )
    results, reasons = attempted(
        (
            partial(_external_id, cdr),
            partial(_place, cdr, time_zone),
            partial(_when, cdr, "start", clock),
            partial(_when, cdr, "end", clock),
            partial(_energy, cdr),
            partial(_amount, cdr),
            partial(_token, cdr),
            partial(ocpi_periods.periods, cdr, clock),
        )
    )
    if reasons:
        raise combined(reasons)
    external_id, place, started_at, ended_at, energy_kwh, (amount, currency), (uid, kind, issuer), periods = results
    check_span(started_at, ended_at, "start_date_time", _end_key(cdr))
    return SessionRow(
        external_id=external_id,
        place=place,
        started_at=started_at,
        ended_at=ended_at,
        energy_kwh=energy_kwh,
        charging_s=ocpi_periods.charging_s(cdr, periods, started_at, ended_at),
        token_uid=uid,
        token_type=kind,
        token_issuer=issuer,
        payment_method=codes.PAYMENT_BY_TOKEN.get(kind, "UNKNOWN"),
        reported_amount=amount,
        reported_currency=currency,
        periods=periods,
    )


def _external_id(cdr: Object) -> str:
    found = values.identifier(json_values.text(cdr, "id"), 80, "id of the CDR", "id")
    if not found:
        raise RowRefused("id_missing", "The CDR has no id, so it could not be told apart from others.", "id")
    return found


def _place(cdr: Object, time_zone: str) -> PlaceRow:
    """2.2.1 and later name EVSE and connector in cdr_location; 2.1.1 has them in the location, the only ones there."""
    key = "cdr_location" if "cdr_location" in cdr else "location"
    location = json_values.child(cdr, key)
    evse = json_values.first(location, "evses")
    connector = json_values.first(evse, "connectors")
    code = values.identifier(json_values.text(location, "id"), 200, "location", f"{key}.id")
    if not code:
        raise RowRefused("place_missing", "There is no location.", key)
    uid = (
        json_values.text(location, "evse_uid")
        or json_values.text(evse, "uid")
        or json_values.text(location, "evse_id")
        or json_values.text(evse, "evse_id")
    )
    uid = values.identifier(uid, 100, "EVSE", f"{key}.evse_uid")
    if not uid:
        raise RowRefused("place_missing", "There is no EVSE.", f"{key}.evse_uid")
    address = values.free_text(json_values.text(location, "address"), 200)
    coordinates = json_values.child(location, "coordinates")
    power = (json_values.text(location, "connector_power_type") or json_values.text(connector, "power_type")).upper()
    standard = json_values.text(location, "connector_standard") or json_values.text(connector, "standard")
    number = json_values.text(location, "connector_id") or json_values.text(connector, "id")
    own_zone = json_values.text(location, "time_zone")
    return PlaceRow(
        location_code=code,
        location_name=values.free_text(json_values.text(location, "name"), 200) or address or code,
        evse_uid=uid,
        connector_number=values.identifier(number, 36, "connector", f"{key}.connector_id") or "1",
        time_zone=own_zone if own_zone in zones.names() else time_zone,
        address=address,
        postal_code=values.free_text(json_values.text(location, "postal_code"), 20),
        city=values.free_text(json_values.text(location, "city"), 100),
        country=values.country(json_values.text(location, "country")),
        latitude=values.coordinate(json_values.text(coordinates, "latitude"), 90),
        longitude=values.coordinate(json_values.text(coordinates, "longitude"), 180),
        evse_id=values.free_text(json_values.text(location, "evse_id") or json_values.text(evse, "evse_id"), 48),
        standard=codes.code(codes.STANDARDS, standard) or ("OTHER" if standard else ""),
        power_type=codes.code(codes.POWER_TYPES, power),
        rated_kw=_rated_kw(connector, power),
    )


def _rated_kw(connector: Object, power_type: str) -> Decimal | None:
    """2.1.1 gives volts (between line and neutral) and amperes."""
    volts, amperes = json_values.number(connector.get("voltage")), json_values.number(connector.get("amperage"))
    if not volts or not amperes or not 0 < volts < 10_000 or not 0 < amperes < 10_000:
        return None
    phases = 3 if power_type == "AC_3_PHASE" else 1
    watts = volts * amperes * phases
    return values.decimal_places(watts / 1000, digits=7, places=2) or None


def _end_key(cdr: Object) -> str:
    return "stop_date_time" if "stop_date_time" in cdr and "end_date_time" not in cdr else "end_date_time"


def _when(cdr: Object, name: str, clock: Clock) -> datetime:
    key = "start_date_time" if name == "start" else _end_key(cdr)
    written = json_values.text(cdr, key)
    if not written:
        raise RowRefused(f"{name}_missing", f"There is no {name} time.", key)
    return ocpi_periods.moment(written, clock, f"{name}_unreadable", f"{name} time", key)


def _energy(cdr: Object) -> Decimal:
    written = cdr.get("total_energy")
    if written is None:
        if _only_reserved(cdr):
            return Decimal("0.0000")
        raise RowRefused("energy_missing", "There is no energy (kWh).", "total_energy")
    value = json_values.number(written)
    try:
        if value is None:
            raise ValueError("It is not a number.")
        energy = values.decimal_places(value, digits=14)
    except ValueError as problem:
        raise RowRefused("energy_unreadable", f"The energy can't be read. {problem}", "total_energy") from None
    if energy < 0:
        raise RowRefused("energy_negative", f"The energy is negative ({energy.normalize():f} kWh).", "total_energy")
    return energy


def _only_reserved(cdr: Object) -> bool:
    kinds = {
        json_values.text(dimension, "type").upper()
        for period in json_values.objects(cdr, "charging_periods")
        for dimension in json_values.objects(period, "dimensions")
    }
    return "RESERVATION_TIME" in kinds and not kinds & {"ENERGY", "ENERGY_IMPORT", "TIME"}


def _amount(cdr: Object) -> tuple[Decimal | None, str]:
    """What the partner charges, tax included. A cost without its tax (all of 2.1.1) is no such amount, unless it is 0."""
    cost = cdr.get("total_cost")
    if cost is None:
        return None, ""
    parts = cost if isinstance(cost, dict) else {"excl_vat": cost}
    try:
        amount = _with_tax(parts)
        if amount is None:
            return None, ""
        amount = values.decimal_places(amount, digits=14)
    except ValueError as problem:
        raise RowRefused("amount_unreadable", f"The amount can't be read. {problem}", "total_cost") from None
    currency = values.currency(json_values.text(cdr, "currency"))
    if not currency:
        if not amount:
            return None, ""
        raise RowRefused("currency_missing", "There is an amount but no currency, such as EUR.", "currency")
    return amount, currency


def _with_tax(cost: Object) -> Decimal | None:
    if "before_taxes" in cost:
        before, taxes = _money(cost, "before_taxes"), cost.get("taxes")
        if before is None or (not isinstance(taxes, list) and before):
            return None
        return before + sum((_money(tax, "amount") or Decimal(0) for tax in json_values.objects(cost, "taxes")), Decimal(0))
    with_tax, without = _money(cost, "incl_vat"), _money(cost, "excl_vat")
    return without if with_tax is None and not without else with_tax


def _money(of: Object, key: str) -> Decimal | None:
    written = of.get(key)
    if written is None:
        return None
    value = json_values.number(written)
    if value is None:
        raise ValueError(f"“{key}” is not a number.")
    return values.decimal_places(value, digits=14)


def _token(cdr: Object) -> tuple[str, str, str]:
    """Token uid, type and issuer. 2.1.1 has only the contract's id, in auth_id; it stands for the token then."""
    token = json_values.child(cdr, "cdr_token")
    contract = values.identifier(
        json_values.text(token, "contract_id") or json_values.text(cdr, "auth_id"), 64, "contract id", "cdr_token.contract_id"
    )
    uid = values.identifier(json_values.text(token, "uid"), 64, "token", "cdr_token.uid") or contract
    kind = codes.code(codes.TOKEN_TYPES, json_values.text(token, "type")) if uid else ""
    return uid, kind, contract
