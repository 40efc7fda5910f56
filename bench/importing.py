"""Imports files into DATABASE_URL and prints the time of each stage; a process of its own, so that its memory is seen.

    python bench/importing.py bare|priced|more FILE [FILE ...]

``bare`` stores sessions only; ``more`` adds to the sessions of the company that is there. Stages are wrapped from
outside: the product carries no clocks.
"""

import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from billing.operations import prices  # noqa: E402
from chargebill import pipeline  # noqa: E402
from chargebill.core.models import LegalEntity  # noqa: E402
from stations.operations import Stored  # noqa: E402
from tests.proofs.steps import company  # noqa: E402

seconds: dict[str, float] = defaultdict(float)


def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[stage] += time.perf_counter() - began

    return wrapped


@contextmanager
def timed_reading(*args: Any, **kwargs: Any) -> Iterator[Iterator[Any]]:
    with opened(*args, **kwargs) as records:

        def clocked() -> Iterator[Any]:
            # Chunk by chunk, as the job takes them: a clock per row would cost more than the row.
            step = timed("parse", lambda: list(islice(records, pipeline.CHUNK)))
            while chunk := step():
                yield from chunk

        yield clocked()


def main(what: str, *files: str) -> None:
    call_command("migrate", verbosity=0)
    entity = LegalEntity.objects.get() if what == "more" else company()
    pipeline.look_through = timed("look through", pipeline.look_through)
    pipeline.opened = timed_reading
    pipeline.store_chunk = timed("store", pipeline.store_chunk)
    pipeline.price_sessions = timed("price", pipeline.price_sessions)
    prices._gate = timed("gate", prices._gate)
    pipeline.analytics.apply = timed("count", pipeline.analytics.apply)
    if what == "bare":
        pipeline.price_and_count = lambda **kwargs: []

        def take(*, batch: Any, records: Any, at: datetime) -> tuple[Stored, int]:
            return pipeline.store_chunk(batch=batch, records=records, at=at), 0

        pipeline.take = take
    at = datetime.now(UTC)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    rows = 0
    for n, file in enumerate(files):
        batch = pipeline.start_import(
            entity=entity,
            path=Path(file),
            file_name=Path(file).name,
            profile="",
            mode="bill",
            time_zone="",
            encoding="",
            actor=None,
            at=at,
            key=f"{what}:{n}",
            here=True,
        )
        rows += batch.rows_read
    total = time.perf_counter() - began
    # The gate is a part of pricing: each is told by itself.
    seconds["price"] -= seconds["gate"]
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": total,
                "stages": dict(seconds) | {"commit and the rest": total - sum(seconds.values())},
                "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "memory_idle_mb": before / 1024,
            }
        )
    )


opened = pipeline.opened
if __name__ == "__main__":
    main(*sys.argv[1:])
