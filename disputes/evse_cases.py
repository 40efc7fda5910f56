"""How many cases are about one EVSE: several look like one fault."""

from datetime import datetime, timedelta

from disputes.models import Case


def cases_about(evse_id: int, days: int, at: datetime) -> int:
    """Cases about sessions of this EVSE opened within so many days of ``at``, before it or after. One query."""
    near = Case.objects.filter(opened_at__gt=at - timedelta(days=days), opened_at__lt=at + timedelta(days=days))
    return near.filter(items__session__connector__evse=evse_id).distinct().count()
