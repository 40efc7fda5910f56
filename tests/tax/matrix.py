"""The tax table of a made-up company in several countries, and what it must answer, worked out by hand.

Germany and the United Kingdom have general rates, France one for energy only, elsewhere there is nothing general. Days
are written as text, "" is since ever. A situation without an expected code has no rule: the session waits.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class RuleRow(NamedTuple):
    country: str
    category: str
    component: str
    customer_kind: str
    valid_from: date | None
    rate: Decimal
    code: str


class Situation(NamedTuple):
    country: str
    category: str
    dimension: str
    kind: str
    day: date
    code: str
    rate: Decimal | None
    why: str


# fmt: off
# country  category    component       customer    from          rate     code
RULES = """
DE         -           -               -           2007-01-01    19       DE19
DE         -           -               -           2020-07-01    16       DE16
DE         -           -               -           2021-01-01    19       DE19
DE         REDUCED     -               -           2007-01-01    7        DE7
DE         REDUCED     -               -           2020-07-01    5        DE5
DE         REDUCED     -               -           2021-01-01    7        DE7
DE         -           -               PARTNER     2026-03-15    0        DE-REVERSE
DE         -           PARKING_TIME    -           2026-03-15    13       DE-PARK
DE         REDUCED     PARKING_TIME    BUSINESS    2026-05-01    11       DE-PARK-B
GB         -           -               -           2011-01-04    20       GB20
GB         -           FLAT            -           -             8.875    GB-FEE
GB         REDUCED     ENERGY          -           2022-01-01    5        GB5
GB         STANDARD    TIME            MEMBER      -             12.5     GB-MEMBER
GB         ZERO        -               -           -             0        GB0
FR         -           ENERGY          -           2014-01-01    20       FR20
-          EXEMPT      -               -           -             0        EXEMPT
-          EXEMPT      ENERGY          PARTNER     2026-01-01    3        LEVY
-          -           RESERVATION     -           2025-06-01    21       RES21
-          -           -               INTERNAL    -             0        OWN-USE
"""

# country  category   dimension         customer   day           code        rate    why
SITUATIONS = """
DE         STANDARD   ENERGY            AD_HOC     2006-12-31    -           -       the day before its first rule
DE         STANDARD   ENERGY            AD_HOC     2007-01-01    DE19        19      on its first day
DE         STANDARD   ENERGY            AD_HOC     2020-06-30    DE19        19      the last day before 16 %
DE         STANDARD   ENERGY            AD_HOC     2020-07-01    DE16        16      the first day of 16 %
DE         STANDARD   TIME              MEMBER     2020-10-15    DE16        16      in the middle of the half-year
DE         STANDARD   FLAT              BUSINESS   2020-12-31    DE16        16      the last day of 16 %
DE         STANDARD   PARKING_TIME      AD_HOC     2021-01-01    DE19        19      back to 19 %
DE         STANDARD   ENERGY            AD_HOC     2026-11-22    DE19        19      long after
DE         REDUCED    ENERGY            AD_HOC     2020-06-30    DE7         7       reduced, before
DE         REDUCED    ENERGY            AD_HOC     2020-07-01    DE5         5       reduced, during
DE         REDUCED    FLAT              MEMBER     2020-12-31    DE5         5       reduced, last day of it
DE         REDUCED    TIME              AD_HOC     2021-01-01    DE7         7       reduced, after
DE         REDUCED    ENERGY            AD_HOC     2006-12-31    -           -       reduced, before its first rule
DE         STANDARD   ENERGY            PARTNER    2026-03-14    DE19        19      a partner before the change in mid-month
DE         STANDARD   ENERGY            PARTNER    2026-03-15    DE-REVERSE  0       a partner on the day of the change
DE         STANDARD   TIME              PARTNER    2026-03-31    DE-REVERSE  0       a partner at the end of that month
DE         STANDARD   ENERGY            MEMBER     2026-03-15    DE19        19      the partner's rule is not the member's
DE         STANDARD   PARKING_TIME      AD_HOC     2026-03-14    DE19        19      idle time the day before its own rule
DE         STANDARD   PARKING_TIME      AD_HOC     2026-03-15    DE-PARK     13      idle time from that day on
DE         STANDARD   PARKING_TIME      PARTNER    2026-03-20    DE-PARK     13      component weighs more than customer
DE         REDUCED    PARKING_TIME      PARTNER    2026-03-20    DE7         7       category weighs more than both
DE         REDUCED    PARKING_TIME      BUSINESS   2026-04-30    DE7         7       the day before the closest rule
DE         REDUCED    PARKING_TIME      BUSINESS   2026-05-01    DE-PARK-B   11      the rule that says everything
DE         REDUCED    PARKING_TIME      MEMBER     2026-05-01    DE7         7       it says business, this is a member
DE         REDUCED    TIME              BUSINESS   2026-05-01    DE7         7       it says idle time, this is charging
DE         STANDARD   PARKING_TIME      BUSINESS   2026-05-01    DE-PARK     13      it says reduced, this is standard
DE         REDUCED    ENERGY            PARTNER    2026-03-20    DE7         7       category weighs more than customer
GB         STANDARD   ENERGY            AD_HOC     2011-01-03    -           -       the day before 20 %
GB         STANDARD   ENERGY            AD_HOC     2011-01-04    GB20        20      the first day of 20 %
GB         STANDARD   ENERGY            BUSINESS   2026-02-14    GB20        20      the general rate
GB         STANDARD   FLAT              AD_HOC     2026-02-14    GB-FEE      8.875   a fee has its own rate
GB         STANDARD   FLAT              AD_HOC     2010-01-01    GB-FEE      8.875   and has had it since ever
GB         REDUCED    FLAT              MEMBER     2026-02-14    GB-FEE      8.875   in every category
GB         REDUCED    ENERGY            AD_HOC     2021-12-31    GB20        20      before reduced energy
GB         REDUCED    ENERGY            AD_HOC     2022-01-01    GB5         5       from reduced energy on
GB         REDUCED    TIME              AD_HOC     2022-01-01    GB20        20      reduced energy is not reduced time
GB         STANDARD   TIME              MEMBER     2026-02-14    GB-MEMBER   12.5    charging time of members
GB         STANDARD   TIME              AD_HOC     2026-02-14    GB20        20      not of others
GB         REDUCED    TIME              MEMBER     2026-02-14    GB20        20      not in other categories
GB         STANDARD   TIME              MEMBER     2005-01-01    GB-MEMBER   12.5    since ever means before the general rate too
GB         ZERO       ENERGY            AD_HOC     2026-02-14    GB0         0       zero-rated is a rate
GB         ZERO       FLAT              AD_HOC     2026-02-14    GB0         0       category weighs more than component
FR         STANDARD   ENERGY            AD_HOC     2026-02-14    FR20        20      energy has a rule
FR         REDUCED    ENERGY            PARTNER    2026-02-14    FR20        20      for every category and customer
FR         STANDARD   ENERGY            AD_HOC     2013-12-31    -           -       before it began
FR         STANDARD   TIME              AD_HOC     2026-02-14    -           -       charging time has none
FR         STANDARD   FLAT              AD_HOC     2026-02-14    -           -       nor has a start fee
NL         STANDARD   ENERGY            AD_HOC     2026-02-14    -           -       a country nobody has thought of
NL         EXEMPT     ENERGY            AD_HOC     2026-02-14    EXEMPT      0       exempt everywhere
NL         EXEMPT     ENERGY            PARTNER    2025-12-31    EXEMPT      0       before the levy
NL         EXEMPT     ENERGY            PARTNER    2026-01-01    LEVY        3       the levy in every country
DE         EXEMPT     ENERGY            PARTNER    2026-01-01    DE19        19      country weighs more than the other three
DE         EXEMPT     ENERGY            AD_HOC     2026-01-01    DE19        19      country weighs more than category
GB         EXEMPT     ENERGY            AD_HOC     2010-12-31    EXEMPT      0       the country's rule had not begun
-          STANDARD   ENERGY            AD_HOC     2026-02-14    -           -       a place without country has no country's rate
-          EXEMPT     TIME              MEMBER     2026-02-14    EXEMPT      0       rules for every country fit it
-          STANDARD   ENERGY            INTERNAL   2026-02-14    OWN-USE     0       own vehicles
DE         STANDARD   ENERGY            INTERNAL   2026-02-14    DE19        19      country weighs more than customer
NL         EXEMPT     TIME              INTERNAL   2026-02-14    EXEMPT      0       category weighs more than customer
NL         STANDARD   RESERVATION_TIME  INTERNAL   2026-02-14    RES21       21      component weighs more than customer
NL         STANDARD   RESERVATION_TIME  AD_HOC     2025-05-31    -           -       reservation before its rule
NL         STANDARD   RESERVATION_TIME  AD_HOC     2025-06-01    RES21       21      reserved time
NL         STANDARD   RESERVATION_FLAT  AD_HOC     2025-06-01    RES21       21      a fee for reserving is reservation, too
NL         STANDARD   FLAT              AD_HOC     2025-06-01    -           -       a start fee is not
GB         STANDARD   RESERVATION_FLAT  AD_HOC     2026-02-14    GB20        20      not the fee's rate: it is a reservation
DE         STANDARD   RESERVATION_TIME  AD_HOC     2020-08-01    DE16        16      the country's general rate
-          STANDARD   RESERVATION_TIME  MEMBER     2026-02-14    RES21       21      without country
FR         STANDARD   RESERVATION_FLAT  AD_HOC     2026-02-14    RES21       21      in a country with energy only
"""
# fmt: on


def lines(table: str) -> list[list[str]]:
    return [["" if cell == "-" else cell for cell in line.split(None, 7)] for line in table.strip().splitlines()]


def rules() -> list[RuleRow]:
    return [
        RuleRow(*line[:4], date.fromisoformat(line[4]) if line[4] else None, Decimal(line[5]), line[6]) for line in lines(RULES)
    ]


def situations() -> list[Situation]:
    return [
        Situation(*line[:4], date.fromisoformat(line[4]), line[5], Decimal(line[6]) if line[6] else None, line[7])
        for line in lines(SITUATIONS)
    ]
