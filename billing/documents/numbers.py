"""How a document's number is written: what the company puts in front, and a count without gaps."""

import re

# In front of the count; the year of the issue date stands where it says so.
YEAR = "{year}"
LONGEST_PREFIX, MOST_DIGITS = 20, 12
_PREFIX = re.compile(r"[A-Za-z0-9/_.-]*")


def number_text(prefix: str, digits: int, sequence: int, year: int) -> str:
    """ "INV-2026-000412" of "INV-{year}-", 6, 412. A count with more digits is written whole."""
    return f"{prefix.replace(YEAR, f'{year:04}')}{sequence:0{digits}}"


def prefix_problem(prefix: str) -> str:
    """What is wrong with a prefix, as a sentence; "" when it can be used.

    Accounting programs take these characters in a document number, and few others.
    """
    if len(prefix) > LONGEST_PREFIX:
        return f"A prefix has at most {LONGEST_PREFIX} characters."
    if prefix.count(YEAR) > 1 or not _PREFIX.fullmatch(prefix.replace(YEAR, "")):
        return f"A prefix has letters, digits and - / . _ only, and {YEAR} at most once."
    # Otherwise "R1" + "2" and "R" + "12" would be the same number.
    if prefix.replace(YEAR, "0")[-1:].isdigit():
        return "A prefix ends with no digit: put a - or / after it."
    return ""
