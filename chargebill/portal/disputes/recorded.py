"""What is on record of a contested session, in the order it happened: token, plug, connector; and its power."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from billing.models import Cdr
from billing.pricing import Line
from chargebill.portal import session_power
from chargebill.portal.session_page import Happening, authorizations_around, statuses_around
from stations.models import Authorization, ConnectorStatus, Session


def context_of(session: Session, cdr: Cdr | None, lines: Sequence[Line], zone: str) -> dict[str, Any]:
    """What portal/disputes/parts/recorded.html shows. Three queries a session."""
    statuses = statuses_around(session)
    happened = list(_happened(session, statuses, authorizations_around(session)))
    return {
        "happened": sorted(happened, key=lambda one: one.at),
        "chart_id": f"power-{session.pk}",
        **session_power.context_of(session, cdr, lines, statuses, zone),
    }


def _happened(session: Session, statuses: Iterable[ConnectorStatus], asked: Iterable[Authorization]) -> Iterable[Happening]:
    for one in asked:
        shown = f", price shown: {one.price_shown}" if one.price_shown else ""
        method = f" ({one.method})" if one.method else ""
        yield Happening(one.at, "badge", f"Token {one.token_uid}: {one.result}{method}{shown}")
    yield Happening(session.started_at, "power", "Session began")
    for status in statuses:
        error = f", error {status.error_code}" if status.error_code else ""
        yield Happening(status.at, "ev_station", f"Connector: {status.status}{error}")
    if session.charging_s is not None and session.charging_s < session.duration_s:
        yield Happening(session.started_at + timedelta(seconds=session.charging_s), "bolt", "Charging ended")
    why = f": {session.stop_reason}" if session.stop_reason else ""
    yield Happening(session.ended_at, "power_off", f"Session ended{why}")
