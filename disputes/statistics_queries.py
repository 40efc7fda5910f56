"""Reads what statistics need of a company's cases: so many queries, however many cases there are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from billing.chargeback_models import ChargebackEnd
from billing.refund_models import Refund, RefundDueReversal, RefundState
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period
from disputes.chargeback_models import Chargeback
from disputes.desk import Desk, desk_of
from disputes.incident_models import OF_INCIDENT, IncidentLine
from disputes.models import Case, CaseEvent, Cause, Channel, ContestedItem
from disputes.outcome_models import ExecutionStep, Offer
from disputes.statistics.facts import ZERO, CaseFacts, Given, Outcome, outcome_of, times_of
from disputes.workflow.clocks import BREACH
from disputes.workflow.log import Entry, Kind
from disputes.workflow.states import Clock, State
from stations.models import ConnectorStatus

# What cases are grouped by, and what stands there where nothing is known.
DIMENSIONS = {
    "cause": "Reason",
    "place": "Place",
    "connector": "Connector",
    "tariff": "Tariff",
    "firmware": "Firmware",
    "channel": "How it came",
    "outcome": "Outcome",
    "agent": "Looked after by",
}
OUTCOMES = {
    Outcome.WHOLE: "Upheld in whole",
    Outcome.PART: "Upheld in part",
    Outcome.NOT: "Not upheld",
    Outcome.WITHDRAWN: "Withdrawn",
    Outcome.INADMISSIBLE: "Not admissible",
    Outcome.MERGED: "Merged into another",
    Outcome.OPEN: "Still open",
}
SEVERAL, NONE = "*", "-"
_NOTHING = {
    "place": "No place", "connector": "No connector", "tariff": "No tariff of ours", "firmware": "Nobody recorded it",
    "agent": "Nobody",
}  # fmt: skip
_KINDS = {kind.value for kind in Kind}
Key = tuple[str, str]


@dataclass(slots=True)
class _Log:
    """Of one case: its events for the clocks, versions of offers that were agreed, clocks that were missed."""

    entries: list[Entry]
    agreed: set[int]
    missed: set[str]


def cases_of(entity: LegalEntity, span: Period[date], by: str = "") -> list[CaseFacts]:
    """The company's cases opened on days of the span, its own days, the oldest first; merged ones, too.

    Their ``keys`` have every dimension but the firmware, which is looked up where ``by`` asks for it.
    """
    desk = desk_of(entity)
    rows = list(
        _opened(entity, span, desk)
        .order_by("opened_at", "pk")
        .values(
            "pk", "number", "opened_at", "channel", "cause", "customer_kind", "state", "currency", "contested_amount",
            "claimed_amount", "assignee_id", "assignee__username",
        )
    )  # fmt: skip
    mine = Q(case__in=_opened(entity, span, desk).values("pk"))
    logs, places = _logs(mine), _places(mine, by == "firmware")
    agreed, given = _agreed(mine, logs), _given(entity, span, desk)
    return [_facts(row, logs[row["pk"]], desk, places.get(row["pk"], {}), agreed[row["pk"]], given[row["pk"]]) for row in rows]


def _opened(entity: LegalEntity, span: Period[date], desk: Desk) -> QuerySet[Case]:
    rows = Case.objects.filter(entity=entity, opened_at__gte=desk.calendar.moment(span.start)).order_by()
    return rows.filter(opened_at__lt=desk.calendar.moment(span.end)) if span.end else rows


def _facts(row: Mapping[str, Any], log: _Log, desk: Desk, places: Mapping[str, Key], agreed: Decimal, given: Given) -> CaseFacts:
    state = State(row["state"])
    asked = row["contested_amount"] if row["claimed_amount"] is None else row["claimed_amount"]
    # What was agreed may be what a lost chargeback credited.
    outcome = outcome_of(state, asked, max(agreed, given.right) + given.incident)
    agent = (f"={row['assignee_id']}", row["assignee__username"]) if row["assignee_id"] else (NONE, _NOTHING["agent"])
    return CaseFacts(
        pk=row["pk"], number=row["number"], opened_at=row["opened_at"], channel=row["channel"], cause=row["cause"],
        customer_kind=row["customer_kind"], state=state, currency=row["currency"],
        times=times_of(log.entries, desk.calendar, desk.durations.of[Clock.FINAL_POSITION]),
        first_late=Clock.FIRST_REPLY.value in log.missed, final_late=Clock.FINAL_POSITION.value in log.missed,
        outcome=outcome, given=given,
        keys={
            "cause": (f"={row['cause']}", str(Cause(row["cause"]).label)),
            "channel": (f"={row['channel']}", str(Channel(row["channel"]).label)),
            "outcome": (f"={outcome}", OUTCOMES[outcome]),
            "agent": agent,
            **{by: places.get(by, (NONE, _NOTHING[by])) for by in ("place", "connector", "tariff", "firmware")},
        },
    )  # fmt: skip


def _logs(mine: Q) -> dict[int, _Log]:
    found: dict[int, _Log] = defaultdict(lambda: _Log([], set(), set()))
    rows = CaseEvent.objects.filter(mine, kind__in=[*_KINDS, CaseEvent.Kind.ESCALATED]).order_by("case_id", "seq")
    for case, at, kind, state, data in rows.values_list("case_id", "at", "kind", "to_state", "data").iterator(chunk_size=5000):
        log = found[case]
        if kind == CaseEvent.Kind.ESCALATED:
            if data["percent"] == BREACH:
                log.missed.add(data["clock"])
            continue
        since = datetime.fromisoformat(data["since"]) if "since" in data else None
        log.entries.append(Entry(at, Kind(kind), State(state) if state else None, since))
        if state == State.AGREED and "offer" in data:
            log.agreed.add(data["offer"])
    return found


def _places(mine: Q, with_firmware: bool) -> dict[int, dict[str, Key]]:
    """By case: the place, connector, tariff and firmware of what it is about, where that is one; else that it is several."""
    items: Any = ContestedItem.objects.filter(mine).order_by()
    columns = [
        "session__location_id", "session__location__name", "session__connector_id", "session__connector__evse__uid",
        "session__connector__number", "session__chargeable__cdr__tariff_version__tariff_id",
        "session__chargeable__cdr__tariff_version__tariff__name",
    ]  # fmt: skip
    if with_firmware:
        told = ConnectorStatus.objects.filter(connector=OuterRef("session__connector"), at__lte=OuterRef("session__started_at"))
        items = items.annotate(firmware=Subquery(told.exclude(firmware="").order_by("-at", "-id").values("firmware")[:1]))
        columns.append("firmware")
    keys: dict[int, dict[str, set[Key]]] = defaultdict(lambda: defaultdict(set))
    for case, place, name, connector, uid, number, tariff, called, *firmware in items.values_list("case_id", *columns):
        of = keys[case]
        of["place"].add((f"={place}", name))
        of["connector"].add((f"={connector}", f"{uid}-{number}"))
        of["tariff"].add((f"={tariff}", called) if tariff else (NONE, _NOTHING["tariff"]))
        for version in firmware:
            of["firmware"].add((f"={version}", version) if version else (NONE, _NOTHING["firmware"]))
    return {case: {by: _one_of(among) for by, among in of.items()} for case, of in keys.items()}


def _one_of(keys: Iterable[Key]) -> Key:
    found = list(keys)
    return found[0] if len(found) == 1 else (SEVERAL, "Several")


def _agreed(mine: Q, logs: Mapping[int, _Log]) -> dict[int, Decimal]:
    """By case what was agreed in it, gross: a case that was reopened may have agreed more than once.

    What an incident conceded is what it took back: that is counted by its lines.
    """
    found: dict[int, Decimal] = defaultdict(lambda: ZERO)
    by_incident = ExecutionStep.objects.filter(offer=OuterRef("pk"), correction__key__startswith=OF_INCIDENT)
    offers = Offer.objects.filter(mine).exclude(Exists(by_incident)).order_by()
    for case, version, amount in offers.values_list("case_id", "version", "amount"):
        if version in logs[case].agreed:
            found[case] += amount
    return found


def _given(entity: LegalEntity, span: Period[date], desk: Desk) -> dict[int, Given]:
    """By case what was given; what an incident or a chargeback did in a merged case belongs to the one it went into."""
    into = dict(Case.objects.filter(entity=entity, merged_into__isnull=False).order_by().values_list("pk", "merged_into_id"))
    found: dict[int, Given] = defaultdict(Given)
    cases = _opened(entity, span, desk).values("pk")
    done = ExecutionStep.objects.filter(offer__case__in=cases, state=ExecutionStep.State.DONE).order_by()
    # What an incident did for a case is counted below by its lines: one credit note of it may be of several cases.
    steps = done.filter(Q(correction__isnull=True) | ~Q(correction__key__startswith=OF_INCIDENT))
    owner: dict[tuple[str, str], int] = {}
    counted: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    # What a lost chargeback credited is part of what was lost.
    columns = (
        "offer__case_id", "correction_id", "correction__credit_note__gross_amount", "correction__key", "grant_id", "grant__amount"
    )  # fmt: skip
    for case, note, gross, key, grant, amount in steps.values_list(*columns):
        if note and not key.startswith("chargeback:"):
            found[case] += Given(credited=gross)
            owner["document", str(note)] = case
            counted["document", str(note)] = gross
        if grant:
            found[case] += Given(goodwill=amount)
            owner["goodwill", str(grant)] = case
            counted["goodwill", str(grant)] = amount
    for source, amount in _paid_back(steps):
        found[owner[source]] += Given(paid_back=amount)
    # Of every case of the company: one that was opened in these days may have taken over one that was opened before.
    lines = IncidentLine.objects.filter(case__entity=entity, outcome__credit_note__isnull=False).order_by()
    for case, gross, note in lines.values_list("case_id", "gross_amount", "outcome__credit_note"):
        found[_last(case, into)] += Given(incident=gross)
        counted["document", str(note)] += gross
    ends = ChargebackEnd.objects.filter(funds=OuterRef("funds"))
    lost = Chargeback.objects.filter(
        Exists(ends.filter(kind="LOST")), ~Exists(ends.filter(kind="RECOVERED")), case__entity=entity
    )
    right = Subquery(ends.filter(kind="LOST").values("credited"))
    rows = list(lost.order_by("pk").values_list("case_id", "document_id", "funds__amount", right))
    settled = _settled({document for _, document, _, _ in rows}, counted)
    for case, document, amount, credited in rows:
        # What was owed back already and went out this way is counted as what it was owed for.
        before = min(settled[document], credited)
        settled[document] -= before
        found[_last(case, into)] += Given(lost=amount - before, right=credited - before)
    return found


def _settled(documents: Iterable[int], counted: Mapping[tuple[str, str], Decimal]) -> dict[int, Decimal]:
    """By document, what lost chargebacks settled of what was owed back of it, as far as that is counted. One query."""
    rows = RefundDueReversal.objects.filter(due__document__in=documents, due__source_type__in=("document", "goodwill"))
    found: dict[int, Decimal] = defaultdict(lambda: ZERO)
    columns = ("due__document_id", "due__source_type", "due__source_id", "due__amount")
    for document, kind, of, amount in rows.order_by().values_list(*columns):
        found[document] += min(amount, counted.get((kind, of), ZERO))
    return found


def _paid_back(steps: QuerySet[ExecutionStep]) -> list[tuple[tuple[str, str], Decimal]]:
    """Refunds that arrived of what these steps owe back, by what they are owed for. One query."""
    notes = steps.filter(correction__isnull=False).values(key=Cast("correction_id", CharField()))
    grants = steps.filter(grant__isnull=False).values(key=Cast("grant_id", CharField()))
    of_steps = Q(due__source_type="document", due__source_id__in=notes) | Q(
        due__source_type="goodwill", due__source_id__in=grants
    )
    rows = Refund.objects.filter(of_steps, state=RefundState.SUCCEEDED).order_by()
    return [((kind, of), amount) for kind, of, amount in rows.values_list("due__source_type", "due__source_id", "amount")]


def _last(case: int, into: Mapping[int, int]) -> int:
    while case in into:
        case = into[case]
    return case


def written_by_drivers(entity: LegalEntity, span: Period[date]) -> list[tuple[datetime, str, str]]:
    """What drivers wrote on days of the span, after the case was opened: when, and the reason and currency of the case."""
    desk = desk_of(entity)
    assert span.end is not None
    rows = CaseEvent.objects.filter(
        case__entity=entity, kind=CaseEvent.Kind.WROTE, at__gte=desk.calendar.moment(span.start),
        at__lt=desk.calendar.moment(span.end),
    )  # fmt: skip
    return list(rows.order_by("at", "pk").values_list("at", "case__cause", "case__currency"))
