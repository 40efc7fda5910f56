"""What comes of a case, on its page: what the checks propose, offers and concessions, the second person's word, the driver's
answer taken down, and what is done about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from billing.checks.driver import for_driver
from billing.documents import Fixed
from billing.papers.words import money
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.corrections import SIDES
from chargebill.portal.disputes.records import OnRecord, on_record, put_right, records_in
from chargebill.portal.disputes.roles import Worker
from chargebill.portal.payment_frame import amount_in, day_in
from disputes.chargeback_queries import blocks
from disputes.execution import dues_of, incident_of, steps_of, wider_than_the_case
from disputes.facts import Said
from disputes.letters import answer_begins
from disputes.models import Case
from disputes.offers import (
    Open,
    Proposed,
    amounts_of_claim,
    current_offer,
    given_already,
    offer_clock,
    open_items,
    proposals,
    returns_of,
    waiting_offer,
)
from disputes.operations.execution import paid_outside, try_again
from disputes.operations.moves import move
from disputes.operations.offers import Terms, accept_offer, answer, confirm_offer, decline_offer
from disputes.operations.thread import sort_case
from disputes.outcome_models import Offer, PayoutAccount
from disputes.workflow.moves import targets
from disputes.workflow.states import Role, State

CONFIRM, CLEAR = "disputes.add_offerconfirmation", "disputes.change_executionstep"
RETURNS = {"REFUND": "Refund, as it was paid", "CREDIT": "Credit of the customer"}
# What is booked when Finance says that a driver was paid another way.
PAID_BY = {"BANK": "by bank transfer", "CASH": "in cash", "TERMINAL": "at the terminal"}
Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One contested item in the form: ``side`` is the side its document fixes, ``amount`` what the field begins with.

    ``on_record``: what is on record about its session, at the first item about it.
    """

    one: Open
    proposed: Proposed
    side: str
    left: str
    amount: str
    on_record: OnRecord | None


def context_of(case: Case, worker: Worker | None, user: User, given: Given, at: datetime) -> dict[str, Any]:
    """Everything the card shows, as far as this person may do something about it."""
    state, offer, waiting = State(case.state), current_offer(case), waiting_offer(case)
    forms = _forms(case, worker, waiting)
    rows = _rows(case, given) if forms & {"offer", "concede"} else []
    steps = steps_of(offer) if offer and state not in (State.OFFERED, State.INVESTIGATING) else []
    return {
        "outcome_forms": forms,
        "outcome_rows": rows,
        "outcome_returns": [(way, RETURNS[way]) for way in returns_of(case)],
        "outcome_letters": _letters(case, rows) if rows else {},
        "offer_now": offer,
        "offer_until": offer_clock(case),
        "offer_waiting": waiting,
        "put_right": put_right(waiting or offer),
        "acquirer_holds": (bool(forms) or state is State.AGREED) and blocks(case),
        "may_confirm": waiting is not None and user.has_perm(CONFIRM) and waiting.decided_by_id != user.pk,
        "steps": steps,
        "steps_wider": wider_than_the_case(steps),
        "offer_incident": incident_of(steps),
        "step_dues": dues_of(steps) if steps else [],
        "may_clear": state is State.STUCK and user.has_perm(CLEAR),
        "paid_by": PAID_BY.items(),
        "today": case.entity.day_of(at).isoformat(),
        "payout_account": PayoutAccount.objects.filter(pk=case.pk).first(),
        "has_outcome": bool(forms or offer or waiting),
    }


def _forms(case: Case, worker: Worker | None, waiting: Offer | None) -> set[str]:
    if worker is None or waiting is not None:
        return set()
    open_to, state = targets(State(case.state), worker.role), State(case.state)
    found = set()
    if State.OFFERED in open_to:
        found.add("offer")
    if State.AGREED in open_to and state is not State.OFFERED:
        found.add("concede")
    return found | ({"driver"} if state is State.OFFERED else set())


def _rows(case: Case, given: Given) -> list[Row]:
    items = open_items(case)
    proposed, record, rows = proposals(case, items), on_record(items, given), []
    for one in items:
        begins = proposed[one.item.pk].amount
        amount = f"{round_money(begins, case.currency):f}" if begins else ""
        side = SIDES[one.document.anchor] if one.document else SIDES[Fixed.GROSS]
        left = f"{round_money(one.left_fixed, case.currency):f}"
        rows.append(
            Row(one, proposed[one.item.pk], side, left, given.get(f"amount-{one.item.pk}", amount), record.get(one.item.pk))
        )
    return rows


def _letters(case: Case, rows: Sequence[Row]) -> dict[str, str]:
    """How the letters begin. AMOUNT becomes the sum when it is sent."""
    language = "de" if case.language == "de" else "en"
    already = given_already([row.one for row in rows])
    found = [for_driver(row.proposed.finding, case.currency, language) for row in rows if row.proposed.finding]
    begins = {
        kind: answer_begins(language, case.number, kind, f"AMOUNT {case.currency}", list(dict.fromkeys(found)))
        for kind in ("OFFER", "CONCESSION", "DECISION")
    }
    if already:
        begins["DECISION"] = answer_begins(language, case.number, "SETTLED", money(already, case.currency, language), [])
    return {kind.lower(): words for kind, words in begins.items()}


def do(case: Case, name: str, given: Given, worker: Worker | None, user: User, at: datetime) -> str:
    """Does what a form of the card asks for; what it came to, in words. Raises UserError, changing nothing."""
    if name in CLEARING:
        if not user.has_perm(CLEAR):
            raise PermissionDenied
        return CLEARING[name](case, given, user, at)
    if name == "second":
        return _second(case, given, user, at)
    if worker is None:
        raise PermissionDenied
    return DEEDS[name](case, given, worker, at)


def _offer(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    decides = given.get("what") == "decision"
    amounts = {} if decides else _amounts(case, given)
    if not decides and not any(amounts.values()):
        raise UserError(
            "amount", "Say what is given for which charge, or decide that the bill stays. Nothing was changed.", "amounts"
        )
    offer = answer(case=case, terms=_terms("OFFER", amounts, given, case), role=worker.role, actor=worker.user, at=at)
    return _came_to(offer, "Our decision stands in the thread." if decides else "Offered. It waits for the driver.")


def _amounts(case: Case, given: Given) -> dict[int, Decimal]:
    found = {}
    for pk in case.items.values_list("pk", flat=True):
        if raw := given.get(f"amount-{pk}", "").strip():
            found[pk] = amount_in(raw)
    return found


def _terms(kind: str, amounts: Mapping[int, Decimal], given: Given, case: Case) -> Terms:
    """The letter says the sum where it says AMOUNT."""
    total = sum(amounts.values(), Decimal(0))
    letter = given.get("letter", "").replace("AMOUNT", written.amount(total, case.currency))
    return Terms(
        kind=kind, amounts=amounts, letter=letter, reason=given.get("reason", ""), way=given.get("way", "CORRECTION"),
        given_as=given.get("given_as", ""), records=records_in(case, given),
    )  # fmt: skip


def _concede(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    """All that is claimed; what is claimed is said with it where nobody knew it."""
    with transaction.atomic():
        if case.claimed_amount is None:
            raw = given.get("claimed_amount", "").strip()
            claimed = amount_in(raw) if raw else case.contested_amount
            case = sort_case(
                case=case, cause=case.cause, claimed_amount=claimed, role=worker.role, actor=worker.user, at=at
            )  # fmt: skip
        assert case.claimed_amount is not None
        amounts = amounts_of_claim(open_items(case), case.claimed_amount, case.currency)
        letter = given.get("letter", "").replace("AMOUNT", written.amount(case.claimed_amount, case.currency))
        terms = _terms("CONCESSION", amounts, {**given, "letter": letter}, case)
        offer = answer(case=case, terms=terms, role=worker.role, actor=worker.user, at=at)
    return _came_to(offer, "Conceded. It is put right in a moment.")


def _came_to(offer: Offer, said: str) -> str:
    return "It waits for a second person." if offer.needs_second else said


def _second(case: Case, given: Given, user: User, at: datetime) -> str:
    offer = waiting_offer(case)
    if not user.has_perm(CONFIRM):
        raise PermissionDenied
    if offer is None:
        raise UserError("already_confirmed", "Nothing waits for a second person any more. Nothing was changed.")
    accepted = given.get("accepted") == "1"
    confirm_offer(offer=offer, accepted=accepted, actor=user, at=at)
    return "Agreed: it is done." if accepted else "Refused: nothing was offered."


def _version(given: Given) -> int:
    raw = given.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 0


def _accepts(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    accept_offer(case=case, version=_version(given), at=at, actor=worker.user)
    return "Agreed. It is put right in a moment."


def _declines(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    decline_offer(case=case, version=_version(given), text=given.get("text", ""), at=at, actor=worker.user)
    return "Declined. The letter with the way to go on stands in the thread."


def _adds(case: Case, given: Given, worker: Worker, at: datetime) -> str:
    text = given.get("text", "").strip()
    if not text:
        raise UserError("text", "Write what the driver added. Nothing was changed.", "text")
    move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=worker.user, at=at, said=Said(text=text))
    return "Back in the investigation."


def _again(case: Case, given: Given, user: User, at: datetime) -> str:
    try_again(case=case, reason=given.get("reason", ""), actor=user, at=at)
    return "It is tried again in a moment."


def _outside(case: Case, given: Given, user: User, at: datetime) -> str:
    paid_on = day_in(given.get("paid_on", ""))
    if paid_on is None:
        raise UserError("paid_on", "Enter the day the money went out. Nothing was changed.", "paid_on")
    paid_outside(
        case=case, reference=given.get("reference", ""), method=given.get("method", ""), paid_on=paid_on, actor=user, at=at
    )  # fmt: skip
    return "Booked as paid, and resolved."


DEEDS: dict[str, Callable[[Case, Given, Worker, datetime], str]] = {
    "offer": _offer,
    "concede": _concede,
    "driver_accepts": _accepts,
    "driver_declines": _declines,
    "driver_adds": _adds,
}
CLEARING: dict[str, Callable[[Case, Given, User, datetime], str]] = {"try_again": _again, "paid_outside": _outside}
NAMES = {*DEEDS, *CLEARING, "second"}
