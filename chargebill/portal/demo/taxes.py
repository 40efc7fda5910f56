"""Tax rules to try things on: real rates of two countries, as far as anybody without advice can tell.

Demo values, not legal advice: a company enters its own, with its own source.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.models import TaxRule
from billing.operations import set_tax_rule
from chargebill.core.models import LegalEntity, User

DEMO = "Demo value, not legal advice"


@dataclass(frozen=True, slots=True)
class DemoRule:
    """One general rate of a country from a day on, in percent; ``law`` is where it is written."""

    country: str
    valid_from: date
    rate: Decimal
    code: str
    law: str


RULES = (
    DemoRule("DE", date(2007, 1, 1), Decimal(19), "DE19", "§ 12 (1) UStG"),
    # Half a year of less tax, for everybody: what tests a dated table in earnest.
    DemoRule("DE", date(2020, 7, 1), Decimal(16), "DE16", "§ 28 (1) UStG"),
    DemoRule("DE", date(2021, 1, 1), Decimal(19), "DE19", "§ 12 (1) UStG"),
    DemoRule("GB", date(2011, 1, 4), Decimal(20), "GB20", "VATA 1994 s. 2 (1)"),
)


def set_demo_taxes(*, entity: LegalEntity, at: datetime, actor: User | None = None) -> list[TaxRule]:
    """Gives a company the rules of both countries."""
    return [
        set_tax_rule(
            entity=entity,
            country=rule.country,
            category="",
            component="",
            customer_kind="",
            valid_from=rule.valid_from,
            rate=rule.rate,
            code=rule.code,
            account="",
            legal_sentence="",
            source=f"{DEMO}. {rule.law}",
            actor=actor,
            at=at,
        )
        for rule in RULES
    ]
