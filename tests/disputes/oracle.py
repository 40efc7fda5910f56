"""Deadlines found by walking through time a quarter of an hour at a time. Slow on purpose; shares nothing with the product.

Calendars, events and hours lie on whole quarters, so the walk is exact: a day is open from the first quarter whose wall
clock shows its opening or more until the first that shows its closing; a calendar day has passed when the wall clock
shows another date.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)

# Where a clock in days runs, and in which kind of day; written down from the specification.
STATES = {
    "first_reply": ("B", "NEW TRIAGE INVESTIGATING AWAITING_CUSTOMER"),
    "triage": ("B", "TRIAGE"),
    "investigate": ("B", "INVESTIGATING AWAITING_CUSTOMER"),
    "stuck": ("B", "STUCK"),
    "inadmissible": ("K", "NEW TRIAGE"),
    "final_position": ("K", "NEW TRIAGE INVESTIGATING AWAITING_CUSTOMER OFFERED"),
    "awaiting_customer": ("K", "AWAITING_CUSTOMER"),
    "offer": ("K", "OFFERED"),
    "deadlock": ("K", "DEADLOCK"),
    "mediation": ("K", "MEDIATION"),
    "evidence": ("K", "ARBITRATION"),
    "award": ("K", "ARBITRATION"),
    "award_answer": ("K", "AWARDED"),
    "execution": ("K", "AGREED EXECUTING STUCK"),
    "silence": ("K", "RESOLVED"),
}
FROM_OPENING = ("first_reply", "inadmissible", "final_position")


class Walk:
    """Goes through a case's log and on until everything that can become due is."""

    def __init__(self, *, zone: str, hours: dict[int, tuple[int, int]], holidays: set[date], days: dict[str, int]) -> None:
        self.zone, self.hours, self.holidays, self.days = ZoneInfo(zone), hours, holidays, days

    def quarters(self, first: datetime, last: datetime) -> None:
        """Notes for each quarter its local date and, while open, which part of its business day it is."""
        self.dates: dict[datetime, date] = {}
        opened: dict[date, list[datetime]] = {}
        closed: set[date] = set()
        at = first
        while at <= last:
            wall = at.astimezone(self.zone)
            day, minute = wall.date(), wall.hour * 60 + wall.minute
            self.dates[at] = day
            if day.weekday() in self.hours and day not in self.holidays:
                opens, closes = self.hours[day.weekday()]
                if minute >= closes:
                    closed.add(day)
                if minute >= opens and day not in closed:
                    opened.setdefault(day, []).append(at)
            at += QUARTER
        self.part = {at: Fraction(1, len(quarters)) for quarters in opened.values() for at in quarters}
        self.closing = {quarters[-1] + QUARTER for quarters in opened.values()}

    def deadlines(self, log: list[tuple[datetime, str, str]]) -> dict[str, dict[str, Any]]:
        """Clock -> start, due (None: paused) and, in business days, the moments of 50 and 75 %.

        ``log``: (at, "moved" | "replied" | "wrote" | "evidence_closed", state or "").
        """
        starts = self.starts(log)
        # One day of the week may be all that is open, and twenty-five of them holidays.
        longest = max((self.days[clock] * (7 if STATES[clock][0] == "B" else 1) for clock in starts), default=0)
        self.quarters(log[0][0] - timedelta(days=3), log[-1][0] + timedelta(days=longest + 180))
        return {clock: self.follow(clock, start, log) for clock, start in starts.items()}

    def starts(self, log: list[tuple[datetime, str, str]]) -> dict[str, datetime]:
        """Follows the log once, starting and stopping clocks as they would have been."""
        going: dict[str, datetime] = {}
        opened, before = log[0][0], ""
        answered = False
        for at, kind, state in log:
            if kind == "replied":
                answered = True
                going.pop("first_reply", None)
            if kind in ("replied", "wrote") and "silence" in going:
                going["silence"] = at
            if kind == "evidence_closed":
                going.pop("evidence", None)
            if kind != "moved":
                continue
            if before in ("RESOLVED", "CLOSED"):
                opened, answered = (at, False) if state == "INVESTIGATING" else (opened, answered)
            for clock, (_, where) in STATES.items():
                if state not in where.split():
                    going.pop(clock, None)
                elif clock in FROM_OPENING:
                    if clock != "first_reply" or not answered:
                        going[clock] = opened
                elif clock not in going:
                    going[clock] = at
            before = state
        return going

    def follow(self, clock: str, start: datetime, log: list[tuple[datetime, str, str]]) -> dict[str, Any]:
        unit, count = STATES[clock][0], self.days[clock]
        if unit == "K":
            return {"start": start, "due": self.after_days(start, count)}
        moves = [(at, state) for at, kind, state in log if kind == "moved"]
        found: dict[str, Any] = {"start": start, "due": None, 50: None, 75: None}
        run, at = Fraction(0), start
        position = -1
        while at in self.dates:
            while position + 1 < len(moves) and moves[position + 1][0] <= at:
                position += 1
            if moves[position][1] != "AWAITING_CUSTOMER":
                part = self.part.get(at, Fraction(0))
                for level in (50, 75):
                    if found[level] is None and part and run + part >= Fraction(count * level, 100):
                        share = (Fraction(count * level, 100) - run) / part
                        found[level] = at + timedelta(microseconds=-int(-share * 900_000_000 // 1))
                run += part
                if part and run >= count and at + QUARTER in self.closing:
                    found["due"] = at + QUARTER
                    return found
            elif position == len(moves) - 1:
                return found
            at += QUARTER
        raise AssertionError("the walk was too short")

    def after_days(self, start: datetime, count: int) -> datetime:
        last, at = self.dates[start] + timedelta(days=count), start
        while self.dates[at] <= last:
            at += QUARTER
        return at.astimezone(UTC)
