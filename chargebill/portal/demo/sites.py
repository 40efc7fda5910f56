"""The places of the demo's two companies, written by hand, and as many more as the large demo asks for."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from chargebill.portal.demo import kinds, towns
from chargebill.portal.demo.kinds import Kind
from chargebill.portal.demo.towns import Pattern, Town

FAST_KW = 50
# Letters a British postal code may end with.
INWARD = "ABDEFGHJLNPQRSTUWXYZ"


@dataclass(frozen=True, slots=True)
class Pole:
    """One EVSE with one connector. ``kw`` is what it gives; ``stated`` False: nobody has entered that."""

    uid: str
    evse_id: str
    kw: float
    stated: bool = True

    @property
    def is_dc(self) -> bool:
        return self.kw >= FAST_KW


@dataclass(frozen=True, slots=True)
class Site:
    """A place. ``opened``: days before the demo's last day, None: before its year. ``known`` False: an import makes it."""

    number: int
    kind: Kind
    name: str
    street: str
    postal_code: str
    city: str
    latitude: float
    longitude: float
    poles: tuple[Pole, ...]
    opened: int | None = None
    known: bool = True
    # Its sessions come from the other back office, whose file says local time in whole minutes.
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Company:
    """A company of the demo. ``share`` is its part of all sessions in percent.

    ``code`` stands in its EVSE ids, ``prefix`` begins their UIDs, ``short`` the names of its files.
    """

    code: str
    prefix: str
    short: str
    name: str
    street: str
    postal_code: str
    city: str
    country: str
    vat_id: str
    currency: str
    zone: str
    language: str
    share: int
    first_id: int
    domain: str
    towns: tuple[Town, ...]
    patterns: tuple[Pattern, ...]
    by_hand: tuple["ByHand", ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class ByHand:
    """A place as it is written down here; ``kw`` None is a connector whose power nobody has entered."""

    kind: Kind
    name: str
    street: str
    postal_code: str
    city: str
    at: tuple[float, float]
    kw: tuple[float | None, ...]
    opened: int | None = None
    known: bool = True
    elsewhere: bool = False


# fmt: off
NORD = Company(
    code="NRD",
    prefix="NORD",
    short="nord",
    name="Stadtwerke Nord GmbH",
    street="Am Kai 1",
    postal_code="26001",
    city="Nordhafen",
    country="DE",
    vat_id="DE999999999",
    currency="EUR",
    zone="Europe/Berlin",
    language="de",
    share=63,
    first_id=7_100_001,
    domain="nord.example",
    towns=towns.GERMANY,
    patterns=towns.GERMAN_PATTERNS,
    # Nordhafen is made up; it lies where the Jade meets the sea.
    by_hand=(
        ByHand(kinds.TOWN, "Rathausplatz", "Rathausplatz 1", "26001", "Nordhafen", (53.5842, 8.0721), (22, 22, 22, 22)),
        ByHand(kinds.FAST, "Hafen Schnellladepark", "Am Kai 14", "26003", "Nordhafen", (53.5796, 8.0894), (150, 150, 300, 300)),
        ByHand(
            kinds.WORK, "Technologiepark", "Forscherring 7", "26007", "Nordhafen", (53.5931, 8.0512), (11, 11, 22, 22, 22, 22)
        ),
        ByHand(kinds.SHOPPING, "Einkaufszentrum Süd", "Südring 200", "26009", "Nordhafen", (53.5688, 8.0667), (22, 22, 100, 100)),
        ByHand(kinds.PARK_AND_RIDE, "Bahnhof P+R", "Bahnhofstraße 30", "26002", "Nordhafen", (53.5817, 8.0619), (11, 11, 11, 11)),
        ByHand(kinds.STREET, "Lindenviertel", "Lindenallee 55", "26005", "Nordhafen", (53.5874, 8.0588), (11, 11, 22)),
        ByHand(kinds.MOTORWAY, "Autohof A29", "Zur Autobahn 2", "26316", "Varel", (53.3902, 8.1204), (150, 300, 300)),
        ByHand(kinds.LEISURE, "Schwimmbad", "Badweg 3", "26639", "Wiesmoor", (53.4098, 7.7412), (22, 22)),
        ByHand(
            kinds.HOTEL, "Hotel am Deich", "Deichstraße 12", "26003", "Nordhafen", (53.5901, 8.0935), (11, 11, 22), opened=230
        ),
        ByHand(kinds.STREET, "Hafenquartier", "Speicherstraße 8", "26003", "Nordhafen", (53.5809, 8.0842), (None,), opened=30),
    ),
)
BERWICK = "Berwick-upon-Tweed"
TWEED = Company(
    code="TVC",
    prefix="TWD",
    short="tweed",
    name="Tweed Valley Charging Ltd",
    street="4 Bridge Wynd",
    postal_code="TD5 7AA",
    city="Kelso",
    country="GB",
    vat_id="GB999999999",
    currency="GBP",
    zone="Europe/London",
    language="en",
    share=37,
    first_id=4_200_001,
    domain="tweed.example",
    towns=towns.BORDERS,
    patterns=towns.BORDERS_PATTERNS,
    by_hand=(
        ByHand(kinds.TOWN, "High Street Car Park", "27 High Street", "TD5 7AB", "Kelso", (55.5989, -2.4336), (22, 22, 22)),
        ByHand(kinds.MOTORWAY, "A1 Services", "Great North Road", "TD15 2AA", BERWICK, (55.7731, -2.0367), (150, 150, 350)),
        ByHand(
            kinds.PARK_AND_RIDE, "Interchange Park and Ride", "Station Approach", "TD1 1AA", "Galashiels", (55.6172, -2.8051),
            (7.4, 7.4, 7.4, 7.4),
        ),
        ByHand(
            kinds.WORK, "Borders Business Park", "3 Innovation Drive", "TD6 9AA", "Melrose", (55.6019, -2.7431),
            (7.4, 7.4, 22, 22),
        ),
        ByHand(
            kinds.STREET, "Harbour Street", "Harbour Street", "TD14 5AA", "Eyemouth", (55.8719, -2.0899), (7.4, 7.4, 7.4),
            elsewhere=True,
        ),
        ByHand(kinds.HOTEL, "Abbey Hotel", "9 Abbey Road", "TD6 9AB", "Melrose", (55.5990, -2.7178), (7.4, 22)),
        ByHand(kinds.SHOPPING, "Tweedside Retail Park", "40 Ring Road", "TD15 1AB", BERWICK, (55.7664, -2.0121), (22, 22, 50)),
        ByHand(
            kinds.TOWN, "Quayside", "Saltgreens Quay", "TD14 5AB", "Eyemouth", (55.8736, -2.0868), (22, 22),
            opened=21, known=False,
        ),
    ),
)
# fmt: on
COMPANIES = (NORD, TWEED)
SMALLEST = sum(len(place.kw) for company in COMPANIES for place in company.by_hand)


def sites(company: Company, connectors: int) -> list[Site]:
    """The company's places with so many connectors in all, never fewer than those written by hand.

    The same number gives the same places; which ones there are does not depend on the demo's seed.
    """
    made = [_by_hand(company, number, place) for number, place in enumerate(company.by_hand, 1)]
    left = connectors - sum(len(site.poles) for site in made)
    rng = random.Random(f"sites of {company.code}")
    names = {site.name for site in made}
    while left > 0:
        site = _made(company, len(made) + 1, rng, names, most=left)
        names.add(site.name)
        made.append(site)
        left -= len(site.poles)
    return made


def _by_hand(company: Company, number: int, place: ByHand) -> Site:
    poles = tuple(_pole(company, number, n, 22 if kw is None else kw, stated=kw is not None) for n, kw in enumerate(place.kw, 1))
    rest = (place.name, place.street, place.postal_code, place.city, *place.at, poles)
    return Site(number, place.kind, *rest, opened=place.opened, known=place.known, elsewhere=place.elsewhere)


def _pole(company: Company, site: int, number: int, kw: float, *, stated: bool = True) -> Pole:
    digits = f"{site:03d}{number:02d}"
    return Pole(f"{company.prefix}{digits}", f"{company.country}*{company.code}*E{digits}", kw, stated)


def _made(company: Company, number: int, rng: random.Random, names: set[str], *, most: int) -> Site:
    town = rng.choices(company.towns, [town.weight for town in company.towns])[0]
    pattern = rng.choices(company.patterns, [pattern.weight for pattern in company.patterns])[0]
    which = rng.randrange(len(pattern.names))
    name = _free_name(f"{town.name} {pattern.names[which]}", names)
    kws: Sequence[float] = rng.choice(pattern.poles)[:most]
    street = f"{pattern.streets[which]} {1 + rng.randrange(120)}"
    postal_code = town.postal_code
    if company.country == "GB":
        street = " ".join([street.rpartition(" ")[2], street.rpartition(" ")[0]])
        postal_code += f" {1 + rng.randrange(9)}{rng.choice(INWARD)}{rng.choice(INWARD)}"
    return Site(
        number,
        pattern.kind,
        name,
        street,
        postal_code,
        town.name,
        round(town.latitude + rng.uniform(-0.02, 0.02), 5),
        round(town.longitude + rng.uniform(-0.03, 0.03), 5),
        tuple(_pole(company, number, n, kw) for n, kw in enumerate(kws, 1)),
        # A third was built in the course of the year.
        opened=rng.randrange(40, 340) if rng.random() < 0.33 else None,
    )


def _free_name(name: str, names: set[str]) -> str:
    number, free = 1, name
    while free in names:
        number += 1
        free = f"{name} {number}"
    return free
