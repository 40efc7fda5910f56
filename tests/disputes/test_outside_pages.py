"""The pages about outside requests: who may see and do what, from the letter to the answer, files of the list."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from chargebill.core.models import AuditEvent, LegalEntity, User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from chargebill.portal.disputes.words import due_of
from chargebill.portal.driver_case_shown import shown
from chargebill.portal.overview_needs import waiting_at
from disputes.evidence_queries import verified_here
from disputes.models import Case
from disputes.operations.outside_answers import make_pack
from disputes.operations.outside_links import link_case
from disputes.outside_models import OutsidePack, OutsideRequest
from tests.disputes.conftest import Operator, opened
from tests.disputes.test_outside_requests import AT, answered, came, case, in_deadlock, rung

__all__ = ["case", "in_deadlock"]
Of = Callable[[str], Client]
LIST, NEW = "/disputes/outsiderequest/", "/disputes/outside/new/"
FORMS = ("change", "link", "unlink", "answer", "close", "x")
WRITERS = ("Dispute supervisor", ADMINISTRATOR)


def url(request: OutsideRequest) -> str:
    return f"{LIST}{request.pk}/change/"


def form(**more: str) -> dict[str, str]:
    today = timezone.now().date()
    return {
        "body": "Ofgem", "body_kind": "REGULATOR", "reference": "OFG-118", "contact": "Ms Grey", "received_on": f"{today}",
        "due_on": f"{today + timedelta(days=14)}", "asks": "Why?", "assignee": "", "cases": "", **more,
    }  # fmt: skip


def soon(*about: Case, days: int = 3, **more: Any) -> OutsideRequest:
    """A request that came today."""
    today = timezone.now().date()
    return came(*about, at=timezone.now(), received_on=today, due_on=today + timedelta(days=days), **more)


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_reads_requests_and_who_writes(case: Case, client_of: Of, role: str) -> None:
    request = came(case)
    pack = make_pack(request=request, actor=None, at=AT)
    client = client_of(role)
    found = {
        "list": client.get(LIST).status_code,
        "csv": client.get(f"{LIST}export.csv").status_code,
        "page": client.get(url(request)).status_code,
        "pack": client.get(f"/disputes/outside/packs/{pack.pk}.zip").status_code,
        "new": client.get(NEW).status_code,
        "enter": client.post(NEW, {}).status_code,
        **{do: client.post(url(request), {"do": do}).status_code for do in FORMS},
    }
    reads, writes = 403 if role == "Analyst" else 200, 200 if role in WRITERS else 403
    assert found == {
        **dict.fromkeys(("list", "csv", "page", "pack"), reads),
        **dict.fromkeys(("new", "enter", *FORMS), writes),
    }
    assert ("Keep the answer" in client.get(url(request)).content.decode()) == (role in WRITERS)
    assert OutsideRequest.objects.get().state == "OPEN"
    assert request.links.get().removed_at is None


def test_the_language_of_the_answer_is_the_company_s_unless_somebody_chooses(case: Case, client_of: Of) -> None:
    LegalEntity.objects.update(language="de")
    client = client_of("Dispute supervisor")
    page = client.get(NEW).content.decode()
    assert ('<option value="de" selected>' in page, "The company’s language" in page) == (True, False)
    assert "Choose the language to answer in. Nothing was changed." in client.post(NEW, form(language="fr")).content.decode()
    client.post(NEW, form(cases=case.number))
    request = OutsideRequest.objects.get()
    assert request.language == "de"
    assert "Deutsch" in client.get(url(request)).content.decode()
    client.post(url(request), form(do="change", language="en"))
    request.refresh_from_db()
    assert request.language == "en"


def test_strangers_see_nothing(case: Case, client: Client) -> None:
    request = came(case)
    for address in (LIST, url(request), NEW, "/disputes/outside/packs/1.zip", f"{LIST}export.csv", f"{LIST}export.xlsx"):
        assert client.get(address)["Location"].startswith("/login/")


def test_a_request_goes_from_the_letter_to_the_answer(case: Case, client_of: Of, staff: Callable[[str], User]) -> None:
    client = client_of("Dispute supervisor")
    where = f"{NEW}?case={case.pk}"
    page = client.get(where).content.decode()
    assert (f'value="{case.number}"' in page, "They asked Tayside Charging." in page) == (True, True)
    refused = client.post(where, form(cases=case.number, due_on="")).content.decode()
    assert "Enter the last day for an answer. Nothing was changed." in refused
    assert ('value="OFG-118"' in refused, f'value="{case.number}"' in refused) == (True, True)
    refused = client.post(where, form(cases=f"{case.number} D-99999")).content.decode()
    assert "has no case D-99999. Nothing was changed." in refused
    assert not OutsideRequest.objects.exists()
    page = client.post(where, form(cases=case.number.lower()), follow=True).content.decode()
    request = OutsideRequest.objects.get()
    assert request.links.get().case == case
    assert ("Answer by end of" in page, "evidence frozen as version 1" in page) == (True, True)
    assert "entered before" in client.post(where, form()).content.decode()

    seen = client.get(f"/disputes/case/{case.pk}/change/").content.decode()
    assert "Ofgem OFG-118</a>, a regulator, asks about this case: answer by end of" in seen
    assert "Ofgem OFG-118 asks about it: evidence frozen, no clock closes it" in seen
    other = opened("M2")
    page = client.post(url(request), {"do": "link", "number": other.number}, follow=True).content.decode()
    assert f"{other.number} is part of it: its evidence is frozen as version 1" in page
    page = client.post(url(request), {"do": "unlink", "case": other.pk}, follow=True).content.decode()
    assert f"{other.number} is no longer part of it." in page

    page = client.post(url(request), {"do": "pack"}, follow=True).content.decode()
    pack = OutsidePack.objects.get()
    assert ("The pack of 1 case is there" in page, pack.sha256 in page) == (True, True)
    answer = client.get(f"/disputes/outside/packs/{pack.pk}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert verified_here(archive.read(f"cases/{case.number}.zip")).holds
    event = AuditEvent.objects.get(action="outside.download")
    assert (event.actor, event.changes) == (staff("Dispute supervisor"), {"sha256": pack.sha256})

    today = f"{timezone.now().date()}"
    given = {"do": "answer", "answer": "The meter was wrong.", "answered_on": today, "sent_how": "", "pack": str(pack.pk)}
    refused = client.post(url(request), given).content.decode()
    assert "Say how it was sent" in refused
    assert ">The meter was wrong.</textarea>" in refused
    assert "Choose the pack that was sent" in client.post(url(request), {**given, "pack": "77"}).content.decode()
    page = client.post(url(request), {**given, "sent_how": "by e-mail"}, follow=True).content.decode()
    request.refresh_from_db()
    assert (request.state, request.pack) == ("ANSWERED", pack)
    assert ("The meter was wrong." in page, "sent with the answer" in page, "Keep the answer" in page) == (True, True, False)
    assert "it stays as it is" in client.post(url(request), {**given, "sent_how": "again"}).content.decode()
    seen = client.get(f"/disputes/case/{case.pk}/change/").content.decode()
    assert ("No clock closes the case" in seen, "Ofgem OFG-118 has an answer" in seen) == (False, True)


def test_from_a_case_an_open_request_takes_it_in(case: Case, client_of: Of) -> None:
    request, other = came(case), opened("M2")
    client = client_of("Dispute supervisor")
    assert "Is it one of these?" in client.get(f"{NEW}?case={other.pk}").content.decode()
    client.post(url(request), {"do": "link", "number": other.number})
    assert "Is it one of these?" not in client.get(f"{NEW}?case={other.pk}").content.decode()
    assert request.links.count() == 2


def test_what_was_typed_in_is_put_right_or_refused_on_the_page(case: Case, client_of: Of) -> None:
    request = soon(case)
    client = client_of("Dispute supervisor")
    me = str(User.objects.get(username="dispute-supervisor").pk)
    page = client.post(url(request), {"do": "change", **form(body="", assignee=me)}).content.decode()
    assert "Say who asks, in at most 120 characters. Nothing was changed." in page
    assert "Choose who looks after it" in client.post(url(request), {"do": "change", **form(assignee="9999")}).content.decode()
    page = client.post(url(request), {"do": "change", **form(assignee=me)}, follow=True).content.decode()
    assert "dispute-supervisor looks after it" in page
    request.refresh_from_db()
    assert (request.assignee_id, request.asks) == (int(me), "Why?")


def test_two_companies_have_to_be_told_apart(case: Case, client_of: Of) -> None:
    other = LegalEntity.objects.create(name="Other Ltd", country="GB", base_currency="GBP", time_zone="Europe/London")
    client = client_of("Dispute supervisor")
    assert "Choose the company they asked" in client.post(NEW, form()).content.decode()
    page = client.post(NEW, form(entity=str(other.pk), cases=case.number)).content.decode()
    assert f"Other Ltd has no case {case.number}. Nothing was changed." in page
    client.post(NEW, form(entity=str(other.pk)))
    assert OutsideRequest.objects.get().entity == other


def test_the_list_has_what_is_open_first_and_filters_what_is_late(billed: Operator, client_of: Of) -> None:
    far, near = soon(days=30, reference="far"), soon(days=7, reference="near", body_kind="COURT")
    late = came(reference="late")
    done = answered(came(reference="done"))
    client = client_of("Dispute agent")

    def listed(query: str = "") -> list[OutsideRequest]:
        return list(client.get(f"{LIST}{query}").context["cl"].result_list)

    assert listed() == [late, near, far, done]
    assert listed("?due=over") == [late]
    assert listed("?due=soon") == [late, near]
    assert listed("?due=nonsense") == [late, near, far, done]
    assert listed("?body_kind__exact=COURT") == [near]
    assert listed("?state__exact=ANSWERED") == [done]
    assert listed("?q=near") == [near]
    assert waiting_at(billed.entity).outside == 2


def test_the_overview_says_what_is_due_and_leads_there(case: Case, client_of: Of) -> None:
    soon(case)
    page = client_of("Dispute agent").get(f"/overview/needs/{case.entity_id}/").content.decode()
    assert "outside request due within a week or late" in page
    assert f"/disputes/outsiderequest/?due=soon&amp;entity__id__exact={case.entity_id}" in page


def test_an_empty_list_says_what_it_is_for(billed: Operator, client_of: Of) -> None:
    page = client_of("Dispute supervisor").get(LIST).content.decode()
    assert ("When a regulator, a consumer body or a court asks" in page, "A request came" in page) == (True, True)


def test_files_of_the_list_hold_what_it_shows_and_nothing_a_spreadsheet_runs(case: Case, client_of: Of) -> None:
    request = came(case, body="=1+1", reference="+49", asks="@x", contact="-1")
    link_case(request=request, case=opened("M2"), actor=None, at=AT)
    came(reference="other")
    client = client_of("Auditor")
    lines = b"".join(client.get(f"{LIST}export.csv?q=49")).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert lines[1] == (
        f"{request.pk},Tayside Charging,'=1+1,Regulator,'+49,2018-10-09,2018-10-23,Open,D-00001 D-00002,,'@x,,,,,"
    )
    assert len(lines) == 2
    sheet = load_workbook(io.BytesIO(b"".join(client.get(f"{LIST}export.xlsx")))).active  # type: ignore[arg-type]
    assert [row[2].value for row in sheet.rows] == ["body", "Ofgem", "'=1+1"]


def test_the_queue_says_that_a_case_is_kept_open_and_does_not_call_it_late(in_deadlock: Case, client_of: Of) -> None:
    request = came(in_deadlock)
    client = client_of("Dispute agent")
    found = rung(in_deadlock)
    due = due_of(found, timezone.now())
    assert due is not None
    assert (due.what, due.is_over) == ("was to be closed, an outside request keeps it open", False)
    assert list(client.get("/disputes/case/?deadline=over").context["cl"].result_list) == []
    page = client.get(f"/disputes/case/{found.pk}/change/").content.decode()
    assert "its time to be closed is over, so it is closed then" in page
    assert f"/disputes/outsiderequest/{request.pk}/change/" in page


def test_the_driver_is_not_told_that_it_was_closed_by_a_day_that_is_over(in_deadlock: Case) -> None:
    came(in_deadlock)
    before = [one.text for one in shown(in_deadlock, "en", AT)["deadlines"]]
    assert before == ["It stays open until Tue 6 Nov 2018; then it is closed."]
    found = rung(in_deadlock)
    assert shown(found, "en", timezone.now())["deadlines"] == []
    assert "We did not come to an agreement" in shown(found, "en", timezone.now())["stands"]


def test_the_page_takes_the_same_queries_for_one_case_and_for_two(case: Case, client_of: Of) -> None:
    request = came(case)
    client = client_of("Dispute supervisor")
    client.get(url(request))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url(request)).status_code == 200
        return len(captured)

    one = queries()
    link_case(request=request, case=opened("M2"), actor=None, at=AT)
    assert (one, queries()) == (12, 12)


def test_what_is_not_there_leads_back_to_the_list(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    assert client.get(f"{LIST}99/change/").status_code == 302
    assert client.get("/disputes/outside/packs/99.zip").status_code == 404
