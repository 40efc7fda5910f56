"""Bank statements read from files, and what each receipt may be for. No Django, no clock, no database.

Amounts are signed Decimals exactly as the file says them, in the account's currency: above zero money came in.
"""

from billing.banking.line_keys import keyed
from billing.banking.model import BankFileContent, Line, Statement
from billing.banking.outgoing import named_in
from billing.banking.own_csv import COLUMNS, template
from billing.banking.proposals import Certainty, OpenDocument, Proposal, Receipt, proposal, sequences_in
from billing.banking.reading import LARGEST_FILE, read_bank_file

__all__ = [
    "COLUMNS",
    "LARGEST_FILE",
    "BankFileContent",
    "Certainty",
    "Line",
    "OpenDocument",
    "Proposal",
    "Receipt",
    "Statement",
    "keyed",
    "named_in",
    "proposal",
    "read_bank_file",
    "sequences_in",
    "template",
]
