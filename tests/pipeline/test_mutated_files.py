"""Files with anything in their rows, all the way into the database: every row is stored or waits, and once is enough."""

import random
from pathlib import Path

import pytest

from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.models import Job, LegalEntity
from stations.ingest.profiles import recognise
from stations.models import ImportBatch, QuarantinedRow
from tests.ingest import layouts
from tests.ingest.test_mutated_rows import SEED, mutated
from tests.pipeline.conftest import AT, counts


def imported(entity: LegalEntity, path: Path, key: str) -> ImportBatch:
    return pipeline.start_import(
        entity=entity,
        path=path,
        file_name=path.name,
        profile="",
        mode="bill",
        time_zone="America/New_York",
        encoding="",
        actor=None,
        at=AT,
        key=key,
        here=True,
    )


@pytest.mark.parametrize("layout", sorted(layouts.HEADERS))
def test_rows_with_anything_in_them_are_stored_or_wait(priced_entity: LegalEntity, tmp_path: Path, layout: str) -> None:
    generator = random.Random(f"{SEED}{layout}")
    header, good = layouts.text(layout).splitlines()
    lines = [mutated(good, generator) for _ in range(400)]
    if recognise(layouts.HEADERS[layout]).tables_follow:
        # Below a blank line stand other tables, and those are no sessions.
        lines = [line for line in lines if line.strip()]
    path = layouts.saved(tmp_path, "\n".join([header, *lines]))
    first = imported(priced_entity, path, "first")
    read, imports, updated, unchanged, quarantined = counts(first)
    assert read > 300
    assert read == imports + updated + unchanged + quarantined
    assert imports
    assert quarantined
    waiting = QuarantinedRow.objects.count()
    assert waiting == quarantined

    again = imported(priced_entity, path, "again")
    assert counts(again) == (read, 0, 0, read - quarantined, quarantined)
    assert QuarantinedRow.objects.count() == waiting
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.DONE}
    assert analytics.differing() == 0
