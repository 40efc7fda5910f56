"""What a session costs, written out for staff: lines, taxes, the other system's amount beside it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.models import Anchor, Cdr
from billing.parallel import MODES
from billing.pricing import Dimension, Line
from billing.pricing.text import line_reason
from billing.queries import LABELS, Explanation, recomputed
from chargebill.portal import format as written
from chargebill.portal.parallel_words import difference
from stations.models import Mode, Session

NOT_KNOWN = "not known"
# A price per minute with more digits is one per hour, where it is plain: 1.00 per hour.
MOST_DIGITS = 5
ONCE = {Dimension.FLAT, Dimension.RESERVATION_FLAT}


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One row of "What it costs". ``when`` is its part of the session on the place's clock, "" for all of it.

    ``is_change``: a cap or a limit, which has an amount and nothing else.
    """

    label: str
    when: str
    measured: str
    billed: str
    unit_price: str
    tax: str
    amount: str
    reason: str
    is_change: bool


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate: "of which VAT 19 %: 0.94 on 4.96 net"."""

    label: str
    tax: str
    net: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What the other system reported beside our price, in ``currency``; ``ours`` is a dash where there is none."""

    theirs: str
    ours: str
    difference: str
    is_equal: bool


def context_of(session: Session, explanation: Explanation | None, zone: str) -> dict[str, Any]:
    """The part of a session's page about its price."""
    cdr = explanation.cdr if explanation else None
    if explanation is None or cdr is None:
        return {"lines": [], "taxes": [], "price_side": "Price", "beside": None}
    return {
        "lines": list(lines(explanation.lines, cdr, session, zone)),
        "taxes": list(taxes(explanation.lines, cdr)),
        "price_side": price_side(cdr),
        "has_several_taxes": cdr.tax_rate is None,
        "beside": beside(session, cdr),
        "our_lines": _our_lines(session, cdr, zone),
    }


def _our_lines(session: Session, cdr: Cdr, zone: str) -> list[PriceLine]:
    """What a collected session would have cost by our tariff; its own lines are those of the other system."""
    if session.mode != Mode.COLLECTED or cdr.priced_gross_amount is None:
        return []
    result = recomputed(session, cdr)
    return list(lines(result.lines, cdr, session, zone)) if result else []


def price_side(cdr: Cdr) -> str:
    if cdr.tariff_version is None:
        return "Price"
    return "Price incl. VAT" if cdr.tariff_version.tax_included == "YES" else "Price excl. VAT"


def lines(found: Sequence[Line], cdr: Cdr, session: Session, zone: str) -> Iterator[PriceLine]:
    several = {line.dimension for n, line in enumerate(found) if any(line.dimension is one.dimension for one in found[:n])}
    for line in found:
        amount = line.net if cdr.anchor == Anchor.NET else line.gross
        is_change = line.unit_price is None
        reason = _condition(line)
        timed = not is_change and line.dimension not in ONCE and (line.dimension in several or reason)
        yield PriceLine(
            label=LABELS[line.dimension],
            when=written.interval(line.start, line.end, zone) if timed else "",
            measured="" if is_change else quantity(line.measured, line.unit),
            billed="" if is_change else quantity(line.billed, line.unit),
            unit_price="" if line.unit_price is None else unit_price(line.unit_price, line.unit, cdr.currency),
            tax=percent(line.tax_rate),
            amount=NOT_KNOWN if amount is None else written.amount(amount, cdr.currency),
            reason=reason,
            is_change=is_change,
        )


def _condition(line: Line) -> str:
    """Why the line is there, where its label does not say it already: "22:00-07:00, Mon-Fri"."""
    return line.reason.removeprefix(line_reason(line.dimension, None)).removeprefix(", ")


def quantity(value: Decimal, unit: str) -> str:
    """kWh with three digits, times to the second, how often."""
    if unit == "kWh":
        return written.kwh(value)
    return written.exact_duration(value) if unit == "s" else f"{value.normalize():f}"


def unit_price(value: Decimal, unit: str, currency: str) -> str:
    """ "0.384 GBP/kWh", "0.02 EUR/min", "1.00 USD/h" where a minute has no plain price, "0.35 EUR/session", "free"."""
    if not value:
        return "free"
    per = {"kWh": "kWh", "s": "min"}.get(unit, "session")
    if unit == "s" and round(value, MOST_DIGITS) != value:
        value, per = round(value * 60, 6), "h"
    return f"{_all_digits(value)} {currency}/{per}"


def _all_digits(value: Decimal) -> str:
    """A unit price with all its digits, at least two."""
    plain = f"{value.normalize():f}"
    return plain if len(plain.partition(".")[2]) >= 2 else f"{value:.2f}"


def percent(rate: Decimal | None) -> str:
    return written.NOTHING if rate is None else f"{rate.normalize():f} %"


def taxes(found: Iterable[Line], cdr: Cdr) -> Iterator[TaxLine]:
    """The tax of each rate, the highest first; they add up to the Cdr's."""
    if cdr.tax_rate is not None:
        yield _tax_line(cdr.tax_rate, cdr.tax_amount, cdr.net_amount, cdr.currency)
        return
    sums: dict[Decimal | None, tuple[Decimal, Decimal]] = {}
    for line in found:
        tax, net = sums.get(line.tax_rate, (Decimal(0), Decimal(0)))
        sums[line.tax_rate] = (tax + (line.tax or 0), net + (line.net or 0))
    for rate in sorted(sums, key=lambda rate: -1 if rate is None else rate, reverse=True):
        yield _tax_line(rate, *sums[rate], cdr.currency)


def _tax_line(rate: Decimal | None, tax: Decimal, net: Decimal, currency: str) -> TaxLine:
    label = "without VAT" if rate is None else f"VAT {percent(rate)}"
    return TaxLine(label, written.amount(tax, currency), written.amount(net, currency))


def beside(session: Session, cdr: Cdr) -> Beside | None:
    """The amounts of a session that another system charged, too; None where ChargeBill alone does."""
    if session.mode not in MODES or session.reported_amount is None:
        return None
    currency = session.reported_currency or cdr.currency
    ours = cdr.priced_gross_amount if session.mode == Mode.COLLECTED else cdr.gross_amount
    if ours is None or (session.mode == Mode.HISTORY and currency != cdr.currency):
        return Beside(written.money(session.reported_amount, currency), written.NOTHING, written.NOTHING, False)
    apart = ours - session.reported_amount
    return Beside(
        theirs=written.money(session.reported_amount, currency),
        ours=written.money(ours, currency),
        difference=difference(apart, currency),
        is_equal=not apart,
    )
