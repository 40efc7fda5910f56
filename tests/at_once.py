"""People who act at the same moment, round after round: each is a thread with a connection that lasts for the test.

A new connection for every deed costs more than most deeds (PostgreSQL starts a process for each), and lets whoever is
connected first win. Kept, all of them stand at the barrier ready to send their first statement.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType

from django.db import connection

from chargebill.core.errors import UserError

Deed = Callable[[], object]


class _Person:
    """A thread that does what it is given, one after the other, on one connection; None ends it."""

    def __init__(self) -> None:
        self._given: SimpleQueue[tuple[Callable[[], str], Future[str]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def does(self, act: Callable[[], str]) -> Future[str]:
        done: Future[str] = Future()
        self._given.put((act, done))
        return done

    def leave(self) -> None:
        self._given.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            while (given := self._given.get()) is not None:
                act, done = given
                try:
                    done.set_result(act())
                except BaseException as error:
                    done.set_exception(error)
        finally:
            connection.close()


class AtOnce:
    """Called with deeds, starts all of them at one moment: "done" or the code of the refusal of each, sorted."""

    def __init__(self) -> None:
        self._people: list[_Person] = []

    def __call__(self, *deeds: Deed) -> list[str]:
        while len(self._people) < len(deeds):
            self._people.append(_Person())
        start = threading.Barrier(len(deeds))

        def acting(deed: Deed) -> Callable[[], str]:
            def act() -> str:
                try:
                    connection.ensure_connection()
                finally:
                    # Whoever can't connect fails, and leaves nobody waiting.
                    start.wait()
                try:
                    deed()
                except UserError as error:
                    return error.code
                return "done"

            return act

        results = [person.does(acting(deed)) for person, deed in zip(self._people, deeds, strict=False)]
        assert [error for one in results if (error := one.exception()) is not None] == []
        return sorted(one.result() for one in results)

    def __enter__(self) -> "AtOnce":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for person in self._people:
            person.leave()
