"""Times the Overview over DATABASE_URL, filled by storing.py, through the WSGI application in this process; prints JSON.

A signed-in person asks for one month of all places and of one: with nothing kept (``uncached``), and once more
(``kept``); and for the part that says what waits, which the page asks for once it is there (``needs``). Beside it what the
same application takes, through the same middleware, to answer "ok" to nobody (``bare``), and to answer a signed-in person
with as many bytes (``bare_signed_in``: the session and the person are looked up, nothing else).
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

from chargebill import urls  # noqa: E402
from chargebill.core.models import LegalEntity, User  # noqa: E402
from stations.models import Location  # noqa: E402

# Shortly after the newest week of storing.py.
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
ROUNDS, BARE_ROUNDS = 15, 400


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def bare_signed_in(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated
    return HttpResponse("x" * int(request.GET["size"]))


urlpatterns = [path("bare/", bare), path("bare-signed-in/", bare_signed_in), *urls.urlpatterns]
handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404


def main() -> None:
    settings.ROOT_URLCONF = __name__
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client = Client()
    client.force_login(user)
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    application = get_wsgi_application()

    def ask(url: str) -> int:
        route, _, query = url.partition("?")
        statuses: list[str] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET", "PATH_INFO": route, "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1", "HTTP_COOKIE": cookie, "wsgi.input": BytesIO(),
            "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
        }  # fmt: skip
        answer = application(environ, lambda status, headers: statuses.append(status))
        size = sum(map(len, answer))
        answer.close()
        assert statuses == ["200 OK"], (url, statuses)
        return size

    def fastest_ms(url: str, rounds: int, before: Callable[[], None] = lambda: None) -> float:
        times = []
        for _ in range(rounds):
            before()
            began = time.perf_counter()
            ask(url)
            times.append(time.perf_counter() - began)
        # The fastest: what other programs take away meanwhile is no part of it.
        return min(times) * 1000

    def queries_of(url: str) -> tuple[list[dict[str, str]], int]:
        # A request empties the log when it begins.
        connection.force_debug_cursor = True
        size = ask(url)
        seen = list(connection.queries_log)
        connection.force_debug_cursor = False
        return seen, size

    entity = LegalEntity.objects.get()
    month = f"/?entity={entity.pk}&from=2026-10-01&to=2026-10-31"
    pages = {"all": month, "place": f"{month}&location={Location.objects.order_by('pk')[0].pk}"}
    shown: dict[str, Any] = {"sessions": entity.sessions.count(), "bare_ms": fastest_ms("/bare/", BARE_ROUNDS)}
    needs = f"/overview/needs/{entity.pk}/"
    shown["needs_ms"] = fastest_ms(needs, ROUNDS, cache.clear)
    for name, url in pages.items():
        ask(url)
        cache.clear()
        uncached, size = queries_of(url)
        # Then the page has all its parts, and is kept.
        ask(needs)
        ask(url)
        kept, size = queries_of(url)
        shown[name] = {
            "kept_ms": fastest_ms(url, BARE_ROUNDS),
            "uncached_ms": fastest_ms(url, ROUNDS, cache.clear),
            "queries": len(uncached),
            "kept_queries": len(kept),
            "page_kb": size / 1000,
            "bare_signed_in_ms": fastest_ms(f"/bare-signed-in/?size={size}", BARE_ROUNDS),
        }
        slowest = sorted(((float(q["time"]), q["sql"][:400]) for q in uncached), reverse=True)
        shown[name]["slowest"] = slowest[:4]
    shown["bare_ms"] = min(shown["bare_ms"], fastest_ms("/bare/", BARE_ROUNDS))
    print(json.dumps(shown))


if __name__ == "__main__":
    with patch("django.utils.timezone.now", return_value=NOW):
        main()
