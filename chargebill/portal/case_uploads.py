"""Files of a case on the web: taken from a form, and given back so that no browser runs them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from disputes.file_models import CaseFile
from disputes.files import ACCEPT, ALLOWED, Refused
from disputes.files.images import thumbnail
from disputes.files.kinds import FileKind
from disputes.files.limits import MOST_AT_ONCE, MOST_BYTES
from disputes.operations.case_files import FileRefused, Upload

FIELD = "files"
# Whatever a browser makes of a file: no script, no form, nothing loaded, no page of ours around it.
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    # They never change; who may see them is asked again each time.
    "Cache-Control": "private, no-cache",
}


def uploads_in(request: HttpRequest, field: str = FIELD) -> list[Upload]:
    """The files a form sent, none without any. Raises FileRefused: too_many_at_once, too_large (unread)."""
    sent = request.FILES.getlist(field)
    if len(sent) > MOST_AT_ONCE:
        raise FileRefused(Refused("too_many_at_once"))
    for file in sent:
        if (file.size or 0) > MOST_BYTES:
            raise FileRefused(Refused("too_large"), file.name or "")
    return [Upload(file.name or "", file.read()) for file in sent]


def field_context(language: str = "en") -> dict[str, Any]:
    """What portal/parts/case_files_field.html needs."""
    return {"files_allowed": ALLOWED.get(language, ALLOWED["en"]), "files_accept": ACCEPT}


def download(file: CaseFile) -> HttpResponse:
    """The file, to be saved and not shown, as what it was found to be."""
    disposition = content_disposition_header(True, file.name) or "attachment"
    headers = {"Content-Disposition": disposition, **HARMLESS}
    return HttpResponse(bytes(file.content), content_type=file.content_type, headers=headers)


def small_picture(file: CaseFile) -> HttpResponse:
    """A picture in small, drawn anew once more; it may be shown in a page."""
    headers = {"Content-Disposition": "inline", **HARMLESS}
    return HttpResponse(thumbnail(bytes(file.content), FileKind(file.kind)), content_type="image/jpeg", headers=headers)
