"""Reads about prices: the explanation of one session's bill."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from billing import assignments
from billing.chargeables import REASONS
from billing.checks import Part
from billing.checks.parts import without
from billing.models import Cdr, Chargeable
from billing.pricing import Anchor, Dimension, Line, Result, Tariff, price
from billing.pricing.notes import in_words
from billing.pricing.text import dimension_label
from billing.rates import applied, core_tariff
from billing.usage import spanning_of, usages
from chargebill.core.models import SpanningPolicy
from chargebill.core.money import round_money
from memberships.models import CustomerKind
from stations import facts as session_facts
from stations.models import Mode, Session


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a session's price came about. ``lines`` and ``notes`` are the reference pricer's, computed now.

    ``agrees`` is False when they do not give the stored amounts: then the stored price stands and needs a look.
    ``why`` are sentences: which tariff and why, which tax, which side is fixed.
    """

    cdr: Cdr | None
    state: str
    state_label: str
    reason: str
    reason_text: str
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    agrees: bool = True


def explain(session: Session) -> Explanation:
    """The current price of a session, line by line, and why it is what it is."""
    chargeable = Chargeable.objects.select_related(*_RELATED).get(pk=session.pk)
    cdr = chargeable.cdr
    told = Explanation(
        cdr=cdr,
        state=chargeable.state,
        state_label=chargeable.get_state_display(),
        reason=chargeable.reason,
        reason_text=REASONS.get(chargeable.reason, chargeable.reason),
    )
    if cdr is None:
        return told
    if session.mode == Mode.COLLECTED:
        return replace(told, why=(_collected_sentence(cdr), *_common(cdr)))
    result = recomputed(session, cdr)
    if result is None:
        return replace(told, why=_common(cdr), agrees=False)
    return replace(
        told,
        lines=result.lines,
        notes=in_words(result.notes),
        why=(_tariff_sentence(cdr), *_decided(cdr), *_common(cdr)),
        agrees=(result.net, result.tax, result.gross) == (cdr.net_amount, cdr.tax_amount, cdr.gross_amount),
    )


_RELATED = (
    "cdr__tariff_version__tariff",
    "cdr__customer",
    "cdr__entity",
    "cdr__applied_taxes",
    *(f"cdr__assignment__{path}" for path in assignments.RELATED),
)


def recomputed(session: Session, cdr: Cdr) -> Result | None:
    """What the reference pricer makes of the session now, under the Cdr's own version and taxes; None without them."""
    return recomputed_all([cdr]).get(session.pk)


def recomputed_all(cdrs: Iterable[Cdr]) -> dict[int, Result]:
    """The same for Cdrs of different sessions, by session id. Their ``tariff_version__tariff`` and ``applied_taxes`` are read."""
    priced = {cdr.session_id: cdr for cdr in cdrs if cdr.tariff_version is not None and cdr.applied_taxes is not None}
    facts = [
        fact if (kwh := priced[fact.id].energy_kwh) is None else replace(fact, energy_kwh=kwh)
        for fact in (session_facts.load(priced) if priced else ())
    ]
    used = usages(facts)
    tariffs: dict[int, Tariff] = {}
    found = {}
    for fact in facts:
        cdr, usage = priced[fact.id], used[fact.id]
        version, taxes = cdr.tariff_version, cdr.applied_taxes
        assert version is not None
        assert taxes is not None
        if version.pk not in tariffs:
            tariffs[version.pk] = core_tariff(version)
        told = cdr.notes.split()
        policy = SpanningPolicy.CHEAPEST if "cheapest_price" in told else SpanningPolicy.START
        policy = SpanningPolicy.SPLIT if "split_evenly" in told else policy
        found[fact.id] = price(
            usage,
            without(tariffs[version.pk], map(Part, cdr.waived.split())),
            taxes=applied(taxes),
            anchor=Anchor(cdr.anchor),
            spanning=spanning_of(usage, policy),
        )
    return found


def _tariff_sentence(cdr: Cdr) -> str:
    version = cdr.tariff_version
    assert version is not None
    if cdr.assignment is None:
        return f"“{version.tariff.name}” v{version.number}: the file names it, and tariff ids from its source are trusted."
    return f"{assignments.explain(cdr.assignment, kind=cdr.customer_kind, version=version.number)}."


WAIVED = {
    Part.FLAT: "the start fee",
    Part.ENERGY: "energy",
    Part.TIME: "charging time",
    Part.PARKING_TIME: "idle time",
    Part.RESERVATION: "the reservation",
}


def _decided(cdr: Cdr) -> tuple[str, ...]:
    """What a person changed about the price."""
    said = []
    if cdr.energy_kwh is not None:
        said.append(f"{_plain(cdr.energy_kwh)} kWh are billed by another reading, because a person decided so.")
    if cdr.waived:
        parts = " and ".join(WAIVED[Part(part)] for part in cdr.waived.split())
        said.append(f"A person decided that nothing is charged for {parts}.")
    return tuple(said)


def _collected_sentence(cdr: Cdr) -> str:
    sentence = "Another system already took this amount; it is taken over as it was reported."
    if cdr.priced_gross_amount is None:
        return sentence
    return f"{sentence} By our tariff it would have been {cdr.currency} {round_money(cdr.priced_gross_amount, cdr.currency)}."


def _common(cdr: Cdr) -> tuple[str, ...]:
    kind = CustomerKind(cdr.customer_kind).label.lower()
    who = f"{cdr.customer} ({kind})" if cdr.customer else f"Nobody we know by this token, so {kind}"
    fixed = (
        "the total including tax is rounded once and the tax is taken out of it"
        if cdr.anchor == Anchor.GROSS
        else "the net total is rounded once and the tax is added to it"
    )
    if cdr.tax_rate is not None:
        tax = f"Tax {cdr.tax_code}, {_plain(cdr.tax_rate)} %"
    else:
        tax = "Tax by line, each part at its own rate" if cdr.tax_amount else "No tax"
    return (f"{who}: {fixed}.", f"{tax}: the company's tax rules on the day the session ended.")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


LABELS = {dimension: dimension_label(dimension) for dimension in Dimension}
