"""How many cases are about one EVSE: several look like one fault."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count

from disputes.models import Case

_EVSE = "items__session__connector__evse"


def cases_about(evse_id: int, days: int, at: datetime) -> int:
    """Cases about sessions of this EVSE opened within so many days of ``at``, before it or after. One query."""
    return cases_about_each([evse_id], days, at)[evse_id]


def cases_about_each(evse_ids: Iterable[int], days: int, at: datetime) -> dict[int, int]:
    """The same for several EVSEs. One query."""
    counted = dict.fromkeys(evse_ids, 0)
    near = Case.objects.filter(opened_at__gt=at - timedelta(days=days), opened_at__lt=at + timedelta(days=days))
    about = near.filter(**{f"{_EVSE}__in": list(counted)}).order_by().values_list(_EVSE)
    return counted | dict(about.annotate(Count("pk", distinct=True)))
