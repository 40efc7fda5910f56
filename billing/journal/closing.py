"""What is signed when a month is closed: the end of the chain, and what the month held, as text."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class ClosingStatement:
    """``head_seq`` and ``head``: the company's last seal then (0 and zeros: none). ``digest``: of the month's entries.

    ``debits`` are the month's sums by currency as plain text, so that a reader needs nothing else.
    """

    company: str
    entity_id: int
    period: str
    head_seq: int
    head: str
    entries: int
    digest: str
    debits: tuple[tuple[str, str], ...]
    asked_by: str
    confirmed_by: str
    closed_at: datetime

    def text(self) -> str:
        """JSON with sorted names and no spaces: the bytes that are signed, in UTF-8."""
        document = {
            "v": 1,
            "company": self.company,
            "entity": self.entity_id,
            "period": self.period,
            "head_seq": self.head_seq,
            "head": self.head,
            "entries": self.entries,
            "digest": self.digest,
            "debits": dict(self.debits),
            "asked_by": self.asked_by,
            "confirmed_by": self.confirmed_by,
            "closed_at": self.closed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        }
        return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(entry_hashes: Iterable[str]) -> str:
    """SHA-256 over the entries' hashes, each with a line's end, in the order they are sealed in."""
    digest = hashlib.sha256()
    for entry_hash in entry_hashes:
        digest.update(f"{entry_hash}\n".encode())
    return digest.hexdigest()
