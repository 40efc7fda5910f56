"""Writes the rollups: deltas with every chunk; anew, or compared, on demand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db import transaction

from billing.chargeables import counts_as_revenue
from chargebill.analytics.measures import BIN_MEASURES, HOUR_MEASURES, MEASURES, Counted, Deltas
from chargebill.analytics.models import LocationDay, NetworkDay, NetworkDuration, NetworkHour, RollupLayout
from chargebill.core import bulk, data_version
from chargebill.core.models import LegalEntity
from stations.models import Session

# One more with every change of what the rollups count.
LAYOUT = 2

ROLLUPS: dict[str, tuple[Any, list[str], list[str]]] = {
    "network_day": (NetworkDay, ["entity_id", "day", "payment_method", "currency"], list(MEASURES)),
    "location_day": (LocationDay, ["location_id", "day", "payment_method", "currency"], list(MEASURES)),
    "network_hour": (NetworkHour, ["entity_id", "day", "hour"], list(HOUR_MEASURES)),
    "network_duration": (NetworkDuration, ["entity_id", "day", "bin"], list(BIN_MEASURES)),
}


def apply(deltas: Deltas) -> None:
    """Adds the deltas to the rollups, each table in key order, so that two writers can't wait in a circle."""
    for name, (model, keys, measures) in ROLLUPS.items():
        rows = sorted((*key, *sums) for key, sums in getattr(deltas, name).items() if any(sums))
        bulk.add_up(model, keys, measures, rows)


def _all_sessions() -> Iterator[Counted]:
    rows: Any = Session.objects.order_by().values_list(
        "entity_id",
        "location_id",
        "local_end_date",
        "local_start_minute",
        "started_at",
        "payment_method",
        "duration_s",
        "charging_s",
        "energy_kwh",
        "chargeable__state",
        "chargeable__reason",
        "chargeable__cdr__currency",
        "chargeable__cdr__net_amount",
        "chargeable__cdr__gross_amount",
    )
    for *facts, state, reason, currency, net, gross in rows.iterator(chunk_size=5000):
        counted = Counted(*facts)
        if currency and counts_as_revenue(state, reason):
            counted = replace(counted, currency=currency, net=net, gross=gross)
        yield counted


def counted_from_scratch() -> Deltas:
    """The rollups as they must be, from sessions and their current prices alone."""
    deltas = Deltas()
    deltas.add_all(_all_sessions())
    return deltas


def _stored(name: str) -> dict[tuple[Any, ...], list[int]]:
    model, keys, measures = ROLLUPS[name]
    return {
        tuple(row[: len(keys)]): list(row[len(keys) :])
        for row in model.objects.order_by().values_list(*keys, *measures).iterator()
        if any(row[len(keys) :])
    }


def differing() -> int:
    """How many rollup rows are not what the sessions say. Rows that count nothing are as good as none."""
    with transaction.atomic():
        _pause_writers()
        expected = counted_from_scratch()
        total = 0
        for name in ROLLUPS:
            should, is_ = getattr(expected, name), _stored(name)
            total += sum(should.get(key) != is_.get(key) for key in should.keys() | is_.keys())
    return total


def rebuild() -> None:
    """Empties the rollups and counts every session anew, in one transaction."""
    with transaction.atomic():
        _pause_writers()
        deltas = counted_from_scratch()
        for model, _, _ in ROLLUPS.values():
            model.objects.all().delete()
        apply(deltas)
        RollupLayout.objects.update_or_create(pk=1, defaults={"layout": LAYOUT})
        data_version.moved()


def count_anew_if_outdated() -> None:
    """After a migration: rollups of an earlier version are counted anew, so that nobody has to think of it."""
    if not RollupLayout.objects.filter(layout=LAYOUT).exists():
        rebuild()


def _pause_writers() -> None:
    """Chunks hold their entity's row shared: none commits between reading the sessions and the rollups."""
    list(LegalEntity.objects.select_for_update().order_by("pk").values_list("pk"))
