"""Prices, steps, idle time and limits that are hardly meant so."""

from collections.abc import Iterator
from decimal import Decimal

from billing.pricing.lint.findings import Finding, Setting, finding
from billing.pricing.lint.words import NAMES, component_at, duration, plain, restriction_at, sentence
from billing.pricing.model import ZERO, Component, Dimension, Limit, Tariff
from chargebill.core.money import minor_digits, round_to

# Roughly how much of a currency buys one euro: enough to tell 0.40 from 40. Elsewhere sizes are not judged.
ROUGHLY_A_EURO = {
    "EUR": "1", "USD": "1", "GBP": "1", "CHF": "1", "CAD": "1.5", "AUD": "1.7", "NZD": "2", "DKK": "7.5", "SEK": "11",
    "NOK": "11.5", "PLN": "4.3", "CZK": "25", "HUF": "400", "RON": "5", "BGN": "2", "ISK": "145", "TRY": "45", "ILS": "4",
    "JPY": "165", "CNY": "8", "KRW": "1550", "INR": "95", "SGD": "1.5", "BHD": "0.42", "KWD": "0.35", "AED": "4.2",
}  # fmt: skip
# Per kWh: below 2 cents nobody sells, above 3 somebody typed cents. Per hour: below a cent a minute a price per minute
# was left as one per hour, above 1 a minute a price per hour was taken for one per minute. Once: above 50.
TINY = {Dimension.ENERGY: Decimal("0.02"), Dimension.TIME: Decimal("0.6"), Dimension.PARKING_TIME: Decimal("0.6")}
HUGE = {
    Dimension.ENERGY: Decimal(3),
    Dimension.TIME: Decimal(60),
    Dimension.PARKING_TIME: Decimal(60),
    Dimension.FLAT: Decimal(50),
}
UNITS = {Dimension.ENERGY: "kWh", Dimension.TIME: "hour", Dimension.PARKING_TIME: "hour", Dimension.FLAT: "session"}
TIMES = (Dimension.TIME, Dimension.PARKING_TIME)
# Of a step: absurd above, coarse above. Wh and s.
LARGE_STEP = {Dimension.ENERGY: 10_000, Dimension.TIME: 3600, Dimension.PARKING_TIME: 3600}
COARSE_STEP = {Dimension.ENERGY: 1000, Dimension.TIME: 900, Dimension.PARKING_TIME: 900}
HOUR_S = 3600
# Of these an hour's price is a whole number of 0.0001 per minute, what a page can show.
EXACT_PER_HOUR = Decimal("0.006")


def of_components(tariff: Tariff) -> Iterator[Finding]:
    for e, element in enumerate(tariff.elements):
        for c, component in enumerate(element.components):
            yield from _size(component, tariff.currency, component_at(e, c, "price"))
            yield from _step(component, component_at(e, c, "step_size"))
            if component.dimension is Dimension.PARKING_TIME and component.price > ZERO and element.restrictions.min_power_kw:
                yield finding(
                    "idle_with_power",
                    restriction_at(e, "min_power"),
                    f"The price for idle time of element {e + 1} asks for {plain(element.restrictions.min_power_kw)} kW or more, "
                    "but no power flows while a car stands idle: it will not apply.",
                    "Put the price for idle time into an element without a restriction on power.",
                )


def _size(component: Component, currency: str, where: str) -> Iterator[Finding]:
    price, dimension = component.price, component.dimension
    if price < ZERO:
        yield finding(
            "price_negative", where, f"The price for {NAMES[dimension]} is negative: {plain(price)}.", "Enter 0 or more."
        )
        return
    unit, scale = UNITS[dimension], Decimal(ROUGHLY_A_EURO.get(currency, "0"))
    minute = f" ({plain(round_to(price / 60, 6))} per minute)" if dimension in TIMES else ""
    shown = f"{currency} {plain(price)} per {unit}{minute}"
    if scale and ZERO < price < TINY.get(dimension, ZERO) * scale:
        advice = "If it is meant per minute, enter it per minute." if minute else "Check the unit: prices are per kWh."
        yield finding("price_tiny", where, f"The price for {NAMES[dimension]} is very low: {shown}.", advice)
    elif scale and price > HUGE[dimension] * scale:
        advice = "If it is meant per hour, enter it per hour." if minute else f"Check the decimal point: it is in {currency}."
        yield finding("price_huge", where, f"The price for {NAMES[dimension]} is very high: {shown}.", advice)


def minute_prices(tariff: Tariff) -> Iterator[Finding]:
    """The first price per hour that no price per minute is equal to; a tariff often has more of them."""
    for e, element in enumerate(tariff.elements):
        for c, component in enumerate(element.components):
            if component.dimension in TIMES and component.price > ZERO and component.price % EXACT_PER_HOUR:
                digits = minor_digits(tariff.currency)
                near = max(round_to(component.price / 60, digits), Decimal(1).scaleb(-digits))
                yield finding(
                    "minute_price_inexact",
                    component_at(e, c, "price"),
                    f"{tariff.currency} {plain(component.price)} per hour is no exact price per minute, "
                    "so what is shown per minute is rounded.",
                    f"Choose a price that divides by 60, such as {plain(near * 60)} per hour ({plain(near)} per minute).",
                )
                return


def _step(component: Component, where: str) -> Iterator[Finding]:
    dimension, step = component.dimension, component.step_size
    if dimension is Dimension.FLAT:
        return
    size = f"{plain(Decimal(step) / 1000)} kWh" if dimension is Dimension.ENERGY else duration(step)
    if step > LARGE_STEP[dimension]:
        yield finding(
            "step_large",
            where,
            f"{sentence(NAMES[dimension])} is billed in steps of {size}: whoever uses less pays for all of it.",
            "Check the unit, step_size is in Wh or in seconds; or choose a smaller step.",
        )
    elif step > COARSE_STEP[dimension]:
        yield finding(
            "step_coarse",
            where,
            f"{sentence(NAMES[dimension])} is rounded up to {size}, which drivers often complain about.",
            "Choose a smaller step, or 1 to bill what was used.",
        )


def across(tariff: Tariff) -> Iterator[Finding]:
    """Components of one dimension that don't fit together."""
    by_dimension: dict[tuple[Dimension, bool], list[tuple[int, int, Component]]] = {}
    for e, element in enumerate(tariff.elements):
        for c, component in enumerate(element.components):
            key = (component.dimension, bool(element.restrictions.reservation))
            by_dimension.setdefault(key, []).append((e, c, component))
    for (dimension, _), components in by_dimension.items():
        first = components[0][2]
        odd = next(((e, c, one) for e, c, one in components if one.vat != first.vat), None)
        if odd:
            rates = [f"{plain(one.vat)} %" if one.vat is not None else "none" for one in (first, odd[2])]
            yield finding(
                "vat_differs",
                component_at(odd[0], odd[1], "vat"),
                f"The VAT on {NAMES[dimension]} differs between elements: {rates[0]} and {rates[1]}.",
                "One supply has one rate: correct it, unless the rate changes with the dates.",
            )
        stepped = [item for item in components if item[2].step_size > 1]
        if dimension is not Dimension.FLAT and (
            other := next((item for item in stepped if item[2].step_size != stepped[0][2].step_size), None)
        ):
            yield finding(
                "steps_differ",
                component_at(other[0], other[1], "step_size"),
                f"Steps for {NAMES[dimension]} differ between elements. The whole session is rounded once, "
                "by the step of the last one used.",
                "Use the same step everywhere.",
            )


def shown_prices(tariff: Tariff, setting: Setting) -> Iterator[Finding]:
    for dimension, shown in setting.shown:
        per = Decimal(60) if dimension in TIMES else Decimal(1)
        prices = [
            (component.price, component_at(e, c, "price"))
            for e, element in enumerate(tariff.elements)
            if not element.restrictions.reservation
            for c, component in enumerate(element.components)
            if component.dimension is dimension
        ]
        if any(price == shown * per for price, _ in prices):
            continue
        hint = ""
        if any(price * 60 == shown * per or price == shown * per * 60 for price, _ in prices):
            hint = " It looks like a price per hour taken for one per minute, or the other way round."
        yield finding(
            "shown_price_differs",
            prices[0][1] if prices else "",
            f"{tariff.currency} {plain(shown)} is shown for {NAMES[dimension]}, "
            + ("and no price of the tariff is equal to it." if prices else "and the tariff has no price for it.")
            + hint,
            "Correct the price, or what is shown.",
        )


def idle(tariff: Tariff) -> Iterator[Finding]:
    fees = [
        (e, c, element, component)
        for e, element in enumerate(tariff.elements)
        if not element.restrictions.reservation
        for c, component in enumerate(element.components)
        if component.dimension is Dimension.PARKING_TIME and component.price > ZERO
    ]
    cap = tariff.parking_cap
    if not fees:
        if tariff.grace_s:
            yield finding(
                "grace_without_idle",
                "grace_minutes",
                "There is a grace period for idle time, but idle time has no price.",
                "Add a price for idle time, or remove the grace period.",
            )
        if cap is not None:
            yield finding(
                "cap_without_idle",
                "parking_cap",
                "There is a cap on idle time, but idle time has no price.",
                "Add a price for idle time, or remove the cap.",
            )
        return
    at_once = next(((e, c) for e, c, element, _ in fees if not element.restrictions.min_duration_s), None)
    if at_once and not tariff.grace_s:
        yield finding(
            "idle_without_grace",
            component_at(*at_once),
            "Idle time costs from the first second after charging, before anyone can be back at the car.",
            "Give a grace period, such as 10 minutes. OCPI can't say one: partners get it in words.",
        )
    if cap is not None:
        dearest = max((component for *_, component in fees), key=_one_step)
        if cap < _one_step(dearest):
            yield finding(
                "cap_below_step",
                "parking_cap",
                f"The cap on idle time ({plain(cap)}) is less than the first {duration(max(dearest.step_size, 60))} cost "
                f"({plain(round_to(_one_step(dearest), 4))}): the price per minute never matters.",
                "Raise the cap, or charge idle time as you mean it.",
            )


def _one_step(component: Component) -> Decimal:
    """What the smallest amount costs that anyone would count: a step, or a minute."""
    return component.price * max(component.step_size, 60) / HOUR_S


def limits(tariff: Tariff) -> Iterator[Finding]:
    least, most = tariff.min_price, tariff.max_price
    for key, limit in (("min_price", least), ("max_price", most)):
        if limit and limit.net is not None and limit.gross is not None and limit.gross < limit.net:
            yield finding(
                "limit_gross_below_net",
                key,
                f"The limit after tax ({plain(limit.gross)}) is below the one before tax ({plain(limit.net)}).",
                "Correct one of them: tax is never negative.",
            )
        if limit and any(side is not None and side < ZERO for side in (limit.net, limit.gross)):
            yield finding("price_negative", key, "The limit is negative.", "Enter 0 or more, or remove it.")
    if tariff.parking_cap is not None and tariff.parking_cap < ZERO:
        yield finding("price_negative", "parking_cap", "The cap on idle time is negative.", "Enter 0 or more, or remove it.")
    if least and most and _contradict(least, most):
        yield finding(
            "limits_contradict",
            "min_price",
            "The minimum price is above the maximum price.",
            "Lower the minimum, raise the maximum, or remove one of them.",
        )
    ceiling = _stated(most, tariff.tax_included)
    for e, element in enumerate(tariff.elements):
        for component in element.components:
            if (
                component.dimension is Dimension.FLAT
                and not element.restrictions.reservation
                and ceiling is not None
                and component.price > ceiling
            ):
                yield finding(
                    "max_price_below_fee",
                    "max_price",
                    f"The maximum price ({plain(ceiling)}) is below the start fee of element {e + 1} ({plain(component.price)}): "
                    "nothing else is ever charged.",
                    "Raise the maximum, or lower the fee.",
                )


def _contradict(least: Limit, most: Limit) -> bool:
    sides = ((least.net, most.net), (least.gross, most.gross), (least.net, most.gross))
    return any(low is not None and high is not None and low > high for low, high in sides)


def _stated(limit: Limit | None, tax_included: bool) -> Decimal | None:
    """The limit on the side the prices are on."""
    if limit is None:
        return None
    return limit.gross if tax_included else limit.net


def life(tariff: Tariff, setting: Setting) -> Iterator[Finding]:
    starts, ends = tariff.starts_at, tariff.ends_at
    if starts and ends and ends <= starts:
        yield finding(
            "ends_before_start",
            "end_date_time",
            "The tariff ends before it starts, so it never applies.",
            "Set the end after the start, or remove it.",
        )
    elif ends and setting.day and ends.date() < setting.day:
        yield finding(
            "ended",
            "end_date_time",
            f"The tariff ended on {ends.date()}.",
            "Extend it, or use the one that followed.",
        )
