"""Connectors without a price, and assignments that contradict each other: what nobody guesses about."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from billing.assignment_gaps import STRANGER, Coverage, Driver, Lack, coverage
from billing.assignments import EVERY, RELATED, explain
from billing.models import Assignment
from chargebill.core.models import LegalEntity
from chargebill.portal.assignment_shown import chosen_company
from chargebill.portal.choices import today_of
from chargebill.portal.site import page, site
from memberships.models import Customer, CustomerGroup
from stations.models import Connector

PER_PAGE = 50
MOST_NAMES = 5


def covered(entity: LegalEntity) -> Coverage:
    """Who has no price where, as of now."""
    now = timezone.now()
    return coverage(entity.pk, day=today_of(entity, now), moment=now)


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """Assignments in words with their keys, whom they concern, and at how many connectors."""

    assignments: tuple[tuple[int, str], ...]
    customers: int
    names: tuple[str, ...]
    connectors: int


@dataclass(frozen=True, slots=True)
class ShownGap:
    connector: Connector
    who: str
    why: str


class Words:
    """Drivers in words. Reads the names it needs at once: two queries."""

    def __init__(self, drivers: Iterable[Driver]) -> None:
        self.drivers = tuple(drivers)
        groups = {pk for driver in self.drivers for pk in driver.who.group_ids}
        customers = {driver.who.customer_id for driver in self.drivers if driver.who.customer_id}
        self.groups = dict(CustomerGroup.objects.filter(pk__in=groups).values_list("pk", "name")) if groups else {}
        self.customers = dict(Customer.objects.filter(pk__in=customers).values_list("pk", "name")) if customers else {}

    def of(self, driver: Driver) -> str:
        if driver.who.customer_id:
            return f"customer {self.customers.get(driver.who.customer_id, '')}"
        kind = EVERY[driver.who.kind]
        if driver.who.group_ids:
            names = " and ".join(sorted(self.groups.get(pk, "") for pk in driver.who.group_ids))
            return f"{kind} in {names} ({driver.customers:,})"
        if driver.who == STRANGER.who:
            return "ad hoc drivers"
        return f"{kind} ({driver.customers:,})"

    def all(self, lacks: tuple[Lack, ...]) -> str:
        if len(lacks) == len(self.drivers):
            return "everyone"
        words = [self.of(lack.driver) for lack in lacks]
        return ", ".join(words[:MOST_NAMES]) + (f" and {len(words) - MOST_NAMES} more" if len(words) > MOST_NAMES else "")


def reason_of(lacks: tuple[Lack, ...], connector: Connector, has_bands: bool) -> str:
    if any(lack.choice.conflict for lack in lacks):
        return "Assignments contradict each other, see above."
    if any(lack.choice.tariff_id for lack in lacks):
        return "The tariff that is assigned has no version in force."
    if connector.rated_kw is None and has_bands:
        return "No assignment fits; those for a power band can’t, because nobody entered its rated power."
    return "No assignment fits."


@page("prices/missing/", name="no_price")
@require_GET
def no_price(request: HttpRequest) -> HttpResponse:
    """Of one company, as of now. The number of queries does not depend on the number of connectors."""
    if not request.user.has_perm("billing.view_assignment"):
        raise PermissionDenied
    companies = list(LegalEntity.objects.order_by("name"))
    entity = chosen_company(request) or (companies[0] if companies else None)
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = covered(entity) if entity else Coverage((), ())
    lacks = found.lacks()
    words = Words(found.drivers)
    rows = Connector.objects.filter(evse__entity=entity).select_related("evse__location")
    if text:
        rows = rows.filter(Q(evse__uid__istartswith=text) | Q(evse__location__name__icontains=text))
    order = rows.order_by("evse__location__name", "evse__uid", "number", "pk").values_list("pk", flat=True)
    # Those without any price first; the order is otherwise the one above.
    missing = sorted((pk for pk in order if pk in lacks), key=lambda pk: len(lacks[pk]) < len(found.drivers)) if lacks else []
    shown = Paginator(missing, PER_PAGE).get_page(request.GET.get("p"))
    of_page = rows.in_bulk(list(shown))
    has_bands = Assignment.objects.filter(Q(min_kw__isnull=False) | Q(max_kw__isnull=False), entity=entity).exists()
    gaps = [
        ShownGap(of_page[pk], words.all(lacks[pk]), reason_of(lacks[pk], of_page[pk], has_bands)) for pk in shown if pk in of_page
    ]
    context = {
        **site().each_context(request),
        "title": "Without a price",
        "entity": entity,
        "companies": companies,
        "text": text,
        "query": urlencode({name: value for name, value in (("entity", request.GET.get("entity", "")), ("q", text)) if value}),
        "count": found.connectors,
        "for_nobody": found.for_nobody,
        "for_some": found.connectors - found.for_nobody,
        "of_connectors": Connector.objects.filter(evse__entity=entity).count(),
        "page": shown,
        "gaps": gaps,
        "conflicts": _conflicts(found),
        "may_assign": request.user.has_perm("billing.add_assignment"),
    }
    return TemplateResponse(request, "portal/assignments/no_price.html", context)


def _conflicts(found: Coverage) -> list[ShownConflict]:
    conflicts = found.conflicts()
    ids = {pk for conflict in conflicts for pk in conflict.assignment_ids}
    assignments = Assignment.objects.select_related(*RELATED).in_bulk(ids) if ids else {}
    first = [pk for conflict in conflicts for driver in conflict.drivers for pk in driver.customer_ids[:MOST_NAMES]]
    names = dict(Customer.objects.filter(pk__in=first).values_list("pk", "name")) if first else {}
    shown = []
    for conflict in conflicts:
        customers = [pk for driver in conflict.drivers for pk in driver.customer_ids]
        shown.append(
            ShownConflict(
                tuple((pk, explain(assignments[pk])) for pk in conflict.assignment_ids),
                len(customers),
                tuple(names[pk] for pk in customers if pk in names)[:MOST_NAMES],
                len(conflict.connector_ids),
            )
        )
    return shown


@dataclass(frozen=True, slots=True)
class Needs:
    connectors: int
    conflicts: int


def needs_of(entity: LegalEntity) -> Needs:
    """What waits for a person: connectors without a price for anybody, and contradictions.

    One without a price for some may be meant so (members only); the page lists it, but nobody is called.
    """
    found = covered(entity)
    return Needs(found.for_nobody, len(found.conflicts()))
