"""Files of a case: with what was said or not at all, each content once, within limits, never changed."""

import hashlib
from random import Random

import pytest
from django.db import DatabaseError, transaction

from chargebill.core.models import AuditEvent, User
from disputes.file_models import CaseFile
from disputes.files import limits
from disputes.models import Case, CaseMessage
from disputes.operations import case_files
from disputes.operations.case_files import FileRefused, Upload, add_file, say_with_files
from disputes.workflow.states import Role
from tests.disputes.conftest import OPENED, everything, opened
from tests.disputes.hostile import HTML, jpeg
from tests.disputes.hostile_pdf import pdf
from tests.documents.conftest import Operator

FROM_DRIVER = CaseMessage.Kind.FROM_DRIVER


@pytest.fixture
def case(billed: Operator) -> Case:
    return opened("M1")


def all_of_it() -> list[object]:
    return [*everything(), list(CaseFile.objects.order_by("pk").values())]


def said(case: Case, *uploads: Upload, body: str = "See the display.", language: str = "en") -> CaseMessage:
    return say_with_files(
        case=case, kind=FROM_DRIVER, body=body, uploads=uploads, role=Role.CUSTOMER, actor=None, at=OPENED, language=language
    )


def photo(seed: int = 1) -> bytes:
    return jpeg(Random(seed))


def test_a_file_of_the_complaint_is_kept_with_what_it_was_when_it_came(case: Case) -> None:
    content = photo() + HTML
    kept = add_file(case=case, name="../meter.png", content=content, role=Role.CUSTOMER, actor=None, at=OPENED)
    kept.refresh_from_db()

    assert (kept.number, kept.message, kept.name, kept.kind, kept.role) == (1, None, "meter.jpg", "JPEG", "customer")
    assert (kept.width, kept.height, kept.size) == (64, 48, len(kept.content))
    assert kept.received_sha256 == hashlib.sha256(content).hexdigest()
    assert kept.sha256 == hashlib.sha256(kept.content).hexdigest()
    event = AuditEvent.objects.get(action="case.file")
    assert (event.summary, event.changes["received_sha256"]) == ("D-00001: file meter.jpg kept", kept.received_sha256)


def test_the_same_content_is_kept_once_whatever_it_is_called(case: Case) -> None:
    first = add_file(case=case, name="a.jpg", content=photo(), role=Role.CUSTOMER, actor=None, at=OPENED)
    before = all_of_it()
    again = add_file(case=case, name="b.pdf", content=photo(), role=Role.AGENT, actor=None, at=OPENED)
    assert again == first
    assert all_of_it() == before


def test_another_case_keeps_its_own(case: Case) -> None:
    for one in (case, opened("B1")):
        add_file(case=one, name="a.jpg", content=photo(), role=Role.CUSTOMER, actor=None, at=OPENED)
    assert list(CaseFile.objects.values_list("case__number", "number")) == [("D-00001", 1), ("D-00002", 1)]


def test_what_is_said_comes_with_its_files_in_their_order(case: Case, agent: User) -> None:
    message = say_with_files(
        case=case, kind=FROM_DRIVER, body="By mail.", uploads=[Upload("b.jpg", photo()), Upload("a.pdf", pdf())],
        role=Role.CUSTOMER, actor=agent, at=OPENED,
    )  # fmt: skip
    assert [(file.number, file.name, file.added_by) for file in message.files.all()] == [
        (1, "b.jpg", agent),
        (2, "a.pdf", agent),
    ]


@pytest.mark.parametrize(("language", "body"), [("en", "See the attached file."), ("de", "Siehe angehängte Datei.")])
def test_whoever_only_attaches_need_not_write(case: Case, language: str, body: str) -> None:
    assert said(case, Upload("a.jpg", photo()), body=" ", language=language).body == body


def test_one_refused_file_and_nothing_is_said(case: Case) -> None:
    before = all_of_it()
    with pytest.raises(FileRefused) as refused:
        said(case, Upload("a.jpg", photo()), Upload("bill.jpg", HTML))
    assert (refused.value.code, refused.value.where) == ("web_page", "files")
    assert refused.value.message == (
        "“bill.jpg”: this is a web page or program text, whatever its name says. Print it as PDF, or send a screenshot of it."
        " Nothing was changed."
    )
    assert refused.value.for_driver("de") == (
        "„bill.jpg“: das ist eine Webseite oder ein Programmtext, wie auch immer die Datei heißt. Drucken Sie sie als PDF oder"
        " schicken Sie einen Screenshot. Es wurde nichts abgeschickt."
    )
    assert refused.value.for_driver("fr").endswith("Nothing was sent.")
    assert all_of_it() == before


def test_more_than_a_form_takes_is_refused(case: Case) -> None:
    before = all_of_it()
    with pytest.raises(FileRefused, match="These are more than 5 files"):
        said(case, *[Upload(f"{n}.txt", f"text {n}".encode()) for n in range(limits.MOST_AT_ONCE + 1)])
    assert all_of_it() == before


def test_a_message_has_only_so_many(case: Case) -> None:
    message = said(case, Upload("a.txt", b"text"))
    for number in range(2, limits.MOST_PER_MESSAGE + 1):
        content = f"text {number}".encode()
        add_file(case=case, name="a.txt", content=content, role=Role.CUSTOMER, actor=None, at=OPENED, message=message)
    before = all_of_it()
    with pytest.raises(FileRefused, match="a message has at most 10 files"):
        add_file(case=case, name="a.txt", content=b"more", role=Role.CUSTOMER, actor=None, at=OPENED, message=message)
    assert all_of_it() == before


def test_a_case_has_only_so_many(case: Case) -> None:
    for number in range(limits.MOST_PER_CASE):
        add_file(case=case, name="a.txt", content=f"{number}".encode(), role=Role.CUSTOMER, actor=None, at=OPENED)
    before = all_of_it()
    with pytest.raises(FileRefused, match="a case has at most 40 files of 80 MB together"):
        said(case, Upload("a.txt", b"one more"))
    assert all_of_it() == before


def test_and_only_so_many_bytes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_files, "MOST_BYTES_PER_CASE", 20)
    said(case, Upload("a.txt", b"0123456789"))
    said(case, Upload("b.txt", b"abcdefghij"))
    with pytest.raises(FileRefused) as refused:
        said(case, Upload("c.txt", b"!"))
    assert refused.value.code == "case_full"


def test_a_kept_file_never_changes(case: Case) -> None:
    add_file(case=case, name="a.jpg", content=photo(), role=Role.CUSTOMER, actor=None, at=OPENED)
    for change in (lambda: CaseFile.objects.update(name="b.jpg"), lambda: CaseFile.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert CaseFile.objects.get().name == "a.jpg"
