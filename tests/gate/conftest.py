"""The pipeline's entity and imports, and short words for where sessions stand."""

from typing import Any

import pytest

from billing.models import Chargeable
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core import jobs
from chargebill.core.models import LegalEntity
from stations.models import Session
from tests.pipeline.conftest import AT, entity, import_rows, priced_entity, row

__all__ = ["AT", "entity", "import_rows", "priced_entity", "row"]
OWN = (
    "session_id,location,evse,connector,rated_kw,start,end,time_zone,energy_kwh,charging_time,meter_start_kwh,meter_stop_kwh,"
    "token,payment_reference"
)


def own(number: str, *, start: str = "10:00", end: str = "11:00", day: str = "06", **more: Any) -> str:
    """A row of our own CSV: one hour at Hub, E1-1, 10 kWh, unless told otherwise."""
    cells = {
        "session_id": number,
        "location": "Hub",
        "evse": "E1",
        "connector": "1",
        "rated_kw": "22",
        "start": f"2018-09-{day}T{start}:00+01:00",
        "end": f"2018-09-{day}T{end}:00+01:00",
        "time_zone": "Europe/London",
        "energy_kwh": "10",
        **more,
    }
    return ",".join(str(cells.get(name, "")) for name in OWN.split(","))


def places() -> dict[str, tuple[str, str]]:
    """Where every session stands, by its number; the rollups agree with it."""
    assert analytics.differing() == 0
    rows = Chargeable.objects.values_list("session__external_id", "state", "reason")
    return {number: (state, reason) for number, state, reason in rows}


def pk(number: str) -> int:
    return Session.objects.get(external_id=number).pk


def price_anew(of: LegalEntity) -> None:
    jobs.run_here(pipeline.create_pricing(entity=of, actor=None, key=f"anew:{jobs.Job.objects.count()}"))


@pytest.fixture
def bring(import_rows: Any) -> Any:
    return lambda *rows, **more: import_rows(*rows, header=OWN, **more)
