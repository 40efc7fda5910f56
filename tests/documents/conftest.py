"""An operator that may bill, drivers of every kind, and sessions of September 2018 that are ready."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from billing.document_models import Document, DocumentRun
from billing.models import TaxRule
from billing.operations import set_tariff, start_issuing
from chargebill import pipeline
from chargebill.core.models import LegalEntity
from memberships.models import ContractPrefix, Customer, CustomerKind, Token

AT = datetime(2018, 10, 2, 9, tzinfo=UTC)
SEPTEMBER = date(2018, 9, 1)
ADDRESS = {"street": "Dock Road 1", "postal_code": "DD1 1AA", "city": "Dundee", "country": "GB"}
COLUMNS = (
    "session_id,location,evse,connector,start,end,time_zone,energy_kwh,meter_start_kwh,meter_stop_kwh,token,token_issuer,"
    "amount,currency"
)
_keys = count()


def session(number: str, *, day: str = "2018-09-06", start: str = "10:00", end: str = "11:00", **more: Any) -> str:
    """A row of our own CSV: one hour at Hub, each session at an EVSE of its own, 10 kWh, unless told otherwise."""
    cells = {
        "session_id": number,
        "location": "Hub",
        "evse": f"E{number}",
        "connector": "1",
        "start": f"{day}T{start}:00+01:00",
        "end": f"{day}T{end}:00+01:00",
        "time_zone": "Europe/London",
        "energy_kwh": "10",
        **more,
    }
    return ",".join(str(cells.get(name, "")) for name in COLUMNS.split(","))


@dataclass
class Operator:
    """A company with a tariff of 0.40 per kWh incl. 20 % tax, its customers by name, and ways to bring in and bill."""

    entity: LegalEntity
    folder: Path
    customers: dict[str, Customer]

    def bring(self, *rows: str, mode: str = "bill") -> None:
        path = self.folder / f"{next(_keys)}.csv"
        path.write_text("\n".join([COLUMNS, *rows]) + "\n")
        pipeline.start_import(
            entity=self.entity, path=path, file_name=path.name, profile="", mode=mode, time_zone="", encoding="", actor=None,
            at=AT, key=f"documents:{path.name}", here=True,
        )  # fmt: skip

    def issue(self, first_day: date = SEPTEMBER, *, at: datetime = AT) -> DocumentRun:
        return start_issuing(entity=self.entity, first_day=first_day, actor=None, at=at, key=f"issue:{next(_keys)}", here=True)


def make_operator(folder: Path, name: str = "Tayside Charging") -> Operator:
    entity = LegalEntity.objects.create(
        name=name, legal_name=f"{name} Ltd", base_currency="GBP", time_zone="Europe/London", billing_from="2018-01-01",
        vat_ids={"GB": "GB123456789"}, **ADDRESS,
    )  # fmt: skip
    TaxRule.objects.create(entity=entity, country="GB", rate=20, code="GB20", legal_sentence="VAT Act 1994, standard rate.")
    set_tariff(
        entity=entity, name="Standard", currency="GBP", tax_included=True, start_fee=None, energy_per_kwh=Decimal("0.40"),
        charging_per_minute=None, idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    customers = {}
    for kind, who in ((CustomerKind.MEMBER, "Ada"), (CustomerKind.BUSINESS, "Brewery"), (CustomerKind.PARTNER, "Roamer")):
        customers[who] = Customer.objects.create(
            entity=entity, kind=kind, name=who, number=f"C-{who}", city="Dundee", country="GB"
        )
        if kind != CustomerKind.PARTNER:
            Token.objects.create(entity=entity, uid=f"T-{who}", customer=customers[who])
    ContractPrefix.objects.create(entity=entity, prefix="NL-RMR", partner=customers["Roamer"])
    return Operator(entity, folder, customers)


@pytest.fixture
def operator(db: None, tmp_path: Path) -> Operator:
    return make_operator(tmp_path)


@pytest.fixture
def month(operator: Operator) -> Operator:
    """Two sessions of somebody unknown, two of Ada, two of the brewery, one of the roaming partner's driver."""
    return with_month(operator)


def make_month(folder: Path) -> Operator:
    """The same outside a test."""
    return with_month(make_operator(folder))


def with_month(operator: Operator) -> Operator:
    operator.bring(
        session("A1"),
        session("A2", day="2018-09-07", energy_kwh="7.5"),
        session("M1", token="T-Ada", energy_kwh="12.34"),
        session("M2", day="2018-09-20", token="T-Ada", energy_kwh="0.33"),
        session("B1", token="T-Brewery", energy_kwh="3.31"),
        session("B2", day="2018-09-21", token="T-Brewery", energy_kwh="8.07"),
        session("P1", token="X1", token_issuer="NL-RMR-C1-1", energy_kwh="20"),
    )
    return operator


Numbers = Callable[[], list[str]]


def numbers(kind: str) -> list[str]:
    return list(Document.objects.filter(kind=kind).order_by("sequence").values_list("number", flat=True))
