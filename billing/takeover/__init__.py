"""Taking over from another system: files read line by line into what each line would do, or what is wrong with it.

No Django, no clock: what is there already is handed in. docs/taking-over.md has the files.
"""

from billing.takeover.gateway_customers import GatewayId, read_gateway_customers
from billing.takeover.model import Column, Line, Problem, Report
from billing.takeover.next_numbers import NextNumber, Series, read_next_numbers
from billing.takeover.open_invoices import OpenInvoice, last_count, read_open_invoices
from billing.takeover.receivables import listed_of

__all__ = [
    "Column",
    "GatewayId",
    "Line",
    "NextNumber",
    "OpenInvoice",
    "Problem",
    "Report",
    "Series",
    "last_count",
    "listed_of",
    "read_gateway_customers",
    "read_next_numbers",
    "read_open_invoices",
]
