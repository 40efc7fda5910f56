"""Lint answers whatever it is given, and soon: damaged documents, very many elements, deep nesting."""

import json
import random
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from billing.pricing import PricingError
from billing.pricing.documents import load
from billing.pricing.lint import CODES, MOST_COMPARED, MOST_FINDINGS, Setting, Severity, lint, lint_document
from billing.pricing.lint import space as space_module
from tests.conftest import ROOT
from tests.pricing.lint.tariffs import KW, element, found, own

HAND_WRITTEN: list[Any] = [
    {
        "currency": "EUR",
        "elements": [
            element({"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}, ENERGY=0.3, TIME=6),
            element({"min_kwh": 10, "max_kwh": 50, "max_power": 22}, ENERGY={"price": 0.4, "vat": 19, "step_size": 100}),
            element({"start_date": "2026-09-01", "end_date": "2026-10-01", "min_duration": 3600}, PARKING_TIME=6, FLAT=1),
            element({"reservation": "RESERVATION"}, FLAT=2, TIME=6),
            element({"reservation": "RESERVATION_EXPIRES"}, FLAT=5),
            element(ENERGY=0.5, TIME=3),
        ],
        "min_price": {"excl_vat": 1, "incl_vat": 1.19},
        "max_price": {"excl_vat": 90},
        "start_date_time": "2026-09-01T00:00:00Z",
        "end_date_time": "2027-09-01T00:00:00Z",
    },
    {
        "currency": "CAD",
        "tax_included": "YES",
        "elements": [element({"min_current": 16}, TIME=2.1)],
        "max_price": {"before_taxes": 9},
    },
]
ODD = [
    None, True, False, 0, -1, 1e30, -1e-9, 1e300, "", "x", "NaN", "Infinity", "1e9999", "0.1", "24:00", "00:00", "23:59",
    "2026-02-30", "0001-01-01", "9999-12-31", "2026-09-01T00:00:00Z", [], {}, [[]], [{}], ["MONDAY"], "RESERVATION", "FLAT",
    "ENERGY", "PARKING_TIME", "N/A", "\ud800", "\x00", "é" * 300, 10**12, 123456789012.123456789, {"excl_vat": 1},
]  # fmt: skip
PLAUSIBLE: dict[str, list[Any]] = {
    "min_kwh": [0, 10, 20, 5000], "max_kwh": [0, 10, 20], "min_power": [11, 50], "max_power": [11, 50],
    "min_duration": [0, 3600], "max_duration": [3600, 7200], "start_time": ["08:00", "22:00"], "end_time": ["00:00", "08:00"],
    "start_date": ["2026-09-01", "2026-12-01"], "end_date": ["2026-09-03", "2026-12-01"], "min_current": [16],
    "day_of_week": [[], ["MONDAY"], ["SATURDAY", "SUNDAY"]], "reservation": ["RESERVATION", "RESERVATION_EXPIRES"],
}  # fmt: skip
KEYS = [
    "min_kwh", "max_kwh", "min_power", "max_power", "min_duration", "max_duration", "start_time", "end_time", "start_date",
    "end_date", "day_of_week", "reservation", "min_current", "type", "price", "vat", "step_size", "restrictions", "elements",
    "price_components", "tax_included", "min_price", "max_price", "currency", "start_date_time", "end_date_time", "zzz",
]  # fmt: skip


def seeds() -> list[Any]:
    """Hand-written tariffs, and those of the authored cases."""
    paths = sorted((ROOT / "tests" / "cases" / "ocpi").glob("*/tariff.json"))
    assert len(paths) >= 40
    return [*HAND_WRITTEN, *(json.loads(path.read_text()) for path in paths)]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def altered(document: Any, rng: random.Random) -> Any:
    """Still a tariff, and another one: restrictions, prices and steps changed for others that can be read."""
    document = deepcopy(document)
    for one in document["elements"]:
        of = one.setdefault("restrictions", {})
        for key, values in PLAUSIBLE.items():
            if rng.random() < 0.2:
                of[key] = rng.choice(values)
        for component in one["price_components"]:
            component |= {"price": rng.choice([-1, 0, 0.01, 0.4, 4, 70]), "step_size": rng.choice([0, 1, 600, 20_000])}
    rng.shuffle(document["elements"])
    return document


def mutated(document: Any, rng: random.Random) -> Any:
    """One to four places changed, removed, doubled, swapped or added."""
    document = deepcopy(document)
    for _ in range(rng.randint(1, 4)):
        container, key = rng.choice(places(document) or [({"": None}, "")])
        kind = rng.random()
        if kind < 0.45:
            container[key] = deepcopy(rng.choice(ODD))
        elif kind < 0.6:
            del container[key]
        elif kind < 0.75 and isinstance(container, list):
            container.append(deepcopy(container[key]))
        elif kind < 0.9 and isinstance(container, dict):
            container[rng.choice(KEYS)] = deepcopy(rng.choice(ODD))
        else:
            container[key] = deepcopy(rng.choice(places(document))[0])
            if len(json.dumps(document)) > 20_000:
                break
    return document


def test_a_thousand_damaged_documents_each_get_an_answer() -> None:
    rng, originals = random.Random(20261126), seeds()
    seen: Counter[str] = Counter()
    for number in range(1000):
        document = rng.choice([mutated, mutated, altered])(originals[number % len(originals)], rng)
        version = rng.choice(["", "", "2.1.1", "2.2.1", "2.3.0"])
        setting = rng.choice(
            [Setting(), Setting(country="DE", rated_kw=(KW(50), KW(150))), Setting(country="US", subdivision="CA")]
        )
        told = lint_document(load(json.dumps(document)), version=version, setting=setting)
        unread = len(told) == 1 and told[0].severity is Severity.ERROR and told[0].code not in CODES
        for one in told:
            assert one.message.endswith((".", "?"))
            assert one.advice
            assert unread or one.severity in CODES[one.code], one
        seen["unread" if unread else "read"] += 1
        seen.update({one.code for one in told})

    assert seen["read"] > 300
    assert seen["unread"] > 300
    assert len(set(seen) & set(CODES)) > 40, "the mutations reach most of the checks"


def test_a_document_of_very_many_elements_is_answered_with_some_findings() -> None:
    many = [element({"min_kwh": n, "max_kwh": n + 2, "start_time": f"{n % 24:02}:30"}, ENERGY=0.4) for n in range(20_000)]
    told = lint_document(load(json.dumps({"currency": "EUR", "elements": many})))

    assert len(told) == MOST_FINDINGS + 1
    assert (told[-1].code, told[-1].message) == ("too_complex", "There are 37706 more findings.")


def test_as_many_elements_as_are_compared_are_answered() -> None:
    rng = random.Random(7)
    crossing = [
        element(
            {"min_kwh": rng.randint(0, 50), "max_kwh": rng.randint(51, 99), "max_duration": rng.randint(60, 9999),
             "min_power": rng.randint(0, 20), "max_power": rng.randint(21, 350), "day_of_week": rng.sample(DAYS, 4),
             "start_time": f"{rng.randint(0, 23):02}:00", "end_date": f"2026-{rng.randint(1, 12):02}-01"},
            ENERGY="0.40",
        )
        for _ in range(MOST_COMPARED)
    ]  # fmt: skip
    told = lint(own(*crossing))

    assert told


DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


def test_what_is_not_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = [element({"start_time": f"{h:02}:00", "end_time": f"{(h + 1) % 24:02}:00"}, ENERGY="0.40") for h in range(24)]
    idle = element(PARKING_TIME="6")

    assert found(*hours, idle) == []
    monkeypatch.setattr(space_module, "MOST_STEPS", 50)
    assert found(*hours, idle) == [("too_complex", "", "INFO")]
    monkeypatch.undo()
    at_the_limit = [*hours * 6, *[idle] * (MOST_COMPARED - 144)]
    assert ("too_complex", "", "INFO") not in found(*at_the_limit)
    assert ("too_complex", "", "INFO") in found(*at_the_limit, idle)


@pytest.mark.parametrize("text", ["[" * 10_000_000, '{"elements":' * 800_000, '{"elements":[' * 770_000 + "]}" * 770_000])
def test_ten_megabytes_of_nesting_are_refused(text: str) -> None:
    with pytest.raises(PricingError) as refused:
        load(text)

    assert refused.value.code == "too_deep"
