"""A month is issued in the background: progress, stop, taking up again, and what the command prints."""

from collections.abc import Callable

import pytest

from billing.document_models import Document, DocumentRun
from billing.operations import document_runs, resume_issuing, start_issuing, stop_issuing
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity
from tests.documents.conftest import AT, SEPTEMBER, Operator, numbers
from tests.pipeline.test_commands import manage

__all__ = ["manage"]


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_runs, "CHUNK_SESSIONS", 1)


def stopped_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Somebody asks the run to stop while the document after so many is issued."""
    real, done = document_runs.issue_documents, []

    def issue(**kwargs: object) -> object:
        issued = real(**kwargs)
        done.append(1)
        if len(done) == count:
            DocumentRun.objects.update(stop_asked_at=AT)
        return issued

    monkeypatch.setattr(document_runs, "issue_documents", issue)


def test_a_stopped_run_keeps_what_it_issued_and_goes_on_from_there(
    month: Operator, one_by_one: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stopped_after(patch, 2)
        run = month.issue()
    assert (run.is_stopped, run.finished_at, run.job.result) == (True, None, {"documents": 2, "stopped": True})
    assert (run.job.done, run.job.total) == (2, 5)
    assert Document.objects.count() == 2

    run = resume_issuing(run=run, actor=None, at=AT, here=True)
    assert run.finished_at is not None
    assert run.job.result == {"documents": 5, "stopped": False, "left": 0}
    assert (numbers("RECEIPT"), numbers("INVOICE")) == (["R-000001", "R-000002"], [f"INV-00000{n}" for n in (1, 2, 3)])


def test_a_run_waits_for_a_worker_and_can_be_stopped_before(month: Operator) -> None:
    run = start_issuing(entity=month.entity, first_day=SEPTEMBER, actor=None, at=AT, key="waits")
    assert run.job.state == Job.State.QUEUED
    stop_issuing(run=run, actor=None, at=AT)
    document_runs.jobs.run_here(run.job)
    run.refresh_from_db()
    assert run.is_stopped
    assert not Document.objects.exists()
    with pytest.raises(UserError, match="nothing to stop"):
        stop_issuing(run=run, actor=None, at=AT)


def test_a_finished_run_is_not_taken_up_again(month: Operator) -> None:
    run = month.issue()
    with pytest.raises(UserError, match="running or finished"):
        resume_issuing(run=run, actor=None, at=AT)


def test_the_command_prints_what_was_issued(month: Operator, manage: Callable) -> None:
    # Receipts 3.33 + 2.50, Ada 4.23, the brewery 3.79, the partner 6.67 net; 7.00, 5.07, 4.55 and 8.00 gross.
    totals = {"GBP": {"net": "20.52", "tax": "4.10", "gross": "24.62"}}
    expected = {"period": "2018-09", "documents": 5, "receipts": 2, "invoices": 3, "totals": totals, "left": 0}
    assert manage("issue_invoices", "--period", "2018-09") == (0, expected, None)
    nothing = {"period": "2018-09", "documents": 0, "receipts": 0, "invoices": 0, "totals": {}, "left": 0}
    assert manage("issue_invoices", "--period", "2018-09", "--entity", "Tayside Charging") == (0, nothing, None)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--period", "2018-13"], "period"),
        (["--period", "September"], "period"),
        (["--period", "2018-09-01"], "period"),
        (["--period", "2999-01", "--entity", "Tayside Charging"], "period"),
        (["--period", "2018-09", "--entity", "Nobody"], "no_entity"),
        ([], "arguments"),
    ],
)
def test_bad_arguments_end_with_two_and_issue_nothing(month: Operator, manage: Callable, args: list[str], code: str) -> None:
    status, out, error = manage("issue_invoices", *args)
    assert (status, out, error["code"]) == (2, None, code)
    assert not Document.objects.exists()


def test_an_incomplete_company_is_told_what_it_lacks(month: Operator, manage: Callable) -> None:
    LegalEntity.objects.update(city="")
    status, _, error = manage("issue_invoices", "--period", "2018-09")
    assert (status, error["code"]) == (2, "entity_incomplete")


def test_the_command_takes_a_stopped_run_up_again(
    month: Operator, one_by_one: None, monkeypatch: pytest.MonkeyPatch, manage: Callable
) -> None:
    with monkeypatch.context() as patch:
        stopped_after(patch, 2)
        month.issue()
    status, out, _ = manage("issue_invoices", "--period", "2018-09")
    assert (status, out["documents"], DocumentRun.objects.count()) == (0, 5, 1)
