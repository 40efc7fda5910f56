"""Closing and reopening a month takes two people; what a closed month held is signed."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from billing.models import (
    AccountingPeriod,
    JournalEntry,
    JournalSeal,
    PeriodChange,
    PeriodClosing,
    SigningKey,
)
from billing.operations.journal_periods import ask, confirm, refuse, retire_key
from billing.signing import is_signed, key_file
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.journal.books import AT, closed, person, posted
from tests.rows import company

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 12, 1, tzinfo=UTC)
CLOSE, REOPEN = PeriodChange.Kind.CLOSE, PeriodChange.Kind.REOPEN


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "SIGNING_KEYS", tmp_path / "keys")
    return tmp_path / "keys"


def month(name: str = "2026-03") -> AccountingPeriod:
    return AccountingPeriod.objects.get(first_day=date.fromisoformat(f"{name}-01"))


def everything() -> list[list[tuple[Any, ...]]]:
    models = (AccountingPeriod, PeriodChange, PeriodClosing, JournalEntry, JournalSeal, SigningKey, AuditEvent)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def refused(does: Any, **asked: Any) -> str:
    before = everything()
    with pytest.raises(UserError) as error:
        does(**asked)
    assert everything() == before
    assert error.value.message.endswith("Nothing was changed.")
    return error.value.code


def test_a_month_is_closed_when_a_second_person_confirms() -> None:
    posted(1)
    change = ask(period=month(), kind=CLOSE, reason="", actor=person("petra"), at=LATER)
    assert month().state == "OPEN"
    assert refused(confirm, change=change, actor=person("petra"), at=LATER) == "second_person"
    posted(2)
    confirm(change=change, actor=person("carl"), at=LATER)
    assert month().state == "CLOSED"
    assert JournalSeal.objects.count() == 2
    events = AuditEvent.objects.order_by("pk").values_list("action", "actor__username", "summary")
    assert list(events) == [
        ("period.close", "petra", "Asked to close 2026-03 of Stadtwerke Nord"),
        ("period.close", "carl", "Closed 2026-03 of Stadtwerke Nord"),
    ]


def test_what_is_signed_can_be_checked_with_the_public_key_alone() -> None:
    hashes = [posted(n).content_hash for n in (1, 2)]
    posted(3, day=date(2026, 4, 1))
    closed(month())
    closing = PeriodClosing.objects.get()
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(closing.key.public_key))
    key.verify(bytes.fromhex(closing.signature), closing.statement.encode())
    assert json.loads(closing.statement) == {
        "v": 1,
        "company": "Stadtwerke Nord",
        "entity": company().pk,
        "period": "2026-03",
        "head_seq": 3,
        "head": JournalSeal.objects.get(seq=3).chain,
        "entries": 2,
        "digest": hashlib.sha256("".join(f"{h}\n" for h in hashes).encode()).hexdigest(),
        "debits": {"EUR": "238.000"},
        "asked_by": "petra",
        "confirmed_by": "carl",
        "closed_at": "2026-12-01T00:00:00.000000+00:00",
    }


def test_a_signature_is_of_one_text_and_one_key() -> None:
    posted(1)
    closed(month())
    closing = PeriodClosing.objects.get()
    key = closing.key.public_key
    assert is_signed(key, closing.statement, closing.signature)
    assert not is_signed(key, closing.statement.replace("119", "120"), closing.signature)
    assert not is_signed(key, closing.statement, closing.signature[:-1] + ("0" if closing.signature[-1] != "0" else "1"))
    assert not is_signed("00" * 32, closing.statement, closing.signature)
    assert not is_signed(key, closing.statement, "no signature")


def test_the_private_half_is_a_file_only_its_owner_may_read(keys: Path) -> None:
    posted(1)
    posted(2, day=date(2026, 4, 1))
    closed(month())
    key = SigningKey.objects.get()
    file = key_file(key.fingerprint)
    assert [entry.name for entry in keys.iterdir()] == [f"{key.fingerprint[:16]}.pem"]
    assert file.stat().st_mode & 0o077 == 0
    assert file.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    closed(month("2026-04"))
    assert SigningKey.objects.get() == key


def test_without_the_private_half_nothing_is_closed_until_the_key_is_retired() -> None:
    posted(1)
    posted(2, day=date(2026, 4, 1))
    closed(month())
    key = SigningKey.objects.get()
    key_file(key.fingerprint).unlink()
    change = ask(period=month("2026-04"), kind=CLOSE, reason="", actor=person("petra"), at=LATER)
    assert refused(confirm, change=change, actor=person("carl"), at=LATER) == "signing_key_missing"
    assert refused(retire_key, key=key, reason=" ", actor=person("carl"), at=LATER) == "reason_missing"
    retire_key(key=key, reason="Lost with the disk", actor=person("carl"), at=LATER)
    assert refused(retire_key, key=key, reason="Again", actor=person("carl"), at=LATER) == "already_retired"
    confirm(change=change, actor=person("carl"), at=LATER)
    assert SigningKey.objects.count() == 2
    # What the old one signed is still signed by it.
    first = PeriodClosing.objects.get(period=month())
    assert first.key == key
    assert is_signed(key.public_key, first.statement, first.signature)


def test_another_key_under_the_name_is_not_used() -> None:
    posted(1)
    posted(1, entity=company("Other"))
    for period in AccountingPeriod.objects.all():
        closed(period)
    mine, theirs = SigningKey.objects.order_by("pk")
    posted(2, day=date(2026, 4, 1))
    key_file(mine.fingerprint).write_text(key_file(theirs.fingerprint).read_text())
    change = ask(period=month("2026-04"), kind=CLOSE, reason="", actor=person("petra"), at=LATER)
    assert refused(confirm, change=change, actor=person("carl"), at=LATER) == "signing_key_missing"


def test_a_month_is_closed_after_its_end_and_after_the_months_before() -> None:
    posted(1, day=date(2026, 2, 28))
    posted(2)
    petra = person("petra")
    # Berlin is two hours ahead: there it is April at 22:00 UTC, and half an hour before it is not.
    half_past_nine = datetime(2026, 3, 31, 21, 30, tzinfo=UTC)
    assert refused(ask, period=month(), kind=CLOSE, reason="", actor=petra, at=half_past_nine) == "not_now"
    assert refused(ask, period=month(), kind=CLOSE, reason="", actor=petra, at=LATER) == "not_now"
    closed(month("2026-02"), at=datetime(2026, 3, 31, 22, tzinfo=UTC))
    closed(month(), at=datetime(2026, 3, 31, 22, tzinfo=UTC))


def test_the_last_closed_month_is_reopened_with_a_reason_and_by_two_people() -> None:
    posted(1, day=date(2026, 2, 28))
    posted(2)
    petra, carl = person("petra"), person("carl")
    assert refused(ask, period=month(), kind=REOPEN, reason="x", actor=petra, at=LATER) == "not_now"
    closed(month("2026-02"))
    closed(month())
    assert refused(ask, period=month("2026-02"), kind=REOPEN, reason="x", actor=petra, at=LATER) == "not_now"
    assert refused(ask, period=month(), kind=REOPEN, reason=" ", actor=petra, at=LATER) == "reason_missing"
    change = ask(period=month(), kind=REOPEN, reason="A bill was late", actor=petra, at=LATER)
    assert refused(confirm, change=change, actor=petra, at=LATER) == "second_person"
    confirm(change=change, actor=carl, at=LATER)
    assert month().state == "OPEN"
    posted(3)
    closed(month())
    assert [json.loads(c.statement)["entries"] for c in PeriodClosing.objects.filter(period=month())] == [2, 1]


def test_one_wish_at_a_time_and_each_is_decided_once() -> None:
    posted(1)
    petra, carl = person("petra"), person("carl")
    change = ask(period=month(), kind=CLOSE, reason="", actor=petra, at=LATER)
    assert refused(ask, period=month(), kind=CLOSE, reason="", actor=carl, at=LATER) == "change_waiting"
    refuse(change=change, actor=petra, at=LATER)
    assert refused(confirm, change=change, actor=carl, at=LATER) == "already_decided"
    assert refused(refuse, change=change, actor=carl, at=LATER) == "already_decided"
    assert month().state == "OPEN"
    closed(month())


def test_a_month_without_an_entry_is_closed_too() -> None:
    posted(1, day=date(2026, 2, 1))
    posted(2, day=date(2026, 4, 1))
    closed(month("2026-02"))
    closed(month())
    assert json.loads(PeriodClosing.objects.get(period=month()).statement)["entries"] == 0
    with pytest.raises(UserError, match="2026-03 is closed"):
        posted(3, at=AT)
