"""Words for the steps and gaps of the bridge, and the list behind each."""

from dataclasses import dataclass

# Names of what is linked to: sessions of the period, documents that hold them, or a page of its own.
SESSIONS, DOCUMENTS, OPEN, PAYMENTS, CREDITS, JOURNAL, CURRENCY, NONE = (
    "sessions", "documents", "open", "payments", "credits", "journal", "currency", "",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """``title`` is the figure's or the gap's name, ``reason`` what it is or why it is there; filters narrow the list."""

    title: str
    reason: str
    behind: str = NONE
    filters: tuple[tuple[str, str], ...] = ()


STEPS = {
    "metered": Words("Metered", "Energy of every session that ended in these days, as the Overview counts it.", SESSIONS),
    "priced_kwh": Words("Priced", "Energy of those with a price in this currency.", SESSIONS),
    "billed_kwh": Words("Billed", "Energy of those on a document.", SESSIONS, (("state", "DOCUMENTED"),)),
    "priced": Words("Priced, excl. VAT", "Their prices, whether they may be billed or not.", SESSIONS),
    "documented": Words("Documented, excl. VAT", "What stands on receipts and invoices for them.", DOCUMENTS),
    "net": Words("Net", "The same less what was taken back.", DOCUMENTS),
    "gross": Words("Gross", "With VAT.", DOCUMENTS),
    "documents": Words("Whole documents", "The documents they stand on, less credit notes.", DOCUMENTS),
    "collected": Words("Collected", "Received for these documents, until today.", PAYMENTS),
    "bank": Words("By bank", "Of it, what came by bank transfer.", PAYMENTS, (("method", "BANK"),)),
    "taken": Words("Taken", "By terminals, other systems and gateways, as the books have it in these days.", JOURNAL),
    "paid_out": Words("Paid out", "What they sent on.", JOURNAL),
    "arrived": Words("At the bank", "What of it arrived.", JOURNAL),
}
GAPS = {
    "unpriced": Words("Without a price", "Nothing says what they cost, or it is held until somebody does.", SESSIONS,
                      (("state", "UNPRICED"),)),
    "other_currency": Words("In another currency", "Their prices are in {detail}: they have a bridge of their own.", CURRENCY),
    "reading": Words("Another reading", "Somebody had another reading of the meter priced.", SESSIONS),
    "held": Words("Held", "In doubt: a person decides.", SESSIONS, (("state", "HELD"),)),
    "history": Words("History", "Counted for comparison, never billed.", SESSIONS, (("state", "DROPPED"), ("mode", "history"))),
    "free": Words("Free", "Of internal customers.", SESSIONS, (("state", "DROPPED"), ("reason", "internal"))),
    "dropped": Words("Dropped", "Somebody decided that they are not billed.", SESSIONS,
                     (("state", "DROPPED"), ("reason", "decided"))),
    "ready": Words("Ready", "They may be billed and are on no document yet.", SESSIONS, (("state", "READY"),)),
    "credited": Words("Credited", "They were billed and taken back whole.", SESSIONS, (("state", "CREDITED"),)),
    "rounding": Words("Rounding", "A document adds up to whole cents at each rate: the side not fixed follows.", DOCUMENTS),
    "earlier": Words("Billed before", "At an earlier price, credited since or not yet.", CREDITS),
    "replaced": Words("Issued anew", "Receipts that were issued once more to a company.", CREDITS),
    "credit_notes": Words("Credit notes", "What was taken back of them.", CREDITS),
    "tax": Words("VAT", "At each line’s own rate.", DOCUMENTS),
    "others": Words("Other days on the same documents", "Sessions that ended before or after these days.", DOCUMENTS),
    "given_back": Words("Paid and taken back", "Credited after it had been paid: owed back, or the customer’s credit.", CREDITS),
    "open": Words("Open", "Not paid yet.", OPEN),
    "terminals": Words("By terminals and other systems", "It goes to the bank in sums, see below.", PAYMENTS,
                       (("method", "TERMINAL"),)),
    "gateways": Words("By payment gateways", "They pay it out in sums, see below.", PAYMENTS, (("method", "GATEWAY"),)),
    "cash": Words("In cash", "It never was at the bank.", PAYMENTS, (("method", "CASH"),)),
    "fees": Words("Fees", "What they kept, input VAT of it too.", JOURNAL),
    "lies": Words("Still there", "Taken in these days and not paid out, less what was there before.", JOURNAL),
    "other": Words("Refunds and the rest", "Booked with them on any other account.", JOURNAL),
    "in_transit": Words("On its way", "Sent on and not arrived.", JOURNAL),
}  # fmt: skip
CHAINS = (
    ("energy", "Energy", "the sessions that ended in these days"),
    ("money", "Money", "the same sessions, wherever their documents and the money for them went"),
    ("takings", "Terminals and gateways", "what they took in these days, by the books"),
)
