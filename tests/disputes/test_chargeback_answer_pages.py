"""The page of an answer to an acquirer: who may see, stage, submit and download, and what a refused form keeps."""

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from billing.document_models import Document
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.answer_models import ChargebackAnswer, ChargebackSubmission
from disputes.models import CaseMessage
from disputes.operations.thread import add_message
from disputes.workflow.states import Role
from tests.disputes.test_chargeback_answers import made, media, staged, submitted
from tests.disputes.test_chargebacks import AT, Chargeback, ada

__all__ = ["Document", "ada", "made", "media"]
Of = Callable[[str], Client]
AGENTS = ("Dispute agent", "Dispute supervisor", ADMINISTRATOR)
STAGE = {"do": "stage", "reason": "general", "uncategorized_text": "We are right."}


def url(chargeback: Chargeback) -> str:
    return f"/chargebacks/{chargeback.pk}/answer/"


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_stages_submits_and_downloads(made: Chargeback, client_of: Of, staff: Callable[[str], User], role: str) -> None:
    draft = staged(made, staff("Dispute agent"))
    client = client_of(role)
    asked = {
        "page": client.get(url(made)).status_code,
        "zip": client.get(f"{url(made)}1.zip").status_code,
        "stage": client.post(url(made), {"do": "stage", "reason": "x"}).status_code,
        "submit": client.post(url(made), {"do": "submit", "answer": f"{draft.pk}", "way": "x"}).status_code,
    }
    # What the evidence of a case has, not everybody who reads cases sees.
    reads = 200 if client.get(f"/cases/{made.case_id}/evidence/").status_code == 200 else 403
    stages = 200 if role in AGENTS else 403
    submits = 200 if role in ("Dispute supervisor", "Finance", ADMINISTRATOR) else 403
    assert asked == {"page": reads, "zip": reads, "stage": stages, "submit": submits}
    assert (role == "Analyst") == (reads == 403)
    assert (ChargebackAnswer.objects.count(), ChargebackSubmission.objects.count()) == (1, 0)


def test_from_no_draft_to_an_answer_that_stays(made: Chargeback, client_of: Of) -> None:
    agent, supervisor = client_of("Dispute agent"), client_of("Dispute supervisor")
    page = agent.get(url(made)).content.decode()
    assert ("No draft yet" in page, "No refund policy is set" in page) == (True, True)
    # Visa's 10.4: not authorized by the cardholder.
    assert agent.get(url(made)).context["reason"] == "fraudulent"
    assert "Draft 1 is staged." in agent.post(url(made), STAGE, follow=True).content.decode()
    page = agent.get(url(made)).content.decode()
    assert ("You staged this draft" in page, "Nobody wrote it yet." in page, "No text set" in page) == (True, True, True)
    own = agent.get(url(made))
    assert (own.context["may_submit"], own.context["may_stage"]) == (False, True)
    assert 'filename="D-00001-draft-1.zip"' in agent.get(f"{url(made)}1.zip").headers["Content-Disposition"]
    draft = ChargebackAnswer.objects.get()
    given = {"do": "submit", "answer": f"{draft.pk}", "way": "", "note": "No. 7"}
    page = supervisor.post(url(made), given).content.decode()
    assert ("Say how it goes to the acquirer" in page, 'value="No. 7"' in page) == (True, True)
    assert "Submitted. The ZIP stays" in supervisor.post(url(made), {**given, "way": "EMAIL"}, follow=True).content.decode()
    made.refresh_from_db()
    assert made.status == "UNDER_REVIEW"
    response = agent.get(f"{url(made)}1.zip")
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == ("application/zip", "nosniff")
    assert 'filename="D-00001-answer-1.zip"' in response.headers["Content-Disposition"]
    assert response.content == bytes(draft.content) == agent.get(f"{url(made)}1.zip").content
    assert zipfile.ZipFile(io.BytesIO(response.content)).testzip() is None
    page = supervisor.get(url(made)).content.decode()
    assert ("Draft 1 is the answer" in page, "by e-mail: No. 7" in page, "Stage it again" in page) == (True, True, False)
    assert "was submitted by" in client_of("Finance").get(f"/disputes/chargeback/{made.pk}/change/").content.decode()


def test_a_draft_that_is_out_of_date_says_so_and_can_only_be_staged_again(
    made: Chargeback, client_of: Of, agent: User, supervisor: User
) -> None:
    staged(made, agent)
    add_message(
        case=made.case, kind=CaseMessage.Kind.FROM_DRIVER, body="Wait.", role=Role.CUSTOMER, actor=None, at=AT
    )  # fmt: skip
    response = client_of("Dispute supervisor").get(url(made))
    assert ("Draft 1 is out of date" in response.content.decode(), response.context["may_submit"]) == (True, False)


def test_a_refused_text_is_kept_in_the_form(made: Chargeback, client_of: Of) -> None:
    client = client_of("Dispute agent")
    page = client.post(url(made), {**STAGE, "uncategorized_text": "Once upon a time " * 2000}).content.decode()
    assert ("Shorten it by" in page, page.count("Once upon a time") > 1900) == (True, True)
    assert "Choose what the cardholder says" in client.post(url(made), {**STAGE, "reason": "x"}).content.decode()
    assert "There is no such draft" in client_of("Finance").post(url(made), {"do": "submit", "answer": "9"}).content.decode()
    assert "The page has changed" in client.post(url(made), {"do": "x"}).content.decode()
    assert not ChargebackAnswer.objects.exists()


def test_what_is_not_there_is_not_found(made: Chargeback, client_of: Of, agent: User, supervisor: User) -> None:
    client = client_of("Dispute agent")
    assert [client.get(f"/chargebacks/{pk}/answer/").status_code for pk in (made.pk + 1, 10**30)] == [404, 404]
    assert client.get(f"{url(made)}1.zip").status_code == 404
    submitted(staged(made, agent), supervisor)
    assert client.get(f"{url(made)}2.zip").status_code == 404


def test_the_refund_policy_is_set_with_the_desk_and_never_cut(made: Chargeback, client_of: Of) -> None:
    from tests.disputes.test_pages import form

    client = client_of("Dispute supervisor")
    given = form(client, made.entity_id)
    page = client.post("/disputes/settings/", {**given, "refund_policy_de": "ü" * 20_001})
    assert "The refund policy in German has at most 20,000 characters" in page.content.decode()
    assert client.post("/disputes/settings/", {**given, "refund_policy_de": " Erstattet wird. \r\nBald."}).status_code == 302
    assert form(client, made.entity_id)["refund_policy_de"] == "Erstattet wird. \nBald."
    assert "No text set." in client_of("Auditor").get("/disputes/settings/").content.decode()


def test_whoever_may_submit_finds_what_waits(made: Chargeback, client_of: Of, agent: User, supervisor: User) -> None:
    asked, link = f"/overview/needs/{made.entity_id}/", "answer=waits"
    assert link not in client_of("Finance").get(asked).content.decode()
    staged(made, agent)
    draft = staged(made, agent)
    for role in ("Finance", "Dispute supervisor"):
        page = client_of(role).get(asked).content.decode()
        assert ("answer to an acquirer to submit" in page, link in page) == (True, True)
    assert link not in client_of("Dispute agent").get(asked).content.decode()
    assert list(client_of("Finance").get(f"/disputes/chargeback/?{link}").context["cl"].result_list) == [made]
    submitted(draft, supervisor)
    assert link not in client_of("Finance").get(asked).content.decode()
    assert not list(client_of("Finance").get(f"/disputes/chargeback/?{link}").context["cl"].result_list)
