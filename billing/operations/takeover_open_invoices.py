"""Takes over invoices another system issued: each becomes an open item that is paid as ours are, and an entry."""

from datetime import date, datetime

from billing.document_models import Document, DocumentKind
from billing.journal import EntryContent, Leg
from billing.journal.chart import OPENING as BALANCING
from billing.operations.journal import hold_book, post_all
from billing.operations.opening_receivables import INVOICE, RECEIVABLES, ZERO, Plan, plans, take_out_listed
from billing.takeover import OpenInvoice, Report, last_count, read_open_invoices
from billing.takeover_models import TakeOver
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money
from memberships.models import Customer


def read(entity: LegalEntity, text: str, day: date) -> Report:
    """What the file would do, with a sentence about the receivables of the opening balances. Raises UserError."""
    customers = Customer.objects.filter(entity=entity).exclude(number="").values_list("number", "pk", "name")
    taken = Document.claims.filter(entity=entity, kind=DocumentKind.TAKEN_OVER)
    report = read_open_invoices(
        text,
        currency=entity.base_currency,
        day=day,
        customers={number: (pk, name) for number, pk, name in customers},
        taken={number: (who, amount) for number, who, amount in taken.values_list("number", "customer_id", "gross_amount")},
        ours=frozenset(Document.objects.filter(entity=entity).values_list("number", flat=True)),
    )
    if report.problem_lines:
        return report
    more = [(one.currency, one.customer_id, one.open_amount) for one in report.values]
    found = plans(entity, more_listed=more)
    return Report(report.lines, (*report.totals, *(_said(currency, plan) for currency, plan in found.items() if plan.listed)))


def _said(currency: str, plan: Plan) -> str:
    held, listed, both = (Money(amount, currency) for amount in (plan.held, plan.listed, plan.listed_of_held))
    total = f"With these, {listed} is listed by invoices; the opening balances hold {held} as receivables."
    if held == listed == both:
        return f"{total} They agree, and nothing is booked twice."
    parts = [total]
    if plan.listed_of_held:
        parts.append(f"{both} is in both and is booked once.")
    if plan.listed > plan.listed_of_held:
        parts.append(f"{listed - both} is only listed: it is balanced on the account for opening balances.")
    if plan.held > plan.listed_of_held:
        parts.append(f"{held - both} is only in the opening balances and stays there as it is.")
    return " ".join(parts)


def commit(take_over: TakeOver, report: Report, actor: User | None, at: datetime) -> None:
    """Writes the items and their entries, in the caller's transaction. Raises UserError period_closed and what post raises."""
    entity, day = take_over.entity, take_over.day
    assert day is not None
    hold_book(entity)
    who = Customer.objects.in_bulk({one.customer_id for one in report.values})
    items = Document.claims.bulk_create(
        [_item(take_over, one, who[one.customer_id], actor, at) for one in report.values], batch_size=500
    )
    post_all(entity=entity, entries=[_entry(item, day) for item in items], actor=actor, at=at)
    take_out_listed(entity=entity, effective_date=day, actor=actor, at=at)


def _item(take_over: TakeOver, one: OpenInvoice, customer: Customer, actor: User | None, at: datetime) -> Document:
    return Document(
        entity=take_over.entity,
        kind=DocumentKind.TAKEN_OVER,
        sequence=last_count(one.number),
        number=one.number,
        take_over=take_over,
        customer=customer,
        customer_kind=customer.kind,
        seller={},
        language=customer.language,
        currency=one.currency,
        anchor="GROSS",
        issue_date=one.issued_on,
        issued_at=at,
        issued_by=actor,
        supplied_from=one.issued_on,
        supplied_until=one.issued_on,
        is_collected=False,
        due_date=one.due_on,
        net_amount=one.open_amount,
        tax_amount=ZERO,
        gross_amount=one.open_amount,
    )


def _entry(item: Document, day: date) -> EntryContent:
    said = f"Open invoice {item.number} taken over"
    return EntryContent(
        entity_id=item.entity_id,
        key=f"{INVOICE}:{item.pk}:1",
        effective_date=day,
        description=said,
        source_type=INVOICE,
        source_id=str(item.pk),
        document_no=item.number,
        reverses="",
        legs=(
            Leg(RECEIVABLES, item.gross_amount, ZERO, item.currency, customer_id=item.customer_id, description=item.number),
            Leg(BALANCING, ZERO, item.gross_amount, item.currency, description=item.number),
        ),
    )
