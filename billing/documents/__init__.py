"""Documents, worked out: amounts, tax, credits, numbers, revenue. Frozen values, no Django."""

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
from billing.documents.credits import credit, credit_revenue, left_of
from billing.documents.numbers import number_text, prefix_problem
from billing.documents.revenue import revenue

__all__ = [
    "NOTHING",
    "Amounts",
    "DocumentAmounts",
    "Fixed",
    "Supply",
    "TaxSum",
    "add_up",
    "credit",
    "credit_revenue",
    "document_amounts",
    "left_of",
    "number_text",
    "prefix_problem",
    "revenue",
]
