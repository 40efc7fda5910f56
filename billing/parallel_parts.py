"""What our price of collected sessions is made of: their Cdr holds the other system's amount, so it is computed again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.comparison import Parts
from billing.decisions import PARTS
from billing.models import AppliedTaxes, Cdr, Chargeable, TariffVersion
from billing.pricing import Anchor, CdrError, Result, Tariff, Taxes, price
from billing.rates import applied, core_tariff
from billing.usage import spanning_of, usages
from chargebill.core.models import SpanningPolicy
from stations import facts as session_facts

CHUNK = 2_000
# Above so many the parts stay unknown: computing them again would take longer than a page may.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Ours:
    """Our price without tax, and its parts with it."""

    net: Decimal
    parts: Parts


def parts_of(session_ids: Sequence[int]) -> dict[int, Ours]:
    """By session, for those whose price comes out again as it is kept; empty above MOST. A few queries each CHUNK."""
    if not session_ids or len(session_ids) > MOST:
        return {}
    found: dict[int, Ours] = {}
    tariffs: dict[int, Tariff] = {}
    taxes: dict[int, Taxes] = {}
    for first in range(0, len(session_ids), CHUNK):
        found |= _chunk(session_ids[first : first + CHUNK], tariffs, taxes)
    return found


def _chunk(ids: Sequence[int], tariffs: dict[int, Tariff], taxes: dict[int, Taxes]) -> dict[int, Ours]:
    standing = Chargeable.objects.filter(pk__in=ids, cdr__isnull=False).order_by()
    cdrs: dict[int, Cdr] = Cdr.objects.order_by().in_bulk(list(standing.values_list("cdr_id", flat=True)))
    by_session = {cdr.session_id: cdr for cdr in cdrs.values()}
    _load(tariffs, taxes, list(cdrs.values()))
    facts = session_facts.load(ids)
    used = usages(facts)
    return dict(_priced(by_session, used, tariffs, taxes))


def _load(tariffs: dict[int, Tariff], taxes: dict[int, Taxes], cdrs: Sequence[Cdr]) -> None:
    """Adds the versions and taxes that are not there yet."""
    versions = {cdr.tariff_version_id for cdr in cdrs if cdr.tariff_version_id} - tariffs.keys()
    for version in TariffVersion.objects.filter(pk__in=versions).select_related("tariff") if versions else ():
        tariffs[version.pk] = core_tariff(version)
    rows = {cdr.applied_taxes_id for cdr in cdrs if cdr.applied_taxes_id} - taxes.keys()
    for row in AppliedTaxes.objects.filter(pk__in=rows) if rows else ():
        taxes[row.pk] = applied(row)


def _priced(
    by_session: dict[int, Cdr], used: dict[int, Any], tariffs: dict[int, Tariff], taxes: dict[int, Taxes]
) -> Iterator[tuple[int, Ours]]:
    for session_id, cdr in by_session.items():
        tariff = tariffs.get(cdr.tariff_version_id or 0)
        applied_taxes = taxes.get(cdr.applied_taxes_id or 0)
        if tariff is None or applied_taxes is None:
            continue
        usage = used[session_id]
        policy = SpanningPolicy.CHEAPEST if "cheapest_price" in cdr.notes.split() else SpanningPolicy.START
        try:
            result = price(usage, tariff, taxes=applied_taxes, anchor=Anchor.GROSS, spanning=spanning_of(usage, policy))
        except (CdrError, ValueError):
            # It had a price once; what can't be computed any more has no parts, and no say in the causes.
            continue
        if result.gross == cdr.priced_gross_amount and result.net is not None:
            yield session_id, Ours(result.net, _parts(result))


def _parts(result: Result) -> Parts:
    amounts = {column: result.amount(*dimensions) for column, dimensions in PARTS.items()}
    return Parts(
        start_fee=amounts["fixed_amount"],
        energy=amounts["energy_amount"],
        charging=amounts["time_amount"],
        idle=amounts["parking_amount"],
        reservation=amounts["reservation_amount"],
        limit=amounts["limit_amount"],
    )
