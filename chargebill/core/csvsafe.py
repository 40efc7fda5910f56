"""Text that goes into a CSV or XLSX cell, so that no spreadsheet runs it."""

# What spreadsheets take for the beginning of a formula, with the full-width forms some of them fold.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(text: str) -> str:
    """``text``, with an apostrophe in front where a spreadsheet would read a formula. Numbers don't come through here."""
    return f"'{text}" if text.startswith(DANGEROUS) else text
