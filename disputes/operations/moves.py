"""The one function that moves a case."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from billing.operations.contested import hold_lines, lift_lines
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import round_money
from disputes.chargeback_models import Chargeback
from disputes.clocks import histories
from disputes.desk import desk_of
from disputes.facts import Said, facts_of
from disputes.mail.wording import investigation_began
from disputes.models import Case, CaseEvent, CaseMessage, ContestedItem
from disputes.offers import given_already, open_items
from disputes.operations.events import notify, refresh, say, store_due, write
from disputes.operations.evidence import collect, seal
from disputes.operations.outside_links import hand_over
from disputes.workflow.moves import TABLE, refusal
from disputes.workflow.states import LIFTS_HOLD, REOPENED_FROM, STATE_WORDS, Role, State
from stations.models import Session

LONGEST_TEXT = 20_000
# Somebody takes it up: what was on record when it opened is signed; what is on record now, when it is investigated.
SIGNS_EVIDENCE = {State.TRIAGE, State.INVESTIGATING}
NOBODY_SAID = Said()


def lock_case(case: Case, *others: Case) -> Case:
    """The case as it is now, held until the transaction ends; others with it, in the order of their keys."""
    bulk.lock_alone(Case, *(one.pk for one in (case, *others)))
    return Case.objects.select_related("entity", "customer", "assignee").get(pk=case.pk)


def move(*, case: Case, target: State, role: Role, actor: User | None, at: datetime, said: Said = NOBODY_SAID) -> Case:
    """Moves a case, when the table and the guards allow it: event, hold, clocks and audit event in one transaction.

    Raises UserError, changing nothing: not_in_table, text_too_long, the name of the guard that refuses, or what keeps the
    evidence from being signed (billing/signing.py).
    """
    text = clean_text(said.text)
    with transaction.atomic():
        case = lock_case(case, *([said.into] if said.into else []))
        into = Case.objects.select_related("entity").get(pk=said.into.pk) if said.into else None
        said = replace(said, text=text, reason=said.reason.strip(), into=into)
        source = State(case.state)
        if source in REOPENED_FROM:
            # Whoever contests the same at this moment queues up here, as those who open a case do.
            bulk.lock_alone(Session, *sorted(case.items.values_list("session_id", flat=True)))
        facts = facts_of(case=case, said=said, history=histories([case.pk])[case.pk], desk=desk_of(case.entity), at=at)
        if refused := refusal(source, target, role, facts):
            raise UserError(refused.code, f"{refused.message} Nothing was changed.")
        if text:
            wrote = CaseEvent.Kind.REPLIED if role is not Role.CUSTOMER else CaseEvent.Kind.WROTE
            kind = CaseMessage.Kind.TO_DRIVER if role is not Role.CUSTOMER else CaseMessage.Kind.FROM_DRIVER
            say(case=case, kind=kind, body=text, role=role, actor=actor, at=at, event=wrote)
        step(case=case, target=target, role=role, actor=actor, at=at, said=said)
    return case


def step(*, case: Case, target: State, role: Role, actor: User | None, at: datetime, said: Said) -> None:
    """The move itself, allowed and locked by the caller."""
    source = State(case.state)
    rule = TABLE[source, target, role].name
    data = {
        "code": said.code,
        "into": said.into.number if said.into else "",
        "offer": said.offer.version if said.offer else said.version,
    }
    data = {key: value for key, value in data.items() if value}
    write(
        case=case, kind=CaseEvent.Kind.MOVED, role=role, actor=actor, at=at, reason=said.reason, rule=rule,
        from_state=source, to_state=target, data=data,
    )  # fmt: skip
    case.state = target
    if target is State.MERGED and said.into:
        case.merged_into = said.into
        _hand_over(case, said.into, role, actor, at)
    elif target in LIFTS_HOLD:
        _let_go(case, at)
    elif source in REOPENED_FROM:
        _hold_again(case, at)
        _claim_anew(case, role, actor, at)
    refresh(case, "state", "merged_into", "claimed_amount")
    events.record(
        action="case.move",
        subject=case,
        summary=f"{case.number}: {STATE_WORDS[source]} to {STATE_WORDS[target]}",
        actor=actor,
        at=at,
        entity=case.entity,
        reason=said.reason,
        changes={"rule": rule, "role": role.value, "state": [source.value, target.value], **data},
    )
    if target is State.INVESTIGATING:
        collect(case=case, actor=actor, at=at)
    # No clock and no driver waits for a key that may lie on another machine: whoever goes on with the case signs.
    if target in SIGNS_EVIDENCE and role not in (Role.SYSTEM, Role.CUSTOMER):
        manifest = seal(case=case, actor=actor, at=at)
        if source is State.TRIAGE:
            began = investigation_began(case.language, case.number, version=manifest.version, sha256=manifest.sha256)
            notify(case=case, body=began, at=at)


def clean_text(text: str) -> str:
    """Text for the driver or a note. Raises UserError text_too_long."""
    found = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(found) > LONGEST_TEXT:
        raise UserError("text_too_long", f"Write at most {LONGEST_TEXT:,} characters. Nothing was changed.", "text")
    return found


def _let_go(case: Case, at: datetime) -> list[ContestedItem]:
    """Ends what the case holds; returns the items."""
    items = list(case.items.filter(is_open=True).order_by("pk"))
    lift_lines(reference=case.number, line_ids=[item.line_id for item in items if item.line_id], at=at)
    case.items.filter(is_open=True).update(is_open=False)
    return items


def _hold_again(case: Case, at: datetime) -> None:
    """What it was about when it ended is contested again: whoever reopens it has seen to it that nothing else is."""
    case.items.filter(is_open=False).update(is_open=True)
    hold_lines(line_ids=[pk for pk in case.items.values_list("line_id", flat=True) if pk], reference=case.number, at=at)


def _claim_anew(case: Case, role: Role, actor: User | None, at: datetime) -> None:
    """What was claimed and given is over: whoever looks into it again says what is claimed beyond it."""
    if case.claimed_amount is None or not given_already(open_items(case)):
        return
    data = {"claimed_amount": [f"{round_money(case.claimed_amount, case.currency):f}", ""]}
    write(case=case, kind=CaseEvent.Kind.SORTED, role=role, actor=actor, at=at, data=data)
    case.claimed_amount = None


def _hand_over(case: Case, into: Case, role: Role, actor: User | None, at: datetime) -> None:
    """The items, with their hold, the earliest clock, chargebacks and whoever asks from outside go to the case it is merged
    into."""
    items = _let_go(case, at)
    ContestedItem.objects.bulk_create(
        [ContestedItem(case=into, session_id=i.session_id, line_id=i.line_id, gross_amount=i.gross_amount) for i in items]
    )
    hold_lines(line_ids=[item.line_id for item in items if item.line_id], reference=into.number, at=at)
    earlier = case.events.filter(kind=CaseEvent.Kind.TOOK_OVER).values_list("data__since", flat=True)
    since = min([case.opened_at, *map(datetime.fromisoformat, earlier)])
    data = {"case": case.number, "since": since.isoformat()}
    write(case=into, kind=CaseEvent.Kind.TOOK_OVER, role=role, actor=actor, at=at, data=data)
    into.contested_amount += sum((item.gross_amount for item in items), start=into.contested_amount * 0)
    # Together they claim what each does; where one did not say an amount, nobody said one.
    both = (into.claimed_amount, case.claimed_amount)
    into.claimed_amount = None if None in both else sum(both)
    refresh(into, "contested_amount", "claimed_amount")
    hand_over(case=case, into=into, actor=actor, at=at)
    Chargeback.objects.filter(case=case).update(case=into)
    store_due(case)
    store_due(into)
