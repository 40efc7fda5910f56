"""An incident that gave back all a case claims ends it: conceded, credited and told once, resolved once the money is there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from billing.book_checks import check_books
from billing.credit_models import Correction
from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.refund_moves import mark_failed, pay_by_hand
from billing.refund_models import RefundDue
from chargebill import case_execution
from chargebill.analytics.case_statistics import statistics
from chargebill.core.models import User
from chargebill.incidents import take_back as credit_documents
from chargebill.portal.case_links import path_to
from disputes.clocks import check_all
from disputes.execution import incident_of, steps_of
from disputes.facts import Said
from disputes.incident_cover import Taken, covers
from disputes.incident_lines import figures_of
from disputes.incident_models import Incident, IncidentLetter
from disputes.models import Case
from disputes.offers import cases_for_second, current_offer
from disputes.operations import incidents
from disputes.operations.contacts import Contact
from disputes.operations.execution import paid_outside
from disputes.operations.incident_telling import tell, untold
from disputes.operations.moves import move
from disputes.operations.offers import answer
from disputes.operations.payout_accounts import account_wanted
from disputes.operations.thread import sort_case
from disputes.outcome_models import ExecutionStep, Offer, OfferConfirmation
from disputes.statistics.facts import Given
from disputes.workflow.states import Role, State
from memberships.models import Customer
from tests.disputes.conftest import OPENED, Operator, line_of, opened
from tests.disputes.incidents import AT, approved, carried_out, of_percent, planned, proposed
from tests.disputes.test_chargebacks import taken, written
from tests.disputes.test_incidents import came_to, sends_mail
from tests.disputes.test_offers import investigated, limit, refused, terms
from tests.disputes.test_statistics_money import YEAR
from tests.documents.conftest import session as row
from tests.documents.test_correcting import take_back
from tests.drivers.conftest import words_of
from tests.payments.conftest import ADA, balance, of, received

D = Decimal


@pytest.fixture
def finance(staff: Callable[[str], User]) -> User:
    return staff("Finance")


@pytest.fixture
def run(billed: Operator, supervisor: User, finance: User) -> Callable[..., Incident]:
    """An incident about everything of September, proposed, agreed to and carried out."""

    def carry_out(percent: str = "100", **more: Any) -> Incident:
        return carried_out(approved(proposed(billed, supervisor, of_percent(percent), **more), finance))

    return carry_out


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []
    assert check_all()[1] == []


def now(case: Case) -> Case:
    return Case.objects.select_related("entity").get(pk=case.pk)


def put_right(case: Case, **later: Any) -> Case:
    """What the worker does, after the job, which has the time of day."""
    return case_execution.execute(case=now(case), at=timezone.now() + timedelta(**later))


def rules(case: Case) -> list[str]:
    return [event.rule for event in case.events.order_by("seq") if event.rule]


def test_a_case_that_got_all_it_claims_is_conceded_and_ends(
    run: Callable[..., Incident], billed: Operator, supervisor: User
) -> None:
    case = opened("M1", claimed_amount=D("4.94"))
    found = planned(billed)
    assert (found.ended, proposed(billed, supervisor, planned=found).figures["cases_ended"]) == ({case.pk}, 1)
    incident = run()
    case = now(case)
    offer = current_offer(case)
    assert offer is not None
    assert (case.state, rules(case)[-1]) == ("AGREED", "T23")
    assert (offer.kind, offer.way, offer.given_as, offer.amount, offer.needs_second) == (
        "CONCESSION", "CORRECTION", "REFUND", D("4.94"), False,
    )  # fmt: skip
    assert (offer.decided_by, offer.reason) == (supervisor, "Incident Wrong meter: The meters were wrong")
    assert offer.letter == case.messages.get().body
    assert [(part.item, part.line, part.fixed_amount, part.gross_amount, part.left_amount) for part in offer.parts.all()] == [
        (case.items.get(), line_of("M1"), D("4.94"), D("4.94"), D("4.94"))
    ]
    credit, back = steps_of(offer)
    assert (credit.kind, credit.state, back.kind, back.state) == ("CREDIT", "DONE", "RETURN", "WAITING")
    assert credit.correction is not None
    assert credit.correction.credit_note.number == came_to(incident)["M1"]
    assert incident_of([credit, back]) == incident
    # Nothing was paid, so it ends by itself; the second note would be a second credit.
    assert (case_execution.put_right(), case_execution.put_right()) == (1, 0)
    assert (now(case).state, rules(case)[-2:]) == ("RESOLVED", ["T17", "T18"])
    assert line_of("M1").credits.count() == 1
    assert not case.items.filter(is_open=True).exists()
    clean()


def test_it_is_resolved_once_the_refund_has_arrived(run: Callable[..., Incident], billed: Operator, finance: User) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    case = opened("M1", claimed_amount=D("4.94"))
    run()
    assert put_right(case).state == "EXECUTING"
    due = RefundDue.objects.get()
    assert due.amount == ADA
    pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    assert put_right(case).state == "RESOLVED"
    body = case.messages.order_by("pk").last().body
    # Her other line is on the same credit note.
    assert "Paid back: 5.07 GBP, for what was wrong beside this charge as well." in body
    assert Correction.objects.filter(document=line_of("M1").document).count() == 1
    assert balance("2050") == 0
    clean()


def test_where_nobody_said_an_amount_it_has_to_be_everything(run: Callable[..., Incident]) -> None:
    whole, half = opened("M1"), opened("A1")
    # Of the receipt a half is left, of hers nothing: 2.00 were taken back before.
    take_back(of("Ada"), "2.00")
    incident = run("50")
    assert (now(whole).state, now(half).state) == ("NEW", "NEW")
    incident = run("100")
    case = now(whole)
    assert (case.state, case.claimed_amount) == ("AGREED", D("2.47"))
    assert [event.kind for event in case.events.order_by("seq")][-4:] == ["replied", "sorted", "moved", "done"]
    assert case.events.get(kind="sorted").actor == incident.decided_by
    assert (now(half).state, now(half).claimed_amount) == ("AGREED", D("2.00"))
    clean()


def test_a_smaller_claim_is_conceded_as_it_was_claimed(run: Callable[..., Incident], billed: Operator) -> None:
    """1.00 of 6.67 net, 8.00 gross: nothing is credited by the share, so the nearest net stands beside it."""
    member, partner = opened("M1", claimed_amount=D("2.00")), opened("P1", claimed_amount=D("1.00"))
    run("50")
    shares = {
        case.number: list(case.offers.get().parts.values_list("fixed_amount", "gross_amount")) for case in (member, partner)
    }
    assert shares == {member.number: [(D("2.00"), D("2.00"))], partner.number: [(D("0.83"), D("1.00"))]}
    # What the note really took of the line stands with the step.
    amounts = [step.amounts for step in ExecutionStep.objects.filter(kind="CREDIT").order_by("pk")]
    assert amounts == [{str(line_of("M1").pk): "2.470"}, {str(line_of("P1").pk): "3.340"}]
    clean()


def test_two_cases_on_one_document_share_its_credit_note_and_count_it_once(
    run: Callable[..., Incident], billed: Operator, finance: User
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    cases = [opened("M1", claimed_amount=D("4.94")), opened("M2")]
    run()
    assert [put_right(case).state for case in cases] == ["EXECUTING", "EXECUTING"]
    assert len({step.correction_id for step in ExecutionStep.objects.filter(kind="CREDIT")}) == 1
    assert balance("2050") == -ADA
    # Whose account would it be?
    assert [account_wanted(now(case), AT) for case in cases] == [False, False]
    due = RefundDue.objects.get()
    figures = statistics(entity=billed.entity, span=YEAR, by="cause").total.figures
    assert figures.given == {"GBP": Given(incident=ADA)}
    pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    assert [put_right(case).state for case in cases] == ["RESOLVED", "RESOLVED"]
    figures = statistics(entity=billed.entity, span=YEAR, by="cause").total.figures
    # As the journal has it: one credit note, one refund.
    assert (figures.given, figures.counts["whole"]) == ({"GBP": Given(incident=ADA)}, 2)
    assert sum(note.gross_amount for note in Document.objects.filter(kind="CREDIT_NOTE", corrects=line_of("M1").document)) == ADA
    assert (RefundDue.objects.count(), balance("2050")) == (1, 0)
    clean()


def test_one_case_on_two_documents_has_a_step_for_each_and_one_letter_for_both(run: Callable[..., Incident]) -> None:
    case = opened("A1", "A2", claimed_amount=D("7.00"))
    incident = run()
    offer = current_offer(now(case))
    assert offer is not None
    assert [(step.kind, step.state) for step in steps_of(offer)] == [
        ("CREDIT", "DONE"), ("CREDIT", "DONE"), ("RETURN", "WAITING"),
    ]  # fmt: skip
    body = case.messages.get().body
    assert "we take back 7.00 GBP" in body
    assert all(came_to(incident)[number] in body for number in ("A1", "A2"))
    assert {one.case for one in IncidentLetter.objects.filter(customer=None)} == {case}
    assert put_right(case).state == "RESOLVED"
    clean()


def test_two_lines_on_one_document_are_one_step_and_the_account_is_the_drivers(
    run: Callable[..., Incident], billed: Operator
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    case = opened("M1", "M2", claimed_amount=D("5.00"))
    run()
    put_right(case)
    offer = current_offer(now(case))
    assert offer is not None
    assert [part.gross_amount for part in offer.parts.all()] == [D("4.94"), D("0.06")]
    assert [step.kind for step in steps_of(offer)] == ["CREDIT", "RETURN"]
    # All of the credit note is what the case is about.
    assert account_wanted(now(case), AT)


def test_a_partner_gets_credit(run: Callable[..., Incident], billed: Operator) -> None:
    roamer = of("Roamer")
    received(billed, roamer.gross_amount, (roamer, roamer.gross_amount))
    case = opened("P1", claimed_amount=D("8.00"))
    run()
    offer = current_offer(now(case))
    assert offer is not None
    assert (offer.given_as, put_right(case).state, RefundDue.objects.count()) == ("CREDIT", "RESOLVED", 0)
    assert balance("2000") == D("-8.00")
    clean()


def test_above_the_limit_the_second_person_is_the_incidents(run: Callable[..., Incident], agent: User, finance: User) -> None:
    case = investigated(agent, "M1", claimed_amount=D("4.94"))
    limit(case, "1.00")
    # What waits for a second person meanwhile does not count any more.
    answer(case=case, terms=terms(case, "4.00"), role=Role.AGENT, actor=agent, at=OPENED)
    assert list(cases_for_second()) == [case]
    run()
    offer = current_offer(now(case))
    assert offer is not None
    assert (now(case).state, offer.version, offer.needs_second) == ("AGREED", 2, True)
    word = OfferConfirmation.objects.get()
    assert (word.offer, word.accepted, word.by) == (offer, True, finance)
    assert list(cases_for_second()) == []
    assert put_right(case).state == "RESOLVED"
    assert line_of("M1").credits.count() == 1
    clean()


@pytest.mark.parametrize("state", ["TRIAGE", "INVESTIGATING", "AWAITING_CUSTOMER", "DEADLOCK"])
def test_wherever_a_supervisor_may_concede_it_ends(
    run: Callable[..., Incident], agent: User, supervisor: User, state: str
) -> None:
    if state == "TRIAGE":
        case = opened("M1", claimed_amount=D("4.94"))
        Case.objects.filter(pk=case.pk).update(assignee=agent)
        move(case=now(case), target=State.TRIAGE, role=Role.AGENT, actor=agent, at=OPENED)
    else:
        case = investigated(agent, "M1", claimed_amount=D("4.94"))
    if state in ("AWAITING_CUSTOMER", "DEADLOCK"):
        said = {"target": State(state), "role": Role.SUPERVISOR, "actor": supervisor, "said": Said(text="Which car?")}
        move(case=case, at=OPENED, **said)  # type: ignore[arg-type]
    assert now(case).state == state
    run()
    assert (now(case).state, put_right(case).state) == ("AGREED", "RESOLVED")
    clean()


def test_an_acquirer_that_takes_it_afterwards_holds_the_end_up(run: Callable[..., Incident], billed: Operator) -> None:
    received(billed, ADA, (of("Ada"), ADA), method="TERMINAL")
    case = opened("M1", claimed_amount=D("4.94"))
    run()
    taken(written(line_of("M1").document))
    assert case_execution.put_right() == 0
    assert now(case).state == "AGREED"


def test_every_driver_is_told_once_although_the_case_moves(run: Callable[..., Incident], billed: Operator) -> None:
    sends_mail(billed)
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    cases = [opened("M1", claimed_amount=D("4.94")), opened("M2")]
    run()
    assert [now(case).state for case in cases] == ["AGREED", "AGREED"]
    assert OutgoingMail.objects.filter(body__contains="we take back 5.07 GBP").count() == 1
    assert [case.messages.count() for case in cases] == [1, 1]
    assert [put_right(case).state for case in cases] == ["RESOLVED", "RESOLVED"]
    assert [OutgoingMail.objects.filter(body__contains=f"complaint {case.number} is done").count() for case in cases] == [1, 1]


def test_killed_and_run_again_each_case_is_conceded_once(
    billed: Operator, supervisor: User, finance: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened("M1", claimed_amount=D("4.94"))
    incident = approved(proposed(billed, supervisor), finance)
    ids = sorted(incident.lines.values_list("document_id", flat=True))
    with transaction.atomic():
        credit_documents(incident=incident, document_ids=ids, actor=finance, at=AT)
    with transaction.atomic():
        tell(incident=incident, recipients=untold(incident, 50), at=AT)
        assert now(case).state == "AGREED"
        # As if it had been killed before this was stored.
        transaction.set_rollback(True)
    assert (now(case).state, Offer.objects.count()) == ("NEW", 0)
    for _ in range(2):
        with transaction.atomic():
            tell(incident=incident, recipients=untold(incident, 50), at=AT)
    assert carried_out(incident).state == "done"
    assert (now(case).state, Offer.objects.count(), case.messages.count()) == ("AGREED", 1, 1)
    assert ExecutionStep.objects.filter(kind="CREDIT").count() == 1
    assert [event.key for event in case.events.exclude(key="")][-2:] == [
        f"incident:{incident.pk}",
        f"step:case:{Offer.objects.get().pk}:1",
    ]
    clean()


def test_another_incident_goes_on_where_only_the_money_is_waited_for(
    run: Callable[..., Incident], billed: Operator, finance: User
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    case = opened("M1", claimed_amount=D("2.00"))
    run("50")
    assert put_right(case).state == "EXECUTING"
    found = planned(billed, of_percent("60"))
    assert ("M1" in {one.line.session_number for one in found.lines}, found.ended) == (True, set())
    again = run("60")
    assert came_to(again)["M1"].startswith("CN-")
    assert (now(case).state, case.offers.count(), case.messages.count()) == ("EXECUTING", 1, 2)
    # The case waits for what ended it, not for the rest.
    due = RefundDue.objects.order_by("pk")[0]
    pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    assert put_right(case).state == "RESOLVED"
    clean()


def test_a_case_that_was_merged_since_is_answered_and_ended_where_it_went(
    billed: Operator, supervisor: User, finance: User
) -> None:
    case, into = opened("M1", claimed_amount=D("4.94")), opened("M2", claimed_amount=D("5.07") - D("4.94"))
    incident = approved(proposed(billed, supervisor), finance)
    ids = sorted(incident.lines.values_list("document_id", flat=True))
    with transaction.atomic():
        credit_documents(incident=incident, document_ids=ids, actor=finance, at=AT)
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=None, at=AT, said=Said(into=into))
    sort_case(case=now(into), cause="ENERGY", claimed_amount=ADA, role=Role.AGENT, actor=None, at=AT)
    carried_out(incident)
    assert (now(case).state, now(into).state) == ("MERGED", "AGREED")
    assert [part.gross_amount for part in into.offers.get().parts.order_by("-gross_amount")] == [D("4.94"), D("0.13")]
    assert ExecutionStep.objects.filter(kind="CREDIT").count() == 1
    assert IncidentLetter.objects.get(customer__name="Ada").case == into
    clean()


def test_what_is_owed_for_more_than_the_case_is_not_paid_with_its_reference(
    run: Callable[..., Incident], billed: Operator, finance: User
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    case = opened("M1", claimed_amount=D("4.94"))
    run()
    put_right(case)
    due = RefundDue.objects.get()
    refund = pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    mark_failed(refund=refund, reason="wrong account", actor=finance, at=timezone.now() + timedelta(hours=2))
    assert put_right(case, hours=3).state == "STUCK"
    outside = {
        "reference": "at the desk",
        "method": "CASH",
        "paid_on": OPENED.date(),
        "actor": finance,
        "at": timezone.now() + timedelta(hours=5),
    }
    with refused("owed_for_more"):
        paid_outside(case=now(case), **outside)
    assert (now(case).state, due.refunds.count()) == ("STUCK", 1)
    pay_by_hand(due=due, key="2", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    assert paid_outside(case=now(case), **outside).state == "RESOLVED"
    assert due.refunds.count() == 2
    clean()


def test_a_refund_that_failed_before_the_case_was_begun_is_finances(
    run: Callable[..., Incident], billed: Operator, finance: User
) -> None:
    received(billed, ADA, (of("Ada"), ADA))
    case = opened("M1", claimed_amount=D("4.94"))
    run()
    due = RefundDue.objects.get()
    refund = pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    mark_failed(refund=refund, reason="wrong account", actor=finance, at=AT)
    case = put_right(case)
    assert (case.state, case.events.last().reason) == ("STUCK", "The refund of GBP 5.07 did not go through.")


def test_how_many_it_asks_does_not_depend_on_how_many_cases(billed: Operator, django_assert_num_queries: Any) -> None:
    one = {opened("M1"): ["M1"]}
    three = one | {opened("M2"): ["M2"], opened("A1", "A2"): ["A1", "A2"]}

    def taken_of(cases: dict[Case, list[str]]) -> dict[int, list[Taken]]:
        lines = {case.pk: [line_of(number) for number in numbers] for case, numbers in cases.items()}
        return {pk: [Taken(one.pk, one.gross_amount, one.gross_amount) for one in of] for pk, of in lines.items()}

    for cases in (one, three):
        taken_now = taken_of(cases)
        with django_assert_num_queries(6):
            found = covers(list(cases), taken_now, is_done=False)
        assert found.keys() == {case.pk for case in cases}
    assert covers([], {}, is_done=False) == {}


def test_the_pages_say_which_cases_it_ends(billed: Operator, supervisor: User, finance: User, client: Client) -> None:
    ended, answered = opened("M1", claimed_amount=D("2.00")), opened("A1")
    client.force_login(supervisor)
    preview = words_of(client.get("/disputes/incidents/new/?from=2018-09-01&until=2018-10-01&remedy=PERCENT&percent=50"))
    assert "open cases answered 2 of them ended by it 1" in preview
    assert f"Open cases: {ended.number} (ends), {answered.number} ." in preview
    incident = proposed(billed, supervisor, of_percent("50"))
    page = f"/disputes/incident/{incident.pk}/change/"
    waits = words_of(client.get(page))
    assert "Open cases 2 to be answered; 1 of them gets all that is claimed and ends by it" in waits
    assert f"{ended.number} nothing yet new" in waits
    carried_out(approved(incident, finance))
    put_right(ended)
    done = words_of(client.get(page))
    assert f"{ended.number} ended it: it got all that is claimed resolved" in done
    assert f"{answered.number} answered it new" in done
    card = words_of(client.get(f"/disputes/case/{ended.pk}/change/"))
    assert "Conceded GBP 2.00 the bill is corrected" in card
    assert "Done by an incident, which gave back all that is claimed: Wrong meter" in card
    assert "GBP 2.54 for other charges, too Done" in card


def test_what_was_proposed_before_this_was_counted_is_shown(
    billed: Operator, supervisor: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened("M1")

    def as_before(of: Any) -> dict[str, Any]:
        return {name: value for name, value in figures_of(of).items() if name != "cases_ended"}

    monkeypatch.setattr(incidents, "figures_of", as_before)
    incident = proposed(billed, supervisor)
    client.force_login(supervisor)
    assert "Open cases 1 to be answered Proposed by" in words_of(client.get(f"/disputes/incident/{incident.pk}/change/"))


@pytest.mark.parametrize(
    ("language", "waits", "ends", "back"),
    [
        ("en", "the bill. What was paid too much goes back.", "have corrected the bill. It is settled.", "Taken back"),
        ("de", "Was zu viel bezahlt wurde, geht zurück.", "wir haben die Rechnung berichtigt. Es ist geklärt.", "Zurückgenommen"),
    ],
)  # fmt: skip
def test_the_driver_reads_that_there_was_a_fault(
    run: Callable[..., Incident], billed: Operator, finance: User, client: Client, language: str, waits: str, ends: str, back: str
) -> None:
    receipt = line_of("A1").document
    received(billed, receipt.gross_amount, (receipt, receipt.gross_amount))
    case = opened("A1", claimed_amount=D("3.00"))
    run()
    page = f"{path_to(case)}?lang={language}"
    put_right(case)
    text = words_of(client.get(page))
    assert waits in text
    # An unknown driver's receipt is all there is on the credit note: they are asked where the money goes.
    assert "IBAN" in text
    due = RefundDue.objects.get()
    pay_by_hand(due=due, key="1", amount=due.amount, method="CASH", paid_on=OPENED.date(), actor=finance, at=AT)
    put_right(case)
    text = words_of(client.get(page))
    assert ends in text
    assert f"{back} {'4,00' if language == 'de' else '4.00'}" in text
    assert "greed" not in text.replace("If we can’t agree", "").replace("If we can't agree", "")


def test_drivers_of_a_partner_read_about_their_own_charges(
    run: Callable[..., Incident], billed: Operator, client: Client
) -> None:
    billed.bring(row("P2", token="X2", token_issuer="NL-RMR-C2-1", energy_kwh="10", day="2018-09-25"))
    billed.issue(at=datetime(2018, 10, 3, 9, tzinfo=UTC))
    sends_mail(billed)
    Customer.objects.filter(name="Roamer").update(email="roamer@example.com")
    said = {"P1": Contact("Ada", "ada@example.com", "en"), "P2": Contact("Bea", "bea@example.com", "de")}
    cases = {number: opened(number, contact=contact, claimed_amount=None) for number, contact in said.items()}
    carried_out(approved(proposed(billed, User.objects.get(username="dispute-supervisor")), User.objects.get(username="finance")))

    letters = {number: case.messages.get().body for number, case in cases.items()}
    assert "we take back 9.60 GBP" not in letters["P1"]
    assert letters["P1"].startswith("Hello Ada,")
    assert "It is credited to Roamer, your contract party, who settles it with you." in letters["P1"]
    assert "Es wird Roamer, Ihrem Vertragspartner, gutgeschrieben" in letters["P2"]
    mails = dict(OutgoingMail.objects.filter(body__contains="credit").values_list("to", "body"))
    assert set(mails) >= {"roamer@example.com", "ada@example.com"}
    assert OutgoingMail.objects.filter(to="bea@example.com", body__contains="gutgeschrieben").count() == 1
    page = words_of(client.get(f"{path_to(now(cases['P1']))}?lang=en"))
    assert "It is credited to your contract party, who settles it with you." in page
    assert "goes back" not in page
