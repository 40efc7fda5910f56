"""Gives tariffs to drivers and places, ends and removes what was given. Of one entity only one saving at a time."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction

from billing.assignment_checks import BAND, WHERE, WHO, check, check_dates, check_documents, check_overlap
from billing.assignments import RELATED, explain
from billing.models import Assignment, Cdr, Tariff
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from memberships.models import Customer, CustomerGroup, Token
from stations.models import Connector, Evse, Location

DATES = ("valid_from", "valid_until")


class Terms(TypedDict, total=False):
    """At most one who and one where (none: everyone, every place), rated kW [min, max), local days [from, until)."""

    token: Token | None
    customer: Customer | None
    group: CustomerGroup | None
    customer_kind: str
    connector: Connector | None
    evse: Evse | None
    location: Location | None
    min_kw: Decimal | None
    max_kw: Decimal | None
    valid_from: date | None
    valid_until: date | None


def assign(
    *, entity: LegalEntity, tariff: Tariff, actor: User | None, at: datetime, reason: str = "", **terms: Unpack[Terms]
) -> Assignment:
    """Gives a tariff to some of the entity's sessions; the caller starts their pricing.

    Raises UserError, changing nothing: several_who, several_where, other_company, band, dates, and assignment_overlap
    where another one says something for the same who and where, an overlapping band and overlapping days.
    """
    with transaction.atomic():
        # Savings take turns, so that two can't both find nothing in their way; and chunks being priced hold this row
        # shared: they end first, the ones after see what was saved.
        _lock(entity.pk)
        assignment = Assignment(entity=entity, tariff=tariff, created_by=actor, created_at=at, **terms)
        check(assignment)
        assignment.save()
        events.record(
            action="assignment.add",
            subject=assignment,
            summary=_summary(assignment, ""),
            actor=actor,
            at=at,
            entity=entity,
            reason=reason,
            changes={name: [None, value] for name, value in _values(assignment).items() if value},
        )
    return assignment


def change_assignment(
    *, assignment: Assignment, tariff: Tariff, actor: User | None, at: datetime, reason: str = "", **terms: Unpack[Terms]
) -> Assignment:
    """Gives an assignment new terms; what is not named becomes empty. The same terms again change nothing.

    Raises UserError like ``assign``, and assignment_used once a price refers to it: then only its end may change.
    """
    with transaction.atomic():
        _lock(assignment.entity_id)
        stored = _stored(assignment)
        was = _values(stored)
        for name in (*WHO, *WHERE, *BAND, *DATES):
            setattr(stored, name, terms.get(name, "" if name == "customer_kind" else None))
        stored.tariff = tariff
        changed = {name: [was[name], value] for name, value in _values(stored).items() if was[name] != value}
        if not changed:
            return stored
        if set(changed) - {"valid_until"} and is_used(stored):
            raise UserError(
                "assignment_used",
                "Sessions were priced by it, so only its end may change. End it and add a new one from that day on; "
                "nothing was saved.",
            )
        check(stored)
        if "valid_until" in changed:
            check_documents(stored)
        stored.save()
        events.record(
            action="assignment.change",
            subject=stored,
            summary=_summary(stored, "Changed: "),
            actor=actor,
            at=at,
            entity=stored.entity,
            reason=reason,
            changes=changed,
        )
    return stored


def end_assignment(
    *, assignment: Assignment, valid_until: date | None, reason: str, actor: User | None, at: datetime
) -> Assignment:
    """Sets the first day on which it no longer applies; None: it has no end any more. The caller starts the pricing.

    Raises UserError, changing nothing: dates, assignment_overlap where a later end meets another one, and
    assignment_documented where the entity has issued documents and a session after the new end was priced by it.
    """
    with transaction.atomic():
        _lock(assignment.entity_id)
        stored = _stored(assignment)
        if stored.valid_until == valid_until:
            return stored
        was = _values(stored)["valid_until"]
        stored.valid_until = valid_until
        check_dates(stored, may_be_empty=True)
        check_overlap(stored)
        check_documents(stored)
        stored.save(update_fields=["valid_until"])
        events.record(
            action="assignment.end",
            subject=stored,
            summary=_summary(stored, "Ended: " if valid_until else "No end any more: "),
            actor=actor,
            at=at,
            entity=stored.entity,
            reason=reason,
            changes={"valid_until": [was, _values(stored)["valid_until"]]},
        )
    return stored


def delete_assignment(*, assignment: Assignment, reason: str, actor: User | None, at: datetime) -> None:
    """Removes one no price ever referred to; the caller starts the pricing. Raises UserError assignment_used."""
    with transaction.atomic():
        _lock(assignment.entity_id)
        stored = _stored(assignment)
        if is_used(stored):
            raise UserError(
                "assignment_used", "Sessions were priced by it, so it stays as their reason. End it instead; nothing was changed."
            )
        events.record(
            action="assignment.delete",
            subject=stored,
            summary=_summary(stored, "Deleted: "),
            actor=actor,
            at=at,
            entity=stored.entity,
            reason=reason,
            changes={name: [value, None] for name, value in _values(stored).items() if value},
        )
        stored.delete()


def is_used(assignment: Assignment) -> bool:
    """Whether any price, superseded ones too, refers to it."""
    return Cdr.objects.filter(assignment=assignment).exists()


def _lock(entity_id: int) -> None:
    LegalEntity.objects.select_for_update().get(pk=entity_id)


def _stored(assignment: Assignment) -> Assignment:
    stored = Assignment.objects.select_related(*RELATED).filter(pk=assignment.pk).first()
    if stored is None:
        raise UserError("assignment_gone", "It was deleted meanwhile. Nothing was changed.")
    return stored


def _values(assignment: Assignment) -> dict[str, str]:
    """What it says, as events keep it; "" is nothing."""
    values = {name: getattr(assignment, name) for name in ("tariff", *WHO, *WHERE, *BAND, *DATES)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _summary(assignment: Assignment, before: str) -> str:
    return f"{before}{explain(assignment)}"
