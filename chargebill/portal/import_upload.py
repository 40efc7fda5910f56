"""The page where a file comes in: choose it, say what it is for, and either it is taken or it says why not."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.fields import TimeZoneField, offered_time_zones
from chargebill.core.models import LegalEntity, validate_time_zone
from chargebill.portal import layouts, states
from chargebill.portal.site import page
from stations.ingest.opening import ENCODINGS
from stations.models import ImportBatch, Mode

ENCODING_WORDS = {"utf-8": "UTF-8", "windows-1252": "Windows-1252 (Western Europe)", "utf-16": "UTF-16"}
MODE_WORDS = {
    Mode.BILL: (
        "ChargeBill prices these sessions and bills them. Choose this if nobody has charged the drivers yet.",
        "Drivers get receipts and invoices for them.",
    ),
    Mode.COLLECTED: (
        "Another system already took the money: a payment terminal, an app, a roaming partner.",
        "What was paid is booked. Nobody is billed again.",
    ),
    Mode.HISTORY: (
        "For looking back and comparing prices.",
        "Counted and priced, never billed. The same file can be imported again to bill it.",
    ),
}
# Where on the form a refused file is put right; all others are about the file itself.
FIELD_OF_REFUSAL = {
    "time_zone_unknown": "time_zone",
    "encoding_unknown": "encoding",
    "unknown_layout": "profile",
    "unknown_profile": "profile",
}


class UploadForm(forms.Form):
    """Everything an import is asked. ``key`` is made with the form and makes a double click one import."""

    file = forms.FileField(allow_empty_file=True, error_messages={"required": "Choose the file to import."})
    entity = forms.ModelChoiceField(
        LegalEntity.objects.order_by("name"),
        empty_label="Choose a company",
        error_messages={"required": "Choose the company whose sessions these are."},
    )
    mode = forms.ChoiceField(
        choices=Mode.choices,
        error_messages={"required": "Say what the sessions are for. It decides whether anybody is billed."},
    )
    time_zone = TimeZoneField(required=False, validators=[validate_time_zone])
    profile = forms.ChoiceField(required=False)
    encoding = forms.ChoiceField(required=False, choices=[("", "Detect"), *((name, ENCODING_WORDS[name]) for name in ENCODINGS)])
    key = forms.CharField(max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["profile"].choices = [("", "Recognize it from the column names"), *layouts.choices(retired=False)]


@page("imports/new/", name="import_upload")
def upload(request: HttpRequest) -> HttpResponse:
    """Asks for a file, and starts its import. Answers htmx with where to go, so that an upload can show its progress."""
    if not request.user.has_perm("stations.add_importbatch"):
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    refusal = None
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                batch = _start(request, form.cleaned_data)
            except UserError as error:
                refusal = error
            else:
                return _go(request, reverse("admin:import_batch", args=[batch.pk]))
    else:
        asked = request.GET.get("entity", "")
        chosen = next((e.pk for e in entities if str(e.pk) == asked or len(entities) == 1), None)
        form = UploadForm(initial={"key": uuid.uuid4().hex, "entity": chosen})
    faulty = FIELD_OF_REFUSAL.get(refusal.code, "") if refusal else next(iter(form.errors), "")
    context = {
        **admin.site.each_context(request),
        "title": "Import a file",
        "crumbs": [("Imports", reverse("admin:stations_importbatch_changelist"))],
        "form": form,
        "entities": entities,
        "modes": [(mode.value, states.shown("mode", mode), *MODE_WORDS[mode]) for mode in Mode],
        "time_zones": _zones(),
        "refusal": refusal,
        "faulty": faulty,
        "known_layouts": layouts.by_kind() if refusal and refusal.code == "unknown_layout" else [],
        "may_build": request.user.has_perm("stations.add_importprofile"),
        "opens_more": faulty in ("encoding", "profile") or bool(form["encoding"].value() or form["profile"].value()),
    }
    return TemplateResponse(request, "portal/imports/upload.html", context)


@cache
def _zones() -> list[str]:
    return offered_time_zones()


def _start(request: HttpRequest, asked: dict[str, Any]) -> ImportBatch:
    with on_disk(asked["file"]) as path:
        return pipeline.start_import(
            entity=asked["entity"],
            path=path,
            file_name=asked["file"].name,
            profile=asked["profile"],
            mode=asked["mode"],
            time_zone=asked["time_zone"],
            encoding=asked["encoding"],
            actor=request.user,
            at=timezone.now(),
            key=_once(request, asked, path),
        )


def _once(request: HttpRequest, asked: dict[str, Any], path: Path) -> str:
    """The same form sent twice is one import; with another file or another answer, after "back", it is a new one."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    said = [str(asked[name]) for name in ("key", "mode", "time_zone", "profile", "encoding")]
    whole = "\x1f".join([str(request.user.pk), str(asked["entity"].pk), content, *said])
    return f"upload:{hashlib.sha256(whole.encode()).hexdigest()}"


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:
    """The uploaded file's path, while the block lasts."""
    if isinstance(upload, TemporaryUploadedFile):
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile(prefix="chargebill-upload-") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _go(request: HttpRequest, url: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)
