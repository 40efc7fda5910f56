"""Describing a layout: a file nobody knows is taken apart, its columns guessed, shown beside its first rows, and saved."""

import uuid
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from chargebill.core.errors import UserError
from chargebill.core.fields import TimeZoneField, UpperCaseField, offered_time_zones
from chargebill.core.keys import key_in
from chargebill.core.models import LegalEntity
from chargebill.portal.import_fields import DATE_ORDERS, DELIMITER_WORDS, DURATION_UNITS, FIELD_WORDS, WORD_OF
from chargebill.portal.import_upload import ENCODING_WORDS, on_disk
from chargebill.portal.site import page
from stations.import_profiles import recognised, save_profile
from stations.imports import looked_at
from stations.ingest import definitions, guessing
from stations.ingest.layout import column_names, normal
from stations.ingest.opening import ENCODINGS
from stations.ingest.reading import Inspection, outcomes, sample
from stations.ingest.rows import FileRefused, Refusal, SessionRow
from stations.models import ImportProfile

# How many rows are kept while a layout is described, in the person's own session: they may hold personal data.
ROWS = 25
SHOWN_VALUES = 3
LONGEST_CELL = 200
# More would make a page nobody can use; a file this wide has columns without a name or without values.
MOST_COLUMNS = 60
MOST_SAMPLES = 3
KEPT = "import_samples"


class FileForm(forms.Form):
    """The file a layout is described from."""

    file = forms.FileField(allow_empty_file=True, error_messages={"required": "Choose a file of this layout."})
    entity = forms.ModelChoiceField(
        LegalEntity.objects.order_by("name"),
        empty_label="Choose a company",
        error_messages={"required": "Choose the company whose files these are."},
    )
    encoding = forms.ChoiceField(required=False, choices=[("", "Detect"), *((name, ENCODING_WORDS[name]) for name in ENCODINGS)])


class OptionsForm(forms.Form):
    """How the values of a layout are written. The columns are read by ``_definition``."""

    title = forms.CharField(label="Name of the layout", max_length=100, required=False)
    date_order = forms.ChoiceField(label="Dates are written", choices=DATE_ORDERS)
    time_zone = TimeZoneField(label="Time zone of times that say none", required=False, max_length=64)
    decimal_comma = forms.ChoiceField(label="Decimals", choices=[("", "point: 12.5"), ("1", "comma: 12,5")], required=False)
    energy_unit = forms.ChoiceField(label="Energy is in", choices=[("kWh", "kWh"), ("Wh", "Wh")])
    duration_unit = forms.ChoiceField(label="Durations are in", choices=DURATION_UNITS)
    currency = UpperCaseField(label="Currency of amounts that say none", required=False)
    location = forms.CharField(label="The one place of all rows", required=False, max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file on the page. ``field`` is what it means, "" for nothing."""

    at: int
    name: str
    values: list[str]
    field: str
    tells: bool


@page("imports/layouts/new/", name="import_layout_new")
def new(request: HttpRequest) -> HttpResponse:
    """Takes a file to describe a layout from, or to describe one anew (``layout``)."""
    if not request.user.has_perm("stations.add_importprofile"):
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    asked = request.POST.get("layout") or request.GET.get("layout") or ""
    layout = None if key_in(asked) is None else get_object_or_404(ImportProfile, pk=asked)
    refusal = None
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        try:
            token = _take_apart(request, form.cleaned_data, layout)
        except UserError as error:
            refusal = error
        else:
            url = reverse("admin:import_layout_build", args=[token])
            return HttpResponse(headers={"HX-Redirect": url}) if request.headers.get("HX-Request") else redirect(url)
    context = {
        **admin.site.each_context(request),
        "title": f"Change “{layout.title}”" if layout else "Describe a layout",
        "crumbs": _crumbs(),
        "form": form,
        "entities": [layout.entity] if layout else entities,
        "layout": layout,
        "refusal": refusal,
    }
    return TemplateResponse(request, "portal/imports/layout_new.html", context)


def _crumbs() -> list[tuple[str, str]]:
    return [
        ("Imports", reverse("admin:stations_importbatch_changelist")),
        ("Your own layouts", reverse("admin:import_layouts")),
    ]


def _take_apart(request: HttpRequest, asked: dict[str, Any], layout: ImportProfile | None) -> str:
    """Keeps the file's header and first rows in the session; returns what they are found by."""
    entity = layout.entity if layout else asked["entity"]
    try:
        with on_disk(asked["file"]) as path:
            inspection, guessed = _looked_at(path, asked["encoding"])
            if inspection.format != "csv":
                raise FileRefused("not_csv", "A layout is described for CSV files, and this one is JSON. Nothing was kept.")
            rows = sample(path, inspection, ROWS)
    except FileRefused as refused:
        message = refused.message.replace("Nothing was imported.", "Nothing was kept.")
        raise UserError(refused.code, message, refused.where) from refused
    if not rows:
        raise UserError("no_rows", "The file has column names and no rows, so there is nothing to look at. Nothing was kept.")
    if layout is None:
        _refuse_known(inspection, entity)
    token = uuid.uuid4().hex
    samples = request.session.get(KEPT, {})
    while len(samples) >= MOST_SAMPLES:
        samples.pop(next(iter(samples)))
    samples[token] = {
        "entity": entity.pk,
        "layout": layout.pk if layout else None,
        "file_name": asked["file"].name[:255],
        "header": [cell[:500] for cell in inspection.header],
        "delimiter": inspection.delimiter,
        "encoding": inspection.encoding,
        "guessed": guessed,
        "rows": [(line, cells and [cell[:LONGEST_CELL] for cell in cells]) for line, cells in rows],
    }
    request.session[KEPT] = samples
    return token


def _looked_at(path: Any, encoding: str) -> tuple[Inspection, bool]:
    """The file, and whether its encoding had to be guessed."""
    try:
        return looked_at(path, encoding=encoding), False
    except FileRefused as refused:
        if encoding or refused.code not in ("encoding_unknown", "nul_byte"):
            raise
        return looked_at(path, encoding="utf-16" if refused.code == "nul_byte" else "windows-1252"), True


def _refuse_known(inspection: Inspection, entity: LegalEntity) -> None:
    try:
        known = recognised(inspection.header, entity=entity)
    except FileRefused as refused:
        if refused.code == "unknown_layout":
            return
        raise UserError(refused.code, refused.message.replace("imported", "kept"), refused.where) from refused
    advice = "change that one if it reads it wrongly" if known.version else "import it as it is"
    raise UserError("layout_known", f"This file is recognized already as “{known.profile.title}”: {advice}. Nothing was kept.")


@page("imports/layouts/build/<str:token>/", name="import_layout_build")
@require_http_methods(["GET", "POST"])
def build(request: HttpRequest, token: str) -> HttpResponse:
    """The columns beside the first rows, and what the rows become; a POST shows it again, or saves it."""
    if not request.user.has_perm("stations.add_importprofile"):
        raise PermissionDenied
    kept = request.session.get(KEPT, {}).get(token)
    if kept is None:
        messages.info(request, "What was known of that file is no longer kept. Choose the file once more.")
        return redirect("admin:import_layout_new")
    entity = get_object_or_404(LegalEntity, pk=kept["entity"])
    layout = get_object_or_404(ImportProfile, pk=kept["layout"], entity=entity) if kept["layout"] else None
    # A change seen just after a click on Save carries that button too: it asks for the preview only.
    saves = request.method == "POST" and request.POST.get("do") == "save" and not request.headers.get("HX-Request")
    if request.method == "POST":
        form = OptionsForm(request.POST)
        definition, wrong = _definition(request, form, kept)
    else:
        definition, wrong = _first(kept, entity, layout), []
        form = OptionsForm(initial={**definition, "decimal_comma": "1" if definition["decimal_comma"] else ""})
        form.initial["title"] = layout.title if layout else ""
    shown = _preview(kept, entity, definition, wrong)
    refusal = None
    if saves:
        try:
            return _save(request, token, kept, entity, layout, form, definition, shown)
        except UserError as error:
            refusal = error
    context = {
        "refusal": refusal,
        "where": refusal.where if refusal else "",
        **shown,
    }
    if request.headers.get("HX-Request"):
        return TemplateResponse(request, "portal/imports/layout_preview.html", context)
    dates = _dates(kept, definition)
    context |= {
        **admin.site.each_context(request),
        "title": f"Change “{layout.title}”" if layout else "Describe a layout",
        "crumbs": _crumbs(),
        "form": form,
        "entity": entity,
        "file_name": kept["file_name"],
        "columns": _columns(kept, definition),
        "left_out": max(len(kept["header"]) - MOST_COLUMNS, 0),
        "field_words": FIELD_WORDS,
        "delimiter": DELIMITER_WORDS[kept["delimiter"]],
        "encoding": ENCODING_WORDS[kept["encoding"]],
        "guessed": kept["guessed"],
        "example_date": next((date for date in dates if date.strip()), ""),
        "unsure_dates": not guessing.date_order(dates)[1],
        "time_zones": offered_time_zones(),
    }
    return TemplateResponse(request, "portal/imports/layout_build.html", context)


def _cells(kept: dict[str, Any]) -> list[list[str]]:
    return [cells for _, cells in kept["rows"] if cells]


def _first(kept: dict[str, Any], entity: LegalEntity, layout: ImportProfile | None) -> dict[str, Any]:
    """What the page begins with: the layout as it is, else a guess."""
    if layout and (version := layout.versions.order_by("-number").first()):
        return dict(version.definition)
    return guessing.guess(kept["header"][:MOST_COLUMNS], _cells(kept), time_zone=entity.time_zone, currency=entity.base_currency)


def _columns(kept: dict[str, Any], definition: dict[str, Any]) -> list[Column]:
    fields = {normal(header): field for field, header in definition["columns"].items()}
    rows = _cells(kept)
    found = []
    for at, (header, name) in enumerate(zip(kept["header"], column_names(kept["header"]), strict=True)):
        if at == MOST_COLUMNS:
            break
        field = fields.get(normal(header), "")
        values = [row[at] for row in rows if at < len(row) and row[at].strip()]
        shown = "" if definitions.EXTRA.fullmatch(field) else field
        found.append(Column(at, name, list(dict.fromkeys(values))[:SHOWN_VALUES], shown, field in definition["identity"]))
    return found


def _definition(
    request: HttpRequest, form: OptionsForm, kept: dict[str, Any]
) -> tuple[dict[str, Any], list[definitions.Problem]]:
    """The definition a person's answers make, and what is wrong with the answers themselves."""
    form.is_valid()
    said = form.cleaned_data
    wrong = [definitions.Problem(name, " ".join(errors)) for name, errors in form.errors.items()]
    columns: dict[str, str] = {}
    identity = []
    for at, header in enumerate(kept["header"][:MOST_COLUMNS]):
        field, tells = request.POST.get(f"column-{at}", ""), f"tells-{at}" in request.POST
        if not field and not tells:
            continue
        name = field or f"extra_{at}"
        if name in columns:
            taken = f"Two columns are taken for “{WORD_OF.get(name, name)[:60]}”: {columns[name]} and {header}. Choose one."
            wrong.append(definitions.Problem("columns", taken[:300]))
            continue
        columns[name] = header.replace("\ufeff", "").strip()
        if tells:
            identity.append(name)
    definition = {
        "columns": columns,
        "identity": identity,
        "time_zone": said.get("time_zone", ""),
        "date_order": said.get("date_order", "YMD"),
        "energy_unit": said.get("energy_unit", "kWh"),
        "duration_unit": said.get("duration_unit", "clock"),
        "decimal_comma": said.get("decimal_comma") == "1",
        "currency": said.get("currency", ""),
        "location": said.get("location", "").strip(),
    }
    return definition, wrong


def _preview(
    kept: dict[str, Any], entity: LegalEntity, definition: dict[str, Any], wrong: list[definitions.Problem]
) -> dict[str, Any]:
    """The first rows as sessions or with the reason they would wait; none while the definition has problems."""
    found = [*wrong, *definitions.problems(definition)]
    if found:
        return {"problems": found, "read": [], "taken": 0, "total": len(kept["rows"])}
    profile = definitions.profile_of(name="preview", title="", definition=definition)
    if lacking := profile.lacks(kept["header"]):
        gone = [definitions.Problem("columns", f"The file lacks {', '.join(lacking)[:200]}.")]
        return {"problems": gone, "read": [], "taken": 0, "total": len(kept["rows"])}
    results = outcomes(
        profile, kept["header"], kept["delimiter"], [cells for _, cells in kept["rows"]], entity_time_zone=entity.time_zone
    )
    read = [
        (line, result if isinstance(result, SessionRow) else None, result if isinstance(result, Refusal) else None)
        for (line, _), result in zip(kept["rows"], results, strict=True)
    ]
    taken = [session for _, session, _ in read if session]
    return {
        "problems": [],
        "read": read,
        "taken": len(taken),
        "total": len(read),
        "repeated": len(taken) - len({session.external_id for session in taken}),
        "zone": profile.time_zone or entity.time_zone or "UTC",
    }


def _dates(kept: dict[str, Any], definition: dict[str, Any]) -> list[str]:
    names = [normal(header) for header in kept["header"]]
    told = {normal(definition["columns"].get(field, "")) for field in ("start", "end", "start_date", "end_date")} - {""}
    return [row[at] for at, name in enumerate(names) if name in told for row in _cells(kept) if at < len(row)]


def _save(
    request: HttpRequest,
    token: str,
    kept: dict[str, Any],
    entity: LegalEntity,
    layout: ImportProfile | None,
    form: OptionsForm,
    definition: dict[str, Any],
    shown: dict[str, Any],
) -> HttpResponse:
    if shown["problems"]:
        first = shown["problems"][0]
        raise UserError("layout_wrong", f"{first.message} Nothing was saved.", first.where)
    if not shown["taken"]:
        raise UserError("nothing_read", "None of these rows can be read this way: see why below. Nothing was saved.", "columns")
    version = save_profile(
        entity=entity,
        title=form.cleaned_data.get("title", ""),
        definition=definition,
        header=kept["header"],
        encoding="" if kept["encoding"] == "utf-8" else kept["encoding"],
        actor=request.user,
        at=timezone.now(),
        profile=layout,
    )
    samples = request.session.get(KEPT, {})
    samples.pop(token, None)
    request.session[KEPT] = samples
    messages.success(
        request,
        f"“{version.profile.title}” is saved as version {version.number}. Choose the file once more: it is recognized now.",
    )
    return redirect(f"{reverse('admin:import_upload')}?entity={entity.pk}")
