"""The week of a tariff as a picture: seven rows of 24 hours, a legend, and the table behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from billing.pricing import Dimension
from billing.pricing.text import money
from billing.tariff_week import HOURS, SHOWN, Stretch, Week

NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TITLES = {
    Dimension.ENERGY: ("Energy", "per kWh"),
    Dimension.TIME: ("Charging time", "per min"),
    Dimension.PARKING_TIME: ("Idle time", "per min"),
}
# Colors of static/css/portal.css, from the lowest price to the highest; 0 is free.
MOST_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour. ``text`` says all its prices."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """``rows`` are (weekday, 24 cells), ``legend`` (color, price), ``table`` (days, times, price), ``same`` the one price
    where there is only one."""

    title: str
    same: str
    rows: list[tuple[str, list[Cell]]]
    legend: list[tuple[int, str]]
    table: list[tuple[str, str, str]]

    @property
    def hours(self) -> list[str]:
        """Above the columns; every third is enough."""
        return [f"{hour:02}" if hour % 3 == 0 else "" for hour in range(HOURS)]


def grids_of(week: Week, currency: str) -> list[Grid]:
    """One for each thing that has a price at some hour of the week."""
    return [_grid(week, dimension, currency) for dimension in SHOWN if any(week.levels(dimension))]


def _grid(week: Week, dimension: Dimension, currency: str) -> Grid:
    title, unit = TITLES[dimension]
    at, levels = SHOWN.index(dimension), week.levels(dimension)

    def said(price: Decimal) -> str:
        return f"{_money(price, currency)} {unit}" if price else "free"

    colors = {price: _color(number, len(levels), price) for number, price in enumerate(levels)}
    if len(levels) == 1:
        return Grid(title, said(levels[0]), [], [], [])
    rows = []
    for day, name in enumerate(NAMES):
        cells = []
        for hour in range(HOURS):
            stretches = week.hour(day, hour)
            prices = list(dict.fromkeys(stretch.prices[at] for stretch in stretches))
            later = "".join(f", then {said(price)}" for price in prices[1:])
            cells.append(Cell(colors[prices[0]], f"{name} {hour:02}:00: {said(prices[0])}{later}"))
        rows.append((name, cells))
    legend = [(colors[price], said(price)) for price in levels]
    return Grid(title, "", rows, legend, _table(week, at, said))


def _color(number: int, count: int, price: Decimal) -> int:
    if not price:
        return 0
    return 1 + (number * (MOST_LEVELS - 1)) // max(count - 1, 1)


def _money(price: Decimal, currency: str) -> str:
    # A price per hour that no minute price equals has no end of digits.
    return money(price if price == round(price, 6) else round(price, 4), currency)


def _table(week: Week, at: int, said: Callable[[Decimal], str]) -> list[tuple[str, str, str]]:
    """Days that are the same stand together: (Mon-Fri, 22:00-06:00, price)."""
    days = [_merged(day, at) for day in week.days]
    found: list[tuple[str, str, str]] = []
    first = 0
    for number in range(1, len(days) + 1):
        if number < len(days) and days[number] == days[first]:
            continue
        name = NAMES[first] if number - first == 1 else f"{NAMES[first]}–{NAMES[number - 1]}"
        found += [(name, f"{_clock(start)}–{_clock(end)}", said(price)) for start, end, price in days[first]]
        first = number
    return found


def _merged(day: tuple[Stretch, ...], at: int) -> list[tuple[int, int, Decimal]]:
    found: list[tuple[int, int, Decimal]] = []
    for stretch in day:
        if found and found[-1][2] == stretch.prices[at]:
            found[-1] = (found[-1][0], stretch.end, found[-1][2])
        else:
            found.append((stretch.start, stretch.end, stretch.prices[at]))
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
