"""Agreed cases put right: commands for tests/proofs/every_commit.py."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.proofs.commits import count_commits

OPENED = datetime(2018, 10, 9, 9, tzinfo=UTC)
# By session: what is agreed, and how; of A2 the record is put right as well. A1 and M1 were paid, M1 and M2 are one invoice,
# P1 is a roaming partner's.
AGREED = (
    (("A1",), "0.50", {}),
    (("A2",), "0.25", {}),
    (("M1", "M2"), "0.10", {}),
    (("B1",), "0.20", {"way": "GOODWILL"}),
    (("P1",), "1.00", {"given_as": "CREDIT"}),
)


def prepare(folder: str) -> None:
    """A month that is billed, two receipts of it paid, and a case agreed about each of these."""
    from chargebill.core.models import User
    from disputes.offers import open_items
    from disputes.operations.moves import move
    from disputes.operations.offers import Terms, accept_offer, answer, confirm_offer
    from disputes.operations.thread import assign
    from disputes.workflow.states import Role, State
    from stations.corrections import Right
    from tests.disputes.conftest import line_of, opened
    from tests.documents.conftest import make_month
    from tests.payments.conftest import received

    operator = make_month(Path(folder))
    operator.issue()
    for number in ("A1", "M1", "P1"):
        document = line_of(number).document
        received(operator, document.gross_amount, (document, document.gross_amount))
    agent, second = User.objects.create_superuser("agent"), User.objects.create_superuser("second")
    for numbers, amount, more in AGREED:
        case = opened(*numbers, actor=agent)
        assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=OPENED)
        case = move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=OPENED)
        amounts = {one.item.pk: Decimal(amount) for one in open_items(case)}
        given = {"kind": "OFFER", "letter": "We are sorry.", "reason": "meter", **more}
        if numbers == ("A2",):
            given["records"] = {line_of("A2").session_id: Right(energy_kwh=Decimal("6.875"))}
        offer = answer(case=case, terms=Terms(amounts=amounts, **given), role=Role.AGENT, actor=agent, at=OPENED)
        if offer.needs_second:
            confirm_offer(offer=offer, accepted=True, actor=second, at=OPENED)
        accept_offer(case=case, version=1, at=OPENED)


def work(kill_at: str = "0", moment: str = "") -> None:
    """What a worker does, then what Finance pays, then what a worker does; goes on where it was killed. Prints the commits."""
    commits = count_commits(int(kill_at), moment)
    from billing.models import RefundDue
    from billing.operations.refund_moves import pay_by_hand
    from billing.refunds import left_of
    from chargebill import case_execution

    case_execution.put_right()
    at = OPENED + timedelta(days=1)
    for due in RefundDue.objects.order_by("pk"):
        if left := left_of([due.pk])[due.pk]:
            pay_by_hand(due=due, key="paid", amount=left, method="CASH", paid_on=OPENED.date(), actor=None, at=at)
    case_execution.put_right()
    print(json.dumps({"commits": commits()}))  # noqa: T201


def dump() -> None:
    """What there is in the end, whatever keys and clocks, and what is wrong with books, cases and counts."""
    from django.db.models import Count, Sum

    from billing.book_checks import check_books
    from billing.models import (
        BilledDifference,
        DifferenceDecision,
        Document,
        GoodwillGrant,
        OutgoingMail,
        Posting,
        Refund,
        RefundDue,
    )
    from chargebill.analytics.operations import differing
    from disputes.clocks import check_all
    from disputes.models import Case, CaseEvent, CaseMessage, ExecutionStep
    from stations.models import Session, SessionCorrection, SessionRevision

    def rows(found: object) -> list[list[str]]:
        return sorted([str(cell) for cell in one] for one in found)  # type: ignore[attr-defined]

    booked = Posting.objects.order_by().values_list("account__code").annotate(Sum("debit"), Sum("credit"), Count("pk"))
    events = CaseEvent.objects.order_by("case", "seq")
    shown = {
        "cases": rows(Case.objects.order_by().values_list("number", "state")),
        "rules": rows(events.exclude(rule="").values_list("case__number", "seq", "rule")),
        "steps": rows(ExecutionStep.objects.order_by().values_list("offer__case__number", "seq", "kind", "state", "problem")),
        "notes": rows(Document.objects.filter(kind="CREDIT_NOTE").values_list("corrects__number", "gross_amount")),
        "records": rows(Session.objects.order_by().values_list("external_id", "energy_kwh", "revision")),
        "put_right": rows(SessionCorrection.objects.values_list("session__external_id", "revision", "reason")),
        "kept": rows(SessionRevision.objects.values_list("session__external_id", "revision")),
        "differences": DifferenceDecision.objects.count() - BilledDifference.objects.count(),
        "goodwill": rows(GoodwillGrant.objects.values_list("amount", "given_as")),
        "dues": rows(RefundDue.objects.values_list("amount", "source_type")),
        "refunds": rows(Refund.objects.values_list("amount", "state")),
        "told": rows(CaseMessage.objects.filter(kind="TO_DRIVER").values_list("case__number", "body")),
        "mails": OutgoingMail.objects.count(),
        "booked": rows((code, f"{debit:.2f}", f"{credit:.2f}", count) for code, debit, credit, count in booked),
        "breaks": [[one.check, one.message] for one in check_books().breaks],
        "cases_wrong": len(check_all()[1]),
        "rollups_wrong": differing(),
    }
    print(json.dumps(shown))  # noqa: T201


COMMANDS = {"prepare": prepare, "work": work, "dump": dump}
