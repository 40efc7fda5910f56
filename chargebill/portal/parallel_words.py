"""Causes of differences in words a clerk can act on. "They" is the system that reported the amounts."""

from dataclasses import dataclass

from billing.chargeables import REASONS
from billing.comparison import Cause, Code
from billing.parallel import Kind, NotCompared
from chargebill.core.money import minor_digits, round_to
from chargebill.portal import format as written


@dataclass(frozen=True, slots=True)
class Words:
    """``title`` names a group of sessions; ``text`` says what explains them, or what to do."""

    title: str
    text: str


FIXED = {
    Code.FREE_THEIRS: Words("Free at theirs, charged by us", "They took nothing for these sessions; our tariff asks for money."),
    Code.FREE_OURS: Words("Charged by them, free at ours", "They took money; our tariff asks nothing for these sessions."),
    Code.WITHOUT_TAX: Words("Reported without tax", "Their amount is our price before tax: the file may hold net amounts."),
    Code.TAX_TWICE: Words("Tax charged twice", "Their amount is ours with tax added to a price that has it already."),
    Code.NO_START_FEE: Words("No start fee at theirs", "Their amount is ours without the start fee."),
    Code.NO_IDLE: Words("No idle time at theirs", "Their amount is ours without idle time."),
    Code.NO_CHARGING_TIME: Words("No charging time at theirs", "Their amount is ours without the price for charging time."),
    Code.NO_RESERVATION: Words("No reservation at theirs", "Their amount is ours without the reservation."),
    Code.NO_MINIMUM: Words("Our minimum price", "Our tariff raises these sessions to its minimum price; they do not."),
    Code.NO_MAXIMUM: Words("Our maximum price", "Our tariff caps these sessions at its maximum price; they do not."),
    Code.ENERGY_ONLY: Words("Energy only at theirs", "Their amount is the energy of our price and nothing else."),
    Code.SPANS_PRICE_CHANGE: Words(
        "Spans a change of price",
        "Our price changed during these sessions, and how much was used before is an assumption. Theirs may be another one.",
    ),
    Code.UNEXPLAINED: Words("Not explained", "No single cause gives their amount. Open a few and compare them line by line."),
    Code.ROUNDING: Words(
        "Rounding difference", "One cent apart at most (one unit of the last digit): computed alike, rounded differently."
    ),
    Code.EQUAL: Words("Equal", "Both amounts are the same."),
}
# What can't be compared and why, apart from the reasons a session has no price for.
APART = {
    Kind.NO_REPORTED_AMOUNT: Words("No reported amount", "The file gave no amount for these sessions."),
    Kind.OTHER_CURRENCY: Words("Other currency", "Our tariff is in another currency than the reported amount."),
}


def words_of(cause: Cause, currency: str) -> Words:
    """A cause with its figures, amounts in ``currency``."""
    if cause.code in FIXED:
        return FIXED[cause.code]
    price = unit_price(cause, currency)
    match cause.code:
        case Code.ENERGY_PRICE:
            return Words(
                f"They use {price}/kWh", f"Everything is as in our price, but a kWh costs {price}: one price explains them all."
            )
        case Code.ENERGY_ONLY_PRICE:
            return Words(f"They charge energy only, {price}/kWh", f"Their amount is the energy at {price} per kWh, nothing else.")
        case Code.CHARGING_PRICE:
            return Words(
                f"They use {price} per minute of charging",
                f"Everything is as in our price, but a minute of charging costs {price}.",
            )
        case Code.IDLE_PRICE:
            return Words(f"They use {price} per idle minute", f"Everything is as in our price, but an idle minute costs {price}.")
        case Code.START_FEE:
            return Words(
                f"They add {price} a session", f"Their amount is ours and {price} more each time, as a start fee would be."
            )
        case Code.MINIMUM:
            return Words(f"Their minimum of {price}", f"They take at least {price}; our price of these sessions is lower.")
        case Code.MAXIMUM:
            return Words(f"Their maximum of {price}", f"They take at most {price}; our price of these sessions is higher.")
    return Words("They bill in steps", f"Their amounts are whole steps of {_step(cause, price)}; ours are less than a step away.")


def _step(cause: Cause, price: str) -> str:
    step = cause.step
    if step and step.minutes:
        return f"{step.minutes} min"
    return f"{step.kwh.normalize():f} kWh" if step and step.kwh else price


def unit_price(cause: Cause, currency: str) -> str:
    """The figure of a cause with its currency: at least the currency's digits, at most five."""
    value = round_to(cause.value, 5).normalize()
    digits = max(minor_digits(currency), -int(value.as_tuple().exponent))
    return f"{currency} {value:,.{digits}f}".strip()


def words_apart(found: NotCompared) -> Words:
    """Why sessions can't be compared."""
    if found.kind in APART:
        return APART[found.kind]
    if found.reason == "not_priced":
        return Words("Not priced yet", "Pricing has not come to these sessions yet.")
    title = "No tariff" if found.reason == "no_tariff" else "No price"
    return Words(title, REASONS.get(found.reason, found.reason.replace("_", " ").capitalize() + "."))


def difference(value: written.Decimal, currency: str) -> str:
    """ "+1.20": ours is higher; "−1.20": theirs is."""
    shown = written.amount(abs(value), currency)
    if not any(digit in shown for digit in "123456789"):
        return shown
    return f"+{shown}" if value > 0 else f"−{shown}"
