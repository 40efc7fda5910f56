"""Who charged, who else tells of it, and whether others complain about the same place."""

from decimal import Decimal

from billing.checks.model import (
    AUTHORIZATIONS,
    CASES,
    PARTNER_CDRS,
    SESSIONS_WITH_TOKEN,
    SIGNED_READINGS,
    TOKENS,
    ZERO,
    Check,
    Finding,
    Remedy,
    Snapshot,
    Thresholds,
    Way,
)
from billing.checks.parts import with_energy
from billing.checks.words import money, plain, span

NOTHING = Remedy(Way.RELEASE, ZERO)
# OCPP, OCPI and Hubject, as they are compared.
ACCEPTED = {"accepted", "allowed", "authorized", "granted", "ok", "success", "true", "1"}


def is_accepted(result: str) -> bool:
    return result.strip().casefold() in ACCEPTED


def not_authorized(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if not snapshot.token:
        return check.no_data(SESSIONS_WITH_TOKEN)
    asked = snapshot.record.authorizations
    if not asked and not snapshot.record.asks_known:
        return check.no_data(AUTHORIZATIONS)
    near = [one for one in asked if abs((one.at - snapshot.start).total_seconds()) <= thresholds.authorization_s]
    if any(is_accepted(one.result) for one in near):
        return check.passed(asked=str(len(near)))
    refused = f": it was told “{near[-1].result}”" if near else ""
    return check.found(
        {"asked": str(len(near))},
        f"no authorization of token {snapshot.token} within {span(thresholds.authorization_s)} of the start{refused}",
        Remedy(Way.DROP, snapshot.total),
    )


def blocked(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    if not snapshot.token:
        return check.no_data(SESSIONS_WITH_TOKEN)
    token = snapshot.record.token
    if token is None:
        return check.no_data(TOKENS)
    if token.blocked_from is None or token.blocked_from > snapshot.start:
        return check.passed()
    since = int((snapshot.start - token.blocked_from).total_seconds())
    why = f" ({token.blocked_reason})" if token.blocked_reason else ""
    return check.found(
        {"blocked_s": str(since)},
        f"token {token.uid} had been blocked for {span(since)} when it charged{why}",
        Remedy(Way.DROP, snapshot.total),
    )


def partner_differs(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    twins = snapshot.record.twins
    if not twins:
        return check.no_data(PARTNER_CDRS)
    billed = snapshot.record.billed.gross if snapshot.record.billed is not None else snapshot.total
    for twin in twins:
        kwh = snapshot.energy_kwh - twin.energy_kwh
        seconds = max(
            abs(int((snapshot.start - twin.start).total_seconds())), abs(int((snapshot.end - twin.end).total_seconds()))
        )
        figures = {"other": twin.number, "source": twin.source, "energy_kwh": str(twin.energy_kwh), "apart_s": str(seconds)}
        if abs(kwh) > max(thresholds.meter_kwh, abs(twin.energy_kwh) * thresholds.meter_percent / 100):
            said = f"{twin.source} tells of {plain(twin.energy_kwh)} kWh, {plain(snapshot.energy_kwh)} kWh were billed"
        elif seconds > thresholds.clock_drift_s:
            said = f"{twin.source} tells of other times, {span(seconds)} apart"
        elif twin.amount is not None and twin.currency == snapshot.currency and twin.amount != billed:
            said = f"{twin.source} tells of {money(twin.amount, twin.currency)}, {money(billed, twin.currency)} were billed"
        else:
            continue
        return check.found(figures, said, _as_told(snapshot, twin.energy_kwh))
    return check.passed(others=str(len(twins)))


def _as_told(snapshot: Snapshot, energy_kwh: Decimal) -> Remedy:
    """The price of the energy the other side tells of, where that is less."""
    pricing = snapshot.record.pricing
    if pricing is None or energy_kwh >= snapshot.energy_kwh:
        return NOTHING
    saved = snapshot.total - pricing.used(with_energy(pricing.usage, energy_kwh)).cost()
    return Remedy(Way.READING, saved, energy_kwh=energy_kwh) if saved > ZERO else NOTHING


def many_cases(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    count = snapshot.record.evse_cases
    if count is None:
        return check.no_data(CASES)
    figures = {"cases": str(count)}
    if count < thresholds.evse_cases:
        return check.passed(**figures)
    return check.found(
        figures,
        f"{count} cases about EVSE {snapshot.record.evse} within {thresholds.evse_days} days: look for one fault behind them",
        NOTHING,
    )


def signed(check: Check, snapshot: Snapshot, thresholds: Thresholds) -> Finding:
    """No import brings signed records yet, so nothing can be said about them."""
    return check.no_data(SIGNED_READINGS)


CHECKS = (
    Check("D10", 1, "The signed reading", signed),
    Check("D23", 1, "Not authorized by this token", not_authorized),
    Check("D24", 1, "The token was blocked", blocked),
    Check("D29", 1, "The partner tells something else", partner_differs),
    Check("D30", 1, "Several cases about one EVSE", many_cases),
)
