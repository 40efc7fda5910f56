"""Signed links to rows: who has one may open what it is for, without an account, until it ends."""

from datetime import timedelta
from typing import Any

from django.core.signing import BadSignature, TimestampSigner
from django.db.models import Model, QuerySet

from chargebill.core.keys import key_in

LONGEST = 200


class SignedLinks:
    """Tokens of one kind of thing, named by ``salt``, that work for so long: one of another kind opens nothing here."""

    def __init__(self, salt: str, good_for: timedelta) -> None:
        self._signer, self.good_for = TimestampSigner(sep=".", salt=salt), good_for

    def token_of(self, row: Model) -> str:
        return self._signer.sign(str(row.pk))

    def row_in(self, token: str, rows: QuerySet[Any]) -> Any | None:
        """What a token is for; None for one that is forged or has ended. A forged one costs no query."""
        if len(token) > LONGEST or not token.isascii():
            return None
        try:
            key = key_in(self._signer.unsign(token, max_age=self.good_for))
        except BadSignature:
            return None
        return rows.filter(pk=key).first() if key is not None else None
