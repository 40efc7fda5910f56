"""Mail that comes in: into the thread its address belongs to, once, whoever it says it is from; nothing is lost."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.utils import timezone

from billing.mail_models import OutgoingMail
from billing.operations.document_settings import change_document_settings
from billing.operations.mail import send_waiting
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.facts import Said
from disputes.mail_models import IncomingMail
from disputes.models import Case
from disputes.operations import mail_steps
from disputes.operations.case_mail import answers_to
from disputes.operations.incoming_mail import MOST_A_DAY, receive
from disputes.operations.mail_sources import Folder, Item, Mailbox
from disputes.operations.mail_steps import receive_mail, take_in
from disputes.operations.moves import move
from disputes.operations.settings import change_dispute_settings
from disputes.operations.thread import assign
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, everything, opened
from tests.disputes.imap import serving
from tests.disputes.odd_mails import TO, bounce, eml, multipart, odd
from tests.documents.conftest import Operator

Why = IncomingMail.Why


@pytest.fixture
def desk(billed: Operator) -> Operator:
    """An operator that sends mail and has a mailbox for answers."""
    values = {"contact_email": "help@tay.example"}
    change_document_settings(entity=billed.entity, values=values, actor=None, at=OPENED)
    values = {"reply_mailbox": "disputes@tay.example"}
    change_dispute_settings(entity=billed.entity, values=values, holidays=[], actor=None, at=OPENED)
    return billed


@pytest.fixture
def case(desk: Operator) -> Case:
    return opened("M1", at=timezone.now())


def came(raw: bytes, **more: Any) -> IncomingMail:
    return receive(raw=raw, size=len(raw), at=timezone.now(), **more).mail


def test_the_address_of_a_case_leads_into_its_thread(case: Case) -> None:
    send_waiting()
    (sent,) = outbox.outbox
    assert sent.reply_to == [answers_to(case)]
    assert sent.body.startswith("--- Please write your answer above this line ---\n")
    mail = came(eml(to=sent.reply_to[0].upper()))
    case.refresh_from_db()

    assert (mail.state, mail.case, mail.wants_look, mail.is_from_elsewhere) == ("PLACED", case, False, False)
    assert [(m.kind, m.author, m.body) for m in case.messages.all()] == [("FROM_DRIVER", None, "My car took 6 kWh.")]
    assert [(e.kind, e.role) for e in case.events.all()][-1] == ("wrote", "customer")
    assert bytes(mail.raw) == eml(to=sent.reply_to[0].upper())


def test_an_answer_to_a_question_goes_on_with_the_investigation_and_the_next_mail_answers_it(case: Case, agent: User) -> None:
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=timezone.now())
    for target, text in ((State.INVESTIGATING, ""), (State.AWAITING_CUSTOMER, "Which car?")):
        move(case=case, target=target, role=Role.AGENT, actor=agent, at=timezone.now(), said=Said(text=text))
    came(eml("A Zoe.\n", to=answers_to(case), message_id="<zoe@example.com>"))
    case.refresh_from_db()
    assert case.state == "INVESTIGATING"

    said = Said(text="Thank you. And when?")
    move(case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=timezone.now(), said=said)
    newest = OutgoingMail.objects.latest("pk")
    assert newest.thread.split()[-1] == "<zoe@example.com>"


def test_a_mail_is_taken_once_and_another_with_its_id_waits(case: Case) -> None:
    first = eml(to=answers_to(case))
    again = first.replace(b"Subject", b"Received: from elsewhere\r\nSubject", 1)
    other = eml("Something else.\n", to=answers_to(case))
    found = [receive(raw=raw, size=len(raw), at=timezone.now()) for raw in (first, first, again, other, other)]

    assert [(one.is_new, one.mail.state, one.mail.why) for one in found] == [
        (True, "PLACED", ""), (False, "PLACED", ""), (False, "PLACED", ""),
        (True, "WAITING", "same_id"), (False, "WAITING", "same_id"),
    ]  # fmt: skip
    assert case.messages.count() == 1


def test_whom_it_says_it_is_from_is_shown_not_trusted(case: Case) -> None:
    assert came(eml(to=answers_to(case), sender="Eve <eve@example.org>")).is_from_elsewhere
    assert case.messages.count() == 1


def _turned(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local[:-1]}{'b' if local[-1] == 'a' else 'a'}@{domain}"


NOT_PLACED = {
    "no token": ({"to": "disputes@tay.example"}, Why.NO_TOKEN),
    "forged": ({"to": "FORGED"}, Why.FORGED),
    "ours": ({"sender": "Help <HELP@tay.example>"}, Why.OURS),
    "our mailbox": ({"sender": "disputes@tay.example"}, Why.OURS),
    "empty": ({"body": " \n\n"}, Why.EMPTY),
}


@pytest.mark.parametrize("what", NOT_PLACED)
def test_what_nobody_can_place_waits_for_a_person(case: Case, what: str) -> None:
    given, why = NOT_PLACED[what]
    address = {"FORGED": _turned(answers_to(case))}.get(given.get("to", ""), given.get("to", answers_to(case)))
    before = everything()
    mail = came(eml(**{**given, "to": address}))  # type: ignore[arg-type]

    assert (mail.state, mail.why, mail.wants_look, mail.message) == ("WAITING", why, True, None)
    assert everything() == before


def test_the_token_of_another_database_says_nothing_here(case: Case) -> None:
    there = Case(pk=case.pk, number=case.number, opened_at=case.opened_at + timedelta(microseconds=1), entity=case.entity)

    assert came(eml(to=answers_to(there))).why == Why.FORGED


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.MERGED])
def test_a_case_that_has_ended_still_takes_the_words_and_somebody_sees_it(case: Case, agent: User, state: State) -> None:
    other = opened("M2", at=timezone.now())
    into = other if state is State.MERGED else None
    role = Role.AGENT if into else Role.CUSTOMER
    move(case=case, target=state, role=role, actor=agent if into else None, at=timezone.now(), said=Said(into=into))
    mail = came(eml(to=answers_to(case)))

    assert (mail.state, mail.case) == ("PLACED", into or case)
    assert (mail.wants_look, mail.why) == ((False, "") if into else (True, "ended"))


def test_what_programs_write_is_kept_and_never_said(case: Case) -> None:
    before = everything()
    mail = came(eml("I am away.\n", to=answers_to(case), Auto_Submitted="auto-replied"))

    assert (mail.state, mail.case, mail.wants_look) == ("AUTOMATIC", case, False)
    assert everything() == before
    send_waiting()
    assert len(outbox.outbox) == 1


RETURNED = {
    "failed": ({}, "RETURNED", "FAILED"),
    "delayed": ({"action": "delayed"}, "AUTOMATIC", "SENT"),
    "without the case's address": ({"address": "x@tay.example"}, "WAITING", "SENT"),
    "of another mail": ({"message_id": "<case.9.opened.0.999@tay.example>"}, "WAITING", "SENT"),
}


@pytest.mark.parametrize("what", RETURNED)
def test_a_mail_that_came_back_is_not_sent(case: Case, what: str) -> None:
    send_waiting()
    (sent,) = OutgoingMail.objects.all()
    given, state, became = RETURNED[what]
    mail = came(bounce(**{"message_id": sent.message_id, "address": answers_to(case), **given}))
    sent.refresh_from_db()

    assert (mail.state, sent.state) == (state, became)
    if became == "FAILED":
        assert (mail.mail, sent.problem) == (sent, "It came back: smtp; 550 5.1.1 No such user")
    assert not case.messages.exists()


def test_a_flood_waits_for_a_person(case: Case) -> None:
    for number in range(MOST_A_DAY + 1):
        mail = came(eml(f"Number {number}.\n", to=answers_to(case), message_id=f"<{number}@x>"))

    assert (mail.state, mail.why, case.messages.count()) == ("WAITING", Why.TOO_MANY, MOST_A_DAY)


def test_files_that_hang_on_it_are_kept_with_the_words_and_refused_ones_named(case: Case) -> None:
    body, kind = multipart(
        "Content-Type: text/plain\n\nSee.\n",
        'Content-Type: text/plain\nContent-Disposition: attachment; filename="log.txt"\n\n6 kWh\n',
        'Content-Type: text/html\nContent-Disposition: attachment; filename="page.html"\n\n<script>alert(1)</script>\n',
    )
    mail = came(eml(body, to=answers_to(case), kind=kind))

    assert mail.message is not None
    assert [file.name for file in mail.message.files.all()] == ["log.txt"]
    assert (mail.attachments, mail.left_out) == (2, 1)
    assert "page.html" in mail.problem


def test_two_hundred_odd_mails_are_kept_each_and_explained(case: Case) -> None:
    address, number = answers_to(case).encode(), 0
    for number, (what, raw) in enumerate(odd(), 1):
        raw = raw.replace(TO.encode(), address).replace(b"<1@example.com>", f"<{number}@example.com>".encode())
        mail = came(raw)
        assert mail.state != "WAITING" or mail.why, what
    waiting = IncomingMail.objects.filter(wants_look=True)

    assert number >= 200
    assert IncomingMail.objects.count() == number
    assert waiting.exclude(why="").count() == waiting.count()


def test_a_text_that_is_too_long_is_cut_in_the_thread_only(case: Case) -> None:
    mail = came(eml("word " * 10_000, to=answers_to(case)))
    (message,) = case.messages.all()

    assert len(message.body) < 20_000
    assert message.body.endswith("[The rest was cut: it is in the e-mail.]")
    assert len(mail.text) > 49_000


def put(folder: Path, name: str, raw: bytes, age_s: float = 60) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(raw)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_a_folder_is_emptied_into_done_and_refused(case: Case, settings: Any, tmp_path: Path) -> None:
    settings.INBOX_FOLDER = tmp_path / "in"
    put(settings.INBOX_FOLDER, "a.eml", eml(to=answers_to(case)))
    put(settings.INBOX_FOLDER, "b.eml", b"\x00\x01")
    put(settings.INBOX_FOLDER, "c.eml", eml(message_id="<2@x>"), age_s=0)
    put(settings.INBOX_FOLDER, "d.txt", eml())
    (settings.INBOX_FOLDER / "e.eml").symlink_to(tmp_path / "elsewhere.eml")

    assert (receive_mail(), receive_mail()) == (2, 0)
    left = sorted(path.name for path in settings.INBOX_FOLDER.iterdir())
    assert left == ["c.eml", "d.txt", "done", "e.eml", "refused"]
    assert [path.name[16:] for path in (settings.INBOX_FOLDER / "done").iterdir()] == ["-a.eml"]
    assert [path.name[16:] for path in (settings.INBOX_FOLDER / "refused").iterdir()] == ["-b.eml"]


def test_one_that_died_before_it_marked_a_mail_takes_it_no_second_time(case: Case, tmp_path: Path) -> None:
    put(tmp_path, "a.eml", eml(to=answers_to(case)))

    def die(refused: bool) -> None:
        raise KeyboardInterrupt

    (item,) = Folder(tmp_path).waiting()
    with pytest.raises(KeyboardInterrupt):
        mail_steps._take(Item(item.name, item.raw, item.size, die))
    (handled,) = take_in(Folder(tmp_path))

    assert handled.received is not None
    assert not handled.received.is_new
    assert case.messages.count() == 1
    assert list(Folder(tmp_path).waiting()) == []


def test_one_that_fails_keeps_no_other_and_is_tried_again(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    put(tmp_path, "a.eml", eml("bad\n", to=answers_to(case)))
    put(tmp_path, "b.eml", eml(to=answers_to(case), message_id="<2@x>"))
    real = receive

    def fail(**given: Any) -> Any:
        if b"bad" in given["raw"]:
            raise RuntimeError("the disk is full")
        return real(**given)

    monkeypatch.setattr(mail_steps, "receive", fail)
    assert [(one.name, one.problem) for one in take_in(Folder(tmp_path))] == [
        ("a.eml", "RuntimeError: the disk is full"),
        ("b.eml", ""),
    ]
    monkeypatch.undo()
    assert [one.name for one in take_in(Folder(tmp_path))] == ["a.eml"]
    assert case.messages.count() == 2


def test_a_mailbox_is_read_over_tls_and_marked(case: Case, tmp_path: Path) -> None:
    mails = {7: eml(to=answers_to(case)), 9: eml(message_id="<big@x>", to=answers_to(case), body="x" * 15_100_000)}
    with serving(mails, tmp_path) as (server, port, trust):
        box = Mailbox(f"imaps://ada%40tay.example:secret@127.0.0.1:{port}/Cases", trust)
        handled = list(take_in(box))
        assert list(take_in(box)) == []
        with pytest.raises(UserError, match="can't be read"):
            list(Mailbox(f"imaps://ada:wrong@127.0.0.1:{port}/", trust).waiting())
        with pytest.raises(UserError, match="certificate"):
            list(Mailbox(f"imaps://ada:secret@127.0.0.1:{port}/").waiting())

    found = [one.received.mail for one in handled if one.received]
    assert [(mail.state, mail.why, mail.is_cut) for mail in found] == [("PLACED", "", False), ("WAITING", "unreadable", True)]
    assert found[1].problem == "It is larger than 15 MB."
    assert found[1].size > 15_100_000
    assert server.seen == {7, 9}
    assert 'SELECT "Cases"' in server.commands


def test_the_command_says_what_came_of_each(case: Case, tmp_path: Path, capsys: Any) -> None:
    one, other = put(tmp_path, "a.eml", eml(to=answers_to(case))), put(tmp_path, "b.eml", eml(message_id="<2@x>"))
    call_command("receive_mail", str(one), str(other))
    said = json.loads(capsys.readouterr().out)

    assert said == {
        "read": 2,
        "mails": [
            {"name": "a.eml", "outcome": "placed", "is_new": True, "case": case.number, "why": ""},
            {"name": "b.eml", "outcome": "waiting", "is_new": True, "case": None, "why": "It was sent to no case’s address."},
        ],
    }
    assert one.exists()
