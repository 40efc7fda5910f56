"""Taking over from another system: a file is read and reported line by line, signed, and then taken over whole."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.operations.takeover import WAYS, dry_run, take_over, taken_before, usual_day
from billing.takeover import Report
from billing.takeover_models import TakeOver, TakeOverKind
from chargebill.core.csvsafe import safe_cell
from chargebill.core.errors import UserError
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal.accounting.frame import allow, render, without_company
from chargebill.portal.accounting.sheet_file import SheetForm, day_field
from chargebill.portal.payment_frame import csv_answer
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page

SEE, TAKE = "billing.view_takeover", "billing.add_takeover"
KEPT_S = 24 * 3600
SHOWN = 200
EARLIER = 20
TITLE = "Taking over"
REPORT_HEADER = ("line", "column", "report")


class TakeOverForm(SheetForm):
    day = day_field("Day of the balances", "The last day the other system kept the books; that of the opening balances.")
    field_order = ("entity", "day", "file")

    def __init__(self, *args: Any, has_day: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_day:
            del self.fields["day"]


class SignForm(forms.Form):
    ticket = forms.CharField(widget=forms.HiddenInput)
    signed = forms.BooleanField(
        label="I have looked at this report and stand for it.",
        error_messages={"required": "Look at the report and say that you stand for it. Nothing was changed."},
    )


@page("take-over/", name="take_over")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What can be taken over, in the order that makes sense, and what was."""
    allow(request, SEE)
    if not LegalEntity.objects.exists():
        return without_company(request, TITLE)
    rows = TakeOver.objects.defer("content", "report").select_related("entity", "signed_by")
    context = {
        "kinds": [(kind, WAYS[kind]) for kind in TakeOverKind],
        "earlier": rows[:EARLIER],
        "may_take": request.user.has_perm(TAKE),
        "several": LegalEntity.objects.count() > 1,
    }
    return render(request, "take_over.html", TITLE, context)


@page("take-over/<str:kind>/", name="take_over_file")
def file(request: HttpRequest, kind: str) -> HttpResponse:
    """The form, the report of a file, and its signature."""
    allow(request, SEE, TAKE)
    of = _kind(kind)
    if not LegalEntity.objects.exists():
        return without_company(request, TITLE)
    if "ticket" in request.POST:
        return _sign(request, of)
    way, entity = WAYS[of], row_in(LegalEntity, request.GET.get("entity", "")) or LegalEntity.objects.order_by("name").first()
    form = TakeOverForm(
        request.POST or None,
        request.FILES or None,
        has_day=way.has_day,
        initial={"entity": entity, "day": usual_day(entity, of, timezone.now())},
    )
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        entity, text = form.cleaned_data["entity"], form.cleaned_data["file"]
        name = request.FILES["file"].name or "file"
        day = form.cleaned_data.get("day") or usual_day(entity, of, timezone.now())
        if there := taken_before(entity=entity, kind=of, text=text):
            messages.info(request, "Exactly this file was taken over before. Nothing was changed.")
            return redirect("admin:taken_over", there.pk)
        try:
            context = _report(request, of, entity, name, text, day)
        except UserError as error:
            form.add_error("file", error.message)
    return _show(request, of, form, context)


def _show(request: HttpRequest, of: TakeOverKind, form: forms.Form, context: dict[str, Any]) -> HttpResponse:
    shown = {"kind": of, "way": WAYS[of], "form": form, "crumbs": [(TITLE, reverse("admin:take_over"))]}
    return render(request, "take_over_file.html", of.label, {**shown, **context})


def _kind(raw: str) -> TakeOverKind:
    if raw not in TakeOverKind.values:
        raise Http404("There is no such file to take over.")
    return TakeOverKind(raw)


def _salt(request: HttpRequest, of: TakeOverKind) -> str:
    return f"take_over:{of}:{request.user.pk}"


def _report(
    request: HttpRequest, of: TakeOverKind, entity: LegalEntity, name: str, text: str, day: date, sign: SignForm | None = None
) -> dict[str, Any]:
    found = dry_run(entity=entity, kind=of, text=text, day=day)
    kept = {"entity": entity.pk, "day": day.isoformat(), "name": name, "text": text, "digest": found.digest}
    ticket = signing.dumps(kept, salt=_salt(request, of), compress=True)
    problems = found.problem_lines
    return {
        "found": found,
        "company": entity,
        "day": day if WAYS[of].has_day else None,
        "problems": problems,
        "lines": [(line, line.cells.items()) for line in (problems or found.lines)[:SHOWN]],
        "more": max(0, len(problems or found.lines) - SHOWN),
        "ticket": ticket,
        "sign": sign or SignForm(initial={"ticket": ticket}),
    }


def _sign(request: HttpRequest, of: TakeOverKind) -> HttpResponse:
    again = redirect("admin:take_over_file", of.value)
    try:
        kept = signing.loads(request.POST["ticket"], salt=_salt(request, of), max_age=KEPT_S)
    except signing.BadSignature:
        messages.error(request, "This report is out of date. Choose the file again. Nothing was changed.")
        return again
    entity, day = LegalEntity.objects.get(pk=kept["entity"]), date.fromisoformat(kept["day"])
    form = SignForm(request.POST)
    try:
        if "report" in request.POST:
            found = dry_run(entity=entity, kind=of, text=kept["text"], day=day)
            return _csv(f"report-{of.value.replace('_', '-')}", _cells(found))
        if not form.is_valid():
            context = _report(request, of, entity, kept["name"], kept["text"], day, form)
            return _show(request, of, TakeOverForm(has_day=WAYS[of].has_day), context)
        made = take_over(
            entity=entity,
            kind=of,
            name=kept["name"],
            text=kept["text"],
            day=day,
            signed_as=request.user.get_full_name() or request.user.get_username(),
            report_digest=kept["digest"],
            actor=request.user,
            at=timezone.now(),
        )
    except UserError as error:
        messages.error(request, error.message)
        return again
    messages.success(request, f"{made.get_kind_display()} of {entity} are taken over.")
    return redirect("admin:taken_over", made.pk)


def _cells(found: Report) -> Iterator[list[Cell]]:
    """A row for each problem, and for each line without one."""
    for line in found.lines:
        said = [(problem.column, problem.message) for problem in line.problems] or [("", line.will)]
        for column, message in said:
            yield [line.line, column, safe_cell(message)]


def _csv(name: str, rows: Iterator[list[Cell]]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_lines(REPORT_HEADER, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@page("take-over/<str:kind>/template.csv", name="take_over_template")
@require_GET
def template(request: HttpRequest, kind: str) -> HttpResponse:
    allow(request, SEE)
    of = _kind(kind)
    return csv_answer(WAYS[of].template, f"{of.value.replace('_', '-')}.csv")


@page("taken-over/<int:pk>/", name="taken_over")
@require_GET
def taken(request: HttpRequest, pk: int) -> HttpResponse:
    """A file that was taken over, with the report and who signed it."""
    allow(request, SEE)
    made = _made(pk)
    context = {
        "made": made,
        "lines": made.report[:SHOWN],
        "more": max(0, len(made.report) - SHOWN),
        "crumbs": [(TITLE, reverse("admin:take_over"))],
    }
    return render(request, "taken_over.html", f"{made.get_kind_display()} taken over", context)


@page("taken-over/<int:pk>/report.csv", name="taken_over_report")
@require_GET
def report(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What was signed, line by line."""
    allow(request, SEE)
    made = _made(pk)
    return _csv(f"report-{made.kind.replace('_', '-')}-{made.pk}", ([line, "", safe_cell(will)] for line, will in made.report))


def _made(pk: int) -> TakeOver:
    rows = TakeOver.objects.defer("content").select_related("entity", "signed_by")
    made = rows.filter(pk=pk).first() if pk < 2**63 else None
    if made is None:
        raise Http404("Nothing was taken over under this number.")
    return made
