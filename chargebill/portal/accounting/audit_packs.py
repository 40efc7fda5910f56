"""Audit packs: made in the background for whole months of a company, found again, downloaded."""

from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.document_plan import month
from billing.operations.audit_packs import FOLDER, KIND, months_between, start_pack
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity
from chargebill.core.periods import month_of, previous
from chargebill.portal.accounting.frame import allow, render, without_company
from chargebill.portal.jobs import progress_of
from chargebill.portal.payment_frame import form_key
from chargebill.portal.site import page

TITLE = "Audit packs"
SHOWN = 50


class PackForm(forms.Form):
    entity = forms.ModelChoiceField(LegalEntity.objects.order_by("name"), label="Company", empty_label=None)
    first = forms.CharField(
        label="First month",
        max_length=20,
        widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-10"}),
        error_messages={"required": "Choose the first month."},
    )
    last = forms.CharField(
        label="Last month",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-10"}),
        help_text="Empty: the first one alone.",
    )


@page("audit-packs/", name="audit_packs")
def audit_packs(request: HttpRequest) -> HttpResponse:
    """Whoever may read the books may pack them: a pack changes nothing."""
    allow(request)
    entities = list(LegalEntity.objects.order_by("name"))
    if not entities:
        return without_company(request, TITLE)
    latest = previous(month_of(timezone.now().date())).start
    form = PackForm(request.POST or None, initial={"entity": entities[0].pk, "first": f"{latest:%Y-%m}"})
    if request.method == "POST" and form.is_valid() and _start(request, form):
        return redirect(reverse("admin:audit_packs"))
    jobs = list(Job.objects.filter(kind=KIND).select_related("created_by")[:SHOWN])
    context: dict[str, Any] = {
        "form": form,
        "packs": [(progress_of(job), _size(job)) for job in jobs],
        "any_live": any(job.is_open for job in jobs),
        "key": form_key(request),
    }
    return render(request, "audit_packs.html", TITLE, context)


def _start(request: HttpRequest, form: PackForm) -> bool:
    """Whether it is on its way; the form says what is wrong with it otherwise."""
    field = "first"
    try:
        first = month(form.cleaned_data["first"], "first")
        field = "last"
        last = month(form.cleaned_data["last"] or form.cleaned_data["first"], "last")
        of = months_between(form.cleaned_data["entity"], first, last)
    except UserError as error:
        form.add_error(field, error.message)
        return False
    start_pack(of=of, key=f"audit_pack:{request.user.pk}:{form_key(request)}", actor=request.user)
    return True


def _size(job: Job) -> str:
    size = job.result.get("size")
    return f"{max(round(size / 1000), 1):,} kB" if isinstance(size, int) else ""


@page("audit-packs/<int:pk>/download/", name="audit_pack_download")
@require_GET
def download(request: HttpRequest, pk: int) -> FileResponse:
    allow(request)
    job = Job.objects.filter(pk=pk, kind=KIND, state=Job.State.DONE).first() if pk < 2**63 else None
    path = str(job.result.get("file", "")) if job else ""
    if job is None or not path.startswith(f"{FOLDER}/") or not default_storage.exists(path):
        raise Http404("There is no such pack, or its file is gone. Make it again: a closed month gives the same bytes.")
    file = default_storage.open(path)
    return FileResponse(file, as_attachment=True, filename=job.result["name"], content_type="application/zip")
