"""Keeps text from running as a formula when a spreadsheet opens an exported file; takes the mark off on import."""

import re

# Full-width forms count too: East Asian spreadsheets read them as the ASCII ones.
_RISKY = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")


def escaped(text: str) -> str:
    """``text`` with an apostrophe before what a spreadsheet could take for a formula. ``unescaped`` undoes exactly this."""
    return f"'{text}" if _RISKY.match(text) else text


def unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and _RISKY.match(text[1:]) else text
