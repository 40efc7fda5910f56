"""What a person sees when a page can't be shown: what happened, what was not changed, what to do."""

from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse

from chargebill.portal.api.errors import body
from chargebill.portal.site import site

PAGES = {
    400: ("This request can't be read", "Nothing was changed. Go back, and try it once more."),
    403: (
        "Your role does not open this page",
        "Nothing was changed. If it belongs to your work, ask an administrator for the role.",
    ),
    413: ("Too much was sent at once", ""),
    404: ("There is no such page", "It may be gone, or the address may have a slip. Search for what you were looking for."),
}


CODES = {400: "bad_request", 403: "permission_denied", 404: "not_found", 413: "too_large"}


def _page(request: HttpRequest, status: int, instead: str = "") -> HttpResponse:
    heading, advice = PAGES[status]
    advice = instead or advice
    if request.path.startswith("/api/"):
        # A program reads it: one shape for every refusal of the API.
        return JsonResponse(body(CODES[status], "", f"{heading}. {advice}"), status=status)
    context = {**site().each_context(request), "title": heading, "crumbs": [], "advice": advice, "status": status}
    return TemplateResponse(request, "portal/error.html", context, status=status).render()


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    if isinstance(exception, TooManyFilesSent):
        return too_large(request, f"Send at most {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files at once. Nothing was changed.")
    return _page(request, 400)


def too_large(request: HttpRequest, advice: str) -> HttpResponse:
    """More than a page takes at once; ``advice`` says how much that is."""
    return _page(request, 413, advice)


def forbidden(request: HttpRequest, exception: Any) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    return _page(request, 404)
