"""Documents whose money another system took: paid from its takings the moment they are issued."""

from collections.abc import Iterable
from datetime import datetime

from billing.document_models import Document
from billing.operations.settling import Settled, settle
from billing.payment_models import PaymentMethod
from chargebill.core.models import LegalEntity, User


def settle_collected(*, entity: LegalEntity, documents: Iterable[Document], actor: User | None, at: datetime) -> None:
    """Records the takings of those documents that were collected, on the day they are booked. The same again changes nothing.

    Call in the transaction that issues them. Raises UserError, changing nothing: what record_payment raises.
    """
    taken = [
        Settled(
            document,
            key=f"collected:{document.pk}",
            method=PaymentMethod.TERMINAL,
            received_on=document.supplied_until,
            book_on=document.issue_date,
        )
        for document in documents
        if document.is_collected and document.gross_amount > 0
    ]
    settle(entity=entity, settled=taken, actor=actor, at=at)
