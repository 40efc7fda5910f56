"""Where a session stands on its way to a document: the transition table and the one function that moves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.checks import BY_CODE as GATE_BY_CODE
from billing.document_models import Document
from billing.models import Chargeable
from chargebill.core import bulk
from chargebill.core.errors import UserError

State = Chargeable.State

# Pricing and the gate may set these anew until a session is on a document; then only documents move it on.
OPEN = {State.UNPRICED, State.HELD, State.READY, State.DROPPED}
TRANSITIONS: dict[str, set[str]] = {
    **{state: set(OPEN) for state in OPEN},
    State.READY: {*OPEN, State.DOCUMENTED},
    State.DOCUMENTED: {State.CREDITED},
    # Billed again: it is priced anew, and the next document takes it.
    State.CREDITED: {State.READY},
}

# Billed, whether it was credited since or not.
ON_A_DOCUMENT = (State.DOCUMENTED, State.CREDITED)

# The reason of a session that a person dropped.
DECIDED = "decided"

# Why a session is where it is, in words. Codes are stored, words can change.
REASONS = {
    "no_tariff": "No tariff is assigned to this driver at this place on the day it started.",
    "no_version": "The tariff that is assigned had no version in force when it started.",
    "tariff_conflict": "Two assignments that are equally close name different tariffs. One of them must change.",
    "tariff_unknown": "The file names a tariff that is not known here. Give a tariff that code, or trust the file less.",
    "spans_price_change": "The price changed while it lasted, and only its totals are known. The company wants to decide.",
    "no_tax_rule": "No tax rule says what tax applies here. Nothing is billed at 0 % by accident.",
    "entity_incomplete": "The company was made by an import and is not complete yet.",
    "no_reported_amount": "The file says the money was already taken, but not how much.",
    "history": "Imported as history: counted and priced for comparison, never billed.",
    "before_billing_from": "It started before the day this company bills from, so it is history.",
    "internal": "An internal customer: free of charge.",
    DECIDED: "Somebody decided that it is not billed.",
    **{code: f"{check.title}." for code, check in GATE_BY_CODE.items()},
}
# Dropped for these reasons it still counts as business; held, unpriced and internal sessions do not count as revenue.
COUNTED_WHEN_DROPPED = {"history", "before_billing_from"}


def counts_as_revenue(state: str, reason: str) -> bool:
    return state in (State.READY, State.DOCUMENTED) or (state == State.DROPPED and reason in COUNTED_WHEN_DROPPED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands: its state, why, and its current Cdr."""

    session_id: int
    state: str
    reason: str
    cdr_id: int | None


def move(*, new: Iterable[Standing], old: dict[int, Standing], at: datetime) -> None:
    """Puts each session where ``new`` says; ``old`` is where those that had a place stood, locked by the caller.

    Raises UserError, changing nothing, when the table does not allow a step. Call inside a transaction.
    """
    added, moved = [], []
    for standing in new:
        before = old.get(standing.session_id)
        if before is None:
            added.append((standing.session_id, standing.cdr_id, standing.state, standing.reason, at))
        elif before != standing:
            if standing.state not in TRANSITIONS[before.state]:
                raise UserError(
                    "transition_refused",
                    f"A session that is {State(before.state).label.lower()} can't become {State(standing.state).label.lower()}.",
                    f"session {standing.session_id}",
                )
            moved.append((standing.cdr_id, standing.state, standing.reason, at, standing.session_id))
    bulk.insert(Chargeable, ["session_id", "cdr_id", "state", "reason", "changed_at"], added)
    bulk.update(Chargeable, ["cdr_id", "state", "reason", "changed_at"], moved, key="session_id")


def lock(session_ids: Iterable[int]) -> dict[int, Standing]:
    """Where these sessions stand, locked in key order until the transaction ends."""
    rows = Chargeable.objects.select_for_update().filter(pk__in=list(session_ids)).order_by("pk")
    return {
        pk: Standing(pk, state, reason, cdr_id)
        for pk, state, reason, cdr_id in rows.values_list("pk", "state", "reason", "cdr_id")
    }


def read(session_ids: Iterable[int]) -> dict[int, Standing]:
    """Where these sessions stand, to look at."""
    rows = Chargeable.objects.filter(pk__in=list(session_ids)).order_by("pk").values_list("pk", "state", "reason", "cdr_id")
    return {row[0]: Standing(*row) for row in rows}


def has_documents(entity_id: int) -> bool:
    """Whether the company ever issued a document: from then on no price of the past changes."""
    return Document.objects.filter(entity=entity_id).exists()
