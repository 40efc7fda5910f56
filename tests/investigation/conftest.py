"""An operator whose sessions are billed whatever the gate says, and what every check says of one of them."""

from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from billing.checks import Finding
from billing.investigation import look_into
from billing.models import Chargeable
from billing.operations import set_tariff
from chargebill import pipeline
from stations.models import Connector, Session
from tests.documents.conftest import AT, COLUMNS, Operator, make_operator, session

__all__ = ["AT", "Operator", "make_operator", "session"]
_keys = count()


def make_dear(operator: Operator) -> None:
    """From now on: 2.00 to start, 0.40 a kWh, 0.05 a minute, tax inside."""
    set_tariff(
        entity=operator.entity, name="Dear", currency="GBP", tax_included=True, start_fee=Decimal(2),
        energy_per_kwh=Decimal("0.40"), charging_per_minute=Decimal("0.05"), idle_per_minute=None, valid_from=None, actor=None,
        at=AT,
    )  # fmt: skip


@pytest.fixture
def dear(db: None, tmp_path: Path) -> Operator:
    """2.00 to start, 0.40 a kWh, 0.05 a minute, 20 % tax inside; every connector can give 22 kW."""
    operator = make_operator(tmp_path)
    make_dear(operator)
    return operator


def timed(number: str, *, charging_time: str, **more: str) -> str:
    """A row with a charging time."""
    return f"{session(number, **more)},{charging_time}"


def bill_by_hand(operator: Operator, *rows: str) -> Session:
    """Imports the rows, passes by whatever holds them, and issues their documents; the last session."""
    path = operator.folder / f"by-hand-{next(_keys)}.csv"
    path.write_text("\n".join([f"{COLUMNS},charging_time", *rows]) + "\n")
    pipeline.start_import(
        entity=operator.entity, path=path, file_name=path.name, profile="", mode="bill", time_zone="", encoding="", actor=None,
        at=AT, key=path.name, here=True,
    )  # fmt: skip
    Connector.objects.update(rated_kw=22)
    Chargeable.objects.filter(state="HELD").update(state="READY", reason="")
    operator.issue()
    billed = Session.objects.order_by("pk").last()
    assert billed is not None
    assert billed.chargeable.state == "DOCUMENTED"
    return billed


def findings(of: Session) -> dict[str, Finding]:
    return {finding.check: finding for finding in look_into(of).findings}
