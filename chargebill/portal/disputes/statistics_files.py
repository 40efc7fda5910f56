"""Statistics of cases as files: the table of the page, the report of a quarter, and a row for each case without personal data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chargebill.analytics.case_statistics import Row, Statistics
from chargebill.core.csvsafe import safe_cell
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money, round_to
from chargebill.core.periods import Period, month_of
from chargebill.portal.spreadsheets import Cell
from disputes.desk import desk_of
from disputes.models import Cause, Channel
from disputes.statistics.facts import CaseFacts, Given
from disputes.statistics.figures import Figures, figures_of
from disputes.statistics.spans import name_of
from disputes.statistics_queries import OUTCOMES, cases_of, written_by_drivers
from disputes.workflow.states import STATE_WORDS, Clock
from memberships.models import CustomerKind

MONEY = ("credited", "goodwill", "incident", "lost", "paid_back")
MONEY_HEAD = ("credited", "goodwill", "taken_back_by_incidents", "chargebacks_lost", "of_which_refunds_paid_back")
COUNTS = {
    "received": "cases_received",
    "merged": "merged",
    "cases": "cases",
    "open": "still_open",
    "unanswered": "not_answered_yet",
    "replied": "answered",
    "first_late": "first_reply_late",
    "final_late": "final_position_late",
    "resolved": "resolved",
    "resolved_in_time": "resolved_in_time",
    "whole": "upheld_in_whole",
    "part": "upheld_in_part",
    "not": "not_upheld",
    "withdrawn": "withdrawn",
    "inadmissible": "not_admissible",
}
LENGTHS = (
    "first_reply_median_hours", "first_reply_p90_hours", "first_reply_median_business_days", "first_reply_p90_business_days",
    "resolution_median_hours", "resolution_p90_hours",
)  # fmt: skip
REPORT = (
    "company", "from", "to", "made_utc", "month", "reason", "currency", *COUNTS.values(),
    *(f"received_{channel.value.lower()}" for channel in Channel), "later_messages_of_drivers", "first_reply_in_time",
    "resolution_days_allowed", *LENGTHS, *MONEY_HEAD,
)  # fmt: skip
CASES = (
    "company", "made_utc", "number", "opened_utc", "opened_on", "how_it_came", "reason", "customer_kind", "place", "connector",
    "tariff", "state", "outcome", "first_reply_hours", "first_reply_business_days", "first_reply_late", "final_position_late",
    "resolved_utc", "resolution_hours", "resolved_in_time", "currency", *MONEY_HEAD,
)  # fmt: skip


def hours(length: Any) -> Decimal | None:
    """With two digits."""
    return None if length is None else round_to(Decimal(length // timedelta(microseconds=1)) / 3_600_000_000, 2)


def days(length: Any) -> Decimal | None:
    """Business days with two digits."""
    return None if length is None else round_to(Decimal(length.numerator) / length.denominator, 2)


def percent(share: Fraction | None) -> Decimal | None:
    return None if share is None else round_to(Decimal(share.numerator * 100) / share.denominator, 1)


def lengths_of(figures: Figures) -> list[Cell]:
    return [
        hours(figures.reply.median), hours(figures.reply.p90), days(figures.reply_days.median), days(figures.reply_days.p90),
        hours(figures.resolution.median), hours(figures.resolution.p90),
    ]  # fmt: skip


def money_of(given: Given, currency: str) -> list[Cell]:
    return [round_money(getattr(given, name), currency) for name in MONEY]


def file_name(what: str, span: Period[date], at: datetime) -> str:
    """Says of which days and when it was made: figures of days that are over still change as their cases go on."""
    assert span.end is not None
    days = name_of(span) or f"{span.start}-to-{span.end - timedelta(days=1)}"
    return f"{what}-{days}-made-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.csv"


def table_header(found: Statistics) -> tuple[str, ...]:
    money = [f"{name}_{currency}" for currency in found.total.figures.given for name in MONEY_HEAD]
    return (
        "company", "from", "to", "made_utc", found.by, *COUNTS.values(), "upheld_percent", "sessions", "cases_per_1000_sessions",
        *LENGTHS, *money,
    )  # fmt: skip


def table(found: Statistics, at: datetime) -> Iterator[list[Cell]]:
    """Every row, and all cases last."""
    for row in [*found.rows, found.total]:
        yield [*_head(found.entity, found.span, at), safe_cell(row.label), *_of_row(row, list(found.total.figures.given))]


def _of_row(row: Row, currencies: Iterable[str]) -> list[Cell]:
    figures = row.figures
    money = [cell for currency in currencies for cell in money_of(figures.given.get(currency, Given()), currency)]
    counts: list[Cell] = [figures.counts[name] for name in COUNTS]
    return [*counts, percent(figures.upheld_share), row.sessions, row.per_thousand, *lengths_of(figures), *money]


def _head(entity: LegalEntity, span: Period[date], at: datetime) -> list[Cell]:
    assert span.end is not None
    last = span.end - timedelta(days=1)
    return [safe_cell(entity.name), span.start.isoformat(), last.isoformat(), _utc(at)]


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at else None


def report(entity: LegalEntity, span: Period[date], at: datetime) -> Iterator[list[Cell]]:
    """Counts by month, reason and currency: of cases by when they were opened, of later messages by when they came."""
    desk = desk_of(entity)

    def group(moment: datetime, cause: str, currency: str) -> tuple[date, str, str]:
        return month_of(desk.calendar.local_day(moment)).start, cause, currency

    cases: dict[tuple[date, str, str], list[CaseFacts]] = {}
    for one in cases_of(entity, span):
        cases.setdefault(group(one.opened_at, one.cause, one.currency), []).append(one)
    later = Counter(group(*row) for row in written_by_drivers(entity, span))
    order = {cause: place for place, cause in enumerate(Cause.values)}
    for key in sorted(cases.keys() | later.keys(), key=lambda key: (key[0], order[key[1]], key[2])):
        month, cause, currency = key
        mine = cases.get(key, [])
        figures, allowed = figures_of(mine), desk.durations.of[Clock.FINAL_POSITION]
        came = Counter(one.channel for one in mine)
        in_time = sum(one.counts and one.times.reply is not None and not one.first_late for one in mine)
        yield [
            *_head(entity, span, at), f"{month:%Y-%m}", str(Cause(cause).label), currency,
            *(figures.counts[name] for name in COUNTS), *(came[channel] for channel in Channel.values), later[key], in_time,
            allowed, *lengths_of(figures), *money_of(figures.given.get(currency, Given()), currency),
        ]  # fmt: skip


def case_rows(entity: LegalEntity, span: Period[date], at: datetime) -> Iterator[list[Cell]]:
    """A row for each case, the oldest first. Nobody's name, address, words or card."""
    calendar, kinds = desk_of(entity).calendar, dict(CustomerKind.choices)
    for one in cases_of(entity, span):
        times = one.times
        yield [
            safe_cell(entity.name), _utc(at), safe_cell(one.number), _utc(one.opened_at),
            calendar.local_day(one.opened_at).isoformat(), one.keys["channel"][1], one.keys["cause"][1],
            str(kinds[one.customer_kind]), *(safe_cell(one.keys[by][1]) for by in ("place", "connector", "tariff")),
            STATE_WORDS[one.state], OUTCOMES[one.outcome], hours(times.reply), days(times.reply_days), _yes(one.first_late),
            _yes(one.final_late), _utc(times.ended_at), hours(times.resolution),
            "" if times.resolution is None else _yes(times.in_time), one.currency, *money_of(one.given, one.currency),
        ]  # fmt: skip


def _yes(what: bool) -> str:
    return "yes" if what else "no"


def as_json(row: Row) -> dict[str, Any]:
    """The figures of a row as the command prints them: times in hours and business days, amounts as text."""
    figures = row.figures
    lengths = dict(zip(LENGTHS, map(_text, lengths_of(figures)), strict=True))
    money = {
        currency: dict(zip(MONEY_HEAD, map(_text, money_of(given, currency)), strict=True))
        for currency, given in figures.given.items()
    }
    counts = {written: figures.counts[name] for name, written in COUNTS.items()}
    return {
        "what": row.label, **counts, "upheld_percent": _text(percent(figures.upheld_share)), "sessions": row.sessions,
        "cases_per_1000_sessions": _text(row.per_thousand), **lengths, "money": money,
    }  # fmt: skip


def _text(cell: Any) -> str | None:
    return None if cell is None else f"{cell:f}"
