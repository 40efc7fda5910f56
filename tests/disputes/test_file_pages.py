"""Files on the web: attached with what is said, refused in words, given back so that no browser runs them."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from chargebill.core.roles import ADMINISTRATOR, ROLES
from chargebill.portal import upload_limit
from disputes.file_models import CaseFile
from disputes.files import limits
from disputes.models import Case
from disputes.operations.case_files import add_file
from disputes.workflow.states import Role
from tests.disputes.conftest import everything, opened
from tests.disputes.harmless import problem_of
from tests.disputes.hostile import HTML, jpeg
from tests.disputes.hostile_pdf import pdf
from tests.documents.conftest import Operator

Of = Callable[[str], Client]
PHOTO = jpeg(Random(1))


@pytest.fixture
def case(billed: Operator) -> Case:
    return opened("M1", at=timezone.now())


def url(case: Case) -> str:
    return f"/disputes/case/{case.pk}/change/"


def sent(name: str, content: bytes, kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=kind)


def kept(case: Case, name: str, content: bytes) -> str:
    file = add_file(case=case, name=name, content=content, role=Role.CUSTOMER, actor=None, at=timezone.now())
    return f"/disputes/case/{case.pk}/files/{file.number}/"


def test_an_agent_attaches_what_the_driver_mailed(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    given = {"do": "message", "kind": "FROM_DRIVER", "body": "", "files": [sent("a.html", PHOTO), sent("b.jpg", pdf())]}
    page = client.post(url(case), given, follow=True).content.decode()

    assert [(file.name, file.role, str(file.added_by)) for file in CaseFile.objects.order_by("number")] == [
        ("a.jpg", "customer", "dispute-agent"),
        ("b.pdf", "customer", "dispute-agent"),
    ]
    assert case.messages.get().body == "See the attached file."
    assert page.count(f'href="/disputes/case/{case.pk}/files/1/"') == 2
    assert f'src="/disputes/case/{case.pk}/files/1/small.jpg"' in page
    assert f'src="/disputes/case/{case.pk}/files/2/small.jpg"' not in page


def test_a_refused_file_keeps_what_was_written(case: Case, client_of: Of) -> None:
    before = everything()
    given = {"do": "message", "kind": "INTERNAL", "body": "The mechanic was there.", "files": [sent("bill.jpg", HTML)]}
    page = client_of("Dispute agent").post(url(case), given).content.decode()
    assert "“bill.jpg”: this is a web page or program text" in page
    assert "The mechanic was there.</textarea>" in page
    assert "Choose them again." in page
    assert everything() == before
    assert not CaseFile.objects.exists()


def test_files_are_given_back_as_what_they_are_to_be_saved(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    given = {
        "JPEG": (kept(case, "../a.svg", PHOTO + HTML), "image/jpeg", 'attachment; filename="a.jpg"'),
        "PDF": (kept(case, "Größe.pdf", pdf()), "application/pdf", "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf"),
        "TEXT": (kept(case, "a.html", b"hello"), "text/plain; charset=utf-8", 'attachment; filename="a.txt"'),
    }
    for kind, (path, content_type, disposition) in given.items():
        response = client.get(path)
        assert (response["Content-Type"], response["Content-Disposition"]) == (content_type, disposition)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert problem_of(kind, response.content) == ""


def test_pictures_are_shown_in_small_and_nothing_else_is(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    small = client.get(kept(case, "a.jpg", PHOTO) + "small.jpg")
    assert (small["Content-Type"], small["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert problem_of("JPEG", small.content) == ""
    assert client.get(kept(case, "a.pdf", pdf()) + "small.jpg").status_code == 404


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_whoever_reads_cases_reads_their_files(case: Case, client_of: Of, role: str) -> None:
    path, client = kept(case, "a.jpg", PHOTO), client_of(role)
    expected = 403 if role == "Analyst" else 200
    assert [client.get(path).status_code, client.get(path + "small.jpg").status_code] == [expected, expected]


def test_a_file_is_found_at_its_own_case_alone(case: Case, client: Client, client_of: Of) -> None:
    path, other = kept(case, "a.jpg", PHOTO), opened("B1", at=timezone.now())
    agent = client_of("Dispute agent")
    for wrong in (path.replace("/1/", "/2/"), f"/disputes/case/{other.pk}/files/1/", "/disputes/case/999/files/1/"):
        assert agent.get(wrong).status_code == 404
    assert client.get(path).status_code == 302


def test_a_file_larger_than_one_may_be_is_not_even_read(case: Case, client_of: Of, monkeypatch: pytest.MonkeyPatch) -> None:
    from chargebill.portal import case_uploads

    monkeypatch.setattr(case_uploads, "MOST_BYTES", 100)
    given = {"do": "message", "kind": "FROM_DRIVER", "body": "x", "files": [sent("a.jpg", PHOTO)]}
    page = client_of("Dispute agent").post(url(case), given).content.decode()
    assert "“a.jpg”: the file is larger than 12 MB. Send a smaller photo" in page


def test_too_many_files_are_refused_in_words(case: Case, client_of: Of) -> None:
    before = everything()
    client = client_of("Dispute agent")
    some = {"do": "message", "kind": "FROM_DRIVER", "body": "x", "files": [sent(f"{n}.jpg", PHOTO) for n in range(6)]}
    page = client.post(url(case), some)
    assert (page.status_code, "These are more than 5 files." in page.content.decode()) == (200, True)
    many = {**some, "files": [sent(f"{n}.jpg", PHOTO) for n in range(30)]}
    page = client.post(url(case), many)
    assert (page.status_code, "Send at most 20 files at once. Nothing was changed." in page.content.decode()) == (413, True)
    assert everything() == before


class Endless:
    """A body that counts what was read of it."""

    read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.read_bytes += size
        return bytes(size)

    readline = read


@pytest.mark.parametrize(("length", "thrown_away"), [(limits.MOST_BYTES_AT_ONCE + 1, True), (2 * 1024**3, False)])
def test_what_is_too_much_for_a_case_is_refused_before_it_is_taken_in(
    case: Case, client_of: Of, length: int, thrown_away: bool
) -> None:
    body: Any = Endless()
    response = client_of("Dispute agent").generic(
        "POST", url(case), b"", content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(length), "wsgi.input": body},
    )  # fmt: skip
    assert response.status_code == 413
    assert "What you sent is larger than 64 MB together." in response.content.decode()
    assert (body.read_bytes > 0) is thrown_away
    assert body.read_bytes <= length + upload_limit.PIECE
