"""Payout lists as files: what a bank takes. Pure: knows no Django."""

from billing.payouts.content import PayoutContent, Transfer, checked_payee
from billing.payouts.own_csv import payout_csv
from billing.payouts.pain001 import fits_sepa, pain001

__all__ = ["PayoutContent", "Transfer", "checked_payee", "fits_sepa", "pain001", "payout_csv"]
