"""Keys of programs: made once and shown once, kept as a hash, found again by it, counted by the minute, taken back."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import ApiToken, LegalEntity, User

# Tells a leaked key from any other text, for people and for scanners of repositories.
KEY_PREFIX = "cb_"
KEY_BYTES = 32
SHOWN = 10


class Scope(models.TextChoices):
    """What a token may read; the label is what the form says."""

    SESSIONS = "sessions:read", "Sessions: when, where, how much energy, whose token"
    PRICES = "prices:read", "CDRs: what sessions cost, line by line, and why"
    TARIFFS = "tariffs:read", "Tariffs and their versions, drafts too"
    ESTIMATE = "estimate", "Estimates: what a session would cost. Nothing is stored"


def hash_of(key: str) -> str:
    """What is kept of a key. It is 256 random bits, so one plain hash can't be reversed by guessing."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_token(
    *,
    name: str,
    scopes: Collection[str],
    entity: LegalEntity | None,
    expires_at: datetime | None,
    actor: User | None,
    at: datetime,
) -> tuple[ApiToken, str]:
    """(token, key). The key is nowhere afterwards: show it at once. ``entity`` None: it reads every company.

    Raises UserError for an unknown or missing scope, an end in the past, or the name of a token that still works: two
    of one name can't be told apart when one must go.
    """
    name = name.strip()
    if not name:
        raise UserError("name_missing", "Say who will use the token and for what. Nothing was created.", "name")
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown or not scopes:
        wrong = f"{', '.join(unknown)} is no scope" if unknown else "A token without a scope can read nothing"
        raise UserError("scopes", f"{wrong}. Choose from {', '.join(Scope.values)}; nothing was created.", "scopes")
    if expires_at is not None and expires_at <= at:
        raise UserError("expired", "The end lies in the past. Choose a later one; nothing was created.", "expires_at")
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    with transaction.atomic():
        working = ApiToken.objects.select_for_update().filter(name__iexact=name, revoked_at=None).exclude(expires_at__lte=at)
        if working:
            raise UserError(
                "name_taken",
                f"A token named “{name}” works already. Revoke it first, or choose another name; nothing was created.",
                "name",
            )
        token = ApiToken.objects.create(
            name=name,
            prefix=key[:SHOWN],
            key_hash=hash_of(key),
            # In the order they are declared, whatever order they were chosen in.
            scopes=[scope for scope in Scope.values if scope in scopes],
            entity=entity,
            created_by=actor,
            created_at=at,
            expires_at=expires_at,
        )
        events.record(
            action="apitoken.create",
            subject=token,
            summary=f"API token {token} created",
            actor=actor,
            at=at,
            entity=entity,
            changes={
                "scopes": [None, token.scopes],
                "company": [None, str(entity) if entity else "all"],
                "expires": [None, expires_at.isoformat() if expires_at else "never"],
            },
        )
    return token, key


def revoke_api_token(*, token: ApiToken, actor: User | None, at: datetime) -> ApiToken:
    """Ends a token for good, from the next request on. Raises UserError when it was revoked before."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(pk=token.pk)
        if token.revoked_at is not None:
            raise UserError("revoked_already", f"“{token.name}” was revoked before. Nothing was changed.")
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        events.record(
            action="apitoken.revoke", subject=token, summary=f"API token {token} revoked", actor=actor, at=at, entity=token.entity
        )
    return token


def token_of(key: str) -> ApiToken | None:
    """The token with this key, revoked and expired ones too. One query.

    The look-up compares hashes: how long it takes says nothing about the key itself.
    """
    return ApiToken.objects.select_related("entity").filter(key_hash=hash_of(key)).first()


def take_requests(*, token: ApiToken, number: int, per_minute: int, at: datetime) -> int:
    """How many of ``number`` requests the token may still make in this clock minute, now counted as made.

    One statement at most changes the row, so processes and machines together never grant more than ``per_minute``. It
    notes the use as well: ``last_used_at`` is the first counted moment of the last minute in which it was used.
    """
    minute = at.replace(second=0, microsecond=0)
    this_minute = Q(last_used_at__gte=minute, last_used_at__lt=minute + timedelta(minutes=1))
    row = ApiToken.objects.filter(pk=token.pk)
    for wanted in (number, 1):
        granted = row.filter(~this_minute | Q(last_used_at=None) | Q(requests_in_minute__lte=per_minute - wanted)).update(
            requests_in_minute=Case(When(this_minute, then=F("requests_in_minute") + wanted), default=Value(wanted)),
            last_used_at=Case(When(this_minute, then=F("last_used_at")), default=Value(at)),
        )
        if granted:
            return wanted
    return 0
