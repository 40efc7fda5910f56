"""An incident as its pages and its files show it: what it comes to, why bills are left alone, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from chargebill.core.money import round_money
from chargebill.portal.spreadsheets import Cell, csv_lines, safe_rows
from disputes.incident_cover import last_of
from disputes.incident_lines import BEFORE, CREDITED, DECIDED, FREE, SAME, UNKNOWN, Planned, PlannedLine
from disputes.incident_models import Incident, IncidentLetter, IncidentLine
from disputes.models import Case, CaseEvent
from disputes.operations.incident_telling import key_of
from disputes.outcome_models import ExecutionStep
from disputes.workflow.states import STATE_WORDS, State

# Why nothing is taken back of a line, in words.
UNTOUCHED = {
    CREDITED: "was taken back whole before: nothing to do",
    BEFORE: "as much was taken back before: nothing to do",
    FREE: "costs nothing",
    SAME: "nothing was charged for this part",
    DECIDED: "something was offered or agreed about it in a case: put right there",
    UNKNOWN: "its price can’t be worked out again, because another system made it: choose a percentage for these",
}
HEADER = (
    "session", "started_utc", "place", "evse", "document", "customer_number", "customer", "partner", "currency", "stands_at",
    "taken_back", "case", "what_becomes_of_it",
)  # fmt: skip
KEPT_HEADER = (
    "session", "started_utc", "place", "evse", "document", "customer_number", "customer", "currency", "taken_back",
    "credit_note", "left_alone_because", "told",
)  # fmt: skip


def sums_of(planned: Planned) -> list[dict[str, Any]]:
    return [
        {"currency": code, **{name: getattr(one, name) for name in ("before", "back", "after", "taken_off", "given_back")},
         "to_partners": one.to_partners, "lines": one.lines}
        for code, one in planned.sums.items()
    ]  # fmt: skip


def kept_sums(incident: Incident) -> list[dict[str, Any]]:
    """The same, as it was when it was proposed."""
    return [
        {"currency": code, **{name: value if name == "lines" else Decimal(value) for name, value in one.items()}}
        for code, one in incident.figures["sums"].items()
    ]


def untouched_of(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(UNTOUCHED[why], counts[why]) for why in UNTOUCHED if counts.get(why)]


def planned_csv(planned: Planned) -> Iterator[str]:
    """Every line there is, those left alone, too."""
    return csv_lines(HEADER, safe_rows(_planned_rows(planned)))


def _planned_rows(planned: Planned) -> Iterator[list[Cell]]:
    for one in planned.lines:
        said = "credit for the partner" if one.line.document.customer_kind == "PARTNER" else "taken back"
        yield [*_about(one.line), *_amounts(one), one.case.number if one.case else "", said]
    for why, lines in planned.untouched.items():
        for line in lines:
            yield [*_about(line), round_money(line.gross_amount, line.document.currency), Decimal(0), "", UNTOUCHED[why]]


def _amounts(one: PlannedLine) -> list[Cell]:
    currency = one.line.document.currency
    return [round_money(one.left_gross, currency), round_money(one.gross, currency)]


def _about(line: Any) -> list[Cell]:
    document = line.document
    customer = document.customer
    return [
        line.session_number, line.started_at.replace(tzinfo=None), line.place, line.evse, document.number,
        customer.number if customer else "", customer.name if customer else "",
        "yes" if document.customer_kind == "PARTNER" else "", document.currency,
    ]  # fmt: skip


def kept_csv(incident: Incident) -> Iterator[str]:
    """What was proposed, and what became of each line so far."""
    return csv_lines(KEPT_HEADER, safe_rows(_kept_rows(incident)))


def _kept_rows(incident: Incident) -> Iterator[list[Cell]]:
    told = {(one.customer_id, one.document_id): told_how(one) for one in letters_of(incident)}
    rows = incident.lines.select_related("line", "document__customer", "outcome__credit_note").order_by("pk")
    for row in rows.iterator(chunk_size=2000):
        outcome, customer = getattr(row, "outcome", None), row.document.customer
        note = outcome.credit_note if outcome else None
        whom = (customer.pk, None) if customer else (None, row.document_id)
        about = _about_kept(row)
        yield [
            *about, round_money(row.gross_amount, row.document.currency), note.number if note else "",
            outcome.why if outcome else "", told.get(whom, "") if note else "",
        ]  # fmt: skip


def _about_kept(row: IncidentLine) -> list[Cell]:
    line, document = row.line, row.document
    customer = document.customer
    return [
        line.session_number, line.started_at.replace(tzinfo=None), line.place, line.evse, document.number,
        customer.number if customer else "", customer.name if customer else "", document.currency,
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case about an incident's lines: ``came`` says what the incident did there, ``stands`` where it is now."""

    case: Case
    went_into: Case | None
    came: str
    stands: str


def cases_shown(incident: Incident, most: int) -> tuple[list[CaseShown], int]:
    """The first of them, and how many there are. Six queries."""
    rows = Case.objects.filter(pk__in=incident.lines.filter(case__isnull=False).values("case")).order_by("pk")
    cases, count = list(rows[:most]), rows.count()
    last = last_of(cases)
    ids = [case.pk for case in last.values()]
    notes = incident.lines.filter(outcome__credit_note__isnull=False).values("outcome__credit_note")
    ended = ExecutionStep.objects.filter(offer__case__in=ids, correction__in=notes).values_list("offer__case", flat=True)
    answered = CaseEvent.objects.filter(case__in=ids, key=key_of(incident)).values_list("case", flat=True)
    did = dict.fromkeys(answered, "answered it") | dict.fromkeys(ended, "ended it: it got all that is claimed")
    nothing = {"done": "left it alone", "refused": "nothing"}.get(incident.state, "nothing yet")
    return [
        CaseShown(case, into if into != case else None, did.get(into.pk, nothing), STATE_WORDS[State(into.state)])
        for case, into in ((case, last[case.pk]) for case in cases)
    ], count


def letters_of(incident: Incident) -> QuerySet[IncidentLetter]:
    return incident.letters.select_related("customer", "document", "case", "mail").order_by("pk")


def told_how(letter: IncidentLetter) -> str:
    if letter.case:
        return f"in case {letter.case.number}"
    return f"mail to {letter.mail}" if letter.mail else "nobody: no address is known"
