"""What goes wrong at an operator's, put into ordinary sessions: each so that one check, and no graver one, names it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chargebill.portal.demo import kinds
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.sites import NORD, TWEED
from chargebill.portal.demo.story import Story
from chargebill.portal.demo.tariffs import Offer

HOUR = 3600
# Parts of the year: the last ten weeks, the last three and a half.
LATE, NEWEST = 0.8, 0.93
ERRORS = ("PowerLoss", "EmergencyStop", "GroundFault", "OverCurrentFault")

Suits = Callable[[Story, Drawn, Offer], bool]
# Changes the session; returns what else is told beside it.
Happens = Callable[[Story, Drawn], list[Drawn]]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """``share``: of 10,000 sessions. ``since``: the part of the year it may happen in begins there, as a share of it.

    ``companies``: the codes of those it happens at; none: both. ``reason``: the check that holds it, "" none.
    """

    name: str
    share: float
    reason: str
    suits: Suits
    happens: Happens
    since: float = 0.2
    companies: tuple[str, ...] = ()


def _time_lost(story: Story, session: Drawn) -> list[Drawn]:
    session.end = session.start + story.rng.randrange(120, 270)
    session.charging_s = session.seconds
    return []


def _register(story: Story, session: Drawn) -> list[Drawn]:
    assert session.meter_stop is not None
    session.meter_start, session.wh = None, session.meter_stop
    return []


def _backwards(story: Story, session: Drawn) -> list[Drawn]:
    assert session.meter_start is not None
    session.meter_stop = session.meter_start - story.rng.randrange(200, 4000)
    return []


def _twice(story: Story, session: Drawn) -> list[Drawn]:
    session.wh *= 2
    return []


def _no_stop(story: Story, session: Drawn) -> list[Drawn]:
    session.meter_stop = None
    return []


def _days(story: Story, session: Drawn) -> list[Drawn]:
    session.end = session.start + story.rng.randrange(26 * HOUR, 100 * HOUR)
    return []


def _ghost(story: Story, session: Drawn) -> list[Drawn]:
    """The next one was written down as begun before this one ended."""
    rng, pole = story.rng, session.pole
    seconds = rng.randrange(1800, 5400)
    wh = int(pole.kw * 1000 * seconds / HOUR * rng.uniform(0.3, 0.45))
    start = session.end - rng.randrange(240, 1200)
    meter = story.street.meter(pole)
    story.street.meters[pole.uid] = meter + wh
    number = story.street.next_id()
    reference = f"{story.street.company.code}-{number}-{rng.randrange(16**5):05X}"
    return [
        Drawn(number, session.site, pole, start, start + seconds, seconds, wh, meter, meter + wh, None,
              f"{rng.randrange(10_000):04d}", reference, reason="D3")
    ]  # fmt: skip


def _cloned(story: Story, session: Drawn) -> list[Drawn]:
    """The same card, minutes later, at another place."""
    rng, street = story.rng, story.street
    start = session.start + rng.randrange(60, 240)
    where = story.free_elsewhere(session.site, start)
    if where is None:
        return []
    site, pole = where
    seconds = rng.randrange(1500, 3600)
    wh = int(min(pole.kw, 11) * 1000 * seconds / HOUR * rng.uniform(0.7, 0.9))
    meter = street.meter(pole)
    street.meters[pole.uid] = meter + wh
    return [
        Drawn(street.next_id(), site, pole, start, start + seconds, seconds, wh, meter, meter + wh, session.payer, reason="D4")
    ]


def _paid_twice(story: Story, session: Drawn) -> list[Drawn]:
    return [replace(session, id=story.street.next_id())]


def _two_systems(story: Story, session: Drawn) -> list[Drawn]:
    """The other back office has it, too: the same number and start, in whole minutes."""
    story.in_minutes(session)
    return [replace(session, elsewhere=True)]


def _nothing(story: Story, session: Drawn) -> list[Drawn]:
    session.wh, session.charging_s, session.meter_stop = 0, 0, session.meter_start
    session.end = session.start + story.rng.randrange(9000, 5 * HOUR)
    return []


def _hardly(story: Story, session: Drawn) -> list[Drawn]:
    assert session.meter_start is not None
    session.wh = story.rng.randrange(30, 95)
    session.meter_stop = session.meter_start + session.wh
    session.charging_s = story.rng.randrange(40, 110)
    session.end = session.start + story.rng.randrange(180, 1500)
    return []


def _short(story: Story, session: Drawn) -> list[Drawn]:
    assert session.meter_start is not None
    seconds = story.rng.randrange(82, 115)
    session.wh = max(125, int(session.pole.kw * 1000 * seconds / HOUR * 0.4))
    session.meter_stop = session.meter_start + session.wh
    session.end, session.charging_s = session.start + seconds, seconds
    return []


def _failed(story: Story, session: Drawn) -> list[Drawn]:
    session.stop_reason = story.rng.choice(ERRORS)
    return []


def _readings_that(trick: str) -> Happens:
    def happens(story: Story, session: Drawn) -> list[Drawn]:
        session.trick = trick
        if trick == "idle":
            # The back office thinks that it was full long before it was.
            session.charging_s = session.charging_s * 6 // 10
        return []

    return happens


def _refused(code: str) -> Happens:
    def happens(story: Story, session: Drawn) -> list[Drawn]:
        session.refused = code
        return []

    return happens


def _any(story: Story, session: Drawn, offer: Offer) -> bool:
    return True


def _slow_and_much(story: Story, session: Drawn, offer: Offer) -> bool:
    return not session.pole.is_dc and session.wh > 8000


def _half_full(story: Story, session: Drawn, offer: Offer) -> bool:
    """Twice its energy is still what the connector can give in that time."""
    return session.wh * 7.4 < session.pole.kw * session.seconds


def _can_be_left(story: Story, session: Drawn, offer: Offer) -> bool:
    long = session.site.kind in (kinds.STREET, kinds.PARK_AND_RIDE, kinds.HOTEL, kinds.WORK)
    return long and story.is_over_in(session, 104 * HOUR)


def _not_the_last(story: Story, session: Drawn, offer: Offer) -> bool:
    return session.seconds > 1800 and story.is_over_in(session, session.seconds + 26 * HOUR)


def _on_a_card(story: Story, session: Drawn, offer: Offer) -> bool:
    return session.payer is None and _not_the_last(story, session, offer)


def _by_token(story: Story, session: Drawn, offer: Offer) -> bool:
    if session.payer is None or not story.is_over_in(session, 26 * HOUR):
        return False
    return story.free_elsewhere(session.site, session.start) is not None


def _slow_and_sure(story: Story, session: Drawn, offer: Offer) -> bool:
    return not session.pole.is_dc and session.seconds > HOUR and story.is_sure(session) and _not_the_last(story, session, offer)


def _idle_costs(story: Story, session: Drawn, offer: Offer) -> bool:
    return offer.name == "Standard" and 8 <= story.hour(session) <= 13 and story.is_over_in(session, 6 * HOUR)


def _an_hour_left(story: Story, session: Drawn, offer: Offer) -> bool:
    return story.is_over_in(session, HOUR)


def _has_fee(story: Story, session: Drawn, offer: Offer) -> bool:
    return offer.has_fee


def _metered(story: Story, session: Drawn, offer: Offer) -> bool:
    return not session.pole.is_dc and session.charging_s > HOUR and session.seconds > 2 * HOUR


NORD_ONLY, TWEED_ONLY = (NORD.code,), (TWEED.code,)
ANOMALIES = (
    Anomaly("energy in no time", 2.5, "D7", _slow_and_much, _time_lost),
    Anomaly("the whole register", 0.4, "D7", _any, _register, companies=NORD_ONLY),
    Anomaly("the meter read back", 1.5, "D5", _any, _backwards),
    Anomaly("energy recorded twice", 2, "D6", _half_full, _twice),
    Anomaly("no reading at the end", 1.5, "D9", _any, _no_stop),
    Anomaly("left for days", 7, "D31", _can_be_left, _days),
    Anomaly("two at once", 2, "D3", _not_the_last, _ghost),
    Anomaly("one card at two places", 1.2, "D4", _by_token, _cloned),
    Anomaly("paid once, told twice", 1.2, "D1a", _on_a_card, _paid_twice),
    Anomaly("told by two systems", 3, "D1a", _slow_and_sure, _two_systems, companies=TWEED_ONLY),
    Anomaly("nothing but idle time", 4, "ZERO", _idle_costs, _nothing, companies=NORD_ONLY),
    Anomaly("hardly any energy", 3, "D21", _an_hour_left, _hardly),
    Anomaly("broken off", 6, "D22", _has_fee, _short, companies=TWEED_ONLY),
    Anomaly("stopped by an error", 4, "D22", _has_fee, _failed, companies=TWEED_ONLY),
    Anomaly("the meter jumps", 0.6, "D8", _metered, _readings_that("jump"), LATE),
    Anomaly("a hole in the readings", 0.6, "D9", _metered, _readings_that("hole"), LATE),
    Anomaly("a clock that is fast", 0.6, "D11", _metered, _readings_that("drift"), LATE),
    Anomaly("energy in idle minutes", 0.6, "D20", _metered, _readings_that("idle"), LATE),
    Anomaly("no end", 3, "", _any, _refused("end_missing"), NEWEST, NORD_ONLY),
    Anomaly("ends before it starts", 2, "", _any, _refused("end_before_start"), NEWEST, NORD_ONLY),
    Anomaly("negative energy", 1.5, "", _any, _refused("energy_negative"), NEWEST, NORD_ONLY),
    Anomaly("no place", 1.5, "", _any, _refused("place_missing"), NEWEST, NORD_ONLY),
    Anomaly("no day of any calendar", 0.8, "", _any, _refused("start_unreadable"), NEWEST, NORD_ONLY),
)
