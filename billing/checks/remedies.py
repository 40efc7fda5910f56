"""What putting a failed check right is worth, to the cent: priced anew, and never more than what still stands."""

from dataclasses import replace
from decimal import Decimal

from billing.checks.model import ZERO, Finding, Remedy, Snapshot, Way
from billing.checks.parts import with_energy, without
from billing.pricing import Anchor
from chargebill.core.money import round_money


def exact(finding: Finding, snapshot: Snapshot) -> Finding:
    """The finding with its remedy's amount as it will be: what is waived or read anew is priced, steps and limits included."""
    if finding.remedy is None:
        return finding
    amount = min(_priced(finding.remedy, snapshot), _standing(finding.remedy, snapshot))
    return replace(finding, remedy=replace(finding.remedy, amount=amount))


def _priced(remedy: Remedy, snapshot: Snapshot) -> Decimal:
    pricing = snapshot.record.pricing
    if pricing is None:
        return remedy.amount
    if remedy.way is Way.WAIVE and remedy.part is not None:
        anew = pricing.under(without(pricing.tariff, [remedy.part])).cost()
    elif remedy.way is Way.READING and remedy.energy_kwh is not None:
        anew = pricing.used(with_energy(pricing.usage, remedy.energy_kwh)).cost()
    else:
        return remedy.amount
    return max(snapshot.total - anew, ZERO)


def _standing(remedy: Remedy, snapshot: Snapshot) -> Decimal:
    """The most that can be taken back, on the side the price is fixed on. What goes back beside the bill has no bound here."""
    documents = snapshot.record.documents
    if remedy.way in (Way.REFUND, Way.CREDIT) or not documents:
        return max(remedy.amount, snapshot.total)
    bills = [document for document in documents if not document.is_credit]
    gross = sum((document.gross for document in bills), ZERO)
    left = sum((document.stands for document in bills), ZERO)
    pricing = snapshot.record.pricing
    if pricing is not None and pricing.anchor is Anchor.NET and gross:
        return round_money(sum((document.fixed for document in bills), ZERO) * left / gross, snapshot.currency)
    return left
