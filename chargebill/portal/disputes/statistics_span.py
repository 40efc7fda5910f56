"""Which company, days and dimension the statistics page is about, read from its address."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period, days, month_of
from chargebill.portal.disputes.roles import VIEW, may_compare_people
from disputes.models import Case
from disputes.statistics.spans import EARLIEST, LATEST, before, name_of, quarter_of, span_of, year_of
from disputes.statistics_queries import DIMENSIONS

QUARTERS, MONTHS, YEARS = 8, 12, 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """``name`` is the span's as people write it, "" for chosen dates; ``error`` says what of the address was not taken."""

    entity: LegalEntity
    entities: list[LegalEntity]
    span: Period[date]
    by: str
    dimensions: dict[str, str]
    today: date
    error: str = ""

    @property
    def name(self) -> str:
        return name_of(self.span)

    @property
    def last(self) -> date:
        assert self.span.end is not None
        return self.span.end - timedelta(days=1)

    @property
    def is_over(self) -> bool:
        return self.last < self.today

    def query(self, span: Period[date] | None = None, by: str = "") -> str:
        """This page's address with other days or another dimension."""
        found = span or self.span
        assert found.end is not None
        name = name_of(found)
        when = {"period": name} if name else {"from": str(found.start), "to": str(found.end - timedelta(days=1))}
        return urlencode({"entity": self.entity.pk, **when, "by": by or self.by})

    @property
    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What can be chosen, the newest first; the chosen one always among them."""
        spans = {"Quarters": _back(quarter_of(self.today), QUARTERS), "Months": _back(month_of(self.today), MONTHS)}
        spans["Years"] = _back(year_of(self.today), YEARS)
        group = {4: "Years", 6: "Quarters", 7: "Months"}.get(len(self.name))
        if group and self.span not in spans[group]:
            spans[group] = sorted([*spans[group], self.span], key=lambda span: span.start, reverse=True)
        return [(title, [(name_of(span), _words(name_of(span), span)) for span in found]) for title, found in spans.items()]


def _back(span: Period[date], count: int) -> list[Period[date]]:
    found = [span]
    while len(found) < count:
        found.append(before(found[-1]))
    return found


def _words(name: str, span: Period[date]) -> str:
    if "Q" in name:
        return f"{name[4:]} {name[:4]}"
    return name if len(name) == 4 else f"{span.start:%B %Y}"


def select(request: HttpRequest) -> Wanted | None:
    """None while there is no company. Raises PermissionDenied."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    dimensions = {name: words for name, words in DIMENSIONS.items() if name != "agent" or may_compare_people(request)}
    by = request.GET.get("by", "")
    if by == "agent" and by not in dimensions:
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    raw = request.GET.get("entity", "")
    newest = Case.objects.order_by("-opened_at", "-pk")
    entity = next((one for one in entities if str(one.pk) == raw), None)
    if entity is None:
        latest = newest.first()
        entity = next((one for one in entities if latest and one.pk == latest.entity_id), entities[0] if entities else None)
    if entity is None:
        return None
    today, last = entity.day_of(timezone.now()), newest.filter(entity=entity).first()
    usual = quarter_of(entity.day_of(last.opened_at) if last else today)
    try:
        span, error = _span(request) or usual, ""
    except ValueError as problem:
        span, error = usual, str(problem)
    return Wanted(entity, entities, span, by if by in dimensions else "cause", dimensions, today, error)


def _span(request: HttpRequest) -> Period[date] | None:
    """None where the address names none. Raises ValueError in words."""
    first, last = (request.GET.get(name, "").strip() for name in ("from", "to"))
    period = request.GET.get("period", "").strip()
    if first or last:
        try:
            start, end = date.fromisoformat(first), date.fromisoformat(last)
        except ValueError:
            raise ValueError("Give both dates as year-month-day, such as 2026-09-01.") from None
        if not EARLIEST <= min(start, end).year <= max(start, end).year <= LATEST:
            raise ValueError(f"Give dates between {EARLIEST} and {LATEST}.")
        if end < start:
            raise ValueError("The time ends before it begins: exchange the two dates.")
        return days(start, end)
    if not period:
        return None
    try:
        return span_of(period)
    except ValueError:
        raise ValueError("That is no quarter, month or year. Choose one, or give dates.") from None
