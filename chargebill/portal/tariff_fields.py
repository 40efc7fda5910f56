"""Form fields of the tariff editor: prices, times of day, durations in words, steps in words."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from billing.pricing import Dimension
from billing.tariff_cards import MOST_DECIMALS, MOST_PRICE, MOST_QUANTITY, MOST_SECONDS

_DURATION = re.compile(
    r"(?:(\d+)\s*(?:h|hours?))?\s*(?:(\d+)\s*(?:m|min|minutes?))?\s*(?:(\d+)\s*(?:s|sec|seconds?))?", re.I | re.A
)
_TIME = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?", re.A)


def _text_input(**attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", **attributes})


class NumberField(forms.DecimalField):
    """A number, 0 or more; a decimal comma is taken for a point. ``what`` names it in errors."""

    def __init__(self, label: str, *, what: str, most: Decimal, example: str) -> None:
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal(0),
            max_digits=len(str(most)) - 1 + MOST_DECIMALS,
            decimal_places=MOST_DECIMALS,
            widget=_text_input(inputmode="decimal"),
            error_messages={
                "invalid": f"This is no number. Write it like {example}.",
                "min_value": f"{what} can't be negative.",
                "max_decimal_places": f"At most {MOST_DECIMALS} digits behind the point, such as 0.5988.",
                "max_digits": f"This is too big for {what.lower()}. Check the decimal point.",
                "max_whole_digits": f"This is too big for {what.lower()}. Check the decimal point.",
            },
        )

    def to_python(self, value: Any) -> Decimal | None:
        if isinstance(value, str) and value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
        return super().to_python(value)


def price_field(label: str) -> NumberField:
    return NumberField(label, what="A price", most=MOST_PRICE, example="0.59")


def quantity_field(label: str) -> NumberField:
    return NumberField(label, what="A limit", most=MOST_QUANTITY, example="22")


class TimeField(forms.CharField):
    """A time of day as "HH:MM"; "7" and "7.30" are understood, 24:00 is the day's end, which OCPI calls 00:00."""

    def __init__(self, label: str, placeholder: str) -> None:
        super().__init__(label=label, required=False, max_length=8, widget=_text_input(placeholder=placeholder))

    def clean(self, value: Any) -> str:
        text = super().clean(value).strip()
        if not text:
            return ""
        found = _TIME.fullmatch(text)
        hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
        if (hour, minute) == (24, 0):
            hour = 0
        if hour > 23 or minute > 59:
            raise forms.ValidationError("This is no time of day. Write it like 22:00.")
        return f"{hour:02}:{minute:02}"


class DurationField(forms.CharField):
    """A duration in whole seconds, written "4 h", "1 h 30 min", "45 s"; a number alone is minutes."""

    def __init__(self, label: str) -> None:
        super().__init__(label=label, required=False, max_length=30, widget=_text_input(placeholder="such as 4 h"))

    def clean(self, value: Any) -> int | None:
        text = super().clean(value).strip()
        if not text:
            return None
        if text.isascii() and text.isdigit():
            text = f"{text} min"
        found = _DURATION.fullmatch(text)
        if not found or not any(found.groups()):
            raise forms.ValidationError("This is no duration. Write it like 4 h, 90 min or 1 h 30 min.")
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = hours * 3600 + minutes * 60 + seconds
        if total > MOST_SECONDS:
            raise forms.ValidationError("This is too long for a session.")
        return total


def duration(seconds: int | None) -> str:
    """As DurationField takes it: "1 h 30 min", every second said."""
    if seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    parts = [(hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


_STEPS = {
    Dimension.ENERGY: (0, 1, 100, 1000),
    Dimension.TIME: (0, 1, 60, 300, 600, 900, 1800, 3600),
    Dimension.PARKING_TIME: (0, 1, 60, 300, 600, 900, 1800, 3600),
}


def step_words(kind: Dimension, step: int) -> str:
    """How a quantity is rounded up before it is billed: "per started 15 min"."""
    if step == 0:
        return "exactly as used"
    if kind is Dimension.ENERGY:
        kwh = Decimal(step) / 1000
        unit = "Wh" if step == 1 else "kWh" if kwh == 1 else f"{kwh.normalize():f} kWh"
        return f"per started {unit}"
    named = {1: "second", 60: "minute", 3600: "hour"}
    return f"per started {named.get(step) or duration(step)}"


class StepField(forms.TypedChoiceField):
    """How quantities are rounded up. ``present``: a step of the tariff that is none of the usual ones."""

    def __init__(self, kind: Dimension, present: Iterable[int]) -> None:
        steps = sorted({*_STEPS[kind], *present})
        super().__init__(
            label="Billed",
            required=False,
            coerce=int,
            empty_value=0,
            choices=[(step, step_words(kind, step)) for step in steps],
        )


def whole(text: Any, most: int = MOST_SECONDS) -> int | None:
    """A whole number that came with a form, or None."""
    found = str(text or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) <= 10 and int(found) <= most else None
