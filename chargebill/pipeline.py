"""The chunk runner: one transaction stores a chunk of sessions, prices and gates it, and counts it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import chargeables
from billing.billed_differences import pending
from billing.chargeables import Standing, State
from billing.checks import Part, Way
from billing.difference_models import DifferenceDecision
from billing.document_models import BilledDifference, Document
from billing.models import Cdr
from billing.operations import credits, difference_decisions
from billing.operations.decisions import confirm_decision, decide_held
from billing.operations.prices import Priced, Revenue, price_sessions
from billing.review_models import HeldDecision
from chargebill.analytics import operations as analytics
from chargebill.analytics.measures import Counted, Deltas
from chargebill.core import bulk, events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from disputes.operations.settings import recompute as recompute_clocks
from memberships.operations import ensure_tokens
from stations import facts as session_facts
from stations.corrections import Right, correct_session
from stations.facts import SessionFacts
from stations.imports import create_batch, keep_copy, lock_sources, look_through, opened
from stations.ingest.rows import MeterValueRow, Record, Refusal
from stations.models import ImportBatch, Location, QuarantinedRow, Session, SessionCorrection
from stations.operations import Stored, recompute_local_columns, store_chunk
from stations.quarantine import mark_resolved, parse_corrected
from stations.queries import session_ids_of

CHUNK = 2000


def counted(fact: SessionFacts, revenue: Revenue) -> Counted:
    return Counted(
        entity_id=fact.entity_id,
        location_id=fact.location_id,
        day=fact.local_end_date,
        start_minute=fact.local_start_minute,
        started_at=fact.started_at,
        payment_method=fact.payment_method,
        duration_s=fact.duration_s,
        charging_s=fact.charging_s,
        energy_kwh=fact.energy_kwh,
        currency=revenue.currency,
        net=revenue.net,
        gross=revenue.gross,
    )


def price_and_count(
    *, before: dict[int, SessionFacts | None], now: list[SessionFacts], entity_id: int, at: datetime
) -> list[Priced]:
    """Prices sessions of one entity and moves the rollups by new minus old. ``before`` None: it was not there."""
    deltas = Deltas()
    priced = price_sessions(facts=now, entity_id=entity_id, at=at)
    for result in priced:
        # Beside the ones asked for: sessions already stored that these are held against. Their facts are as they were.
        old = before.get(result.facts.id, result.facts)
        if old is not None:
            deltas.add(counted(old, result.revenue_before), -1)
        deltas.add(counted(result.facts, result.revenue), 1)
    analytics.apply(deltas)
    return priced


def take(*, batch: ImportBatch, records: list[Record], at: datetime) -> tuple[Stored, int]:
    """Stores, prices and counts a chunk of a file, in the caller's transaction. Returns what came of it and how many are held."""
    stored = store_chunk(batch=batch, records=records, at=at)
    entity_id = batch.source.entity_id
    if not stored.now:
        _price_with_readings(entity_id, records, at)
        return stored, 0
    ensure_tokens(
        entity_id=entity_id,
        tokens={(f.token_uid, f.token_type, f.token_issuer) for f in stored.now.values() if f.token_uid},
    )
    priced = price_and_count(before=stored.before, now=list(stored.now.values()), entity_id=entity_id, at=at)
    return stored, sum(p.standing.state == State.HELD for p in priced if p.facts.id in stored.now)


def _price_with_readings(entity_id: int, records: list[Record], at: datetime) -> None:
    """Sessions whose readings just came are priced anew: readings say when the energy flowed."""
    named = {r.outcome.session_external_id for r in records if isinstance(r.outcome, MeterValueRow)}
    if not named:
        return
    ids = session_ids_of(entity_id=entity_id, external_ids=named)
    bulk.lock_alone(LegalEntity, entity_id)
    chargeables.lock(ids)
    now = session_facts.load(ids)
    price_and_count(before={f.id: f for f in now}, now=now, entity_id=entity_id, at=at)


def start_import(
    *,
    entity: LegalEntity,
    path: Path,
    file_name: str,
    profile: str,
    mode: str,
    time_zone: str,
    encoding: str,
    actor: User | None,
    at: datetime,
    key: str,
    here: bool = False,
) -> ImportBatch:
    """Takes a file: looks it through whole, keeps a copy, and imports it in the background (``here``: in this process).

    An ``entity`` that is not stored yet is stored with the import. ``profile`` "" is recognized from the header;
    ``encoding`` "" is detected. The same ``key`` again gives the same import. Raises UserError with code, place and
    advice when the file can't be read as it is; nothing is kept then.
    """
    earlier = ImportBatch.objects.filter(job__idempotency_key=key).first()
    if earlier:
        return earlier
    seen = look_through(path=path, entity=entity, profile=profile, time_zone=time_zone, encoding=encoding)
    stored = keep_copy(path)
    try:
        with transaction.atomic():
            if entity.pk is None:
                entity.save()
            job = jobs.create(
                kind="import", title=f"Import of {file_name}", key=key, params=seen.as_params(), actor=actor, total=seen.records
            )
            batch = create_batch(
                job=job,
                entity=entity,
                seen=seen,
                stored=stored,
                file_name=file_name,
                mode=mode,
                time_zone=time_zone,
                actor=actor,
                at=at,
            )
            if not here:
                jobs.queue(job)
    except IntegrityError:
        # Sent twice at once, and the other one was faster.
        if earlier := ImportBatch.objects.filter(job__idempotency_key=key).first():
            return earlier
        raise
    if here:
        jobs.run_here(job)
        batch.refresh_from_db()
    return batch


@jobs.job("import")
def run_import(task: jobs.Running) -> dict[str, Any]:
    """The job behind every import. Goes on after the last whole chunk; ends with the batch's counts."""
    batch = ImportBatch.objects.select_related("source__entity").get(job_id=task.job.pk)
    done = task.checkpoint.get("records", 0)
    with opened(batch, skip=done) as records:
        while chunk := list(islice(records, CHUNK)):
            done += len(chunk)
            with task.chunk(done=done, checkpoint={"records": done}):
                stored, held = take(batch=batch, records=chunk, at=timezone.now())
                batch.rows_read += stored.read
                batch.rows_imported += stored.imported
                batch.rows_updated += stored.updated
                batch.rows_unchanged += stored.unchanged
                batch.rows_quarantined += stored.quarantined
                batch.rows_held += held
                batch.save(
                    update_fields=[
                        "rows_read",
                        "rows_imported",
                        "rows_updated",
                        "rows_unchanged",
                        "rows_quarantined",
                        "rows_held",
                    ]
                )
    return result_of(batch)


def result_of(batch: ImportBatch) -> dict[str, Any]:
    """The figures of an import, as the command prints them."""
    return {
        "batch": batch.pk,
        "profile": batch.source.profile,
        "read": batch.rows_read,
        "imported": batch.rows_imported,
        "updated": batch.rows_updated,
        "unchanged": batch.rows_unchanged,
        "quarantined": batch.rows_quarantined,
        "held": batch.rows_held,
    }


def correct_row(*, row: QuarantinedRow, values: dict[str, str], actor: User, at: datetime) -> Session | None:
    """Takes a quarantined row with a person's values by column. The session it became; None for rows of other kinds.

    Raises UserError with the reason, changing nothing, when the row still can't be taken.
    """
    with transaction.atomic():
        row = QuarantinedRow.objects.select_for_update().select_related("batch__source__entity").get(pk=row.pk)
        if row.state == QuarantinedRow.State.RESOLVED:
            raise UserError("already_corrected", "Somebody has corrected this row already.", f"line {row.line_no}")
        outcome = parse_corrected(row=row, values=values)
        if isinstance(outcome, Refusal):
            raise UserError(outcome.code, outcome.message, outcome.field)
        take(batch=row.batch, records=[Record(row.line_no, row.raw, outcome)], at=at)
        session = Session.objects.filter(source=row.source, external_id=outcome.external_id).first()
        mark_resolved(row=row, values=values, session=session, actor=actor, at=at)
    return session


def create_pricing(
    *, entity: LegalEntity, actor: User | None, key: str, start: datetime | None = None, end: datetime | None = None
) -> Job:
    """A stored job, not yet queued, that prices an entity's sessions anew; the same price again writes nothing.

    ``start`` and ``end`` (exclusive) bound the session start.
    """
    params = {"entity": entity.pk, "start": start and start.isoformat(), "end": end and end.isoformat()}
    title = f"Pricing the sessions of {entity}"
    return jobs.create(kind="price", title=title, key=key, params=params, actor=actor, unit="sessions")


def start_pricing(*, entity: LegalEntity, actor: User | None, at: datetime, key: str) -> Job:
    """Prices all of an entity's sessions anew in the background. The same ``key`` again gives the same job."""
    with transaction.atomic():
        if earlier := Job.objects.filter(idempotency_key=key).first():
            return earlier
        job = create_pricing(entity=entity, actor=actor, key=key)
        jobs.queue(job)
    return job


def _to_price(params: dict[str, Any]) -> Any:
    sessions = Session.objects.filter(entity_id=params["entity"])
    if params.get("location"):
        sessions = sessions.filter(location_id=params["location"])
    if params.get("start"):
        sessions = sessions.filter(started_at__gte=datetime.fromisoformat(params["start"]))
    if params.get("end"):
        sessions = sessions.filter(started_at__lt=datetime.fromisoformat(params["end"]))
    return sessions.order_by("pk").values_list("pk", flat=True)


def _for_each_chunk(task: jobs.Running, work: Callable[[list[int]], None]) -> dict[str, Any]:
    """Calls ``work`` with chunks of session ids in id order, each in its own transaction, from the checkpoint on."""
    ids = _to_price(task.params)
    last, done = task.checkpoint.get("last", 0), task.checkpoint.get("sessions", 0)
    task.beat(total=done + ids.filter(pk__gt=last).count())
    while chunk := list(ids.filter(pk__gt=last)[:CHUNK]):
        last, done = chunk[-1], done + len(chunk)
        with task.chunk(done=done, checkpoint={"last": last, "sessions": done}):
            work(chunk)
    return {"sessions": done}


@jobs.job("price")
def run_pricing(task: jobs.Running) -> dict[str, Any]:
    def work(chunk: list[int]) -> None:
        # Locked before the facts are read: an import that changes one of them comes wholly before or wholly after.
        bulk.lock_alone(LegalEntity, task.params["entity"])
        chargeables.lock(chunk)
        now = session_facts.load(chunk)
        price_and_count(before={f.id: f for f in now}, now=now, entity_id=task.params["entity"], at=timezone.now())

    return _for_each_chunk(task, work)


def decide(
    *,
    entity: LegalEntity,
    session_ids: Sequence[int],
    way: Way,
    part: Part | None = None,
    reason: str,
    actor: User | None,
    at: datetime,
) -> HeldDecision:
    """Decides about held sessions; prices, places and counts follow at once, unless it waits for a second person.

    Raises UserError, changing nothing (billing.operations.decisions).
    """
    with transaction.atomic():
        decision = decide_held(entity=entity, session_ids=session_ids, way=way, part=part, reason=reason, actor=actor, at=at)
        if not decision.needs_second:
            _price_decided(decision, at)
    return decision


def confirm(*, decision: HeldDecision, accepted: bool, actor: User, at: datetime) -> HeldDecision:
    """The second person's word about a decision; prices, places and counts follow. Raises UserError, changing nothing."""
    with transaction.atomic():
        decision = confirm_decision(decision=decision, accepted=accepted, actor=actor, at=at)
        if accepted:
            _price_decided(decision, at)
    return decision


def _price_decided(decision: HeldDecision, at: datetime) -> None:
    ids = list(decision.decided.order_by("session_id").values_list("session_id", flat=True))
    for first in range(0, len(ids), CHUNK):
        now = session_facts.load(ids[first : first + CHUNK])
        price_and_count(before={f.id: f for f in now}, now=now, entity_id=decision.entity_id, at=at)


def correct(
    *,
    document: Document,
    key: str,
    amounts: Mapping[int, Decimal] | None,
    reason: str,
    returned_to: str = "",
    bill_again: bool = False,
    actor: User | None,
    at: datetime,
) -> Document:
    """Issues a credit note (billing.operations.credits); what it frees is priced anew where it is billed again, and counted.

    Raises UserError, changing nothing.
    """
    with transaction.atomic():
        corrected = credits.correct(
            document=document, key=key, amounts=amounts, reason=reason, returned_to=returned_to, bill_again=bill_again,
            actor=actor, at=at,
        )  # fmt: skip
        _count_freed(corrected.freed, document.entity_id, bill_again=bill_again, at=at)
    return corrected.credit_note


def decide_differences(
    *,
    entity: LegalEntity,
    key: str,
    session_ids: Sequence[int],
    way: str,
    returned_to: str,
    reason: str,
    actor: User | None,
    at: datetime,
) -> DifferenceDecision:
    """Decides about sessions that changed after they were billed (billing.operations.difference_decisions), and counts.

    Raises UserError, changing nothing.
    """
    with transaction.atomic():
        decided = difference_decisions.decide(
            entity=entity, key=key, session_ids=session_ids, way=way, returned_to=returned_to, reason=reason, actor=actor, at=at
        )
        _count_decided(decided, at)
    return decided.decision


def confirm_differences(*, decision: DifferenceDecision, accepted: bool, actor: User, at: datetime) -> DifferenceDecision:
    """The second person's word about such a decision; prices, places and counts follow. Raises UserError, changing nothing."""
    with transaction.atomic():
        decided = difference_decisions.confirm(decision=decision, accepted=accepted, actor=actor, at=at)
        _count_decided(decided, at)
    return decided.decision


def correct_record(
    *, session: Session, revision: int, right: Right, key: str, reason: str, actor: User, at: datetime
) -> SessionCorrection | None:
    """Puts right what is on record about a session (stations.corrections), prices it anew and counts it.

    What it is billed stays: whoever asks for this has agreed about the bill, so a difference that comes of it is settled.
    None, changing nothing, where the record is not of this ``revision`` any more: something else was said since.
    The same ``key`` again gives what is there. Raises UserError, changing nothing (stations.corrections).
    """
    with transaction.atomic():
        lock_sources(session.entity_id)
        bulk.lock_alone(LegalEntity, session.entity_id)
        if there := SessionCorrection.objects.filter(key=key).first():
            return there
        (before,) = session_facts.load([session.pk])
        if before.revision != revision:
            return None
        differed = BilledDifference.objects.filter(pk=session.pk).exists()
        now = correct_session(fact=before, right=right, key=key, reason=reason, actor=actor, at=at)
        price_and_count(before={before.id: before}, now=[now], entity_id=session.entity_id, at=at)
        waits = pending().filter(session=session).exists()
        if not (differed or waits) and BilledDifference.objects.filter(pk=session.pk).exists():
            difference_decisions.decide(
                entity=session.entity, key=f"record:{key}", session_ids=[session.pk], way=DifferenceDecision.Way.LEAVE,
                returned_to="", reason=reason, actor=actor, at=at, is_agreed=True,
            )  # fmt: skip
        return SessionCorrection.objects.get(key=key)


def _count_decided(decided: difference_decisions.Decided, at: datetime) -> None:
    again = decided.decision.way == DifferenceDecision.Way.AGAIN
    _count_freed(decided.freed, decided.decision.entity_id, bill_again=again, at=at)


def _count_freed(freed: Sequence[Standing], entity_id: int, *, bill_again: bool, at: datetime) -> None:
    """Sessions that were billed: their price counts no more, or they are priced as if they never had been."""
    for first in range(0, len(freed), CHUNK):
        chunk = freed[first : first + CHUNK]
        now = session_facts.load(standing.session_id for standing in chunk)
        if bill_again:
            price_and_count(before={f.id: f for f in now}, now=now, entity_id=entity_id, at=at)
            continue
        cdrs = Cdr.objects.in_bulk([standing.cdr_id for standing in chunk])
        of = {standing.session_id: cdrs[standing.cdr_id] for standing in chunk if standing.cdr_id}
        deltas = Deltas()
        for fact in now:
            cdr = of[fact.id]
            deltas.add(counted(fact, Revenue(cdr.currency, cdr.net_amount, cdr.gross_amount)), -1)
            deltas.add(counted(fact, Revenue()), 1)
        analytics.apply(deltas)


def change_time_zone(*, location: Location, time_zone: str, actor: User | None, at: datetime) -> Job | None:
    """Sets a place's zone; the local times, prices and counts of its sessions follow in a job. None if nothing changed."""
    entity = location.entity
    return _set_zone(location, time_zone, entity=entity, only={"location": location.pk}, actor=actor, at=at)


def change_company_time_zone(*, entity: LegalEntity, time_zone: str, actor: User | None, at: datetime) -> Job | None:
    """Sets a company's zone, which counts where a place has none; its sessions follow in a job. None if nothing changed.

    What is due of its open cases follows at once: a day begins and a desk opens by the company's clock.
    """
    with transaction.atomic():
        job = _set_zone(entity, time_zone, entity=entity, only={}, actor=actor, at=at)
        if job:
            recompute_clocks(LegalEntity.objects.get(pk=entity.pk))
    return job


def _set_zone(
    owner: Location | LegalEntity,
    time_zone: str,
    *,
    entity: LegalEntity,
    only: dict[str, int],
    actor: User | None,
    at: datetime,
) -> Job | None:
    name = owner._meta.model_name
    with transaction.atomic():
        # Chunks on their way end first, in the old zone; those after see the new one.
        lock_sources(entity.pk)
        stored = type(owner)._default_manager.select_for_update().get(pk=owner.pk)
        if stored.time_zone == time_zone:
            return None
        was, stored.time_zone = stored.time_zone, time_zone
        stored.save(update_fields=["time_zone"])
        events.record(
            action=f"{name}.time_zone",
            subject=stored,
            summary=f"Time zone of {stored} changed",
            actor=actor,
            at=at,
            entity=entity,
            changes={"time_zone": [was, time_zone]},
        )
        return jobs.enqueue(
            kind="time_zone",
            title=f"New local times of {stored}",
            key=f"time_zone:{name}:{stored.pk}:{at.isoformat()}",
            params={"entity": entity.pk, **only},
            actor=actor,
            unit="sessions",
        )


@jobs.job("time_zone")
def run_time_zone(task: jobs.Running) -> dict[str, Any]:
    def work(chunk: list[int]) -> None:
        lock_sources(task.params["entity"])
        before: dict[int, SessionFacts | None] = {f.id: f for f in session_facts.load(chunk)}
        recompute_local_columns(session_ids=chunk)
        now = session_facts.load(chunk)
        price_and_count(before=before, now=now, entity_id=task.params["entity"], at=timezone.now())

    return _for_each_chunk(task, work)
