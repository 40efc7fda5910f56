"""What a form of an assignment says so far, in words, and how much it concerns."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from billing.assignment_checks import overlapping
from billing.assignments import RELATED, explain
from billing.models import Assignment
from chargebill.portal.assignment_form import AssignmentForm
from stations.models import Connector


@dataclass(frozen=True, slots=True)
class Preview:
    """``connectors`` it fits; ``unknown_power`` of those there that a band leaves out for want of a rated power."""

    sentence: str
    connectors: int
    unknown_power: int
    in_the_way: tuple[tuple[int, str], ...]


def preview_of(form: AssignmentForm, assignment: Assignment | None = None) -> Preview | None:
    """None while who, where or the tariff are not known. A handful of queries."""
    if not form.is_bound:
        return None
    tariff = form.cleaned_data.get("tariff") if hasattr(form, "cleaned_data") else None
    if tariff is None or form.errors:
        return None
    meant = Assignment(pk=assignment.pk if assignment else None, entity=form.entity, tariff=tariff, **form.terms())
    there = connectors_at(meant)
    fitting = there
    if meant.min_kw is not None:
        fitting = fitting.filter(rated_kw__gte=meant.min_kw)
    if meant.max_kw is not None:
        fitting = fitting.filter(rated_kw__lt=meant.max_kw)
    has_band = meant.min_kw is not None or meant.max_kw is not None
    return Preview(
        sentence=explain(meant),
        connectors=fitting.count(),
        unknown_power=there.filter(rated_kw=None).count() if has_band else 0,
        in_the_way=tuple((other.pk, explain(other)) for other in overlapping(meant).select_related(*RELATED)[:3]),
    )


def connectors_at(assignment: Assignment) -> QuerySet[Connector]:
    """The connectors its where names, whatever their power."""
    where = Q(evse__entity=assignment.entity_id)
    if assignment.connector_id:
        where &= Q(pk=assignment.connector_id)
    elif assignment.evse_id:
        where &= Q(evse=assignment.evse_id)
    elif assignment.location_id:
        where &= Q(evse__location=assignment.location_id)
    return Connector.objects.filter(where)
