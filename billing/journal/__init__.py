"""The double-entry journal's own arithmetic: legs, balance, an entry's content and hash, the chain. No Django, no clock.

Amounts are Decimals of one currency each, already rounded to its minor unit; debit and credit are never negative.
"""

from billing.journal.balance import check_legs, imbalances
from billing.journal.chain import GENESIS, Break, Link, linked, next_link
from billing.journal.chart import CHART, ChartAccount, Kind, chart_account, output_tax_code
from billing.journal.closing import ClosingStatement, digest_of
from billing.journal.content import EntryContent, Posted, entry_hash
from billing.journal.model import Leg, reversed_legs

__all__ = [
    "CHART",
    "GENESIS",
    "Break",
    "ChartAccount",
    "ClosingStatement",
    "EntryContent",
    "Kind",
    "Leg",
    "Link",
    "Posted",
    "chart_account",
    "check_legs",
    "digest_of",
    "entry_hash",
    "imbalances",
    "linked",
    "next_link",
    "output_tax_code",
    "reversed_legs",
]
