"""What the proofs do in processes of their own, one function each: ``python -m tests.proofs.steps NAME [ARG ...]``."""

import hashlib
import json
import os
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import django

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def company():  # type: ignore[no-untyped-def]
    """A company that bills, with a tariff of a start fee and prices for energy and charging time, 20 % tax inside."""
    from billing.operations import set_tariff, set_tax_rate
    from chargebill.core.models import LegalEntity

    entity = LegalEntity.objects.create(
        name="Proof Ltd", country="GB", base_currency="GBP", time_zone="Europe/London", billing_from=date(2010, 1, 1)
    )
    set_tax_rate(entity=entity, rate=Decimal(20), code="GB20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity,
        name="Standard",
        currency="GBP",
        tax_included=True,
        start_fee=Decimal("0.50"),
        energy_per_kwh=Decimal("0.384"),
        charging_per_minute=Decimal("0.007"),
        idle_per_minute=None,
        valid_from=None,
        actor=None,
        at=AT,
    )
    return entity


def prepare(file: str, imports: str = "1") -> None:
    """An entity with a tariff, and so many imports of the file waiting for a worker."""
    from chargebill import pipeline

    entity = company()
    for n in range(int(imports)):
        pipeline.start_import(
            entity=entity,
            path=Path(file),
            file_name=Path(file).name,
            profile="",
            mode="bill",
            time_zone="",
            encoding="",
            actor=None,
            at=AT,
            key=f"proof:{n}",
        )


def prepare_documents(folder: str, sessions: str) -> None:
    """An operator with so many sessions that are ready, of strangers and of customers, and their month waiting for a worker."""
    from billing.operations import start_issuing
    from tests.documents.conftest import SEPTEMBER, make_operator, session

    operator = make_operator(Path(folder))
    tokens = ["", "", "T-Ada", "T-Brewery"]
    rows = [
        session(str(n), token=tokens[n % 4], energy_kwh=f"{1 + n % 50}.{n % 10}7", day=f"2018-09-{1 + n % 28:02}")
        for n in range(int(sessions))
    ]
    operator.bring(*rows)
    start_issuing(entity=operator.entity, first_day=SEPTEMBER, actor=None, at=AT, key="proof")


def dump_documents() -> None:
    """Prints what was issued, with what it bills, whatever keys and clocks; and what the books and the sessions say of it."""
    from django.db.models import Count, Sum

    from billing.document_models import Document, DocumentLine, DocumentRun, NumberSeries
    from billing.journal_models import Posting
    from billing.models import Chargeable

    lines: dict[str, list[list[str]]] = {}
    for number, *line in DocumentLine.objects.order_by("document__number", "position").values_list(
        "document__number", "session_number", "net_amount", "tax_amount", "gross_amount"
    ):
        lines.setdefault(number, []).append([str(value) for value in line])
    of_lines = DocumentLine.objects.order_by().values("session_id").annotate(times=Count("pk"))
    booked = (
        Posting.objects.order_by("account__code").values_list("account__code").annotate(Sum("debit"), Sum("credit"), Count("pk"))
    )
    shown = {
        "lines": lines,
        "documents": list(map(str, Document.objects.order_by("kind", "sequence").values_list("number", flat=True))),
        "sequences": list(Document.objects.order_by("kind", "sequence").values_list("kind", "sequence")),
        "next": list(NumberSeries.objects.order_by("kind").values_list("kind", "next_number")),
        "twice": sum(row["times"] > 1 for row in of_lines),
        "booked": [[code, f"{debit:.2f}", f"{credit:.2f}", count] for code, debit, credit, count in booked],
        "entries": Posting.objects.values("entry").distinct().count(),
        "states": list(Chargeable.objects.order_by("state").values_list("state").annotate(Count("pk"))),
        "is_finished": DocumentRun.objects.get().finished_at is not None,
    }
    print(json.dumps(shown))  # noqa: T201


def _import_here(file: str) -> None:
    from chargebill import pipeline

    pipeline.start_import(
        entity=company(), path=Path(file), file_name=Path(file).name, profile="", mode="bill", time_zone="", encoding="",
        actor=None, at=AT, key="proof", here=True,
    )  # fmt: skip


def prepare_decision(file: str) -> None:
    """The file imported, so that its doubtful sessions are held."""
    _import_here(file)


def prepare_jobs(file: str) -> None:
    """The file imported, new prices since ever and each place in another zone; the jobs that follow wait for a worker."""
    from billing.operations import set_tariff
    from chargebill import pipeline
    from chargebill.core.models import LegalEntity
    from stations.models import Location

    _import_here(file)
    entity = LegalEntity.objects.get()
    set_tariff(
        entity=entity, name="Standard", currency="GBP", tax_included=True, start_fee=Decimal("0.50"),
        energy_per_kwh=Decimal("0.411"), charging_per_minute=Decimal("0.013"), idle_per_minute=None, valid_from=None,
        actor=None, at=AT,
    )  # fmt: skip
    pipeline.start_pricing(entity=entity, actor=None, at=AT, key="anew")
    for location in Location.objects.order_by("pk"):
        pipeline.change_time_zone(location=location, time_zone="Asia/Kolkata", actor=None, at=AT)


def decide() -> None:
    """Releases everything that is held, in one decision; says so before it begins. Nothing left to decide is no error."""
    from billing.checks import Way
    from billing.models import Chargeable
    from chargebill import pipeline
    from chargebill.core.errors import UserError
    from chargebill.core.models import LegalEntity

    ids = list(Chargeable.objects.filter(state="HELD").values_list("pk", flat=True))
    print("deciding", flush=True)  # noqa: T201
    try:
        pipeline.decide(entity=LegalEntity.objects.get(), session_ids=ids, way=Way.RELEASE, reason="proof", actor=None, at=AT)
    except UserError as error:
        if error.code != "already_decided":
            raise


def dump() -> None:
    """Prints what is stored, as hashes per table without keys and clocks, and the batches' counts."""
    from billing.models import Cdr, Chargeable
    from billing.review_models import CheckFinding, DecidedSession, HeldDecision
    from chargebill.analytics import operations as analytics
    from chargebill.core.models import AuditEvent, Job
    from memberships.models import Token
    from stations.models import Connector, ImportBatch, Location, QuarantinedRow, Session, SessionRevision
    from stations.session_rows import REVISED

    facts = [name for name in REVISED if not name.endswith("_id")]
    cdr = [
        "version", "session_revision", "currency", "anchor", "net_amount", "tax_amount", "gross_amount", "tax_rate", "tax_code",
        "fixed_amount", "energy_amount", "time_amount", "parking_amount", "assumption",
    ]  # fmt: skip
    tables = {
        "sessions": Session.objects.values_list(
            "external_id", "revision", "content_hash", "location__code", "connector__number", "line_no", *facts
        ),
        "revisions": SessionRevision.objects.values_list("session__external_id", "revision", "content_hash"),
        "cdrs": Cdr.objects.values_list("session__external_id", *cdr),
        "chargeables": Chargeable.objects.values_list("session__external_id", "state", "reason", "cdr__version"),
        "quarantine": QuarantinedRow.objects.values_list("row_hash", "occurrence", "raw", "code", "message", "line_no", "state"),
        "connectors": Connector.objects.values_list("evse__uid", "number", "evse__location__code"),
        "tokens": Token.objects.values_list("uid", "type"),
        "findings": CheckFinding.objects.values_list("session__external_id", "check_code", "rank", "staff", "remedy_amount"),
        "decisions": HeldDecision.objects.values_list("way", "count", "amounts", "held_for"),
        "decided": DecidedSession.objects.values_list("session__external_id", "session_revision", "decision__way"),
        "decision_events": AuditEvent.objects.filter(action="held.decide").values_list("summary", "changes"),
    }
    shown: dict[str, object] = {}
    for name, rows in tables.items():
        digest = hashlib.sha256()
        lines = sorted(repr([str(value) for value in row]) for row in rows)
        digest.update("\n".join(lines).encode())
        shown[name] = f"{len(lines)} {digest.hexdigest()[:16]}"
    # By the place's code: a killed transaction uses up numbers of PostgreSQL's sequences, so keys may differ.
    codes = dict(Location.objects.values_list("pk", "code"))
    for name, (_, keys, _) in analytics.ROLLUPS.items():
        lines = sorted(
            repr([codes[value] if column == "location_id" else value for column, value in zip(keys, key, strict=True)] + sums)
            for key, sums in analytics._stored(name).items()
        )
        shown[name] = f"{len(lines)} {hashlib.sha256(repr(lines).encode()).hexdigest()[:16]}"
    shown["rollups_differing"] = analytics.differing()
    shown["batches"] = [
        [b.rows_read, b.rows_imported, b.rows_updated, b.rows_unchanged, b.rows_quarantined]
        for b in ImportBatch.objects.order_by("id")
    ]
    shown["sightings"] = [b.sightings.count() for b in ImportBatch.objects.order_by("id")]
    shown["jobs"] = [[job.state, job.done, job.total, job.error] for job in Job.objects.order_by("id")]
    print(json.dumps(shown))  # noqa: T201


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    django.setup()
    steps = (prepare, prepare_decision, prepare_jobs, decide, dump, prepare_documents, dump_documents)
    {step.__name__: step for step in steps}[sys.argv[1]](*sys.argv[2:])
