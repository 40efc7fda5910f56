"""Which charge somebody means who names place, day and amount: exactly one, or none."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q

from billing.models import Chargeable
from stations.evse_names import evses_named
from stations.models import Location

# So many places of one name or postal code are looked at: a driver who finds more than these names the EVSE.
MOST_PLACES = 50
OPEN = (Chargeable.State.READY, Chargeable.State.DOCUMENTED)


def charge_found(*, place: str, day: date, amount: Decimal, digits: str) -> int | None:
    """The session a driver means; None where nothing fits, and where several do. Three queries, whatever comes out.

    ``place``: an EVSE id however it is separated, a UID, the name of a place, or a postal code. ``day``: of its beginning or
    its end by the place's clock. ``amount``: its whole price with tax. ``digits``: the last four of the card, or of the
    token; where either is on record they have to fit.
    """
    evses = list(evses_named(place).values_list("pk", flat=True)[:MOST_PLACES])
    named = Q(name__iexact=place) | Q(postal_code__iexact=place)
    places = list(Location.objects.filter(named).order_by("pk").values_list("pk", flat=True)[:MOST_PLACES])
    rows = Chargeable.objects.filter(
        Q(session__connector__evse__in=evses) | Q(session__location__in=places),
        session__local_end_date__in=(day, day + timedelta(days=1)),
        cdr__gross_amount=amount,
        state__in=OPEN,
    ).values_list(
        "session_id", "session__local_end_date", "session__started_at", "session__location__time_zone",
        "session__entity__time_zone", "session__card_last4", "session__token_uid",
    )  # fmt: skip
    found = [
        pk
        for pk, ended, started, zone, default, card, token in rows
        if day in (ended, started.astimezone(ZoneInfo(zone or default or "UTC")).date()) and _fits(digits, (card, token))
    ]
    return found[0] if len(found) == 1 else None


def _fits(digits: str, recorded: Iterable[str]) -> bool:
    """Nothing on record: nothing to compare. Something: one of them ends so."""
    ends = [one[-4:].casefold() for one in recorded if one]
    return not ends or digits.casefold() in ends
