"""The way back from a record to the list it was opened from, and from a list to the Overview, with what was chosen."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

# Django's own name for it.
FILTERS = "_changelist_filters"
OF_OVERVIEW = ("entity", "location", "period", "from", "to")


def to_record(request: HttpRequest) -> str:
    """What a list adds to the addresses of its rows: "?..." with the list's own address, or nothing."""
    return f"?{urlencode({FILTERS: request.GET.urlencode()})}" if request.GET else ""


def to_list(request: HttpRequest, address: str) -> str:
    """A list's address with the filters a record was opened from; alone where it was opened from elsewhere."""
    filters = QueryDict(request.GET.get(FILTERS, "")).urlencode()
    return f"{address}?{filters}" if address and filters else address


def to_overview(query: Mapping[str, str]) -> str:
    """The Overview of the company, days and place a list is about; "" where the list names no company."""
    if not query.get("entity"):
        return ""
    return f"{reverse('admin:index')}?{urlencode({name: query[name] for name in OF_OVERVIEW if query.get(name)})}"
