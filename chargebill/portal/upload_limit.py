"""Refuses what is too large for a case before a byte of it is read. Imports have a limit of their own, and need it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from chargebill.portal.errors import too_large
from disputes.files import TOO_MUCH
from disputes.files.limits import MOST_BYTES_AT_ONCE

# Pages that take files of a case, by the beginning of their path: the desk's, and a driver's own.
DESK = "/disputes/"
LIMITED = (DESK, "/c/", "/d/", "/charge/")
# So much more is read and thrown away, for a browser hears no answer while it sends.
MOST_THROWN_AWAY = 4 * MOST_BYTES_AT_ONCE
PIECE = 64 * 1024


class UploadLimit:
    """A request says how long it is; one that does not has no body here, so nothing gets past this."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(LIMITED) and (sent := _length(request)) > MOST_BYTES_AT_ONCE:
            if sent <= MOST_THROWN_AWAY:
                while request.read(PIECE):
                    pass
            is_desk = request.path.startswith(DESK)
            advice = TOO_MUCH["en"] if is_desk else f"{TOO_MUCH['de']} · {TOO_MUCH['en']}"
            return too_large(request, advice)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
