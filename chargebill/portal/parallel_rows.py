"""The sessions behind a figure of the parallel month: which ones, and their rows for the page and for export."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.comparison import Cause
from billing.parallel import Figures, Kind, NotCompared, Selection, sessions
from billing.parallel_causes import differences, key_of
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import minor_digits, round_to
from chargebill.portal import parallel_words
from chargebill.portal.parallel_words import Words
from chargebill.portal.session_export import Cell, minutes
from stations.models import Mode

CHUNK = 2_000
HEADER = (
    "session_id",
    "location",
    "ended_local",
    "time_zone",
    "energy_kwh",
    "duration_min",
    "reported",
    "our_price",
    "our_price_less_reported",
    "currency",
    "cause",
    "explanation",
    "mode",
    "tariff",
    "tariff_version",
)
_COLUMNS = (
    "pk",
    "external_id",
    "location__name",
    "ended_at",
    "location__time_zone",
    "entity__time_zone",
    "energy_kwh",
    "duration_s",
    "reported_amount",
    "ours",
    "kind",
    "money",
    "mode",
    "chargeable__cdr__tariff_version__tariff__name",
    "chargeable__cdr__tariff_version__number",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """The sessions of one list in their order, each with its cause. ``words`` head the list."""

    words: Words
    ids: Sequence[int]
    causes: Sequence[Words]


@dataclass(frozen=True, slots=True)
class Row:
    """One session as the list shows it; amounts None where there is none."""

    pk: int
    number: str
    place: str
    ended_at: datetime
    zone: str
    energy_kwh: Decimal
    duration_s: int
    theirs: Decimal | None
    ours: Decimal | None
    currency: str
    mode: str
    tariff: str
    tariff_version: int | None
    cause: Words

    @property
    def difference(self) -> Decimal | None:
        return None if self.ours is None or self.theirs is None else self.ours - self.theirs


ALL_DIFFERENT = Words("Different", "Sessions whose amounts differ by more than rounding, the largest difference first.")


def listed(selection: Selection, found: Figures, key: str) -> Listed | None:
    """The list a figure opens; None when there is none of that name (any more)."""
    for kind, code in ((Kind.EQUAL, parallel_words.Code.EQUAL), (Kind.ROUNDING, parallel_words.Code.ROUNDING)):
        if key == kind:
            return _from_database(selection, parallel_words.FIXED[code], {"kind": kind.value, "money": found.currency})
    apart = next((one for one in found.not_compared if one.key == key), None)
    if apart:
        return _from_database(selection, parallel_words.words_apart(apart), _filter(apart, found.currency))
    every = differences(selection, found)
    if key == Kind.DIFFERENT:
        return _of_causes(ALL_DIFFERENT, [(one.session_id, one.cause) for one in every], found.currency)
    behind = [(one.session_id, one.cause) for one in every if key_of(one.cause) == key]
    return _of_causes(parallel_words.words_of(behind[0][1], found.currency), behind, found.currency) if behind else None


def _filter(apart: NotCompared, currency: str) -> dict[str, str]:
    wanted = {"kind": apart.kind.value, "reason": apart.reason}
    return wanted if apart.kind is Kind.NO_REPORTED_AMOUNT else {**wanted, "money": currency}


def _from_database(selection: Selection, words: Words, wanted: dict[str, str]) -> Listed:
    ids = list(sessions(selection).filter(**wanted).order_by("-local_end_date", "-pk").values_list("pk", flat=True))
    return Listed(words, ids, [words] * len(ids))


def _of_causes(words: Words, found: list[tuple[int, Cause]], currency: str) -> Listed:
    return Listed(words, [pk for pk, _ in found], [parallel_words.words_of(cause, currency) for _, cause in found])


def rows(selection: Selection, shown: Listed, start: int = 0, end: int | None = None) -> Iterator[Row]:
    """The rows of a list from ``start`` to before ``end``, a query for each CHUNK of them."""
    end = len(shown.ids) if end is None else min(end, len(shown.ids))
    for first in range(start, end, CHUNK):
        last = min(first + CHUNK, end)
        stored = {row[0]: row for row in _values(selection, shown.ids[first:last])}
        for pk, cause in zip(shown.ids[first:last], shown.causes[first:last], strict=True):
            if pk in stored:
                yield _row(stored[pk], cause)


def _values(selection: Selection, ids: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    return sessions(selection).filter(pk__in=ids).values_list(*_COLUMNS)


def _row(values: tuple[Any, ...], cause: Words) -> Row:
    pk, number, place, ended, zone, company_zone, kwh, duration, theirs, ours, kind, money, mode, tariff, version = values
    return Row(
        pk=pk,
        number=number,
        place=place,
        ended_at=ended,
        zone=zone or company_zone or "UTC",
        energy_kwh=kwh,
        duration_s=duration,
        theirs=theirs,
        # In another currency it would only look comparable.
        ours=None if kind == Kind.OTHER_CURRENCY else ours,
        currency=money or "",
        mode=Mode(mode).value,
        tariff=tariff or "",
        tariff_version=version,
        cause=cause,
    )


def _amount(value: Decimal | None, currency: str) -> Decimal | None:
    """With the currency's digits; a reported amount that has more keeps them."""
    if value is None:
        return None
    rounded = round_to(value, minor_digits(currency))
    return rounded if rounded == value else value.normalize()


def cells(found: Iterable[Row]) -> Iterator[list[Cell]]:
    """Rows for CSV and XLSX, in HEADER's order; text is safe for a spreadsheet."""
    for row in found:
        yield [
            safe_cell(row.number),
            safe_cell(row.place),
            row.ended_at.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None),
            row.zone,
            row.energy_kwh,
            minutes(row.duration_s),
            _amount(row.theirs, row.currency),
            _amount(row.ours, row.currency),
            _amount(row.difference, row.currency),
            row.currency,
            safe_cell(row.cause.title),
            safe_cell(row.cause.text),
            row.mode,
            safe_cell(row.tariff),
            row.tariff_version,
        ]
