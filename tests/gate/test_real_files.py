"""Real files billed under one tariff: nothing impossible is ready, and the documents say what was held."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import F

from billing.models import Chargeable
from billing.operations import set_tariff, set_tax_rate
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.models import LegalEntity
from stations.models import Session
from tests.conftest import ROOT
from tests.gate.conftest import AT

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.django_db]
FILES = {
    "boulder-2018_2021.csv.gz": "US",
    "dundee-2017-12_2018-03.csv.gz": "GB",
}


def documented() -> dict[tuple[str, str], int]:
    part = (ROOT / "docs" / "checks.md").read_text().split("## What real files held\n")[1]
    return {(file, reason): int(count) for file, reason, count in re.findall(r"^\| `(.+?)` \| `(\w+)` \| (\d+) \|", part, re.M)}


@pytest.mark.parametrize("name", FILES)
def test_nothing_impossible_is_ready(name: str, shared: Path) -> None:
    entity = LegalEntity.objects.create(
        name="Trial", country=FILES[name], base_currency="GBP", time_zone="Europe/London", billing_from="2000-01-01"
    )
    set_tax_rate(entity=entity, rate=Decimal(20), code="T20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity, name="Trial", currency="GBP", tax_included=True, start_fee=Decimal("0.35"),
        energy_per_kwh=Decimal("0.43"), charging_per_minute=Decimal("0.012"), idle_per_minute=Decimal("0.05"), valid_from=None,
        actor=None, at=AT,
    )  # fmt: skip
    path = shared / "data" / name
    batch = pipeline.start_import(
        entity=entity, path=path, file_name=name, profile="", mode="bill", time_zone="", encoding="", actor=None, at=AT,
        key=name, here=True,
    )  # fmt: skip
    ready = Session.objects.filter(chargeable__state="READY")
    assert ready.count() > 1000
    assert not ready.filter(energy_kwh__gt=400).exists()
    assert not ready.filter(duration_s__gt=86_400).exists()
    assert not ready.filter(ended_at__lt=F("started_at")).exists()
    assert not [s for s in ready.only("energy_kwh", "duration_s") if s.energy_kwh * 3600 > 500 * s.duration_s]
    assert not [s for s in ready.filter(energy_kwh__lt=Decimal("0.1")) if s.chargeable.cdr.gross_amount > Decimal("0.35")]
    # Boulder's export names the station, not which of its two plugs.
    last: dict[int, Session] = {}
    for session in ready.order_by("connector_id", "started_at").only("connector_id", "started_at", "ended_at"):
        before = last.get(session.connector_id)
        assert name.startswith("boulder") or before is None or before.ended_at - session.started_at <= timedelta(seconds=60)
        if before is None or session.ended_at > before.ended_at:
            last[session.connector_id] = session
    held = Counter(Chargeable.objects.filter(state="HELD").values_list("reason", flat=True))
    assert {(name, reason): count for reason, count in held.items()} == {
        key: count for key, count in documented().items() if key[0] == name
    }
    assert batch.rows_held <= sum(held.values())
    assert analytics.differing() == 0
