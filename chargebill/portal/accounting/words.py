"""Words for what an entry came from."""

WORDS = {
    "opening": "Opening balances",
    "opening_listed": "Listed by invoices",
    "open_invoice": "Open invoice taken over",
    "reversal": "Reversal",
    "invoice": "Invoice",
    "credit_note": "Credit note",
}


def source_words(source_type: str) -> str:
    return WORDS.get(source_type) or source_type.replace("_", " ").capitalize()
