"""What a new company still has to tell ChargeBill before its first bill, read from the database each time."""

from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from billing.models import Assignment, TariffVersion, TaxRule
from chargebill.core.models import Job, LegalEntity
from chargebill.portal import company
from chargebill.portal.assignment_gaps import needs_of
from chargebill.portal.site import page
from stations.models import ImportBatch, Location

LOOKED_INTO = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``link`` is where it is done, "" while nobody provides that page."""

    title: str
    done: bool
    sentence: str
    action: str
    link: str


def _first_link(*candidates: tuple[str, tuple[object, ...]]) -> str:
    for name, args in candidates:
        try:
            return reverse(name, args=args)
        except NoReverseMatch:
            continue
    return ""


def _names(entities: list[LegalEntity]) -> str:
    return ", ".join(entity.name for entity in entities)


def steps() -> list[Step]:
    """The steps in the order they build on each other."""
    entities = list(LegalEntity.objects.all())
    return [_company(entities), _tax(entities), _places(), _tariffs(entities), _assignments(entities), _first_import()]


def _company(entities: list[LegalEntity]) -> Step:
    title = "Your company"
    if not entities:
        sentence = "Its name, address, currency and time zone: who bills, in which money, by which clock."
        return Step(title, False, sentence, "Enter your company", _first_link(("admin:core_legalentity_add", ())))
    unfinished = [entity for entity in entities if entity.missing or entity.is_provisional]
    if unfinished:
        entity = unfinished[0]
        what = ", ".join(entity.missing)
        sentence = f"{entity.name} still needs: {what}." if what else f"An import made {entity.name}; look it over once."
        return Step(title, False, sentence, "Complete it", _first_link(("admin:core_legalentity_change", (entity.pk,))))
    entity = entities[0]
    sentence = f"{_names(entities)}: complete."
    return Step(title, True, sentence, "Look at it", _first_link(("admin:core_legalentity_change", (entity.pk,))))


def _tax(entities: list[LegalEntity]) -> Step:
    title = "VAT or sales tax"
    covered = set(TaxRule.objects.values_list("entity_id", flat=True))
    lacking = [entity for entity in entities if entity.pk not in covered]
    if covered and not lacking:
        return Step(title, True, "Every company has a rate.", "Look at it", _first_link(("admin:billing_taxrule_changelist", ())))
    sentence = "The rate your prices carry, and where you have it from. Without one every session is held, never billed at 0 %."
    if covered:
        sentence = f"No rate yet for {_names(lacking)}. Its sessions are held until there is one."
    return Step(title, False, sentence, "Enter the rate", _first_link(("admin:billing_taxrule_add", ())))


def _places() -> Step:
    title = "Places"
    every = _first_link(("admin:stations_location_changelist", ()))
    waiting = Location.objects.filter(needs_review=True).count()
    if waiting:
        sentence = (
            f"{waiting} place{'s' if waiting > 1 else ''} came in with an import and wait{'' if waiting > 1 else 's'} for a look."
        )
        return Step(title, False, sentence, "Look them over", f"{every}?needs_review__exact=1" if every else "")
    known = Location.objects.count()
    if known:
        return Step(title, True, f"{known} place{'s' if known > 1 else ''}.", "Look at them", every)
    sentence = "Where people charge. An import makes unknown places by itself; entering them first saves the review."
    return Step(title, False, sentence, "Enter a place", _first_link(("admin:stations_location_add", ())))


def _tariffs(entities: list[LegalEntity]) -> Step:
    title = "Tariffs"
    covered = set(TariffVersion.objects.values_list("tariff__entity_id", flat=True))
    lacking = [entity for entity in entities if entity.pk not in covered]
    if covered and not lacking:
        return Step(
            title, True, "Every company has a tariff.", "Look at it", _first_link(("admin:billing_tariff_changelist", ()))
        )
    sentence = "What a start, a kWh, a minute of charging and a minute of idling cost."
    if covered:
        sentence = f"No tariff yet for {_names(lacking)}. Its sessions stay without a price until there is one."
    return Step(
        title, False, sentence, "Enter a tariff", _first_link(("admin:tariff_form", ()), ("admin:billing_tariff_add", ()))
    )


def _assignments(entities: list[LegalEntity]) -> Step:
    title = "Assignments"
    every = _first_link(("admin:billing_assignment_changelist", ()))
    assigned = set(Assignment.objects.values_list("entity_id", flat=True))
    lacking = [entity for entity in entities if entity.pk not in assigned]
    if lacking or not entities:
        sentence = "Who pays which tariff, and where. To begin with: everyone, at every place."
        if assigned:
            sentence = f"Nobody pays a tariff of {_names(lacking)} yet. Its sessions stay without a price."
        return Step(title, False, sentence, "Assign a tariff", _first_link(("admin:billing_assignment_add", ())))
    # Each costs a few queries: of many companies only some are looked into here.
    for entity in entities[:LOOKED_INTO]:
        if missing := needs_of(entity).connectors:
            sentence = f"{missing:,} connector{'s' if missing > 1 else ''} of {entity.name} without a price."
            return Step(title, False, sentence, "Look at them", f"{_first_link(('admin:no_price', ()))}?entity={entity.pk}")
    return Step(title, True, "Every connector has a price.", "Look at them", every)


def _first_import() -> Step:
    title = "First import"
    if ImportBatch.objects.filter(job__state=Job.State.DONE).exists():
        return Step(
            title, True, "Sessions are coming in.", "All imports", _first_link(("admin:stations_importbatch_changelist", ()))
        )
    sentence = "A file of sessions from your charging system. ChargeBill recognizes the usual layouts by their header."
    return Step(title, False, sentence, "Import a file", _first_link(("admin:import_upload", ())))


@page("checklist/", name="checklist")
def checklist(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("core.change_legalentity"):
        raise PermissionDenied
    todo = steps()
    context = {
        **admin.site.each_context(request),
        "title": "Checklist",
        "steps": todo,
        "done": sum(step.done for step in todo),
        "next_step": next((step for step in todo if not step.done), None),
        "may_switch": bool(company.other_instance()) and request.user.has_perm(company.SWITCH),
    }
    return TemplateResponse(request, "portal/checklist.html", context)
