"""Writes of the billing app, by noun."""

from billing.operations.assignments import assign, change_assignment, delete_assignment, end_assignment
from billing.operations.decisions import confirm_decision, decide_held
from billing.operations.document_runs import resume_issuing, start_issuing, stop_issuing
from billing.operations.documents import Issued, issue_documents
from billing.operations.number_series import change_number_series, number_series
from billing.operations.prices import Priced, price_sessions
from billing.operations.tariff_documents import Imported, import_tariff
from billing.operations.tariff_tiers import Tier, create_tiers
from billing.operations.tariffs import activate, create_tariff, discard_draft, rename_tariff, retire, save_draft, set_tariff
from billing.operations.taxes import approve_tax_rule, delete_tax_rule, set_tax_rate, set_tax_rule

__all__ = [
    "Imported",
    "Issued",
    "Priced",
    "Tier",
    "activate",
    "approve_tax_rule",
    "assign",
    "change_assignment",
    "change_number_series",
    "confirm_decision",
    "create_tariff",
    "create_tiers",
    "decide_held",
    "delete_assignment",
    "delete_tax_rule",
    "discard_draft",
    "end_assignment",
    "import_tariff",
    "issue_documents",
    "number_series",
    "price_sessions",
    "rename_tariff",
    "resume_issuing",
    "retire",
    "save_draft",
    "set_tariff",
    "set_tax_rate",
    "set_tax_rule",
    "start_issuing",
    "stop_issuing",
]
