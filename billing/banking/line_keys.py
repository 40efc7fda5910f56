"""What makes a bank line the same one in every file it comes in."""

import hashlib
from collections import Counter
from collections.abc import Iterable

from billing.banking.model import Line


def keyed(lines: Iterable[Line]) -> list[tuple[str, Line]]:
    """Each line of one account with its key: 64 hexadecimal digits.

    With the bank's reference: reference, day and amount. Without: all it says. Lines that are equal in that are
    numbered in the order they come, so that the same coffee bought twice stays two, and a file that covers days we
    have already adds nothing. Give the lines of a whole file: a bank's file holds whole days.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for line in lines:
        said: tuple[str, ...]
        if line.reference:
            said = ("ref", line.reference, line.booked_on.isoformat(), _plain(line))
        else:
            said = ("says", line.booked_on.isoformat(), _plain(line), line.name, line.counterparty, line.purpose, line.end_to_end)
        seen[said] += 1
        found.append((hashlib.sha256("\x1f".join((*said, str(seen[said]))).encode()).hexdigest(), line))
    return found


def _plain(line: Line) -> str:
    return f"{line.amount.normalize():f}" if line.amount else "0"
