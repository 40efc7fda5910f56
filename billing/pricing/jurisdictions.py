"""What laws on the price of charging ask of a tariff, as data with where it was read and when.

ChargeBill's reading, not legal advice: each rule says in one sentence what lint takes from the text. A rule is added,
or ended by ``until``, when the law changes; nothing else in the code knows a country.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

EU = frozenset(
    [
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    ]
)
AFIR_KW = Decimal(50)
ALL_READ = date(2026, 11, 26)


class Asks(StrEnum):
    """What a rule is about; lint/law.py knows how to see it in a tariff."""

    NO_START_FEE = "NO_START_FEE"
    NO_CHARGING_TIME = "NO_CHARGING_TIME"
    NO_MINIMUM = "NO_MINIMUM"
    PRICE_ORDER = "PRICE_ORDER"
    KWH_PRICE = "KWH_PRICE"
    TAX_INCLUDED = "TAX_INCLUDED"


@dataclass(frozen=True, slots=True)
class Source:
    """``law`` as one cites it, ``read_at`` the page it was read on, ``read_on`` when, ``unread`` what is known to be missing."""

    law: str
    read_at: str
    read_on: date
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """``code`` is the finding's. ``severity`` where the rule surely applies; where that is open it is one less.

    ``since``: in force from that day. ``stations_since``: for stations in service from that day on, (AC, DC).
    ``from_kw`` and ``below_kw`` bound the rated power. ``ad_hoc_only``: for people without a contract.
    """

    code: str
    asks: Asks
    severity: str
    countries: frozenset[str]
    source: Source
    reading: str
    since: date
    until: date | None = None
    subdivisions: frozenset[str] = frozenset()
    stations_since: tuple[date, date] | None = None
    from_kw: Decimal | None = None
    below_kw: Decimal | None = None
    ad_hoc_only: bool = True


AFIR = Source(
    "Regulation (EU) 2023/1804, AFIR, article 5(4)",
    "https://eur-lex.europa.eu/eli/reg/2023/1804/oj, in the summary of "
    "https://www.e-flux.io/blog/guide-afir-european-charging-businesses",
    ALL_READ,
    "The Commission's questions and answers on what counts as an occupancy fee.",
)
AFIR_SINCE = date(2024, 4, 13)
CALIFORNIA = Source(
    "California Code of Regulations, title 4, section 4002.11",
    "https://plantingseedsblog.cdfa.ca.gov/wordpress/?p=22486 (AC), https://www.chargepoint.com/businesses/weights-measures (DC)",
    ALL_READ,
)
PANGV = Source(
    "Preisangabenverordnung, PAngV, section 14, as of 28 May 2022",
    "https://lxgesetze.de/pangv/14, with https://www.vku.de/themen/recht/neue-preisangabenverordnung-gilt-ab-28052022/",
    ALL_READ,
    "The order of December 2024 that adapts it to AFIR: hence warnings, no errors.",
)
UK = Source(
    "The Public Charge Point Regulations 2023, SI 2023/1168, regulation 11",
    "https://legislation.gov.uk/uksi/2023/1168, in the summary of https://paua.com/article/uk-public-charge-point-regulations",
    ALL_READ,
)

RULES = (
    Rule(
        "eu_start_fee", Asks.NO_START_FEE, "ERROR", EU, AFIR,
        "At 50 kW and more the ad hoc price is a price per kWh, to which only an occupancy fee per minute may be added: "
        "no start fee",
        since=AFIR_SINCE, stations_since=(AFIR_SINCE, AFIR_SINCE), from_kw=AFIR_KW,
    ),
    Rule(
        "eu_charging_time", Asks.NO_CHARGING_TIME, "ERROR", EU, AFIR,
        "At 50 kW and more the ad hoc price is a price per kWh, to which only an occupancy fee per minute may be added: "
        "no price for charging time",
        since=AFIR_SINCE, stations_since=(AFIR_SINCE, AFIR_SINCE), from_kw=AFIR_KW,
    ),
    Rule(
        "eu_minimum_price", Asks.NO_MINIMUM, "WARNING", EU, AFIR,
        "At 50 kW and more the ad hoc price is a price per kWh, to which only an occupancy fee per minute may be added: "
        "a minimum price works like a start fee",
        since=AFIR_SINCE, stations_since=(AFIR_SINCE, AFIR_SINCE), from_kw=AFIR_KW,
    ),
    Rule(
        "eu_price_order", Asks.PRICE_ORDER, "INFO", EU, AFIR,
        "Below 50 kW the parts of the ad hoc price are shown in this order: per kWh, per minute, per session, any other",
        since=AFIR_SINCE, stations_since=(AFIR_SINCE, AFIR_SINCE), below_kw=AFIR_KW,
    ),
    Rule(
        "us_ca_no_kwh_price", Asks.KWH_PRICE, "ERROR", frozenset({"US"}), CALIFORNIA,
        "Stations that came into service since 2021 (AC) or 2023 (DC) sell energy by the kWh or megajoule, not by time",
        since=date(2021, 1, 1), subdivisions=frozenset({"CA"}), stations_since=(date(2021, 1, 1), date(2023, 1, 1)),
        ad_hoc_only=False,
    ),
    Rule(
        "de_no_kwh_price", Asks.KWH_PRICE, "WARNING", frozenset({"DE"}), PANGV,
        "Whoever offers ad hoc charging to consumers states a price per kWh at the charging point",
        since=date(2022, 5, 28),
    ),
    Rule(
        "de_net_price", Asks.TAX_INCLUDED, "WARNING", frozenset({"DE"}), PANGV,
        "Prices are stated to consumers with tax",
        since=date(2022, 5, 28),
    ),
    Rule(
        "gb_no_kwh_price", Asks.KWH_PRICE, "WARNING", frozenset({"GB"}), UK,
        "The total price is shown in pence per kilowatt hour before charging starts",
        since=date(2023, 11, 24),
    ),
)  # fmt: skip
