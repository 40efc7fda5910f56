"""What the British company's old system charged in the month both ran side by side: mostly the same, and what was not."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from billing.decisions import anchor_of
from billing.pricing import TAXED, Tariff, Tax, Usage, price
from billing.tariff_content import Content, core_of
from chargebill.core.money import round_money
from chargebill.portal.demo import kinds
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.sites import Company
from chargebill.portal.demo.tariffs import OFFERS, Offer
from memberships.models import CustomerKind

VAT = {dimension: Tax(Decimal(20), "GB20") for dimension in TAXED}
# It never took over the last rise of this price, and asked no start fee here.
OLD_PRICES = {"Park and ride": "0.4"}
NO_FEE_AT = kinds.SHOPPING
# Whole pence only, the rest cut off, at these places.
CUT_AT = kinds.STREET
FREE, ODD, NONE = 0.008, 0.016, 0.02


@cache
def _core(name: str, change: str) -> Tariff:
    content = next(offer.content for offer in OFFERS["GB"] if offer.name == name)
    return core_of(_changed(content, change) if change else content, name=name, version=1, currency="GBP")


def _changed(content: Content, change: str) -> Content:
    """``change``: another price per kWh, or "fee": none."""

    def parts(components: list[dict[str, object]]) -> list[dict[str, object]]:
        if change == "fee":
            return [part for part in components if part["type"] != "FLAT"]
        return [part | {"price": change} if part["type"] == "ENERGY" else part for part in components]

    return replace(content, elements=[e | {"price_components": parts(e["price_components"])} for e in content.elements])


def charged(session: Drawn, company: Company, offer: Offer | None, rng: random.Random) -> tuple[Decimal | None, str]:
    """(amount with tax, why it is that one): "equal" where it is what the tariff says."""
    drawn = rng.random()
    if offer is None or drawn > 1 - (NONE - ODD):
        return None, "no amount"
    if drawn < FREE:
        return Decimal(0), "free"
    kind = CustomerKind(session.payer.kind) if session.payer else CustomerKind.AD_HOC
    usage = Usage.from_totals(
        start=datetime.fromtimestamp(session.start, UTC),
        end=datetime.fromtimestamp(session.end, UTC),
        energy_kwh=Decimal(session.wh) / 1000,
        charging_s=None,
        time_zone=company.zone,
    )
    change, why = "", "equal"
    if offer.name in OLD_PRICES:
        change, why = OLD_PRICES[offer.name], "old price"
    elif offer.has_fee and session.site.kind is NO_FEE_AT:
        change, why = "fee", "no start fee"
    result = price(usage, _core(offer.name, change), taxes=VAT, anchor=anchor_of(kind))
    assert result.gross is not None
    assert result.net is not None
    amount = result.gross
    if drawn < ODD:
        return round_money(amount * Decimal(str(round(rng.uniform(1.04, 1.3), 3))), company.currency), "odd"
    if kind == CustomerKind.BUSINESS:
        return result.net, "without tax"
    if session.site.kind is CUT_AT and result.exact_gross is not None:
        cut = Decimal(int(result.exact_gross * 100)) / 100
        return cut, "equal" if cut == amount else "cut off"
    return amount, why
