"""Writes of the billing app, by noun."""

from billing.operations.assignments import assign, change_assignment, delete_assignment, end_assignment
from billing.operations.prices import Priced, price_sessions
from billing.operations.tariffs import set_tariff
from billing.operations.taxes import approve_tax_rule, delete_tax_rule, set_tax_rate, set_tax_rule

__all__ = [
    "Priced",
    "approve_tax_rule",
    "assign",
    "change_assignment",
    "delete_assignment",
    "delete_tax_rule",
    "end_assignment",
    "price_sessions",
    "set_tariff",
    "set_tax_rate",
    "set_tax_rule",
]
