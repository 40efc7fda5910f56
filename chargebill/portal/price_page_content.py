"""What stands on the price page of one EVSE: the price at this moment, what follows, what typical charging costs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing import ad_hoc
from billing.ad_hoc import AdHocPrices, Missing, Offer
from billing.assignments import Where
from billing.pricing import TAXED, Anchor, CdrError, Tariff, Tax, Usage, price
from billing.pricing.engine import Spanning
from billing.pricing.text import Language, Sentence, money, tariff_sentences, words
from billing.pricing.text.moments import at_local, possible_changes
from chargebill.portal.price_page_words import PHRASES, from_then, moment, typical
from stations.models import Connector, Evse

AHEAD = timedelta(hours=24)
# A page at the pole is short: whoever wants more opens the whole tariff.
MOST_CHANGES = 8
MINUTE_S = 60
# (energy in kWh, charging in minutes, connected afterwards in minutes), from the fastest: what a car can take there.
FAST = ((Decimal(25), 30, 0), (Decimal(50), 60, 0), (Decimal(25), 30, 60))
MEDIUM = ((Decimal(11), 60, 0), (Decimal(11), 60, 30), (Decimal(40), 240, 480))
SLOW = ((Decimal(7), 120, 0), (Decimal(7), 120, 30), (Decimal(14), 240, 480))
FAST_KW, MEDIUM_KW = Decimal(50), Decimal(11)


@dataclass(frozen=True, slots=True)
class Change:
    """When another price begins, and what it is. ``new_sessions``: it does not concern charging that already runs."""

    when: str
    sentences: tuple[Sentence, ...]
    new_sessions: bool


@dataclass(frozen=True, slots=True)
class Example:
    what: str
    total: str


@dataclass(frozen=True, slots=True)
class Priced:
    """One price of one or more connectors. ``now`` are the prices of this moment, the first the one that matters most.

    ``missing`` says why there is none; then the rest is empty. ``examples`` are by what the connectors can give:
    (those connectors, their examples).
    """

    plugs: tuple[str, ...]
    missing: str = ""
    now: tuple[Sentence, ...] = ()
    changes: tuple[Change, ...] = ()
    examples: tuple[tuple[tuple[str, ...], tuple[Example, ...]], ...] = ()
    whole: tuple[Sentence, ...] = ()
    tariff: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """``at`` is the moment in words; ``local_time`` False: nobody knows the place's time zone.

    ``good_for_s``: after so many seconds the price may be another one.
    """

    at: str
    local_time: bool
    groups: tuple[Priced, ...]
    good_for_s: int


@dataclass(slots=True)
class _Page:
    """What every connector's price is made with."""

    prices: AdHocPrices
    zone: ZoneInfo
    local_time: bool
    country: str
    at: datetime
    language: Language
    next_change: datetime
    said: dict[Tariff, tuple[Sentence, ...]] = field(default_factory=dict)

    def sentences(self, offer: Offer, at: datetime) -> tuple[Sentence, ...]:
        """The prices of a moment; without a known time zone all of them, each with its times. The same are said once."""
        shown = at_local(offer.shown, at.astimezone(self.zone)) if self.local_time else offer.shown
        if shown not in self.said:
            self.said[shown] = tariff_sentences(shown, language=self.language)
        return self.said[shown]


def content_of(evse: Evse, connectors: Sequence[Connector], *, at: datetime, language: Language) -> Content:
    """Three queries, however many connectors and prices there are."""
    location, entity = evse.location, evse.entity
    name = location.time_zone or entity.time_zone
    zone = ZoneInfo(name or "UTC")
    page = _Page(
        prices=ad_hoc.load(entity.pk, start=at, end=at + AHEAD),
        zone=zone,
        local_time=bool(name),
        country=location.country or entity.country,
        at=at,
        language=language,
        next_change=at + AHEAD,
    )
    found = [
        _priced(page, plug(connector, language), Where(connector.pk, evse.pk, location.pk, connector.rated_kw))
        for connector in connectors
    ]
    if not found:
        found = [_priced(page, PHRASES[language]["no_connectors"], Where(0, evse.pk, location.pk, None))]
    left_s = int((page.next_change - at).total_seconds())
    return Content(moment(at.astimezone(zone), language), page.local_time, _grouped(found), good_for_s=left_s)


def _grouped(found: Sequence[Priced]) -> tuple[Priced, ...]:
    """Connectors with the same price stand together; so do those of them with the same examples."""
    prices: dict[Priced, list[Priced]] = defaultdict(list)
    for one in found:
        prices[replace(one, plugs=(), examples=())].append(one)
    groups = []
    for price_only, alike in prices.items():
        examples: dict[tuple[Example, ...], list[str]] = defaultdict(list)
        for one in alike:
            for plugs, rows in one.examples:
                examples[rows] += plugs
        groups.append(
            replace(
                price_only,
                plugs=tuple(plug for one in alike for plug in one.plugs),
                examples=tuple((tuple(plugs), rows) for rows, plugs in examples.items()),
            )
        )
    return tuple(groups)


def plug(connector: Connector, language: Language) -> str:
    """Connector 1: CCS2, DC, 150 kW."""
    phrases = PHRASES[language]
    kw = connector.rated_kw
    parts = [
        connector.get_standard_display() if connector.standard else "",
        connector.power_type,
        f"{words(language).number(kw)} kW" if kw is not None else phrases["power_unknown"],
    ]
    return f"{phrases['connector']} {connector.number}: {', '.join(part for part in parts if part)}"


def _priced(page: _Page, plug: str, where: Where) -> Priced:
    offer = page.prices.at(where, page.at, zone=page.zone, country=page.country)
    if isinstance(offer, Missing):
        return Priced((plug,), missing=PHRASES[page.language][offer])
    whole = tariff_sentences(offer.shown, language=page.language)
    now = page.sentences(offer, page.at)
    examples = _examples(page, where, offer)
    return Priced(
        plugs=(plug,),
        now=now,
        changes=tuple(_changes(page, where, offer)),
        examples=(((plug,), examples),) if examples else (),
        whole=whole if whole != now else (),
        tariff=f"{offer.tariff.name} v{offer.tariff.version}",
    )


def _changes(page: _Page, where: Where, offer: Offer) -> list[Change]:
    """The other prices of the next 24 hours, each where it differs from the one before."""
    if not page.local_time:
        return []
    end = page.at + AHEAD
    versions = [version for of_tariff in page.prices.versions.values() for version in of_tariff]
    begins = {version.valid_from for version in versions} | {version.valid_until for version in versions}
    moments = {found for found in begins if found is not None and page.at < found < end}
    offers: list[Offer | Missing] = [offer]
    offers += [page.prices.at(where, at, zone=page.zone, country=page.country) for at in sorted(moments)]
    tariffs = [found.tariff for found in offers if isinstance(found, Offer)]
    moments |= set(possible_changes(tariffs, start=page.at, end=end, zone=page.zone))
    found = []
    before: Offer | Missing = offer
    said = page.sentences(offer, page.at)
    for at in sorted(moments):
        now = page.prices.at(where, at, zone=page.zone, country=page.country)
        saying = (Sentence("", PHRASES[page.language][now]),) if isinstance(now, Missing) else page.sentences(now, at)
        if saying != said:
            page.next_change = min(page.next_change, at)
            same = isinstance(now, Offer) and isinstance(before, Offer) and now.version_id == before.version_id
            when = from_then(at.astimezone(page.zone), now=page.at.astimezone(page.zone), language=page.language)
            if len(found) == MOST_CHANGES:
                break
            found.append(Change(when, _differing(said, saying), new_sessions=not same))
        before, said = now, saying
    return found


def _differing(before: tuple[Sentence, ...], after: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """What is new; all of it where something went that nothing takes the place of."""
    labels = {sentence.label for sentence in after if sentence.label}
    gone = [sentence for sentence in before if sentence not in after and sentence.label not in labels]
    return after if gone else tuple(sentence for sentence in after if sentence not in before)


def _examples(page: _Page, where: Where, offer: Offer) -> tuple[Example, ...]:
    """Typical charging that starts now, as it will be billed if the price changes while it lasts."""
    # Prices that include tax cost the same whatever the tax; where it must be known, it is.
    taxes = {dimension: offer.taxes.get(dimension, Tax(Decimal(0), "")) for dimension in TAXED}
    found = []
    for energy_kwh, charging_min, idle_min in _typical(where.rated_kw):
        charging_s, idle_s = charging_min * MINUTE_S, idle_min * MINUTE_S
        usage = _usage(page, energy_kwh, charging_s, idle_s)
        try:
            result = price(usage, offer.tariff, taxes=taxes, anchor=Anchor.GROSS, spanning=Spanning.SPLIT)
        except CdrError:
            # The tariff asks for a local time nobody knows: rather no example than a wrong one.
            return ()
        if result.gross is not None:
            what = typical(energy_kwh, charging_s, idle_s, page.language)
            found.append(Example(what, money(result.gross, result.currency, page.language)))
    return tuple(found)


def _typical(rated_kw: Decimal | None) -> tuple[tuple[Decimal, int, int], ...]:
    if rated_kw is None or MEDIUM_KW <= rated_kw < FAST_KW:
        return MEDIUM
    return FAST if rated_kw >= FAST_KW else SLOW


def _usage(page: _Page, energy_kwh: Decimal, charging_s: int, idle_s: int) -> Usage:
    """Even charging, then idle; its power counts as measured."""
    start = page.at.astimezone(UTC).replace(second=0, microsecond=0)
    usage = Usage.from_totals(
        start=start,
        end=start + timedelta(seconds=charging_s + idle_s),
        energy_kwh=energy_kwh,
        charging_s=charging_s,
        time_zone=page.zone.key if page.local_time else "",
    )
    power = energy_kwh * 3600 / charging_s
    charging, *idle = usage.periods
    idle = [replace(period, min_power_kw=Decimal(0), max_power_kw=Decimal(0)) for period in idle]
    return usage.with_periods((replace(charging, min_power_kw=power, max_power_kw=power), *idle))
