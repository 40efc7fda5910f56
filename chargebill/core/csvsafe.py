"""Text that goes into a CSV or XLSX cell, so that no spreadsheet runs it; and back."""

import re

# What spreadsheets take for the beginning of a formula, with the full-width forms some of them fold. Text that has an
# apostrophe before that already gets one more, so that taking one off gives back what was there.
_RISKY = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def safe_cell(text: str) -> str:
    """``text``, with an apostrophe in front where a spreadsheet would read a formula. Numbers don't come through here."""
    return f"'{text}" if _RISKY.match(text) else text


def unsafe_text(cell: str) -> str:
    """What ``safe_cell`` was given."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell[1:]) else cell
