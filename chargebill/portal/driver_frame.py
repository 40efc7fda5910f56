"""What every page behind a driver's own link has in common: its language, its frame, and that nothing of it is kept."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from billing.pricing.text import Language
from chargebill.portal.price_page_words import NAMES, language_of


def language_in(request: HttpRequest, default: str = "en") -> Language:
    """The language a reader asked for, else their browser's, else ``default``."""
    return language_of(asked=request.GET.get("lang", ""), accepted=request.headers.get("Accept-Language", ""), default=default)


def answer(
    request: HttpRequest, template: str, language: Language, phrases: Mapping[str, str], status: int = 200, **context: Any
) -> HttpResponse:
    """A page in one language."""
    shown = {"language": language, "languages": NAMES.items(), "phrases": phrases, **context}
    return HttpResponse(render_to_string(template, shown, request), status=status)


def come_back(response: HttpResponse, seconds: int = 60) -> HttpResponse:
    """Says when to try again."""
    response["Retry-After"] = str(seconds)
    return response


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Nothing of what it answers is kept, found by search engines, or told to other sites."""

    @wraps(view)
    def respond(*args: Any, **more: Any) -> HttpResponse:
        response = view(*args, **more)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return respond
