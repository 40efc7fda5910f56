"""Reads one session from the cells of a row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from stations.ingest import codes, values
from stations.ingest.clock import Clock, span
from stations.ingest.energy import energy_reader
from stations.ingest.identity import identity_reader
from stations.ingest.layout import Profile
from stations.ingest.moments import MomentReader, check_span, moment_reader
from stations.ingest.places import place_reader
from stations.ingest.refusals import collected, combined
from stations.ingest.rows import RowRefused, SessionRow

# Charging may seem to last this much longer than the session where its times have no seconds.
_ROUNDED_S = 60

Cells = Sequence[str]
SessionReader = Callable[[Cells], SessionRow]


def session_reader(profile: Profile, header: Sequence[str], clock: Clock, *, comma: bool) -> SessionReader:
    """A function of a row's cells (as many as ``header`` has) that returns the session.

    It raises RowRefused with every reason that keeps the row out; the first one gives code and field.
    """
    positions = profile.positions(header)
    identity = identity_reader(profile, positions, header)
    place = place_reader(profile, positions, header, comma=comma)
    start = moment_reader("start", positions, header, clock)
    has_end = "end" in positions or "end_date" in positions
    end = moment_reader("end", positions, header, clock) if has_end else None
    energy = energy_reader(profile, positions, header, comma)
    amount = _amount_reader(profile, positions, header, comma)
    if end:
        when = _span_reader(profile, start, end, positions, header, comma)
    else:
        when = _length_reader(profile, start, positions, header, comma)
    charging = _charging_reader(profile, positions, comma)
    token = _token_reader(profile, positions, header)
    remarks = _remark_reader(positions, header)
    checks: tuple[Callable[[Cells], object], ...] = (
        identity,
        lambda cells: place(cells, ""),
        *((start, end) if end else (when,)),
        energy,
        amount,
        token,
        remarks,
    )

    def read(cells: Cells) -> SessionRow:
        try:
            external_id = identity(cells)
            started_at, ended_at, zone = when(cells)
            meter_start, meter_stop, energy_kwh = energy(cells)
            reported_amount, currency = amount(cells)
            return SessionRow(
                external_id,
                place(cells, zone),
                started_at,
                ended_at,
                energy_kwh,
                charging(cells, started_at, ended_at),
                meter_start,
                meter_stop,
                *token(cells),
                reported_amount,
                currency,
                *remarks(cells),
            )
        except RowRefused as refused:
            raise combined(collected([partial(check, cells) for check in checks]) or [refused]) from None

    return read


def _span_reader(
    profile: Profile,
    start: MomentReader,
    end: MomentReader,
    positions: Mapping[str, int],
    header: Sequence[str],
    comma: bool,
) -> Callable[[Cells], tuple[datetime, datetime, str]]:
    """Start and end in UTC, and the IANA zone of the place."""
    at_duration, at_hours = positions.get("duration", -1), positions.get("duration_hours", -1)
    start_field = header[positions.get("start", positions.get("start_date", 0))]
    end_field = header[positions.get("end", positions.get("end_date", 0))]

    def duration(cells: Cells) -> int | None:
        if at_duration >= 0:
            return values.duration_s(cells[at_duration], profile.duration_unit, comma=comma)
        if at_hours >= 0:
            hours = values.optional_number(cells[at_hours], digits=14, places=6, comma=comma)
            return None if hours is None else int(hours * 3600)
        return None

    def read(cells: Cells) -> tuple[datetime, datetime, str]:
        first, last = start(cells), end(cells)
        if first.later is None and last.later is None:
            started_at, ended_at = first.utc, last.utc
        else:
            started_at, ended_at = span(first, last, duration(cells))
        check_span(started_at, ended_at, start_field, end_field)
        return started_at, ended_at, first.zone

    return read


def _length_reader(
    profile: Profile, start: MomentReader, positions: Mapping[str, int], header: Sequence[str], comma: bool
) -> Callable[[Cells], tuple[datetime, datetime, str]]:
    """Start and end in UTC of a layout that says how long it took instead of when it ended, and the place's zone."""
    at = positions["duration"] if "duration" in positions else positions["charging_time"]
    start_field = header[positions.get("start", positions.get("start_date", 0))]

    def read(cells: Cells) -> tuple[datetime, datetime, str]:
        first, cell = start(cells), cells[at]
        if not cell or cell.isspace():
            raise RowRefused("end_missing", "There is no duration, so when it ended is not known.", header[at])
        took = values.duration_s(cell, profile.duration_unit, comma=comma)
        if took is None:
            message = f"The duration {values.quoted(cell)} can't be read, so when it ended is not known."
            raise RowRefused("end_unreadable", message, header[at])
        try:
            ended_at = first.utc + timedelta(seconds=took)
        except OverflowError:
            message = f"The duration {values.quoted(cell)} can't be right."
            raise RowRefused("end_unreadable", message, header[at]) from None
        check_span(first.utc, ended_at, start_field, header[at])
        return first.utc, ended_at, first.zone

    return read


def _charging_reader(
    profile: Profile, positions: Mapping[str, int], comma: bool
) -> Callable[[Cells, datetime, datetime], int | None]:
    """Seconds of charging, at most the session's; None where the file has none or one that can't be.

    A file may say instead how long nothing flowed.
    """
    at, at_idle = positions.get("charging_time", -1), positions.get("idle_time", -1)

    def read(cells: Cells, started_at: datetime, ended_at: datetime) -> int | None:
        charged = values.duration_s(cells[at], profile.duration_unit, comma=comma)
        return None if charged is None else within(charged, started_at, ended_at)

    def read_idle(cells: Cells, started_at: datetime, ended_at: datetime) -> int | None:
        idle = values.duration_s(cells[at_idle], profile.duration_unit, comma=comma)
        duration = int((ended_at - started_at).total_seconds())
        return None if idle is None or idle > duration + _ROUNDED_S else max(duration - idle, 0)

    if at >= 0:
        return read
    return read_idle if at_idle >= 0 else lambda cells, started_at, ended_at: None


def within(charged_s: int, started_at: datetime, ended_at: datetime) -> int | None:
    duration = int((ended_at - started_at).total_seconds())
    return min(charged_s, duration) if charged_s <= duration + _ROUNDED_S else None


def _amount_reader(
    profile: Profile, positions: Mapping[str, int], header: Sequence[str], comma: bool
) -> Callable[[Cells], tuple[Decimal | None, str]]:
    """What the other system charged, tax included, and its currency. Money that can't be read keeps the row out."""
    if "amount" not in positions:
        return lambda cells: (None, "")
    at, at_currency = positions["amount"], positions.get("currency", -1)

    def read(cells: Cells) -> tuple[Decimal | None, str]:
        cell = cells[at]
        if not cell or cell.isspace():
            return None, ""
        try:
            plain, written = values.without_currency(cell)
            amount = values.decimal_places(values.number(plain, comma=comma), digits=14)
        except ValueError as problem:
            message = f"The amount {values.quoted(cell)} can't be read. {problem}"
            raise RowRefused("amount_unreadable", message, header[at]) from None
        currency = written or (profile.currency if at_currency < 0 else values.currency(cells[at_currency]))
        if currency:
            return amount, currency
        if not amount:
            return None, ""
        message = f"The amount {values.quoted(cell)} has no currency, such as EUR."
        raise RowRefused("currency_missing", message, header[at] if at_currency < 0 else header[at_currency])

    return read


def _token_reader(
    profile: Profile, positions: Mapping[str, int], header: Sequence[str]
) -> Callable[[Cells], tuple[str, str, str, str]]:
    """Token uid, type and issuer, and how it was paid."""
    at = positions.get("token", -1)
    at_type, at_issuer = positions.get("token_type", -1), positions.get("token_issuer", -1)
    at_payment = positions.get("payment_method", -1)
    if at < 0 and at_payment < 0:
        return lambda cells: ("", "", "", "UNKNOWN")

    def read(cells: Cells) -> tuple[str, str, str, str]:
        uid = values.identifier(cells[at], 64, "token", header[at]) if at >= 0 else ""
        kind = issuer = ""
        if uid:
            kind = codes.code(codes.TOKEN_TYPES, cells[at_type]) if at_type >= 0 else profile.token_type
            issuer = values.identifier(cells[at_issuer], 64, "token issuer", header[at_issuer]) if at_issuer >= 0 else ""
        payment = codes.code(codes.PAYMENT_METHODS, cells[at_payment]) if at_payment >= 0 else ""
        if not payment and uid:
            payment = profile.payment_method or codes.PAYMENT_BY_TOKEN.get(kind, "")
        return uid, kind, issuer, payment or "UNKNOWN"

    return read


def _remark_reader(positions: Mapping[str, int], header: Sequence[str]) -> Callable[[Cells], tuple[str, str, str, str]]:
    """Last digits of the card, payment reference, announced tariff and stop reason."""
    names = ("card_last4", "payment_reference", "announced_tariff", "stop_reason")
    at_card, at_reference, at_tariff, at_stop = (positions.get(name, -1) for name in names)
    if max(at_card, at_reference, at_tariff, at_stop) < 0:
        return lambda cells: ("", "", "", "")

    def read(cells: Cells) -> tuple[str, str, str, str]:
        card = values.text(cells[at_card])[-4:] if at_card >= 0 else ""
        return (
            card if len(card) == 4 and card.isascii() and card.isdigit() else "",
            values.identifier(cells[at_reference], 100, "payment reference", header[at_reference]) if at_reference >= 0 else "",
            values.free_text(cells[at_tariff], 100) if at_tariff >= 0 else "",
            values.free_text(cells[at_stop], 60) if at_stop >= 0 else "",
        )

    return read
