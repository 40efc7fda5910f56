"""Short work that any worker does every few seconds, beside its jobs: what others left to be tidied up after them.

A chore is registered with ``@chore``; its module is imported by its app's ``ready``. It may run in several workers at
once and be killed at any moment, so it takes its own locks and stores what it does whole.
"""

import logging
from collections.abc import Callable

Chore = Callable[[], object]
_chores: list[Chore] = []
_log = logging.getLogger(__name__)


def chore(does: Chore) -> Chore:
    _chores.append(does)
    return does


def run_chores() -> None:
    """Does every chore once. One that fails is logged and tried again next time; the others go on."""
    for does in _chores:
        try:
            does()
        except Exception:
            _log.exception("The chore %s failed; it is tried again in a few seconds.", does.__name__)
