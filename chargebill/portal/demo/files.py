"""The demo's files, row by row: our own session CSV, another back office's export, readings, status, authorizations."""

import csv
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.sites import Company

SESSION_COLUMNS = (
    "session_id", "location", "address", "postal_code", "city", "country", "evse", "evse_id", "connector", "connector_standard",
    "power_type", "rated_kw", "start", "end", "time_zone", "energy_kwh", "charging_time", "meter_start_kwh", "meter_stop_kwh",
    "token", "token_type", "token_issuer", "payment_method", "card_last4", "payment_reference", "stop_reason",
)  # fmt: skip
OTHER_COLUMNS = (
    "Charging event", "User ID", "CP ID", "Connector", "Start Date", "Start Time", "End Date", "End Time", "Total kWh", "Cost",
    "Site", "Group", "Model",
)  # fmt: skip
STATUS_COLUMNS = ("evse", "connector", "at", "status", "error", "firmware")
READING_COLUMNS = ("session_id", "timestamp", "register", "value", "unit")
AUTHORIZATION_COLUMNS = ("token", "at", "method", "result", "price_shown")
REGISTER = "Energy.Active.Import.Register"
STEP_S = 300
# What makes readings doubtful: the meter jumps so far, says nothing for so long, or its clock is ahead by so much.
JUMP_WH, HOLE_S, DRIFT_S = 8000, 2400, 420

Row = tuple[str, ...]


class Sheet:
    """A CSV file that grows row by row."""

    def __init__(self, path: Path, columns: Iterable[str]) -> None:
        self.path, self.rows = path, 0
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._writer.writerow(row)
            self.rows += 1

    def close(self) -> Path:
        self._file.close()
        return self.path


def moment(at: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at, zone).isoformat()


def kwh(wh: int | None) -> str:
    """Three digits, as meters give them."""
    if wh is None:
        return ""
    sign, wh = ("-", -wh) if wh < 0 else ("", wh)
    return f"{sign}{wh // 1000}.{wh % 1000:03d}"


def session_row(session: Drawn, company: Company, zone: ZoneInfo) -> Row:
    """A row of our own layout; broken where the session's row is one that can't be taken."""
    site, pole, payer = session.site, session.pole, session.payer
    start, end = moment(session.start, zone), moment(session.end, zone)
    energy, place, evse = kwh(session.wh), site.name, pole.uid
    if session.refused == "end_missing":
        end = ""
    elif session.refused == "end_before_start":
        start, end = end, start
    elif session.refused == "energy_negative":
        energy = f"-{energy}"
    elif session.refused == "place_missing":
        place = evse = ""
    elif session.refused == "start_unreadable":
        start = f"{start[:5]}13-45{start[10:]}"
    minutes, seconds = divmod(session.charging_s, 60)
    return (
        session.id, place, site.street, site.postal_code, site.city, company.country, evse, pole.evse_id, "1",
        "IEC_62196_T2_COMBO" if pole.is_dc else "IEC_62196_T2", "DC" if pole.is_dc else "AC",
        f"{pole.kw:g}" if pole.stated else "", start, end, company.zone, energy,
        f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}", kwh(session.meter_start), kwh(session.meter_stop),
        *((payer.uid, payer.token_type, payer.contract_id, payer.payment_method, "", "") if payer
          else ("", "", "", "CARD", session.card, session.reference)),
        session.stop_reason,
    )  # fmt: skip


def other_row(session: Drawn, zone: ZoneInfo) -> Row:
    """A row of the other back office: local time in whole minutes, no zone, no meter."""
    start, end = (datetime.fromtimestamp(at, zone) for at in (session.start, session.end))
    return (
        session.id, session.payer.uid if session.payer else "", session.pole.uid, "1", f"{start:%d/%m/%Y}", f"{start:%H:%M}",
        f"{end:%d/%m/%Y}", f"{end:%H:%M}", kwh(session.wh),
        "" if session.charged is None else f"{session.charged:.2f}", session.site.name, "", f"{session.pole.kw:g} kW",
    )  # fmt: skip


def readings(rng: random.Random, session: Drawn) -> Iterator[Row]:
    """The energy register every five minutes and at the end."""
    assert session.meter_start is not None
    charging_s = session.charging_s * 10 // 6 if session.trick == "idle" else session.charging_s
    moments = [*range(0, session.seconds, STEP_S), session.seconds]
    if len(moments) > 2 and moments[-1] - moments[-2] < 30:
        del moments[-2]
    # Even power for most of it, then falling to half; a little noise from one reading to the next.
    shares = [_share(min(1.0, at / charging_s) if charging_s else 1.0) for at in moments]
    steps = [0.0, *((after - before) * rng.uniform(0.985, 1.015) for before, after in pairwise(shares))]
    whole, flowed, middle = sum(steps), 0.0, session.seconds // 2
    for at, step in zip(moments, steps, strict=True):
        flowed += step
        wh = round(session.wh * flowed / whole)
        if session.trick == "hole" and abs(at - min(middle, charging_s // 2)) < HOLE_S // 2:
            continue
        shown = wh + (JUMP_WH if session.trick == "jump" and at > charging_s // 2 else 0)
        yield (
            session.id,
            moment(session.start + at + (DRIFT_S if session.trick == "drift" else 0), UTC),
            REGISTER,
            kwh(session.meter_start + shown),
            "kWh",
        )


def _share(part: float) -> float:
    """How much of the energy has flowed after a part of the charging time, times a constant: even, then falling to half."""
    return part if part <= 0.7 else 0.7 + (part - 0.7) * (1 - (part - 0.7) * 0.8)


def statuses(session: Drawn, zone: ZoneInfo) -> Iterator[Row]:
    """What the connector said around a session; one that was left for days says that it is out of order."""
    said = [(session.start - 60, "Preparing", ""), (session.start, "Charging", "")]
    if session.reason == "D31":
        said.append((session.start + session.charging_s, "Faulted", "ConnectorLockFailure"))
    elif session.seconds - session.charging_s > 120:
        said.append((session.start + session.charging_s, "SuspendedEV", ""))
    said += [(session.end, "Finishing", ""), (session.end + 60, "Available", "")]
    for at, status, error in said:
        yield (session.pole.uid, "1", moment(at, zone), status, error, "2.4.1")


def authorization(session: Drawn, zone: ZoneInfo, price_shown: str) -> Row:
    assert session.payer is not None
    return (session.payer.uid, moment(session.start - 20, zone), session.payer.token_type, "Accepted", price_shown)
