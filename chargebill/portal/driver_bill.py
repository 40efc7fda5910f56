"""A price as its driver reads it: what was measured, what each line means, what was not charged and why. No database."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.pricing import Component, Dimension, Line, Result, Tariff, Usage
from billing.pricing.text import Language, Sentence, dimension_label, line_reason, money, tariff_sentences, words
from chargebill.core.money import minor_digits, round_to
from chargebill.portal.driver_words import FREE_OF, MEANINGS, PHRASES, duration, interval, kwh, moment, notes_in_words

ZERO = Decimal(0)
ONCE = {Dimension.FLAT, Dimension.RESERVATION_FLAT}


@dataclass(frozen=True, slots=True)
class Charge:
    """What happened: where and when. Aware moments; ``zone`` is the place's (IANA), ``company`` who asks for the money."""

    company: str
    place: str
    address: str
    evse: str
    started_at: datetime
    ended_at: datetime
    zone: str
    energy_kwh: Decimal


@dataclass(frozen=True, slots=True)
class Stored:
    """The price that counts, incl. tax, and its one tax rate (None: several, or none)."""

    net: Decimal
    tax: Decimal
    gross: Decimal
    currency: str
    tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class BillLine:
    """``sum`` is how the amount comes about: "22.287 kWh × 0.384 GBP per kWh"; "" for a cap or a limit."""

    label: str
    meaning: str
    why: str
    when: str
    sum: str
    amount: str


@dataclass(frozen=True, slots=True)
class Bill:
    """Everything the page says, in one language. ``total`` "": there is no price yet."""

    language: Language
    charge: Charge
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()
    lines: tuple[BillLine, ...] = ()
    free: tuple[str, ...] = ()
    total: str = ""
    taxes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    prices: tuple[Sentence, ...] = ()
    tariff: str = ""


def bill_of(
    charge: Charge,
    usage: Usage,
    *,
    language: Language,
    stored: Stored | None,
    result: Result | None,
    tariff: Tariff | None,
    remark: str = "",
) -> Bill:
    """The bill of one session.

    ``stored`` None: no price yet. ``result`` and ``tariff`` None: its lines can't be shown, only the total. ``remark``
    is a key of PHRASES: why this is no usual bill.
    """
    bill = Bill(language, charge, tuple(_facts(charge, usage, language)))
    phrases = PHRASES[language]
    if stored is None:
        return replace(bill, remarks=(phrases["no_price"],))
    remarks = [phrases[remark]] if remark else []
    if result is None or tariff is None:
        remarks += [] if remark == "paid" else [phrases["unchecked"]]
        return replace(
            bill,
            remarks=tuple(remarks),
            total=_money(stored.gross, stored.currency, language),
            taxes=tuple(_taxes((), stored, language)),
        )
    if not stored.gross:
        remarks.append(phrases["nothing"])
    lines = list(_with_one_change_each(line for line in result.lines if not _is_free(line)))
    return replace(
        bill,
        remarks=tuple(remarks),
        lines=tuple(_line(line, lines, tariff, charge, language) for line in lines),
        free=tuple(_free(usage, result.lines, tariff, charge, language)),
        total=_money(stored.gross, stored.currency, language),
        taxes=tuple(_taxes(result.lines, stored, language)),
        notes=notes_in_words(result.notes, language),
        prices=tariff_sentences(tariff, language=language),
        tariff=f"{tariff.name} v{tariff.version}",
    )


def _local(at: datetime, charge: Charge) -> datetime:
    return at.astimezone(ZoneInfo(charge.zone or "UTC"))


def _facts(charge: Charge, usage: Usage, language: Language) -> Iterator[tuple[str, str]]:
    phrases = PHRASES[language]
    yield phrases["evse"], charge.evse
    yield phrases["from"], moment(_local(charge.started_at, charge), language)
    yield phrases["to"], moment(_local(charge.ended_at, charge), language)
    yield phrases["energy"], kwh(charge.energy_kwh, language)
    used = _used(usage)
    if used[Dimension.RESERVATION_TIME]:
        yield phrases["reserved"], duration(used[Dimension.RESERVATION_TIME], language)
    if usage.assumption.endswith("all_charging"):
        # Nobody measured when charging ended: to call it so would be a claim.
        yield phrases["connected"], duration(used[Dimension.TIME], language)
        return
    yield phrases["charging"], duration(used[Dimension.TIME], language)
    if used[Dimension.PARKING_TIME]:
        yield phrases["idle"], duration(used[Dimension.PARKING_TIME], language)


def _used(usage: Usage) -> dict[Dimension, Decimal]:
    """What was used of everything that can cost money, in kWh and seconds."""
    return {
        Dimension.ENERGY: sum((period.energy_kwh for period in usage.periods), ZERO),
        Dimension.TIME: Decimal(sum(period.charging_s for period in usage.periods)),
        Dimension.PARKING_TIME: Decimal(sum(period.parking_s for period in usage.periods)),
        Dimension.RESERVATION_TIME: Decimal(sum(period.reserved_s for period in usage.periods)),
    }


def _is_free(line: Line) -> bool:
    """Priced at nothing, or all of it within the free minutes."""
    return line.unit_price is not None and (not line.unit_price or not line.billed)


def _with_one_change_each(lines: Iterable[Line]) -> Iterator[Line]:
    """A cap or a limit has a line for each tax rate; a driver reads one, the taxes stand below the total."""
    changes: dict[Dimension, list[Line]] = {}
    for line in lines:
        if line.unit_price is None:
            changes.setdefault(line.dimension, []).append(line)
        else:
            yield line
    for of_one in changes.values():
        amounts = [line.gross for line in of_one if line.gross is not None]
        yield replace(of_one[0], gross=sum(amounts, ZERO) if len(amounts) == len(of_one) else None)


def _line(line: Line, lines: Sequence[Line], tariff: Tariff, charge: Charge, language: Language) -> BillLine:
    why = _why(line, tariff, language)
    return BillLine(
        label=dimension_label(line.dimension, language),
        meaning=MEANINGS[language][line.dimension],
        why=why,
        when=_when(line, charge, language) if why or _has_others(line, lines) else "",
        sum="" if line.unit_price is None else _sum(line, tariff, language),
        amount=PHRASES[language]["not_known"] if line.gross is None else _money(line.gross, tariff.currency, language),
    )


def _component(line: Line, tariff: Tariff) -> Component:
    assert line.element is not None
    element = tariff.elements[line.element]
    return next(one for one in element.components if element.dimension_of(one) is line.dimension)


def _why(line: Line, tariff: Tariff, language: Language) -> str:
    """When this price applies and how it is rounded, without what the line is called: "22:00-07:00, Mon-Fri"."""
    if line.element is None:
        return ""
    restrictions = tariff.elements[line.element].restrictions
    component = _component(line, tariff)
    reason = line_reason(line.dimension, component, restrictions, language)
    return reason.removeprefix(line_reason(line.dimension, None, language=language)).removeprefix(", ")


def _when(line: Line, charge: Charge, language: Language) -> str:
    """The part of the charge a line is about; "" for what is asked once."""
    if line.unit_price is None or line.dimension in ONCE:
        return ""
    return interval(_local(line.start, charge), _local(line.end, charge), language)


def _has_others(line: Line, lines: Sequence[Line]) -> bool:
    return sum(other.dimension is line.dimension for other in lines) > 1


def _quantity(value: Decimal, unit: str, language: Language) -> str:
    return kwh(value, language) if unit == "kWh" else duration(value, language)


def _sum(line: Line, tariff: Tariff, language: Language) -> str:
    component = _component(line, tariff)
    price, _ = words(language).rate(component.price, tariff.currency, line.dimension, alone=False)
    if not tariff.tax_included and line.tax_rate is not None:
        price = f"{price} {PHRASES[language]['plus_tax'].format(rate=words(language).number(line.tax_rate))}"
    if line.unit == "session":
        return price
    billed = _quantity(line.billed, line.unit, language)
    if line.billed != line.measured:
        phrase = PHRASES[language]["of" if line.billed < line.measured else "rounded"]
        billed = phrase.format(billed=billed, measured=_quantity(line.measured, line.unit, language))
    return f"{billed} × {price}"


def _free(usage: Usage, lines: Sequence[Line], tariff: Tariff, charge: Charge, language: Language) -> Iterator[str]:
    """What was used and not charged, and why: prices of nothing, free minutes, and what no price is set for."""
    phrases, named = PHRASES[language], FREE_OF[language]
    for dimension, used in _used(usage).items():
        of_it = [line for line in lines if line.dimension is dimension]
        left = used - sum((line.measured for line in of_it), ZERO)
        unit = "kWh" if dimension is Dimension.ENERGY else "s"
        if left > 0:
            phrase = phrases["free_time" if dimension is Dimension.TIME and not of_it else "free_part"]
            yield phrase.format(quantity=_quantity(left, unit, language), label=named[dimension])
        graced = ZERO
        for line in of_it:
            if not line.unit_price:
                quantity = _quantity(line.measured, unit, language)
                when = _why(line, tariff, language) or (_when(line, charge, language) if len(of_it) > 1 else "")
                phrase = phrases["free_at"] if when else phrases["free_part"]
                yield phrase.format(quantity=quantity, label=named[dimension], when=when)
            elif dimension is Dimension.PARKING_TIME and line.billed < line.measured:
                graced += line.measured - line.billed
        if graced and tariff.grace_s:
            yield phrases["grace"].format(
                grace=duration(tariff.grace_s, language),
                free=duration(graced, language),
                measured=duration(used, language),
            )


def _taxes(lines: Sequence[Line], stored: Stored, language: Language) -> Iterator[str]:
    """The tax in the total, for each rate; they add up to it."""
    if stored.tax_rate is not None:
        if stored.tax_rate or stored.gross:
            yield _tax(stored.tax_rate, stored.tax, stored.net, stored.currency, language)
        return
    sums: dict[Decimal | None, tuple[Decimal, Decimal]] = {}
    for line in lines:
        tax, net = sums.get(line.tax_rate, (ZERO, ZERO))
        sums[line.tax_rate] = (tax + (line.tax or ZERO), net + (line.net or ZERO))
    for rate in sorted(sums, key=lambda rate: -1 if rate is None else rate, reverse=True):
        yield _tax(rate, *sums[rate], stored.currency, language)


def _tax(rate: Decimal | None, tax: Decimal, net: Decimal, currency: str, language: Language) -> str:
    if rate is None:
        return PHRASES[language]["untaxed"].format(gross=_money(net, currency, language))
    return PHRASES[language]["tax"].format(
        rate=words(language).number(rate), tax=_money(tax, currency, language), net=_money(net, currency, language)
    )


def _money(amount: Decimal, currency: str, language: Language) -> str:
    return money(round_to(amount, minor_digits(currency)), currency, language)
