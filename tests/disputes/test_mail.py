"""Mail to the driver of a case: every message once, the number at the opening, and what cannot be mailed said."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from billing.mail_models import OutgoingMail
from billing.operations.document_settings import change_document_settings
from billing.operations.mail import send_waiting
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from disputes.facts import Said
from disputes.mail.wording import acknowledgement
from disputes.mail_models import CaseMail
from disputes.models import Case, CaseMessage
from disputes.operations.case_mail import send_again
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.contacts import Contact
from disputes.operations.mail_steps import note_acknowledged
from disputes.operations.moves import move
from disputes.operations.thread import add_message, assign
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, opened
from tests.documents.conftest import Operator

Of = Callable[[str], Client]
LETTER = """Hello,

we have your complaint. Its number is D-00001.

What happens next: somebody looks at it and answers you by 11 Oct 2018. You have our decision by 4 Dec 2018 at the latest. \
Until then nobody reminds you of what you contest, and nobody collects it.

You can simply answer this e-mail.

Tayside Charging Ltd
Dock Road 1
DD1 1AA Dundee
"""


@pytest.fixture
def sender(billed: Operator) -> Operator:
    change_document_settings(entity=billed.entity, values={"contact_email": "help@tay.example"}, actor=None, at=OPENED)
    return billed


def say(case: Case, body: str = "We look at the meter.", actor: User | None = None, **more: Any) -> CaseMessage:
    given: dict[str, Any] = {"kind": CaseMessage.Kind.TO_DRIVER, "role": Role.AGENT, "at": OPENED, **more}
    return add_message(case=case, body=body, actor=actor, **given)


def investigated(case: Case, agent: User) -> Case:
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=OPENED)
    return move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=OPENED)


def test_the_driver_gets_the_number_and_what_happens_next(sender: Operator) -> None:
    opened("M1", role=Role.CUSTOMER)
    assert send_waiting() == 1
    (sent,) = mail.outbox

    assert (sent.to, sent.from_email, sent.reply_to) == (
        ["ada@example.com"],
        "Tayside Charging Ltd <help@tay.example>",
        ["help@tay.example"],
    )
    assert (sent.subject, sent.body) == ("Your complaint D-00001", LETTER)
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in sent.extra_headers


def test_the_letter_is_german_for_who_writes_german() -> None:
    text = acknowledgement("de", "D-7", reply_by=OPENED, decided_by=OPENED + timedelta(days=56), zone="Europe/Berlin")

    assert text == (
        "Guten Tag,\n\nIhre Beanstandung ist bei uns angekommen. Sie hat die Nummer D-7.\n\nSo geht es weiter: Jemand von uns"
        " sieht sie sich an und antwortet bis 9. Okt. 2018. Unsere Entscheidung haben Sie spätestens am 4. Dez. 2018."
        " Bis dahin mahnen wir nicht an, was Sie beanstanden, und ziehen es nicht ein."
    )


def test_a_driver_has_the_number_when_the_mail_with_it_was_sent_not_before(sender: Operator) -> None:
    case = opened("M1", role=Role.CUSTOMER, at=timezone.now())
    assert note_acknowledged() == 0
    assert case.next_clock == "acknowledge"
    send_waiting()
    assert (note_acknowledged(), note_acknowledged()) == (1, 0)
    case.refresh_from_db()

    assert [(e.kind, e.role, e.data) for e in case.events.all()] == [
        ("moved", "customer", {}),
        ("acknowledged", "system", {"to": "ada@example.com"}),
    ]
    assert case.events.last().at == OutgoingMail.objects.get().sent_at  # type: ignore[union-attr]
    assert case.next_clock == "first_reply"


def test_who_was_told_the_number_by_a_colleague_is_not_told_twice_in_the_log(sender: Operator, agent: User) -> None:
    case = opened("M1", actor=agent)
    send_waiting()

    assert note_acknowledged() == 0
    assert [e.kind for e in case.events.all()] == ["moved", "acknowledged"]
    assert len(mail.outbox) == 1


def test_an_address_that_refuses_leaves_the_driver_without_the_number(sender: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"ada@example.com": (550, b"unknown")})

    case = opened("M1", role=Role.CUSTOMER, at=timezone.now())
    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    send_waiting()

    assert (OutgoingMail.objects.get().state, note_acknowledged()) == ("FAILED", 0)
    assert [e.kind for e in case.events.all()] == ["moved"]


def test_every_message_to_the_driver_goes_out_once_in_one_thread(sender: Operator, agent: User) -> None:
    case = opened("M1", actor=agent)
    say(case, actor=agent)
    say(case, "My car took 6 kWh.", kind=CaseMessage.Kind.FROM_DRIVER, role=Role.CUSTOMER)
    say(case, "Ask Tom.", kind=CaseMessage.Kind.INTERNAL)
    investigated(case, agent)
    move(
        case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=OPENED, said=Said(text="When did you unplug?")
    )
    ring_clocks(case=case, at=OPENED + timedelta(days=8))
    send_waiting()
    assert send_waiting() == 0

    texts = [sent.body.partition("\n\nYou can simply")[0].strip() for sent in mail.outbox]
    manifest = case.manifests.get(version=2)
    assert [text.splitlines()[-1] for text in texts] == [
        "What happens next: somebody looks at it and answers you by 11 Oct 2018. You have our decision by 4 Dec 2018 at the"
        " latest. Until then nobody reminds you of what you contest, and nobody collects it.",
        "We look at the meter.",
        "Keep it: with it anybody can check later that nothing was exchanged.",
        "When did you unplug?",
        "Without an answer we go on with what we have.",
    ]
    assert f"(version {manifest.version})" in texts[2]
    assert manifest.sha256 in texts[2].splitlines()
    # Only what a person wrote is answered by programs that are away.
    assert [sent.extra_headers.get("Auto-Submitted", "") for sent in mail.outbox] == [
        "auto-generated", "", "auto-generated", "", "auto-generated",
    ]  # fmt: skip
    ids = [sent.extra_headers["Message-ID"] for sent in mail.outbox]
    assert len(set(ids)) == 5
    assert [sent.extra_headers.get("In-Reply-To") for sent in mail.outbox] == [None, *ids[:-1]]
    assert [sent.extra_headers.get("References") for sent in mail.outbox[1:]] == [
        ids[0], *(f"{ids[0]} {one}" for one in ids[1:-1]),
    ]  # fmt: skip
    assert {sent.subject for sent in mail.outbox} == {"Your complaint D-00001"}


WITHOUT = {
    "no address": (Contact("Ada"), "help@tay.example", "the case has no e-mail address"),
    "no sender": (Contact("Ada", "ada@example.com"), "", "Tayside Charging has no address its mail comes from"),
}


@pytest.mark.parametrize("what", WITHOUT)
def test_what_can_not_be_mailed_is_kept_and_the_page_says_why(billed: Operator, client_of: Of, what: str) -> None:
    contact, sends, why = WITHOUT[what]
    change_document_settings(entity=billed.entity, values={"contact_email": sends}, actor=None, at=OPENED)
    case = opened("M1", contact=contact)
    message = say(case)

    assert not OutgoingMail.objects.exists()
    page = client_of("Dispute agent").get(f"/disputes/case/{case.pk}/change/").content.decode()
    assert page.count(f"not mailed: {why}") == 2
    assert f"<strong>not mailed</strong>: {why}" in page
    with pytest.raises(UserError, match=why) as refused:
        send_again(case=case, message=message, number=0, actor=None, at=OPENED)
    assert refused.value.code == "not_mailable"
    assert not CaseMail.objects.exists()


def test_a_message_is_mailed_again_once_for_each_time_somebody_asks(sender: Operator, agent: User, client_of: Of) -> None:
    case = opened("M1", actor=agent)
    message = say(case, actor=agent)
    send_waiting()
    client, url = client_of("Dispute agent"), f"/disputes/case/{case.pk}/change/"
    for _ in range(2):
        client.post(url, {"do": "mail", "message": str(message.pk), "number": "1"})
    client.post(url, {"do": "mail", "message": "opened", "number": "1"})
    assert "mailed 2 times" in client.get(url).content.decode()
    send_waiting()

    assert [sent.body.splitlines()[0] for sent in mail.outbox] == [
        "Hello,",
        "We look at the meter.",
        "We look at the meter.",
        "Hello,",
    ]
    assert AuditEvent.objects.filter(action="case.mail").count() == 2


def test_a_note_is_never_mailed(sender: Operator, client_of: Of) -> None:
    case = opened("M1")
    note = say(case, "Ask Tom.", kind=CaseMessage.Kind.INTERNAL)
    other = say(opened("B1"))
    for value in (str(note.pk), str(other.pk), "x", ""):
        page = client_of("Dispute agent").post(
            f"/disputes/case/{case.pk}/change/", {"do": "mail", "message": value, "number": "0"}
        )
        assert "Nothing was sent." in page.content.decode()
    assert CaseMail.objects.filter(case=case, message__isnull=False).count() == 0


@pytest.mark.parametrize("role", ["Auditor", "Billing clerk", "Finance", "Analyst"])
def test_who_only_reads_cases_mails_nothing(sender: Operator, client_of: Of, role: str) -> None:
    case = opened("M1")
    page = client_of(role).post(f"/disputes/case/{case.pk}/change/", {"do": "mail", "message": "opened", "number": "1"})

    assert page.status_code == 403
    assert CaseMail.objects.count() == 1


def test_mail_leads_to_the_drivers_page_where_it_is_known_and_the_desk_says_so(
    sender: Operator, client_of: Of, settings: Any
) -> None:
    case = opened("M1")
    url, promise = f"/disputes/case/{case.pk}/change/", "and the link to the driver’s page"
    assert promise not in client_of("Dispute agent").get(url).content.decode()
    settings.PUBLIC_URL = "https://charging.example.com"
    say(case)
    link = OutgoingMail.objects.latest("pk").link

    assert link.startswith("https://charging.example.com/c/")
    assert link in OutgoingMail.objects.latest("pk").body
    assert promise in client_of("Dispute agent").get(url).content.decode()
