"""The chart of accounts, in code. A code is what rules book on and never changes; name and number are the company's own."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from chargebill.core.errors import UserError


class Kind(Enum):
    """Where an account belongs; assets and expenses grow by debits, the rest by credits."""

    ASSET = "Asset"
    LIABILITY = "Liability"
    INCOME = "Income"
    EXPENSE = "Expense"
    OPENING = "Opening"


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """``number`` is the one it starts with; an account of its own (a gateway, a tax rate) starts with its code."""

    code: str
    name: str
    kind: Kind
    number: str


_A, _L, _I, _E = Kind.ASSET, Kind.LIABILITY, Kind.INCOME, Kind.EXPENSE
CHART: dict[str, ChartAccount] = {
    code: ChartAccount(code, name, kind, code)
    for code, name, kind in (
        ("1000", "Bank", _A),
        ("1050", "Gateway balance", _A),
        ("1055", "Terminal takings", _A),
        ("1060", "Payouts in transit", _A),
        ("1100", "Receivables", _A),
        ("1110", "Priced, not invoiced", _A),
        ("1150", "Funds held in chargebacks", _A),
        ("1210", "Input VAT", _A),
        ("2000", "Customer credit", _L),
        ("2050", "Refunds payable", _L),
        ("2090", "Receipts not matched", _L),
        ("2110", "Due to site hosts", _L),
        ("2200", "Deferred membership fees", _L),
        ("2300", "Chargeback clearing", _L),
        ("4000", "Energy", _I),
        ("4010", "Time", _I),
        ("4020", "Idle and parking", _I),
        ("4030", "Session fee", _I),
        ("4040", "Roaming", _I),
        ("4100", "Membership", _I),
        ("4900", "Credits and goodwill", _I),
        ("5000", "Site hosts' share", _E),
        ("6000", "Gateway fees", _E),
        ("6010", "Dispute fees", _E),
        ("6020", "Chargeback loss", _E),
        ("6030", "Bad debt", _E),
        ("9000", "Opening balances", Kind.OPENING),
        ("9990", "Rounding", _E),
    )
}
OPENING = "9000"
# "2100-DE-19": output VAT of a country (or a region of one) at a rate in percent, without zeros at its end.
_OUTPUT_TAX = re.compile(r"\A2100-([A-Z]{2}(?:-[A-Z0-9]{1,3})?)-((?:0|[1-9]\d{0,2})(?:\.\d{0,2}[1-9])?)\Z", re.ASCII)
_GATEWAY = re.compile(r"\A1050-([a-z0-9_]{1,20})\Z")


def output_tax_code(country: str, rate: Decimal) -> str:
    """The code of the account for output VAT: a country such as DE or US-CA, a rate in percent. Raises UserError."""
    plain = f"{rate:f}"
    code = f"2100-{country}-{plain.rstrip('0').rstrip('.') if '.' in plain else plain}"
    chart_account(code)
    return code


def chart_account(code: str, where: str = "") -> ChartAccount:
    """What a code stands for, an account of a tax rate ("2100-DE-19") or a gateway ("1050-stripe") too.

    Raises UserError unknown_account.
    """
    if found := CHART.get(code):
        return found
    if tax := _OUTPUT_TAX.match(code):
        return ChartAccount(code, f"Output VAT {tax[1]} {tax[2]} %", Kind.LIABILITY, code)
    if gateway := _GATEWAY.match(code):
        return ChartAccount(code, f"Gateway balance {gateway[1]}", Kind.ASSET, code)
    raise UserError("unknown_account", f"There is no account {code!r} in the chart of accounts. Nothing was changed.", where)
