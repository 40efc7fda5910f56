"""The page of a case behind its link: what a driver reads and may do there, and that no word among colleagues gets out."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.contest_models import ContestedLine
from billing.document_models import Document
from chargebill.core.models import User
from chargebill.portal import case_links, driver_case
from chargebill.portal.case_links import path_to, token_of
from chargebill.portal.document_links import Turnstile
from chargebill.portal.document_links import token_of as document_token
from chargebill.portal.driver_case_words import by
from disputes.facts import Said
from disputes.models import Case, CaseMessage, Cause
from disputes.operations.contacts import Contact
from disputes.operations.moves import move, step
from disputes.operations.thread import add_message, assign
from disputes.workflow.states import Role, State
from tests.disputes.conftest import everything, opened
from tests.documents.conftest import session
from tests.drivers.conftest import AT, Operator, assert_private, case_of, shown, words_of

SECRET = "keep this among us"


@pytest.fixture
def case(client: Client, receipt: Document) -> Case:
    return case_of(client, receipt)[0]


def looked_into(case: Case, agent: User) -> Case:
    now = timezone.now()
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=now)
    said = Said(reason=SECRET)
    return move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=now, said=said)


def asked(case: Case, agent: User) -> Case:
    said = Said(text="Which car was it?", reason=SECRET)
    case = looked_into(case, agent)
    return move(case=case, target=State.AWAITING_CUSTOMER, role=Role.AGENT, actor=agent, at=timezone.now(), said=said)


def put(case: Case, *states: State, at: datetime | None = None) -> Case:
    """Led there past its guards, as execution will."""
    for state in states:
        role = Role.AGENT if state is State.AGREED else Role.SYSTEM
        step(case=case, target=state, role=role, actor=None, at=at or timezone.now(), said=Said())
    return case


def resolved(case: Case, at: datetime | None = None) -> Case:
    return put(case, State.AGREED, State.EXECUTING, State.RESOLVED, at=at)


def write(client: Client, case: Case, text: str, do: str = "write", lang: str = "en") -> Any:
    return client.post(f"{path_to(case)}?lang={lang}", {"do": do, "text": text})


def test_only_what_was_said_to_and_by_the_driver_stands_there(client: Client, case: Case, agent: User) -> None:
    asked(case, agent)
    add_message(case=case, kind=CaseMessage.Kind.INTERNAL, body=SECRET, role=Role.AGENT, actor=agent, at=timezone.now())
    text = shown(client, path_to(case))

    assert "What was said You ·" in text
    assert "My Zoe took 6 kWh at most. I looked." in text
    assert "Tayside Charging · " in text
    assert "Which car was it?" in text
    assert SECRET not in text
    assert agent.username not in text


def test_whose_turn_it_is_and_by_when(client: Client, case: Case, agent: User) -> None:
    first = case.next_due_at
    assert first is not None
    begins = "It is our turn We have your complaint. Somebody takes it up soon. You get a first answer by"
    assert f"{begins} {by(first, 'Europe/London', 'en')}." in shown(client, path_to(case))
    asked(case, agent)
    text = shown(client, f"{path_to(case)}?lang=de")
    case.refresh_from_db()
    assert case.next_due_at is not None
    due = by(case.next_due_at, "Europe/London", "de")
    begins = "Sie sind am Zug Wir haben Sie etwas gefragt. Solange wir auf Ihre Antwort warten, steht unsere Zeit still."
    assert f"{begins} Bitte antworten Sie bis {due}." in text
    assert "Ihre Antwort Which car was it?" in text


def test_a_deadline_we_missed_is_admitted(client: Client, billed: Operator) -> None:
    case = opened("M1", at=timezone.now() - timedelta(days=70))
    text = shown(client, path_to(case))
    assert text.count("We are late, and sorry.") == 2


def test_what_was_asked_is_answered_and_the_investigation_goes_on(client: Client, case: Case, agent: User) -> None:
    asked(case, agent)
    answer = write(client, case, "A Zoe.\r\nOf 2014.")

    assert (answer.status_code, answer["Location"].split("?")[1]) == (302, "lang=en&sent=1")
    case.refresh_from_db()
    assert (case.state, case.turn) == ("INVESTIGATING", "us")
    moved = case.events.latest("seq")
    assert (moved.rule, moved.role, moved.actor) == ("T6", "customer", None)
    said = case.messages.latest("pk")
    assert (said.kind, said.body, said.author) == ("FROM_DRIVER", "A Zoe.\nOf 2014.", None)
    assert "Sent. It stands below." in shown(client, f"{path_to(case)}?sent=1")


def test_something_to_add_moves_nothing(client: Client, case: Case) -> None:
    write(client, case, "<b>I have a photo.</b>")
    case.refresh_from_db()

    assert case.state == "NEW"
    assert "&lt;b&gt;I have a photo.&lt;/b&gt;" in client.get(path_to(case)).content.decode()


@pytest.mark.parametrize(
    ("do", "text", "said"),
    [
        ("write", "  ", "Schreiben Sie zuerst etwas. Es wurde nichts abgesendet."),
        ("write", "x" * 20_001, "Das ist zu lang: höchstens 20.000 Zeichen. Es wurde nichts abgesendet."),
        ("again", "new", "Inzwischen hat sich etwas geändert; so steht es jetzt."),
        ("award", "x", "Inzwischen hat sich etwas geändert; so steht es jetzt."),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(client: Client, case: Case, do: str, text: str, said: str) -> None:
    before = everything()
    answer = write(client, case, text, do=do, lang="de")

    assert answer.status_code == 400
    assert_private(answer)
    assert said in words_of(answer)
    assert everything() == before


def test_an_empty_answer_keeps_waiting(client: Client, case: Case, agent: User) -> None:
    asked(case, agent)
    before = everything()
    assert "Write something first." in words_of(write(client, case, "\r\n "))
    assert everything() == before


def test_a_complaint_is_taken_back_after_asking_once(client: Client, case: Case) -> None:
    asking = shown(client, f"{path_to(case)}/withdraw?lang=de")
    assert "Die Beschwerde zurücknehmen? Wir prüfen D-00001 nicht weiter." in asking
    assert Case.objects.get().state == "NEW"
    client.post(f"{path_to(case)}/withdraw?lang=de")
    assert client.post(f"{path_to(case)}/withdraw?lang=de").status_code == 302
    case.refresh_from_db()

    assert (case.state, case.events.filter(rule="T22", role="customer").count()) == ("WITHDRAWN", 1)
    assert not ContestedLine.objects.filter(lifted_at__isnull=True).exists()
    text = shown(client, path_to(case))
    assert "It has ended You took this complaint back." in text
    for form in ("Write to us", "Take the complaint back", "Something new?"):
        assert form not in text
    # A form that was open before finds it ended.
    assert write(client, case, "x", do="again").status_code == 400


def test_what_the_checks_found_stands_there_once_somebody_looks_into_it(client: Client, operator: Operator, agent: User) -> None:
    operator.bring(session("A1"))
    operator.issue()
    # It came later, so nothing held the first one.
    operator.bring(session("Z1", evse="EA1"))
    case, _ = case_of(client, Document.objects.get(lines__session_number="A1"))
    assert "What our checks found" not in shown(client, path_to(case))
    looked_into(case, agent)

    text = shown(client, path_to(case))
    german = shown(client, f"{path_to(case)}?lang=de")
    assert "What our checks found Our records show two charges on this connector at the same time." in text
    assert "Unsere Daten zeigen zwei Ladevorgänge zur selben Zeit an diesem Anschluss." in german
    assert "A person decides what follows from it." in text


def test_where_else_to_go_is_said_plainly(client: Client, case: Case) -> None:
    text = shown(client, path_to(case))

    assert "You can turn to the Citizens Advice consumer service at any time." in text
    assert "That is no official dispute resolution body, and at present nobody is appointed." in text
    assert "help@tay.example" in text


def test_with_something_new_it_is_looked_at_again_within_its_time(client: Client, case: Case, agent: User) -> None:
    resolved(case)
    assert not ContestedLine.objects.filter(lifted_at__isnull=True).exists()
    text = shown(client, path_to(case))
    assert "It is settled, and everything agreed is done. If nobody writes any more, it is closed on" in text
    assert "That is possible until" in text
    before = everything()
    assert "Say what is new since it was settled." in words_of(write(client, case, " ", do="again"))
    assert everything() == before

    write(client, case, "The meter was changed that week.", do="again")
    case.refresh_from_db()
    assert (case.state, case.events.filter(kind="moved").latest("seq").rule) == ("INVESTIGATING", "T21")
    assert case.items.get().is_open
    assert ContestedLine.objects.get(lifted_at__isnull=True).reference == case.number
    # The first deadline is the reply's again.
    assert case.next_clock == "first_reply"


def test_reopening_ends_after_thirty_days_and_after_the_second_time(client: Client, billed: Operator) -> None:
    now = timezone.now()
    case = resolved(opened("M1", at=now - timedelta(days=40)), at=now - timedelta(days=31))
    assert "Something new?" not in shown(client, path_to(case))
    assert "The time for that is over." in words_of(write(client, case, "new", do="again"))

    for _ in range(2):
        step(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=now, said=Said())
        resolved(case, at=now)
    assert "It was looked at again twice already." in words_of(write(client, case, "new", do="again"))


def test_a_charge_another_case_is_about_is_not_reopened(client: Client, case: Case, receipt: Document) -> None:
    resolved(case)
    other, _ = case_of(client, receipt, statement="Again!")

    assert other != case
    assert "Something new?" not in shown(client, path_to(case))
    before = everything()
    assert "There is another complaint about this charge." in words_of(write(client, case, "new", do="again"))
    assert everything() == before


@pytest.mark.parametrize(("email", "leads"), [("ADA@example.com", True), ("mallory@example.com", False), ("", False)])
def test_of_a_merged_case_only_the_same_driver_finds_the_other(
    client: Client, billed: Operator, agent: User, email: str, leads: bool
) -> None:
    case, into = opened("M1", contact=Contact("Somebody", email, "en")), opened("M2")
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=agent, at=timezone.now(), said=Said(into=into))
    page = client.get(path_to(case)).content.decode()

    assert f"together with {into.number}" in page
    assert (f"/c/{into.pk}." in page) == leads


@pytest.mark.parametrize("state", list(State))
def test_the_page_stands_in_every_state(client: Client, case: Case, state: State) -> None:
    Case.objects.filter(pk=case.pk).update(state=state, merged_into=case.pk if state is State.MERGED else None)
    for language in ("en", "de"):
        text = shown(client, f"{path_to(case)}?lang={language}")
        assert "{" not in text
        assert ("Worum es geht" if language == "de" else "What it is about") in text


@pytest.mark.parametrize("cause", Cause.values)
def test_every_reason_is_read_back(client: Client, receipt: Document, cause: str) -> None:
    _, path = case_of(client, receipt, cause=cause)
    assert "What seems wrong" in shown(client, path)


@pytest.mark.parametrize("part", ["", "/withdraw"])
def test_a_forged_a_cut_and_an_ended_link_get_a_plain_page_without_a_query(
    client: Client, case: Case, receipt: Document, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    token = token_of(case)
    signed = token.split(".", 1)[1]
    wrong = (token[:-1], token + "A", f"{case.pk + 1}.{signed}", "1", "x" * 300, "ä", "1.2.3", document_token(receipt))
    for one in wrong:
        for method in (client.get, client.post):
            with CaptureQueriesContext(connection) as captured:
                answer = method(f"/c/{one}{part}", headers={"accept-language": "de"})
            assert (answer.status_code, len(captured)) == (404, 0)
            assert_private(answer)
            assert "Dieser Link funktioniert nicht" in words_of(answer)
    monkeypatch.setattr(case_links._links, "good_for", timedelta(seconds=-1))
    assert "This link does not work" in shown(client, f"/c/{token}{part}", 404)
    # A case's link opens no document, and the other way round.
    assert client.get(f"/d/{token}").status_code == 404


def test_too_many_requests_are_asked_to_wait(client: Client, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_case, "_reading", Turnstile(3, lambda: AT))
    monkeypatch.setattr(driver_case, "_writing", Turnstile(2, lambda: AT))
    answers = [client.get(path_to(case)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3]["Retry-After"] == "60"
    monkeypatch.setattr(driver_case, "_reading", Turnstile(60, lambda: AT))
    sent = [write(client, case, f"{n}") for n in range(3)]
    assert [answer.status_code for answer in sent] == [302, 302, 429]
    assert case.messages.count() == 2


def test_the_page_takes_as_many_queries_however_much_was_said(client: Client, case: Case, agent: User) -> None:
    looked_into(case, agent)
    for n in range(30):
        add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body=str(n), role=Role.AGENT, actor=agent, at=timezone.now())
    with CaptureQueriesContext(connection) as captured:
        shown(client, path_to(case))
    assert len(captured) == 9
