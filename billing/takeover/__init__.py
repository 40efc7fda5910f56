"""Taking over from another system: files read line by line into what each line would do, or what is wrong with it.

No Django, no clock: what is there already is handed in. docs/taking-over.md has the files.
"""

from billing.takeover.model import Column, Line, Problem, Report
from billing.takeover.open_invoices import OpenInvoice, last_count, read_open_invoices
from billing.takeover.receivables import listed_of

__all__ = ["Column", "Line", "OpenInvoice", "Problem", "Report", "last_count", "listed_of", "read_open_invoices"]
