"""How cases are said: whose turn it is, which deadline comes next, what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import capfirst

from chargebill.portal import format as written
from chargebill.portal.disputes.roles import Worker
from disputes.chargeback_models import Chargeback
from disputes.chargeback_queries import BEFORE
from disputes.chargebacks import OWED
from disputes.models import Case, CaseEvent
from disputes.operations.clock_steps import CLOSED_FROM
from disputes.outside_models import OutsideRequest
from disputes.outside_queries import due_at
from disputes.workflow.durations import UNITS, Turn, Unit
from disputes.workflow.states import ROLE_WORDS, STATE_WORDS, Clock, Role, State

TURNS = {
    Turn.US: "We owe an answer",
    Turn.FINANCE: "Finance has to act",
    Turn.DRIVER: "Waiting for the driver",
    Turn.NEUTRAL: "Waiting for the neutral person",
    Turn.NOBODY: "Ended",
}
CLOCKS = {
    Clock.ACKNOWLEDGE: "the driver gets the case number",
    Clock.FIRST_REPLY: "first reply",
    Clock.INADMISSIBLE: "say whether it is admissible",
    Clock.TRIAGE: "sort it",
    Clock.INVESTIGATE: "investigate",
    Clock.FINAL_POSITION: "final position",
    Clock.AWAITING_CUSTOMER: "the driver answers",
    Clock.OFFER: "the driver answers the offer",
    Clock.DEADLOCK: "the driver asks for an independent review",
    Clock.MEDIATION: "mediation",
    Clock.EVIDENCE: "evidence for the arbitrator",
    Clock.AWARD: "award",
    Clock.AWARD_ANSWER: "the driver answers the award",
    Clock.EXECUTION: "put it right",
    Clock.STUCK: "Finance clears what is stuck",
    Clock.SILENCE: "closed if nobody writes",
}
# How settings call them.
LENGTHS: Mapping[Clock, str] = {
    Clock.ACKNOWLEDGE: "Case number",
    Clock.FIRST_REPLY: "First reply",
    Clock.INADMISSIBLE: "Say whether it is admissible",
    Clock.TRIAGE: "Sorting",
    Clock.INVESTIGATE: "Investigation",
    Clock.FINAL_POSITION: "Final position",
    Clock.AWAITING_CUSTOMER: "The driver answers a question",
    Clock.OFFER: "An offer is valid",
    Clock.DEADLOCK: "The driver asks for an independent review",
    Clock.MEDIATION: "Mediation",
    Clock.EVIDENCE: "Evidence in arbitration",
    Clock.AWARD: "Award",
    Clock.AWARD_ANSWER: "The driver answers an award",
    Clock.EXECUTION: "Putting it right",
    Clock.STUCK: "Finance clears what is stuck",
    Clock.SILENCE: "Closed after silence",
}


def unit_words(clock: Clock) -> str:
    return {Unit.MINUTES: "minutes", Unit.BUSINESS_DAYS: "business days", Unit.CALENDAR_DAYS: "calendar days"}[UNITS[clock]]


@dataclass(frozen=True, slots=True)
class Due:
    """The next deadline of a case in words. ``left`` says how long, or since when it is over."""

    what: str
    by: str
    left: str
    is_over: bool
    escalation: int

    def __str__(self) -> str:
        return f"{self.by} ({self.left})"


def due_of(case: Case, at: datetime) -> Due | None:
    acquirer = case.chargeback_due_at
    if acquirer is not None and (case.next_due_at is None or acquirer < case.next_due_at):
        left, over = span(abs(acquirer - at)), acquirer <= at
        zone = case.entity.time_zone or "UTC"
        return Due("answer the acquirer", by(acquirer, zone), f"{left} {'late' if over else 'left'}", over, 0)
    if case.next_due_at is None:
        return None
    over = case.next_due_at <= at
    left = span(abs(case.next_due_at - at))
    if over and is_kept_open(case):
        due = by(case.next_due_at, case.entity.time_zone or "UTC")
        return Due("was to be closed, an outside request keeps it open", due, f"{left} ago", is_over=False, escalation=0)
    return Due(
        what=CLOCKS[Clock(case.next_clock)],
        by=by(case.next_due_at, case.entity.time_zone or "UTC"),
        left=f"{left} late" if over else f"{left} left",
        is_over=over,
        escalation=case.escalation,
    )


def is_kept_open(case: Case) -> bool:
    """Whether the clock that closes it has run out and an outside request keeps it from that: nothing else does."""
    return case.state in CLOSED_FROM and case.wake_at is None and case.next_due_at is not None


def due_to_body(request: OutsideRequest, at: datetime) -> Due | None:
    """When an outside request must be answered; None once it has ended."""
    if not request.is_open:
        return None
    due = due_at(request)
    over, left = due <= at, span(abs(due - at))
    words, zone = f"answer the {request.body_words or 'request'}", request.entity.time_zone or "UTC"
    return Due(words, by(due, zone), f"{left} {'late' if over else 'left'}", over, 0)


def due_to(chargeback: Chargeback, at: datetime) -> Due | None:
    """When its acquirer must be answered, 48 hours before the acquirer's own date; None where no answer is owed."""
    if chargeback.status not in OWED or chargeback.is_answered:
        return None
    due, zone = chargeback.due_by - BEFORE, chargeback.entity.time_zone or "UTC"
    left = f"{span(abs(due - at))} {'late' if due <= at else 'left'}"
    return Due(f"the acquirer’s date: {by(chargeback.due_by, zone)}", by(due, zone), left, due <= at, 0)


def by(at: datetime, zone: str) -> str:
    """A deadline as people say it: a midnight is the end of the day before."""
    local = at.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute) == (0, 0):
        day = local - timedelta(hours=12)
        return f"end of {day:%a} {written.day(day.date())}"
    return f"{local:%a} {written.moment(at, zone)}"


def span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h" if days < 10 and hours else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a case's history."""

    at: datetime
    icon: str
    text: str
    by: str
    reason: str


ICONS = {
    "moved": "trending_flat",
    "escalated": "timer",
    "assigned": "person",
    "sorted": "rule",
    "contact": "alternate_email",
    "took_over": "merge",
    "prepared": "group",
    "seconded": "group",
    "done": "done_all",
    "outside": "account_balance",
}
OUTSIDE = {
    "linked": "{} asks about it: evidence frozen, no clock closes it",
    "removed": "{} does not ask about it any more",
    "answered": "{} has an answer",
    "closed": "{}: closed without an answer",
}


def told(event: CaseEvent) -> Told:
    data: dict[str, Any] = event.data
    text = {
        "moved": f"{STATE_WORDS[State(event.to_state)].capitalize()}" if event.to_state else "",
        "acknowledged": "The driver has the case number",
        "assigned": f"Given to {data.get('to', '')}",
        "sorted": "Sorted anew: what seems wrong, or what is claimed",
        "contact": _written_to(data),
        "took_over": f"Took over {data.get('case', '')} with its items and its earlier deadlines",
        "escalated": _escalated(data),
        "prepared": f"Version {data.get('offer', '')} of an answer waits for a second person",
        "seconded": f"Version {data.get('offer', '')}: {'agreed to' if data.get('accepted') else 'refused'}",
        "outside": OUTSIDE.get(data.get("did", ""), "{}").format(data.get("request", "")),
        "done": f"Done: {str(data.get('what', '')).lower().replace('_', ' ')}",
    }.get(event.kind, event.get_kind_display())
    who = str(event.actor) if event.actor else capfirst(ROLE_WORDS[Role(event.role)])
    if event.rule:
        text = f"{text} ({event.rule})" if not data.get("into") else f"{text} into {data['into']} ({event.rule})"
    return Told(event.at, ICONS.get(event.kind, "chat"), text, who, event.reason)


def _written_to(data: Mapping[str, Any]) -> str:
    if "contact_email" not in data:
        return "Whom we write to was corrected"
    old, new = data["contact_email"]
    return f"Written to {new or 'no address'}, no longer to {old}" if old else f"Written to {new}"


def _escalated(data: Mapping[str, Any]) -> str:
    if not data.get("clock"):
        return ""
    what, percent = CLOCKS[Clock(data["clock"])], data["percent"]
    return f"Deadline missed: {what}" if percent == 100 else f"{percent} % of the time is over: {what}"


def working_as(worker: Worker | None) -> str:
    return "" if worker is None else ROLE_WORDS[worker.role].removeprefix("a ")
