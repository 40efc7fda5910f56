"""What our accounts are usually called in a target: where a company begins, for its accountant to go through.

DATEV's are accounts without automatic tax and without a ledger of persons behind them, because tax is a row of its own
and customers are kept here. Accounts that are booked against each other have numbers of their own.
"""

import re

from billing.exports.model import Target
from billing.journal import chart_account

# Code -> (SKR03, SKR04).
_SKR = {
    "1000": ("1200", "1800"),
    "1050": ("1210", "1810"),
    "1055": ("1010", "1610"),
    "1060": ("1360", "1460"),
    "1100": ("1410", "1210"),
    "1110": ("1501", "1301"),
    "1150": ("1500", "1300"),
    "1210": ("1570", "1400"),
    "2000": ("1710", "3250"),
    "2050": ("1700", "3500"),
    "2090": ("1590", "1370"),
    "2110": ("1610", "3310"),
    "2200": ("0990", "3900"),
    "2300": ("1592", "1374"),
    "4000": ("8200", "4200"),
    "4010": ("8200", "4200"),
    "4020": ("8200", "4200"),
    "4030": ("8200", "4200"),
    "4040": ("8200", "4200"),
    "4100": ("8200", "4200"),
    "4900": ("8700", "4700"),
    "5000": ("3100", "5900"),
    "6000": ("4970", "6855"),
    "6010": ("4970", "6855"),
    "6020": ("2400", "6930"),
    "6030": ("2400", "6930"),
    "9000": ("9000", "9000"),
    "9990": ("4900", "6300"),
}
_OUTPUT_TAX = {"2100-DE-19": ("1776", "3806"), "2100-DE-7": ("1771", "3801")}
# Tax of another country's sales.
_FOREIGN_TAX = ("1767", "3817")
# Xero's own chart where it has one; a code of ours where not.
_XERO = {"1100": "611", "1210": "821", "4000": "200", "6000": "404", "6030": "409"}
# QuickBooks groups by name: sub-accounts as Parent:Sub.
_QUICKBOOKS = {
    "1000": "Checking",
    "1100": "Accounts Receivable (A/R)",
    "2100": "Sales tax payable",
    "4000": "Charging revenue:Energy",
    "4010": "Charging revenue:Time",
    "4020": "Charging revenue:Idle and parking",
    "4030": "Charging revenue:Session fees",
    "4040": "Charging revenue:Roaming",
    "4100": "Membership fees",
    "9000": "Opening Balance Equity",
}
# Name -> target, chart: what the mapping page offers.
CHARTS = {
    "SKR03": (Target.DATEV, "03"),
    "SKR04": (Target.DATEV, "04"),
    "QuickBooks": (Target.QUICKBOOKS, ""),
    "Xero": (Target.XERO, ""),
}
_TAX_ACCOUNT = re.compile(r"\A2100-")
# The rate of Xero that computes nothing, by the country of the organisation.
NO_TAX_RATE = {"GB": "No VAT", "IE": "No VAT", "AU": "BAS Excluded", "NZ": "No GST", "ZA": "No VAT"}


def no_tax_rate(target: Target, country: str) -> str:
    return "Out of Scope" if target == Target.QUICKBOOKS else NO_TAX_RATE.get(country, "Tax Exempt")


def preset_of(name: str, code: str, *, account_length: int = 4) -> str:
    """What an account of ours, by its code, is called in a preset of CHARTS; DATEV's numbers made as long as they are there."""
    target, chart = CHARTS[name]
    ours = chart_account(code)
    if target == Target.DATEV:
        found = _SKR.get(code) or _OUTPUT_TAX.get(code) or (_FOREIGN_TAX if _TAX_ACCOUNT.match(code) else None)
        # An account of one gateway stands with the gateways.
        found = found or _SKR[code.partition("-")[0]]
        return found[0 if chart == "03" else 1].ljust(account_length, "0")
    if target == Target.XERO:
        return _XERO.get(code, code.replace("-", "")[:10])
    if code in _QUICKBOOKS:
        return _QUICKBOOKS[code]
    return f"{_QUICKBOOKS['2100']}:{ours.name}" if _TAX_ACCOUNT.match(code) else ours.name
