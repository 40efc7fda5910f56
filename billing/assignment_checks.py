"""What an assignment must not say: two drivers at once, another company's place, what another one already says."""

from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Model, QuerySet

from billing.assignments import RELATED, explain, period_text, rule_of
from billing.chargeables import has_documents
from billing.models import Assignment, Chargeable
from chargebill.core.errors import UserError
from memberships.models import CustomerKind
from stations.models import Connector

WHO = ("token", "customer", "group", "customer_kind")
WHERE = ("connector", "evse", "location")
BAND = ("min_kw", "max_kw")


def check(assignment: Assignment) -> None:
    """Raises UserError, with the field it is about, unless an assignment may be saved as it is. Holds no lock itself."""
    who = [name for name in WHO if getattr(assignment, name)]
    if len(who) > 1:
        raise UserError(
            "several_who", "Name one of token, customer, group and customer kind, or none. Nothing was saved.", who[1]
        )
    where = [name for name in WHERE if getattr(assignment, name) is not None]
    if len(where) > 1:
        raise UserError("several_where", "Name one of connector, EVSE and place, or none. Nothing was saved.", where[1])
    if assignment.customer_kind and assignment.customer_kind not in CustomerKind.values:
        raise UserError(
            "customer_kind", f"{assignment.customer_kind!r} is no kind of customer. Nothing was saved.", "customer_kind"
        )
    for name in ("tariff", "token", "customer", "group", "connector", "evse", "location"):
        named: Model | None = getattr(assignment, name)
        if named is not None and _company(named) != assignment.entity_id:
            raise UserError(
                "other_company", f"{named} belongs to another company than {assignment.entity}. Nothing was saved.", name
            )
    check_band(assignment)
    check_dates(assignment, may_be_empty=False)
    check_overlap(assignment)


def _company(named: Any) -> int:
    company: int = named.evse.entity_id if isinstance(named, Connector) else named.entity_id
    return company


def check_band(assignment: Assignment) -> None:
    for name in BAND:
        kw = getattr(assignment, name)
        if kw is not None and (not kw.is_finite() or kw <= 0):
            raise UserError("band", f"{kw} kW is no power. Give more than 0, or leave it empty. Nothing was saved.", name)
        if kw is not None and (kw >= 100_000 or kw != round(kw, 2)):
            raise UserError("band", f"{kw} kW can't be kept: below 100,000 and two digits. Nothing was saved.", name)
    low, high = assignment.min_kw, assignment.max_kw
    if low is not None and high is not None and low >= high:
        raise UserError("band", f"No connector has {low} kW and more, but less than {high} kW. Nothing was saved.", "max_kw")


def check_dates(assignment: Assignment, *, may_be_empty: bool) -> None:
    """An end on the first day takes an assignment back; a new one that applies on no day is a mistake."""
    first, after = assignment.valid_from, assignment.valid_until
    if first and after and (after < first or (after == first and not may_be_empty)):
        raise UserError("dates", f"It would end before its first day, {first:%-d %b %Y}. Nothing was saved.", "valid_until")


def check_overlap(assignment: Assignment) -> None:
    other = overlapping(assignment).select_related(*RELATED).first()
    if other is not None:
        when = period_text(other)
        raise UserError(
            "assignment_overlap",
            f"{explain(other)}{'' if when else ', without an end'}. Both would apply to the same sessions: end that one "
            "first, or choose other days or another power. Nothing was saved.",
            f"assignment {other.pk}",
        )


def check_documents(assignment: Assignment) -> None:
    """Once documents are out, a session that was priced by it keeps its reason."""
    if assignment.valid_until is None:
        return
    if not has_documents(assignment.entity_id):
        return
    of_entity = Chargeable.objects.filter(session__entity=assignment.entity_id)
    last = of_entity.filter(cdr__assignment=assignment).order_by().values_list("session__location__time_zone")
    days = [
        moment.astimezone(ZoneInfo(zone or assignment.entity.time_zone or "UTC")).date()
        for zone, moment in last.annotate(last=Max("session__started_at"))
    ]
    if days and max(days) >= assignment.valid_until:
        raise UserError(
            "assignment_documented",
            f"A session of {max(days):%-d %b %Y} was priced by it, and {assignment.entity} has issued documents. Let it "
            "apply until that day or longer; nothing was changed.",
            "valid_until",
        )


def overlapping(assignment: Assignment) -> QuerySet[Assignment]:
    """Others of the same who and where that fit some connector on some day as specifically as this one."""
    # An empty who column says as much as a filled one: it is what makes the others' everyone the same as ours.
    same = {name: getattr(assignment, f"{name}_id") for name in (*WHO[:3], *WHERE)}
    keys = {f"{name}_id": value for name, value in same.items() if value is not None}
    found = Assignment.objects.filter(entity=assignment.entity_id, customer_kind=assignment.customer_kind, **keys)
    found = found.filter(**{f"{name}__isnull": True for name, value in same.items() if value is None})
    ids = [
        other.pk
        for other in found.exclude(pk=assignment.pk)
        if _meet(other.valid_from, other.valid_until, assignment.valid_from, assignment.valid_until)
        and rule_of(other).has_band == rule_of(assignment).has_band
        and _meet(other.min_kw, other.max_kw, assignment.min_kw, assignment.max_kw)
    ]
    return Assignment.objects.filter(pk__in=ids).order_by("pk")


def _meet(start: Any, end: Any, other_start: Any, other_end: Any) -> bool:
    """Whether two half-open ranges have something in common; None is no bound, and an empty range meets nothing."""
    starts = [bound for bound in (start, other_start) if bound is not None]
    ends = [bound for bound in (end, other_end) if bound is not None]
    return not (starts and ends) or max(starts) < min(ends)
