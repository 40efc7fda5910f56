"""The pages of a table in and out: choose a file, see what it would do, confirm; download what the list shows."""

import secrets
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst, slugify
from import_export.admin import ImportExportMixin
from unfold.widgets import UnfoldAdminFileFieldWidget

from chargebill.core.audited import AuditedAdmin
from chargebill.core.models import AuditEvent, User
from chargebill.core.tables.formats import MAX_BYTES, CsvFile, UnreadableTable, UploadedTable, XlsxFile, read_table
from chargebill.core.tables.resource import Outcome, TableResource

FOLDER = "tables"
KEPT_S = 24 * 3600
# A page shows so many rows and problems; the counts are of all.
SHOWN = 200


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV or Excel file",
        help_text="The first line names the columns. Nothing is changed before you have seen what the file would do.",
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.xlsx,.txt"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(f"The file is bigger than {MAX_BYTES // 1024**2} MB. Split it into smaller ones.")
        return file


class TableAdmin(ImportExportMixin, AuditedAdmin):
    """A list whose rows go out as CSV or Excel as filtered, and come in from the same files."""

    resource_classes: list[type[TableResource]] = []
    import_template_name = "portal/table_import.html"
    export_template_name = "portal/table_export.html"
    import_formats = [UploadedTable]
    export_formats = [CsvFile, XlsxFile]
    skip_admin_log = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # In

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Takes an upload, keeps it for a day and shows what it would do."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            data = upload.read()
            try:
                outcome = self._take(request, data, upload.name, dry_run=True)
            except UnreadableTable as error:
                form.add_error("file", str(error))
            else:
                context |= self._shown(outcome, upload.name)
                if not outcome.problems and outcome.effective:
                    context["ticket"] = self._keep(request, data, upload.name)
        return self._import_page(request, form, context)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Does what was shown, unless the data changed so that it no longer can."""
        if request.method != "POST" or not self.has_import_permission(request):
            raise PermissionDenied
        try:
            kept = signing.loads(request.POST.get("ticket", ""), salt=self._salt(request), max_age=KEPT_S)
            with default_storage.open(kept["path"]) as stored:
                data = stored.read()
        except (signing.BadSignature, FileNotFoundError):
            self.message_user(
                request, "The uploaded file is no longer here; nothing was imported. Choose it again.", messages.ERROR
            )
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_import")
        outcome = self._take(request, data, kept["name"], dry_run=False)
        if outcome.problems:
            return self._import_page(request, UploadForm(), self._shown(outcome, kept["name"]))
        default_storage.delete(kept["path"])
        self.message_user(
            request,
            f"{kept['name']} imported: {outcome.new:,} new, {outcome.changed:,} changed, {outcome.unchanged:,} unchanged.",
            messages.SUCCESS,
        )
        self.imported(request, outcome)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def imported(self, request: HttpRequest, outcome: Outcome) -> None:
        """Called after a file was taken."""

    def _take(self, request: HttpRequest, data: bytes, name: str, *, dry_run: bool) -> Outcome:
        resource = self.resource_classes[0](**self.get_import_resource_kwargs(request))
        assert isinstance(request.user, User)
        return resource.take(read_table(data), actor=request.user, file_name=name, dry_run=dry_run)

    def _salt(self, request: HttpRequest) -> str:
        return f"{self.opts.label_lower}:{request.user.pk}"

    def _keep(self, request: HttpRequest, data: bytes, name: str) -> str:
        """Stores the file where every web process finds it; the ticket is good for this person, list and day."""
        self._forget_old()
        path = default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}", ContentFile(data))
        return signing.dumps({"path": path, "name": name}, salt=self._salt(request))

    def _forget_old(self) -> None:
        """Uploads nobody confirmed hold names and addresses: they go after a day."""
        if not default_storage.exists(FOLDER):
            return
        for name in default_storage.listdir(FOLDER)[1]:
            if default_storage.get_modified_time(f"{FOLDER}/{name}") < timezone.now() - timedelta(seconds=KEPT_S):
                default_storage.delete(f"{FOLDER}/{name}")

    def _shown(self, outcome: Outcome, name: str) -> dict[str, Any]:
        return {
            "outcome": outcome,
            "file_name": name,
            "rows": outcome.effective[:SHOWN],
            "more_rows": max(0, len(outcome.effective) - SHOWN),
            "problems": outcome.problems[:SHOWN],
            "more_problems": max(0, len(outcome.problems) - SHOWN),
        }

    def _import_page(self, request: HttpRequest, form: UploadForm, context: dict[str, Any]) -> HttpResponse:
        resource = self.resource_classes[0]()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import {self.opts.verbose_name_plural}",
            "opts": self.opts,
            "form": form,
            "columns": [field.column_name for field in resource.get_import_fields()],
            "key_columns": resource.key_columns,
            **context,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.import_template_name, context)

    # Out

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Offers the rows the list shows; a POST with a format downloads them."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        queryset = self.get_export_queryset(request)
        formats = {file_format().get_extension(): file_format for file_format in self.export_formats}
        if request.method == "POST" and request.POST.get("format") in formats:
            return self._download(request, queryset, formats[request.POST["format"]]())
        context = {
            **self.admin_site.each_context(request),
            "title": f"Export {self.opts.verbose_name_plural}",
            "opts": self.opts,
            "count": queryset.count(),
            "filtered": bool(request.GET),
            "columns": [field.column_name for field in self.resource_classes[0]().get_export_fields()],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.export_template_name, context)

    def _download(self, request: HttpRequest, queryset: Any, file_format: Any) -> HttpResponse:
        dataset = self.resource_classes[0]().export(queryset, force_native_type=isinstance(file_format, XlsxFile))
        plural = str(self.opts.verbose_name_plural)
        dataset.title = capfirst(plural)
        # Who took which data out of the house is part of its history.
        AuditEvent.objects.create(
            at=timezone.now(),
            actor=request.user,
            action=f"{self.opts.model_name}.export",
            object_type=self.opts.label_lower,
            object_id="",
            summary=f"{len(dataset):,} {plural} exported as {file_format.get_title()}",
            reason=request.GET.urlencode(),
        )
        response = HttpResponse(file_format.export_data(dataset), content_type=file_format.get_content_type())
        name = f"{slugify(plural)}-{timezone.now():%Y-%m-%d}.{file_format.get_extension()}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
