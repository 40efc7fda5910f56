"""A model that carries its power in its name rates the connector where the file says no rated power."""

from decimal import Decimal

import pytest

from stations.ingest.places import named_kw


@pytest.mark.parametrize(
    ("model", "kw"),
    [
        ("APT 22kW Dual Outlet", "22"),
        ("Siemens 7 kW Dual Outlet", "7"),
        ("Wallbox 7,4 KW", "7.4"),
        ("50 kW / 50 kW", "50"),
        ("APT Triple Rapid Charger", None),
        ("Hypercharger 150", None),
        # What both sides give together, or what each can: nobody knows which connector it is.
        ("2x22kW", None),
        ("43 kW AC, 50 kW DC", None),
        ("0 kW", None),
        ("22 kWh", None),
        ("", None),
    ],
)
def test_the_power_in_a_model(model: str, kw: str | None) -> None:
    assert named_kw(model) == (Decimal(kw) if kw else None)
