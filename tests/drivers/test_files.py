"""Files a driver adds, to a complaint and to what is written later: taken with the words or refused with them."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing.document_models import Document
from disputes.files.limits import MOST_BYTES_AT_ONCE
from disputes.models import Case, CaseFile
from tests.disputes.test_case_files import photo
from tests.drivers.conftest import case_of, complained, words_of

HTML = b"<html><script>alert(1)</script>"


def file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def kept() -> list[tuple[str, str, bool]]:
    return [(one.name, one.role, one.message_id is None) for one in CaseFile.objects.order_by("pk")]


def write(client: Client, path: str, **given: Any) -> Any:
    return client.post(f"{path}?lang=de", {"do": "write", **given})


def test_a_photo_comes_with_the_complaint(client: Client, receipt: Document) -> None:
    case, _ = case_of(client, receipt, files=[file("display.jpg", photo())])
    assert case.number == "D-00001"
    assert kept() == [("display.jpg", "customer", True)]


def test_a_file_that_is_refused_opens_no_case_and_keeps_the_words(client: Client, receipt: Document) -> None:
    answer = complained(client, receipt, files=[file("display.jpg", HTML)])
    assert answer.status_code == 400
    text = words_of(answer)
    assert "display.jpg" in text
    assert "Choose them again." in text
    assert "My Zoe took 6 kWh at most." in text
    assert not Case.objects.exists()


def test_a_photo_comes_with_what_is_written_later_even_alone(client: Client, receipt: Document) -> None:
    case, path = case_of(client, receipt)
    assert write(client, path, text="", files=[file("display.jpg", photo())]).status_code == 302
    assert case.messages.filter(kind="FROM_DRIVER").get().body == "See the attached file."
    assert kept() == [("display.jpg", "customer", False)]


def test_a_refusal_is_in_the_drivers_language_and_nothing_is_said(client: Client, receipt: Document) -> None:
    case, path = case_of(client, receipt)
    answer = write(client, path, text="Hier das Foto.", files=[file("display.jpg", HTML)])
    assert answer.status_code == 400
    text = words_of(answer)
    assert "Hier das Foto." in text
    assert "Bitte wählen Sie sie noch einmal." in text
    assert not case.messages.filter(kind="FROM_DRIVER").exists()
    assert kept() == []


def test_a_problem_of_another_form_asks_for_no_files(client: Client, receipt: Document) -> None:
    _, path = case_of(client, receipt)
    answer = client.post(f"{path}?lang=en", {"do": "again", "text": "x"})
    assert answer.status_code == 400
    assert "at most 5 files of 12 MB each." in words_of(answer)
    assert "Choose them again." not in words_of(answer)


@pytest.mark.parametrize("where", ["/c/x", "/d/x/wrong/1", "/charge/x"])
def test_what_is_far_too_large_is_refused_unread(client: Client, db: None, where: str) -> None:
    answer = client.post(where, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10 * MOST_BYTES_AT_ONCE))
    assert answer.status_code == 413
