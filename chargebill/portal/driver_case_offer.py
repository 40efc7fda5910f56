"""What a company offered on the page of a case: accepting, declining, adding something, and the account money goes to."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from billing.papers.words import moment, money
from billing.pricing.text import Language
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in
from chargebill.portal.disputes.records import put_right
from chargebill.portal.driver_case_words import by
from chargebill.portal.driver_words import kwh
from chargebill.portal.session_page import zone_of
from disputes.execution import steps_of, taken_by_incident
from disputes.facts import Said
from disputes.models import Case
from disputes.offers import current_offer, given_already, offer_clock, open_items
from disputes.operations.moves import move
from disputes.operations.offers import accept_offer, decline_offer
from disputes.operations.payout_accounts import account_wanted, give_account
from disputes.outcome_models import Offer, OfferRecord
from disputes.workflow.states import Role, State
from memberships.models import CustomerKind

Given = Mapping[str, str]
# Where what was agreed is done, or is about to be.
AGREED = {State.AGREED, State.EXECUTING, State.STUCK, State.RESOLVED}

PHRASES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "offer_title": "We offer you {amount}",
        "decision_title": "Our decision: we are not changing this bill",
        "settled_title": "We took {amount} off this bill already. Nothing more changes",
        "correction": "The bill is corrected by that.",
        "goodwill": "As goodwill: the bill stays as it is.",
        "refund": "If you have paid, you get it back.",
        "credit": "If you have paid, it becomes credit on your account with us.",
        "partner": "It is credited to {partner}, your contract party, never to you; {partner} settles it with you.",
        "record_kwh": "Our record of the charge will say {kwh}.",
        "record_end": "Our record will say that it ended on {end}.",
        "valid": "It is valid until {by}.",
        "accept": "Accept {amount}",
        "accept_note": "That settles this complaint: what you accept is done, and nothing more.",
        "not_content": "You don’t agree?",
        "add_label": "I have something to add",
        "add_help": "We look into it again with what you write.",
        "add_send": "Look into it again",
        "decline_label": "I don’t accept it",
        "decline_help": "We then have no agreement. Our letter says where you can turn to. Why not? (optional)",
        "decline_send": "Decline",
        "agreed": "Agreed",
        "taken_back": "Taken back",
        "account_title": "Where shall the money go?",
        "account_help": "We have nothing to send it back to. We keep your account encrypted and delete it once you are paid.",
        "name": "Name on the account",
        "iban": "IBAN",
        "account_send": "Keep the account",
        "offer_is_valid": "This is not valid any more. Nothing was changed: here is how it stands now.",
        "offer_version_matches": "We have made you another offer since. Nothing was changed: read the new one first.",
        "has_rounds_left": "We looked into it again twice already. Accept or decline it now. Nothing was changed.",
        "nothing_added": "Write what we should look at. Nothing was sent.",
        "payee_name": "Say whose account it is. Nothing was changed.",
        "account": "This is no IBAN: compare it with your card or your bank. Nothing was changed.",
    },
    "de": {
        "offer_title": "Wir bieten Ihnen {amount} an",
        "decision_title": "Unsere Entscheidung: Wir ändern diese Rechnung nicht",
        "settled_title": "Wir haben diese Rechnung schon um {amount} gekürzt. Mehr ändert sich nicht",
        "correction": "Die Rechnung wird um so viel berichtigt.",
        "goodwill": "Aus Kulanz: Die Rechnung bleibt, wie sie ist.",
        "refund": "Haben Sie schon bezahlt, bekommen Sie es zurück.",
        "credit": "Haben Sie schon bezahlt, wird es Ihrem Konto bei uns gutgeschrieben.",
        "partner": "Es wird {partner}, Ihrem Vertragspartner, gutgeschrieben, nie Ihnen; {partner} regelt es mit Ihnen.",
        "record_kwh": "In unserer Aufzeichnung des Ladevorgangs stehen dann {kwh}.",
        "record_end": "In unserer Aufzeichnung steht dann, dass er am {end} endete.",
        "valid": "Es gilt bis {by}.",
        "accept": "{amount} annehmen",
        "accept_note": "Damit ist diese Beschwerde geklärt: Was Sie annehmen, geschieht, mehr nicht.",
        "not_content": "Sind Sie nicht einverstanden?",
        "add_label": "Ich möchte etwas hinzufügen",
        "add_help": "Wir prüfen es noch einmal mit dem, was Sie schreiben.",
        "add_send": "Noch einmal prüfen",
        "decline_label": "Ich nehme es nicht an",
        "decline_help": "Dann sind wir uns nicht einig. Unser Schreiben sagt, wohin Sie sich wenden können. Warum nicht? "
        "(freiwillig)",
        "decline_send": "Ablehnen",
        "agreed": "Vereinbart",
        "taken_back": "Zurückgenommen",
        "account_title": "Wohin soll das Geld?",
        "account_help": "Wir haben nichts, wohin wir es zurückschicken könnten. Ihr Konto bewahren wir verschlüsselt auf und "
        "löschen es, sobald Sie das Geld haben.",
        "name": "Name des Kontos",
        "iban": "IBAN",
        "account_send": "Konto angeben",
        "offer_is_valid": "Das gilt nicht mehr. Es wurde nichts geändert: So steht es jetzt.",
        "offer_version_matches": "Wir haben inzwischen etwas anderes angeboten. Es wurde nichts geändert: Lesen Sie es zuerst.",
        "has_rounds_left": "Wir haben es schon zweimal noch einmal geprüft. Nehmen Sie es jetzt an oder lehnen Sie es ab. Es "
        "wurde nichts geändert.",
        "nothing_added": "Schreiben Sie, was wir prüfen sollen. Es wurde nichts abgesendet.",
        "payee_name": "Sagen Sie, wem das Konto gehört. Es wurde nichts geändert.",
        "account": "Das ist keine IBAN: Vergleichen Sie sie mit Ihrer Karte oder Ihrer Bank. Es wurde nichts geändert.",
    },
}


def offered(case: Case, language: Language, at: datetime, zone: str) -> dict[str, Any]:
    """The offer on the table and what agreed money needs: ``offer`` and ``account`` None where there is none.

    ``by_fault``: an incident gave back all that was claimed.
    """
    said, state = PHRASES[language], State(case.state)
    newest = current_offer(case) if state in AGREED | {State.OFFERED} else None
    found: dict[str, Any] = {"offer": None, "agreed": None, "account": None, "by_fault": False, "offer_phrases": said}
    if newest is None:
        return found
    amount = money(newest.amount, case.currency, language)
    if state in AGREED:
        wants = case.customer_kind != CustomerKind.PARTNER and account_wanted(case, at)
        taken = taken_by_incident(steps_of(newest))
        fact = (said["agreed"], amount) if taken is None else (said["taken_back"], money(taken, case.currency, language))
        return {**found, "agreed": fact, "account": wants or None, "by_fault": taken is not None}
    until = offer_clock(case)
    found["offer"] = {
        "version": str(newest.version),
        "title": _decision(case, language) if newest.is_decision else said["offer_title"].format(amount=amount),
        "means": [] if newest.is_decision else _means(case, newest, language),
        "accept": "" if newest.is_decision else said["accept"].format(amount=amount),
        "letter": newest.letter,
        "valid": said["valid"].format(by=by(until, zone, language)) if until else "",
    }
    return found


def _decision(case: Case, language: Language) -> str:
    """What a decision of zero is called: it may be the rest of something that was put right beside the case."""
    already, said = given_already(open_items(case)), PHRASES[language]
    if not already:
        return said["decision_title"]
    return said["settled_title"].format(amount=money(already, case.currency, language))


def _means(case: Case, offer: Offer, language: Language) -> list[str]:
    """What becomes of the amount, and of our record."""
    said = PHRASES[language]
    way = said["goodwill" if offer.way == Offer.Way.GOODWILL else "correction"]
    if case.customer_kind == CustomerKind.PARTNER:
        customer = case.customer
        to = said["partner"].format(partner=customer.company or customer.name if customer else "")
    else:
        to = said["refund" if offer.given_as == "REFUND" else "credit"]
    return [way, to, *(line for one in put_right(offer) for line in _record(one, language))]


def _record(one: OfferRecord, language: Language) -> list[str]:
    """What our record of a charge says then."""
    said, found = PHRASES[language], []
    if one.energy_kwh is not None:
        found.append(said["record_kwh"].format(kwh=kwh(one.energy_kwh, language)))
    if one.ended_at is not None:
        found.append(said["record_end"].format(end=moment(one.ended_at, zone_of(one.session), language)))
    return found


def _accept(case: Case, given: Given, at: datetime) -> object:
    return accept_offer(case=case, version=key_in(given.get("version", "")) or 0, at=at)


def _decline(case: Case, given: Given, at: datetime) -> object:
    return decline_offer(case=case, version=key_in(given.get("version", "")) or 0, text=given.get("text", ""), at=at)


def _add(case: Case, given: Given, at: datetime) -> object:
    """Back into the investigation (T9), with words: without any there is nothing to look into."""
    if not given.get("text", "").strip():
        raise UserError("nothing_added", "Write what is to be looked at. Nothing was changed.", "text")
    return move(case=case, target=State.INVESTIGATING, role=Role.CUSTOMER, actor=None, at=at, said=Said(text=given["text"]))


def _account(case: Case, given: Given, at: datetime) -> object:
    if not account_wanted(case, at):
        raise UserError("not_wanted", "Nothing waits for an account. Nothing was changed.")
    return give_account(case=case, name=given.get("name", ""), iban=given.get("iban", ""), at=at)


DEEDS: dict[str, Callable[[Case, Given, datetime], object]] = {
    "accept": _accept,
    "decline": _decline,
    "add": _add,
    "account": _account,
}
