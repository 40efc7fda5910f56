"""What one session becomes: the values of its Cdr, and where it stands. Decided from facts alone; writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from billing.chargeables import DECIDED, State
from billing.checks.parts import without
from billing.held import UNDECIDED, Followed
from billing.pricing import ENGINE, LIMITS, Anchor, Dimension, Result, Tax, Usage, price
from billing.rates import Chosen, Rates, TaxKey, Version, tax_key
from billing.usage import spanning_of
from chargebill.core.models import LegalEntity, SpanningPolicy
from chargebill.core.money import round_money, round_to
from memberships.models import CustomerKind
from memberships.queries import Resolved
from stations.facts import SessionFacts
from stations.models import Mode

_NET_KINDS = {CustomerKind.BUSINESS, CustomerKind.PARTNER}
ZERO = Decimal(0)
STANDARD = "STANDARD"
SPANS = "period_spans_price_change"
SPANS_HELD = "spans_price_change"


def anchor_of(kind: CustomerKind) -> Anchor:
    """The side a customer's price is fixed on, however the tariff was entered."""
    return Anchor.NET if kind in _NET_KINDS else Anchor.GROSS


class CdrValues(NamedTuple):
    """The columns of a Cdr that its price decides, by their database names."""

    session_revision: int
    entity_id: int
    tariff_version_id: int | None
    assignment_id: int | None
    applied_taxes_id: int | None
    customer_id: int | None
    customer_kind: str
    currency: str
    anchor: str
    net_amount: Decimal
    tax_amount: Decimal
    gross_amount: Decimal
    tax_rate: Decimal | None
    tax_code: str
    fixed_amount: Decimal
    energy_amount: Decimal
    time_amount: Decimal
    parking_amount: Decimal
    reservation_amount: Decimal
    limit_amount: Decimal
    exact_net: Decimal
    exact_gross: Decimal
    priced_gross_amount: Decimal | None
    assumption: str
    notes: str
    energy_kwh: Decimal | None
    waived: str
    engine: str


@dataclass(frozen=True, slots=True)
class Decision:
    """``values`` None: there is no price, ``reason`` says why. ``taxes`` is the key of those applied."""

    values: CdrValues | None
    state: str
    reason: str = ""
    taxes: TaxKey = ""


@dataclass(slots=True)
class Decider:
    """Decides the sessions of one entity, one chunk long. ``taxes`` collects what was applied, by key."""

    entity: LegalEntity
    rates: Rates
    taxes: dict[TaxKey, Mapping[Dimension, Tax]] = field(default_factory=dict)
    _keys: dict[tuple[int, frozenset[Dimension]], TaxKey] = field(default_factory=dict)

    def decide(self, fact: SessionFacts, usage: Usage, who: Resolved, followed: Followed = UNDECIDED) -> Decision:
        """``fact`` and ``usage`` with the energy to price; ``followed`` is what people decided before."""
        decision = self._undropped(fact, usage, who, followed)
        if followed.dropped and decision.state in (State.UNPRICED, State.HELD, State.READY):
            return replace(decision, state=State.DROPPED, reason=DECIDED)
        return decision

    def _undropped(self, fact: SessionFacts, usage: Usage, who: Resolved, followed: Followed) -> Decision:
        if fact.mode == Mode.COLLECTED:
            return self._collected(fact, usage, who)
        chosen = self.rates.choose(fact, who)
        version = chosen.version
        if version is None:
            return Decision(None, State.UNPRICED, chosen.reason)
        taxes = self.rates.taxes_of(fact, who, version.category)
        if not version.dimensions <= taxes.keys():
            return Decision(None, State.HELD, "no_tax_rule")
        anchor = anchor_of(who.kind)
        result = self._price(usage, version, taxes, anchor, followed)
        key = self._tax_key(taxes, version.dimensions)
        values = self._values(fact, usage, who, chosen, anchor, result, followed)
        spans = bool(usage.assumption) and SPANS in result.notes and SPANS_HELD not in followed.settled
        state, reason = self._standing(fact, who, spans=spans)
        return Decision(values, state, reason, key)

    def _price(
        self,
        usage: Usage,
        version: Version,
        taxes: Mapping[Dimension, Tax],
        anchor: Anchor,
        followed: Followed = UNDECIDED,
    ) -> Result:
        spanning = spanning_of(usage, self.entity.spanning_policy)
        return price(usage, without(version.tariff, followed.waived), taxes=taxes, anchor=anchor, spanning=spanning)

    def _tax_key(self, taxes: Mapping[Dimension, Tax], dimensions: frozenset[Dimension]) -> TaxKey:
        # The table hands out the same mapping for the same question, so its identity is enough to remember.
        known = (id(taxes), dimensions)
        if known not in self._keys:
            key = self._keys[known] = tax_key(taxes, dimensions)
            self.taxes[key] = {dimension: taxes[dimension] for dimension in dimensions}
        return self._keys[known]

    def _standing(self, fact: SessionFacts, who: Resolved, *, spans: bool) -> tuple[str, str]:
        if fact.mode == Mode.HISTORY:
            return State.DROPPED, "history"
        if self.entity.billing_from is None or fact.local_start_date < self.entity.billing_from:
            return State.DROPPED, "before_billing_from"
        if who.kind == CustomerKind.INTERNAL:
            return State.DROPPED, "internal"
        if self.entity.missing:
            return State.HELD, "entity_incomplete"
        if spans and self.entity.spanning_policy == SpanningPolicy.HELD:
            return State.HELD, SPANS_HELD
        return State.READY, ""

    def _values(
        self,
        fact: SessionFacts,
        usage: Usage,
        who: Resolved,
        chosen: Chosen,
        anchor: Anchor,
        result: Result,
        followed: Followed,
    ) -> CdrValues:
        assert chosen.version is not None
        assert result.net is not None
        assert result.gross is not None
        rate, code = _one_rate(result)
        return CdrValues(
            session_revision=fact.revision,
            entity_id=fact.entity_id,
            tariff_version_id=chosen.version.id,
            assignment_id=chosen.assignment_id,
            applied_taxes_id=None,
            customer_id=who.customer_id,
            customer_kind=who.kind,
            currency=result.currency,
            anchor=anchor.value,
            net_amount=result.net,
            tax_amount=result.gross - result.net,
            gross_amount=result.gross,
            tax_rate=rate,
            tax_code=code,
            **_parts(result),
            exact_net=round_to(result.exact_net or ZERO, 9),
            exact_gross=round_to(result.exact_gross or ZERO, 9),
            priced_gross_amount=None,
            assumption=usage.assumption,
            notes=" ".join(note for note in result.notes if note != usage.assumption),
            energy_kwh=followed.energy_kwh,
            waived=followed.waived_text,
            engine=ENGINE,
        )

    def _collected(self, fact: SessionFacts, usage: Usage, who: Resolved) -> Decision:
        """What the other system took, tax taken out of it: it said no parts, so there are none. Our price is beside."""
        if fact.reported_amount is None:
            return Decision(None, State.HELD, "no_reported_amount")
        chosen = self.rates.choose(fact, who)
        version = chosen.version
        taxes = self.rates.taxes_of(fact, who, version.category if version else STANDARD)
        main = next((d for d in (Dimension.ENERGY, Dimension.TIME, Dimension.FLAT) if version and d in version.dimensions), None)
        tax = taxes.get(main or Dimension.ENERGY)
        if tax is None:
            return Decision(None, State.HELD, "no_tax_rule")
        ours, notes, dimensions = None, "", frozenset({main or Dimension.ENERGY})
        if version and version.dimensions <= taxes.keys():
            result = self._price(usage, version, taxes, Anchor.GROSS)
            ours, notes = result.gross, " ".join(note for note in result.notes if note != usage.assumption)
            dimensions = version.dimensions or dimensions
        currency = fact.reported_currency or self.entity.base_currency or (version.tariff.currency if version else "")
        if not currency:
            return Decision(None, State.HELD, "entity_incomplete")
        if version and currency != version.tariff.currency:
            ours = None
        gross = round_money(fact.reported_amount, currency)
        exact_net = gross * 100 / (100 + tax.rate)
        net = round_money(exact_net, currency)
        dimensions = (
            version.dimensions if version and version.dimensions <= taxes.keys() else frozenset({main or Dimension.ENERGY})
        )
        values = CdrValues(
            session_revision=fact.revision,
            entity_id=fact.entity_id,
            tariff_version_id=version.id if version else None,
            assignment_id=chosen.assignment_id,
            applied_taxes_id=None,
            customer_id=who.customer_id,
            customer_kind=who.kind,
            currency=currency,
            anchor=Anchor.GROSS.value,
            net_amount=net,
            tax_amount=gross - net,
            gross_amount=gross,
            tax_rate=tax.rate,
            tax_code=tax.code,
            **dict.fromkeys(PARTS, ZERO),
            exact_net=round_to(exact_net, 9),
            exact_gross=round_to(gross, 9),
            priced_gross_amount=ours,
            assumption=usage.assumption,
            notes=notes,
            energy_kwh=None,
            waived="",
            engine=ENGINE,
        )
        state, reason = self._standing(fact, who, spans=False)
        return Decision(values, state, reason, self._tax_key(taxes, dimensions))


# The columns of the parts, and the dimensions each is made of.
PARTS: dict[str, tuple[Dimension, ...]] = {
    "fixed_amount": (Dimension.FLAT,),
    "energy_amount": (Dimension.ENERGY,),
    "time_amount": (Dimension.TIME,),
    "parking_amount": (Dimension.PARKING_TIME, Dimension.PARKING_CAP),
    "reservation_amount": (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME),
    "limit_amount": LIMITS,
}
_COLUMN_OF = {dimension: column for column, dimensions in PARTS.items() for dimension in dimensions}


def _parts(result: Result) -> dict[str, Decimal]:
    """What each part costs, on the anchor's side, rounded; together the total."""
    side = "net" if result.anchor is Anchor.NET else "gross"
    parts = dict.fromkeys(PARTS, ZERO)
    for line in result.lines:
        parts[_COLUMN_OF[line.dimension]] += getattr(line, side)
    return parts


def _one_rate(result: Result) -> tuple[Decimal | None, str]:
    """The rate and code all lines share; (None, "") where they differ or there are none."""
    found = {(line.tax_rate, line.tax_code) for line in result.lines}
    return found.pop() if len(found) == 1 else (None, "")
