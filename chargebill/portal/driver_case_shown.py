"""What the page of a case shows to its driver: where it stands, by when, what was said, what was found. Never a note.

Of what colleagues wrote only messages to the driver are read here: no note, no reason of a move, no name of a colleague.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from billing.checks import Verdict
from billing.checks.driver import for_driver
from billing.investigation.stored import findings_in
from billing.operations.document_settings import settings_of
from billing.papers.words import money
from billing.pricing.text import Language, words
from chargebill.core.models import LegalEntity
from chargebill.portal.case_links import path_to
from chargebill.portal.driver_case_offer import offered
from chargebill.portal.driver_case_words import BY_WHEN, FAULT, OF_PARTNER, PHRASES, STANDS, TURNS, by
from chargebill.portal.driver_complaint_words import REASONS
from chargebill.portal.driver_words import interval, moment
from chargebill.portal.session_page import zone_of
from disputes.clocks import History, histories, running_of
from disputes.desk import Desk, desk_of
from disputes.evidence_contents import SHOWN_TO_ALL
from disputes.evidence_models import EvidenceItem
from disputes.facts import Said, facts_of
from disputes.models import Case, CaseMessage
from disputes.workflow.clocks import Running
from disputes.workflow.durations import Turn
from disputes.workflow.log import stays
from disputes.workflow.moves import refusal, targets
from disputes.workflow.states import ENDED, REOPENED_FROM, Clock, Role, State
from memberships.models import CustomerKind

# What the driver reads when it was to be done by us and is not.
# At the end of these a case is closed.
CLOSES = {Clock.DEADLOCK, Clock.SILENCE}
PROMISED = {Clock.FIRST_REPLY, Clock.INVESTIGATE, Clock.FINAL_POSITION, Clock.EXECUTION}


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``is_yours``: the driver wrote it."""

    is_yours: bool
    who: str
    at: str
    body: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """``late``: we have missed it, and what we say of that."""

    text: str
    late: str = ""


def zone_in(case: Case) -> str:
    return case.entity.time_zone or "UTC"


def shown(case: Case, language: Language, at: datetime) -> dict[str, Any]:
    """The page's context: a dozen queries, however much was said."""
    state, said = State(case.state), PHRASES[language]
    history, desk = histories([case.pk])[case.pk], desk_of(case.entity)
    settled = state is State.RESOLVED
    answered = offered(case, language, at, zone_in(case))
    # What we ask for makes it theirs, whoever's clock runs.
    turn = Turn.DRIVER if answered["account"] else Turn(case.turn)
    thread = _thread(case, language, above=answered["offer"]["letter"] if answered["offer"] else "")
    again_until = _again_until(case, history, desk, language, at)
    return {
        "case": case,
        "title": said["title"].format(number=case.number),
        # What is settled is nobody's turn, but no end the driver has to accept: the sentence alone says it better.
        "turn": "" if settled else TURNS[language][turn],
        "is_theirs": turn is Turn.DRIVER,
        "stands": _stands(case, language, by_fault=answered["by_fault"]),
        "merged_into": _merged_into(case, language),
        "deadlines": deadlines(running_of(history, desk), zone_in(case), language, at),
        "is_held": state not in ENDED and case.items.filter(is_open=True, line__isnull=False).exists(),
        "findings": findings_of(case, history, language),
        "charges": _charges(case, language),
        "facts": [*_facts(case, language), *([answered["agreed"]] if answered["agreed"] else [])],
        **answered,
        "thread": thread,
        "may_write": state not in ENDED or settled,
        "asked": state is State.AWAITING_CUSTOMER,
        "question": next((one.body for one in reversed(thread) if not one.is_yours), ""),
        "settled": settled,
        "may_withdraw": State.WITHDRAWN in targets(state, Role.CUSTOMER),
        "again_until": again_until,
        "again_lead": said["again_lead"].format(by=again_until),
        "outside": _outside(case, desk, language),
        "seller": seller_of(case.entity),
    }


def _stands(case: Case, language: Language, *, by_fault: bool) -> str:
    state = State(case.state)
    if by_fault and case.customer_kind == CustomerKind.PARTNER:
        return OF_PARTNER[language]
    if by_fault:
        return FAULT[language][state]
    return STANDS[language][state].format(into=case.merged_into.number if case.merged_into else "")


def deadlines(clocks: Sequence[Running], zone: str, language: Language, at: datetime) -> list[Deadline]:
    """Those a driver counts on, in the order they end. A pause keeps ours from being known: none is named."""
    known = sorted((run for run in clocks if run.due_at and run.clock in BY_WHEN[language]), key=lambda run: run.due_at or at)
    found = []
    for run in known:
        assert run.due_at is not None
        if run.clock in CLOSES and run.due_at <= at:
            # An outside request keeps it open: that it is closed by then is no longer so.
            continue
        when = by(run.due_at, zone, language)
        is_late = run.due_at <= at and run.clock in PROMISED
        text = BY_WHEN[language][run.clock].format(by=when)
        found.append(Deadline(text, PHRASES[language]["late"].format(by=when) if is_late else ""))
    return found


def findings_of(case: Case, history: History, language: Language) -> dict[str, Any] | None:
    """What the checks said last of each contested session, once somebody has begun to look into it; None before. One query.

    ``wrong`` are sentences, ``rest`` says how many others there were.
    """
    if not any(stay.state is State.INVESTIGATING for stay in stays(history.log)):
        return None
    rows = case.evidence.filter(kind=EvidenceItem.Kind.FINDINGS).order_by("seq")
    newest = {item.session_id: item for item in rows}
    wrong, fine, lacking = [], 0, 0
    for item in newest.values():
        findings, currency, _ = findings_in(bytes(item.content).decode())
        for finding in findings:
            if finding.verdict is Verdict.FAIL:
                wrong.append(for_driver(finding, currency, language))
            else:
                fine += finding.verdict is Verdict.PASS
                lacking += finding.verdict is Verdict.NO_DATA
    said = PHRASES[language]
    return {"wrong": list(dict.fromkeys(wrong)), "rest": said["found_rest"].format(fine=fine, lacking=lacking)}


def _merged_into(case: Case, language: Language) -> str:
    """The way to the case it goes on in, where that is the same driver's: cases of one customer may be different people's."""
    into = case.merged_into
    same = into is not None and case.contact_email and case.contact_email.casefold() == into.contact_email.casefold()
    return f"{path_to(into)}?lang={language}" if into and same else ""


def _charges(case: Case, language: Language) -> list[dict[str, str]]:
    """What is contested, a charge once: place, when, how much."""
    items = case.items.select_related("session__location", "session__entity", "session__connector__evse").order_by("pk")
    by_session: dict[int, list[Any]] = {}
    for item in items:
        by_session.setdefault(item.session_id, []).append(item)
    found = []
    for group in by_session.values():
        session, zone = group[0].session, ZoneInfo(zone_of(group[0].session) or "UTC")
        start, end = session.started_at.astimezone(zone), session.ended_at.astimezone(zone)
        when = interval(start, end, language)
        if start.date() == end.date() and start.utcoffset() == end.utcoffset():
            when = f"{words(language).day(start.date())}, {when}"
        amount = sum(item.gross_amount for item in group)
        evse = session.connector.evse
        found.append(
            {
                "place": session.location.name,
                "evse": evse.evse_id or evse.uid,
                "when": when,
                "amount": money(amount, case.currency, language),
            }
        )
    return found


def _facts(case: Case, language: Language) -> list[tuple[str, str]]:
    said = PHRASES[language]
    found = [
        (said["since"], moment(case.opened_at.astimezone(ZoneInfo(zone_in(case))), language)),
        (said["seems"], REASONS[language][case.cause]),
        (said["contested"], money(case.contested_amount, case.currency, language)),
    ]
    if case.claimed_amount is not None:
        found.append((said["claimed"], money(case.claimed_amount, case.currency, language)))
    return found


def _thread(case: Case, language: Language, *, above: str) -> list[Message]:
    """What was said between driver and company, the complaint first; without the letter of the offer that stands above it."""
    you, we, zone = PHRASES[language]["you"], case.entity.name, ZoneInfo(zone_in(case))
    first = Message(True, you, moment(case.opened_at.astimezone(zone), language), case.statement)
    rows = case.messages.filter(kind__in=SHOWN_TO_ALL).order_by("pk")
    theirs = CaseMessage.Kind.FROM_DRIVER
    return [
        first,
        *(
            Message(one.kind == theirs, you if one.kind == theirs else we, moment(one.at.astimezone(zone), language), one.body)
            for one in rows
            if one.kind == theirs or one.body != above
        ),
    ]


def _again_until(case: Case, history: History, desk: Desk, language: Language, at: datetime) -> str:
    """Until when it can be looked at again with something new, "" where it can't."""
    state = State(case.state)
    if state not in REOPENED_FROM:
        return ""
    facts = facts_of(case=case, said=Said(text="?"), history=history, desk=desk, at=at)
    if refusal(state, State.INVESTIGATING, Role.CUSTOMER, facts) is not None:
        return ""
    resolved = [stay.start for stay in stays(history.log) if stay.state is State.RESOLVED][-1]
    return by(desk.calendar.end_of_days(resolved, desk.durations.reopening_days), zone_in(case), language)


def _outside(case: Case, desk: Desk, language: Language) -> list[str]:
    """Where the driver can go, and what an independent review here would be: said plainly."""
    said = PHRASES[language]
    bodies = said["outside_or"].join(desk.outside_bodies) or said["outside_unnamed"]
    return [said["outside_to"].format(bodies=bodies), said["outside_review"].format(company=case.entity.name)]


def seller_of(entity: LegalEntity) -> dict[str, str]:
    """How to reach a company otherwise."""
    settings = settings_of(entity)
    return {"name": entity.legal_name or entity.name, "email": settings.contact_email, "phone": settings.contact_phone}
