"""Writes of the billing app, by noun."""

from billing.operations.prices import Priced, price_sessions
from billing.operations.tariffs import set_tariff, set_tax_rate

__all__ = ["Priced", "price_sessions", "set_tariff", "set_tax_rate"]
