"""Counts what a process commits, and kills it at one of them."""

import os
import signal
from collections.abc import Callable
from typing import Any


def count_commits(kill_at: int, moment: str) -> Callable[[], int]:
    """Counts them from here on, and kills this process right ``moment`` ("before" or "after") the one of this number."""
    from django.db.backends.base.base import BaseDatabaseWrapper

    done = [0]
    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

    def counted(self: Any) -> Any:
        done[0] += 1
        if (done[0], moment) == (kill_at, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        made = commit(self)
        if (done[0], moment) == (kill_at, "after"):
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    BaseDatabaseWrapper._commit = counted  # type: ignore[attr-defined]
    return lambda: done[0]
