"""The Overview's charts: what is drawn, the table behind it, and where each value leads. No request, no database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from chargebill.analytics.queries import Day, Hour, Overview
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import minor_digits, round_to
from chargebill.core.periods import Period, month_of
from chargebill.portal import format as written
from chargebill.portal.session_export import Cell
from chargebill.portal.session_filters import WEEKDAYS, hour_words

Link = Callable[..., str]
# Longer periods are drawn by week, then by month: bars stay wide enough to hit.
DAYS_BY_DAY, DAYS_BY_WEEK = 92, 400
HEAT_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """``data`` is what charts.js draws; ``header`` and ``rows`` are the table behind it, also as CSV.

    ``shown`` are those rows written out, each with the address it opens ("" for none).
    """

    title: str
    note: str
    data: dict[str, Any]
    header: tuple[str, ...]
    rows: list[list[Cell]]
    shown: list[tuple[str, list[str]]]
    extra: Any = field(default=None)

    @property
    def heads(self) -> list[str]:
        return [head.replace("_", " ") for head in self.header]

    @property
    def data_id(self) -> str:
        return f"data-{self.title.lower().replace(' ', '-')}"

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.data.get("series", ()) for value in series["values"])


def step_of(period: Period[date]) -> str:
    """day, week or month: what one bar stands for in a closed period."""
    assert period.end is not None
    length = (period.end - period.start).days
    return "day" if length <= DAYS_BY_DAY else "week" if length <= DAYS_BY_WEEK else "month"


def bars_of(period: Period[date], step: str) -> list[Period[date]]:
    """The period cut into days, weeks from its start, or calendar months; the last may be shorter."""
    assert period.end is not None
    bars = []
    start = period.start
    while start < period.end:
        end = month_of(start).end if step == "month" else start + timedelta(days=7 if step == "week" else 1)
        assert end is not None
        bars.append(Period(start, min(end, period.end)))
        start = end
    return bars


def _sums(bars: Iterable[Period[date]], by_day: Iterable[Day]) -> list[tuple[int, Decimal, Decimal]]:
    """(sessions, energy, net) of each bar."""
    days = {found.day: found for found in by_day}
    sums = []
    for bar in bars:
        assert bar.end is not None
        inside = [days[d] for d in (bar.start + timedelta(days=n) for n in range((bar.end - bar.start).days)) if d in days]
        sums.append(
            (
                sum(found.sessions for found in inside),
                sum((found.energy_kwh for found in inside), Decimal(0)),
                sum((found.net for found in inside), Decimal(0)),
            )
        )
    return sums


def _bar_label(bar: Period[date], step: str) -> str:
    return f"{bar.start:%b %Y}" if step == "month" else f"{bar.start.day} {bar.start:%b}"


def _bar_title(bar: Period[date], step: str) -> str:
    return f"{WEEKDAYS[bar.start.weekday()]} {written.day(bar.start)}" if step == "day" else written.period(bar)


def revenue(found: Overview, period: Period[date], before: Period[date] | None, link: Link) -> Chart:
    """Net revenue as bars, with the period before as a line where there is one."""
    step = step_of(period)
    bars, currency = bars_of(period, step), found.currency
    digits = minor_digits(currency)
    now = _sums(bars, found.by_day)
    earlier_bars = bars_of(before, step)[: len(bars)] if before else []
    earlier: list[Decimal | None] = [net for _, _, net in _sums(earlier_bars, found.previous_by_day)]
    earlier += [None] * (len(bars) - len(earlier))
    series: list[dict[str, Any]] = [
        {"label": "Revenue, net", "unit": currency, "before": True, "digits": digits, "values": [float(net) for _, _, net in now]}
    ]
    if before:
        series.append(
            {
                "label": "Period before",
                "unit": currency,
                "before": True,
                "digits": digits,
                "line": True,
                "values": [None if net is None else float(net) for net in earlier],
                "titles": [_bar_title(bar, step) for bar in earlier_bars],
            }
        )
    links = [link(bar) for bar in bars]
    header = ("from", "to", "sessions", "energy_kwh", "net", "currency", *(("period_before_net",) if before else ()))
    rows: list[list[Cell]] = []
    shown = []
    for n, (bar, (sessions, energy, net)) in enumerate(zip(bars, now, strict=True)):
        assert bar.end is not None
        last = bar.end - timedelta(days=1)
        net = round_to(net, digits)
        was = earlier[n]
        rows.append([bar.start.isoformat(), last.isoformat(), sessions, energy, net, currency, *([was] if before else [])])
        cells = [_bar_title(bar, step), written.day(last), written.number(sessions), written.number(energy, 1)]
        cells += [written.amount(net, currency), currency, *([written.amount(was, currency)] if before else [])]
        shown.append((links[n] if sessions else "", cells))
    return Chart(
        title=f"Revenue by {step}",
        note="",
        data={
            "kind": "bars",
            "axis": f"{currency}, net".lstrip(", "),
            "labels": [_bar_label(bar, step) for bar in bars],
            "titles": [_bar_title(bar, step) for bar in bars],
            "series": series,
            "links": [address if sessions else "" for address, (sessions, _, _) in zip(links, now, strict=True)],
        },
        header=header,
        rows=rows,
        shown=shown,
    )


def methods(found: Overview, link: Link) -> Chart:
    """Sessions by how they were paid, the most used first, with their share."""
    links = [link(method=method.method) for method in found.methods]
    shares = [f"{written.number(method.share * 100, 1)} %" for method in found.methods]
    currency = found.currency
    rows: list[list[Cell]] = [
        [
            safe_cell(m.label),
            m.sessions,
            round_to(Decimal(str(m.share * 100)), 2),
            round_to(m.net, minor_digits(currency)),
            currency,
        ]
        for m in found.methods
    ]
    return Chart(
        title="Payment methods",
        note="Sessions by how they were paid.",
        data={
            "kind": "bars",
            "sideways": True,
            "labels": [method.label for method in found.methods],
            "shares": shares,
            "series": [{"label": "Sessions", "unit": "", "tone": 1, "values": [method.sessions for method in found.methods]}],
            "links": links,
        },
        header=("payment_method", "sessions", "share_percent", "net", "currency"),
        rows=rows,
        shown=[
            (address, [m.label, written.number(m.sessions), share, written.amount(m.net, currency), currency])
            for address, m, share in zip(links, found.methods, shares, strict=True)
        ],
    )


# What the durations count: the URL's value, its word, the filter a bar opens, and what it says.
KINDS_OF_DURATION = {
    "": ("Plugged in", "bin", "Sessions by time from plugging in to the end."),
    "charging": ("Charging", "charging", "Sessions by charging time, where their source tells it."),
    "idle": ("Idle", "idle", "Sessions by time plugged in without charging, where their source tells the charging time."),
}


def durations(found: Overview, kind: str, link: Link) -> Chart:
    """Sessions by how long they were plugged in, charging or idle."""
    _, opens, note = KINDS_OF_DURATION[kind]
    counts = [getattr(bin_, kind or "sessions") for bin_ in found.durations]
    labels = [bin_.label for bin_ in found.durations]
    links = [link(**{opens: str(n)}) if count else "" for n, count in enumerate(counts)]
    total = sum(counts)
    shares = [f"{written.number(count * 100 / total if total else 0, 1)} %" for count in counts]
    unknown = found.totals.sessions - total
    if total and unknown:
        note += f" {written.number(unknown)} without it {'is' if unknown == 1 else 'are'} left out."
    return Chart(
        title="Session duration",
        note=note,
        data={
            "kind": "bars",
            "every_label": True,
            "labels": [_two_lines(label) for label in labels],
            "titles": labels,
            "shares": shares,
            "series": [{"label": "Sessions", "unit": "", "tone": 3, "values": counts}],
            "links": links,
        },
        header=("duration", "sessions", "share_percent"),
        rows=[[label, count, Decimal(share.rstrip(" %"))] for label, count, share in zip(labels, counts, shares, strict=True)],
        shown=[
            (address, [label, written.number(count), share])
            for address, label, count, share in zip(links, labels, counts, shares, strict=True)
        ],
    )


def _two_lines(label: str) -> list[str]:
    """A bin for the axis: the span above its unit, so that nine of them fit side by side."""
    span, _, unit = label.replace(" and more", "").replace("under ", "<").rpartition(" ")
    return [f"{span}+" if label.endswith("more") else span, unit]


@dataclass(frozen=True, slots=True)
class Heat:
    """One hour of the week: ``level`` 0 (none) to 5 (the most) picks the color, ``text`` is what stands in it."""

    words: str
    text: str
    level: int
    link: str


def level_of(value: Decimal | int, most: Decimal | int) -> int:
    """0 for nothing, else 1 to 5 in equal steps up to the most."""
    if not value or most <= 0:
        return 0
    return max(1, min(HEAT_LEVELS - 1, ceil(Decimal(value) * (HEAT_LEVELS - 1) / Decimal(most))))


# What the heat map counts: the URL's value, its word, and what it says.
KINDS_OF_HEAT = {
    "": ("Sessions", "When sessions start, on the place’s own clock."),
    "energy": ("Energy", "When energy flows, in kWh: evenly over each session’s charging time, on the place’s own clock."),
    "occupied": ("Occupied", "When connectors are plugged in, in % of all connectors’ time, on the place’s own clock."),
}


def hours(found: Overview, kind: str, link: Link) -> Chart:
    """The week by hour: sessions that start, energy that flows, connectors that are occupied."""
    values: list[Any] = [
        {"": hour.sessions, "energy": hour.energy_kwh, "occupied": Decimal(hour.occupied_s)}[kind] for hour in found.hours
    ]
    most = max(values, default=0)
    grid = []
    for day, name in enumerate(WEEKDAYS):
        cells = []
        for n in range(day * 24, day * 24 + 24):
            hour = found.hours[n]
            words = f"{hour_words(n)}: {_hour_words(hour)}"
            text = _percent_short(hour.utilization) if kind == "occupied" else _short(values[n])
            opens = link(during=str(n)) if kind else link(hour=str(n))
            # A session without duration may give energy to an hour it does not occupy.
            is_there = hour.sessions or hour.occupied_s if kind else hour.sessions
            cells.append(Heat(words, text, level_of(values[n], most), opens if is_there else ""))
        grid.append((name, cells))
    rows: list[list[Cell]] = [
        [
            WEEKDAYS[n // 24],
            n % 24,
            hour.sessions,
            hour.energy_kwh,
            round_to(Decimal(hour.occupied_s) / 60, 2),
            None if hour.utilization is None else round_to(Decimal(str(hour.utilization * 100)), 2),
        ]
        for n, hour in enumerate(found.hours)
    ]
    return Chart(
        title="Peak hours",
        note=KINDS_OF_HEAT[kind][1],
        data={"series": [{"values": values}]},
        header=("weekday", "hour", "sessions_started", "energy_kwh", "occupied_min", "occupied_percent"),
        rows=rows,
        shown=[
            ("", [str(cell) if not isinstance(cell, Decimal) else written.number(cell, 1) for cell in map(_or_dash, row)])
            for row in rows
        ],
        extra=grid,
    )


def _or_dash(cell: Cell) -> Cell:
    return written.NOTHING if cell is None else cell


def _hour_words(hour: Hour) -> str:
    words = f"{written.number(hour.sessions)} session{'' if hour.sessions == 1 else 's'} started"
    words += f", {written.energy(hour.energy_kwh)}, {written.duration(hour.occupied_s)} occupied"
    return words if hour.utilization is None else f"{words} ({written.number(hour.utilization * 100, 1)} %)"


def _percent_short(share: float | None) -> str:
    """A share that fits a small cell: 3, 47, <1; without the sign, the note says it."""
    if not share:
        return ""
    return str(round(share * 100)) if share >= 0.005 else "<1"


def _short(value: Decimal | int) -> str:
    """A number that fits a small cell: 87, 870, 1.2k, 12k."""
    if not value:
        return ""
    whole = int(round_to(Decimal(value), 0))
    if whole < 1000:
        return str(whole) if whole else "<1"
    return f"{whole / 1000:.1f}k" if whole < 10_000 else f"{whole // 1000}k"
