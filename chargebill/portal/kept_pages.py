"""Keeps a page as it was made for one person, and figures behind it, until anything they may show has changed."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils import timezone

from chargebill.core import data_version

# Every local midnight lies on a quarter of an hour: what "this month" means can't change within one.
SLOT_S = 900
UNFINISHED = "is_unfinished"
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*')


def kept_value(name: str, make: Callable[[], Any]) -> Any:
    """What ``make`` finds in the data, the same for everybody."""
    key = _key(name)
    if (value := cache.get(key)) is None:
        value = make()
        cache.set(key, value, SLOT_S)
    return value


def value_at_hand(name: str) -> Any:
    """What ``kept_value`` keeps under this name; None while nothing is kept."""
    return cache.get(_key(name))


def _key(said: str) -> str:
    """Read before what is kept under it is made: a change in between makes that out of date, not wrong."""
    slot = int(timezone.now().timestamp()) // SLOT_S
    return hashlib.sha256(f"{data_version.current()} {slot} {said}".encode()).hexdigest()


def kept(request: HttpRequest, make: Callable[[], HttpResponse]) -> HttpResponse:
    """The page of this address as this person sees it, made by ``make`` when it isn't at hand.

    A page that says ``is_unfinished``, as a part of it is asked for later, is not kept.
    """
    if request.method != "GET" or len(get_messages(request)):
        return make()
    key = _key(f"page {request.user.pk} {request.get_full_path()}")
    if (html := cache.get(key)) is None:
        response = make()
        if hasattr(response, "render"):
            response = response.render()
        if (
            response.status_code != 200
            or response.streaming
            or len(get_messages(request))
            or getattr(response, UNFINISHED, False)
        ):
            return response
        html = response.content
        cache.set(key, html, SLOT_S)
    token = get_token(request).encode()
    return HttpResponse(TOKEN.sub(lambda found: found[1] + token, html))
