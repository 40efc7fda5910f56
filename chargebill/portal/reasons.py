"""Why rows wait in quarantine, in words: the glossary behind the codes of stations.ingest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """``title`` names a group of rows; ``advice`` says what a clerk can do about them."""

    title: str
    advice: str


ENTER = "Enter it, if another record says what it was; else dismiss the row."
REWRITE = "Write it the way the message asks for."
ASK = "Correct it from another record, or dismiss the row."

REASONS = {
    "id_missing": Reason("No id", "Give it the id it has at the source, so that it can be told apart from other rows."),
    "place_missing": Reason("No place or charge point", ENTER),
    "start_missing": Reason("No start time", ENTER),
    "start_unreadable": Reason("Start time can't be read", REWRITE),
    "end_missing": Reason(
        "No end time", "It may still have been running: a later export has the end. Or enter the end yourself."
    ),
    "end_unreadable": Reason("End time can't be read", REWRITE),
    "time_missing": Reason("No time", ENTER),
    "time_unreadable": Reason("Time can't be read", REWRITE),
    "end_before_start": Reason("Ends before it starts", ASK),
    "implausible_year": Reason("Year can't be right", ASK),
    "time_zone_unknown": Reason("Time without a zone", "Write the offset behind the time, such as 2024-05-31 17:45+02:00."),
    "energy_missing": Reason("No energy (kWh)", ENTER),
    "energy_unreadable": Reason("Energy can't be read", REWRITE),
    "energy_negative": Reason("Negative energy", ASK),
    "amount_unreadable": Reason("Amount can't be read", REWRITE),
    "currency_missing": Reason("Amount without a currency", "Enter the three-letter code, such as EUR."),
    "status_missing": Reason("No status", ENTER),
    "token_missing": Reason("No token", ENTER),
    "result_missing": Reason("No result", ENTER),
    "session_missing": Reason("No session id", ENTER),
    "register_missing": Reason("No register", ENTER),
    "unit_missing": Reason("No unit", ENTER),
    "value_missing": Reason("No value", ENTER),
    "value_unreadable": Reason("Value can't be read", REWRITE),
    "period_unreadable": Reason("Charging period can't be read", REWRITE),
    "text_too_long": Reason("Text too long", "Shorten it to what identifies it at the source."),
    "column_count": Reason("Too many or too few cells", "A cell holds the separator: put each value back into its column."),
    "unclosed_quote": Reason("Quotation mark never closed", "Put each value into its column, without the quotation mark."),
    "empty_row": Reason("Empty row", "Nothing is lost by dismissing it."),
    "repeated_header": Reason("Column names repeated", "Files were put together. Nothing is lost by dismissing it."),
    "bad_json": Reason("Not valid JSON", "Correct the text of the record, or ask for it once more."),
    "not_a_cdr": Reason("Not a CDR", "Nothing is lost by dismissing what is no session."),
    "credit_cdr": Reason(
        "Credit for another CDR", "It takes a session back and is none itself: look at that session, then dismiss it."
    ),
    "unreadable_row": Reason("Row can't be read", "Compare it with the other rows of the file, and correct or dismiss it."),
}


def reason_of(code: str) -> Reason:
    """The words of a code; one nobody described is spelled out instead of failing the page."""
    return REASONS.get(code) or Reason(code.replace("_", " ").capitalize(), "Correct it, or dismiss it with a reason.")
