"""A document as paper needs it: what its rows say, nothing worked out yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class PaperPart:
    """What a line is made of. ``price`` per ``unit`` ("kWh", "s": per minute, else once); None: a limit or a cap.

    ``amount`` is on the document's fixed side.
    """

    dimension: str
    billed: Decimal
    unit: str
    price: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One session, or its part at one tax rate (percent). Aware moments; ``time_zone`` is the place's (IANA)."""

    session_number: str
    place: str
    address: str
    country: str
    evse: str
    time_zone: str
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal
    meter_start_kwh: Decimal | None
    meter_stop_kwh: Decimal | None
    token: str
    tariff: str
    prices_include_tax: bool | None
    tax_rate: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    parts: tuple[PaperPart, ...]


@dataclass(frozen=True, slots=True)
class PaperTax:
    """What the document has at one rate, in percent."""

    rate: Decimal
    code: str
    legal_sentence: str
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Paper:
    """A frozen document. ``anchor`` "GROSS" or "NET" is the side its lines are fixed on and shown with.

    ``seller`` and ``buyer`` are the document's own copies (billing/operations/documents.py); both may lack what older
    documents did not keep. ``corrects`` is the number of the document this one takes back; "" for any other.
    """

    kind: str
    number: str
    language: str
    currency: str
    anchor: str
    seller: Mapping[str, Any]
    buyer: Mapping[str, str]
    issue_date: date
    issued_at: datetime
    supplied_from: date
    supplied_until: date
    due_date: date | None
    is_collected: bool
    corrects: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    taxes: tuple[PaperTax, ...]
    lines: tuple[PaperLine, ...]
