"""The parallel month: our price beside what another system reported, and the differences grouped by cause."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from billing.comparison import Code
from billing.parallel import MOST_DIFFERENT, Figures, Kind, Side, figures
from billing.parallel_causes import Group, differences, groups, key_of
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import UNITS, minor_digits
from chargebill.portal import format as written
from chargebill.portal import parallel_rows, parallel_words
from chargebill.portal.choices import PRESETS
from chargebill.portal.parallel_selection import Wanted, latest_day, month_query, select
from chargebill.portal.parallel_words import Words
from chargebill.portal.session_export import XLSX_MAX_ROWS, Cell, csv_lines, workbook
from chargebill.portal.site import page, site
from chargebill.portal.spreadsheets import XLSX

PERMISSIONS = ("billing.view_cdr", "stations.view_session")
PER_PAGE = 50
CAUSES_HEADER = ("cause", "explanation", "sessions", "reported", "our_price", "our_price_less_reported", "currency")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table of causes, or one tile, written out. ``share`` of all compared."""

    words: Words
    sessions: int
    share: str
    theirs: str
    ours: str
    difference: str
    link: str
    side: Side


def _allow(request: HttpRequest) -> None:
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied


def _share(part: int, whole: int) -> str:
    """A percentage that says 0 % and 100 % only where it is so."""
    if not whole:
        return written.NOTHING
    percent = Decimal(part) * 100 / whole
    if part and percent < Decimal("0.05"):
        return "under 0.1 %"
    if part < whole and percent > Decimal("99.95"):
        return "over 99.9 %"
    return f"{written.number(percent, 1)} %"


def _line(words: Words, side: Side, found: Figures, wanted: Wanted, key: str) -> Line:
    return Line(
        words=words,
        sessions=side.sessions,
        share=_share(side.sessions, found.compared.sessions),
        theirs=written.amount(side.theirs, found.currency),
        ours=written.amount(side.ours, found.currency),
        difference=parallel_words.difference(side.difference, found.currency),
        link=f"{reverse('admin:parallel_sessions')}?{wanted.with_(cause=key)}" if side.sessions else "",
        side=side,
    )


def _causes(found: Figures, by_cause: list[Group], wanted: Wanted) -> list[Line]:
    """The table: equal and rounding first, then the causes, most frequent first, what is not explained last."""
    last = (Code.SPANS_PRICE_CHANGE, Code.UNEXPLAINED)
    ordered = sorted(by_cause, key=lambda group: last.index(group.cause.code) if group.cause.code in last else -1)
    lines = [
        _line(parallel_words.FIXED[code], side, found, wanted, code.value)
        for code, side in ((Code.EQUAL, found.equal), (Code.ROUNDING, found.rounding))
        if side.sessions
    ]
    for group in ordered:
        words = parallel_words.words_of(group.cause, found.currency)
        lines.append(_line(words, group.side, found, wanted, key_of(group.cause)))
    return lines


def _table(wanted: Wanted) -> tuple[Figures, list[Line]]:
    found = figures(wanted.selection)
    return found, _causes(found, groups(differences(wanted.selection, found)), wanted)


@page("parallel/", name="parallel")
def index(request: HttpRequest) -> HttpResponse:
    _allow(request)
    context = {**site().each_context(request), "title": "Parallel month"}
    request.current_app = site().name
    wanted = select(request)
    if wanted is None:
        return TemplateResponse(request, "portal/parallel_empty.html", context)
    found, causes = _table(wanted)
    unit = written.money(UNITS[minor_digits(found.currency)], found.currency)
    latest = None if found.compared.sessions else latest_day(wanted.selection)
    context |= {
        "wanted": wanted,
        "found": found,
        "tiles": [
            _line(Words("Equal", "Both amounts are the same."), found.equal, found, wanted, "equal"),
            _line(Words("Rounding", f"No more than {unit} apart."), found.rounding, found, wanted, "rounding"),
            _line(Words("Different", f"More than {unit} apart."), found.different, found, wanted, "different"),
        ],
        "total": _line(Words("All compared", ""), found.compared, found, wanted, ""),
        "causes": causes,
        "apart": [
            (parallel_words.words_apart(one), one.sessions, f"{reverse('admin:parallel_sessions')}?{wanted.with_(cause=one.key)}")
            for one in found.not_compared
        ],
        "most": MOST_DIFFERENT,
        "other_currencies": [(code, wanted.with_(currency=code)) for code in found.other_currencies],
        "latest": latest,
        "latest_url": wanted.with_(**{"period": "", "currency": "", **month_query(latest)}) if latest else "",
        "presets": PRESETS,
    }
    return TemplateResponse(request, "portal/parallel.html", context)


@page("parallel/sessions/", name="parallel_sessions")
def sessions(request: HttpRequest) -> HttpResponse:
    """The sessions behind one figure: both amounts, the difference and its cause."""
    _allow(request)
    wanted, found, shown, key = _listed(request)
    raw = request.GET.get("page", "1")
    last = max(1, -(-len(shown.ids) // PER_PAGE))
    number = min(int(raw), last) if raw.isascii() and raw.isdigit() and len(raw) < 9 and int(raw) else 1
    rows = parallel_rows.rows(wanted.selection, shown, (number - 1) * PER_PAGE, number * PER_PAGE)
    request.current_app = site().name
    return TemplateResponse(
        request,
        "portal/parallel_sessions.html",
        {
            **site().each_context(request),
            "title": shown.words.title,
            "crumbs": [("Parallel month", f"{reverse('admin:parallel')}?{wanted.with_()}")],
            "wanted": wanted,
            "shown": shown,
            "has_causes": key == Kind.DIFFERENT,
            "currency": found.currency,
            "rows": [(row, *_amounts(row)) for row in rows],
            "number": number,
            "last": last,
            "first_row": (number - 1) * PER_PAGE + 1,
            "last_row": min(number * PER_PAGE, len(shown.ids)),
            "export_url": wanted.with_(cause=key),
            "newer_url": wanted.with_(cause=key, page=str(number - 1)) if number > 1 else "",
            "older_url": wanted.with_(cause=key, page=str(number + 1)) if number < last else "",
        },
    )


def _amounts(row: parallel_rows.Row) -> tuple[str, str, str]:
    """Both amounts and their difference; a reported amount with more digits than the currency shows them."""

    def shown(value: Decimal | None) -> str:
        plain = written.amount(value, row.currency)
        return plain if value is None or Decimal(plain.replace(",", "")) == value else f"{value.normalize():,f}"

    apart = row.difference
    if apart is None:
        return shown(row.theirs), shown(row.ours), written.NOTHING
    return shown(row.theirs), shown(row.ours), f"{'+' if apart > 0 else '−' if apart < 0 else ''}{shown(abs(apart))}"


def _listed(request: HttpRequest) -> tuple[Wanted, Figures, parallel_rows.Listed, str]:
    wanted = select(request)
    if wanted is None:
        raise Http404("There is nothing to compare yet.")
    found = figures(wanted.selection)
    key = request.GET.get("cause", Kind.DIFFERENT.value)[:80]
    shown = parallel_rows.listed(wanted.selection, found, key)
    if shown is None:
        # A new price or a new import may have emptied a list somebody kept the address of.
        words = Words("No such difference", "No session of this period and place differs for this cause (any more).")
        shown = parallel_rows.Listed(words, [], [])
    return wanted, found, shown, key


def _file_name(request: HttpRequest, kind: str) -> str:
    key = "".join(sign for sign in request.GET.get("cause", "") if sign.isalnum() or sign in "_-.")[:40]
    return f"parallel-month{'-' if key else ''}{key}.{kind}"


@page("parallel/sessions.csv", name="parallel_sessions_csv")
def sessions_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    _allow(request)
    wanted, _, shown, _ = _listed(request)
    return _csv(request, parallel_rows.HEADER, parallel_rows.cells(parallel_rows.rows(wanted.selection, shown)))


@page("parallel/sessions.xlsx", name="parallel_sessions_xlsx")
def sessions_xlsx(request: HttpRequest) -> HttpResponse | FileResponse:
    _allow(request)
    wanted, _, shown, key = _listed(request)
    if len(shown.ids) > XLSX_MAX_ROWS:
        messages.error(
            request,
            f"More than {XLSX_MAX_ROWS:,} sessions are too many for one spreadsheet; nothing was exported. "
            "Choose a shorter period, or take the CSV, which has no limit.",
        )
        return HttpResponseRedirect(f"{reverse('admin:parallel_sessions')}?{wanted.with_(cause=key)}")
    return _xlsx(request, parallel_rows.HEADER, parallel_rows.cells(parallel_rows.rows(wanted.selection, shown)))


@page("parallel/causes.csv", name="parallel_causes_csv")
def causes_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    _allow(request)
    return _csv(request, CAUSES_HEADER, _cause_cells(request))


@page("parallel/causes.xlsx", name="parallel_causes_xlsx")
def causes_xlsx(request: HttpRequest) -> HttpResponse | FileResponse:
    _allow(request)
    return _xlsx(request, CAUSES_HEADER, _cause_cells(request))


def _cause_cells(request: HttpRequest) -> list[list[Cell]]:
    wanted = select(request)
    if wanted is None:
        raise Http404("There is nothing to compare yet.")
    found, lines = _table(wanted)
    return [
        [
            safe_cell(line.words.title),
            safe_cell(line.words.text),
            line.sessions,
            line.side.theirs,
            line.side.ours,
            line.side.difference,
            found.currency,
        ]
        for line in lines
    ]


def _csv(request: HttpRequest, header: tuple[str, ...], cells: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_lines(header, cells),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_file_name(request, "csv")}"'},
    )


def _xlsx(request: HttpRequest, header: tuple[str, ...], cells: Any) -> FileResponse:
    return FileResponse(
        workbook("Parallel month", header, cells),
        as_attachment=True,
        filename=_file_name(request, "xlsx"),
        content_type=XLSX,
    )
