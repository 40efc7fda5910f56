"""The clocks of a case, from its log alone; compared with a walk through time on random calendars and logs."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from disputes.workflow.calendars import Calendar
from disputes.workflow.clocks import next_due, ran_out, running
from disputes.workflow.durations import DEFAULTS, Durations
from disputes.workflow.log import Entry, Kind
from disputes.workflow.states import Clock, State
from tests.disputes.moves import written
from tests.disputes.oracle import STATES, Walk

BERLIN = ZoneInfo("Europe/Berlin")
DESK = Calendar(zone=BERLIN)
# Monday, 2 March 2026, 10:00.
OPENED = datetime(2026, 3, 2, 10, tzinfo=BERLIN)


def moved(state: State, *, days: float = 0) -> Entry:
    return Entry(OPENED + timedelta(days=days), Kind.MOVED, state)


def due(*log: Entry, durations: Durations | None = None) -> dict[Clock, datetime | None]:
    return {run.clock: run.due_at for run in running(log, DESK, durations or Durations())}


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BERLIN)


def test_a_new_case_owes_a_word_a_reply_and_a_position() -> None:
    assert due(moved(State.NEW)) == {
        Clock.ACKNOWLEDGE: OPENED + timedelta(minutes=1),
        Clock.FIRST_REPLY: at(3, 4, 17),
        Clock.INADMISSIBLE: at(3, 24),
        Clock.FINAL_POSITION: at(4, 28),
    }


def test_a_reply_is_the_first_reply_and_the_acknowledgement() -> None:
    replied = Entry(OPENED + timedelta(hours=1), Kind.REPLIED)

    assert due(moved(State.NEW), replied).keys() == {Clock.INADMISSIBLE, Clock.FINAL_POSITION}
    acknowledged = Entry(OPENED, Kind.ACKNOWLEDGED)
    assert due(moved(State.NEW), acknowledged).keys() == {Clock.FIRST_REPLY, Clock.INADMISSIBLE, Clock.FINAL_POSITION}


def test_asking_the_driver_stops_business_days_and_no_calendar_days() -> None:
    replied = Entry(OPENED, Kind.REPLIED)
    asked = [moved(State.NEW), replied, moved(State.TRIAGE), moved(State.INVESTIGATING), moved(State.AWAITING_CUSTOMER, days=1)]

    # Tuesday 10:00: one of ten business days has run.
    assert due(*asked) == {
        Clock.INVESTIGATE: None,
        Clock.AWAITING_CUSTOMER: at(3, 18),
        Clock.FINAL_POSITION: at(4, 28),
    }
    # Back on Monday 9 March at 10:00: nine are left, and the day they end in is whole.
    assert due(*asked, moved(State.INVESTIGATING, days=7))[Clock.INVESTIGATE] == at(3, 20, 17)


def test_the_driver_is_reminded_half_way() -> None:
    log = [moved(State.NEW), moved(State.TRIAGE), moved(State.INVESTIGATING), moved(State.AWAITING_CUSTOMER)]
    waiting = next(run for run in running(log, DESK, Durations()) if run.clock is Clock.AWAITING_CUSTOMER)

    assert waiting.reminder_at == at(3, 10)


def test_an_offer_gives_fourteen_days_and_a_new_round_new_time() -> None:
    replied = Entry(OPENED, Kind.REPLIED)
    before = [moved(State.NEW), replied, moved(State.TRIAGE), moved(State.INVESTIGATING)]
    offered = [*before, moved(State.OFFERED, days=1)]

    assert due(*before)[Clock.INVESTIGATE] == at(3, 16, 17)
    assert due(*offered) == {Clock.OFFER: at(3, 18), Clock.FINAL_POSITION: at(4, 28)}
    assert due(*offered, moved(State.INVESTIGATING, days=2))[Clock.INVESTIGATE] == at(3, 18, 17)


def test_the_end_of_the_56_days_stays_where_it_was_after_a_deadlock() -> None:
    log = [moved(State.NEW), moved(State.DEADLOCK, days=57), moved(State.OFFERED, days=58), moved(State.INVESTIGATING, days=60)]
    clocks = running(log, DESK, Durations())

    assert Clock.FINAL_POSITION in ran_out(clocks, OPENED + timedelta(days=60))


def test_a_reopened_case_begins_its_clocks_anew() -> None:
    log = [
        moved(State.NEW),
        Entry(OPENED, Kind.REPLIED),
        moved(State.AGREED),
        moved(State.EXECUTING),
        moved(State.RESOLVED, days=1),
    ]

    assert due(*log) == {Clock.SILENCE: at(3, 18)}
    assert due(*log, moved(State.INVESTIGATING, days=7)) == {
        Clock.ACKNOWLEDGE: OPENED + timedelta(days=7, minutes=1),
        Clock.FIRST_REPLY: at(3, 11, 17),
        Clock.INVESTIGATE: at(3, 23, 17),
        Clock.FINAL_POSITION: at(5, 5),
    }


def test_a_word_after_the_resolution_is_no_silence() -> None:
    log = [moved(State.NEW), moved(State.AGREED), moved(State.RESOLVED, days=1), Entry(OPENED + timedelta(days=3), Kind.WROTE)]

    assert due(*log) == {Clock.SILENCE: at(3, 20)}


def test_a_merged_case_keeps_the_earliest_clock() -> None:
    earlier = Entry(OPENED, Kind.TOOK_OVER, since=OPENED - timedelta(days=7))

    assert due(moved(State.NEW), earlier)[Clock.FINAL_POSITION] == at(4, 21)
    assert due(moved(State.NEW), earlier)[Clock.FIRST_REPLY] == at(2, 25, 17)


@pytest.mark.parametrize(
    ("state", "clocks"),
    [
        (State.DEADLOCK, {Clock.DEADLOCK: at(3, 31)}),
        (State.MEDIATION, {Clock.MEDIATION: at(4, 2)}),
        (State.ARBITRATION, {Clock.EVIDENCE: at(3, 17), Clock.AWARD: at(6, 1)}),
        (State.AWARDED, {Clock.AWARD_ANSWER: at(3, 31)}),
        (State.AGREED, {Clock.EXECUTION: at(3, 31)}),
        (State.STUCK, {Clock.EXECUTION: at(3, 31), Clock.STUCK: at(3, 4, 17)}),
        (State.CLOSED, {}),
        (State.WITHDRAWN, {}),
        (State.INADMISSIBLE, {}),
        (State.MERGED, {}),
    ],
)
def test_each_state_has_its_clock(state: State, clocks: dict[Clock, datetime]) -> None:
    assert due(moved(State.NEW), moved(state)) == clocks


def test_levels_are_shares_of_the_time_that_runs() -> None:
    log = [moved(State.NEW), Entry(OPENED, Kind.REPLIED), moved(State.TRIAGE)]
    triage = next(run for run in running(log, DESK, Durations()) if run.clock is Clock.TRIAGE)

    assert triage.levels == {50: at(3, 9, 10), 75: at(3, 11, 14), 100: at(3, 16, 17)}


def test_what_is_due_first_is_next_and_a_paused_clock_never_is() -> None:
    clocks = running([moved(State.NEW), Entry(OPENED, Kind.ACKNOWLEDGED)], DESK, Durations())

    assert next_due(clocks).clock is Clock.FIRST_REPLY  # type: ignore[union-attr]
    assert ran_out(clocks, at(3, 4, 17)) == {Clock.FIRST_REPLY}
    assert ran_out(clocks, at(3, 4, 16)) == frozenset()
    assert next_due(()) is None


ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Auckland",
    "UTC",
)
ONWARD: dict[str, list[str]] = {}
for _row in written():
    ONWARD.setdefault(_row["from"], []).append(_row["to"])


def random_calendar(dice: random.Random, first: date) -> tuple[str, dict[int, tuple[int, int]], set[date]]:
    zone = dice.choice(ZONES)
    if dice.random() < 0.2:
        hours = dict.fromkeys(dice.sample(range(7), dice.randint(1, 7)), (0, 1440))
    else:
        days = dice.sample(range(7), dice.randint(1, 7))
        hours = {day: (dice.randint(20, 44) * 15, dice.choice([1440, dice.randint(48, 95) * 15])) for day in days}
    holidays = {first + timedelta(days=dice.randint(-3, 120)) for _ in range(dice.randint(0, 25))}
    return zone, hours, holidays


def random_log(dice: random.Random, start: datetime) -> list[tuple[datetime, str, str]]:
    """A case that wanders through the table, with messages between, on whole quarters of an hour."""
    log, now, state = [(start, "moved", "NEW")], start, "NEW"
    for _ in range(dice.randint(0, 9)):
        now += timedelta(minutes=15 * dice.choice([0, 1, dice.randint(1, 96), dice.randint(96, 1000)]))
        if dice.random() < 0.2:
            log.append((now, dice.choice(["replied", "wrote", "evidence_closed"]), ""))
        elif onward := ONWARD.get(state):
            onward = [s for s in onward if s not in ("WITHDRAWN", "MERGED", "INADMISSIBLE")] or onward
            state = "AWAITING_CUSTOMER" if state == "INVESTIGATING" and dice.random() < 0.4 else dice.choice(onward)
            log.append((now, "moved", state))
    return log


@pytest.mark.slow
def test_clocks_agree_with_a_walk_through_time(full_size: bool) -> None:
    dice = random.Random(6)
    compared = {"due": 0, "paused": 0, "levels": 0}
    for number in range(10_000 if full_size else 300):
        start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * dice.randint(0, 96 * 900))
        zone, hours, holidays = random_calendar(dice, start.date())
        days = {clock: dice.choice([1, 2, int(DEFAULTS[Clock(clock)]), dice.randint(1, 20)]) for clock in STATES}
        log = random_log(dice, start)
        walked = Walk(zone=zone, hours=hours, holidays=holidays, days=days).deadlines(log)

        entries = [Entry(moment, Kind(kind), State(state) if state else None) for moment, kind, state in log]
        calendar = Calendar(zone=ZoneInfo(zone), hours=hours, holidays=frozenset(holidays))
        clocks = running(entries, calendar, Durations(of={**DEFAULTS, **{Clock(c): n for c, n in days.items()}}))

        ours = {run.clock.value: run for run in clocks if run.clock is not Clock.ACKNOWLEDGE}
        assert ours.keys() == walked.keys(), (number, log)
        for clock, expected in walked.items():
            assert (ours[clock].started_at, ours[clock].due_at) == (expected["start"], expected["due"]), (number, clock)
            compared["paused" if expected["due"] is None else "due"] += 1
            for level in (50, 75):
                if level in expected:
                    assert ours[clock].levels[level] == expected[level], (number, clock, level)
                    compared["levels"] += 1
    assert min(compared.values()) > (500 if full_size else 15), compared
