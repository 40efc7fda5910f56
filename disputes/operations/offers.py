"""Makes offers and concessions, has a second person agree to what is above the limit, and takes the driver's answer.

An answer is stored whole before the case moves, so that what was agreed to is what is done. Every move goes through
moves.py: the table and its guards decide.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from billing.checks.canonical import canonical, digest
from billing.operations.credits import reason_in
from billing.operations.goodwill import LONGEST_LETTER
from billing.operations.second_person import is_above_limit, keep_word
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money, to_minor
from disputes.chargeback_queries import blocks
from disputes.desk import desk_of
from disputes.facts import Said
from disputes.letters import declined_letter
from disputes.models import Case, CaseEvent
from disputes.offers import Open, current_offer, is_outdated, open_items, returns_of, waiting_offer
from disputes.operations.events import notify, refresh, write
from disputes.operations.execution import plan_steps
from disputes.operations.moves import clean_text, lock_case, move
from disputes.outcome_models import Offer, OfferConfirmation, OfferPart, OfferRecord
from disputes.workflow.states import Role, State
from stations import facts
from stations.corrections import Right, corrected

ZERO = Decimal(0)
TARGETS = {Offer.Kind.OFFER: State.OFFERED, Offer.Kind.CONCESSION: State.AGREED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is given: ``amounts`` by contested item, on the side its document fixes; none of them: a decision of zero.

    ``letter`` is what the driver reads, ``reason`` stays here. ``records``: what is put right about contested sessions, by
    session, with the money.
    """

    kind: str
    amounts: Mapping[int, Decimal]
    letter: str
    reason: str
    way: str = Offer.Way.CORRECTION
    given_as: str = "REFUND"
    records: Mapping[int, Right] = field(default_factory=dict)


def answer(*, case: Case, terms: Terms, role: Role, actor: User, at: datetime) -> Offer:
    """Offers (T7, T10b) or concedes in full (T23); above the company's limit, and whenever a record is put right, it waits for a
    second person and moves nothing.

    Raises UserError, changing nothing: letter, reason_missing, reason_too_long, kind, way, given_as, amount (of an item),
    record_energy, record_end, record_same, record_alone (nothing is given with it), record_unbilled, not_billed (a
    correction of what is on no document), offer_waits, nothing_left, acquirer_holds (C3: a chargeback took the money), or the
    name of the guard that refuses.
    """
    letter, reason = clean_text(terms.letter), reason_in(terms.reason)
    if not letter:
        raise UserError("letter", "Write what the driver is to read. Nothing was changed.", "letter")
    if terms.way == Offer.Way.GOODWILL and len(letter) > LONGEST_LETTER:
        raise UserError("letter", f"Write at most {LONGEST_LETTER} characters with goodwill. Nothing was changed.", "letter")
    if terms.kind not in Offer.Kind.values or terms.way not in Offer.Way.values:
        raise UserError("way", "Say how it is given: off the bill, or as goodwill. Nothing was changed.", "way")
    with transaction.atomic():
        case = lock_case(case)
        items = {one.item.pk: one for one in open_items(case)}
        if terms.given_as not in returns_of(case):
            raise UserError("given_as", "Say where money goes that was paid. Nothing was changed.", "given_as")
        if waiting_offer(case) is not None:
            raise UserError("offer_waits", "Something waits for a second person already. Nothing was changed.")
        if terms.way == Offer.Way.GOODWILL and case.customer_id is None and not any(one.left for one in items.values()):
            raise UserError("not_billed", "Nobody knows yet whose this is: issue the receipt first. Nothing was changed.")
        parts = [_part(items, pk, amount, terms) for pk, amount in sorted(terms.amounts.items()) if amount]
        records = _records(items.values(), terms.records, at)
        amount = sum((part.gross_amount for part in parts), ZERO)
        check_not_held(case, amount)
        if terms.kind == Offer.Kind.CONCESSION and not amount:
            raise UserError("nothing_left", "Nothing is left to give back. Nothing was changed.")
        if records and not amount:
            raise UserError(
                "record_alone",
                "The record is put right with the bill: give something for it, or leave the record. Nothing was changed.",
                "record",
            )
        offer = Offer(
            case=case, version=case.offers.count() + 1, kind=terms.kind, way=terms.way, given_as=terms.given_as,
            amount=amount, letter=letter, reason=reason, needs_second=_needs_second(case, terms, amount, role), role=role,
            decided_by=actor, decided_at=at,
        )  # fmt: skip
        offer.sha256 = digest(content_of(offer, parts, records))
        offer.save(force_insert=True)
        for part in parts:
            part.offer = offer
        OfferPart.objects.bulk_create(parts)
        for record in records:
            record.offer = offer
        OfferRecord.objects.bulk_create(records)
        if offer.needs_second:
            _wait(case, offer, actor, at)
        else:
            _move(case, offer, actor, at)
    return offer


def _needs_second(case: Case, terms: Terms, amount: Decimal, role: Role) -> bool:
    """An agent concedes within the limit only: that guard speaks, nobody is asked."""
    if terms.records:
        # What figures are made of nobody changes alone.
        return True
    alone = terms.kind == Offer.Kind.CONCESSION and role is Role.AGENT
    return not alone and is_above_limit(case.entity, [amount])


def _part(items: Mapping[int, Open], pk: int, amount: Decimal, terms: Terms) -> OfferPart:
    one = items.get(pk)
    if one is None:
        raise UserError("amount", "That is not contested in this case. Nothing was changed.")
    if terms.way == Offer.Way.CORRECTION and one.left is None:
        raise UserError(
            "not_billed",
            f"Session {one.item.session.external_id} is on no document yet: issue it, or give goodwill. Nothing was changed.",
            f"amount-{pk}",
        )
    currency = one.document.currency if one.document else one.item.case.currency
    try:
        to_minor(amount, currency)
        gross = one.left.taking(amount, one.fixed, currency).gross if one.left else amount
        if not ZERO < gross <= one.left_gross:
            raise ValueError
    except (ValueError, ArithmeticError):
        raise UserError(
            "amount", f"At most {Money(one.left_fixed, currency)} can be given for this. Nothing was changed.", f"amount-{pk}"
        ) from None
    return OfferPart(item=one.item, line=one.line, fixed_amount=amount, gross_amount=gross, left_amount=one.left_gross)


def _records(items: Iterable[Open], records: Mapping[int, Right], at: datetime) -> list[OfferRecord]:
    """What is put right, each looked at as if it were done now."""
    if not records:
        return []
    contested = {one.item.session_id: one for one in items}
    if not records.keys() <= contested.keys():
        raise UserError("record", "That session is not contested in this case. Nothing was changed.", "record")
    if unbilled := [one for pk, one in contested.items() if pk in records and one.left is None]:
        raise UserError(
            "record_unbilled",
            f"Session {unbilled[0].item.session.external_id} is on no document: its record decides what it will cost. Bring in a"
            " file that says it right, or decide in the review queue. Nothing was changed.",
            "record",
        )
    found = []
    for fact in facts.load(records):
        right = records[fact.id]
        corrected(fact, right, at=at)
        found.append(
            OfferRecord(session_id=fact.id, session_revision=fact.revision, energy_kwh=right.energy_kwh, ended_at=right.ended_at)
        )
    return found


def content_of(offer: Offer, parts: list[OfferPart], records: Sequence[OfferRecord] = ()) -> str:
    """What is agreed to, as one text: its SHA-256 stands at the offer and with the acceptance."""
    said = [
        {"session": one.session_id, "version": one.session_revision, "kwh": one.energy_kwh, "ended_at": one.ended_at}
        for one in records
    ]
    return canonical(
        {
            **({"records": said} if said else {}),
            "case": offer.case.number,
            "version": offer.version,
            "way": str(offer.way),
            "given_as": str(offer.given_as),
            "currency": offer.case.currency,
            "amount": offer.amount,
            "parts": [{"item": part.item_id, "gross": part.gross_amount} for part in parts],
            "letter": offer.letter,
        }
    )


def _wait(case: Case, offer: Offer, actor: User, at: datetime) -> None:
    write(
        case=case, kind=CaseEvent.Kind.PREPARED, role=Role(offer.role), actor=actor, at=at, reason=offer.reason,
        data={"offer": offer.version},
    )  # fmt: skip
    refresh(case)
    _record("case.offer.prepare", offer, f"{_said(offer)} waits for a second person", actor, at)


def check_not_held(case: Case, amount: Decimal) -> None:
    """Raises UserError acquirer_holds (C3): nothing is given while a chargeback has the money."""
    if amount and blocks(case):
        raise UserError(
            "acquirer_holds",
            "The acquirer holds the money of this charge: what is given back now would be paid twice. Answer the acquirer, or"
            " decide that the bill stays. Nothing was changed.",
        )


def _move(case: Case, offer: Offer, actor: User, at: datetime) -> None:
    check_not_held(case, offer.amount)
    said = Said(text=offer.letter, reason=offer.reason, offer=offer)
    moved = move(case=case, target=TARGETS[Offer.Kind(offer.kind)], role=Role(offer.role), actor=actor, at=at, said=said)
    record_answer(offer, actor, at)
    if moved.state == State.AGREED:
        plan_steps(offer, at=at)


def confirm_offer(*, offer: Offer, accepted: bool, actor: User, at: datetime) -> Offer:
    """The second person's yes, which makes the offer or concession, or no.

    Raises UserError, changing nothing: needs_no_second, already_confirmed, own_decision, acquirer_holds, offer_outdated (the case
    has moved since, or something was taken off), record_changed, or the name of the guard that refuses.
    """
    with transaction.atomic():
        case = lock_case(offer.case)
        bulk.lock_alone(Offer, offer.pk)
        offer = Offer.objects.select_related("case__entity", "decided_by").get(pk=offer.pk)
        if is_outdated(case, offer):
            raise UserError("offer_outdated", "The case has moved since this was prepared: prepare it anew. Nothing was changed.")
        keep_word(offer, OfferConfirmation, accepted=accepted, actor=actor, at=at)
        if accepted:
            _check_left(case, offer)
            _check_records(offer)
        data = {"offer": offer.version, "accepted": accepted}
        write(case=case, kind=CaseEvent.Kind.SECONDED, role=Role.SUPERVISOR, actor=actor, at=at, data=data)
        refresh(case)
        _record("case.offer.confirm" if accepted else "case.offer.refuse", offer, _said(offer), actor, at)
        if accepted:
            offer = Offer.objects.select_related("case__entity", "confirmation", "decided_by").get(pk=offer.pk)
            _move(case, offer, offer.decided_by, at)
    return offer


def _check_left(case: Case, offer: Offer) -> None:
    """Nothing was taken off since it was prepared, by an incident or a colleague: it would be given on top."""
    left = {one.item.pk: one.left_gross for one in open_items(case)}
    if any(left.get(part.item_id) != part.left_amount for part in offer.parts.all()):
        raise UserError(
            "offer_outdated",
            "What is left of these charges changed since this was prepared: refuse it, and have it prepared anew. Nothing was"
            " changed.",
        )


def _check_records(offer: Offer) -> None:
    """What somebody agrees to put right is still what it was when it was prepared."""
    changed = offer.records.exclude(session__revision=F("session_revision")).select_related("session").first()
    if changed:
        raise UserError(
            "record_changed",
            f"What is on record about session {changed.session.external_id} changed since this was prepared: refuse it, and have"
            " it prepared anew. Nothing was changed.",
        )


def accept_offer(*, case: Case, version: int, at: datetime, actor: User | None = None) -> Case:
    """The driver accepts what is on the table (T8). ``actor`` is the colleague who took it down, None: the driver.

    Accepted already: the case as it is. Raises UserError, changing nothing: offer_is_valid, offer_version_matches,
    not_in_table.
    """
    with transaction.atomic():
        case = lock_case(case)
        offer = current_offer(case)
        if offer is not None and offer.version == version and offer.steps.exists():
            return case
        moved = move(case=case, target=State.AGREED, role=Role.CUSTOMER, actor=actor, at=at, said=Said(version=version))
        assert offer is not None
        plan_steps(offer, at=at)
    return moved


def decline_offer(*, case: Case, version: int, text: str, at: datetime, actor: User | None = None) -> Case:
    """The driver declines what is on the table (T10). Raises UserError, changing nothing: offer_version_matches."""
    with transaction.atomic():
        case = lock_case(case)
        offer = current_offer(case)
        if case.state == State.OFFERED and (offer is None or offer.version != version):
            raise UserError("offer_version_matches", "The offer has changed since. Read the new one. Nothing was changed.")
        said = Said(text=text, version=version, declines=True)
        moved = move(case=case, target=State.DEADLOCK, role=Role.CUSTOMER, actor=actor, at=at, said=said)
        letter = declined_letter(case.language, case.number, desk_of(case.entity).outside_bodies)
        notify(case=moved, body=letter, at=at)
        refresh(moved)
    return moved


def _said(offer: Offer) -> str:
    money = Money(offer.amount, offer.case.currency)
    if offer.kind == Offer.Kind.CONCESSION:
        return f"{offer.case.number}: {money} conceded in full"
    return f"{offer.case.number}: {money} offered" if offer.amount else f"{offer.case.number}: decided to change nothing"


def record_answer(offer: Offer, actor: User | None, at: datetime) -> None:
    """Its audit event, once it moved the case."""
    _record("case.offer", offer, _said(offer), actor, at)


def _record(action: str, offer: Offer, summary: str, actor: User | None, at: datetime) -> None:
    changes = {"version": offer.version, "way": offer.way, "given_as": offer.given_as, "sha256": offer.sha256}
    events.record(
        action=action, subject=offer.case, summary=summary, actor=actor, at=at, entity=offer.case.entity, reason=offer.reason,
        changes=changes,
    )  # fmt: skip
