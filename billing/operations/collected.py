"""Documents whose money another system took: paid from its takings the moment they are issued."""

from collections.abc import Iterable
from datetime import datetime

from billing.document_models import Document
from billing.operations.payment_entries import Part
from billing.operations.payments import record_payment
from billing.payment_models import PaymentMethod
from chargebill.core.models import User


def settle_collected(*, documents: Iterable[Document], actor: User | None, at: datetime) -> None:
    """Records the takings of those documents that were collected, on the day they are booked. The same again changes nothing.

    Call in the transaction that issues them. Raises UserError, changing nothing: what record_payment raises.
    """
    for document in documents:
        if document.is_collected and document.gross_amount > 0:
            record_payment(
                entity=document.entity,
                key=f"collected:{document.pk}",
                method=PaymentMethod.TERMINAL,
                amount=document.gross_amount,
                currency=document.currency,
                received_on=document.supplied_until,
                parts=[Part(document.gross_amount, document=document)],
                customer=document.customer,
                book_on=document.issue_date,
                actor=actor,
                at=at,
            )
