"""What several pages about assignments need to know: whose they are, and whether they are in force."""

from datetime import date

from django.http import HttpRequest

from billing.models import Assignment
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity


def state_of(assignment: Assignment, today: date) -> str:
    """in_force, later or ended: a mark of the glossary."""
    if assignment.valid_until is not None and assignment.valid_until <= today:
        return "ended"
    return "later" if assignment.valid_from is not None and assignment.valid_from > today else "in_force"


def chosen_company(request: HttpRequest) -> LegalEntity | None:
    """The company the URL names, else the only one."""
    named: LegalEntity | None = row_in(LegalEntity, request.GET.get("entity", ""))
    if named:
        return named
    companies = list(LegalEntity.objects.all()[:2])
    return companies[0] if len(companies) == 1 else None
