"""Files of a case at the desk: what came with what was said, each to be saved, pictures in small."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse

from chargebill.core.keys import row_in
from chargebill.portal.case_uploads import download, field_context, small_picture
from chargebill.portal.site import page
from disputes.file_models import CaseFile
from disputes.models import Case

READ = "disputes.view_casefile"


def context_of(case: Case) -> dict[str, Any]:
    """What the case's page shows of its files. One query, without contents."""
    files = list(case.files.defer("content").select_related("added_by").order_by("number"))
    return {"files": files, "files_of_complaint": [file for file in files if file.message_id is None], **field_context()}


def with_files() -> Prefetch[Any]:
    """For messages: the files that came with each, in one query for all of them."""
    return Prefetch("files", CaseFile.objects.defer("content").order_by("number"))


def _file(request: HttpRequest, pk: int, number: int) -> CaseFile:
    if not request.user.has_perm(READ):
        raise PermissionDenied
    case = row_in(Case.objects.all(), str(pk))
    file: CaseFile | None = case and CaseFile.objects.filter(case=case, number=number).first()
    if file is None:
        raise Http404("There is no such file.")
    return file


@page("disputes/case/<int:pk>/files/<int:number>/", name="case_file")
def saved(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    return download(_file(request, pk, number))


@page("disputes/case/<int:pk>/files/<int:number>/small.jpg", name="case_file_small")
def small(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    file = _file(request, pk, number)
    if not file.is_picture:
        raise Http404("This file is no picture.")
    return small_picture(file)
