"""Signed links to documents: who has one may read the document, without an account, until it ends."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from billing.document_models import Document
from chargebill.portal.signed_links import SignedLinks

# Thirteen months: a year's documents can be looked up when the year is over.
GOOD_FOR = timedelta(days=400)
_links = SignedLinks("billing.document", GOOD_FOR)


def token_of(document: Document) -> str:
    return _links.token_of(document)


def path_to(document: Document) -> str:
    return reverse("document_link", args=[token_of(document)])


def document_in(token: str, documents: QuerySet[Document]) -> Document | None:
    """The document a token is for; None for one that is forged or has ended."""
    return _links.row_in(token, documents)


class Turnstile:
    """Lets so many requests pass for each key in a clock minute, or in other ``every_s``; every process counts for itself."""

    MOST_KEYS = 10_000

    def __init__(self, most: int, clock: Callable[[], datetime] = timezone.now, *, every_s: int = 60) -> None:
        self.most, self.clock, self.every_s = most, clock, every_s
        self._lock = threading.Lock()
        self._span = -1
        self._passed: dict[str, int] = {}

    def passes(self, key: str) -> bool:
        span = int(self.clock().timestamp() // self.every_s)
        with self._lock:
            if span != self._span or len(self._passed) >= self.MOST_KEYS:
                self._span, self._passed = span, {}
            self._passed[key] = self._passed.get(key, 0) + 1
            return self._passed[key] <= self.most
