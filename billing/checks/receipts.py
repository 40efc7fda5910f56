"""Documents and money: billed twice, paid twice, added up, taken, already given back."""

from decimal import Decimal

from billing.checks.model import (
    CARD_PAYMENTS,
    DOCUMENTS,
    PAYMENTS,
    PRE_AUTHORIZATIONS,
    ZERO,
    Check,
    Finding,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.record import BilledDocument
from billing.checks.words import listed, money, span

NOTHING = Remedy(Way.RELEASE, ZERO)
BY_CARD = {"GATEWAY", "TERMINAL"}


def _bills(snapshot: Snapshot) -> list[BilledDocument]:
    return [document for document in snapshot.record.documents or () if not document.is_credit]


def paid_twice(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    payments = snapshot.record.payments
    timed = [payment for payment in payments or () if payment.at is not None]
    if not timed:
        return check.no_data(PAYMENTS)
    mine = [payment for payment in timed if payment.here]
    doubled = []
    for other in timed:
        assert other.at is not None
        near = [
            abs(int((other.at - one.at).total_seconds()))
            for one in mine
            if one is not other and one.at is not None and one.currency == other.currency
        ]
        has_session = other.elsewhere or any(
            abs((start - other.at).total_seconds()) <= thresholds.payments_apart_s for start in snapshot.record.same_payer
        )
        if other.left > ZERO and near and min(near) <= thresholds.payments_apart_s and not has_session:
            doubled.append((other, min(near)))
    if not doubled:
        return check.passed(payments=str(len(timed)))
    amount = sum((payment.left for payment, _ in doubled), ZERO)
    return check.found(
        {"payments": str(len(timed)), "apart_s": str(doubled[0][1]), "left": str(amount)},
        f"{money(amount, doubled[0][0].currency)} was received {span(doubled[0][1])} apart from the payment of this session"
        " and is for no other session",
        Remedy(Way.REFUND, amount),
    )


def billed_twice(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.record.documents is None:
        return check.no_data(DOCUMENTS)
    live = [document for document in _bills(snapshot) if document.stands > ZERO]
    if len(live) < 2:
        return check.passed(live=str(len(live)))
    amount = sum((document.stands for document in live[1:]), ZERO)
    return check.found(
        {"live": str(len(live)), "too_much": str(amount)},
        f"it stands on {len(live)} documents: {listed([document.number for document in live])}",
        Remedy(Way.CREDIT, amount),
    )


def adds_up(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    documents = snapshot.record.documents
    if not documents:
        return check.no_data(DOCUMENTS)
    for document in documents:
        net, tax, gross = document.total
        figures = {"document": document.number, "net": str(net), "tax": str(tax), "gross": str(gross)}
        if document.currency != snapshot.currency:
            said = f"{document.number} is in {document.currency}, the session's price in {snapshot.currency}"
            return check.found(figures, said, NOTHING)
        over = ZERO
        if net + tax != gross:
            said, over = f"{document.number} says {gross} with tax, but {net} and {tax} of tax are {net + tax}", gross - net - tax
        elif document.lines != document.total:
            said, over = f"{document.number} says {gross}, its lines add up to {document.lines[2]}", gross - document.lines[2]
        elif document.taxes != document.total:
            said, over = f"{document.number} says {tax} of tax, its rates add up to {document.taxes[1]}", tax - document.taxes[1]
        elif not document.is_credit and document.fixed != snapshot.total and document.stands > ZERO:
            said = f"{document.number} bills {document.fixed} for the session, its price is {snapshot.total}"
            over = document.fixed - snapshot.total
        else:
            continue
        return check.found(figures, said, Remedy(Way.CREDIT, over) if over > ZERO else NOTHING)
    return check.passed(documents=str(len(documents)))


def captured(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    """What was taken by card for this session's documents against what they ask; what went back counts as not taken."""
    if snapshot.record.documents is None or snapshot.record.payments is None:
        return check.no_data(CARD_PAYMENTS)
    by_card = [payment for payment in snapshot.record.payments if payment.method in BY_CARD and payment.here > ZERO]
    if not by_card:
        return check.no_data(CARD_PAYMENTS)
    taken = sum((payment.amount - payment.elsewhere for payment in by_card), ZERO)
    otherwise = sum((payment.here for payment in snapshot.record.payments if payment not in by_card), ZERO)
    asked = sum((document.total[2] for document in _bills(snapshot)), ZERO)
    back = sum((payment.back for payment in by_card), ZERO)
    figures = {"captured": str(taken), "asked": str(asked), "paid_otherwise": str(otherwise), "given_back": str(back)}
    over = taken + otherwise - asked
    if not over:
        return check.passed(**figures)
    currency = by_card[0].currency
    return check.found(
        figures,
        f"{money(taken, currency)} was taken by card, {money(asked - otherwise, currency)} was asked",
        Remedy(Way.REFUND, over - back) if over > back else NOTHING,
    )


def not_released(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    """No gateway here tells of pre-authorizations yet, so nothing can be said about them."""
    return check.no_data(PRE_AUTHORIZATIONS)


def credited(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if snapshot.record.documents is None:
        return check.no_data(DOCUMENTS)
    gone: Decimal = sum((document.credited for document in _bills(snapshot)), ZERO)
    if not gone:
        return check.passed()
    notes = [document.number for document in snapshot.record.documents if document.is_credit]
    left = sum((document.stands for document in _bills(snapshot)), ZERO)
    return check.found(
        {"credited": str(gone), "left": str(left)},
        f"{money(gone, snapshot.currency)} was already taken back by {listed(notes) or 'a credit note'},"
        f" {money(left, snapshot.currency)} still stands",
        NOTHING,
    )


CHECKS = (
    Check("D1b", 1, "Paid twice", paid_twice),
    Check("D2", 1, "On two documents", billed_twice),
    Check("D26", 1, "The document doesn't add up", adds_up),
    Check("D27", 1, "Another amount taken than billed", captured),
    Check("D27b", 1, "A pre-authorization not released", not_released),
    Check("D28", 1, "Already credited", credited),
)
