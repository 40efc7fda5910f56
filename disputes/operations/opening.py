"""Opens a case: takes a number, contests the items, holds the lines."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.operations.contested import hold_lines
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import minor_digits
from disputes.models import Case, CaseEvent, Cause, Channel, ContestedItem
from disputes.operations.case_mail import queue_acknowledgement
from disputes.operations.contacts import Contact, checked_contact
from disputes.operations.events import refresh, write
from disputes.operations.evidence import collect
from disputes.operations.moves import clean_text
from disputes.settings_models import CaseCounter
from disputes.subjects import Subject, after_declined_award, in_the_way, taken
from disputes.workflow.durations import TURNS
from disputes.workflow.facts import Facts
from disputes.workflow.moves import TABLE, refusal
from disputes.workflow.states import Role, State
from memberships.models import Customer
from stations.models import Session

PREFIX = "D-"
LONGEST_STATEMENT = 10_000


def open_case(
    *,
    subjects: Sequence[Subject],
    customer: Customer | None,
    contact: Contact,
    channel: str,
    cause: str,
    statement: str,
    claimed_amount: Decimal | None,
    role: Role,
    actor: User | None,
    at: datetime,
    mailed: bool = True,
) -> Case:
    """Opens a case about these, one or more of one company and currency, and holds their lines.

    ``claimed_amount`` is gross, None while it is not known. A colleague who opens it has told the driver the number, and the
    driver's own form answers with it; whoever opens it otherwise has it once the mail with it was sent.
    Not ``mailed``: somebody else wrote, so nothing is acknowledged by mail.
    Raises UserError, changing nothing: no_subject, cause, channel, statement, contact_email, claimed_amount, or the name
    of the guard that refuses (subject_is_theirs, item_is_free, no_declined_award).
    """
    entity, currency = _one_company(subjects)
    contact = checked_contact(contact)
    statement = clean_text(statement)
    contested = sum((subject.gross_amount for subject in subjects), Decimal(0))
    if cause not in Cause.values or channel not in Channel.values:
        where = "channel" if cause in Cause.values else "cause"
        raise UserError(where, "Choose what seems wrong, and how it reached you. Nothing was changed.", where)
    if not statement or len(statement) > LONGEST_STATEMENT:
        problem = f"Write what the driver says, in at most {LONGEST_STATEMENT:,} characters. Nothing was changed."
        raise UserError("statement", problem, "statement")
    check_claim(claimed_amount, contested, currency)
    session_ids = sorted({subject.session.pk for subject in subjects})
    with transaction.atomic():
        # Two who contest the same session queue up here.
        bulk.lock_alone(Session, *session_ids)
        facts = _facts(subjects, customer, session_ids)
        if refused := refusal(None, State.NEW, role, facts):
            raise UserError(refused.code, f"{refused.message} Nothing was changed.")
        sequence = _next_number(entity)
        case = Case.objects.create(
            entity=entity, sequence=sequence, number=f"{PREFIX}{sequence:05d}", customer=customer,
            customer_kind=subjects[0].customer_kind, contact_name=contact.name, contact_email=contact.email,
            language=contact.language, channel=channel, cause=cause, statement=statement, currency=currency,
            contested_amount=contested, claimed_amount=claimed_amount, state=State.NEW, opened_by=actor, opened_at=at,
            turn=TURNS[State.NEW],
        )  # fmt: skip
        items = [ContestedItem(case=case, session=one.session, line=one.line, gross_amount=one.gross_amount) for one in subjects]
        ContestedItem.objects.bulk_create(items)
        hold_lines(line_ids=[one.line.pk for one in subjects if one.line], reference=case.number, at=at)
        rule = TABLE[None, State.NEW, role].name
        write(case=case, kind=CaseEvent.Kind.MOVED, role=role, actor=actor, at=at, rule=rule, to_state=State.NEW)
        if role in (Role.AGENT, Role.SUPERVISOR) or channel == Channel.WEB:
            write(case=case, kind=CaseEvent.Kind.ACKNOWLEDGED, role=role, actor=actor, at=at)
        refresh(case)
        events.record(
            action="case.open",
            subject=case,
            summary=f"Case {case.number} opened: {case.get_cause_display().lower()}",
            actor=actor,
            at=at,
            entity=entity,
            changes={"sessions": session_ids, "contested": f"{contested:f}", "currency": currency, "role": role.value},
        )
        if mailed:
            queue_acknowledgement(case=case, actor=actor, at=at)
        collect(case=case, actor=actor, at=at)
    return case


def check_claim(amount: Decimal | None, contested: Decimal, currency: str) -> None:
    """What the driver wants back, at most what is contested. Raises UserError claimed_amount."""
    if amount is None:
        return
    smallest = Decimal(1).scaleb(-minor_digits(currency))
    if not amount.is_finite() or amount <= 0 or amount % smallest or amount > contested:
        raise UserError(
            "claimed_amount",
            f"At most {contested:.{minor_digits(currency)}f} {currency} were charged. Claim that or less, above zero."
            " Nothing was changed.",
            "claimed_amount",
        )


def _one_company(subjects: Sequence[Subject]) -> tuple[LegalEntity, str]:
    found = {(subject.session.entity_id, subject.currency) for subject in subjects}
    if len(found) != 1:
        problem = "Choose what is contested" if not found else "A case is about charges of one company in one currency"
        raise UserError("no_subject", f"{problem}. Nothing was changed.")
    return subjects[0].session.entity, subjects[0].currency


def _facts(subjects: Sequence[Subject], customer: Customer | None, session_ids: list[int]) -> Facts:
    items = taken(session_ids)
    blocking = next((item for subject in subjects if (item := in_the_way(subject, items))), None)
    return Facts(
        subject_is_theirs=all(subject.customer == customer for subject in subjects),
        item_is_free=blocking is None,
        open_case=blocking.case.number if blocking else "",
        award_stands=Case.objects.filter(after_declined_award(session_ids)).exists(),
    )


def _next_number(entity: LegalEntity) -> int:
    """Its row stays locked until the transaction ends: the last lock a case takes."""
    CaseCounter.objects.get_or_create(entity=entity)
    counter = CaseCounter.objects.select_for_update().get(entity=entity)
    counter.next_number += 1
    counter.save(update_fields=["next_number"])
    return counter.next_number - 1
