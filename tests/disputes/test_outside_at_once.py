"""Outside requests at the same moment: one outcome, nothing half written, nobody who waits in a circle."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from billing.journal_models import SigningKey
from chargebill.core.models import AuditEvent
from disputes.clocks import check_all
from disputes.evidence_queries import bundle_of, verified_here
from disputes.facts import Said
from disputes.models import Case, CaseMessage
from disputes.operations.clock_steps import ring_clocks
from disputes.operations.moves import lock_case, move, step
from disputes.operations.outside import change_request
from disputes.operations.outside_answers import make_pack
from disputes.operations.outside_links import link_case, unlink_case
from disputes.operations.thread import add_message
from disputes.outside_models import OutsideLink, OutsidePack, OutsideRequest
from disputes.outside_queries import keeping_open, pack_bytes
from disputes.workflow.states import Role, State
from tests.at_once import AtOnce
from tests.disputes.conftest import Operator, opened
from tests.disputes.test_outside_requests import AT, TODAY, answered, asked, came

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SOON = AT + timedelta(hours=1)
# Every clock of a case opened at AT has run out by then.
LATE = AT + timedelta(days=400)


@pytest.fixture
def rounds(full_size: bool) -> range:
    return range(1, (50 if full_size else 3) + 1)


def taken_back(*cases: Case) -> None:
    """Ends them, so that the next round can contest the same charges."""
    for case in cases:
        move(case=case, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=SOON)


def merged(case: Case, into: Case) -> Callable[[], Case]:
    return lambda: move(case=case, target=State.MERGED, role=Role.AGENT, actor=None, at=SOON, said=Said(into=into))


def linked(request: OutsideRequest, case: Case) -> Callable[[], OutsideLink]:
    return lambda: link_case(request=request, case=case, actor=None, at=SOON)


def told(case: Case) -> list[str]:
    """What happened to a case, in order: its moves by rule, and what requests did."""
    return [event.rule or event.data["did"] for event in case.events.filter(kind__in=("moved", "outside")).order_by("seq")]


def whole(*cases: Case) -> bool:
    """The log, the columns and the evidence of these cases agree."""
    return check_all()[1] == [] and all(
        verified_here(bundle_of(case)).problems == () for case in cases if case.manifests.exists()
    )


def test_a_case_is_linked_once_whoever_links_it(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, first, second = opened("M1"), came(reference=f"A{number}"), came(reference=f"B{number}")
        deeds = [linked(first, case), linked(first, case), linked(second, case), linked(second, case)]
        assert at_once(*deeds) == ["done"] * 4
        links = OutsideLink.objects.filter(case=case)
        assert set(links.values_list("request", "manifest__version")) == {(first.pk, 1), (second.pk, 1)}
        assert (links.count(), told(case)) == (2, ["T1", "linked", "linked"])
        assert AuditEvent.objects.filter(action="outside.link", changes__case=case.number).count() == 2
        taken_back(case)
        assert whole(case)


def test_the_first_signatures_of_a_company_are_made_with_one_key(
    at_once: AtOnce, billed: Operator, rounds: range, settings: Any, tmp_path: Path
) -> None:
    """No key is in use, and four cases are linked to four requests: none of them waits for another's case."""
    settings.SIGNING_KEYS = tmp_path / "keys"
    cases = [opened(number) for number in ("M1", "M2", "B1", "B2")]
    for number in rounds:
        SigningKey.objects.filter(retired_at__isnull=True).update(retired_at=AT)
        for case in cases:
            add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body="We look.", role=Role.AGENT, actor=None, at=AT)
        requests = [came(reference=f"{case.number} {number}") for case in cases]
        assert at_once(*(linked(request, case) for request, case in zip(requests, cases, strict=True))) == ["done"] * 4
        assert SigningKey.objects.filter(retired_at__isnull=True).count() == 1
        # Nor does a private half lie about that nobody knows the public one of.
        assert SigningKey.objects.count() == len(list(settings.SIGNING_KEYS.glob("*.pem"))) == number
    assert whole(*cases)


def test_the_same_letter_is_entered_once(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, other = opened("M1"), opened("M2")
        deeds = [lambda about=about: came(*about, reference=f"A{number}") for about in ([case], [other], [other, case])]  # noqa: B023
        assert at_once(*deeds) == ["done", "reference_known", "reference_known"]
        made = OutsideRequest.objects.get(reference=f"A{number}")
        assert OutsideLink.objects.exclude(request=made).filter(case__in=[case, other]).count() == 0
        assert made.links.count() in (1, 2)
        taken_back(case, other)
        assert whole(case, other)


def test_a_case_its_clock_closes_is_linked_before_or_after(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, request = opened("M1"), came(reference=f"A{number}")
        with transaction.atomic():
            step(case=lock_case(case), target=State.DEADLOCK, role=Role.SYSTEM, actor=None, at=AT, said=Said())
        clock = [lambda: ring_clocks(case=case, at=LATE)] * 2  # noqa: B023
        assert at_once(linked(request, case), *clock) == ["done"] * 3
        case.refresh_from_db()
        assert (case.state, told(case)) in (
            ("DEADLOCK", ["T1", "T10", "linked"]), ("CLOSED", ["T1", "T10", "T24", "linked"]),
        ), told(case)  # fmt: skip
        assert (case.wake_at, keeping_open(case)) == (None, [request])
        assert whole(case)
        if case.state != "CLOSED":
            taken_back(case)


def test_a_case_that_is_merged_is_linked_with_the_other_or_not_at_all(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, into, request = opened("M1"), opened("M2"), came(reference=f"A{number}")
        came_of = at_once(linked(request, case), merged(case, into), linked(request, case))
        assert came_of in (["done"] * 3, ["done", "done", "merged"], ["done", "merged", "merged"]), came_of
        about = set(request.links.values_list("case", flat=True))
        assert about == (set() if came_of.count("merged") == 2 else {case.pk, into.pk})
        taken_back(into)
        assert whole(case, into)


def test_two_merges_crosswise_and_their_requests_do_not_wait_in_a_circle(
    at_once: AtOnce, billed: Operator, rounds: range
) -> None:
    for number in rounds:
        case, other = opened("M1"), opened("M2")
        first, second = came(case, reference=f"A{number}"), came(other, reference=f"B{number}")
        came_of = at_once(merged(case, other), merged(other, case), lambda: answered(first), lambda: answered(second))  # noqa: B023
        ended = {one.pk for one in (first, second) if OutsideRequest.objects.get(pk=one.pk).state == "ANSWERED"}
        # Whoever answers while a merge adds a case looks at it again.
        assert came_of.count("done") == 1 + len(ended), came_of
        assert came_of.count("changed_since") == 2 - len(ended), came_of
        case.refresh_from_db()
        gone, goes_on = (case, other) if case.state == "MERGED" else (other, case)
        asking = first if gone == case else second
        if asking.pk not in ended:
            assert asking in keeping_open(Case.objects.get(pk=goes_on.pk))
        taken_back(goes_on)
        assert whole(case, other)


def test_a_pack_of_the_same_state_is_made_once(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, other = opened("M1"), opened("M2")
        request = came(case, other, reference=f"A{number}")
        assert at_once(*[lambda: make_pack(request=request, actor=None, at=SOON)] * 4) == ["done"] * 4  # noqa: B023
        pack = OutsidePack.objects.get(request=request)
        assert hashlib.sha256(pack_bytes(pack)).hexdigest() == pack.sha256
        assert AuditEvent.objects.filter(action="outside.pack", object_id=str(request.pk)).count() == 1
        taken_back(case, other)
        assert whole(case, other)


def test_a_request_is_answered_with_a_case_or_the_case_is_refused(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    for number in rounds:
        case, other = opened("M1"), opened("M2")
        request = came(case, reference=f"A{number}")
        pack = make_pack(request=request, actor=None, at=AT)
        came_of = at_once(
            lambda: answered(request, pack),  # noqa: B023
            linked(request, other),
            lambda: make_pack(request=request, actor=None, at=SOON),  # noqa: B023
            lambda: unlink_case(request=request, case=case, actor=None, at=SOON),  # noqa: B023
        )
        request.refresh_from_db()
        about = set(request.links.filter(removed_at__isnull=True).values_list("case", flat=True))
        if request.is_open:
            # Something came before the answer, which was given up for that: what was asked about is what is linked.
            assert "changed_since" in came_of, came_of
            assert about == {other.pk}
        else:
            assert {one.pk for one in (case, other) if told(one)[-1] == "answered"} == about
        taken_back(case, other)
        assert whole(case, other)


def test_the_day_of_an_answer_is_held_against_the_request_as_it_is_then(at_once: AtOnce, billed: Operator, rounds: range) -> None:
    """Somebody puts the day right it came while somebody else says it was answered before that day."""
    before = TODAY - timedelta(days=2)
    for number in rounds:
        request = came(reference=f"A{number}", received_on=before)
        came_of = at_once(
            lambda: change_request(request=request, asked=asked(reference=f"A{number}"), actor=None, at=AT),  # noqa: B023
            lambda: answered(request, on=before),  # noqa: B023
        )
        request.refresh_from_db()
        assert (came_of, request.state, request.received_on) in (
            (["done", "ended"], "ANSWERED", before), (["answered_on", "done"], "OPEN", TODAY),
        ), came_of  # fmt: skip
