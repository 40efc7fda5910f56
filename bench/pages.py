"""Times pages over DATABASE_URL as a signed-in member of staff sees them; prints p95 in ms and the query counts."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from chargebill.core.models import User  # noqa: E402

PAGES = {"sessions": "/stations/session/", "overview": "/"}


def main() -> None:
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    shown = {}
    for name, url in PAGES.items():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200, url
        # Now: the next request empties the log.
        queries = len(captured)
        times = []
        for _ in range(20):
            began = time.perf_counter()
            client.get(url)
            times.append(time.perf_counter() - began)
        shown[name] = {"p95_ms": sorted(times)[18] * 1000, "queries": queries}
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
