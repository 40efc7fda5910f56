"""The one glossary of states: each has one word, one tone (color) and one icon everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.models import Chargeable
from chargebill.core.models import Job
from stations.models import Mode, QuarantinedRow

GOOD, WAIT, BAD, INFO, QUIET = "good", "wait", "bad", "info", "quiet"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a state looks: ``tone`` picks the color, which is never the only sign. ``help`` says what it means."""

    word: str
    tone: str
    icon: str
    help: str


_C, _J, _Q = Chargeable.State, Job.State, QuarantinedRow.State

CHARGEABLE = {
    _C.UNPRICED: Shown("No price", BAD, "money_off", "No tariff applies to this session yet, so it has no price."),
    _C.HELD: Shown("Held", WAIT, "pan_tool", "Something is in doubt: a person decides before it is billed."),
    _C.READY: Shown("Ready to bill", GOOD, "check_circle", "Priced and checked; it goes on the next document."),
    _C.DROPPED: Shown("Not billed", QUIET, "do_not_disturb_on", "Counted, but no document will be made for it."),
    _C.DOCUMENTED: Shown("Billed", INFO, "receipt_long", "It is on a receipt or an invoice."),
    _C.CREDITED: Shown("Credited", INFO, "undo", "It was billed and then credited."),
}
JOB = {
    _J.QUEUED: Shown("Waiting", QUIET, "schedule", "It starts as soon as a worker is free."),
    _J.RUNNING: Shown("Running", INFO, "progress_activity", "A worker is at it."),
    _J.DONE: Shown("Done", GOOD, "check_circle", "It ended and everything was stored."),
    _J.FAILED: Shown("Failed", BAD, "error", "It stopped; what was stored before stays."),
}
QUARANTINE = {
    _Q.WAITING: Shown("Waiting", WAIT, "hourglass_empty", "A person corrects it or dismisses it."),
    _Q.RESOLVED: Shown("Corrected", GOOD, "check_circle", "Corrected and taken."),
    _Q.DISMISSED: Shown("Dismissed", QUIET, "do_not_disturb_on", "Somebody decided that it is not needed."),
}
MODE = {
    Mode.BILL: Shown("Bill", INFO, "receipt", "ChargeBill prices and bills it."),
    Mode.COLLECTED: Shown("Collected", GOOD, "payments", "Another system already took the money."),
    Mode.HISTORY: Shown("History", QUIET, "history", "Counted and priced for comparison, never billed."),
}
TAX = {
    "now": Shown("In force", GOOD, "check_circle", "The newest of its kind that has begun."),
    "later": Shown("Later", INFO, "schedule", "It has not begun yet."),
    "earlier": Shown("Earlier", QUIET, "history", "A newer one of its kind has taken its place."),
    "unapproved": Shown("Not approved", WAIT, "visibility", "It counts, but no second person has looked at it yet."),
    "approved": Shown("Approved", GOOD, "how_to_reg", "A second person looked at it."),
}
API_TOKEN = {
    "works": Shown("Works", GOOD, "check_circle", "A program with its key is let in."),
    "ended": Shown("Ended", QUIET, "event_busy", "Its last day is over: its key is refused."),
    "revoked": Shown("Revoked", BAD, "block", "Somebody took it back: its key is refused."),
}
VERSION = {
    "draft": Shown("Draft", WAIT, "edit_note", "It is being written and applies to nothing."),
    "now": Shown("In force", GOOD, "check_circle", "Sessions that start now are priced with it, where it is assigned."),
    "later": Shown("Begins later", INFO, "schedule", "It is activated, and its first moment is still to come."),
    "earlier": Shown("Ended", QUIET, "history", "Its last moment is over."),
    "never": Shown("Never applied", QUIET, "block", "It was replaced before it applied."),
}
FINDING = {
    "ERROR": Shown("Error", BAD, "error", "The tariff can't be activated with it."),
    "WARNING": Shown("Warning", WAIT, "warning", "It is hardly meant so."),
    "INFO": Shown("Note", INFO, "info", "Worth knowing."),
}
PERIOD = {
    "OPEN": Shown("Open", INFO, "lock_open", "It takes entries."),
    "CLOSED": Shown("Closed", GOOD, "lock", "Two people closed it and it is signed: it takes no entry."),
}
PAYMENT = {
    "open": Shown("Not matched", WAIT, "help", "The money is here; what it is for is not known yet."),
    "part": Shown("Partly matched", WAIT, "rule", "A part of the money is for nothing yet."),
    "matched": Shown("Matched", GOOD, "check_circle", "All of it is for documents or a customer’s credit."),
    "taken_back": Shown("Taken back", QUIET, "undo", "It was entered by mistake and counts for nothing."),
}
PAID = {
    "open": Shown("Not paid", WAIT, "schedule", "Nothing was paid on it yet."),
    "part": Shown("Partly paid", WAIT, "rule", "A part of it is still open."),
    "paid": Shown("Paid", GOOD, "check_circle", "Nothing is open any more."),
}
REFUND_DUE = {
    "owed": Shown("Owed", WAIT, "schedule", "Nothing of it went back yet, and nothing is on its way."),
    "part": Shown("Partly owed", WAIT, "rule", "A part of it is neither paid back nor on its way."),
    "listed": Shown("On a list", INFO, "playlist_add_check", "Prepared; a second person releases the list."),
    "sent": Shown("Sent", INFO, "send", "On its way; the bank’s file says when it went out."),
    "unknown": Shown("Outcome not known", BAD, "help", "Whether it went through is being asked. It is not sent again."),
    "failed": Shown("Failed, still owed", BAD, "error", "It did not go through or came back: it is owed as before."),
    "paid": Shown("Paid back", GOOD, "check_circle", "All of it went back."),
    "taken_back": Shown("Not owed", QUIET, "undo", "It was entered by mistake and counts for nothing."),
}
REFUND = {
    "PENDING": Shown("Prepared", INFO, "playlist_add_check", "A second person releases it."),
    "SENT": Shown("Sent", INFO, "send", "On its way; nothing is booked yet."),
    "SUCCEEDED": Shown("Paid back", GOOD, "check_circle", "The money went out; it is booked."),
    "FAILED": Shown("Failed", BAD, "error", "The money is here again, or never left."),
    "UNKNOWN": Shown("Outcome not known", BAD, "help", "Whether it went through is being asked. It is not sent again."),
    "WITHDRAWN": Shown("Withdrawn", QUIET, "undo", "It was not sent."),
}
SETTLEMENT = {
    "IN_TRANSIT": Shown("In transit", WAIT, "schedule", "The acquirer paid it out; the bank has not said that it came."),
    "ARRIVED": Shown("Arrived", GOOD, "check_circle", "A line of the bank brought it."),
}
GATEWAY_ATTEMPT = {
    "SENT": Shown("Sent", INFO, "send", "The gateway has it and says later whether it went through."),
    "UNKNOWN": Shown("Outcome not known", BAD, "help", "Whether it went through is being asked. It is not taken again."),
    "SUCCEEDED": Shown("Collected", GOOD, "check_circle", "The money was taken; it is a payment."),
    "FAILED": Shown("Failed", QUIET, "error", "Nothing was taken."),
}
PAYOUT_LIST = {
    "PREPARED": Shown("Waits for release", WAIT, "how_to_reg", "Somebody who did not prepare it releases it."),
    "RELEASED": Shown("Released", GOOD, "check_circle", "Two people saw it; it may go to the bank."),
    "DISCARDED": Shown("Discarded", QUIET, "undo", "It never goes out; what was on it is owed as before."),
}
MAIL = {
    "QUEUED": Shown("Waiting", QUIET, "schedule", "A worker sends it, at once or when the next try is due."),
    "SENT": Shown("Sent", GOOD, "mark_email_read", "The mail server took it."),
    "FAILED": Shown("Not sent", BAD, "error", "It was given up: the reason stands beside it."),
}
INCOMING_MAIL = {
    "PLACED": Shown("In a thread", GOOD, "mark_email_read", "It stands in the thread of its case."),
    "WAITING": Shown("Not placed", WAIT, "help", "A person says which case it belongs to, or puts it away."),
    "AUTOMATIC": Shown("Automatic", QUIET, "smart_toy", "A program wrote it: out of office, a receipt, a newsletter."),
    "RETURNED": Shown("Came back", BAD, "undo", "A mail of ours could not be delivered."),
    "PUT_AWAY": Shown("Put away", QUIET, "archive", "Somebody looked at it, and nothing followed."),
}
GOODWILL = {
    "waits": Shown(
        "Waits for a second person",
        WAIT,
        "schedule",
        "Nothing is given before somebody else confirms it.",
    ),
    "given": Shown("Given", GOOD, "check_circle", "It is the customer's credit, or owed until it is paid out."),
    "refused": Shown("Refused", BAD, "block", "The second person said no: nothing was given."),
}
INCIDENT = {
    "waits": Shown("Waits for a second person", WAIT, "schedule", "Nothing is taken back before somebody else agrees."),
    "running": Shown("Running", INFO, "progress_activity", "Credit notes are being made, then the drivers are told."),
    "stopped": Shown("Stopped", WAIT, "pause_circle", "What is done stays; it can go on where it stopped."),
    "done": Shown("Done", GOOD, "check_circle", "What was agreed to was taken back, and the drivers were told."),
    "refused": Shown("Refused", BAD, "block", "The second person said no: nothing was taken back."),
}
OUTSIDE = {
    "OPEN": Shown("Open", WAIT, "schedule", "No clock closes the cases it is about."),
    "ANSWERED": Shown("Answered", GOOD, "check_circle", "The answer was sent, and never changes."),
    "CLOSED": Shown("Closed without an answer", QUIET, "do_not_disturb_on", "Nobody has to answer it any more."),
}
DIFFERENCE = {
    "waits": Shown("Waits for a second person", WAIT, "schedule", "Nothing is done before somebody else confirms it."),
    "done": Shown("Done", GOOD, "check_circle", "What was decided was done."),
    "refused": Shown("Refused", BAD, "block", "The second person said no: the sessions wait as before."),
}
BANK_FILE = {
    "looked_at": Shown("Not taken in", WAIT, "visibility", "It was uploaded to look at; nothing of it counts yet."),
    "taken_in": Shown("Taken in", GOOD, "check_circle", "Every line that was new is kept."),
}
PROPOSAL = {
    "certain": Shown("Certain", GOOD, "check_circle", "It names the documents, and the amount is theirs exactly."),
    "likely": Shown("Likely", WAIT, "help", "Worth a look before it is confirmed."),
    "none": Shown("No proposal", QUIET, "search", "A person chooses what it is for."),
}
MONTH_END = {
    "blocks": Shown("Comes first", BAD, "block", "The month is not closed before this is done."),
    "missing": Shown("Missing", WAIT, "pending", "The month can be closed without it, with a reason."),
    "done": Shown("Done", GOOD, "check_circle", "Nothing of this is missing."),
    "not_needed": Shown("Not needed", QUIET, "remove", "The company has nothing of this kind."),
}
CASE = {
    "NEW": Shown("New", WAIT, "fiber_new", "Nobody looks after it yet."),
    "TRIAGE": Shown("Being sorted", INFO, "rule", "Somebody finds out what it is about and what is claimed."),
    "INADMISSIBLE": Shown("Not admissible", QUIET, "block", "It can't be dealt with here; the driver was told why."),
    "MERGED": Shown("Merged", QUIET, "merge", "Another case has its items and its deadlines."),
    "INVESTIGATING": Shown("Being investigated", INFO, "search", "Somebody finds out what happened."),
    "AWAITING_CUSTOMER": Shown("Waiting for the driver", WAIT, "hourglass_empty", "The driver was asked something."),
    "OFFERED": Shown("Offered", INFO, "local_offer", "The driver has our decision or offer."),
    "AGREED": Shown("Agreed", GOOD, "handshake", "Both sides agree; it is put right next."),
    "DEADLOCK": Shown("Deadlock", BAD, "pan_tool", "There is no agreement. The driver can go elsewhere."),
    "MEDIATION": Shown("Mediation", INFO, "groups", "A mediator helps both sides."),
    "ARBITRATION": Shown("Arbitration", INFO, "balance", "An arbitrator decides."),
    "AWARDED": Shown("Awarded", WAIT, "gavel", "The arbitrator decided; the driver accepts or not."),
    "EXECUTING": Shown("Being put right", INFO, "progress_activity", "Corrections and money are on their way."),
    "STUCK": Shown("Stuck", BAD, "error", "A step failed: Finance clears it."),
    "RESOLVED": Shown("Resolved", GOOD, "check_circle", "All of it was done."),
    "CLOSED": Shown("Closed", QUIET, "lock", "It is over."),
    "WITHDRAWN": Shown("Withdrawn", QUIET, "undo", "The driver took it back."),
}
TURN = {
    "us": Shown("We owe an answer", BAD, "reply", "It is on us."),
    "finance": Shown("Finance", BAD, "account_balance", "Finance has to act."),
    "driver": Shown("Driver", WAIT, "hourglass_empty", "We wait for the driver."),
    "neutral": Shown("Neutral person", WAIT, "balance", "We wait for the mediator or arbitrator."),
    "nobody": Shown("Ended", QUIET, "lock", "Nobody has to do anything."),
}
REVIEW = Shown("Needs review", WAIT, "visibility", "Made by an import; nobody has looked at it yet.")
BLOCKED = Shown("Blocked", BAD, "block", "This token must not charge.")
IN_FORCE = Shown("In force", GOOD, "check_circle", "It applies to sessions that start today.")
LATER = Shown("Later", INFO, "schedule", "Its first day is still to come.")
ENDED = Shown("Ended", QUIET, "event_busy", "Its last day is over.")
UNKNOWN = Shown("Not known", QUIET, "help", "ChargeBill does not know this state.")

MARKS = {"review": REVIEW, "blocked": BLOCKED, "in_force": IN_FORCE, "later": LATER, "ended": ENDED}

KINDS: dict[str, Mapping[Any, Shown]] = {
    "chargeable": CHARGEABLE,
    "job": JOB,
    "quarantine": QUARANTINE,
    "mode": MODE,
    "api_token": API_TOKEN,
    "mark": MARKS,
    "tax": TAX,
    "version": VERSION,
    "finding": FINDING,
    "period": PERIOD,
    "payment": PAYMENT,
    "paid": PAID,
    "mail": MAIL,
    "incoming_mail": INCOMING_MAIL,
    "goodwill": GOODWILL,
    "difference": DIFFERENCE,
    "incident": INCIDENT,
    "outside": OUTSIDE,
    "bank_file": BANK_FILE,
    "refund_due": REFUND_DUE,
    "refund": REFUND,
    "payout_list": PAYOUT_LIST,
    "gateway_attempt": GATEWAY_ATTEMPT,
    "settlement": SETTLEMENT,
    "proposal": PROPOSAL,
    "month_end": MONTH_END,
    "case": CASE,
    "turn": TURN,
}


def shown(kind: str, state: str) -> Shown:
    """The look of a state; a state nobody described is shown as not known instead of failing the page."""
    return KINDS[kind].get(state, UNKNOWN)
