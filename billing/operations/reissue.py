"""A receipt cancelled and issued anew to a company: once, for the same amount, as paid as it was.

Locks as for corrections: the document, its payments by key, the counters.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.credit_models import Correction
from billing.credits import lines_left
from billing.document_models import Document, DocumentKind, DocumentLine, DocumentTax
from billing.operations.credit_entries import post_credit_note, post_reissued
from billing.operations.credit_notes import Back, issue_credit_note, said_of_session, taxes_of
from billing.operations.documents import seller_of
from billing.operations.number_series import take_numbers
from billing.operations.payment_entries import Part
from billing.operations.payment_reversals import take_back_match
from billing.operations.payments import match_payment
from billing.payment_models import PaymentAllocation
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User

# Field -> how it is called and how long it may be.
FIELDS = {
    "company": ("company", 200),
    "vat_id": ("VAT id", 20),
    "street": ("street", 200),
    "postal_code": ("postal code", 20),
    "city": ("city", 100),
    "country": ("country", 2),
}
_VAT_ID = re.compile(r"\A[A-Z]{2}[A-Z0-9+*.]{2,18}\Z", re.ASCII)
_COUNTRY = re.compile(r"\A[A-Z]{2}\Z", re.ASCII)
# Beside its session's own words a line copies these, too.
_AMOUNTS = ("net_amount", "tax_amount", "gross_amount", "parts", "revenue")
_COPIED = (
    "entity", "customer", "customer_kind", "language", "currency", "anchor", "supplied_from", "supplied_until", "is_collected",
    "net_amount", "tax_amount", "gross_amount",
)  # fmt: skip


def reissue_to_company(
    *,
    document: Document,
    company: str,
    tax_id: str,
    street: str,
    postal_code: str,
    city: str,
    country: str,
    actor: User | None,
    at: datetime,
) -> Document:
    """Cancels a receipt by a credit note and issues an invoice to a company for the same sessions and amounts.

    What was paid on the receipt is paid on the invoice: no money is owed back, and none anew. ``tax_id`` is the VAT id with
    its country; ``country`` two letters. The same again gives the invoice that is there. Raises UserError, changing
    nothing: company, vat_id, street, postal_code, city, country (missing, too long, not written like one), not_a_receipt,
    already_reissued, already_credited, period_closed.
    """
    buyer = _buyer(company, tax_id, street, postal_code, city, country)
    with transaction.atomic():
        bulk.lock_alone(Document, document.pk)
        document = Document.objects.select_related("entity", "customer").get(pk=document.pk)
        if there := Document.objects.filter(replaces=document).first():
            if {name: there.buyer.get(name) for name in buyer} == buyer:
                return there
            raise UserError(
                "already_reissued",
                f"It was issued to a company already, as {there.number}. That happens once. Nothing was changed.",
            )
        if document.kind != DocumentKind.RECEIPT:
            raise UserError("not_a_receipt", "Only a receipt is issued anew to a company. Nothing was changed.")
        if Correction.objects.filter(document=document).exists():
            raise UserError(
                "already_credited", "A part of this receipt was credited already, so it stays as it is. Nothing was changed."
            )
        paid = _take_back_matches(document, actor, at)
        note = _cancel(document, actor, at)
        made, lines = _issue(document, buyer, actor, at)
        post_reissued(made, lines, actor, at)
        for allocation in paid:
            match_payment(
                payment=allocation.payment,
                key=f"reissue:{allocation.pk}",
                parts=[Part(allocation.amount, document=made)],
                actor=actor,
                at=at,
            )
        events.record(
            action="document.reissue",
            subject=made,
            summary=f"{document.number} issued anew to a company as {made.number}",
            actor=actor,
            at=at,
            entity=made.entity,
            changes={"receipt": document.number, "credit_note": note.number, "company": buyer["company"]},
        )
    return made


def _buyer(company: str, tax_id: str, street: str, postal_code: str, city: str, country: str) -> dict[str, str]:
    tax_id = re.sub(r"[\s.-]", "", tax_id).upper()
    given = (company, tax_id, street, postal_code, city, country.upper())
    found = {name: " ".join(value.split()) for name, value in zip(FIELDS, given, strict=True)}
    for name, value in found.items():
        words, longest = FIELDS[name]
        if not value and name != "postal_code":
            raise UserError(name, f"Enter the {words}. Nothing was changed.", name)
        if len(value) > longest or any(ord(letter) < 32 for letter in value):
            raise UserError(name, f"The {words} has at most {longest} characters. Nothing was changed.", name)
    if not _VAT_ID.match(found["vat_id"]):
        raise UserError("vat_id", "A VAT id begins with its country, like DE123456789. Nothing was changed.", "vat_id")
    if not _COUNTRY.match(found["country"]):
        raise UserError("country", "Write the country with two letters, like DE. Nothing was changed.", "country")
    return found


def _take_back_matches(document: Document, actor: User | None, at: datetime) -> list[PaymentAllocation]:
    rows = PaymentAllocation.objects.filter(document=document, reverses__isnull=True, reversed_by__isnull=True)
    paid = list(rows.select_related("payment").order_by("payment_id", "pk"))
    for allocation in paid:
        take_back_match(allocation=allocation, reason=f"{document.number} is issued anew to a company", actor=actor, at=at)
    return paid


def _cancel(document: Document, actor: User | None, at: datetime) -> Document:
    """A credit note of all its lines, those that cost nothing too. Its sessions stay billed: the invoice follows at once."""
    backs = [Back(one, one.left, {a: net for a, net in one.accounts.items() if net}) for one in lines_left(document)]
    note, lines = issue_credit_note(document=document, backs=backs, actor=actor, at=at)
    correction = Correction.objects.create(
        credit_note=note,
        document=document,
        key="reissue",
        reason="Issued anew to a company",
        open_amount=note.gross_amount,
        returned_amount=Decimal(0),
    )
    post_credit_note(note, lines, correction, actor, at)
    return note


def _issue(document: Document, buyer: dict[str, str], actor: User | None, at: datetime) -> tuple[Document, list[DocumentLine]]:
    today = document.entity.day_of(at)
    (pk,) = bulk.allocate_ids(Document, 1)
    lines = [
        DocumentLine(
            document_id=pk,
            position=line.position,
            **said_of_session(line),
            **{name: getattr(line, name) for name in _AMOUNTS},
        )
        for line in document.lines.order_by("position")
    ]
    DocumentLine.objects.bulk_create(lines, batch_size=500)
    DocumentTax.objects.bulk_create(taxes_of(pk, lines), batch_size=500)
    ((sequence, number),) = take_numbers(entity=document.entity, kind=DocumentKind.INVOICE, count=1, year=today.year)
    made = Document.objects.create(
        pk=pk,
        kind=DocumentKind.INVOICE,
        replaces=document,
        sequence=sequence,
        number=number,
        seller=seller_of(document.entity),
        buyer={**document.buyer, "name": buyer["company"], **buyer},
        issue_date=today,
        due_date=max(document.due_date, today) if document.due_date else None,
        issued_at=at,
        issued_by=actor,
        **{name: getattr(document, name) for name in _COPIED},
    )
    return made, lines
