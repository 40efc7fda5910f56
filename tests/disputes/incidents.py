"""Incidents of the month that is billed: chosen, proposed and carried out as the pages do."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from chargebill.core import jobs
from chargebill.core.models import User
from disputes.incident_letters import ENGLISH, GERMAN
from disputes.incident_lines import Planned, Remedy, plan
from disputes.incident_models import Incident
from disputes.incident_selection import Selection
from disputes.operations.incidents import Words, confirm_incident, propose_incident
from tests.documents.conftest import Operator

SEPTEMBER = datetime(2018, 9, 1, tzinfo=UTC)
OCTOBER = datetime(2018, 10, 1, tzinfo=UTC)
# After the cases of tests/disputes/conftest.py.
AT = datetime(2018, 10, 10, 9, tzinfo=UTC)
WHOLE = Remedy("WHOLE")
_keys = count()


def of_percent(percent: str) -> Remedy:
    return Remedy("PERCENT", percent=Decimal(percent))


def of_part(part: str) -> Remedy:
    return Remedy("PART", part=part)


def planned(operator: Operator, remedy: Remedy = WHOLE, **more: Any) -> Planned:
    given: dict[str, Any] = {"entity": operator.entity, "start": SEPTEMBER, "end": OCTOBER, **more}
    return plan(Selection(**given), remedy)


def proposed(operator: Operator, actor: User, remedy: Remedy = WHOLE, **more: Any) -> Incident:
    """One about everything of September, unless told otherwise."""
    words = Words(title="Wrong meter", reason="The meters were wrong", letter_en=ENGLISH, letter_de=GERMAN)
    words = more.pop("words", words)
    key = more.pop("key", f"test:{next(_keys)}")
    found = more.pop("planned", None) or planned(operator, remedy, **more)
    return propose_incident(
        entity=operator.entity, key=key, planned=found, remedy=remedy, selection=[], words=words, actor=actor, at=AT
    )


def approved(incident: Incident, actor: User) -> Incident:
    return confirm_incident(incident=incident, seen=incident.sha256, accepted=True, actor=actor, at=AT)


def carried_out(incident: Incident) -> Incident:
    """Its job, in this process."""
    assert incident.job is not None
    jobs.run_here(incident.job)
    return Incident.objects.get(pk=incident.pk)
