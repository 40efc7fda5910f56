"""What places, connectors, tokens and other sessions say around sessions of one company.

However many sessions, each is a query or two by an index, with a bound per session.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from billing.checks.record import Asked, KnownToken, Revision, Status, Twin
from billing.investigation.windows import holding, last_before, within
from memberships.models import Token
from stations.facts import SessionFacts
from stations.ingest.profiles import PROFILES
from stations.models import Authorization, ConnectorStatus, Session, SessionRevision, Source

AROUND = timedelta(hours=2)
DAY = timedelta(days=1)
MOST = 200
Facts = Sequence[SessionFacts]


def described(session_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Where they happened and where they come from, in the words of the records."""
    rows = Session.objects.select_related("location", "connector__evse", "source", "batch").filter(pk__in=list(session_ids))
    return {
        found.pk: {
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
        for found in rows
    }


def _titled(source: Source) -> str:
    known = PROFILES.get(source.profile)
    return known.title if known else source.profile


def revisions(session_ids: Iterable[int]) -> dict[int, tuple[Revision, ...]]:
    """The facts before each change, the oldest first."""
    found: dict[int, list[Revision]] = defaultdict(list)
    for row in SessionRevision.objects.filter(session_id__in=list(session_ids)).order_by("session_id", "revision"):
        told = tuple((name, "" if value is None else str(value)) for name, value in sorted(row.facts.items()))
        found[row.session_id].append(Revision(row.revision, row.replaced_at, row.content_hash, told))
    return {pk: tuple(mine) for pk, mine in found.items()}


def statuses(facts: Facts) -> dict[int, tuple[Status, ...]]:
    """What the connector said from two hours before to two hours after, and what held when that began. Oldest first."""
    first = last_before(
        ConnectorStatus, [(fact.connector_id, fact.started_at - AROUND) for fact in facts], key="connector_id", moment="at"
    )
    spans = [(fact.connector_id, fact.started_at - AROUND, fact.ended_at + AROUND) for fact in facts]
    around = within(ConnectorStatus, spans, keys=["connector_id"], moment="at", most=MOST)
    told = [[*([] if before is None else [before]), *mine] for before, mine in zip(first, around, strict=True)]
    rows = ConnectorStatus.objects.in_bulk({pk for mine in told for pk in mine})
    return {
        fact.id: tuple(Status(row.at, row.status, row.error_code, row.firmware) for row in map(rows.__getitem__, mine))
        for fact, mine in zip(facts, told, strict=True)
    }


def authorizations(facts: Facts) -> dict[int, tuple[Asked, ...]]:
    """When its token asked near its start, and what it was told. Oldest first."""
    named = [fact for fact in facts if fact.token_uid]
    spans = [(fact.entity_id, fact.token_uid, fact.started_at - AROUND, fact.started_at + AROUND) for fact in named]
    told = within(Authorization, spans, keys=["entity_id", "token_uid"], moment="at", most=MOST)
    rows = Authorization.objects.in_bulk({pk for mine in told for pk in mine})
    return {
        fact.id: tuple(Asked(row.at, row.result, row.method, row.price_shown) for row in map(rows.__getitem__, mine))
        for fact, mine in zip(named, told, strict=True)
    }


def others_asked(facts: Facts) -> set[int]:
    """Sessions at whose place and days authorizations are on record: some token that charged there had asked."""
    if not facts or not Authorization.objects.exists():
        return set()
    q = connection.ops.quote_name
    condition = (
        f"EXISTS (SELECT 1 FROM {q(Session._meta.db_table)} s CROSS JOIN {q(Authorization._meta.db_table)} z"
        " WHERE s.location_id = asked.location AND s.local_end_date >= asked.day AND s.local_end_date <= asked.last_day"
        " AND NOT (s.token_uid = '') AND z.token_uid = s.token_uid AND z.entity_id = asked.entity"
        " AND z.at >= asked.first AND z.at <= asked.last)"
    )
    asked = [
        (
            fact.entity_id, fact.location_id, fact.local_end_date - DAY, fact.local_end_date + DAY,
            fact.started_at - 2 * DAY, fact.started_at + 2 * DAY,
        )
        for fact in facts
    ]  # fmt: skip
    columns = ["entity", "location", "day", "last_day", "first", "last"]
    held = holding(asked, columns=columns, condition=condition)
    return {fact.id for fact, had in zip(facts, held, strict=True) if had}


def tokens(facts: Facts) -> dict[str, KnownToken]:
    """What is known of their tokens, by uid."""
    uids = {fact.token_uid for fact in facts} - {""}
    rows = Token.objects.filter(entity__in={fact.entity_id for fact in facts}, uid__in=uids) if uids else ()
    return {row.uid: KnownToken(row.uid, row.blocked_from, row.blocked_reason) for row in rows}


def same_payer(facts: Facts, cards: Sequence[str]) -> dict[int, tuple[datetime, ...]]:
    """When other sessions of the same token, or of the same card at this connector, began within a day of each.

    ``cards`` are the last four digits of the card that paid each of them, "" where nobody knows.
    """
    near = {fact.id: (fact.started_at - DAY, fact.started_at + DAY) for fact in facts}
    named = [fact for fact in facts if fact.token_uid]
    # Written like the condition of the index: SQLite takes a partial index only for the very same words.
    by_token = within(
        Session, [(fact.entity_id, fact.token_uid, *near[fact.id]) for fact in named], keys=["entity_id", "token_uid"],
        moment="started_at", most=MOST + 1, condition="NOT (t.token_uid = '')",
    )  # fmt: skip
    carded = [(fact, card) for fact, card in zip(facts, cards, strict=True) if card]
    by_card = within(
        Session, [(fact.entity_id, fact.connector_id, card, *near[fact.id]) for fact, card in carded],
        keys=["entity_id", "connector_id", "card_last4"], moment="started_at", most=MOST + 1,
    )  # fmt: skip
    found: dict[int, set[int]] = defaultdict(set)
    for fact, mine in [*zip(named, by_token, strict=True), *zip((fact for fact, _ in carded), by_card, strict=True)]:
        found[fact.id].update(mine)
    began = dict(Session.objects.filter(pk__in=set().union(*found.values())).values_list("pk", "started_at"))
    return {
        pk: tuple(at for at, _ in sorted((began[other], other) for other in mine if other != pk)[:MOST])
        for pk, mine in found.items()
    }


def twins(facts: Facts) -> dict[int, tuple[Twin, ...]]:
    """The same sessions (their number, their day) as the company's other sources tell them."""
    sources = {source.pk: source for source in Source.objects.filter(entity__in={fact.entity_id for fact in facts})}
    rows: dict[str, list[Session]] = defaultdict(list)
    if len(sources) > 1:
        numbers = {fact.external_id for fact in facts}
        for row in Session.objects.filter(source_id__in=list(sources), external_id__in=numbers).order_by("pk"):
            rows[row.external_id].append(row)
    return {
        fact.id: tuple(
            Twin(
                row.external_id,
                _titled(sources[row.source_id]),
                row.started_at,
                row.ended_at,
                row.energy_kwh,
                row.reported_amount,
                row.reported_currency,
            )
            for row in [row for row in rows[fact.external_id] if row.source_id != fact.source_id][:MOST]
            if abs(row.started_at - fact.started_at) <= DAY
        )
        for fact in facts
    }
