"""Many at once take numbers, some fail after taking theirs: no number is missing, none comes twice."""

import random
import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from billing.document_models import Document, DocumentRun, NumberSeries
from billing.operations import document_runs, number_series
from billing.operations.number_series import take_numbers
from chargebill.core import jobs
from chargebill.core.models import LegalEntity
from tests.documents.conftest import AT, SEPTEMBER, make_operator

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
Take = Callable[[LegalEntity], tuple[int, str]]


class Rolled(Exception):
    """Something went wrong after the number was taken."""


def locked(entity: LegalEntity) -> tuple[int, str]:
    return take_numbers(entity=entity, kind="INVOICE", count=1, year=2018)[0]


def unlocked(entity: LegalEntity) -> tuple[int, str]:
    """The same without holding the row: the largest there is and one more."""
    series = NumberSeries.objects.get(entity=entity, kind="INVOICE")
    last = Document.objects.filter(entity=entity).order_by("-sequence").values_list("sequence", flat=True).first()
    return (last or 0) + 1, series.text((last or 0) + 1, 2018)


@pytest.fixture
def run(tmp_path) -> DocumentRun:
    entity = make_operator(tmp_path).entity
    number_series(entity=entity)
    job = jobs.create(kind="issue_documents", title="Proof", key="proof", params={}, actor=None)
    return DocumentRun.objects.create(entity=entity, first_day=SEPTEMBER, job=job, started_at=AT)


def issue_at_once(run: DocumentRun, take: Take, *, documents: int, workers: int) -> tuple[int, int]:
    """(rolled back on purpose, failed) of so many documents by so many workers; one in ten is rolled back."""
    left, lock, counts, failed = iter(range(documents)), threading.Lock(), [0, 0], []

    def one(rng: random.Random) -> None:
        with transaction.atomic():
            sequence, number = take(run.entity)
            Document.objects.create(
                entity=run.entity, kind="INVOICE", sequence=sequence, number=number, run=run, customer_kind="MEMBER", seller={},
                language="en", currency="GBP", anchor="GROSS", issue_date=SEPTEMBER, issued_at=AT, supplied_from=SEPTEMBER,
                supplied_until=SEPTEMBER, is_collected=False, net_amount=1, tax_amount=0, gross_amount=1,
            )  # fmt: skip
            if rng.random() < 0.1:
                raise Rolled

    def work(seed: int) -> None:
        rng = random.Random(seed)
        try:
            while True:
                with lock:
                    if next(left, None) is None:
                        return
                try:
                    one(rng)
                except Rolled:
                    with lock:
                        counts[0] += 1
                except (IntegrityError, OperationalError):
                    with lock:
                        counts[1] += 1
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    return counts[0], counts[1]


def size(full_size: bool) -> dict[str, int]:
    if connection.vendor == "postgresql":
        return {"documents": 10_000, "workers": 64} if full_size else {"documents": 400, "workers": 16}
    # One writes at a time here, and waiting for it is polled.
    return {"documents": 2_000, "workers": 8} if full_size else {"documents": 150, "workers": 4}


def test_no_number_is_missing_and_none_comes_twice(run: DocumentRun, full_size: bool) -> None:
    asked = size(full_size)
    rolled, failed = issue_at_once(run, locked, **asked)

    assert failed == 0
    assert rolled > asked["documents"] / 20
    issued = asked["documents"] - rolled
    assert list(Document.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, issued + 1))
    assert list(Document.objects.order_by("sequence").values_list("number", flat=True)) == [
        f"INV-{n:06}" for n in range(1, issued + 1)
    ]
    assert NumberSeries.objects.get(entity=run.entity, kind="INVOICE").next_number == issued + 1


@pytest.mark.postgresql
def test_without_the_lock_the_same_fails(run: DocumentRun, full_size: bool) -> None:
    """What the lock is for: the proof above is one that can fail."""
    _, failed = issue_at_once(run, unlocked, **size(full_size))
    assert failed > 0


def test_a_second_run_of_a_company_waits_for_the_first(run: DocumentRun) -> None:
    with pytest.raises(document_runs.UserError, match="being issued") as error:
        document_runs.start_issuing(entity=run.entity, first_day=SEPTEMBER, actor=None, at=AT, key="another")
    assert error.value.code == "run_open"
