"""A list that can be taken along as CSV and XLSX: exactly the rows it shows, on all its pages, in its order."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path

from chargebill.core.admin import ReadOnlyAdmin
from chargebill.portal.spreadsheets import XLSX, Cell, csv_lines, safe_rows, workbook


class ListFilesAdmin(ReadOnlyAdmin):
    """``files_url`` begins the names of both addresses, ``files_name`` the names of the files."""

    files_url = ""
    files_name = ""
    files_title = ""
    files_header: tuple[str, ...] = ()

    def file_rows(self, queryset: QuerySet[Any]) -> Iterator[list[Cell]]:
        """A row of cells in the header's order for each."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export.csv", view(self.export_csv), name=f"{self.files_url}_export_csv"),
            path("export.xlsx", view(self.export_xlsx), name=f"{self.files_url}_export_xlsx"),
            *super().get_urls(),
        ]

    def _shown(self, request: HttpRequest) -> Iterator[list[Cell]]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return safe_rows(self.file_rows(self.get_changelist_instance(request).get_queryset(request)))

    def export_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            csv_lines(self.files_header, self._shown(request)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{self.files_name}.csv"'},
        )

    def export_xlsx(self, request: HttpRequest) -> FileResponse:
        file = workbook(self.files_title, self.files_header, self._shown(request))
        return FileResponse(file, as_attachment=True, filename=f"{self.files_name}.xlsx", content_type=XLSX)
