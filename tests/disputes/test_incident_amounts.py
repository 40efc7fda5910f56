"""What an incident takes back of each bill, to the cent, against sums worked out without the product."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from billing.operations import set_tariff
from disputes.incident_amounts import down_to, percentage, still_due
from stations.models import ConnectorStatus, Session
from tests.disputes.incidents import of_part, of_percent, planned
from tests.documents.conftest import AT, Operator, session

D = Decimal
KWH = ["10", "7.5", "12.34", "0.33", "3.31", "8.07", "20", "0.11", "41.999"]
WHO = ["", "T-Ada", "T-Brewery"]
FEE, ENERGY, MINUTE = Fraction("0.55"), Fraction("0.4137"), Fraction("0.0071")


def pence(amount: Fraction) -> Decimal:
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(D("0.01"), ROUND_HALF_UP)


def cost(kwh: str, *, net: bool, fee: bool = True, energy: bool = True, time: bool = True) -> Decimal:
    """An hour of charging at the tariff below, incl. 20 %, rounded once at the end on the fixed side."""
    total = FEE * fee + Fraction(kwh) * ENERGY * energy + 60 * MINUTE * time
    return pence(total / Fraction(6, 5) if net else total)


@pytest.fixture
def three_parts(operator: Operator) -> Operator:
    set_tariff(
        entity=operator.entity, name="Standard", currency="GBP", tax_included=True, start_fee=D("0.55"),
        energy_per_kwh=D("0.4137"), charging_per_minute=D("0.0071"), idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    operator.bring(*(session(f"S{n}", token=WHO[n % 3], energy_kwh=kwh) for n, kwh in enumerate(KWH)))
    operator.issue()
    return operator


@pytest.mark.parametrize(("part", "without"), [("FLAT", "fee"), ("ENERGY", "energy"), ("TIME", "time")])
def test_a_part_is_taken_back_as_the_price_without_it(three_parts: Operator, part: str, without: str) -> None:
    found = {one.line.session_number: one.amount for one in planned(three_parts, of_part(part)).lines}
    expected = {}
    for n, kwh in enumerate(KWH):
        net = WHO[n % 3] == "T-Brewery"
        expected[f"S{n}"] = cost(kwh, net=net) - cost(kwh, net=net, **{without: False})
    assert found == expected
    assert len(found) == len(KWH)


def test_nothing_was_charged_for_idle_time(three_parts: Operator) -> None:
    found = planned(three_parts, of_part("PARKING_TIME"))
    assert (found.lines, {why: len(lines) for why, lines in found.untouched.items()}) == ([], {"same": 9})


@pytest.mark.parametrize("percent", ["0.01", "12.5", "50", "99.99", "100"])
def test_a_percentage_is_of_each_line(three_parts: Operator, percent: str) -> None:
    found = {one.line.session_number: one.amount for one in planned(three_parts, of_percent(percent)).lines}
    expected = {}
    for n, kwh in enumerate(KWH):
        amount = pence(Fraction(cost(kwh, net=WHO[n % 3] == "T-Brewery")) * Fraction(percent) / 100)
        if amount:
            expected[f"S{n}"] = amount
    assert found == expected


def test_lines_of_one_session_give_back_what_the_session_does() -> None:
    """A maximum of 20.00 over 15.00 of energy and 10.00 of idle time: 12.00 and 8.00; without idle time 15.00."""
    assert down_to([D("12.00"), D("8.00")], [D("15.00"), D("0")], "EUR") == [D("0.00"), D("5.00")]
    assert down_to([D("5.00"), D("3.00"), D("2.00")], [D("6.00"), D("0"), D("0")], "EUR") == [D("0"), D("2.40"), D("1.60")]
    assert down_to([D("5.00")], [D("7.00")], "EUR") == [D(0)]
    assert down_to([D("5.00"), D("3.00")], [D("4.00"), D("0")], "EUR") == [D("1.00"), D("3.00")]


@pytest.mark.parametrize(
    ("due", "credited", "left", "expected"),
    [("5", "0", "5", "5"), ("3", "1", "4", "2"), ("3", "3", "2", "0"), ("1", "3", "2", "0"), ("5", "1", "3", "3")],
)
def test_what_went_back_before_is_taken_off(due: str, credited: str, left: str, expected: str) -> None:
    assert still_due(D(due), D(credited), D(left)) == D(expected)


def test_a_percentage_has_the_currencys_digits() -> None:
    assert (percentage(D("1001"), D("50"), "JPY"), percentage(D("0.05"), D("50"), "EUR")) == (D("501"), D("0.03"))


Choose = Callable[..., set[str]]


@pytest.fixture
def choose(billed: Operator) -> Choose:
    def chosen(**more: object) -> set[str]:
        return {one.line.session_number for one in planned(billed, **more).lines}

    return chosen


def test_sessions_are_chosen_by_evse_time_tariff_and_connector(billed: Operator, choose: Choose) -> None:
    hub = Session.objects.get(external_id="A1").location
    evses = tuple(Session.objects.get(external_id=number).connector.evse for number in ("M1", "B1"))
    assert choose(evses=evses) == {"M1", "B1"}
    assert choose(location=hub, connector="1") == {"A1", "A2", "M1", "M2", "B1", "B2", "P1"}
    assert choose(connector="2") == set()
    first = Session.objects.get(external_id="A2")
    assert choose(start=first.started_at, end=first.ended_at) == {"A2"}
    # The end is not included.
    assert choose(end=first.started_at) == {"A1", "M1", "B1", "P1"}


def test_firmware_is_what_the_connector_said_last_before(billed: Operator, choose: Choose) -> None:
    for number, minutes, firmware in (("A1", -90, "1.4"), ("A1", -30, ""), ("A1", 30, "1.5"), ("M1", -10, "1.5")):
        told = Session.objects.get(external_id=number)
        at = told.started_at + (told.ended_at - told.started_at) * minutes / 60
        ConnectorStatus.objects.create(
            source=told.source, external_id=f"{number}{minutes}", connector=told.connector, at=at, status="Available",
            firmware=firmware, batch=told.batch, line_no=1,
        )  # fmt: skip
    assert (choose(firmware="1.4"), choose(firmware="1.5"), choose(firmware="1.6")) == ({"A1"}, {"M1"}, set())


def test_a_check_of_the_gate_is_run_again(billed: Operator, choose: Choose) -> None:
    """Somebody says only now that E-A1 is rated at 3 kW: 10 kWh in an hour is more than it can give (D7)."""
    assert choose(check="D7") == set()
    connector = Session.objects.get(external_id="A1").connector
    connector.rated_kw = D("3")
    connector.save()
    assert choose(check="D7") == {"A1"}


def test_what_is_not_billed_is_counted_and_left_where_it_is(billed: Operator) -> None:
    billed.bring(session("N1", day="2018-09-22"), session("H1", day="2018-09-23", energy_kwh="900"))
    billed.bring(session("X1", day="2018-09-24"), mode="history")
    chosen = planned(billed).chosen
    assert (len(chosen.billed), chosen.waiting, chosen.left_out, chosen.count) == (7, {"HELD": 1, "READY": 1}, 1, 10)
