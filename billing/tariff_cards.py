"""A tariff element as a pricing manager writes it: a card with prices, when they apply and up to which limits. Pure.

Every element that a card can show becomes one and the same element again, exactly; the rest is no card.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.pricing import Dimension
from billing.tariff_elements import plain

# In the order a card shows them.
KINDS = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
BY_TIME = (Dimension.TIME, Dimension.PARKING_TIME)
MINUTE, HOUR = "minute", "hour"
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
# Digits of what a form takes; an element with more is kept as it is.
MOST_DECIMALS, MOST_PRICE, MOST_QUANTITY, MOST_SECONDS = 4, Decimal(10) ** 6, Decimal(10) ** 8, 10**9
ONE_DAY = timedelta(days=1)
_SHOWN = {
    *("start_time", "end_time", "start_date", "end_date", "day_of_week", "min_duration", "max_duration"),
    *("min_kwh", "max_kwh", "min_power", "max_power"),
}
_QUANTITIES = {"min_kwh": "min_kwh", "max_kwh": "max_kwh", "min_power": "min_kw", "max_power": "max_kw"}
_SECONDS = {"min_duration": "min_s", "max_duration": "max_s"}


@dataclass(frozen=True, slots=True)
class CardPrice:
    """``price`` per kWh, per session, or for time ``per`` minute or hour; ``step_size`` in Wh or s, 0: as measured.

    ``vat`` is what an imported document named; it prices nothing here.
    """

    price: Decimal
    per: str = ""
    step_size: int = 0
    vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """``prices`` in the element's own order. Times "HH:MM" or "", days Monday 0, ``end_date`` the first day after.

    Lower bounds belong to it, upper ones do not; None: no bound. Durations count from the session's start.
    """

    prices: dict[Dimension, CardPrice] = field(default_factory=dict)
    start_time: str = ""
    end_time: str = ""
    days: tuple[int, ...] = ()
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_kw: Decimal | None = None
    max_kw: Decimal | None = None
    min_s: int | None = None
    max_s: int | None = None

    @property
    def last_date(self) -> date | None:
        """The last day on which it applies."""
        return self.end_date - ONE_DAY if self.end_date else None


def element_of(card: Card) -> dict[str, Any]:
    """The card as a stored OCPI element."""
    components = []
    for kind, of in card.prices.items():
        price = of.price * 60 if of.per == MINUTE else of.price
        component = {"type": str(kind), "price": plain(price), "step_size": of.step_size}
        components.append(component if of.vat is None else {**component, "vat": plain(of.vat)})
    restrictions: dict[str, Any] = {
        "start_time": card.start_time,
        "end_time": card.end_time,
        "start_date": card.start_date.isoformat() if card.start_date else "",
        "end_date": card.end_date.isoformat() if card.end_date else "",
        "day_of_week": [DAYS[day] for day in card.days],
    }
    for theirs, ours in _QUANTITIES.items():
        value = getattr(card, ours)
        restrictions[theirs] = None if value is None else plain(value)
    restrictions |= {theirs: getattr(card, ours) for theirs, ours in _SECONDS.items()}
    said = {key: value for key, value in restrictions.items() if value not in (None, "", [])}
    return {"price_components": components, "restrictions": said} if said else {"price_components": components}


def card_of(element: dict[str, Any]) -> Card | None:
    """The card of a stored element; None where a card can't show it exactly."""
    restrictions = element.get("restrictions", {})
    components = element["price_components"]
    if not set(restrictions) <= _SHOWN or len({c["type"] for c in components}) != len(components):
        return None
    start, end = (date.fromisoformat(day) if (day := restrictions.get(key)) else None for key in ("start_date", "end_date"))
    if end == date.min:
        return None
    card = Card(
        prices={Dimension(c["type"]): _price(c) for c in components},
        start_time=restrictions.get("start_time", ""),
        end_time=restrictions.get("end_time", ""),
        days=tuple(sorted(DAYS.index(day) for day in restrictions.get("day_of_week", ()))),
        start_date=start,
        end_date=end,
        **{ours: _decimal(restrictions.get(theirs)) for theirs, ours in _QUANTITIES.items()},
        **{ours: restrictions.get(theirs) for theirs, ours in _SECONDS.items()},
    )
    return card if _fits(card) and element_of(card) == element else None


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _price(component: dict[str, Any]) -> CardPrice:
    price, kind = Decimal(component["price"]), component["type"]
    per = ""
    if kind in BY_TIME:
        minute = price / 60
        per = MINUTE if minute == round(minute, MOST_DECIMALS) and minute * 60 == price else HOUR
        price = minute if per == MINUTE else price
    return CardPrice(price, per, component["step_size"], _decimal(component.get("vat")))


def _fits(card: Card) -> bool:
    """Whether a form takes all of it."""
    amounts = [(of.price, MOST_PRICE) for of in card.prices.values()]
    amounts += [(value, MOST_QUANTITY) for ours in _QUANTITIES.values() if (value := getattr(card, ours)) is not None]
    return all(0 <= value < most and value == round(value, MOST_DECIMALS) for value, most in amounts)
