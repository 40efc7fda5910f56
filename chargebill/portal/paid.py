"""What was paid on documents, taken off them and given back: on the page of their payments, and beside a case about them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billing.credit_models import Correction
from billing.document_models import Document
from billing.payment_models import PaymentAllocation
from billing.payments import open_amounts
from billing.refund_models import RefundDue
from billing.refunds import with_state


@dataclass(slots=True)
class Paid:
    """One document; ``dues`` (with ``left`` and ``state``) only where refunds may be seen. Amounts incl. tax."""

    document: Document
    open_amount: Decimal
    allocations: list[PaymentAllocation] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    dues: list[Any] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        return sum((part.amount for part in self.allocations), Decimal(0))

    @property
    def state(self) -> str:
        """open, part or paid: a state of the glossary."""
        if self.open_amount <= 0:
            return "paid"
        return "open" if self.open_amount == self.document.gross_amount else "part"


def paid_on(documents: Sequence[Document], *, with_refunds: bool) -> list[Paid]:
    """In the order of the documents. So many queries, however many they are."""
    ids = [document.pk for document in documents]
    still = open_amounts(ids)
    found = {document.pk: Paid(document, still[document.pk]) for document in documents}
    for part in PaymentAllocation.objects.filter(document__in=ids).select_related("payment", "made_by").order_by("pk"):
        found[part.document_id].allocations.append(part)
    for one in Correction.objects.filter(document__in=ids).select_related("credit_note").order_by("pk"):
        found[one.document_id].corrections.append(one)
    if with_refunds:
        dues: dict[int, list[Any]] = defaultdict(list)
        for due in with_state(RefundDue.objects.filter(document__in=ids).order_by("pk")):
            dues[due.document_id or 0].append(due)
        for pk, rows in dues.items():
            found[pk].dues = rows
    return list(found.values())
