"""What a new tariff can start from: the shapes operators know, with the prices left to fill in."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from billing.pricing import Dimension
from billing.tariff_cards import HOUR, Card, CardPrice
from chargebill.portal.tariff_rules import RuleForm

FLAT, ENERGY, TIME, IDLE = Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME
GRACE_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Start:
    """``rules`` makes the cards; ``asks`` are the prices it is about, of each card. ``page``: it has a page of its own."""

    slug: str
    title: str
    sentence: str
    icon: str
    rules: Callable[[], list[tuple[Card, tuple[Dimension, ...]]]] = list
    grace_minutes: int = 0
    is_free: bool = False
    page: str = ""


def _one(*asks: Dimension, card: Card | None = None) -> Callable[[], list[tuple[Card, tuple[Dimension, ...]]]]:
    return lambda: [(card or Card(), asks)]


STARTS = (
    Start("per_kwh", "Per kWh", "One price for energy, at any time.", "bolt", _one(ENERGY)),
    Start("per_minute", "Per minute", "For the time connected, charging or not.", "timer", _one(TIME, IDLE)),
    Start("per_session", "Per session", "One price each time, however long and however much.", "confirmation_number", _one(FLAT)),
    Start(
        "day_and_night",
        "Day and night",
        "Two prices for energy: one from 22:00 to 06:00, one for the rest of the day.",
        "dark_mode",
        lambda: [(Card(start_time="22:00", end_time="06:00"), (ENERGY,)), (Card(), (ENERGY,))],
    ),
    Start(
        "idle_fee",
        "Per kWh with an idle fee",
        f"Energy, and after charging ended {GRACE_MINUTES} free minutes, then a price per minute.",
        "hourglass_bottom",
        _one(ENERGY, IDLE),
        grace_minutes=GRACE_MINUTES,
    ),
    Start(
        "free_hours",
        "Free hours, then per hour",
        "The first hours are free, then each hour has a price, with a minimum.",
        "local_parking",
        page="tariff_free_hours",
    ),
    Start(
        "tiers",
        "Tiers by charging speed",
        "Slow, fast and ultra-fast connectors each with a price: a tariff per tier, assigned by rated power.",
        "speed",
        page="tariff_tiers",
    ),
    Start(
        "free",
        "Free of charge",
        "Sessions are counted and cost nothing.",
        "volunteer_activism",
        _one(card=Card(prices={FLAT: CardPrice(Decimal(0))})),
        is_free=True,
    ),
)
BY_SLUG = {start.slug: start for start in STARTS}


def rules_of_start(start: Start) -> list[RuleForm]:
    """The cards as forms; the fields it is about say so."""
    found = []
    for number, (card, asks) in enumerate(start.rules(), 1):
        rule = RuleForm(key=str(number), card=card)
        for kind in asks:
            rule.fields[f"price_{kind}"].widget.attrs["placeholder"] = "price"
        found.append(rule)
    return found


def free_hours_cards(*, hours: Decimal, per_hour: Decimal, minimum: Decimal) -> list[Card]:
    """Free for so long, then so much an hour, but at least the minimum: what a stay of t hours longer costs is
    max(minimum, t * per_hour).

    The minimum is a start fee from the end of the free hours on, and the hours cost from where they are worth more. (A
    minimum price would be owed by sessions that end within the free hours, too.)
    """
    free_s = int(hours * 3600)
    if not minimum:
        return [Card(prices=_by_hour(per_hour), min_s=free_s or None)]
    # Rounded up to a whole second: at most one second is free.
    worth_s = int((minimum / per_hour * 3600).to_integral_value(ROUND_CEILING))
    fee = Card(prices={FLAT: CardPrice(minimum)}, min_s=free_s or None)
    return [fee, Card(prices=_by_hour(per_hour), min_s=free_s + worth_s)]


def _by_hour(price: Decimal) -> dict[Dimension, CardPrice]:
    return {TIME: CardPrice(price, HOUR), IDLE: CardPrice(price, HOUR)}
