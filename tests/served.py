"""`manage.py serve` as a process of its own, for tests of what a person starting it sees."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

READY_WITHIN_S = 120
# What a developer may have set must not leak into what is tested.
OURS = ("DATABASE_URL", "CHARGEBILL_", "DJANGO_", "SECRET_KEY", "DEBUG", "MEDIA_ROOT", "STATIC_ROOT")


def listen_to_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Served:
    """One run of serve on ``folder`` and a free port; ``environment`` is added. Use as a context manager."""

    def __init__(self, folder: Path, *, port: int = 0, **environment: str) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment |= {"CHARGEBILL_DATA": str(folder), "CHARGEBILL_DEMO_SESSIONS": "30", **environment}
        self.command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        self.output = ""
        self.address = ""

    def __enter__(self) -> "Served":
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell makes what it starts in the background ignore Ctrl-C, and everything below inherits that.
            preexec_fn=listen_to_ctrl_c,
        )
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        return self

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, pattern: str, *, within_s: float = READY_WITHIN_S) -> "re.Match[str]":
        """The match of ``pattern`` in what is printed from here on; fails when serve ends or stays silent."""
        deadline, seen = time.monotonic() + within_s, ""
        while True:
            try:
                line = self.lines.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{pattern!r} did not come within {within_s} s:\n{self.output}") from None
            if line is None:
                raise AssertionError(f"serve ended before {pattern!r} came:\n{self.output}")
            self.output += line
            seen += line
            if match := re.search(pattern, seen):
                return match

    def wait_until_ready(self) -> "Served":
        self.address = self.wait_for(r"ChargeBill runs at (http://\S+)").group(1)
        self.wait_for(r"={70}")
        return self

    def children(self) -> dict[int, str]:
        """Command line by process id of everything below this run."""
        return below(self.process.pid)

    def stop(self, signum: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(30)

    def __exit__(self, *exc: Any) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        self.listener.join(10)


def below(pid: int) -> dict[int, str]:
    """Command line by process id of a process's children and theirs, from /proc."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold spaces: the parent's id stands second after it.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ").strip()
        except (OSError, ValueError):
            continue
    found: dict[int, str] = {}
    todo = [pid]
    while todo:
        parent = todo.pop()
        for child in [c for c, p in parents.items() if p == parent]:
            found[child] = commands[child]
            todo.append(child)
    return found


def alive(pids: Any) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
