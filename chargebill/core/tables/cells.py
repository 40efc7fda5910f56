"""What one cell of a table means: text, number, yes or no, a choice, a day, another row by its name."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Choices, Model
from django.utils.dateparse import parse_datetime
from import_export.widgets import Widget

from chargebill.core.csvsafe import safe_cell, unsafe_text
from chargebill.core.fields import time_zones


class Text(Widget):
    """Text, trimmed. Numbers Excel made of codes become text again. ``upper`` for codes such as DE."""

    def __init__(self, *, upper: bool = False) -> None:
        super().__init__()
        self.upper = upper

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = "" if value is None else unsafe_text(str(value)).strip()
        return text.upper() if self.upper else text

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else safe_cell(str(value))


class Zone(Text):
    """An IANA zone, found whatever its case. ``checks_all``: what passes here needs no check by the model."""

    checks_all = True

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = super().clean(value, row)
        if text and text.replace(" ", "_").casefold() not in time_zones():
            raise ValueError(f"{text!r} is no IANA time zone. Use a name such as Europe/Berlin or America/New_York.")
        return time_zones().get(text.replace(" ", "_").casefold(), text)


class Number(Widget):
    """An exact decimal with a point; empty is unknown."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValueError(f"{text!r} is no number. Write it like 22 or 7.4, with a point.")
        return number

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return ""
        number = value.normalize()
        return number if kwargs.get("force_native_type") else f"{number:f}"


class Whole(Number):
    """A whole number; empty is none."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        number = super().clean(value, row, **kwargs)
        if number is None:
            return None
        if number != int(number):
            raise ValueError(f"{number} is no whole number.")
        return int(number)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return "" if value is None else value if kwargs.get("force_native_type") else str(value)


class YesNo(Widget):
    WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        text = "" if value is None else str(value).strip().lower()
        if text not in self.WORDS:
            raise ValueError(f"{text!r} is neither yes nor no.")
        return self.WORDS[text]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class Choice(Widget):
    """One of ``choices``, by its code or by the word the portal shows."""

    def __init__(self, choices: type[Choices] | Iterable[tuple[str, str]]) -> None:
        super().__init__()
        pairs = choices.choices if isinstance(choices, type) else choices
        self.codes = [code for code, _ in pairs]
        self.known = {"": ""} | {str(word).lower(): code for code, word in pairs} | {code.lower(): code for code in self.codes}

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = Text().clean(value)
        if text.lower() not in self.known:
            raise ValueError(f"{text!r} is not known. Use one of: {', '.join(self.codes)}.")
        return self.known[text.lower()]


class Moment(Widget):
    """A moment with its offset from UTC; empty is never."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            moment = value if isinstance(value, datetime) else parse_datetime(str(value).strip())
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValueError(f"{str(value)!r} is no moment with an offset. Write it like 2026-03-01T12:00:00+01:00.")
        return moment

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else value.isoformat()


class Day(Widget):
    """A day; empty is none. Excel's own dates are taken, too."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date | None:
        if isinstance(value, datetime):
            return value.date()
        text = Text().clean(value)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise ValueError(f"{text!r} is no day. Write it like 2026-03-01.") from error

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else value.isoformat()


class Named(Widget):
    """Another row, by the name ``name_of`` gives it. ``find`` gets the text and the file's row; raises ValueError."""

    def __init__(self, find: Callable[[str, Any], Model | None], name_of: Callable[[Any], str] = str) -> None:
        super().__init__()
        self.find, self.name_of = find, name_of

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Model | None:
        return self.find(Text().clean(value), row)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else safe_cell(self.name_of(value))
