"""Writes about customers and their tokens."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from memberships.models import Token
from stations.models import TokenType

TOKEN_COLUMNS = [
    "entity_id",
    "uid",
    "type",
    "contract_id",
    "customer_id",
    "blocked_from",
    "blocked_reason",
    "needs_review",
]


def ensure_tokens(*, entity_id: int, tokens: Iterable[tuple[str, str, str]]) -> None:
    """Makes the tokens (uid, type, contract id) the entity doesn't know yet, marked for review; known ones stay as they are.

    An unknown or empty type becomes OTHER. Of a uid met twice, the first with a contract id counts. Set-based and without
    audit events: imports call it chunk by chunk, in their transaction. Two at once make each token once.
    """
    met: dict[str, tuple[str, str]] = {}
    for uid, kind, contract_id in tokens:
        if uid and (uid not in met or (contract_id and not met[uid][1])):
            met[uid] = (kind if kind in TokenType else TokenType.OTHER, contract_id)
    known = set(Token.objects.filter(entity_id=entity_id, uid__in=list(met)).order_by().values_list("uid", flat=True))
    bulk.insert_missing(
        Token,
        TOKEN_COLUMNS,
        [(entity_id, uid, str(met[uid][0]), met[uid][1], None, None, "", True) for uid in sorted(set(met) - known)],
    )


def block_token(*, token: Token, blocked_from: datetime, reason: str, actor: User | None, at: datetime) -> Token:
    """Blocks a token from a moment on, that moment included. Blocking it again replaces moment and reason.

    Raises UserError without a reason.
    """
    if not reason.strip():
        raise UserError("reason_missing", "Say why the token is blocked; it was not blocked.", "reason")
    with transaction.atomic():
        token = Token.objects.select_for_update().get(pk=token.pk)
        _set_blocked(
            token,
            blocked_from,
            reason.strip(),
            action="token.block",
            summary=f"Token {token.uid} blocked from {blocked_from.isoformat()}",
            why=reason.strip(),
            actor=actor,
            at=at,
        )
    return token


def unblock_token(*, token: Token, reason: str, actor: User | None, at: datetime) -> Token:
    """Lets a blocked token charge again. Raises UserError without a reason, or when it is not blocked."""
    if not reason.strip():
        raise UserError("reason_missing", "Say why the token may charge again; it stays blocked.", "reason")
    with transaction.atomic():
        token = Token.objects.select_for_update().get(pk=token.pk)
        if token.blocked_from is None:
            raise UserError("not_blocked", f"Token {token.uid} is not blocked; nothing was changed.")
        _set_blocked(
            token,
            None,
            "",
            action="token.unblock",
            summary=f"Token {token.uid} unblocked",
            why=reason.strip(),
            actor=actor,
            at=at,
        )
    return token


def _set_blocked(
    token: Token,
    blocked_from: datetime | None,
    blocked_reason: str,
    *,
    action: str,
    summary: str,
    why: str,
    actor: User | None,
    at: datetime,
) -> None:
    was = token.blocked_from
    changes = {
        "blocked from": [was and was.isoformat(), blocked_from and blocked_from.isoformat()],
        "why blocked": [token.blocked_reason, blocked_reason],
    }
    token.blocked_from, token.blocked_reason = blocked_from, blocked_reason
    token.save(update_fields=["blocked_from", "blocked_reason"])
    events.record(
        action=action, subject=token, summary=summary, actor=actor, at=at, entity=token.entity, reason=why, changes=changes
    )
