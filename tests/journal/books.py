"""What tests of the books share: a company, legs in a line, an entry."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.journal import Leg
from billing.models import AccountingPeriod, JournalEntry, PeriodChange
from billing.operations.journal import post
from billing.operations.journal_periods import ask, confirm
from chargebill.core.models import LegalEntity, User
from tests.rows import company

AT = datetime(2026, 3, 31, 8, 15, tzinfo=UTC)
MARCH = date(2026, 3, 31)
ZERO = Decimal(0)


def debit(code: str, amount: str, currency: str = "EUR", **more: Any) -> Leg:
    return Leg(code, Decimal(amount), ZERO, currency, **more)


def credit(code: str, amount: str, currency: str = "EUR", **more: Any) -> Leg:
    return Leg(code, ZERO, Decimal(amount), currency, **more)


def invoice_legs(gross: str = "119.00", net: str = "100.00", tax: str = "19.00") -> list[Leg]:
    return [
        debit("1100", gross),
        credit("4000", net, tax_code="DE19", tax_rate=Decimal(19), tax_amount=Decimal(tax)),
        credit("2100-DE-19", tax, tax_code="DE19", tax_rate=Decimal(19)),
    ]


def posted(
    number: int = 1, *, entity: LegalEntity | None = None, legs: list[Leg] | None = None, day: date = MARCH, **more: Any
) -> JournalEntry:
    given = {
        "key": f"invoice:{number}:1",
        "description": f"Invoice {number}",
        "source_type": "invoice",
        "source_id": str(number),
        "actor": None,
        "at": AT,
        **more,
    }
    return post(entity=entity or company(), effective_date=day, legs=legs or invoice_legs(), **given)


def closed(period: AccountingPeriod, *, at: datetime = datetime(2026, 12, 1, tzinfo=UTC)) -> PeriodChange:
    """A month closed by Petra and confirmed by Carl."""
    change = ask(period=period, kind=PeriodChange.Kind.CLOSE, reason="", actor=person("petra"), at=at)
    return confirm(change=change, actor=person("carl"), at=at)


def person(name: str) -> User:
    return User.objects.get_or_create(username=name, defaults={"is_staff": True})[0]
