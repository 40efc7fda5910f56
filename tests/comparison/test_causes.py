"""Why one amount differs from another: each cause alone, and which of two comes first."""

from decimal import Decimal as D

import pytest

from billing.comparison import Cause, Code, Pair, Parts, explain

CENT = D("0.01")


def pair(ours: str, theirs: str, *, net: str = "", spans: bool = False, parts: Parts | None = None) -> Pair:
    """A session of 10 kWh, 60 min charging, 30 min idle."""
    return Pair(
        ours=D(ours),
        theirs=D(theirs),
        net=D(net or ours),
        energy_kwh=D(10),
        charging_s=3600,
        idle_s=1800,
        parts=parts,
        spans_price_change=spans,
    )


# 1.00 start fee, 3.90 energy, 1.20 charging time, 0.60 idle time.
PARTS = Parts(start_fee=D("1.00"), energy=D("3.90"), charging=D("1.20"), idle=D("0.60"))
TOTAL = "6.70"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("5.00", "5.00", Code.EQUAL),
        ("5.00", "5.0000", Code.EQUAL),
        ("5.00", "5.01", Code.ROUNDING),
        ("5.00", "4.99", Code.ROUNDING),
        ("5.00", "5.0049", Code.ROUNDING),
        ("5.00", "5.02", Code.UNEXPLAINED),
        ("5.00", "0", Code.FREE_THEIRS),
        ("0", "5.00", Code.FREE_OURS),
        ("0", "0", Code.EQUAL),
    ],
)
def test_amounts_alone_tell_equal_rounded_free_or_nothing(ours: str, theirs: str, expected: Code) -> None:
    assert explain(pair(ours, theirs), unit=CENT) == Cause(expected)


def test_the_minor_unit_decides_what_is_rounding() -> None:
    assert explain(pair("500", "501"), unit=D(1)).code is Code.ROUNDING
    assert explain(pair("5.001", "5.002"), unit=D("0.001")).code is Code.ROUNDING
    assert explain(pair("5.001", "5.011"), unit=D("0.001")).code is Code.UNEXPLAINED


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("10.00", Code.WITHOUT_TAX),
        ("10.01", Code.WITHOUT_TAX),
        # 11.90 with 19 % on top, and with the tax of 1.90 twice.
        ("14.16", Code.TAX_TWICE),
        ("13.80", Code.TAX_TWICE),
        ("10.02", Code.UNEXPLAINED),
    ],
)
def test_tax_left_out_or_charged_twice(theirs: str, expected: Code) -> None:
    assert explain(pair("11.90", theirs, net="10.00"), unit=CENT).code is expected


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("5.70", Code.NO_START_FEE),
        ("5.50", Code.NO_CHARGING_TIME),
        ("6.10", Code.NO_IDLE),
        ("3.90", Code.ENERGY_ONLY),
        ("3.91", Code.ENERGY_ONLY),
        # Neither start fee nor idle time: no cause of one sentence.
        ("5.10", Code.UNEXPLAINED),
    ],
)
def test_what_only_one_side_charges(theirs: str, expected: Code) -> None:
    assert explain(pair(TOTAL, theirs, parts=PARTS), unit=CENT).code is expected


def test_a_limit_only_one_side_has() -> None:
    raised = Parts(energy=D("0.30"), limit=D("0.20"))
    lowered = Parts(energy=D("60.00"), limit=D("-10.00"))
    reserved = Parts(energy=D("3.00"), reservation=D("2.00"))

    assert explain(pair("0.50", "0.30", parts=raised), unit=CENT).code is Code.NO_MINIMUM
    assert explain(pair("50.00", "60.00", parts=lowered), unit=CENT).code is Code.NO_MAXIMUM
    assert explain(pair("5.00", "3.00", parts=reserved), unit=CENT).code is Code.NO_RESERVATION


def test_without_parts_nothing_is_guessed_about_them() -> None:
    assert explain(pair(TOTAL, "5.70"), unit=CENT).code is Code.UNEXPLAINED


def test_a_price_change_is_named_only_where_nothing_better_is() -> None:
    assert explain(pair(TOTAL, "6.40", parts=PARTS, spans=True), unit=CENT).code is Code.SPANS_PRICE_CHANGE
    assert explain(pair(TOTAL, "5.70", parts=PARTS, spans=True), unit=CENT).code is Code.NO_START_FEE
    assert explain(pair(TOTAL, TOTAL, parts=PARTS, spans=True), unit=CENT).code is Code.EQUAL
    # Free at its start, and priced by that.
    assert explain(pair("0", "5.00", spans=True), unit=CENT).code is Code.SPANS_PRICE_CHANGE


def test_free_comes_before_what_a_part_would_say() -> None:
    """Ours is idle time alone: they charged nothing, which says more than that they charged no idle time."""
    assert explain(pair("0.60", "0", parts=Parts(idle=D("0.60"))), unit=CENT).code is Code.FREE_THEIRS
