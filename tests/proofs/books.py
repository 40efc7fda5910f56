"""What the proofs of the books do in processes of their own: ``python -m tests.proofs.books NAME [ARG ...]``."""

import json
import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import django

CLOSED_AT = datetime(2026, 12, 1, tzinfo=UTC)


def keep(count: str) -> None:
    """Posts so many entries, seals now and then, closes February and March; goes on where it was killed.

    Prints a line after each commit, so that whoever kills it knows what had been promised.
    """
    from datetime import date

    from billing.models import AccountingPeriod
    from billing.operations.journal_seals import seal
    from tests.journal.books import posted
    from tests.rows import company

    def say(what: str) -> None:
        sys.stdout.write(f"{what}\n")
        sys.stdout.flush()

    say("begin")
    for number in range(1, int(count) + 1):
        entry = posted(number, day=date(2026, 2 + number % 2, 3)) if _may_post(number) else None
        if entry is not None:
            say(entry.key)
        if number % 7 == 0:
            seal(entity=company())
            say(f"sealed {number}")
    for period in AccountingPeriod.objects.filter(state="OPEN").order_by("first_day"):
        _close(period)
        say(f"closed {period}")
    say("end")


def _may_post(number: int) -> bool:
    """Whether an entry is still to be posted: after a kill while closing, its month may be closed."""
    from billing.models import JournalEntry

    return not JournalEntry.objects.filter(key=f"invoice:{number}:1").exists()


def _close(period) -> None:  # type: ignore[no-untyped-def]
    from billing.models import PeriodChange
    from billing.operations.journal_periods import ask, confirm
    from tests.journal.books import person

    change = PeriodChange.objects.filter(period=period, decided_at__isnull=True).first()
    if change is None:
        change = ask(period=period, kind=PeriodChange.Kind.CLOSE, reason="", actor=person("petra"), at=CLOSED_AT)
    confirm(change=change, actor=person("carl"), at=CLOSED_AT)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(9):
        byte = data[at + n]
        value = (value << 8) | byte if n == 8 else (value << 7) | (byte & 0x7F)
        if n == 8 or not byte & 0x80:
            return value, at + n + 1
    raise AssertionError("no varint")


def records(data: bytes, marker: bytes) -> Iterator[range]:
    """The bytes of each row that contains ``marker``, found by reading SQLite's table leaf pages."""
    size = int.from_bytes(data[16:18], "big")
    for page in range(0, len(data), size):
        head = page + (100 if page == 0 else 0)
        if data[head] != 0x0D:
            continue
        for n in range(int.from_bytes(data[head + 3 : head + 5], "big")):
            start = page + int.from_bytes(data[head + 8 + 2 * n : head + 10 + 2 * n], "big")
            length, at = _varint(data, start)
            _, at = _varint(data, at)
            if marker in data[at : at + length]:
                yield range(start, at + length)


def flip(count: str, seed: str) -> None:
    """Flips one random bit of a posted leg or entry in the file, so many times; prints how many check_books found.

    Each time in a copy of the books as they were; ``missed`` are (byte, bit) of those that were not found.
    """
    from django.db import DatabaseError, connection

    from billing.book_checks import check_books
    from billing.models import AccountingPeriod
    from tests.journal.books import closed as close
    from tests.journal.books import credit, debit, posted

    for number in range(1, 21):
        legs = [
            debit("1100", f"{number}7.1{number % 10}", description=f"leg-{number}", tax_code="DE19"),
            credit("4000", f"{number}7.1{number % 10}", description="leg-back"),
        ]
        posted(number, legs=legs, description=f"leg-entry {number}")
    close(AccountingPeriod.objects.get())
    assert check_books().is_clean
    path = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    rows = list(records(whole, b"leg-"))
    rng = random.Random(seed)
    missed, copy = [], path.with_suffix(".flipped")
    connection.settings_dict["NAME"] = str(copy)
    for _ in range(int(count)):
        byte, bit = rng.choice(rng.choice(rows)), rng.randrange(8)
        data = bytearray(whole)
        data[byte] ^= 1 << bit
        copy.write_bytes(data)
        try:
            found = not check_books().is_clean
        except DatabaseError:
            found = True
        if not found:
            missed.append((byte, bit))
        connection.close()
        for name in (f"{copy}-wal", f"{copy}-shm"):
            Path(name).unlink(missing_ok=True)
    connection.settings_dict["NAME"] = str(path)
    sys.stdout.write(json.dumps({"rows": len(rows), "flipped": int(count), "missed": missed}) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    django.setup()
    {"keep": keep, "flip": flip}[sys.argv[1]](*sys.argv[2:])
