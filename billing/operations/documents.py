"""Issues documents: lines, amounts, numbers, the sessions' places and the journal in one transaction, or nothing.

Locks are taken in one order: sessions by key, then the counter of the kind. Whatever was no longer ready when it came
to it is left out and stays ready.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing import chargeables
from billing.chargeables import Standing, State
from billing.document_lines import LineDraft, country_of, line_drafts
from billing.document_models import Document, DocumentKind, DocumentLine, DocumentRun, DocumentTax
from billing.document_plan import Draft
from billing.documents import Amounts, DocumentAmounts, Fixed, document_amounts
from billing.journal import EntryContent, Leg, output_tax_code
from billing.models import Cdr
from billing.operations.collected import settle_collected
from billing.operations.document_settings import settings_of
from billing.operations.journal import post_all
from billing.operations.number_series import take_numbers
from billing.paper_models import DocumentSettings
from chargebill.core import bulk
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer
from stations.models import Mode

ZERO = Decimal(0)
RECEIVABLES = "1100"


@dataclass(frozen=True, slots=True)
class Issued:
    """``left`` are sessions that could not be billed, with the reason in words."""

    documents: list[Document] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


def issue_documents(
    *, entity: LegalEntity, run: DocumentRun, drafts: Sequence[Draft], actor: User | None, at: datetime
) -> Issued:
    """Issues these drafts of one company. Call inside a transaction. The same again issues nothing.

    Sessions that stand elsewhere by now, or whose Cdr belongs on another document, are left out. Raises UserError
    (period_closed) where the books of the day are closed.
    """
    standings = chargeables.lock(pk for draft in drafts for pk in draft.session_ids)
    still = {pk: standing for pk, standing in standings.items() if standing.state == State.READY}
    lines, left = line_drafts(entity, [s.cdr_id for s in still.values() if s.cdr_id])
    customers = Customer.objects.in_bulk([draft.customer_id for draft in drafts if draft.customer_id])
    made = []
    for draft in drafts:
        fitting = [line for pk in draft.session_ids for line in lines.get(pk, ()) if _belongs(line, draft)]
        if fitting:
            made.append(_Made(entity, draft, fitting, customers.get(draft.customer_id or 0)))
    documents = _number(entity, run, made, actor, at)
    _store(made)
    billed = {line.session.pk: line.cdr.pk for one in made for line in one.lines}
    chargeables.move(new=[Standing(pk, State.DOCUMENTED, "", cdr) for pk, cdr in billed.items()], old=still, at=at)
    post_all(entity=entity, entries=[entry for one in made if (entry := _entry(entity, one))], actor=actor, at=at)
    settle_collected(entity=entity, documents=documents, actor=actor, at=at)
    return Issued(documents, left)


def _belongs(line: LineDraft, draft: Draft) -> bool:
    """Whether a session's price is still one for this document."""
    cdr: Cdr = line.cdr
    receipt = line.session.mode == Mode.COLLECTED or cdr.customer_id is None
    of = (cdr.customer_id, cdr.customer_kind, cdr.currency, cdr.anchor, receipt)
    return of == (draft.customer_id, draft.customer_kind, draft.currency, draft.anchor, draft.kind == DocumentKind.RECEIPT)


class _Made:
    """A document on its way: what it is made of, and then its row."""

    def __init__(self, entity: LegalEntity, draft: Draft, lines: list[LineDraft], customer: Customer | None) -> None:
        self.draft, self.lines, self.customer = draft, lines, customer
        self.amounts: DocumentAmounts = document_amounts(
            [line.supply for line in lines], fixed=Fixed(draft.anchor), currency=draft.currency
        )
        self.days = [line.session.local_end_date for line in lines]
        self.language = customer.language if customer else entity.language
        self.row: Document


def _number(entity: LegalEntity, run: DocumentRun, made: Sequence[_Made], actor: User | None, at: datetime) -> list[Document]:
    today = entity.day_of(at)
    settings = settings_of(entity)
    seller = seller_of(entity, settings)
    by_kind = defaultdict(list)
    for one in made:
        by_kind[one.draft.kind].append(one)
    ids = iter(bulk.allocate_ids(Document, len(made)))
    for kind in sorted(by_kind):
        numbers = take_numbers(entity=entity, kind=kind, count=len(by_kind[kind]), year=today.year)
        for one, (sequence, number) in zip(by_kind[kind], numbers, strict=True):
            total = one.amounts.total
            one.row = Document(
                pk=next(ids),
                entity=entity,
                kind=kind,
                sequence=sequence,
                number=number,
                run=run,
                customer=one.customer,
                customer_kind=one.draft.customer_kind,
                seller=seller,
                buyer=buyer_of(one.customer),
                language=one.language,
                currency=one.draft.currency,
                anchor=one.draft.anchor,
                issue_date=today,
                issued_at=at,
                issued_by=actor,
                supplied_from=min(one.days),
                supplied_until=max(one.days),
                is_collected=one.draft.is_collected,
                due_date=None if one.draft.is_collected else due_date_of(one.draft.kind, one.customer, settings, today),
                **_columns(total),
            )
    return [one.row for one in made]


def _columns(amounts: Amounts) -> dict[str, Decimal]:
    return {"net_amount": amounts.net, "tax_amount": amounts.tax, "gross_amount": amounts.gross}


def due_date_of(kind: str, customer: Customer | None, settings: DocumentSettings, today: date) -> date:
    """By when a document is to be paid: a receipt at once, an invoice within the customer's days, else the company's."""
    if kind == DocumentKind.RECEIPT:
        return today
    own = customer.payment_days if customer else None
    return today + timedelta(days=settings.payment_days if own is None else own)


def seller_of(entity: LegalEntity, settings: DocumentSettings | None = None) -> dict[str, Any]:
    """Who bills, how to reach and to pay them, as a document keeps it. ``settings`` are the company's, read if not given."""
    settings = settings or settings_of(entity)
    names = ("street", "postal_code", "city", "country")
    return {
        "name": entity.legal_name or entity.name,
        **{name: getattr(entity, name) for name in names},
        "vat_ids": entity.vat_ids,
        "email": settings.contact_email,
        "phone": settings.contact_phone,
        "meter_data": settings.meter_data,
        "iban": settings.iban,
        "bic": settings.bic,
    }


def buyer_of(customer: Customer | None) -> dict[str, str]:
    """Who is billed, as a document keeps it; empty for somebody unknown."""
    names = ("number", "name", "company", "vat_id", "street", "postal_code", "city", "country")
    return {name: getattr(customer, name) for name in names} if customer else {}


def _store(made: Sequence[_Made]) -> None:
    """Lines and sums first: once their document is there, the database takes no more of them."""
    lines, taxes = [], []
    for one in made:
        sentences: dict[tuple[Decimal, str], str] = {}
        for position, (line, amounts) in enumerate(zip(one.lines, one.amounts.lines, strict=True), 1):
            lines.append(
                DocumentLine(
                    document_id=one.row.pk,
                    position=position,
                    **line.columns(),
                    **_columns(amounts),
                    revenue=line.revenue(amounts),
                )
            )
            sentences[line.supply.rate, line.supply.code] = line.legal_sentence
        for tax in one.amounts.taxes:
            taxes.append(
                DocumentTax(
                    document_id=one.row.pk,
                    tax_rate=tax.rate,
                    tax_code=tax.code,
                    legal_sentence=sentences[tax.rate, tax.code],
                    **_columns(tax.amounts),
                )
            )
    DocumentLine.objects.bulk_create(lines, batch_size=500)
    DocumentTax.objects.bulk_create(taxes, batch_size=500)
    Document.objects.bulk_create([one.row for one in made], batch_size=500)


def _entry(entity: LegalEntity, made: _Made) -> EntryContent | None:
    """Receivable against revenue and output tax. Nothing is booked where nothing is owed."""
    document = made.row
    legs = _legs(made)
    if not legs:
        return None
    return EntryContent(
        entity_id=entity.pk,
        key=f"document_issued:{document.pk}:1",
        effective_date=document.issue_date,
        description=f"{document.get_kind_display()} {document.number}",
        source_type="document",
        source_id=str(document.pk),
        document_no=document.number,
        reverses="",
        legs=tuple(legs),
    )


def _legs(made: _Made) -> list[Leg]:
    document = made.row
    earned: dict[tuple[str, Decimal, str], Decimal] = defaultdict(Decimal)
    owed: dict[tuple[str, Decimal, str], Decimal] = defaultdict(Decimal)
    for line, amounts in zip(made.lines, made.amounts.lines, strict=True):
        rate, code = line.supply.rate, line.supply.code
        for account, net in line.revenue(amounts).items():
            earned[account, rate, code] += Decimal(net)
        if amounts.tax:
            owed[output_tax_code(country_of(line.session), rate), rate, code] += amounts.tax

    def leg(account: str, credit: Decimal, **more: Any) -> Leg:
        return Leg(account, max(ZERO - credit, ZERO), max(credit, ZERO), document.currency, **more)

    found = [leg(RECEIVABLES, ZERO - document.gross_amount, customer_id=document.customer_id)]
    found += [leg(account, net, tax_code=code, tax_rate=rate) for (account, rate, code), net in sorted(earned.items())]
    found += [
        leg(account, tax, tax_code=code, tax_rate=rate, tax_amount=tax) for (account, rate, code), tax in sorted(owed.items())
    ]
    return [one for one in found if one.debit or one.credit]
