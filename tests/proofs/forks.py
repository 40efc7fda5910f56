"""A process that has everything imported and forks one for each command: proofs of hundreds of kills spend their time on those.

``python -m tests.proofs.forks MODULE`` reads a command a line from its input: the DATABASE_URL, a name in the module's
COMMANDS, and its arguments. It answers with the exit code, negative for a signal as subprocess has it, and what was printed.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, Self

from tests.conftest import ROOT


class Forks:
    def __init__(self, module: str, url: str, data: Path) -> None:
        environment = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(data), "JOB_HEARTBEAT_TIMEOUT_S": "3"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.forks", module],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=60)

    def ends(self, url: str, *command: str) -> tuple[int, str]:
        """Runs a command on a database: its exit code and what it printed."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([url, *command]) + "\n")
        self._server.stdin.flush()
        code, printed = json.loads(self._server.stdout.readline())
        return code, printed

    def run(self, url: str, *command: str) -> str:
        """What a command printed that has to succeed."""
        code, printed = self.ends(url, *command)
        assert code == 0, printed
        return printed


def serve(module: str) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    django.setup()
    # The portal imports everything else.
    importlib.import_module("chargebill.urls")
    commands = importlib.import_module(module).COMMANDS
    for line in sys.stdin:
        url, name, *arguments = json.loads(line)
        with tempfile.TemporaryFile("w+") as printed:
            child = os.fork()
            if child == 0:
                _do(url, commands[name], arguments, printed.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            printed.seek(0)
            print(json.dumps([code, printed.read()]), flush=True)  # noqa: T201


def _do(url: str, command: Any, arguments: list[str], printed: int) -> None:
    """In the forked process: connects to the database for the first time, and never returns."""
    import environ
    from django.db import connections

    for stream in (1, 2):
        os.dup2(printed, stream)
    try:
        connections.settings["default"]["NAME"] = environ.Env.db_url_config(url)["NAME"]
        command(*arguments)
        # As a process that ends does: what SQLite keeps beside the file goes into it.
        connections.close_all()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
