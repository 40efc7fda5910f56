"""An answer to a chargeback, field by field, from what is frozen about its case. Pure: facts in, fields out.

Words a person wrote are never shortened: too long, they are refused. What is put together from records is shortened by
whole lines, what was said by whole messages, and the text says so. Together it is at most TOTAL characters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from disputes.chargebacks.fields import EACH, FILES, TITLES, TOTAL, TYPED, WANTED, Field, Reason

_F = Field


@dataclass(frozen=True, slots=True)
class Asked:
    """A token asked to charge, and what it was told."""

    at: datetime
    result: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class Charged:
    """One charging session of the charge. ``token_end``: the last characters of the token, never all of it."""

    number: str
    place: str
    connector: str
    start: datetime
    end: datetime
    time_zone: str
    energy_kwh: str
    token_end: str = ""
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said between driver and company; nobody's name."""

    is_driver: bool
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class OtherCharge:
    """A charge of the same amount and the same customer or card, for other sessions, near in time."""

    reference: str
    document: str
    sessions: tuple[Charged, ...]
    paper: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer is made of. ``dossier`` and ``receipt`` are PDFs; ``amount`` is what the document charged, written."""

    reason: Reason
    document: str
    amount: str
    sessions: tuple[Charged, ...]
    messages: tuple[Message, ...]
    dossier: bytes
    receipt: bytes
    policy: str = ""
    typed: Mapping[Field, str] = field(default_factory=dict)
    other: OtherCharge | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A field of the answer: words, or a PDF as ``content``. ``text`` of a file is what is set in it, "" where it came whole.

    ``note`` says what was left out. For the desk alone: ``missing`` says why a field that is wanted has nothing, ``hint`` what
    would make it better.
    """

    field: Field
    text: str = ""
    content: bytes = b""
    note: str = ""
    missing: str = ""
    hint: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.field]

    @property
    def is_file(self) -> bool:
        return self.field in FILES

    @property
    def is_short(self) -> bool:
        """Whether it is a line that stands in the cover letter, without a paper of its own."""
        return not self.is_file and "\n" not in self.text and len(self.text) <= 200 and self.field not in TYPED


class TooLong(ValueError):
    """What a person wrote has more than EACH characters; ``field`` names it."""

    def __init__(self, name: Field, length: int) -> None:
        super().__init__(
            f"“{TITLES[name]}” has {length:,} characters; acquirers and gateways take {EACH:,}. Shorten it by"
            f" {length - EACH:,}. Nothing was changed."
        )
        self.field = name


def answer_of(facts: Facts) -> list[Given]:
    """The fields the reason wants, in their order. Raises TooLong."""
    for name, text in {**facts.typed, _F.REFUND_POLICY: facts.policy}.items():
        if len(text) > EACH:
            raise TooLong(name, len(text))
    wanted = [name for name in Field if name in WANTED[facts.reason] and name is not _F.CUSTOMER_COMMUNICATION]
    given: dict[Field, Given] = {name: _given(name, facts) for name in wanted}
    used = sum(len(one.text) for one in given.values())
    given[_F.CUSTOMER_COMMUNICATION] = _communication(facts.messages, TOTAL - used)
    return [given[name] for name in Field if name in given]


def characters(answer: Sequence[Given]) -> int:
    """Of everything in words, what is set in papers of ours too."""
    return sum(len(one.text) for one in answer)


def _given(name: Field, facts: Facts) -> Given:
    if name in TYPED:
        text = facts.typed.get(name, "")
        return Given(name, text, missing="" if text else "Nobody wrote it yet.")
    if name is _F.SERVICE_DOCUMENTATION:
        return Given(name, content=facts.dossier)
    if name is _F.RECEIPT:
        return Given(name, content=facts.receipt)
    if name is _F.REFUND_POLICY:
        missing = "" if facts.policy else "No text set: a supervisor writes it under Disputes, How it works."
        return Given(name, facts.policy, missing=missing)
    if name is _F.SERVICE_DATE:
        return Given(name, _days(facts.sessions))
    if name is _F.PRODUCT_DESCRIPTION:
        head = f"Charging of an electric vehicle, {facts.document}, {facts.amount}:"
        text, note = _whole_lines([head, *map(_session, facts.sessions)], "sessions")
        return Given(name, text, note=note)
    if name is _F.ACCESS_ACTIVITY_LOG:
        return _log(facts.sessions)
    return _of_other(name, facts)


def _of_other(name: Field, facts: Facts) -> Given:
    other = facts.other
    if other is None:
        return Given(name, missing="No other charge of this amount by the same customer or card is on record within a week.")
    if name is _F.DUPLICATE_CHARGE_ID:
        return Given(name, other.reference)
    if name is _F.DUPLICATE_CHARGE_DOCUMENTATION:
        return Given(name, content=other.paper)
    lines = [f"The disputed charge is {facts.document}, {facts.amount}:", *map(_session, facts.sessions)]
    lines += [f"The other charge is {other.document}, {facts.amount}:", *map(_session, other.sessions)]
    text, note = _whole_lines([*lines, "They are for different charging sessions."], "lines")
    return Given(name, text, note=note)


def _session(one: Charged) -> str:
    said = f"{one.energy_kwh} kWh at {one.place}, {one.connector}, from {_local(one.start, one)} to {_local(one.end, one)}"
    return f"{said}, session {one.number}"


def _local(at: datetime, one: Charged) -> str:
    return f"{at.astimezone(ZoneInfo(one.time_zone or 'UTC')):%Y-%m-%d %H:%M} {one.time_zone or 'UTC'}"


def _days(sessions: Sequence[Charged]) -> str:
    """The days the service was received on, as people write them."""
    days = sorted({one.start.astimezone(ZoneInfo(one.time_zone or "UTC")).date() for one in sessions})
    words = [f"{day.day} {day:%B %Y}" for day in days]
    return words[0] if len(words) == 1 else f"{words[0]} to {words[-1]}" if words else ""


def _log(sessions: Sequence[Charged]) -> Given:
    """Every authorization, and when charging began and ended, in UTC and in their order."""
    found: list[tuple[datetime, str]] = []
    for one in sessions:
        token = f"token ending in {one.token_end}" if one.token_end else "a token that is not recorded"
        found += [
            (asked.at, f"{token} asked to charge: {asked.result}{f' ({asked.method})' if asked.method else ''}")
            for asked in one.asked
        ]
        found.append((one.start, f"session {one.number} began at {one.connector}, {token}"))
        found.append((one.end, f"session {one.number} ended, {one.energy_kwh} kWh"))
    lines = [f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {said}" for at, said in sorted(found)]
    text, note = _whole_lines(lines, "entries")
    hint = "" if any(one.asked for one in sessions) else "No authorization is on record: import them to show who asked."
    return Given(_F.ACCESS_ACTIVITY_LOG, text, note=note, hint=hint)


def _whole_lines(lines: Sequence[str], what: str) -> tuple[str, str]:
    """As many lines from the beginning as a field takes, and what was left out: said at the end of the text, and alone."""
    text = "\n".join(lines)
    if len(text) <= EACH:
        return text, ""

    def left_out(count: int) -> str:
        return f"The last {count:,} of {len(lines):,} {what} are left out: a field takes {EACH:,} characters."

    kept, used = 0, len(left_out(len(lines))) + 1
    while used + len(lines[kept]) + 1 <= EACH:
        used += len(lines[kept]) + 1
        kept += 1
    note = left_out(len(lines) - kept)
    return "\n".join([*lines[:kept], note]), note


def _communication(messages: Sequence[Message], most: int) -> Given:
    """What was said, the newest messages where all of them are too much."""
    if not messages:
        return Given(_F.CUSTOMER_COMMUNICATION, missing="Nothing was said yet.")
    said = [
        f"{'Cardholder' if one.is_driver else 'Company'}, {one.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC\n{one.text}"
        for one in messages
    ]
    if sum(map(len, said)) + 2 * (len(said) - 1) <= most:
        return Given(_F.CUSTOMER_COMMUNICATION, "\n\n".join(said))

    def left_out(count: int) -> str:
        return (
            f"The first {count:,} of {len(said):,} messages are left out: an answer takes {TOTAL:,} characters. The dossier has"
            " all of them."
        )

    kept, used = len(said), len(left_out(len(said)))
    while kept and used + len(said[kept - 1]) + 2 <= most:
        kept -= 1
        used += len(said[kept]) + 2
    return Given(_F.CUSTOMER_COMMUNICATION, "\n\n".join([left_out(kept), *said[kept:]]), note=left_out(kept))
