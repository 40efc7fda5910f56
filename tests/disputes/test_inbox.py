"""The list of mail a person has to look at: who sees it, what is decided there, what is refused and shown."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from chargebill.core.models import AuditEvent
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.mail_models import IncomingMail
from disputes.models import Case
from disputes.operations.case_mail import answers_to
from disputes.settings_models import DisputeSettings
from tests.disputes.conftest import everything, opened
from tests.disputes.odd_mails import eml
from tests.disputes.test_incoming_mail import came, case, desk
from tests.documents.conftest import Operator

__all__ = ["case", "desk"]
Of = Callable[[str], Client]
WORK = ("Dispute agent", "Dispute supervisor", ADMINISTRATOR)


@pytest.fixture
def lost(case: Case) -> IncomingMail:
    """A mail to the mailbox itself, about a case by its subject."""
    return came(eml("It was <b>6</b> kWh.\n", to="disputes@tay.example"))


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_the_mail_and_who_decides(lost: IncomingMail, client_of: Of, role: str) -> None:
    client, before = client_of(role), everything()
    asked = {
        "list": client.get("/disputes/mail/").status_code,
        "all": client.get("/disputes/mail/?show=all").status_code,
        "original": client.get(f"/disputes/mail/{lost.pk}/original.eml").status_code,
        "decide": client.post("/disputes/mail/", {"mail": lost.pk, "do": "attach", "number": "D-9"}).status_code,
        "away": client.post("/disputes/mail/", {"mail": "x", "do": "away"}).status_code,
    }

    reads, works = (200 if role in (*WORK, "Auditor") else 403), (200 if role in WORK else 403)
    assert asked == {"list": reads, "all": reads, "original": reads, "decide": works, "away": works}
    assert everything() == before


def test_a_mail_is_put_into_a_thread_once(lost: IncomingMail, case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    page = client.get("/disputes/mail/").content.decode()
    assert f'value="{case.number}"' in page
    assert "It was &lt;b&gt;6&lt;/b&gt; kWh." in page
    assert "It was sent to no case’s address." in page
    for number in ("", "D-99999", "D-00001 Nobody"):
        page = client.post("/disputes/mail/", {"mail": lost.pk, "do": "attach", "number": number}).content.decode()
        assert "There is no case" in page
    for _ in range(2):
        client.post("/disputes/mail/", {"mail": lost.pk, "do": "attach", "number": f" {case.number.lower()} "})
    lost.refresh_from_db()

    assert [(m.kind, m.author, m.body) for m in case.messages.all()] == [("FROM_DRIVER", None, "It was <b>6</b> kWh.")]
    assert (lost.state, lost.wants_look, str(lost.looked_by)) == ("PLACED", False, "dispute-agent")
    assert AuditEvent.objects.filter(action="case.mail_attached").count() == 1
    assert "Nothing to look at" in client.get("/disputes/mail/").content.decode()


def test_a_mail_is_put_away_and_kept(lost: IncomingMail, client_of: Of) -> None:
    client = client_of("Dispute agent")
    client.post("/disputes/mail/", {"mail": lost.pk, "do": "away"})
    page = client.post("/disputes/mail/", {"mail": lost.pk, "do": "away"}).content.decode()
    lost.refresh_from_db()

    assert "Somebody has decided about it already." in page
    assert (lost.state, lost.wants_look) == ("PUT_AWAY", False)
    assert "Put away" in client.get("/disputes/mail/?show=all").content.decode()


def test_the_original_is_saved_never_shown(lost: IncomingMail, client_of: Of) -> None:
    answer = client_of("Auditor").get(f"/disputes/mail/{lost.pk}/original.eml")

    assert answer.content == bytes(lost.raw)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert answer["Content-Disposition"] == f'attachment; filename="mail-{lost.pk}.eml"'
    assert client_of("Auditor").get("/disputes/mail/999999/original.eml").status_code == 404


def test_the_thread_says_how_the_words_came(case: Case, client_of: Of) -> None:
    came(eml(to=answers_to(case), sender="<script>@example.org"))
    page = client_of("Dispute agent").get(f"/disputes/case/{case.pk}/change/").content.decode()

    assert "written from another address" in page
    assert "/original.eml" in page
    assert "original.eml" not in client_of("Finance").get(f"/disputes/case/{case.pk}/change/").content.decode()


def test_two_companies_with_one_number_are_told_apart(lost: IncomingMail, case: Case, client_of: Of) -> None:
    named = f"{case.number} {case.entity.name}"
    client_of("Dispute agent").post("/disputes/mail/", {"mail": lost.pk, "do": "attach", "number": named})

    assert case.messages.count() == 1


def test_a_mailbox_that_leaves_no_room_for_a_token_is_refused(desk: Operator, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    form = {name: value for name, value in client.get("/disputes/settings/").context["shown"].items() if name != "reply_mailbox"}
    for mailbox in ("m" * 35 + "@tay.example", "a+b@tay.example", "nobody"):
        page = client.post("/disputes/settings/", {**form, "entity": desk.entity.pk, "reply_mailbox": mailbox})
        assert page.status_code == 200
        assert mailbox in page.content.decode()
        assert "Nothing was changed." in page.content.decode()
    assert DisputeSettings.objects.get().reply_mailbox == "disputes@tay.example"
    client.post("/disputes/settings/", {**form, "entity": desk.entity.pk, "reply_mailbox": "help@tay.example"})
    assert DisputeSettings.objects.get().reply_mailbox == "help@tay.example"
    assert answers_to(opened("B1", at=timezone.now())).startswith("help+")
