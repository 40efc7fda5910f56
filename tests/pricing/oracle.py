"""A second pricer, as plain as can be: fractions over raw OCPI documents, written from docs/pricing.md alone.

Slow, without lines or explanations; it only knows the total. Shares no code with the one it checks.
"""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
TIMES = ("TIME", "PARKING_TIME", "RESERVATION_TIME")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def half_up(value: Fraction, digits: int) -> Fraction:
    return Fraction(floor(value * 10**digits + Fraction(1, 2)), 10**digits)


def volumes(period: Document) -> dict[str, Fraction]:
    return {d["type"]: Fraction(str(d["volume"])) for d in period["dimensions"]}


def periods(cdr: Document) -> Iterator[tuple[datetime, datetime, dict[str, Fraction]]]:
    """(start, end, volumes), times in seconds: wall time where a period's only time is as long as the period."""
    starts = [moment(period["start_date_time"]) for period in cdr["charging_periods"]]
    for start, end, period in zip(starts, [*starts[1:], moment(cdr["end_date_time"])], cdr["charging_periods"], strict=True):
        found = volumes(period)
        times = [kind for kind in TIMES if found.get(kind)]
        for kind in times:
            found[kind] *= 3600
            wall = Fraction((end - start).total_seconds())
            if len(times) == 1 and abs(found[kind] - wall) < 1:
                found[kind] = wall
        yield start, end, found


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def matches(rules: Document, local: datetime, kwh: Fraction, seconds: Fraction, measured: dict[str, Fraction]) -> bool:
    clock = local.hour * 60 + local.minute
    if "start_time" in rules or "end_time" in rules:
        begin, end = minutes(rules.get("start_time", "00:00")), minutes(rules.get("end_time", "00:00"))
        shifted, length = (clock - begin) % 1440, (end - begin) % 1440
        if length and shifted >= length:
            return False
    day = local.date().isoformat()
    if day < rules.get("start_date", "0000") or day >= rules.get("end_date", "9999"):
        return False
    if rules.get("day_of_week") and DAYS[local.weekday()] not in rules["day_of_week"]:
        return False
    for name, value in (("kwh", kwh), ("duration", seconds)):
        if f"min_{name}" in rules and value < Fraction(str(rules[f"min_{name}"])):
            return False
        if f"max_{name}" in rules and value >= Fraction(str(rules[f"max_{name}"])):
            return False
    for name in ("power", "current"):
        low, high = measured.get(f"MIN_{name.upper()}"), measured.get(f"MAX_{name.upper()}")
        lowest, highest = low if low is not None else high, high if high is not None else low
        if f"min_{name}" in rules and (lowest is None or lowest < Fraction(str(rules[f"min_{name}"]))):
            return False
        if f"max_{name}" in rules and (highest is None or highest >= Fraction(str(rules[f"max_{name}"]))):
            return False
    return True


def exact_total(tariff: Document, cdr: Document, zone: str, *, expired: bool = False) -> tuple[Fraction, Fraction]:
    """(before tax, after tax) of a 2.2.1 tariff, unrounded and within its limits. The session starts with its CDR's first
    period that is more than reserved."""
    used: dict[str, list[list[Any]]] = {}
    flats: set[str] = set()
    kwh, began, session_began = Fraction(0), None, False
    charges: list[tuple[Fraction, Document]] = []
    for start, _, found in periods(cdr):
        reserved_only = bool(found.get("RESERVATION_TIME")) and not any(found.get(k) for k in ("ENERGY", "TIME", "PARKING_TIME"))
        if began is None or (not session_began and not reserved_only):
            began = start
        session_began = session_began or not reserved_only
        local = start.astimezone(ZoneInfo(zone))
        seconds = Fraction((start - began).total_seconds())

        def pick(kind: str, reservation: tuple[str, ...]) -> Document | None:
            for word in reservation:
                for element in tariff["elements"]:
                    rules = element.get("restrictions", {})
                    if rules.get("reservation", "") == word and matches(rules, local, kwh, seconds, found):  # noqa: B023
                        for component in element["price_components"]:
                            if component["type"] == kind:
                                return component
            return None

        words = ("RESERVATION_EXPIRES", "RESERVATION") if expired else ("RESERVATION",)
        wanted = [("RESERVATION_TIME", "TIME", words)] if found.get("RESERVATION_TIME") else []
        if not reserved_only:
            wanted += [(kind, kind, ("",)) for kind in ("ENERGY", "TIME", "PARKING_TIME")]
        for phase, applies, reservation in (
            ("reserved", bool(wanted) and wanted[0][0] == "RESERVATION_TIME", words),
            ("session", not reserved_only, ("",)),
        ):
            if applies and phase not in flats and (component := pick("FLAT", reservation)):
                flats.add(phase)
                charges.append((Fraction(str(component["price"])), component))
        for kind, as_type, reservation in wanted:
            if found.get(kind) and (component := pick(as_type, reservation)):
                used.setdefault(kind, []).append([found[kind], component])
        kwh += found.get("ENERGY", Fraction(0))
    parked = bool(used.get("PARKING_TIME"))
    for kind, entries in used.items():
        step = entries[-1][1].get("step_size", 0)
        if step and not (kind == "TIME" and parked):
            if kind != "ENERGY":
                for entry in entries:
                    entry[0] = half_up(entry[0], 0)
            unit = 1 if kind != "ENERGY" else 1000
            total = sum(entry[0] for entry in entries) * unit
            entries[-1][0] += (ceil(total / step) * step - total) / unit
        for quantity, component in entries:
            price = Fraction(str(component["price"])) / (1 if kind == "ENERGY" else 3600)
            charges.append((quantity * price, component))
    net = sum((amount for amount, _ in charges), Fraction(0))
    gross = sum((amount * (1 + Fraction(str(c.get("vat", 0))) / 100) for amount, c in charges), Fraction(0))
    for name, pick_of in (("min_price", max), ("max_price", min)):
        if name in tariff:
            limit = tariff[name]
            new_net = pick_of(net, Fraction(str(limit["excl_vat"])))
            if "incl_vat" in limit:
                gross = pick_of(gross, Fraction(str(limit["incl_vat"])))
            elif new_net != net:
                gross = gross * new_net / net if net else new_net * (1 + first_vat(tariff))
            net, gross = new_net, max(gross, new_net)
    return net, gross


def first_vat(tariff: Document) -> Fraction:
    """The tax of what the tariff prices first: energy before the rest."""
    for kind in ("ENERGY", "FLAT", "TIME", "PARKING_TIME"):
        for element in tariff["elements"]:
            for component in element["price_components"]:
                if component["type"] == kind:
                    return Fraction(str(component.get("vat", 0))) / 100
    return Fraction(0)
