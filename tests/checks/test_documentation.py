"""docs/checks.md says of every check what the code does."""

import re

from billing.checks import BY_CODE, INVESTIGATION, Thresholds
from billing.checks.driver import WORDS, looked_at
from billing.review_models import CheckSettings
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "checks.md").read_text()


def test_every_check_is_described_in_the_order_reasons_are_named() -> None:
    assert re.findall(r"^\| `(\w+)` (.+?) \|", TEXT, re.M) == [(check.code, check.title) for check in INVESTIGATION]


def test_every_threshold_is_described_with_its_default_and_can_be_set() -> None:
    told = {name: float(value) for name, value in re.findall(r"`([a-z_]+)` ([\d.]+)", TEXT)}
    defaults = Thresholds()
    assert told == {name: float(getattr(defaults, name)) for name in Thresholds.__slots__}
    stored = {f.name: float(f.default) for f in CheckSettings._meta.fields if f.name not in ("entity", "four_eyes_above")}
    assert stored == told


def test_every_check_has_words_for_drivers_in_every_language() -> None:
    for language, words in WORDS.items():
        assert set(words) == set(BY_CODE)
        assert all(looked_at(code, language) and found.endswith(".") for code, (_, found) in words.items())
