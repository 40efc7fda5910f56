"""What the demo's companies charge: by day and night, by power, per minute, per session, for groups and partners."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.operations.assignments import assign
from billing.operations.tariffs import activate, create_tariff, save_draft
from billing.tariff_content import Content
from chargebill.core.models import LegalEntity
from chargebill.portal.demo import kinds
from chargebill.portal.demo.drawn import Drawn
from chargebill.portal.demo.people import GROUPS, Payer
from chargebill.portal.demo.sites import FAST_KW, NORD, Company, Pole, Site
from memberships.models import CustomerGroup, CustomerKind
from stations.models import Location

BAND = Decimal(FAST_KW)
SLOW, FAST = {"max_kw": BAND}, {"min_kw": BAND}


SHOWN_AS = {"ENERGY": "/kWh", "TIME": "/min", "PARKING_TIME": "/min idle", "FLAT": " to start"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A tariff: what it says, who gets it ("" everyone), the kinds of place it is for (none: everywhere), which power."""

    name: str
    content: Content
    who: str = ""
    where: tuple[kinds.Kind, ...] = ()
    band: tuple[tuple[str, Decimal], ...] = ()

    @property
    def has_fee(self) -> bool:
        """Whether a session costs something just for its start."""
        return any(part["type"] == "FLAT" for element in self.content.elements for part in element["price_components"])


def _component(kind: str, price: str, step: int = 0) -> dict[str, Any]:
    return {"type": kind, "price": price, "step_size": step}


def _element(*components: dict[str, Any], **restrictions: str) -> dict[str, Any]:
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def _per_kwh(price: str, *, net: bool = False) -> Content:
    return Content(tax_included=not net, elements=[_element(_component("ENERGY", price))])


def _by_day_and_night(day: str, night: str) -> Content:
    """Idle time is 0.02 a minute by day, after an hour, and at most 12."""
    return Content(
        tax_included=True,
        elements=[
            _element(_component("ENERGY", night), start_time="22:00", end_time="06:00"),
            _element(_component("ENERGY", day), _component("PARKING_TIME", "1.2")),
        ],
        grace_minutes=60,
        parking_cap=Decimal(12),
    )


def _fast(energy: str, idle: str, *, fee: str = "", grace: int, cap: int) -> Content:
    flat = [_component("FLAT", fee)] if fee else []
    return Content(
        tax_included=True,
        elements=[_element(*flat, _component("ENERGY", energy), _component("PARKING_TIME", idle))],
        grace_minutes=grace,
        parking_cap=Decimal(cap),
    )


STAND_LONG = (kinds.WORK, kinds.PARK_AND_RIDE, kinds.HOTEL)
NIGHTS = Content(
    tax_included=True,
    elements=[
        _element(_component("ENERGY", "0.32"), start_time="23:00", end_time="07:00"),
        _element(_component("ENERGY", "0.44")),
    ],
)
PER_MINUTE = Content(tax_included=True, elements=[_element(_component("ENERGY", "0.39"), _component("TIME", "1.2"))])
PER_VISIT = Content(tax_included=True, elements=[_element(_component("FLAT", "1"), _component("ENERGY", "0.42"))])
# In the order of who and where: the first that fits a session is the one that is assigned closest.
OFFERS: dict[str, tuple[Offer, ...]] = {
    "DE": (
        Offer("Residents", _per_kwh("0.42"), "GROUP", band=tuple(SLOW.items())),
        Offer("Business", _per_kwh("0.38", net=True), CustomerKind.BUSINESS, band=tuple(SLOW.items())),
        Offer("Business, fast", _per_kwh("0.52", net=True), CustomerKind.BUSINESS, band=tuple(FAST.items())),
        Offer("Roaming", _per_kwh("0.36", net=True), CustomerKind.PARTNER, band=tuple(SLOW.items())),
        Offer("Roaming, fast", _per_kwh("0.51", net=True), CustomerKind.PARTNER, band=tuple(FAST.items())),
        Offer("Stay", _per_kwh("0.45"), where=STAND_LONG, band=tuple(SLOW.items())),
        Offer("Standard", _by_day_and_night("0.49", "0.39"), band=tuple(SLOW.items())),
        Offer("Fast", _fast("0.69", "6", grace=45, cap=30), band=tuple(FAST.items())),
    ),
    "GB": (
        Offer("Plus", _per_kwh("0.39"), "GROUP", band=tuple(SLOW.items())),
        Offer("Business", _per_kwh("0.36", net=True), CustomerKind.BUSINESS, band=tuple(SLOW.items())),
        Offer("Business rapid", _per_kwh("0.55", net=True), CustomerKind.BUSINESS, band=tuple(FAST.items())),
        Offer("Roaming", _per_kwh("0.35", net=True), CustomerKind.PARTNER, band=tuple(SLOW.items())),
        Offer("Roaming rapid", _per_kwh("0.54", net=True), CustomerKind.PARTNER, band=tuple(FAST.items())),
        Offer("Overnight", NIGHTS, where=(kinds.STREET, kinds.HOTEL), band=tuple(SLOW.items())),
        Offer("Park and ride", PER_VISIT, where=(kinds.PARK_AND_RIDE,), band=tuple(SLOW.items())),
        Offer("Workplace", _per_kwh("0.37"), where=(kinds.WORK,), band=tuple(SLOW.items())),
        Offer(
            "Town",
            PER_MINUTE,
            where=(kinds.TOWN, kinds.SHOPPING, kinds.LEISURE, kinds.FAST, kinds.MOTORWAY),
            band=tuple(SLOW.items()),
        ),
        Offer(
            "Rapid",
            _fast("0.69", "18", fee="0.5", grace=30, cap=25),
            where=(kinds.TOWN, kinds.SHOPPING, kinds.LEISURE, kinds.FAST, kinds.MOTORWAY, kinds.STREET, kinds.WORK),
            band=tuple(FAST.items()),
        ),
    ),
}
# What the German company asked until it raised its price, and the draft of what comes next.
BEFORE, NEXT = _by_day_and_night("0.47", "0.37"), _by_day_and_night("0.52", "0.39")


def offer_for(company: Company, site: Site, pole: Pole, payer: Payer | None) -> Offer | None:
    """What a driver pays at a connector by what was assigned; None where nothing is. ``payer`` None pays on the spot."""
    for offer in OFFERS[company.country]:
        if offer.who and not (payer and (payer.in_group if offer.who == "GROUP" else payer.kind == offer.who)):
            continue
        if offer.where and (site.kind not in offer.where or not site.known):
            continue
        if offer.band and not (pole.stated and (pole.kw < FAST_KW) == (offer.band[0][0] == "max_kw")):
            continue
        return offer
    return None


def price_shown(company: Company, session: Drawn) -> str:
    """What the display said when a session began, of what is asked by day and night: "0.49 EUR/kWh, 0.02 EUR/min idle"."""
    offer = offer_for(company, session.site, session.pole, session.payer)
    if offer is None:
        return ""
    hour = datetime.fromtimestamp(session.start, ZoneInfo(company.zone)).hour
    words = []
    for element in offer.content.elements:
        night = element.get("restrictions")
        if night and not (hour >= int(night["start_time"][:2]) or hour < int(night["end_time"][:2])):
            continue
        for part in element["price_components"]:
            known = any(word.endswith(SHOWN_AS[part["type"]]) for word in words)
            per = Decimal(60) if part["type"] in ("TIME", "PARKING_TIME") else Decimal(1)
            if not known:
                words.append(f"{Decimal(part['price']) / per:.2f} {company.currency}{SHOWN_AS[part['type']]}")
    return ", ".join(words) if offer.content.tax_included else f"{', '.join(words)}, plus VAT"


def set_demo_tariffs(*, company: Company, entity: LegalEntity, sites: Iterable[Site], raised: datetime, at: datetime) -> None:
    """Each tariff in force since ever and assigned; the German standard one raised at a moment, with a draft of the next."""
    group = CustomerGroup.objects.get(entity=entity, name=GROUPS[company.country][0])
    locations = dict(Location.objects.filter(entity=entity).values_list("code", "pk"))
    by_kind: dict[kinds.Kind, list[Location]] = {}
    for site in sites:
        if site.known:
            by_kind.setdefault(site.kind, []).append(Location(pk=locations[site.name], entity=entity, name=site.name))
    for offer in OFFERS[company.country]:
        is_standard = company is NORD and offer.name == "Standard"
        content = BEFORE if is_standard else offer.content
        tariff = create_tariff(
            entity=entity, name=offer.name, currency=company.currency, content=content, actor=None, at=at
        ).tariff
        activate(tariff=tariff, valid_from=None, actor=None, at=at)
        if is_standard:
            save_draft(tariff=tariff, content=offer.content, actor=None, at=at)
            activate(tariff=tariff, valid_from=raised, actor=None, at=at)
            save_draft(tariff=tariff, content=NEXT, actor=None, at=at)
        terms: dict[str, Any] = dict(offer.band)
        if offer.who == "GROUP":
            terms["group"] = group
        elif offer.who:
            terms["customer_kind"] = offer.who
        places = [location for kind in offer.where for location in by_kind.get(kind, ())] if offer.where else [None]
        for location in places:
            assign(entity=entity, tariff=tariff, actor=None, at=at, location=location, **terms)
