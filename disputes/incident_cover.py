"""What an incident does about open cases: some decide themselves, some get all they claim and end by it. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q

from billing.document_models import DocumentKind, DocumentLine
from billing.documents import Fixed
from chargebill.core.money import minor_digits, round_money
from disputes.chargeback_queries import blocked
from disputes.incident_models import OF_INCIDENT, Incident, IncidentLine
from disputes.models import Case, CaseEvent, Cause
from disputes.offers import Open, cases_for_second, open_items_of
from disputes.outcome_models import ExecutionStep
from disputes.workflow.states import State

ZERO = Decimal(0)
# What was offered, agreed or awarded in a case is put right there: taken back here as well it would go back twice.
DECIDED_IN_CASE = {State.OFFERED, State.AGREED, State.EXECUTING, State.STUCK, State.AWARDED}
_PUTS_RIGHT = {State.AGREED, State.EXECUTING, State.STUCK}
# Where nothing was offered or awarded, so that a supervisor can concede it (T23) and nobody's answer is waited for.
ENDS_FROM = {State.NEW, State.TRIAGE, State.INVESTIGATING, State.AWAITING_CUSTOMER, State.DEADLOCK}


def decided_in(cases: Iterable[Case]) -> set[int]:
    """Those of the cases that decide about their lines themselves. At most one query.

    Where an incident did all that was agreed, only its money is waited for: what another one finds is taken back, too.
    """
    states = {case.pk: State(case.state) for case in cases}
    found = {pk for pk, state in states.items() if state in DECIDED_IN_CASE}
    waiting = {pk for pk in found if states[pk] in _PUTS_RIGHT}
    steps = ExecutionStep.objects.filter(offer__case__in=waiting).exclude(kind=ExecutionStep.Kind.RETURN)
    did: dict[int, bool] = {}
    for pk, key in steps.values_list("offer__case", "correction__key"):
        did[pk] = did.get(pk, True) and (key or "").startswith(OF_INCIDENT)
    return found - {pk for pk in waiting if did.get(pk)}


@dataclass(frozen=True, slots=True)
class Taken:
    """What an incident takes of one line: on the side the document fixes, and gross."""

    line_id: int
    amount: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """What of it the case claims, of one contested item; ``left`` is what stood on the line before, gross."""

    one: Open
    amount: Decimal
    gross: Decimal
    left: Decimal


# Who says that the charge is not theirs has not got what they claim while some of it is left.
OF_IT_ALL = (Cause.TWICE, Cause.NOT_ME)


@dataclass(frozen=True, slots=True)
class Cover:
    """All that a case claims, by contested item: together ``claimed``; ``taken`` is everything the incident took of it."""

    claimed: Decimal
    shares: tuple[Share, ...]
    taken: tuple[Taken, ...]


def cover_of(incident: Incident, case: Case) -> Cover | None:
    """What its credit notes gave back of what a case claims; None where that is not all of it, or a person has to look."""
    items = list(case.items.order_by("pk"))
    lines = [item.line_id for item in items if item.line_id]
    sessions = [item.session_id for item in items if item.line_id is None]
    rows = incident.lines.filter(Q(line__in=lines) | Q(line__session__in=sessions), outcome__credit_note__isnull=False)
    found = list(rows.filter(case__isnull=False).select_related("case").order_by("pk"))
    last = last_of(row.case for row in found if row.case)
    mine = [row for row in found if last[row.case_id or 0] == case]
    return covers([case], {case.pk: [_taken(row) for row in mine]}, is_done=True).get(case.pk)


def _taken(row: IncidentLine) -> Taken:
    return Taken(row.line_id, row.amount, row.gross_amount)


def covers(cases: Sequence[Case], taken: Mapping[int, Sequence[Taken]], *, is_done: bool) -> dict[int, Cover]:
    """By case that gets all it claims. ``is_done``: the credit notes are there already. Seven queries, however many cases.

    A case that was reopened has new facts: a person looks at it. So does one whose money an acquirer holds, and one where
    the record is to be put right as well and a second person has not agreed yet.
    """
    ids = [case.pk for case in cases if State(case.state) in ENDS_FROM]
    again = set(CaseEvent.objects.filter(case__in=ids, rule="T21").values_list("case", flat=True))
    records = cases_for_second().filter(pk__in=ids, offers__confirmation=None, offers__records__isnull=False)
    able = set(ids) - again - blocked(ids) - set(records.values_list("pk", flat=True))
    opens = open_items_of(able)
    several = _billed_in_parts(one for items in opens.values() for one in items)
    found = {}
    for case in cases:
        if case.pk in able and (cover := _cover(case, opens[case.pk], taken.get(case.pk, ()), several, is_done=is_done)):
            found[case.pk] = cover
    return found


def _billed_in_parts(items: Iterable[Open]) -> set[int]:
    """Sessions contested as a whole that several lines are about: what is left of them no single line says."""
    whole = {one.item.session_id for one in items if one.item.line_id is None}
    rows = DocumentLine.objects.filter(session__in=whole, corrects__isnull=True).exclude(document__kind=DocumentKind.CREDIT_NOTE)
    counted = rows.order_by().values("session").annotate(lines=Count("pk")).filter(lines__gt=1)
    return set(counted.values_list("session", flat=True))


def _cover(case: Case, items: Sequence[Open], taken: Sequence[Taken], several: set[int], *, is_done: bool) -> Cover | None:
    by_line = {one.line_id: one for one in taken}
    pairs = [(one, by_line[one.line.pk]) for one in items if one.line and one.line.pk in by_line]
    total = sum((mine.gross for _, mine in pairs), ZERO)
    claimed = case.claimed_amount
    if claimed is None or case.cause in OF_IT_ALL:
        soon = ZERO if is_done else total
        if any(one.item.session_id in several for one in items) or sum((one.left_gross for one in items), ZERO) > soon:
            return None
    if claimed is None:
        # Nobody said an amount, and nothing is left: what is given is all that can be claimed.
        claimed = min(total, case.contested_amount)
    if not 0 < claimed <= total:
        return None
    shares, rest = [], claimed
    for one, mine in pairs:
        gross = min(rest, mine.gross)
        if gross > 0:
            left = one.left_gross + (mine.gross if is_done else ZERO)
            shares.append(Share(one, _fixed(one, mine, gross, case.currency), gross, left))
            rest -= gross
    return Cover(claimed, tuple(shares), tuple(mine for _, mine in pairs))


def _fixed(one: Open, mine: Taken, gross: Decimal, currency: str) -> Decimal:
    """That share on the side the document fixes. Nothing is credited by it: the incident's credit note did."""
    if gross == mine.gross:
        return mine.amount
    if one.fixed is Fixed.GROSS:
        return gross
    return max(round_money(mine.amount * gross / mine.gross, currency), Decimal(1).scaleb(-minor_digits(currency)))


def last_of(cases: Iterable[Case]) -> dict[int, Case]:
    """By case, the one it went on in: itself where it was not merged. A query for each merge in a row."""
    found = {case.pk: case for case in cases}
    while into := {case.merged_into_id for case in found.values() if case.merged_into_id}:
        there = Case.objects.in_bulk(into)
        found = {pk: there.get(case.merged_into_id or 0, case) for pk, case in found.items()}
    return found
