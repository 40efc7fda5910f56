"""How often a token may ask: so many requests in a clock minute, together over every process and machine."""

import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from chargebill.core.api_tokens import take_requests

# A process takes a share of the minute at once and spends it without writing: one write in thirty requests at the
# default rate, so that reading does not queue behind an import for SQLite's one write lock.
SHARES = 20


class TokenThrottle(BaseThrottle):
    """Counts requests that were let in. The count is the token's row; what a process took and did not use is lost."""

    clock = staticmethod(timezone.now)
    # Key hash: (clock minute, requests left of what this process took).
    _taken: dict[str, tuple[datetime, int]] = {}
    _lock = threading.Lock()

    def allow_request(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if token is None:
            return True
        self.at = self.clock()
        minute = self.at.replace(second=0, microsecond=0)
        with self._lock:
            taken_in, left = self._taken.get(token.key_hash, (minute, 0))
            if taken_in != minute or not left:
                left = take_requests(
                    token=token, number=max(1, settings.API_RATE // SHARES), per_minute=settings.API_RATE, at=self.at
                )
            if left:
                self._taken[token.key_hash] = (minute, left - 1)
        return bool(left)

    def wait(self) -> float:
        """Seconds until the next minute, at least one."""
        return max(1.0, (self.at.replace(second=0, microsecond=0) + timedelta(minutes=1) - self.at).total_seconds())
