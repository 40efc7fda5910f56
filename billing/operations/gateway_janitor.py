"""Asks gateways about orders whose outcome is not known, until it is. The worker does it beside its jobs."""

import logging
import time
from datetime import datetime, timedelta

from django.utils import timezone

from billing.gateway_models import GatewayAttempt
from billing.gateway_registry import gateways
from billing.gateways import Gateway, Outcome, Result
from billing.operations.gateway_orders import order_key, settle_attempt, settle_refund
from billing.refund_models import Refund, RefundState
from chargebill.core.chores import chore

_log = logging.getLogger(__name__)
# An order younger than this may still be waiting for its own answer.
STILL_ASKING = timedelta(minutes=2)
# An order the gateway has never seen may still be on its way; after a day it is not.
LOST_AFTER = timedelta(days=1)
# Orders asked about at a time.
MOST = 50
# Seconds between two questions about one order: doubled each time, up to an hour.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
_asked: dict[str, tuple[float, float]] = {}


@chore
def ask_gateways() -> int:
    """Asks about every order that is due to be asked about; how many outcomes became known."""
    return ask(at=timezone.now(), clock=time.monotonic())


def ask(*, at: datetime, clock: float) -> int:
    """``at`` is now; ``clock`` seconds of a clock that never goes back, for the pauses between questions."""
    known = 0
    telling = [name for name, one in gateways().items() if one.capabilities.tells]
    if not telling:
        return 0
    waits = ("SENT", "UNKNOWN")
    before = at - STILL_ASKING
    attempts = GatewayAttempt.objects.filter(gateway__in=telling, state__in=waits, made_at__lte=before).order_by("pk")
    for attempt in attempts[:MOST]:
        result = _status(gateways()[attempt.gateway], attempt.order_key, attempt.made_at, at, clock)
        if result is not None:
            done = settle_attempt(attempt=attempt, result=result, actor=None, at=at)
            known += done.state in (GatewayAttempt.State.SUCCEEDED, GatewayAttempt.State.FAILED)
    refunds = Refund.objects.filter(gateway__in=telling, state__in=waits, made_at__lte=before).order_by("pk")
    for refund in refunds[:MOST]:
        result = _status(gateways()[refund.gateway], order_key(refund), refund.made_at, at, clock)
        if result is not None:
            settled = settle_refund(refund=refund, result=result, actor=None, at=at)
            known += settled.state in (RefundState.SUCCEEDED, RefundState.FAILED)
    return known


def _status(gateway: Gateway, key: str, sent_at: datetime, at: datetime, clock: float) -> Result | None:
    """What is known of an order by now; None while it is not, or it is too early to ask again."""
    name = f"{gateway.name}:{key}"
    next_at, pause = _asked.get(name, (clock, FIRST_PAUSE))
    if clock < next_at:
        return None
    _asked[name] = (clock + pause, min(pause * 2, LONGEST_PAUSE))
    try:
        result = gateway.status(key)
    except Exception:
        _log.exception("%s did not say what became of %s; it is asked again later.", gateway.name, key)
        return None
    if result.outcome == Outcome.NEVER_SEEN:
        if at - sent_at < LOST_AFTER:
            return None
        result = Result(Outcome.FAILED, reason="it never arrived at the gateway")
    if result.outcome in (Outcome.SUCCEEDED, Outcome.FAILED):
        _asked.pop(name, None)
        return result
    return None
