"""Broken tariffs and CDRs: a clear error with a code and a place, or a price; never a traceback, never a long wait."""

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from billing.pricing import PricingError
from billing.pricing.documents import load
from billing.pricing.report import price_documents
from tests.conftest import ROOT
from tests.pricing.documents import cdr, component, element, tariff

CASES = sorted((ROOT / "tests" / "cases" / "ocpi").iterdir())
# What people, programs and malice put where a value belongs.
ODD: list[Any] = [
    None, "", " ", [], {}, [[]], [None], {"a": 1}, True, False, -1, 0, 10**30,
    "1e400", "NaN", "Infinity", "-0", "٣", "0x10", "1,5",
    "99:99", "24:00", "2026-02-30", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "FLAT", "MONDAY",
    "\x00", "😀" * 300, "'; DROP TABLE", "=1+1", 1.5, "1.5", 1e-30,
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def mutated(document: Any, rng: random.Random) -> Any:
    """One to three places replaced, removed, doubled or renamed."""
    found = copy.deepcopy(document)
    for _ in range(rng.randrange(1, 4)):
        if not (paths := places(found)):
            break
        *way, last = rng.choice(paths)
        parent = found
        for key in way:
            parent = parent[key]
        what = rng.random()
        if what < 0.6:
            parent[last] = copy.deepcopy(rng.choice(ODD))
        elif what < 0.8:
            del parent[last]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        else:
            parent[f"{last}_x"] = parent.pop(last)
    return found


def outcome(tariff_text: str, cdr_text: str) -> str:
    try:
        result = price_documents(load(tariff_text), load(cdr_text), time_zone="Europe/Amsterdam")
    except PricingError as error:
        return "refused" if error.code and 15 < len(error.message) < 500 else f"badly refused: {error.code} {error.message}"
    json.dumps(result)
    return "priced"


def texts(folder: Path) -> tuple[str, str]:
    return (folder / "tariff.json").read_text(), (folder / "cdr.json").read_text()


@pytest.mark.parametrize("which", ["tariff", "cdr"])
def test_a_thousand_mutated_documents_are_refused_clearly_or_priced(which: str) -> None:
    rng = random.Random(f"2026-{which}")
    met: Counter[str] = Counter()
    for _ in range(1000):
        tariff_text, cdr_text = texts(rng.choice(CASES))
        if which == "tariff":
            tariff_text = json.dumps(mutated(json.loads(tariff_text), rng))
        else:
            cdr_text = json.dumps(mutated(json.loads(cdr_text), rng))
        met[outcome(tariff_text, cdr_text)] += 1
    assert set(met) == {"refused", "priced"}, met
    assert min(met.values()) > 100, met


@pytest.mark.parametrize("opening", ["[", '{"elements":['])
def test_ten_megabytes_of_nesting_are_refused(opening: str) -> None:
    text = opening * (10_000_000 // len(opening))
    with pytest.raises(PricingError) as caught:
        load(text)
    assert caught.value.code in {"too_deep", "bad_json"}


@pytest.mark.parametrize("text", [b"\xff\xfe{}", b"{", b"", b"[1e999999999999999999]", b"NaN", b'{"a": 1}}', b"\x00"])
def test_what_is_no_json_says_so(text: bytes) -> None:
    with pytest.raises(PricingError) as caught:
        price_documents(load(text), cdr((60, {"ENERGY": 1})))
    assert caught.value.message


GOOD = tariff(element(component("ENERGY", "0.25"), component("TIME", 1)))


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"currency": None}, "currency_missing", "currency"),
        ({"currency": "Euro"}, "currency_unreadable", "currency"),
        ({"elements": []}, "elements_empty", "elements"),
        ({"elements": "x"}, "elements_unreadable", "elements"),
        ({"elements": [7]}, "not_an_object", "elements[0]"),
        ({"elements": [{}]}, "price_components_missing", "elements[0].price_components"),
        (
            {"elements": [element(component("ENERGY", "1,5"))]},
            "price_unreadable",
            "elements[0].price_components[0].price",
        ),
        ({"elements": [element(component("BEER", 1))]}, "type_unknown", "elements[0].price_components[0].type"),
        (
            {"elements": [element(component("ENERGY", 1, step=-1))]},
            "step_size_out_of_range",
            "elements[0].price_components[0].step_size",
        ),
        (
            {"elements": [element(component("ENERGY", 1), start_time="7:00")]},
            "start_time_unreadable",
            "elements[0].restrictions.start_time",
        ),
        (
            {"elements": [element(component("ENERGY", 1), day_of_week=["MON"])]},
            "day_of_week_unknown",
            "elements[0].restrictions.day_of_week[0]",
        ),
        (
            {"elements": [element(component("ENERGY", 1), moon="full")]},
            "restriction_unknown",
            "elements[0].restrictions.moon",
        ),
        ({"min_price": {}}, "limit_empty", "min_price"),
        ({"tax_included": "MAYBE"}, "tax_included_unknown", "tax_included"),
    ],
)
def test_a_wrong_tariff_says_what_and_where(change: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(PricingError) as caught:
        price_documents({**GOOD, **change}, cdr((60, {"ENERGY": 1})))
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        ({"start_date_time": None}, "start_date_time_missing", "start_date_time"),
        ({"end_date_time": "yesterday"}, "end_date_time_unreadable", "end_date_time"),
        ({"end_date_time": "2026-03-02T08:00:00Z"}, "end_before_start", "end_date_time"),
        ({"charging_periods": []}, "charging_periods_missing", "charging_periods"),
        ({"credit": True}, "credit_cdr", "credit"),
        (
            {"charging_periods": [{"start_date_time": "2026-03-02T09:00:00Z", "dimensions": [{"type": "ENERGY", "volume": -1}]}]},
            "volume_out_of_range",
            "charging_periods[0].dimensions[0].volume",
        ),
        (
            {"charging_periods": [{"start_date_time": "2026-03-02T09:00:00Z", "dimensions": [{"type": "MILES", "volume": 1}]}]},
            "type_unknown",
            "charging_periods[0].dimensions[0].type",
        ),
    ],
)
def test_a_wrong_cdr_says_what_and_where(change: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(PricingError) as caught:
        price_documents(GOOD, {**cdr((60, {"ENERGY": 1})), **change})
    assert (caught.value.code, caught.value.where) == (code, where)
