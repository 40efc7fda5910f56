"""The supervisor starts what ended again, at first soon, then less and less often."""

import subprocess
from pathlib import Path

import pytest

from chargebill.core import supervisor


class Ended:
    """A process that has ended; or runs, while ``code`` is None."""

    code: int | None = 3

    def __init__(self, *args: object, **options: object) -> None:
        pass

    def poll(self) -> int | None:
        return self.code


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(subprocess, "Popen", Ended)
    return now


def starts(clock, child, said, *, for_s):
    """Seconds from now at which the child is started, looked after four times a second."""
    begin, times = clock[0], []
    while clock[0] < begin + for_s:
        clock[0] += 0.25
        before = child.started
        child.look_after(said.append)
        if child.started != before:
            times.append(clock[0] - begin)
    return times


def test_a_process_that_never_lasts_is_tried_less_and_less_often(clock):
    child, said = supervisor.Child("worker", ["x"], cwd=Path(), environment={}), []

    times = starts(clock, child, said, for_s=130)

    gaps = [round(b - a) for a, b in zip([0, *times], times, strict=False)]
    assert gaps == [1, 2, 4, 8, 16, 30, 30, 30]
    assert said[0] == "The worker ended (code 3) and is started again in 1 s."


def test_a_process_that_had_lasted_is_started_again_soon(clock):
    child, said = supervisor.Child("worker", ["x"], cwd=Path(), environment={}), []
    child.early_ends = 6
    child.process.code = None
    starts(clock, child, said, for_s=60)
    child.process.code = 3

    assert starts(clock, child, said, for_s=2) == [1.25]


def test_a_running_process_is_left_alone(clock):
    child, said = supervisor.Child("worker", ["x"], cwd=Path(), environment={}), []
    child.process.code = None

    assert starts(clock, child, said, for_s=60) == []
    assert said == []
