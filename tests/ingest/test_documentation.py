"""docs/import-formats.md names every profile, every column of our own layouts and every code."""

import re
from pathlib import Path

from stations.ingest.events import _CALLED
from stations.ingest.profiles import PROFILES

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "import-formats.md").read_text()))


def test_every_profile_is_documented() -> None:
    assert set(PROFILES) <= DOCUMENTED


def test_every_column_of_our_own_layouts_is_documented() -> None:
    own = ("chargebill", "connector_status", "authorizations", "meter_values")
    headers = {headers[0] for name in own for headers in PROFILES[name].columns.values()}
    assert headers <= DOCUMENTED


def test_every_column_of_other_layouts_is_documented_with_its_profile() -> None:
    table = (ROOT / "docs" / "import-formats.md").read_text().split("## Columns of the other layouts")[1].split("\n## ")[0]
    documented = {
        name: set(re.findall(r"`([^`]+)`", rest)) for name, rest in re.findall(r"^\| `([a-z0-9_]+)` \|(.*)\|$", table, re.M)
    }
    own = ("chargebill", "connector_status", "authorizations", "meter_values", "ocpi_cdr")

    assert documented == {
        name: {header for headers in profile.columns.values() for header in headers}
        for name, profile in PROFILES.items()
        if name not in own
    }


def test_every_code_is_documented() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "stations" / "ingest").glob("*.py"))
    codes = set(re.findall(r'(?:RowRefused|FileRefused|Refusal|refused)\(\s*"([a-z_]+)"', source))
    codes |= {f"{name}_missing" for name in ("start", "end", "time", *_CALLED)}
    codes |= {f"{name}_unreadable" for name in ("start", "end", "time")}
    assert len(codes) > 40
    assert codes <= DOCUMENTED
