"""Keeps receivables from being booked twice: what opening balances hold as a total is taken out as invoices list it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from billing.document_models import Document, DocumentKind
from billing.journal import Leg
from billing.journal.chart import OPENING as BALANCING
from billing.journal_models import JournalEntry, Posting
from billing.operations.journal import hold_book, post
from billing.takeover import listed_of
from chargebill.core.models import LegalEntity, User

RECEIVABLES = "1100"
# What entries come from: opening balances, what of them is listed by invoices, and an invoice that was taken over.
OPENING, LISTED, INVOICE = "opening", "opening_listed", "open_invoice"
ZERO = Decimal(0)
ByCustomer = dict[int | None, Decimal]


@dataclass(frozen=True, slots=True)
class Plan:
    """Of one currency: ``held`` by the opening balances as receivables, ``listed`` by invoices taken over, and what is to be
    taken ``out`` of the opening balances now, by customer; below zero it is put back."""

    held: Decimal
    listed: Decimal
    listed_of_held: Decimal
    out: ByCustomer

    @property
    def moves(self) -> Decimal:
        return sum(self.out.values(), ZERO)


def plans(
    entity: LegalEntity,
    *,
    more_held: Iterable[Leg] = (),
    more_listed: Iterable[tuple[str, int | None, Decimal]] = (),
) -> dict[str, Plan]:
    """What to take out of the opening balances, by currency, with these legs and (currency, customer, amount) besides."""
    held, out, listed = _sums(entity, OPENING), _sums(entity, LISTED), defaultdict[str, ByCustomer](lambda: defaultdict(Decimal))
    for leg in more_held:
        if leg.account_code == RECEIVABLES:
            held[leg.currency][leg.customer_id] += leg.debit - leg.credit
    taken = Document.claims.filter(entity=entity, kind=DocumentKind.TAKEN_OVER)
    for currency, customer, amount in [*taken.values_list("currency", "customer_id", "gross_amount"), *more_listed]:
        listed[currency][customer] += amount
    return {currency: _plan(held[currency], listed[currency], out[currency]) for currency in sorted({*held, *listed, *out})}


def _plan(held: ByCustomer, listed: ByCustomer, booked: ByCustomer) -> Plan:
    wanted: Mapping[int | None, Decimal] = listed_of(held, listed)
    # What was taken out before is booked as credits.
    apart = {who: wanted.get(who, ZERO) + booked.get(who, ZERO) for who in sorted({*wanted, *booked}, key=lambda who: who or 0)}
    return Plan(
        sum(held.values(), ZERO),
        sum(listed.values(), ZERO),
        sum(wanted.values(), ZERO),
        {who: amount for who, amount in apart.items() if amount},
    )


def _sums(entity: LegalEntity, source: str) -> dict[str, ByCustomer]:
    """Debits less credits on receivables by currency and customer, of entries from there and of what took them back."""
    sums: dict[str, ByCustomer] = defaultdict(lambda: defaultdict(Decimal))
    of = Q(entry__source_type=source) | Q(entry__reverses__source_type=source)
    rows = Posting.objects.filter(of, entry__entity=entity, account__code=RECEIVABLES).order_by()
    for currency, customer, debit, credit in rows.values_list("currency", "customer_id", "debit", "credit"):
        sums[currency][customer] += debit - credit
    return sums


def take_out_listed(*, entity: LegalEntity, effective_date: date, actor: User | None, at: datetime) -> JournalEntry | None:
    """Books what ``plans`` says, in the caller's transaction; None where nothing is to be booked. Raises what post raises.

    Called whenever opening balances or open invoices came or went, in whichever order.
    """
    hold_book(entity)
    legs = []
    for currency, plan in plans(entity).items():
        for who, amount in plan.out.items():
            said = "Receivables of the opening balances, listed invoice by invoice"
            debit, credit = (ZERO, amount) if amount > 0 else (-amount, ZERO)
            legs.append(Leg(RECEIVABLES, debit, credit, currency, customer_id=who, description=said))
            legs.append(Leg(BALANCING, credit, debit, currency, description=said))
    if not legs:
        return None
    number = JournalEntry.objects.filter(entity=entity, source_type=LISTED).count() + 1
    return post(
        entity=entity,
        key=f"{LISTED}:{number}:1",
        effective_date=effective_date,
        legs=legs,
        description="Receivables of the opening balances that invoices list",
        source_type=LISTED,
        source_id=str(number),
        actor=actor,
        at=at,
    )
