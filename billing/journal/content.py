"""An entry as text that is always the same, and its SHA-256."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from billing.journal.model import Leg


@dataclass(frozen=True, slots=True)
class EntryContent:
    """What an entry says. ``reverses`` is the key of the entry it takes back, "" for none."""

    entity_id: int
    key: str
    effective_date: date
    description: str
    source_type: str
    source_id: str
    document_no: str
    reverses: str
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """Who posted an entry and when. ``by``: the person's id, None for ChargeBill itself."""

    at: datetime
    by: int | None


def _plain(amount: Decimal | None) -> str | None:
    """Without zeros at the end: a database that gives back 1.500 for 1.5 has changed nothing."""
    return None if amount is None else f"{amount.normalize():f}" if amount else "0"


def canonical(content: EntryContent, posted: Posted) -> bytes:
    """The bytes that are hashed: JSON with sorted names, UTF-8, no spaces, amounts as text, moments in UTC."""
    document = {
        "v": 1,
        "entity": content.entity_id,
        "key": content.key,
        "effective_date": content.effective_date.isoformat(),
        "description": content.description,
        "source": [content.source_type, content.source_id],
        "document_no": content.document_no,
        "reverses": content.reverses,
        "posted_at": posted.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "posted_by": posted.by,
        "legs": [
            [
                leg.account_code,
                _plain(leg.debit),
                _plain(leg.credit),
                leg.currency,
                leg.tax_code,
                _plain(leg.tax_rate),
                _plain(leg.tax_amount),
                leg.customer_id,
                leg.description,
            ]
            for leg in content.legs
        ],
    }
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def entry_hash(content: EntryContent, posted: Posted) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(content, posted)).hexdigest()
