"""Outside requests: evidence frozen, nothing closed while one is open, a pack of it that is the same bytes every time."""

import hashlib
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from chargebill.core.chores import run_chores
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity, User
from disputes.clocks import check_all, histories
from disputes.desk import desk_of
from disputes.evidence_queries import bundle_of, verified_here
from disputes.facts import Said, facts_of
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.clock_steps import close_what_was_kept_open, ring_clocks
from disputes.operations.events import refresh
from disputes.operations.moves import lock_case, move, step
from disputes.operations.outside import Asked, change_request, record_request
from disputes.operations.outside_answers import answer_request, close_request, make_pack
from disputes.operations.outside_links import link_case, unlink_case
from disputes.operations.thread import add_message
from disputes.outside_models import OutsideLink, OutsidePack, OutsideRequest
from disputes.outside_queries import SOON, due_at, due_within, keeping_open
from disputes.workflow.moves import refusal
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, Operator, opened
from tests.disputes.moves import ALL_HOLDS

AT = OPENED + timedelta(hours=1)
TODAY = AT.date()
R = OutsideRequest


def asked(**more: Any) -> Asked:
    given: dict[str, Any] = {
        "body": "Ofgem", "body_kind": "REGULATOR", "reference": "OFG-118", "contact": "Ms Grey, 10 South Colonnade, London",
        "received_on": TODAY, "due_on": TODAY + timedelta(days=14), "asks": "Why was the driver charged?\nSend the readings.",
        **more,
    }  # fmt: skip
    return Asked(**given)


def came(*cases: Case, actor: User | None = None, at: datetime = AT, **more: Any) -> OutsideRequest:
    return record_request(entity=LegalEntity.objects.earliest("pk"), asked=asked(**more), cases=list(cases), actor=actor, at=at)


def answered(request: OutsideRequest, pack: OutsidePack | None = None, **more: Any) -> OutsideRequest:
    given: dict[str, Any] = {
        "text": "The meter was wrong.",
        "on": TODAY,
        "sent_how": "by e-mail",
        "actor": None,
        "at": AT,
        **more,
    }
    return answer_request(request=request, pack=pack, **{**given, **more})


def rung(case: Case, days: int = 120) -> Case:
    """Wakes the case whenever it asks for it, for so many days, as a worker would."""
    for _ in range(100):
        case.refresh_from_db()
        if case.wake_at is None or case.wake_at > AT + timedelta(days=days):
            break
        ring_clocks(case=case, at=case.wake_at)
    case.refresh_from_db()
    return case


@pytest.fixture
def case(billed: Operator) -> Case:
    return opened("M1")


@pytest.fixture
def in_deadlock(case: Case) -> Case:
    with transaction.atomic():
        case = lock_case(case)
        step(case=case, target=State.DEADLOCK, role=Role.SYSTEM, actor=None, at=AT, said=Said())
    return case


def resolved(case: Case) -> Case:
    """As the end of carrying it out leaves it."""
    with transaction.atomic():
        case = lock_case(case)
        for state, rule in ((State.AGREED, "T23"), (State.EXECUTING, "T17"), (State.RESOLVED, "T18")):
            CaseEvent.objects.create(
                case=case, seq=case.events.count() + 1, at=AT, kind="moved", role="system", rule=rule, from_state=case.state,
                to_state=state,
            )  # fmt: skip
            case.state = state
        refresh(case, "state")
    return case


def test_linking_freezes_and_signs_the_evidence_and_says_so_in_the_case(case: Case, supervisor: User) -> None:
    add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body="We look.", role=Role.AGENT, actor=supervisor, at=AT)
    assert not case.manifests.exists()
    request = came(case, actor=supervisor)
    manifest = case.manifests.get()
    link = request.links.get()
    assert (link.manifest, link.added_by, manifest.version) == (manifest, supervisor, 1)
    assert case.evidence.filter(path="messages-1.json").exists()
    found = verified_here(bundle_of(case))
    assert (found.problems, found.about["case"], found.version) == ((), case.number, 1)
    assert case.events.get(kind="outside").data == {"request": "Ofgem OFG-118", "did": "linked"}
    trail = AuditEvent.objects.filter(action__startswith="outside.")
    assert set(trail.values_list("action", "actor")) == {("outside.link", supervisor.pk), ("outside.record", supervisor.pk)}
    assert check_all()[1] == []


def test_linking_twice_is_once_and_signs_nothing_anew(case: Case) -> None:
    request = came(case)
    before = (case.manifests.count(), case.evidence.count(), CaseEvent.objects.count(), AuditEvent.objects.count())
    first = request.links.get()
    assert link_case(request=request, case=case, actor=None, at=AT + timedelta(hours=1)) == first
    assert (case.manifests.count(), case.evidence.count(), CaseEvent.objects.count(), AuditEvent.objects.count()) == before


def test_a_second_request_freezes_what_came_since(case: Case, agent: User) -> None:
    came(case)
    add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body="We look.", role=Role.AGENT, actor=agent, at=AT)
    second = came(case, reference="OFG-119")
    assert [link.manifest.version for link in OutsideLink.objects.order_by("pk")] == [1, 2]
    assert second.links.get().manifest.items > 8


def test_a_case_in_deadlock_is_closed_by_its_clock_only_once_the_request_is_answered(in_deadlock: Case) -> None:
    request = came(in_deadlock)
    case = rung(in_deadlock)
    # Everything was said, nothing is left to ring: no worker looks at it every few seconds.
    assert (case.state, case.wake_at) == ("DEADLOCK", None)
    assert case.events.filter(kind="escalated", data__percent=100, data__clock="deadlock").count() == 1
    letters = case.messages.count()
    assert close_what_was_kept_open() == 0
    answered(request)
    run_chores()
    assert close_what_was_kept_open() == 0
    case.refresh_from_db()
    assert (case.state, case.events.filter(kind="moved").last().rule) == ("CLOSED", "T24")  # type: ignore[union-attr]
    assert case.messages.count() == letters + 1
    assert check_all()[1] == []


def test_a_resolved_case_is_closed_only_once_the_request_is_closed(case: Case) -> None:
    request = came(case)
    case = rung(resolved(case))
    assert (case.state, case.wake_at) == ("RESOLVED", None)
    assert close_what_was_kept_open() == 0
    close_request(request=request, reason="They withdrew it.", actor=None, at=AT)
    assert close_what_was_kept_open() == 1
    case.refresh_from_db()
    assert (case.state, case.events.filter(kind="moved").last().rule) == ("CLOSED", "T20")  # type: ignore[union-attr]


def test_without_a_request_the_same_clock_closes_it(in_deadlock: Case) -> None:
    assert rung(in_deadlock).state == "CLOSED"


def test_two_requests_keep_it_open_until_both_have_ended_or_do_not_mean_it(in_deadlock: Case, supervisor: User) -> None:
    first, second = came(in_deadlock), came(in_deadlock, reference="OFG-119")
    case = rung(in_deadlock)
    answered(first)
    assert close_what_was_kept_open() == 0
    unlink_case(request=second, case=case, actor=supervisor, at=AT)
    assert close_what_was_kept_open() == 1
    with pytest.raises(UserError, match="not linked to it any more"):
        unlink_case(request=second, case=case, actor=supervisor, at=AT)


def test_a_case_whose_time_is_not_over_waits_for_its_clock(in_deadlock: Case) -> None:
    answered(came(in_deadlock))
    in_deadlock.refresh_from_db()
    assert in_deadlock.wake_at is not None
    assert rung(in_deadlock).state == "CLOSED"


@pytest.mark.parametrize(
    ("source", "target"),
    [("RESOLVED", "CLOSED"), ("DEADLOCK", "CLOSED"), ("MEDIATION", "CLOSED"), ("AWARDED", "CLOSED")],
)
def test_every_clock_that_closes_is_refused_by_name(case: Case, source: str, target: str) -> None:
    came(case, reference="OFG-120", due_on=TODAY + timedelta(days=30))
    came(case)
    facts = facts_of(case=case, said=Said(), history=histories([case.pk])[case.pk], desk=desk_of(case.entity), at=AT)
    assert facts.outside_request == "Ofgem OFG-118"
    held = type(facts)(**{**ALL_HOLDS, "outside_request": facts.outside_request})  # type: ignore[arg-type]
    refused = refusal(State(source), State(target), Role.SYSTEM, held)
    assert refused is not None
    assert (refused.code, refused.message) == ("no_outside_request", "It stays open until Ofgem OFG-118 is answered.")


def test_the_driver_may_still_take_it_back(case: Case) -> None:
    came(case)
    assert move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=AT).state == "WITHDRAWN"


def test_a_merged_case_takes_whoever_asks_along(case: Case, agent: User) -> None:
    into = opened("M2")
    request = came(case)
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=agent, at=AT, said=Said(into=into))
    assert {link.case for link in request.links.all()} == {case, into}
    assert into.manifests.count() == 1
    other = came(reference="OFG-119")
    with pytest.raises(UserError, match=f"merged into {into.number}: add that one"):
        link_case(request=other, case=Case.objects.get(pk=case.pk), actor=None, at=AT)


def test_a_case_of_another_company_is_refused_by_the_desk_and_by_the_database(case: Case) -> None:
    other = LegalEntity.objects.create(name="Other Ltd", country="GB", base_currency="GBP", time_zone="Europe/London")
    request = record_request(entity=other, asked=asked(), cases=[], actor=None, at=AT)
    with pytest.raises(UserError, match=f"{case.number} is a case of .*Nothing was changed") as refused:
        link_case(request=request, case=case, actor=None, at=AT)
    assert refused.value.code == "other_company"
    with pytest.raises(UserError):
        record_request(entity=other, asked=asked(reference="B"), cases=[case], actor=None, at=AT)
    assert (R.objects.count(), OutsideLink.objects.count(), case.manifests.count()) == (1, 0, 0)
    ours = came(case, reference="C")
    link = ours.links.get()
    with pytest.raises(DatabaseError, match="its own company"), transaction.atomic():
        OutsideLink.objects.create(request=request, case=case, manifest=link.manifest, added_at=AT)


def test_what_was_answered_never_changes(case: Case) -> None:
    request = came(case)
    pack = make_pack(request=request, actor=None, at=AT)
    made = answered(request, pack, sent_how="  by registered\tletter ")
    assert (made.answer, made.answered_on, made.sent_how) == ("The meter was wrong.", TODAY, "by registered letter")
    for again in (
        lambda: answered(request), lambda: close_request(request=request, reason="x", actor=None, at=AT),
        lambda: link_case(request=request, case=case, actor=None, at=AT),
        lambda: unlink_case(request=request, case=case, actor=None, at=AT),
        lambda: change_request(request=request, asked=asked(body="X"), actor=None, at=AT),
    ):  # fmt: skip
        with pytest.raises(UserError, match="Nothing was changed") as refused:
            again()
        assert refused.value.code == "ended"
    rows: tuple[tuple[Any, dict[str, Any]], ...] = (
        (R, {"answer": "x"}), (R, {"state": "OPEN"}), (R, {"due_on": date(2030, 1, 1)}), (OutsideLink, {"removed_at": AT}),
        (OutsidePack, {"cover": "x"}),
    )  # fmt: skip
    for model, change in rows:
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        R.objects.all()._raw_delete("default")
    with pytest.raises(DatabaseError, match="while an outside request is open"), transaction.atomic():
        OutsidePack.objects.create(request=made, cover="", contents=[], size=0, sha256="1" * 64, made_at=AT)


WRONG = (
    ({"body": " "}, "body"), ({"body": "x" * 121}, "body"), ({"reference": ""}, "reference"),
    ({"body_kind": "KING"}, "body_kind"),
    ({"received_on": TODAY + timedelta(days=1)}, "received_on"), ({"received_on": date(1999, 1, 1)}, "received_on"),
    ({"due_on": TODAY - timedelta(days=1)}, "due_on"), ({"due_on": date(9999, 12, 31)}, "due_on"), ({"asks": "\n"}, "asks"),
    ({"asks": "x" * 10_001}, "asks"), ({"contact": "x" * 501}, "contact"), ({"language": "fr"}, "language"),
)  # fmt: skip


@pytest.mark.parametrize(("more", "where"), WRONG)
def test_a_wrong_request_is_refused_and_nothing_changed(case: Case, more: dict[str, Any], where: str) -> None:
    with pytest.raises(UserError, match="Nothing was changed") as refused:
        came(case, **more)
    assert refused.value.where == where
    assert (R.objects.count(), case.manifests.count()) == (0, 0)


def test_the_same_letter_twice_is_refused_also_by_changing_another(case: Case) -> None:
    came(case)
    with pytest.raises(UserError, match="entered before"):
        came()
    other = came(reference="OFG-119")
    with pytest.raises(UserError, match="entered before"):
        change_request(request=other, asked=asked(), actor=None, at=AT)
    assert R.objects.count() == 2


def test_what_was_typed_in_is_put_right_and_the_trail_says_what(billed: Operator, supervisor: User) -> None:
    request = came()
    change_request(
        request=request, asked=asked(due_on=TODAY + timedelta(days=21), assignee=supervisor), actor=supervisor, at=AT
    )  # fmt: skip
    event = AuditEvent.objects.get(action="outside.change")
    assert event.changes == {"due_on": ["2018-10-23", "2018-10-30"], "assignee": [None, str(supervisor)]}
    assert "changed the last day for an answer, who looks after it" in event.summary
    change_request(
        request=request, asked=asked(due_on=TODAY + timedelta(days=21), assignee=supervisor), actor=supervisor, at=AT
    )  # fmt: skip
    assert AuditEvent.objects.filter(action="outside.change").count() == 1


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"text": " "}, "answer"), ({"sent_how": ""}, "sent_how"), ({"on": TODAY + timedelta(days=1)}, "answered_on"),
        ({"on": TODAY - timedelta(days=1)}, "answered_on"), ({"text": "x" * 10_001}, "answer"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_refused_and_it_stays_open(billed: Operator, more: dict[str, Any], where: str) -> None:
    request = came()
    with pytest.raises(UserError, match="Nothing was changed") as refused:
        answered(request, **more)
    assert refused.value.where == where
    with pytest.raises(UserError, match="Say why"):
        close_request(request=request, reason=" ", actor=None, at=AT)
    assert R.objects.get().state == "OPEN"


def test_the_last_day_ends_at_midnight_of_the_company(billed: Operator) -> None:
    """London is an hour ahead of UTC in October: 23 October is over there at 23:00 UTC."""
    request = came(due_on=date(2018, 10, 23))
    end = datetime(2018, 10, 23, 23, tzinfo=UTC)
    assert due_at(request) == end
    before, minute = end - timedelta(minutes=1), timedelta(minutes=1)
    assert not R.objects.filter(due_within(None, before)).exists()
    assert R.objects.filter(due_within(None, end + minute)).get() == request
    assert R.objects.filter(due_within(SOON, end - timedelta(days=8) + minute)).exists()
    assert not R.objects.filter(due_within(SOON, end - timedelta(days=8) - minute)).exists()


def test_at_most_fifty_cases_hang_on_one_request(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disputes.operations.outside_links.MOST_CASES", 1)
    with pytest.raises(UserError, match="holds 1 cases at most"):
        came(case, opened("M2"))
    assert R.objects.count() == 0


def test_the_command_writes_the_pack_by_reference_or_number(case: Case, tmp_path: Path) -> None:
    request = came(case)
    out = tmp_path / "pack.zip"
    said = StringIO()
    call_command("export_outside_request", "OFG-118", "--out", str(out), stdout=said)
    printed = json.loads(said.getvalue())
    content = out.read_bytes()
    assert printed == {
        "request": request.pk, "body": "Ofgem", "reference": "OFG-118", "state": "OPEN", "cases": 1, "out": str(out),
        "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    answered(request, OutsidePack.objects.get())
    call_command("export_outside_request", str(request.pk), "--out", str(out), stdout=StringIO())
    assert out.read_bytes() == content
    assert AuditEvent.objects.filter(action="outside.download", changes__sha256=printed["sha256"]).count() == 2
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path)
    call_command("verify_case", str(tmp_path / "cases" / f"{case.number}.zip"), stdout=StringIO())


@pytest.mark.parametrize(("named", "code"), [("nothing", "no_request"), ("OFG-7", "no_pack")])
def test_the_command_says_what_is_missing(
    billed: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, code: str
) -> None:
    close_request(request=came(reference="OFG-7"), reason="Withdrawn.", actor=None, at=AT)
    with pytest.raises((SystemExit, CommandError)):
        call_command("export_outside_request", named, "--out", str(tmp_path / "x.zip"))
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["error"]["code"] == code
    assert not (tmp_path / "x.zip").exists()


def test_a_merge_into_another_case_is_not_stopped_by_a_request_that_is_full(
    case: Case, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an agent does with two cases does not hang on how many a regulator asks about."""
    request, into = came(case), opened("M2")
    monkeypatch.setattr("disputes.operations.outside_links.MOST_CASES", 1)
    with pytest.raises(UserError, match="holds 1 cases at most"):
        link_case(request=request, case=into, actor=agent, at=AT)
    move(case=case, target=State.MERGED, role=Role.AGENT, actor=agent, at=AT, said=Said(into=into))
    assert {link.case for link in request.links.all()} == {case, into}
    assert keeping_open(into) == [request]
    assert {one["case"] for one in make_pack(request=request, actor=agent, at=AT).contents} == {case.pk, into.pk}
