"""One fault, many bills: agreed by two people, credited once, every driver told once, open cases answered."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from billing.book_checks import check_books
from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.models import Chargeable
from billing.paper_models import DocumentSettings
from billing.refund_models import RefundDue
from chargebill.analytics import operations as analytics
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, Job, User
from disputes.incident_letters import ENGLISH, GERMAN
from disputes.incident_models import Incident, IncidentLetter, IncidentLine, IncidentOutcome
from disputes.models import Case
from disputes.operations.incidents import (
    Words,
    confirm_incident,
    propose_incident,
    resume_incident,
    stop_incident,
    stored_content,
)
from disputes.operations.moves import move
from disputes.workflow.states import Role, State
from memberships.models import Customer
from tests.disputes.conftest import Operator, line_of, opened
from tests.disputes.incidents import AT, WHOLE, approved, carried_out, of_percent, planned, proposed
from tests.documents.test_correcting import take_back
from tests.payments.conftest import ADA, balance, of, received

D = Decimal


@pytest.fixture
def finance(staff: Callable[[str], User]) -> User:
    return staff("Finance")


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []
    assert analytics.differing() == 0


def sends_mail(operator: Operator) -> None:
    DocumentSettings.objects.update_or_create(entity=operator.entity, defaults={"contact_email": "desk@example.com"})


def came_to(incident: Incident) -> dict[str, str]:
    """By session: the credit note, or why it was left alone."""
    rows = IncidentOutcome.objects.filter(line__incident=incident).select_related("line__line", "credit_note")
    return {row.line.line.session_number: row.credit_note.number if row.credit_note else row.why for row in rows}


def test_everything_is_taken_back_from_everybody(billed: Operator, supervisor: User, finance: User) -> None:
    ada = of("Ada")
    received(billed, ADA, (ada, ADA))
    incident = proposed(billed, supervisor)
    assert incident.state == "waits"
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()
    # Receipts of 4.00 and 3.00; Ada 4.94 and 0.13, paid; the brewery 4.55; the partner 20 kWh at 0.40 / 1.2 = 6.67, 8.00.
    assert incident.figures["sums"] == {
        "GBP": {
            "lines": 7, "before": "24.620", "back": "24.620", "after": "0.000", "taken_off": "19.550", "given_back": "5.070",
            "to_partners": "8.000",
        }
    }  # fmt: skip
    incident = carried_out(approved(incident, finance))
    assert incident.state == "done"
    notes = Document.objects.filter(kind="CREDIT_NOTE")
    assert notes.count() == 5
    assert set(notes.values_list("issued_by", flat=True)) == {finance.pk}
    assert set(Chargeable.objects.values_list("state", flat=True)) == {"CREDITED"}
    assert [(due.amount, due.customer) for due in RefundDue.objects.all()] == [(ADA, ada.customer)]
    assert balance("1100") == 0
    assert AuditEvent.objects.get(action="incident.finish").changes == {"credit_notes": 5, "left_alone": 0}
    clean()


def test_a_partner_gets_credit_and_never_a_refund(billed: Operator, supervisor: User, finance: User) -> None:
    roamer = of("Roamer")
    received(billed, roamer.gross_amount, (roamer, roamer.gross_amount))
    found = planned(billed, of_percent("50"))
    # Half of 6.67 net is 3.34 (half away from zero); 20 % on it: 1.33 of the line's own 1.33 * 3.34 / 6.67 = 0.666.
    (line,) = [one for one in found.lines if one.line.document_id == roamer.pk]
    assert (line.amount, line.gross, found.sums["GBP"].to_partners) == (D("3.34"), D("4.01"), D("4.01"))
    carried_out(approved(proposed(billed, supervisor, of_percent("50"), planned=found), finance))
    assert balance("2000") == D("-4.01")
    assert not RefundDue.objects.exists()
    clean()


def test_what_was_taken_back_before_counts(billed: Operator, supervisor: User, finance: User) -> None:
    """1.00 of Ada's 4.94 went back before: a tenth (0.49) is less, a half (2.47) is 1.47 more, all of it 3.94."""
    take_back(of("Ada"), "1.00")
    amounts = {}
    for percent in ("10", "50", "100"):
        lines = {one.line.session_number: one for one in planned(billed, of_percent(percent)).lines}
        amounts[percent] = lines["M1"].amount if "M1" in lines else D(0)
    assert amounts == {"10": D(0), "50": D("1.47"), "100": D("3.94")}

    carried_out(approved(proposed(billed, supervisor, of_percent("50")), finance))
    assert planned(billed, of_percent("50")).lines == []
    again = planned(billed, WHOLE)
    assert {one.line.session_number: one.amount for one in again.lines}["M1"] == D("2.47")
    clean()


def test_nobody_agrees_to_what_they_proposed(billed: Operator, supervisor: User) -> None:
    incident = proposed(billed, supervisor)
    with pytest.raises(UserError) as error:
        approved(incident, supervisor)
    assert error.value.code == "own_decision"
    assert Incident.objects.get().state == "waits"
    assert not Job.objects.filter(kind="incident").exists()


def test_what_is_refused_stays_as_it_is(billed: Operator, supervisor: User, finance: User) -> None:
    incident = confirm_incident(incident=proposed(billed, supervisor), seen="", accepted=False, actor=finance, at=AT)
    assert incident.state == "refused"
    with pytest.raises(UserError) as error:
        approved(incident, finance)
    assert error.value.code == "already_confirmed"
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()


def test_only_what_was_looked_at_is_agreed_to(billed: Operator, supervisor: User, finance: User) -> None:
    incident = proposed(billed, supervisor)
    with pytest.raises(UserError) as error:
        confirm_incident(incident=incident, seen="another", accepted=True, actor=finance, at=AT)
    assert (error.value.code, Incident.objects.get().state) == ("incident_changed", "waits")
    assert stored_content(incident) == incident.sha256


def test_the_database_keeps_what_was_proposed(billed: Operator, supervisor: User) -> None:
    incident = proposed(billed, supervisor)
    for rows, change in ((IncidentLine.objects, {"amount": D("0.01")}), (Incident.objects, {"letter_en": "Nothing"})):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            rows.update(**change)
        with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
            rows.all()._raw_delete(rows.db)
    assert incident.lines.count() == 7


def test_a_form_sent_twice_is_one_incident(billed: Operator, supervisor: User) -> None:
    first = proposed(billed, supervisor, key="k")
    assert proposed(billed, supervisor, key="k") == first
    with pytest.raises(UserError) as error:
        proposed(billed, supervisor, of_percent("10"), key="k")
    assert error.value.code == "incident_key_used"
    assert Incident.objects.count() == 1


REFUSED = {
    "title": {"title": " "},
    "reason_missing": {"reason": ""},
    "reason_too_long": {"reason": "x" * 301},
    "letter": {"letter_de": "Sie bekommen {betrag} zurück."},
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_can_not_be_proposed_changes_nothing(billed: Operator, supervisor: User, code: str) -> None:
    words = {"title": "Wrong meter", "reason": "r", "letter_en": ENGLISH, "letter_de": GERMAN, **REFUSED[code]}
    with pytest.raises(UserError, match=r"Nothing was changed\.") as error:
        proposed(billed, supervisor, words=Words(**words))
    assert error.value.code == code
    assert not Incident.objects.exists()


def test_nothing_left_is_nothing_to_propose(billed: Operator, supervisor: User, finance: User) -> None:
    carried_out(approved(proposed(billed, supervisor), finance))
    found = planned(billed)
    assert (found.lines, {why: len(lines) for why, lines in found.untouched.items()}) == ([], {"credited": 7})
    with pytest.raises(UserError) as error:
        proposed(billed, supervisor, planned=found)
    assert error.value.code == "nothing_left"


def test_lines_that_changed_since_are_left_alone_and_say_why(billed: Operator, supervisor: User, finance: User) -> None:
    ended = opened("B2")
    incident = proposed(billed, supervisor)
    take_back(of("Ada"), "1.00")
    opened("B1")
    move(case=ended, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=AT)
    carried_out(approved(incident, finance))
    found = came_to(incident)
    assert {number: found[number] for number in ("M1", "B1", "B2")} == {
        "M1": "GBP 1.00 of it was taken back since it was proposed.",
        "B1": "It is contested in D-00002 since: that case decides.",
        "B2": "The case about it ended since it was proposed.",
    }
    # Her other line, the receipts and the partner.
    assert sorted(number for number, note in found.items() if note.startswith("CN-")) == ["A1", "A2", "M2", "P1"]
    assert Incident.objects.get().state == "done"
    clean()


def test_what_was_offered_or_agreed_in_a_case_is_put_right_there(billed: Operator, supervisor: User, finance: User) -> None:
    before, since = opened("M1"), opened("B1")
    Case.objects.filter(pk=before.pk).update(state="AGREED")
    found = planned(billed)
    assert [line.session_number for line in found.untouched["decided"]] == ["M1"]
    incident = approved(proposed(billed, supervisor, planned=found), finance)
    Case.objects.filter(pk=since.pk).update(state="OFFERED")
    carried_out(incident)
    assert came_to(incident)["B1"] == "Something was offered or agreed about it in D-00002: that case decides."
    assert not line_of("M1").credits.exists()
    assert not line_of("B1").credits.exists()
    clean()


def test_it_stops_and_goes_on_where_it_stopped(billed: Operator, supervisor: User, finance: User) -> None:
    incident = approved(proposed(billed, supervisor), finance)
    stop_incident(incident=incident, actor=finance, at=AT)
    incident = carried_out(incident)
    assert (incident.state, Document.objects.filter(kind="CREDIT_NOTE").count()) == ("stopped", 0)
    incident = carried_out(resume_incident(incident=incident, actor=finance, at=AT))
    assert (incident.state, Document.objects.filter(kind="CREDIT_NOTE").count()) == ("done", 5)
    for act, code in ((stop_incident, "incident_not_running"), (resume_incident, "incident_not_stopped")):
        with pytest.raises(UserError) as error:
            act(incident=incident, actor=finance, at=AT)
        assert error.value.code == code
    clean()


def test_every_driver_is_told_once(billed: Operator, supervisor: User, finance: User) -> None:
    sends_mail(billed)
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    Customer.objects.filter(name="Brewery").update(email="brauer@example.com", language="de")
    received(billed, "5.00", (of("Ada"), "5.00"))
    incident = carried_out(approved(proposed(billed, supervisor), finance))
    letters = {(one.customer.name if one.customer else one.document.number): one for one in IncidentLetter.objects.all()}
    assert {who: one.mail.to if one.mail else "" for who, one in letters.items()} == {
        "Ada": "ada@example.com", "Brewery": "brauer@example.com", "Roamer": "", "R-000001": "", "R-000002": "",
    }  # fmt: skip
    ada = letters["Ada"]
    assert ada.subject == "We put right what we charged you: 5.07 GBP"
    assert ada.body.startswith("Hello Ada,\n\nyou charged at Hub between 6 Sep 2018 and 20 Sep 2018.")
    assert "we take back 5.07 GBP (credit note CN-00000" in ada.body
    assert "0.07 GBP is taken off what you still owe us. 5.00 GBP you have paid goes back to you." in ada.body
    assert ada.body.endswith("Tayside Charging Ltd")
    assert letters["Brewery"].subject == "Wir korrigieren Ihre Abrechnung: 4,55 GBP"
    assert "4,55 GBP ziehen wir von dem ab, was noch offen ist." in letters["Brewery"].body
    assert incident.figures["without_address"] == 3


def test_without_a_sender_nobody_agrees_while_there_is_somebody_to_write_to(
    billed: Operator, supervisor: User, finance: User
) -> None:
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    with pytest.raises(UserError) as error:
        approved(proposed(billed, supervisor), finance)
    assert (error.value.code, Incident.objects.get().state) == ("no_sender", "waits")


def test_an_open_case_gets_the_letter_as_its_answer(billed: Operator, supervisor: User, finance: User) -> None:
    sends_mail(billed)
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    first, second = opened("M1"), opened("M2")
    incident = carried_out(approved(proposed(billed, supervisor), finance))
    for case in (first, second):
        case.refresh_from_db()
        (message,) = case.messages.all()
        assert (message.kind, message.author, message.event.kind) == ("TO_DRIVER", supervisor, "replied")
        assert "we take back 5.07 GBP" in message.body
        # The first reply was due next.
        assert case.next_clock != "first_reply"
    letter = IncidentLetter.objects.get(customer__name="Ada")
    assert (letter.mail, letter.case) == (None, first)
    # Two cases, and one mail about it.
    assert OutgoingMail.objects.filter(body__contains="we take back 5.07 GBP").count() == 1
    assert came_to(incident)["M1"].startswith("CN-")
    assert line_of("M1").credits.get().gross_amount == D("4.94")


def test_another_companys_sessions_are_no_part_of_it(billed: Operator, supervisor: User) -> None:
    found = planned(billed)
    assert {one.line.document.entity_id for one in found.lines} == {billed.entity.pk}
    incident = propose_incident(
        entity=billed.entity, key="own", planned=found, remedy=WHOLE, selection=[["From", "September"]],
        words=Words(title=" Wrong\n meter ", reason=" r ", letter_en=ENGLISH, letter_de=GERMAN), actor=supervisor, at=AT,
    )  # fmt: skip
    assert (incident.title, incident.reason, incident.selection) == ("Wrong meter", "r", [["From", "September"]])
