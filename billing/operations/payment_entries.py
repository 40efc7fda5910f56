"""What money received does to the books: 1000 (bank, cash), 1055 (terminals) or 1050-NAME against 1100, 2000, 2050, 2090."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.document_models import Document
from billing.journal import EntryContent, Leg
from billing.operations.journal import post
from billing.payment_models import Payment, PaymentAllocation, PaymentMethod
from billing.refund_models import RefundDue
from chargebill.core.models import User
from memberships.models import Customer

ZERO = Decimal(0)
RECEIVABLES, CREDIT, NOT_MATCHED, PAYABLE = "1100", "2000", "2090", "2050"
RECEIVED_ON = {PaymentMethod.BANK: "1000", PaymentMethod.CASH: "1000", PaymentMethod.TERMINAL: "1055"}


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of a payment is for: a document, the credit of a customer, or to be given back."""

    amount: Decimal
    document: Document | None = None
    customer: Customer | None = None
    due: RefundDue | None = None

    @property
    def target(self) -> tuple[int | None, int | None, Decimal]:
        return (self.document.pk if self.document else None, self.customer.pk if self.customer else None, self.amount)


def received_entry(payment: Payment, parts: Sequence[Part]) -> EntryContent:
    """What a payment does to the books: the money's account against what it is for."""
    left = payment.amount - sum((part.amount for part in parts), ZERO)
    account = received_on(payment)
    legs = [_leg(account, payment, payment.amount, Part(payment.amount), is_debit=True)]
    legs += [_leg(_account(part), payment, part.amount, part, is_debit=False) for part in parts]
    if left:
        legs.append(_leg(NOT_MATCHED, payment, left, Part(left, customer=payment.customer), is_debit=False))
    numbers = [part.document.number for part in parts if part.document]
    return EntryContent(
        entity_id=payment.entity_id,
        key=f"payment_received:{payment.pk}:1",
        effective_date=payment.booked_on,
        description=f"{payment.get_method_display()} received: {said(parts)}"[:300],
        source_type="payment",
        source_id=str(payment.pk),
        document_no=numbers[0] if len(numbers) == 1 else "",
        reverses="",
        legs=tuple(legs),
    )


def post_allocation(
    payment: Payment, allocation: PaymentAllocation, part: Part, actor: User | None, at: datetime, *, back: bool = False
) -> None:
    """Not matched against what it is for; ``back`` the other way round. ``allocation`` is the row that is booked."""
    amount = abs(allocation.amount)
    own = _leg(_account(part), payment, amount, part, is_debit=back)
    other = _leg(NOT_MATCHED, payment, amount, Part(amount, customer=payment.customer), is_debit=not back)
    post(
        entity=payment.entity,
        key=f"payment_{'unmatched' if back else 'matched'}:{allocation.pk}:1",
        effective_date=allocation.booked_on,
        legs=[own, other] if back else [other, own],
        description=f"{'Match taken back' if back else 'Receipt matched'}: {said([part])}",
        source_type="payment",
        source_id=str(payment.pk),
        document_no=part.document.number if part.document else "",
        actor=actor,
        at=at,
    )


def received_on(payment: Payment) -> str:
    """The code of the account the money came to."""
    return f"1050-{payment.gateway}" if payment.gateway else RECEIVED_ON[PaymentMethod(payment.method)]


def said(parts: Sequence[Part]) -> str:
    if not parts:
        return "not matched"
    words = [
        part.document.number if part.document else "to be given back" if part.due else f"credit of {part.customer}"
        for part in parts
    ]
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")


def _account(part: Part) -> str:
    return RECEIVABLES if part.document else PAYABLE if part.due else CREDIT


def _leg(account: str, payment: Payment, amount: Decimal, part: Part, *, is_debit: bool) -> Leg:
    customer = part.document.customer_id if part.document else part.customer.pk if part.customer else None
    customer = part.due.customer_id if part.due else customer
    text = part.document.number if part.document else ""
    debit, credit = (amount, ZERO) if is_debit else (ZERO, amount)
    return Leg(account, debit, credit, payment.currency, customer_id=customer, description=text)
