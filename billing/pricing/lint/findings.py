"""What lint says and what it may know of the place: frozen values, and the list of everything it can find."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.pricing.model import Dimension


class Severity(StrEnum):
    """ERROR: the tariff must not be activated. WARNING: hardly meant so. INFO: worth knowing."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class Finding:
    """``where`` is a place in the tariff's document ("elements[1].restrictions.min_kwh"), "" for all of it.

    ``message`` says what is so, ``advice`` what to do; both are whole sentences.
    """

    code: str
    where: str
    severity: Severity
    message: str
    advice: str

    @property
    def element(self) -> int | None:
        """Index of the element it is about, None for the tariff as a whole."""
        if not self.where.startswith("elements["):
            return None
        return int(self.where[len("elements[") : self.where.index("]")])


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of where a tariff will apply; what is not known is not held against it.

    ``country`` ISO 3166 alpha-2, ``subdivision`` the part behind the dash ("CA"). ``ad_hoc``: people without a contract
    pay it. ``rated_kw``: band [min, max) of the connectors, as an assignment's; the same number twice means exactly
    that. ``dc``: all connectors are direct current. ``deployed``: when the newest of the stations went into service.
    ``day``: the first local day it will apply. ``shown``: what is written at the pole, per kWh, minute or session, with
    or without tax as the tariff's own prices.
    """

    country: str = ""
    subdivision: str = ""
    ad_hoc: bool = True
    rated_kw: tuple[Decimal | None, Decimal | None] = (None, None)
    dc: bool | None = None
    deployed: date | None = None
    day: date | None = None
    shown: tuple[tuple[Dimension, Decimal], ...] = ()

    def all_from(self, kw: Decimal) -> bool:
        """Every connector has at least ``kw``."""
        least, _ = self.rated_kw
        return least is not None and least >= kw

    def all_below(self, kw: Decimal) -> bool:
        """Every connector has less than ``kw``."""
        least, most = self.rated_kw
        return most is not None and (most < kw or (most == kw and least != most))


# The document, its elements, where they apply, their prices, idle time and limits, the law. Of several severities the
# case decides; docs/tariff-lint.md says how.
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741
CODES: dict[str, tuple[Severity, ...]] = {
    "day_of_week_empty": (I,),
    "window_whole_day": (W,),
    "window_end_only_midnight": (I,),
    "step_missing": (I,),
    "step_zero": (I,),
    "price_digits": (I,),
    "number_as_text": (I,),
    "vat_ignored": (W,),
    "field_other_version": (W,),
    "field_unknown": (I,),
    "field_missing": (I,),
    "bounds_contradict": (E,),
    "dates_contradict": (E,),
    "never_applies": (E,),
    "min_kwh_unreachable": (W,),
    "min_power_unreachable": (W,),
    "dates_past": (W,),
    "element_unreachable": (W,),
    "price_unreachable": (W,),
    "overlap": (I,),
    "component_twice": (W,),
    "flat_several": (I,),
    "flat_too_late": (W,),
    "weekday_overnight": (W,),
    "current_on_dc": (W,),
    "reservation_price": (W,),
    "too_complex": (I,),
    "everything_free": (I,),
    "energy_free": (W, I),
    "idle_free": (W, I),
    "date_gap": (W,),
    "week_gap": (W, I),
    "range_gap": (W,),
    "range_start_free": (I,),
    "range_end_free": (W, I),
    "measurement_needed": (W,),
    "sometimes_free": (W, I),
    "price_negative": (E,),
    "price_tiny": (W,),
    "price_huge": (W,),
    "minute_price_inexact": (I,),
    "shown_price_differs": (W,),
    "step_large": (W,),
    "step_coarse": (I,),
    "steps_differ": (I,),
    "vat_differs": (W,),
    "idle_without_grace": (W,),
    "idle_with_power": (W,),
    "grace_without_idle": (W,),
    "cap_without_idle": (W,),
    "cap_below_step": (W,),
    "limits_contradict": (E,),
    "limit_gross_below_net": (E,),
    "max_price_below_fee": (W,),
    "ends_before_start": (E,),
    "ended": (W,),
    "eu_start_fee": (E, W),
    "eu_charging_time": (E, W),
    "eu_minimum_price": (W, I),
    "eu_price_order": (I,),
    "us_ca_no_kwh_price": (E,),
    "de_no_kwh_price": (W,),
    "de_net_price": (W,),
    "gb_no_kwh_price": (W,),
}


def finding(code: str, where: str, message: str, advice: str, severity: Severity | None = None) -> Finding:
    """A finding with its code's severity, or with the one of several that fits."""
    return Finding(code, where, severity or CODES[code][0], message, advice)
