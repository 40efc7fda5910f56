"""The cases behind a figure of the statistics, as a filter of the queue: what was counted is what is listed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from unfold.contrib.filters.admin import DropdownFilter

from chargebill.analytics.case_statistics import cases_behind
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from chargebill.portal import format as written
from chargebill.portal.disputes.roles import may_compare_people
from disputes.models import Case
from disputes.statistics.figures import COUNTED
from disputes.statistics.spans import EARLIEST, LATEST, name_of
from disputes.statistics_queries import DIMENSIONS

WORDS = {
    "received": "received",
    "merged": "merged into another",
    "cases": "cases opened",
    "open": "still open",
    "unanswered": "not answered yet",
    "replied": "answered",
    "first_late": "first reply late",
    "final_late": "final position late",
    "resolved": "resolved or closed",
    "resolved_in_time": "resolved in time",
    "whole": "upheld in whole",
    "part": "upheld in part",
    "not": "not upheld",
    "upheld": "upheld",
    "decided": "decided",
    "withdrawn": "withdrawn",
    "inadmissible": "not admissible",
    "given": "with money given",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a company's days, of one row of a dimension or of all (``by`` "")."""

    entity: LegalEntity
    span: Period[date]
    figure: str
    by: str = ""
    key: str = ""

    def __str__(self) -> str:
        words = f"{WORDS[self.figure].capitalize()}, {self.entity.name}, {written.period(self.span)}"
        return f"{words}, one row by {DIMENSIONS[self.by].lower()}" if self.by else words

    @property
    def link(self) -> str:
        value = ".".join([str(self.entity.pk), str(self.span.start), str(self.span.end), self.figure, self.by, self.key])
        return f"{reverse('admin:disputes_case_changelist')}?{urlencode({'statistics': value})}"

    @property
    def page(self) -> str:
        """The statistics it stands in."""
        assert self.span.end is not None
        name, last = name_of(self.span), self.span.end - timedelta(days=1)
        when = {"period": name} if name else {"from": str(self.span.start), "to": str(last)}
        query = {"entity": self.entity.pk, **when, "by": self.by or "cause"}
        return f"{reverse('admin:case_statistics')}?{urlencode(query)}"


def figure_in(value: str) -> Figure | None:
    """What an address asks for; None where that is no figure."""
    parts = value.split(".", 5)
    if len(parts) != 6:
        return None
    company, start, end, figure, by, key = parts
    entity: LegalEntity | None = row_in(LegalEntity, company)
    try:
        span = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError:
        return None
    if entity is None or span.end is None or not EARLIEST <= span.start.year <= span.end.year <= LATEST + 1:
        return None
    return Figure(entity, span, figure, by, key) if figure in COUNTED and by in ("", *DIMENSIONS) else None


class FigureFilter(DropdownFilter):
    """Comes with a link of the statistics and is not offered otherwise."""

    title = "from the statistics"
    parameter_name = "statistics"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, str(figure_in(value) or "No figure of the statistics"))] if value else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        value = self.value()
        if not value:
            return queryset
        found = figure_in(value)
        if found is None or (found.by == "agent" and not may_compare_people(request)):
            return queryset.none()
        keys = cases_behind(entity=found.entity, span=found.span, figure=found.figure, by=found.by, key=found.key)
        return queryset.filter(pk__in=keys)
