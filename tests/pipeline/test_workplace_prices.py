"""The 379 paid sessions of the workplace study, priced by tariffs of ours: what share comes out, and what does not.

What is expected is computed from the raw file with csv, zoneinfo and fractions; it shares no code with ours.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing import parallel, parallel_causes
from billing.models import TariffVersion
from billing.operations import activate, create_tariff, set_tax_rate
from billing.pricing import Anchor, Dimension, Spanning, Tax, price
from billing.rates import core_tariff
from billing.tariff_content import Content
from billing.usage import usages
from chargebill import pipeline
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from stations import facts as session_facts
from stations.models import Session
from tests.pipeline.conftest import AT
from tests.pipeline.test_real_months import rows_of

pytestmark = [pytest.mark.shared, pytest.mark.django_db]

FREE_S, BLOCK_S = 4 * 3600, 300
STEP = Decimal("0.09")


def element(kind: str, amount: str, after_s: int, step: int = 0) -> dict[str, Any]:
    component = {"type": kind, "price": amount, "step_size": step}
    return {"price_components": [component], "restrictions": {"min_duration": after_s}}


# As the study's rule is said: free for four hours, then 1 USD an hour in blocks of five minutes, at least 0.50.
AS_SAID = Content(tax_included=True, elements=[element("TIME", "1", FREE_S, BLOCK_S)], min_price=Decimal("0.50"))
# As that system did it: the minimum only from four hours on, and blocks counted when they are whole.
AS_DONE = Content(tax_included=True, elements=[element("FLAT", "0.50", FREE_S), element("TIME", "1", FREE_S + 35 * 60, BLOCK_S)])


# What no rule explains: (dollars, ours, hours). 55 hours for 0.83, or four hours and a minute for 2.17.
UNEXPLAINED = [
    ("0.58", "1.5", 5.52),
    ("0.67", "0.5", 4.35),
    ("0.67", "0.5", 4.48),
    ("0.75", "1.5", 5.51),
    ("0.83", "51.17", 55.24),
    ("0.92", "0.5", 4.05),
    ("0.92", "1.67", 5.74),
    ("1.08", "0.5", 4.06),
    ("1.08", "0.5", 4.56),
    ("1.08", "0.67", 4.72),
    ("1.08", "0.83", 4.91),
    ("1.25", "0.5", 4.06),
    ("1.33", "1.08", 5.14),
    ("1.5", "1.33", 5.42),
    ("1.5", "1.92", 5.98),
    ("1.58", "0.5", 4.25),
    ("2", "1.83", 5.85),
    ("2.08", "1.75", 5.79),
    ("2.17", "0.5", 4.02),
    ("2.42", "1.83", 5.84),
    ("2.5", "2.33", 6.39),
    ("4", "2.5", 6.51),
    ("5.75", "2.58", 6.6),
]


def raw(path: Path) -> dict[str, tuple[Decimal, int]]:
    """(dollars, seconds) by session id."""
    zone = ZoneInfo("America/New_York")

    def moment(text: str) -> datetime:
        return datetime.fromisoformat("20" + text[2:]).replace(tzinfo=zone)

    return {
        row["sessionId"]: (
            Decimal(row["dollars"]),
            int(moment(row["ended"]).timestamp() - moment(row["created"]).timestamp()),
        )
        for row in rows_of(path)
    }


def cents(amount: Fraction) -> Decimal:
    return Decimal(floor(amount * 100 + Fraction(1, 2))) / 100


def as_said(seconds: int) -> Decimal:
    """OCPI's minimum holds for every session, and a step is billed once it has begun."""
    blocks = max(0, ceil(Fraction(seconds - FREE_S, BLOCK_S)))
    return cents(max(Fraction(1, 2), Fraction(blocks * BLOCK_S, 3600)))


def as_done(seconds: int) -> Decimal:
    """Fifty cents once four hours are over; whole blocks count, and the first six are in the fifty cents."""
    if seconds <= FREE_S:
        return Decimal(0)
    return cents(Fraction(1, 2) + Fraction(max(0, ceil(Fraction(seconds - FREE_S - 35 * 60, BLOCK_S))) * BLOCK_S, 3600))


Study = Callable[[Content], TariffVersion]


@pytest.fixture
def study(db: None, shared: Path) -> Study:
    """``study(content)`` puts a tariff in force for everyone and imports the file as history."""

    def run(content: Content) -> TariffVersion:
        entity = LegalEntity.objects.create(name="Workplace", country="US", base_currency="USD", time_zone="America/New_York")
        set_tax_rate(entity=entity, rate=Decimal(0), code="US0", valid_from=None, source="test", actor=None, at=AT)
        draft = create_tariff(entity=entity, name="Four hours", currency="USD", content=content, actor=None, at=AT)
        version = activate(tariff=draft.tariff, valid_from=None, for_everyone=True, actor=None, at=AT)
        pipeline.start_import(
            entity=entity,
            path=shared / "data" / "workplace-2014_2015.csv.gz",
            file_name="workplace.csv.gz",
            profile="",
            mode="history",
            time_zone="America/New_York",
            encoding="",
            actor=None,
            at=AT,
            key="workplace",
            here=True,
        )
        return version

    return run


def split_prices(version: TariffVersion) -> dict[str, Decimal]:
    """What each stored session costs when it is cut at every moment its price changes: its time is known exactly."""
    tariff, taxes = core_tariff(version), dict.fromkeys(Dimension, Tax(Decimal(0), "US0"))
    numbers = dict(Session.objects.values_list("pk", "external_id"))
    facts = session_facts.load(numbers)
    used = usages(facts)
    found = {}
    for fact in facts:
        result = price(used[fact.id], tariff, taxes=taxes, anchor=Anchor.GROSS, spanning=Spanning.SPLIT)
        assert result.gross is not None
        found[numbers[fact.id]] = result.gross
    return found


def verdicts(rows: dict[str, tuple[Decimal, int]], ours: dict[str, Decimal]) -> Counter[tuple[str, str]]:
    """(paid or free, equal or step or apart) -> sessions."""

    def of(dollars: Decimal, amount: Decimal) -> str:
        return "equal" if dollars == amount else "step" if abs(dollars - amount) <= STEP else "apart"

    return Counter(("paid" if dollars else "free", of(dollars, ours[number])) for number, (dollars, _) in rows.items())


def test_the_rule_as_it_is_said_gives_half_of_the_amounts_and_charges_the_free_ones(study: Study, shared: Path) -> None:
    rows = raw(shared / "data" / "workplace-2014_2015.csv.gz")
    ours = split_prices(study(AS_SAID))

    assert ours == {number: as_said(seconds) for number, (_, seconds) in rows.items()}
    assert verdicts(rows, ours) == {
        ("paid", "equal"): 197,
        ("paid", "step"): 143,
        ("paid", "apart"): 39,
        # A minimum price is the price of a session that costs nothing, too.
        ("free", "apart"): 3016,
    }


def test_the_rule_as_that_system_did_it_gives_five_of_six_amounts_and_leaves_the_free_ones_free(
    study: Study, shared: Path
) -> None:
    rows = raw(shared / "data" / "workplace-2014_2015.csv.gz")
    ours = split_prices(study(AS_DONE))

    assert ours == {number: as_done(seconds) for number, (_, seconds) in rows.items()}
    assert verdicts(rows, ours) == {
        ("paid", "equal"): 317,
        ("paid", "step"): 39,
        ("paid", "apart"): 23,
        ("free", "equal"): 3016,
    }
    apart = {
        number: (dollars, ours[number], seconds)
        for number, (dollars, seconds) in rows.items()
        if abs(dollars - ours[number]) > STEP
    }
    assert sorted((dollars, amount, round(seconds / 3600, 2)) for dollars, amount, seconds in apart.values()) == [
        (Decimal(dollars), Decimal(amount), hours) for dollars, amount, hours in UNEXPLAINED
    ]


def test_of_totals_the_price_at_the_start_counts_and_the_parallel_month_says_so(study: Study) -> None:
    """The company's choice for a price that changes is the one at the start: within four hours nothing is charged."""
    version = study(AS_DONE)
    selection = parallel.Selection(version.tariff.entity, Period(date(2000, 1, 1)))
    found = parallel.figures(selection)
    groups = parallel_causes.groups(parallel_causes.differences(selection, found))

    assert (found.equal.sessions, found.rounding.sessions, found.different.sessions) == (3016, 0, 379)
    assert (found.different.theirs, found.different.ours) == (Decimal("401.52"), Decimal(0))
    assert {parallel_causes.key_of(group.cause): group.side.sessions for group in groups} == {
        "minimum-0.5": 195,
        # Also those over before 4 h 35 min: the fee that begins after four hours is a change, too.
        "spans_price_change": 184,
    }
