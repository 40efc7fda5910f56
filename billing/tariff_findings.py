"""What the lint finds in a tariff, wherever it is assigned: one look for each kind of place and driver."""

from collections.abc import Iterable
from datetime import date

from billing.models import Assignment, Tariff
from billing.pricing import Tariff as CoreTariff
from billing.pricing.lint import Finding, Setting, Severity, lint
from chargebill.core.models import LegalEntity
from memberships.models import CustomerKind

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def settings_of(entity: LegalEntity, tariff: Tariff | None, *, day: date) -> frozenset[Setting]:
    """Where the tariff applies from ``day`` on, by its assignments; while it has none, anywhere of the company.

    One query. A tariff that is new has no assignments.
    """
    found = set()
    rows = Assignment.objects.filter(tariff=tariff).select_related("connector") if tariff else ()
    for row in rows:
        if row.valid_until is not None and row.valid_until <= day:
            continue
        band = (row.min_kw, row.max_kw)
        if row.connector is not None and row.connector.rated_kw is not None:
            band = (row.connector.rated_kw, row.connector.rated_kw)
        named = row.token_id or row.customer_id or row.group_id
        found.add(
            Setting(
                country=entity.country,
                ad_hoc=not named and row.customer_kind in ("", CustomerKind.AD_HOC),
                rated_kw=band,
                day=day,
            )
        )
    return frozenset(found) or frozenset({Setting(country=entity.country, day=day)})


def findings(tariff: CoreTariff, settings: Iterable[Setting]) -> tuple[Finding, ...]:
    """What is found in any of the settings, each once, errors first, then in the order of the rules."""
    found = {one: None for setting in sorted(settings, key=repr) for one in lint(tariff, setting=setting)}
    return tuple(sorted(found, key=lambda one: (_RANK[one.severity], -1 if one.element is None else one.element)))


def errors(found: Iterable[Finding]) -> list[Finding]:
    """Those that keep a tariff from being activated."""
    return [one for one in found if one.severity is Severity.ERROR]
