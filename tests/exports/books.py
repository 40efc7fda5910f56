"""Books with a bit of everything, what the database itself says of them, and a mapping for each target."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import connection

from billing.export_models import ExportAccount, ExportSettings, ExportTarget
from billing.exports import CHARTS, preset_of
from billing.journal import Leg
from billing.models import Account, JournalEntry
from billing.operations.journal import reverse
from chargebill.core.models import LegalEntity
from memberships.models import Customer
from tests.journal.books import AT, credit, debit, invoice_legs, posted
from tests.rows import company, customers

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)
PRESET = {"quickbooks": "QuickBooks", "xero": "Xero", "datev": "SKR03"}


def payment_legs(amount: str, customer: Customer | None = None) -> list[Leg]:
    return [debit("1000", amount), credit("1100", amount, customer_id=customer.pk if customer else None)]


def busy_books(entity: LegalEntity | None = None) -> LegalEntity:
    """Seven entries in two months and two currencies, with umlauts, several legs on both sides and one taken back."""
    entity = entity or company()
    somebody = customers(1)[0]
    posted(1, entity=entity, day=FEBRUARY, document_no="R-000001", description="Receipt R-000001 Köln")
    posted(
        2,
        entity=entity,
        legs=[
            debit("1100", "238.00", customer_id=somebody.pk if somebody.entity_id == entity.pk else None),
            credit("4000", "150.00", tax_code="DE19", tax_rate=Decimal(19)),
            credit("4030", "50.00", tax_code="DE19", tax_rate=Decimal(19)),
            credit("2100-DE-19", "38.00", tax_code="DE19", tax_rate=Decimal(19), tax_amount=Decimal("38.00")),
        ],
        document_no="INV/2026 7_ä",
    )
    posted(3, entity=entity, legs=payment_legs("119.00"), description="Transfer „Łódź“")
    posted(4, entity=entity, legs=[debit("1000", "97.10"), debit("6000", "2.90"), credit("1055", "100.00")])
    posted(5, entity=entity, legs=[debit("1000", "700", "JPY"), credit("1100", "700", "JPY")])
    wrong = posted(6, entity=entity, legs=invoice_legs("11.90", "10.00", "1.90"), description="=HYPERLINK(1)")
    reverse(entry=wrong, effective_date=MARCH, reason="Twice", actor=None, at=AT)
    return entity


def mapped(entity: LegalEntity, target: str) -> None:
    """The preset of a target, and what it wants to know of the company."""
    for code in Account.objects.filter(entity=entity).values_list("code", flat=True):
        ExportAccount.objects.create(entity=entity, target=target, code=code, name=preset_of(PRESET[target], code), tax_key="")
    chart = CHARTS[PRESET[target]][1]
    ExportSettings.objects.create(entity=entity, target=target, consultant=1234567, client=42, chart=chart)


def ledger(entity: LegalEntity, entries: Iterable[int] | None = None) -> dict[tuple[str, str], Decimal]:
    """(account code, currency) -> debits less credits, in thousandths counted by the database."""
    chosen = "" if entries is None else f" AND e.id IN ({', '.join(map(str, entries))})"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, p.currency, CAST(ROUND(p.debit * 1000) AS BIGINT) - CAST(ROUND(p.credit * 1000) AS BIGINT)"
            " FROM billing_posting p JOIN billing_journalentry e ON e.id = p.entry_id"
            f" JOIN billing_account a ON a.id = p.account_id WHERE e.entity_id = %s{chosen}",
            [entity.pk],
        )
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for code, currency, thousandths in cursor.fetchall():
            sums[code, currency] += Decimal(thousandths) / 1000
    return {key: amount for key, amount in sums.items() if amount}


def entry_ids(entity: LegalEntity) -> set[int]:
    return set(JournalEntry.objects.filter(entity=entity).values_list("pk", flat=True))


ALL_TARGETS = [target.value for target in ExportTarget]
MAPPED_TARGETS = [target for target in ALL_TARGETS if target != "generic"]
