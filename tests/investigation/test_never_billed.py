"""The real cases that must never be billed, billed by hand: the right check fails and its remedy is right to the cent.

Prices by hand: 2.00 to start, 0.40 a kWh, 0.05 a minute.
"""

from decimal import Decimal as D

import pytest

from billing.checks import Verdict
from tests.investigation.conftest import Operator, bill_by_hand, findings, session

# What fails first, its words, the way, the part, and how much less it costs.
Expected = tuple[str, str, str, str, D]
CASES: dict[str, tuple[str, D, Expected]] = {
    "energy is the lifetime register": (
        session("1", energy_kwh="15234.5", meter_stop_kwh="15234.5"),
        D("6098.80"),
        ("D7", "the meter shows 15,235 kW on a 22 kW connector (15,234.5 kWh in 1 h)", "WAIVE", "ENERGY", D("6093.80")),
    ),
    "36.9 kWh in 3 minutes": (
        session("1", end="10:03", energy_kwh="36.9"),
        D("16.91"),
        ("D7", "the meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min)", "WAIVE", "ENERGY", D("14.76")),
    ),
    "298.2 kWh in a minute": (
        session("1", end="10:01", energy_kwh="298.2"),
        D("121.33"),
        ("D7", "the meter shows 17,892 kW on a 22 kW connector (298.2 kWh in 1 min)", "WAIVE", "ENERGY", D("119.28")),
    ),
    "four days connected, 0.003 kWh, 290 charged": (
        session("1", energy_kwh="0.003").replace("2018-09-06T11:00", "2018-09-10T10:00"),
        D("290.00"),
        ("D31", "the car was connected for 4 days", "WAIVE", "TIME", D("288.00")),
    ),
    # 3.2 kWh were billed, but the meter starts where the last session's drifted to: 0.40 * 3.2
    "the meter starts where the last one drifted": (
        session("1", energy_kwh="3.2", meter_start_kwh="103.2", meter_stop_kwh="100"),
        D("6.28"),
        ("D5", "the meter runs backwards by 3.2 kWh", "WAIVE", "ENERGY", D("1.28")),
    ),
    # Nobody knows when or where the meter stopped; somebody typed an end and 10 kWh.
    "a start without a stop": (
        session("1", meter_start_kwh="100"),
        D("9.00"),
        ("D9", "the meter reading at the stop is missing", "WAIVE", "ENERGY", D("4.00")),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_once_billed_the_right_check_fails_and_gives_back_what_is_right(case: str, dear: Operator) -> None:
    row, price, (check, words, way, part, amount) = CASES[case]
    billed = bill_by_hand(dear, row)
    assert billed.chargeable.cdr.gross_amount == price
    found = findings(billed)
    assert next(finding.check for finding in found.values() if finding.verdict is Verdict.FAIL) == check
    remedy = found[check].remedy
    assert remedy is not None
    assert (found[check].staff, remedy.way, remedy.part, remedy.amount) == (words, way, part, amount)
    # The bill itself is computed and added up right: it is the facts that are wrong.
    assert {found[code].verdict for code in ("D2", "D14", "D15", "D25", "D26", "D28")} == {Verdict.PASS}


def test_two_readings_of_one_charge_give_the_smaller_one(dear: Operator) -> None:
    """40 kWh were billed, the meter counted 12: 28 * 0.40 less."""
    billed = bill_by_hand(dear, session("1", energy_kwh="40", meter_start_kwh="100", meter_stop_kwh="112"))
    remedy = findings(billed)["D6"].remedy
    assert remedy is not None
    assert (remedy.way, remedy.amount, remedy.energy_kwh) == ("READING", D("11.20"), D(12))
