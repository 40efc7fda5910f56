"""What places, connectors, tokens and other sessions say around one session. Each a query by an index, with a bound."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from billing.checks.record import Asked, KnownToken, Revision, Status, Twin
from memberships.models import Token
from stations.facts import SessionFacts
from stations.ingest.profiles import PROFILES
from stations.models import Authorization, ConnectorStatus, Session, SessionRevision, Source

AROUND = timedelta(hours=2)
DAY = timedelta(days=1)
MOST = 200


def described(session: Session) -> dict[str, Any]:
    """Where it happened and where it comes from, in the words of the records."""
    found = Session.objects.select_related("location", "connector__evse", "source", "batch").get(pk=session.pk)
    return {
        "source": _titled(found.source),
        "place": found.location.name,
        "evse": found.connector.evse.uid,
        "connector": str(found.connector),
        "card_last4": found.card_last4,
        "payment_reference": found.payment_reference,
        "content_hash": found.content_hash,
        "batch_sha256": found.batch.file_sha256,
        "line_no": found.line_no,
    }


def _titled(source: Source) -> str:
    known = PROFILES.get(source.profile)
    return known.title if known else source.profile


def revisions(session_id: int) -> tuple[Revision, ...]:
    """The facts before each change, the oldest first."""
    rows = SessionRevision.objects.filter(session_id=session_id).order_by("revision")
    return tuple(
        Revision(
            row.revision,
            row.replaced_at,
            row.content_hash,
            tuple((name, "" if value is None else str(value)) for name, value in sorted(row.facts.items())),
        )
        for row in rows
    )


def statuses(fact: SessionFacts) -> tuple[Status, ...]:
    """What the connector said from two hours before to two hours after, and what held when that began. Oldest first."""
    told = ConnectorStatus.objects.filter(connector=fact.connector_id)
    first = fact.started_at - AROUND
    before = list(told.filter(at__lt=first).order_by("-at", "-id")[:1])
    around = told.filter(at__gte=first, at__lte=fact.ended_at + AROUND).order_by("at", "id")[:MOST]
    return tuple(Status(row.at, row.status, row.error_code, row.firmware) for row in [*before, *around])


def authorizations(fact: SessionFacts) -> tuple[Asked, ...]:
    """When its token asked near its start, and what it was told. Oldest first."""
    if not fact.token_uid:
        return ()
    rows = Authorization.objects.filter(
        entity=fact.entity_id, token_uid=fact.token_uid, at__gte=fact.started_at - AROUND, at__lte=fact.started_at + AROUND
    )
    return tuple(Asked(row.at, row.result, row.method, row.price_shown) for row in rows.order_by("at", "id")[:MOST])


def others_asked(fact: SessionFacts) -> bool:
    """Whether authorizations of this place and these days are on record: some token that charged here had asked."""
    days = (fact.local_end_date - DAY, fact.local_end_date + DAY)
    near = Session.objects.filter(location=fact.location_id, local_end_date__range=days).exclude(token_uid="")
    tokens = set(near.order_by().values_list("token_uid", flat=True)[:MOST])
    return bool(tokens) and (
        Authorization.objects.filter(
            entity=fact.entity_id,
            token_uid__in=tokens,
            at__gte=fact.started_at - 2 * DAY,
            at__lte=fact.started_at + 2 * DAY,
        ).exists()
    )


def token(fact: SessionFacts) -> KnownToken | None:
    row = Token.objects.filter(entity=fact.entity_id, uid=fact.token_uid).first() if fact.token_uid else None
    return KnownToken(row.uid, row.blocked_from, row.blocked_reason) if row else None


def same_payer(fact: SessionFacts, card_last4: str) -> tuple[datetime, ...]:
    """When other sessions of the same token, or of the same card at this connector, began within a day of it."""
    near = Session.objects.filter(entity=fact.entity_id, started_at__range=(fact.started_at - DAY, fact.started_at + DAY))
    mine = Q(pk__in=[])
    if fact.token_uid:
        mine |= Q(token_uid=fact.token_uid) & ~Q(token_uid="")
    if card_last4:
        mine |= Q(connector=fact.connector_id, card_last4=card_last4)
    found = near.filter(mine).exclude(pk=fact.id).order_by("started_at", "pk")
    return tuple(found.values_list("started_at", flat=True)[:MOST])


def twins(fact: SessionFacts) -> tuple[Twin, ...]:
    """The same session (its number, its day) as the company's other sources tell it."""
    sources = {source.pk: source for source in Source.objects.filter(entity=fact.entity_id).exclude(pk=fact.source_id)}
    rows = Session.objects.filter(source_id__in=list(sources), external_id=fact.external_id).order_by("pk")[:MOST]
    return tuple(
        Twin(
            row.external_id,
            _titled(sources[row.source_id]),
            row.started_at,
            row.ended_at,
            row.energy_kwh,
            row.reported_amount,
            row.reported_currency,
        )
        for row in rows
        if abs(row.started_at - fact.started_at) <= DAY
    )
