"""Reads values out of JSON documents, each with its place in the document for whoever has to put it right."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from billing.pricing.model import PricingError

Object = Mapping[str, Any]
# Far beyond any price or quantity, and near enough that arithmetic on what passes stays quick.
_MOST_WHOLE_DIGITS, _MOST_DECIMALS = 12, 15
_MOMENT = re.compile(r"\A(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_DATE = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TIME = re.compile(r"\A([01]\d|2[0-3]):([0-5]\d)\Z", re.ASCII)


def load(text: str | bytes) -> Any:
    """The JSON value of ``text``, numbers exact. Raises PricingError."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        raise PricingError(
            "bad_json", f"line {problem.lineno} column {problem.colno}", f"This is no valid JSON: {problem.msg}."
        ) from None
    except UnicodeDecodeError as problem:
        raise PricingError("bad_encoding", f"byte {problem.start}", "The file is not UTF-8. Save it as UTF-8.") from None
    except RecursionError:
        raise PricingError("too_deep", "", "The document is nested far too deeply to be a tariff or a CDR.") from None
    except (ValueError, InvalidOperation) as problem:
        raise PricingError("bad_number", "", f"A number can't be read: {str(problem)[:100]}.") from None


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def shown(value: object) -> str:
    """A value as an error quotes it."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Reader:
    """Reads the members of one JSON object; ``error`` is the class of PricingError to raise."""

    def __init__(self, value: Any, where: str, error: type[PricingError]) -> None:
        self.where, self.error = where, error
        if not isinstance(value, Mapping):
            raise error("not_an_object", where, f"An object {{...}} is expected here, not {shown(value)}.")
        self.value: Object = value

    def at(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def fail(self, code: str, key: str, message: str) -> NoReturn:
        raise self.error(code, self.at(key) if key else self.where, message)

    def raw(self, key: str) -> Any:
        """The value under ``key``; None where it is missing or null."""
        return self.value.get(key)

    def required(self, key: str, what: str) -> Any:
        value = self.value.get(key)
        if value is None or value == "":
            self.fail(f"{key}_missing", key, f"There is no {what}. Add “{key}”.")
        return value

    def text(self, key: str, *, most: int = 255) -> str:
        """A text; "" where there is none."""
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > most:
            self.fail(f"{key}_unreadable", key, f"A text of at most {most} characters is expected, not {shown(value)}.")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of the words, in any case; "" where there is none."""
        word = self.text(key).upper()
        if word and word not in choices:
            self.fail(f"{key}_unknown", key, f"{shown(self.value[key])} is unknown here. Use {', '.join(choices)}.")
        return word

    def number(self, key: str, *, least: int | None = None, most: int | None = None) -> Decimal | None:
        """An exact number, also written as a text; None where there is none."""
        value = self.value.get(key)
        if value is None:
            return None
        number = as_number(value)
        if number is None:
            self.fail(f"{key}_unreadable", key, f"A plain number is expected, not {shown(value)}.")
        if (least is not None and number < least) or (most is not None and number > most):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            self.fail(f"{key}_out_of_range", key, f"{shown(value)} is out of range: it must be {bounds}.")
        return number

    def whole(self, key: str, *, most: int = 10**9) -> int | None:
        """A whole number from 0 on; None where there is none."""
        number = self.number(key, least=0, most=most)
        if number is None:
            return None
        if number != number.to_integral_value():
            self.fail(f"{key}_unreadable", key, f"A whole number is expected, not {shown(self.value[key])}.")
        return int(number)

    def date(self, key: str) -> date | None:
        text = self.text(key)
        if not text:
            return None
        try:
            if _DATE.match(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        return self.fail(f"{key}_unreadable", key, f"{shown(text)} is no date. Write it like 2026-09-01.")

    def minute(self, key: str) -> int | None:
        """A time of day as minutes since midnight."""
        text = self.text(key)
        if not text:
            return None
        if found := _TIME.match(text):
            return int(found[1]) * 60 + int(found[2])
        return self.fail(f"{key}_unreadable", key, f"{shown(text)} is no time of day. Write it like 07:30, from 00:00 to 23:59.")

    def moment(self, key: str) -> datetime | None:
        """An RFC 3339 moment in UTC; without a designator it is UTC. Fractions of a second are kept to microseconds."""
        text = self.text(key)
        if not text:
            return None
        if found := _MOMENT.match(text):
            day, clock, fraction, offset = found.groups()
            try:
                moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in (None, 'Z', 'z') else offset}")
                return (moment + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        return self.fail(f"{key}_unreadable", key, f"{shown(text)} is no moment. Write it like 2026-09-01T12:00:00Z.")

    def items(self, key: str) -> list[Any]:
        """A list; empty where there is none."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(f"{key}_unreadable", key, f"A list [...] is expected here, not {shown(value)}.")
        return value

    def children(self, key: str) -> "list[Reader]":
        """The objects in a list."""
        return [Reader(item, f"{self.at(key)}[{i}]", self.error) for i, item in enumerate(self.items(key))]

    def child(self, key: str) -> "Reader | None":
        value = self.value.get(key)
        return None if value is None else Reader(value, self.at(key), self.error)


def as_number(value: Any) -> Decimal | None:
    """A Decimal of a reasonable size from a JSON number or a text that holds one; else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip()) if isinstance(value, str | float) else Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or (isinstance(value, str) and not value.strip().isascii()):
        return None
    if number.adjusted() >= _MOST_WHOLE_DIGITS:
        return None
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _MOST_DECIMALS:
        return None if number.normalize().as_tuple().exponent < -_MOST_DECIMALS else number.normalize()  # type: ignore[operator]
    return number
