"""The quick look never passes over what a check would hold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.checks import Part, Snapshot, Thresholds, failures, suspicious

T = Thresholds()
SPRING = datetime(2026, 3, 28, tzinfo=UTC)
kwh = st.decimals(0, 600, places=3)
maybe_kwh = st.none() | kwh
fees = st.sampled_from([D(0), D("0.50")])


@settings(max_examples=3000)
@given(
    start=st.integers(0, 2 * 86_400),
    lasts=st.sampled_from([0, 60, 119, 120, 3600, 86_400, 86_401]) | st.integers(0, 100_000),
    energy=kwh | st.sampled_from([D(0), D("0.099"), D("0.1"), D(10)]),
    rated=st.none() | st.sampled_from([D("3.7"), D(22), D(150)]),
    meter=st.tuples(maybe_kwh, maybe_kwh) | st.just((D(100), D(110))),
    fee=fees,
    rest=st.decimals(0, 50, places=2),
    stop=st.sampled_from(["", "PowerLoss", "Local"]),
    stated=st.sampled_from([True, False, None]),
)
def test_whatever_fails_is_suspicious(start, lasts, energy, rated, meter, fee, rest, stop, stated) -> None:
    begins = SPRING + timedelta(seconds=start)
    ends = begins + timedelta(seconds=lasts)
    snapshot = Snapshot(
        start=begins,
        end=ends,
        energy_kwh=energy,
        time_zone="Europe/London",
        meter_start_kwh=meter[0],
        meter_stop_kwh=meter[1],
        stop_reason=stop,
        rated_kw=rated,
        zone_stated=stated,
        currency="GBP",
        total=fee + rest,
        prices={Part.FLAT: fee, Part.ENERGY: rest},
        announced_fee=fee,
    )
    looks = suspicious(
        start=begins,
        end=ends,
        duration_s=lasts,
        energy_kwh=energy,
        time_zone="Europe/London",
        rated_kw=rated,
        meter_start_kwh=meter[0],
        meter_stop_kwh=meter[1],
        total=fee + rest,
        start_fee=fee,
        stop_reason=stop,
        zone_stated=stated,
        thresholds=T,
    )
    assert looks or not failures(snapshot, T)
