"""The price as it was made, as it was announced, and as it would be for whoever the token belongs to."""

from collections.abc import Iterable, Mapping, Sequence

from billing.checks.model import Part
from billing.checks.parts import without
from billing.checks.people import is_accepted
from billing.checks.prices import kwh_price
from billing.checks.record import Asked, Member, Pricing, Shown
from billing.models import Cdr, TariffVersion
from billing.pricing import Anchor, Tariff, Taxes, Usage
from billing.rates import Rates, Version, applied, core_tariff
from billing.usage import spanning_of
from chargebill.core.models import SpanningPolicy
from memberships.models import Customer, CustomerKind
from memberships.queries import Resolved
from stations.facts import SessionFacts


def own(cdr: Cdr | None, usage: Usage) -> Pricing | None:
    """What the stored price was made of; None where it was made of nothing known (no tariff, no taxes)."""
    if cdr is None or cdr.tariff_version is None or cdr.applied_taxes is None:
        return None
    told = cdr.notes.split()
    policy = SpanningPolicy.CHEAPEST if "cheapest_price" in told else SpanningPolicy.START
    policy = SpanningPolicy.SPLIT if "split_evenly" in told else policy
    return _usable(
        Pricing(
            usage,
            without(core_tariff(cdr.tariff_version), map(Part, cdr.waived.split())),
            applied(cdr.applied_taxes),
            Anchor(cdr.anchor),
            spanning_of(usage, policy),
        )
    )


def _usable(pricing: Pricing) -> Pricing | None:
    """Only what can be priced: with a tax for everything the tariff asks, and a clock where it needs one."""
    if not pricing.tariff.priced <= pricing.taxes.keys():
        return None
    return None if pricing.tariff.needs_local_time and not pricing.usage.time_zone else pricing


def right_taxes(fact: SessionFacts, cdr: Cdr | None, known: Rates) -> Taxes | None:
    """What the tax table says for the place, the day and the kind of customer the price was made for."""
    if cdr is None or cdr.tariff_version is None:
        return None
    who = Resolved(cdr.customer_id, CustomerKind(cdr.customer_kind))
    return known.taxes_of(fact, who, cdr.tariff_version.tax_category)


def _under(fact: SessionFacts, pricing: Pricing, tariff: Tariff, category: str, known: Rates, who: Resolved) -> Pricing | None:
    """The same session under another tariff, rounded on the same side so that both can be compared."""
    taxes = known.taxes_of(fact, who, category)
    return _usable(pricing.under(tariff).taxed(taxes))


def numbers_of(customer_ids: Iterable[int]) -> dict[int, str]:
    """What customers are called, by key. One query."""
    return dict(Customer.objects.filter(pk__in=set(customer_ids)).values_list("pk", "number"))


def member(
    fact: SessionFacts, cdr: Cdr | None, pricing: Pricing | None, known: Rates, who: Resolved, numbers: Mapping[int, str]
) -> Member | None:
    """Whose token it is; None where it is nobody's. The price at this customer's tariff where it was made for another."""
    if cdr is None or who.customer_id is None:
        return None
    number = numbers.get(who.customer_id)
    same = who.customer_id == cdr.customer_id
    version = None if same or pricing is None else known.choose(fact, who).version
    at_own = _under(fact, pricing, version.tariff, version.category, known, who) if version and pricing else None
    return Member(who.kind, number or str(who.customer_id), same, at_own)


def shown(
    fact: SessionFacts,
    cdr: Cdr | None,
    pricing: Pricing | None,
    known: Rates,
    who: Resolved,
    asked: Sequence[Asked],
    activated: Mapping[int, Sequence[TariffVersion]],
) -> Shown | None:
    """What the driver was told: by the imported file, by a display, or by the tariff that was in force then.

    ``activated`` is what ``activated_of`` says of this session.
    """
    if cdr is None or pricing is None:
        return None
    who = Resolved(cdr.customer_id, CustomerKind(cdr.customer_kind))
    if version := _announced(fact, known):
        tariff = version.tariff
        priced = _under(fact, pricing, tariff, version.category, known, who)
        return Shown(tariff.name, tariff.version, "the imported file", priced)
    before = [one for one in asked if is_accepted(one.result) and one.price_shown and one.at <= fact.started_at]
    if before and (price := kwh_price(before[-1].price_shown)):
        return Shown("", None, "the display", kwh_price=price[0], with_tax=price[1])
    earlier = _in_force_then(fact, cdr, activated)
    if earlier is None:
        return None
    priced = _under(fact, pricing, core_tariff(earlier), earlier.tax_category, known, who)
    return Shown(earlier.tariff.name, earlier.number, "the tariff in force then", priced)


def _announced(fact: SessionFacts, known: Rates) -> Version | None:
    """The version of the tariff a file named, by its code or its name, that was in force at the start."""
    said = fact.announced_tariff.strip()
    if not said:
        return None
    tariff_id = known.by_code.get(said)
    if tariff_id is None:
        named = (pk for pk, versions in known.versions.items() if versions[0].tariff.name.casefold() == said.casefold())
        tariff_id = next(named, None)
    return known.version_at(tariff_id, fact.started_at) if tariff_id is not None else None


def activated_of(billed: Iterable[tuple[SessionFacts, Cdr]]) -> dict[int, list[TariffVersion]]:
    """By tariff its activated versions, where a version was billed that came into being after its session began. One query."""
    late = {cdr.tariff_version.tariff_id for fact, cdr in billed if cdr.tariff_version and _came_later(fact, cdr.tariff_version)}
    found: dict[int, list[TariffVersion]] = {pk: [] for pk in late}
    rows = TariffVersion.objects.filter(tariff__in=late, activated_at__isnull=False).select_related("tariff") if late else ()
    for version in rows:
        found[version.tariff_id].append(version)
    return found


def _came_later(fact: SessionFacts, version: TariffVersion) -> bool:
    return version.activated_at is not None and version.activated_at > fact.started_at


def _in_force_then(fact: SessionFacts, cdr: Cdr, activated: Mapping[int, Sequence[TariffVersion]]) -> TariffVersion | None:
    """The version everybody saw when it began, where the one billed came into being only later."""
    billed = cdr.tariff_version
    if billed is None or not _came_later(fact, billed):
        return None
    versions = activated[billed.tariff_id]
    replaced_at = {version.activated_at for version in versions}
    before = [version for version in versions if version.activated_at and version.activated_at <= fact.started_at]
    for version in sorted(before, key=lambda v: (v.activated_at, v.number), reverse=True):
        began = version.valid_from is None or version.valid_from <= fact.started_at
        # Replaced since ever it holds for no moment any more: it begins where it ends, when its successor was activated.
        if began or (version.valid_from == version.valid_until and version.valid_until in replaced_at):
            return version
    return None
