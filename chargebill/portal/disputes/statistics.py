"""Statistics of the dispute desk: totals beside the time before, a table by each dimension, every number a way to its cases."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from chargebill.analytics.case_statistics import NO_RATE, OF_PLACE, RATES, Row, Statistics, statistics
from chargebill.portal import format as written
from chargebill.portal.accounting.journal import csv_answer
from chargebill.portal.disputes import statistics_files as files
from chargebill.portal.disputes.figure_filter import Figure
from chargebill.portal.disputes.statistics_span import Wanted, select
from chargebill.portal.disputes.words import span as length
from chargebill.portal.overview import Tile, change_of
from chargebill.portal.payment_frame import frame
from chargebill.portal.site import page
from disputes.desk import desk_of
from disputes.models import Case
from disputes.statistics.facts import Given
from disputes.workflow.states import Clock

# A page stays readable; the CSV has every row.
MOST_ROWS = 50


@page("disputes/statistics/", name="case_statistics")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    wanted = select(request)
    if wanted is None:
        return TemplateResponse(request, "portal/disputes/statistics.html", frame(request, "Statistics"))
    found = statistics(entity=wanted.entity, span=wanted.span, by=wanted.by)
    most = max((row.figures.counts["cases"] for row in found.rows), default=0)
    context = frame(
        request,
        "Statistics",
        wanted=wanted,
        found=found,
        tiles=_tiles(found),
        money=_money(found),
        rows=[_shown(found, row, most) for row in found.rows[:MOST_ROWS]],
        left_out=max(len(found.rows) - MOST_ROWS, 0),
        total=_shown(found, found.total, 0),
        tabs=[(words, wanted.query(by=by), by == wanted.by) for by, words in wanted.dimensions.items()],
        dimension=wanted.dimensions[wanted.by],
        of_place=RATES.get(wanted.by) == OF_PLACE,
        no_rate=NO_RATE.get(wanted.by, ""),
        before_link=wanted.query(found.span_before),
        query=wanted.query(),
        days_allowed=desk_of(wanted.entity).durations.of[Clock.FINAL_POSITION],
        is_empty=not found.total.figures.counts["received"],
        has_cases=Case.objects.filter(entity=wanted.entity).exists(),
    )
    return TemplateResponse(request, "portal/disputes/statistics.html", context)


def _tiles(found: Statistics) -> list[Tile]:
    now, before = found.total.figures, found.before.figures
    compares = bool(before.counts["received"])

    def tile(title: str, value: str, help: str, figure: str, pair: tuple[Any, Any]) -> Tile:
        change, up = change_of(*((0 if one is None else one) for one in pair)) if compares and None not in pair else ("", None)
        return Tile(title, value, help, Figure(found.entity, found.span, figure).link, change, up, is_judged=False)

    counts, rate = now.counts, found.total.per_thousand
    per = f"{written.number(rate, 2)} for 1,000 of {written.number(found.total.sessions)} priced sessions."
    share = files.percent(now.upheld_share)
    return [
        tile(
            "Cases opened",
            written.number(counts["cases"]),
            (per if rate is not None else "No priced session ended in these days.")
            + (f" {_many(counts['merged'])} more merged into others." if counts["merged"] else ""),
            "cases",
            (counts["cases"], before.counts["cases"]),
        ),
        tile(
            "First reply, business days",
            _days(now.reply_days.median),
            f"Half were answered by then ({_length(now.reply.median)} by the clock), nine in ten within"
            f" {_days(now.reply_days.p90)} ({_length(now.reply.p90)})."
            if counts["replied"]
            else "None was answered yet.",
            "replied",
            (files.days(now.reply_days.median), files.days(before.reply_days.median)),
        ),
        tile(
            "Resolved in",
            _length(now.resolution.median),
            f"Half of {_many(counts['resolved'])} were resolved by then, nine in ten within {_length(now.resolution.p90)}."
            if counts["resolved"]
            else "None was resolved or closed yet.",
            "resolved",
            (files.hours(now.resolution.median), files.hours(before.resolution.median)),
        ),
        tile(
            "Upheld",
            written.NOTHING if share is None else f"{written.number(share, 1)} %",
            f"{_many(counts['whole'])} in whole and {_many(counts['part'])} in part, of {_many(counts['decided'])} decided."
            if counts["decided"]
            else "None was decided yet.",
            "upheld",
            (share, files.percent(before.upheld_share)),
        ),
        tile(
            "Still open",
            written.number(counts["open"]),
            f"{_many(counts['unanswered'])} of them not answered yet.",
            "open",
            (counts["open"], before.counts["open"]),
        ),
    ]


def _money(found: Statistics) -> list[dict[str, str]]:
    """By currency what was given, and what it was in the time before."""
    now, before = found.total.figures.given, found.before.figures.given
    return [
        {
            "currency": currency,
            **{name: written.amount(getattr(now.get(currency, Given()), name), currency) for name in (*files.MONEY, "total")},
            "before": written.amount(before.get(currency, Given()).total, currency),
        }
        for currency in sorted(now.keys() | before.keys())
    ]


def _shown(found: Statistics, row: Row, most: int) -> dict[str, Any]:
    """A row as the table writes it: texts, and where the numbers lead."""
    figures, by = row.figures, found.by if row.key else ""

    def number(figure: str) -> tuple[str, str]:
        count = figures.counts[figure]
        return written.number(count), Figure(found.entity, found.span, figure, by, row.key).link if count else ""

    share = files.percent(figures.upheld_share)
    given = [written.money(given.total, currency) for currency, given in figures.given.items()]
    return {
        "label": row.label,
        "bar": figures.counts["cases"] if most else None,
        "most": most,
        "rate": written.number(row.per_thousand, 2),
        "sessions": row.sessions,
        "reply": _days(figures.reply_days.median),
        "reply_clock": _length(figures.reply.median),
        "reply_p90": _days(figures.reply_days.p90),
        "reply_p90_clock": _length(figures.reply.p90),
        "resolution": _length(figures.resolution.median),
        "resolution_p90": _length(figures.resolution.p90),
        "share": "" if share is None else f"{written.number(share, 1)} %",
        "given": given,
        "given_link": number("given")[1],
        **{name: number(name) for name in files.COUNTS},
    }


def _many(count: int) -> str:
    return written.number(count)


def _days(value: Any) -> str:
    """Business days; parts of a day with one digit."""
    return written.NOTHING if value is None else f"{written.number(files.days(value), 1)} days"


def _length(value: timedelta | Any) -> str:
    return written.NOTHING if value is None else length(value)


def _wanted(request: HttpRequest) -> Wanted:
    wanted = select(request)
    if wanted is None:
        raise Http404("There is no company yet.")
    return wanted


@page("disputes/statistics/table.csv", name="case_statistics_csv")
@require_GET
def table_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The table of the page with all of its rows."""
    wanted, now = _wanted(request), timezone.now()
    found = statistics(entity=wanted.entity, span=wanted.span, by=wanted.by)
    name = files.file_name(f"case-statistics-by-{wanted.by}", wanted.span, now)
    return csv_answer(name, files.table_header(found), files.table(found, now))


@page("disputes/statistics/report.csv", name="case_report_csv")
@require_GET
def report_csv(request: HttpRequest) -> StreamingHttpResponse:
    """For whom complaints are reported to: counts by month, reason and currency."""
    wanted, now = _wanted(request), timezone.now()
    name = files.file_name("case-report", wanted.span, now)
    return csv_answer(name, files.REPORT, files.report(wanted.entity, wanted.span, now))


@page("disputes/statistics/cases.csv", name="case_list_csv")
@require_GET
def cases_csv(request: HttpRequest) -> StreamingHttpResponse:
    """A row for each case, without personal data."""
    wanted, now = _wanted(request), timezone.now()
    name = files.file_name("cases", wanted.span, now)
    return csv_answer(name, files.CASES, files.case_rows(wanted.entity, wanted.span, now))
