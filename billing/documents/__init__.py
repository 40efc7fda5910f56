"""Documents, worked out: amounts, tax and credits from fixed amounts. Frozen values, no Django."""

from billing.documents.amounts import (
    NOTHING,
    Amounts,
    DocumentAmounts,
    Fixed,
    Supply,
    TaxSum,
    add_up,
    document_amounts,
)
from billing.documents.credits import credit, left_of

__all__ = [
    "NOTHING",
    "Amounts",
    "DocumentAmounts",
    "Fixed",
    "Supply",
    "TaxSum",
    "add_up",
    "credit",
    "document_amounts",
    "left_of",
]
