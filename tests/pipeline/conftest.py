"""An entity with a tariff, and imports of small files written by the test."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from billing.operations import set_tariff, set_tax_rate
from chargebill import pipeline
from chargebill.core.models import LegalEntity
from stations.models import ImportBatch

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
HEADER = "Charging event,User ID,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,Group,Model"
_keys = count()

Import = Callable[..., ImportBatch]


@pytest.fixture
def entity(db: None) -> LegalEntity:
    return LegalEntity.objects.create(
        name="Tayside Charging", country="GB", base_currency="GBP", time_zone="Europe/London", billing_from="2018-01-01"
    )


@pytest.fixture
def priced_entity(entity: LegalEntity) -> LegalEntity:
    """0.40 GBP per kWh and 0.01 per minute, 20 % tax inside."""
    set_tax_rate(entity=entity, rate=Decimal(20), code="GB20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity,
        name="Standard",
        currency="GBP",
        tax_included=True,
        start_fee=None,
        energy_per_kwh=Decimal("0.40"),
        charging_per_minute=Decimal("0.01"),
        idle_per_minute=None,
        valid_from=None,
        actor=None,
        at=AT,
    )
    return entity


@pytest.fixture
def import_rows(entity: LegalEntity, tmp_path: Path) -> Import:
    """``import_rows(row, ..., mode="bill")`` imports lines in the layout of Dundee's export and returns the batch."""

    def run(*rows: str, mode: str = "bill", header: str = HEADER, name: str = "export.csv", **more: str) -> ImportBatch:
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        return pipeline.start_import(
            entity=entity,
            path=path,
            file_name=name,
            profile=more.get("profile", ""),
            mode=mode,
            time_zone=more.get("time_zone", ""),
            encoding="",
            actor=None,
            at=AT,
            key=f"test:{next(_keys)}",
            here=True,
        )

    return run


def counts(batch: ImportBatch) -> tuple[int, int, int, int, int]:
    """read, imported, updated, unchanged, quarantined."""
    return batch.rows_read, batch.rows_imported, batch.rows_updated, batch.rows_unchanged, batch.rows_quarantined


def row(
    id_: str = "7001", *, start: str = "06/09/2018,10:00", end: str = "06/09/2018,11:00", kwh: str = "10", cp: str = "50914"
) -> str:
    return f'{id_},601838,{cp},1,{start},{end},{kwh},0,"Lochee Charging Hub, Dundee",Group,APT 22kW Dual Outlet'
