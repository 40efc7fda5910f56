"""Reads money received: what is open on documents, what of a receipt is not matched, what waits, what is proposed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, DecimalField, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Lower

from billing.bank_models import BankLine
from billing.banking import OpenDocument, Proposal, Receipt, proposal, sequences_in
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind
from billing.payment_models import Payment, PaymentAllocation
from chargebill.core.models import LegalEntity
from memberships.models import Customer

ZERO = Decimal(0)
# Half of the smallest minor unit: SQLite adds amounts as floats.
LEAST = Decimal("0.0005")
_MONEY: DecimalField[Decimal, Decimal] = DecimalField(max_digits=15, decimal_places=3)


def _sum_of(of: str) -> Coalesce:
    """What is allocated of a document or of a payment, as part of its own query."""
    rows = PaymentAllocation.objects.filter(**{of: OuterRef("pk")}).order_by().values(of).annotate(total=Sum("amount"))
    return Coalesce(Subquery(rows.values("total"), output_field=_MONEY), Value(ZERO), output_field=_MONEY)


def _taken_off() -> Coalesce:
    """What credit notes took off what was open on a document, as part of its own query."""
    rows = Correction.objects.filter(document=OuterRef("pk")).order_by().values("document").annotate(total=Sum("open_amount"))
    return Coalesce(Subquery(rows.values("total"), output_field=_MONEY), Value(ZERO), output_field=_MONEY)


def payable(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Those of the documents that somebody may owe: no credit notes."""
    return documents.filter(corrects__isnull=True)


def owed(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Those of the documents that are open, with ``open_amount``: their gross less what was allocated and credited."""
    left = F("gross_amount") - _sum_of("document") - _taken_off()
    return payable(documents).annotate(open_amount=left).filter(open_amount__gte=LEAST)


def open_documents(entity: LegalEntity | None) -> QuerySet[Document]:
    """Documents on which something is still owed, those taken over too, the oldest first; of one company or of all."""
    mine = Document.claims.filter(entity=entity) if entity else Document.claims.all()
    return owed(mine).order_by("issue_date", "pk")


def open_amounts(document_ids: Iterable[int]) -> dict[int, Decimal]:
    """What is open on each of these documents, exactly; of a credit note nothing ever is."""
    ids = list(document_ids)
    found = {
        pk: ZERO if corrects else gross
        for pk, corrects, gross in Document.claims.filter(pk__in=ids).values_list("pk", "corrects_id", "gross_amount")
    }
    for pk, amount in PaymentAllocation.objects.filter(document_id__in=ids).values_list("document_id", "amount"):
        found[pk or 0] -= amount
    for pk, amount in Correction.objects.filter(document_id__in=ids).values_list("document_id", "open_amount"):
        found[pk] -= amount
    return found


def with_unmatched(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    """Payments with ``unmatched``: what of them is for nothing yet; zero where they were taken back."""
    left = F("amount") - _sum_of("payment")
    return payments.annotate(unmatched=Case(When(reversal__isnull=False, then=Value(ZERO)), default=left, output_field=_MONEY))


def unmatched_of(payment: Payment) -> Decimal:
    """The same of one payment, exactly."""
    if hasattr(payment, "reversal"):
        return ZERO
    allocated: Decimal = sum(payment.allocations.values_list("amount", flat=True), ZERO)
    return Decimal(payment.amount) - allocated


def waiting_lines(entity: LegalEntity | None) -> QuerySet[BankLine]:
    """Money that came in by bank and about which nobody has decided yet, the oldest first; no refund that came
    back, no payout of an acquirer."""
    lines = BankLine.objects.filter(amount__gt=0, payment__isnull=True, refund_lines__isnull=True, settlement__isnull=True)
    if entity:
        lines = lines.filter(account__entity=entity)
    return lines.select_related("account__entity", "statement").order_by("booked_on", "pk")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A receipt with what it seems to be for. ``parts`` are (document, amount); ``credit`` goes to ``customer``.

    ``customer`` is that of the documents when they have one; what is more than ``parts`` and ``credit`` stays not matched.
    """

    proposal: Proposal
    parts: tuple[tuple[Document, Decimal], ...]
    credit: Decimal
    customer: Customer | None


def one_customer(documents: Iterable[Document]) -> Customer | None:
    """The customer of all these documents, None where they have several or none."""
    found = {document.customer_id: document.customer for document in documents}
    return next(iter(found.values())) if len(found) == 1 else None


def proposals(entity: LegalEntity, lines: Sequence[BankLine]) -> dict[int, Proposed]:
    """What these lines of a company seem to be for, by line. The number of queries does not depend on their number."""
    texts = {line.pk: f"{line.purpose} {line.end_to_end}" for line in lines}
    counts = set().union(*(sequences_in(text) for text in texts.values()))
    customers = _payers(entity, lines)
    known = set().union(*customers.values())
    mine = payable(Document.claims.filter(entity=entity)).select_related("customer")
    # In two queries: each is answered by an index.
    ours, others = mine.exclude(kind=DocumentKind.TAKEN_OVER), mine.filter(kind=DocumentKind.TAKEN_OVER)
    found = {d.pk: d for part in (ours, others) for d in part.filter(sequence__in=counts)} if counts else {}
    if known:
        amounts = {line.amount for line in lines if customers[line.pk]}
        # A document that was paid in part may owe exactly this, too: the customer's open ones are all looked at.
        found |= {d.pk: d for d in owed(mine.filter(customer_id__in=known)) if d.gross_amount >= min(amounts)}
    still = open_amounts(found)
    made = {}
    for line in lines:
        candidates = [
            OpenDocument(d.pk, d.number, d.customer_id, still[d.pk]) for d in found.values() if d.currency == line.currency
        ]
        made[line.pk] = _proposed(proposal(Receipt(line.amount, texts[line.pk], customers[line.pk]), candidates), line, found)
    return made


def _proposed(made: Proposal, line: BankLine, found: dict[int, Document]) -> Proposed:
    parts = tuple((found[pk], amount) for pk, amount in made.parts)
    customer = one_customer(document for document, _ in parts)
    left = line.amount - sum((amount for _, amount in parts), ZERO)
    return Proposed(made, parts, left if customer else ZERO, customer)


def _payers(entity: LegalEntity, lines: Sequence[BankLine]) -> dict[int, frozenset[int]]:
    """The customers who have the payer's name, or who have paid from the payer's account before."""
    names = {line.name.lower() for line in lines if line.name}
    by_name: dict[str, set[int]] = defaultdict(set)
    customers = Customer.objects.filter(entity=entity).annotate(name_l=Lower("name"), company_l=Lower("company"))
    for pk, *known_as in customers.filter(Q(name_l__in=names) | Q(company_l__in=names)).values_list("pk", "name_l", "company_l"):
        for name in known_as:
            by_name[name].add(pk)
    accounts = {line.counterparty for line in lines if line.counterparty}
    by_account: dict[str, set[int]] = defaultdict(set)
    paid = Payment.objects.filter(entity=entity, bank_line__counterparty__in=accounts, customer__isnull=False)
    for account, pk in paid.values_list("bank_line__counterparty", "customer_id").distinct():
        by_account[account].add(pk or 0)
    return {
        line.pk: frozenset((by_name[line.name.lower()] if line.name else set()) | by_account[line.counterparty]) for line in lines
    }


def newest_booking(entity: LegalEntity) -> str:
    """The day of the newest line from the bank, as text; "" where there is none."""
    newest = BankLine.objects.filter(account__entity=entity).aggregate(day=Max("booked_on"))["day"]
    return newest.isoformat() if newest else ""
