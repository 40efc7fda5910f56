"""What the page of one session tells: its price, what the meter and the connector said, where it came from, what happened."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.difference_models import DecidedDifference
from billing.document_models import BilledDifference, Document
from billing.models import Cdr, Chargeable
from billing.queries import Explanation, explain
from billing.review_models import DecidedSession
from chargebill.core.models import AuditEvent
from chargebill.portal import format as written
from chargebill.portal import session_power, session_price
from memberships.models import Customer
from stations.models import Authorization, Connector, ConnectorStatus, ImportBatch, Location, Session, SessionCorrection

AROUND = timedelta(hours=2)
MOST = 50
# Facts of a revision as a person calls them; the rest of the keys are the same with spaces.
FACT_WORDS = {
    "location_id": "place",
    "connector_id": "connector",
    "energy_kwh": "energy, kWh",
    "charging_s": "charging time, s",
    "duration_s": "duration, s",
    "meter_start_kwh": "meter at start, kWh",
    "meter_stop_kwh": "meter at stop, kWh",
    "local_end_date": "local end date",
    "local_start_minute": "local minute of the week",
    "card_last4": "card ends with",
}
# They follow from other facts: saying them too would hide what really changed.
DERIVED = {"duration_s", "local_end_date", "local_start_minute", "entity_id"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the timeline. ``link`` may be empty."""

    at: datetime
    icon: str
    text: str
    by: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """What an import, or a person's ``correction``, changed: (fact, before, after) in words."""

    number: int
    at: datetime
    batch: ImportBatch
    line_no: int
    changes: list[tuple[str, str, str]]
    correction: SessionCorrection | None


def zone_of(session: Session) -> str:
    return session.location.time_zone or session.entity.time_zone or "UTC"


def context_of(session: Session, *, with_customers: bool) -> dict[str, Any]:
    """Everything the page shows. ``with_customers``: whether names of customers may be among it."""
    standing = Chargeable.objects.filter(pk=session.pk).first()
    explanation = explain(session) if standing else None
    cdr = explanation.cdr if explanation else None
    cdrs = list(session.cdrs.select_related("tariff_version__tariff").order_by("version"))
    revisions = list(_revisions(session))
    statuses = statuses_around(session)
    zone = zone_of(session)
    return {
        "session": session,
        "zone": zone,
        "zone_is_guessed": not session.location.time_zone,
        "idle_s": None if session.charging_s is None else max(session.duration_s - session.charging_s, 0),
        "standing": standing,
        "explanation": explanation,
        "cdr": cdr,
        "customer": cdr.customer if cdr and with_customers else None,
        "has_hidden_customer": bool(cdr and cdr.customer_id and not with_customers),
        "why": _why(explanation, cdr.customer if cdr and not with_customers else None),
        **session_price.context_of(session, explanation, zone),
        "periods": _with_ends(session),
        **session_power.context_of(session, cdr, explanation.lines if explanation else (), statuses, zone),
        "statuses": statuses,
        "authorizations": authorizations_around(session),
        "overlaps": _overlaps(session),
        "revisions": revisions,
        "findings": list(session.findings.order_by("rank")),
        "decisions": _decisions(session),
        "documents": list(Document.objects.filter(lines__session=session).distinct().order_by("pk")),
        "decided_differences": _decided_differences(session),
        "contested": list(session.contested_items.select_related("case").order_by("pk")),
        "difference": BilledDifference.objects.filter(pk=session.pk).first(),
        "timeline": sorted(_timeline(session, cdrs, revisions, standing), key=lambda entry: entry.at),
    }


def _decisions(session: Session) -> list[DecidedSession]:
    """What people decided about it while it was held, the oldest first."""
    rows = session.decisions.select_related("decision__decided_by", "decision__confirmation__by")
    return list(rows.order_by("decision_id"))


def _decided_differences(session: Session) -> list[DecidedDifference]:
    """What people decided when it had changed after it was billed, the oldest first."""
    rows = session.decided_differences.select_related("decision__decided_by", "decision__confirmation", "document")
    return list(rows.order_by("pk"))


def _why(explanation: Explanation | None, hidden: Customer | None) -> list[str]:
    sentences = list(explanation.why) if explanation else []
    return [sentence.replace(str(hidden), "A customer") for sentence in sentences] if hidden else sentences


def _with_ends(session: Session) -> list[tuple[Any, datetime]]:
    """Charging periods with their ends: where the next starts, the last with the session."""
    periods = list(session.periods.order_by("started_at", "id"))
    ends = [period.started_at for period in periods[1:]] + [session.ended_at]
    return list(zip(periods, ends, strict=False))


def statuses_around(session: Session) -> list[ConnectorStatus]:
    """What the connector said from two hours before to two hours after, and what held when that began. Oldest first."""
    of_connector = ConnectorStatus.objects.filter(connector=session.connector_id)
    first = session.started_at - AROUND
    before = of_connector.filter(at__lt=first).order_by("-at", "-id")[:1]
    around = of_connector.filter(at__gte=first, at__lte=session.ended_at + AROUND).order_by("at", "id")[:MOST]
    return [*before, *around]


def authorizations_around(session: Session) -> list[Authorization]:
    if not session.token_uid:
        return []
    asked = Authorization.objects.filter(
        entity=session.entity_id,
        token_uid=session.token_uid,
        at__gte=session.started_at - AROUND,
        at__lte=session.ended_at + AROUND,
    )
    return list(asked.order_by("at", "id")[:MOST])


def _overlaps(session: Session) -> list[Session]:
    """Other sessions of the same EVSE at the same time: it charges one vehicle at a time, so one of them is in doubt."""
    others = Session.objects.filter(
        connector__evse=session.connector.evse_id, started_at__lt=session.ended_at, ended_at__gt=session.started_at
    ).exclude(pk=session.pk)
    return list(others.select_related("connector__evse", "location", "chargeable").order_by("started_at")[:MOST])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _same(before: str, after: str) -> bool:
    try:
        return Decimal(before) == Decimal(after)
    except ArithmeticError:
        return before == after


def _revisions(session: Session) -> Iterator[Revision]:
    """Each change of the facts, the newest first: what came, and what it replaced."""
    kept = list(session.revisions.select_related("batch").order_by("-revision"))
    facts = [{name: _text(value) for name, value in revision.facts.items()} for revision in kept]
    after = {name: _text(getattr(session, name)) for name in (facts[0] if facts else ())}
    names = _names([after, *facts])
    by_hand = {one.revision: one for one in session.corrections.select_related("made_by")} if kept else {}
    came_with = (session.batch, session.line_no)
    for revision, before in zip(kept, facts, strict=True):
        changes = [
            (FACT_WORDS.get(name, name.replace("_", " ")), *(names.get((name, v), v) or written.NOTHING for v in (old, new)))
            for name, old, new in ((name, value, after.get(name, "")) for name, value in before.items())
            if name not in DERIVED and not _same(old, new)
        ]
        number = revision.revision + 1
        yield Revision(number, revision.replaced_at, *came_with, changes, by_hand.get(number))
        after, came_with = before, (revision.batch, revision.line_no)


def _names(facts: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    """What a key of a place or a connector stands for, for the facts where they are kept as keys."""
    found: dict[tuple[str, str], str] = {}
    for column, model in (("location_id", Location), ("connector_id", Connector)):
        keys = {version[column] for version in facts if version.get(column)}
        for row in model.objects.filter(pk__in=keys) if keys else ():
            found[column, str(row.pk)] = str(row)
    return found


def _timeline(session: Session, cdrs: list[Cdr], revisions: list[Revision], standing: Chargeable | None) -> Iterable[Happening]:
    first_batch, first_line = session.batch, session.line_no
    if revisions:
        earliest = session.revisions.select_related("batch").order_by("revision").first()
        assert earliest is not None
        first_batch, first_line = earliest.batch, earliest.line_no
    who = str(first_batch.created_by or "")
    yield Happening(first_batch.created_at, "upload_file", f"Imported from {first_batch.file_name}, line {first_line}", who)
    for revision in revisions:
        if revision.correction:
            # The audit trail tells of it, with who it was.
            continue
        text = f"Changed by {revision.batch.file_name}, line {revision.line_no}: {len(revision.changes)} facts differ"
        yield Happening(revision.at, "edit_note", text, str(revision.batch.created_by or ""))
    for cdr in cdrs:
        by_tariff = f" by {cdr.tariff_version}" if cdr.tariff_version else ""
        text = f"{'Priced' if cdr.version == 1 else 'Priced anew'}{by_tariff}: {written.money(cdr.gross_amount, cdr.currency)}"
        yield Happening(cdr.created_at, "sell", text)
    if standing and standing.state not in (Chargeable.State.READY,):
        yield Happening(standing.changed_at, "flag", f"{standing.get_state_display()}")
    for event in AuditEvent.objects.filter(object_type="stations.session", object_id=str(session.pk)).select_related("actor"):
        yield Happening(event.at, "person", event.summary, str(event.actor or ""))


def raw_fields(batch: ImportBatch, line: str) -> list[tuple[str, str]]:
    """The line's values beside the file's column names, where the file is a CSV of one line per row; else nothing."""
    header = [str(name) for name in batch.header]
    if not line or not header or line.lstrip().startswith(("{", "[")):
        return []
    for delimiter in (",", ";", "\t", "|"):
        values = next(csv.reader([line], delimiter=delimiter), [])
        if len(values) == len(header) and len(values) > 1:
            return list(zip(header, values, strict=True))
    return []
