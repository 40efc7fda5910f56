"""What a place is like: who comes, when, for how long and how much. Plain figures without a database.

Hours are weights of the 24 local hours; a stay is how long a car stands there in hours, (usual, spread).
"""

from dataclasses import dataclass

Hours = tuple[int, ...]

# fmt: off
COMMUTERS = (0, 0, 0, 0, 0, 2, 8, 22, 24, 10, 4, 3, 4, 6, 4, 2, 2, 2, 1, 1, 0, 0, 0, 0)
SHOPPERS = (0, 0, 0, 0, 0, 0, 1, 3, 6, 9, 11, 11, 10, 9, 10, 11, 12, 12, 9, 6, 3, 1, 0, 0)
SUNDAY_WALKS = (0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 7, 9, 9, 9, 10, 9, 7, 5, 3, 2, 1, 0, 0, 0)
TRAVELERS = (2, 1, 1, 1, 2, 3, 6, 9, 9, 9, 10, 11, 11, 11, 12, 13, 14, 14, 12, 9, 7, 5, 4, 3)
HOLIDAY_TRAFFIC = (1, 1, 1, 1, 1, 2, 3, 5, 8, 11, 13, 14, 13, 13, 14, 15, 16, 16, 14, 11, 8, 5, 3, 2)
NEIGHBORS = (1, 0, 0, 0, 0, 1, 2, 3, 2, 2, 2, 2, 3, 3, 3, 5, 9, 15, 17, 14, 10, 7, 4, 2)
NEIGHBORS_WEEKEND = (1, 1, 0, 0, 0, 0, 1, 2, 4, 6, 8, 8, 7, 7, 7, 8, 9, 10, 10, 9, 7, 5, 3, 2)
GUESTS = (0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1, 1, 2, 3, 6, 10, 13, 15, 14, 11, 7, 4, 2, 1)
BATHERS = (0, 0, 0, 0, 0, 0, 1, 1, 2, 4, 6, 6, 5, 6, 9, 11, 12, 11, 8, 4, 1, 0, 0, 0)
# fmt: on
FLAT_YEAR = (100,) * 12
# January first. Cars use more in winter; holidays empty offices and fill roads.
AT_HOME = (118, 114, 106, 98, 92, 88, 86, 88, 94, 100, 110, 116)
AT_WORK = (112, 114, 110, 98, 100, 98, 78, 80, 104, 102, 114, 90)
ON_THE_ROAD = (84, 86, 92, 104, 102, 104, 124, 122, 102, 104, 88, 98)
OUTDOORS = (72, 76, 90, 104, 112, 118, 130, 128, 110, 100, 80, 80)


@dataclass(frozen=True, slots=True)
class Kind:
    """``ac`` and ``dc``: sessions a day at one connector. ``week``: Monday to Friday, Saturday, Sunday, in percent of that.

    ``kwh``: the middle of what is charged, by AC and DC. ``payers``: shares in percent of members, businesses, own
    vehicles and roaming; the rest pays with a card on the spot.
    """

    name: str
    workday: Hours
    saturday: Hours
    sunday: Hours
    week: tuple[int, int, int]
    year: tuple[int, ...]
    ac: float
    dc: float
    stay_h: tuple[float, float]
    kwh: tuple[float, float]
    payers: tuple[int, int, int, int]


STREET = Kind(
    "street", NEIGHBORS, NEIGHBORS_WEEKEND, NEIGHBORS_WEEKEND, (100, 105, 95), AT_HOME,
    0.75, 2.5, (8.5, 4.0), (17.0, 28.0), (64, 4, 2, 16),
)  # fmt: skip
TOWN = Kind(
    "town", SHOPPERS, SHOPPERS, SUNDAY_WALKS, (100, 125, 60), FLAT_YEAR,
    1.1, 3.5, (1.7, 0.9), (11.0, 26.0), (40, 6, 2, 26),
)  # fmt: skip
SHOPPING = Kind(
    "shopping", SHOPPERS, SHOPPERS, SUNDAY_WALKS, (95, 160, 25), (96, 94, 96, 98, 98, 96, 98, 98, 98, 102, 110, 122),
    1.1, 3.8, (1.3, 0.6), (10.0, 26.0), (34, 4, 0, 27),
)  # fmt: skip
FAST = Kind(
    "fast", TRAVELERS, TRAVELERS, HOLIDAY_TRAFFIC, (100, 105, 100), FLAT_YEAR,
    1.0, 5.6, (0.6, 0.2), (12.0, 33.0), (24, 8, 1, 32),
)  # fmt: skip
MOTORWAY = Kind(
    "motorway", TRAVELERS, HOLIDAY_TRAFFIC, HOLIDAY_TRAFFIC, (94, 108, 124), ON_THE_ROAD,
    1.0, 6.2, (0.5, 0.2), (12.0, 37.0), (14, 7, 0, 38),
)  # fmt: skip
WORK = Kind(
    "work", COMMUTERS, NEIGHBORS_WEEKEND, NEIGHBORS_WEEKEND, (132, 8, 5), AT_WORK,
    0.7, 2.0, (7.8, 1.6), (19.0, 24.0), (48, 34, 6, 6),
)  # fmt: skip
PARK_AND_RIDE = Kind(
    "park and ride", COMMUTERS, SHOPPERS, SUNDAY_WALKS, (125, 45, 25), AT_WORK,
    0.65, 2.0, (8.6, 1.8), (16.0, 24.0), (52, 6, 0, 22),
)  # fmt: skip
HOTEL = Kind(
    "hotel", GUESTS, GUESTS, GUESTS, (92, 130, 88), OUTDOORS,
    0.6, 2.0, (12.0, 2.2), (27.0, 30.0), (6, 8, 0, 48),
)  # fmt: skip
LEISURE = Kind(
    "leisure", BATHERS, SUNDAY_WALKS, SUNDAY_WALKS, (75, 150, 175), OUTDOORS,
    0.9, 2.6, (2.4, 0.8), (12.0, 24.0), (44, 2, 0, 20),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Car:
    """What a car takes: kW at AC and DC at most, and kWh its battery holds. ``weight``: how many there are."""

    weight: int
    ac_kw: float
    dc_kw: float
    battery_kwh: float


CARS = (
    Car(5, 3.6, 40, 13),
    Car(14, 7.2, 46, 38),
    Car(8, 7.2, 75, 52),
    Car(30, 11, 110, 58),
    Car(26, 11, 150, 75),
    Car(10, 22, 50, 52),
    Car(7, 11, 220, 82),
)
