"""Reads what a company's dispute desk goes by: calendar, lengths of clocks, outside bodies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from billing.pricing.jurisdictions import EU
from chargebill.core.models import LegalEntity
from disputes.settings_models import DisputeSettings, Holiday
from disputes.workflow.calendars import WEEKDAYS, Calendar
from disputes.workflow.durations import DEFAULTS, Durations
from disputes.workflow.states import Clock

# Whom a consumer can turn to, by the company's country, where a company names nobody itself.
BODIES = {
    "AT": ("Schlichtung für Verbrauchergeschäfte, Wien",),
    "DE": ("Universalschlichtungsstelle des Bundes, Kehl",),
    "GB": ("the Citizens Advice consumer service",),
    "US": ("the consumer protection office of your state",),
}
EUROPEAN_BODY = ("the European Consumer Centre of your country",)


@dataclass(frozen=True, slots=True)
class Desk:
    """One company's calendar, clocks and outside bodies."""

    calendar: Calendar
    durations: Durations
    outside_bodies: tuple[str, ...]


def desk_of(entity: LegalEntity) -> Desk:
    return desks_of([entity])[entity.pk]


def desks_of(entities: Iterable[LegalEntity]) -> dict[int, Desk]:
    """By company. Two queries for any number."""
    found = list(entities)
    settings = {one.pk: one for one in DisputeSettings.objects.filter(entity__in=found)}
    holidays: dict[int, set[date]] = {entity.pk: set() for entity in found}
    for pk, day in Holiday.objects.filter(entity__in=found).values_list("entity_id", "day"):
        holidays[pk].add(day)
    return {
        entity.pk: _desk(entity, settings.get(entity.pk) or DisputeSettings(entity=entity), frozenset(holidays[entity.pk]))
        for entity in found
    }


def settings_of(entity: LegalEntity) -> DisputeSettings:
    """What a company said; the defaults where nobody has."""
    return DisputeSettings.objects.filter(pk=entity.pk).first() or DisputeSettings(entity=entity)


def _desk(entity: LegalEntity, settings: DisputeSettings, holidays: frozenset[date]) -> Desk:
    hours = {int(day): (opens, closes) for day, (opens, closes) in settings.hours.items()} or dict(WEEKDAYS)
    lengths = {**DEFAULTS, **{Clock(clock): length for clock, length in settings.durations.items()}}
    return Desk(
        Calendar(zone=ZoneInfo(entity.time_zone or "UTC"), hours=hours, holidays=holidays),
        Durations(of=lengths, reminder_days=settings.reminder_days, reopening_days=settings.reopening_days),
        bodies_of(entity, settings),
    )


def bodies_of(entity: LegalEntity, settings: DisputeSettings) -> tuple[str, ...]:
    named = tuple(line.strip() for line in settings.outside_bodies.splitlines() if line.strip())
    return named or BODIES.get(entity.country) or (EUROPEAN_BODY if entity.country in EU else ())
