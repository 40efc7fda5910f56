"""Runs ChargeBill on one machine: prepares the database, keeps web server and worker alive, switches the instance.

The supervisor holds the listening socket and touches no database itself. Whatever it starts gets the instance in its
environment; while the web server is restarted, requests wait in the socket instead of being refused.
"""

import ctypes
import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from chargebill.core import instances, roles

LOOK_EVERY_S = 0.25
READY_WITHIN_S = 120
# Work in progress may be cut off: a job goes on from its last chunk when a worker is there again.
STOP_WITHIN_S = 8
WEB_WORKERS, WEB_THREADS = 2, 4
TRIES = 4
# A process that ran this long was well; one that did not waits, at most as long, before the next try.
LASTS_S = 30
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Nothing is running; says why and what to do."""


class NotPrepared(Exception):
    """A database could not be made or brought up to date."""


def listen(host: str, port: int) -> socket.socket:
    """The socket the web server will serve. Raises CannotStart."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=256)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}"
        elif error.errno == errno.EACCES:
            reason = f"Port {port} needs special rights. Choose one from 1024 up: make run PORT=8000"
        else:
            reason = f"{host}:{port} can't be listened on ({error}). Choose an address of this machine: make run PORT=8000"
        raise CannotStart(reason) from error
    except OverflowError as error:
        raise CannotStart(f"{port} is no port. Choose one from 1024 to 65535: make run PORT=8000") from error


def _die_with_parent() -> Callable[[], None] | None:
    """What a child does first, so that none is left when the supervisor is killed outright. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A process that is started again when it ends."""

    def __init__(
        self, title: str, command: list[str], *, cwd: Path, environment: dict[str, str], fds: tuple[int, ...] = ()
    ) -> None:
        self.title, self.command = title, command
        self.options: dict[str, Any] = {"cwd": cwd, "env": environment, "pass_fds": fds, "preexec_fn": _die_with_parent()}
        self.early_ends = 0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.restart_at: float | None = None
        # A session of its own: Ctrl-C reaches the supervisor only, which then stops its children in order.
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, start_new_session=True, **self.options)

    def look_after(self, say: Callable[[str], None]) -> None:
        """Starts the process again if it ended; waits longer each time it does not last."""
        code = self.process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self.restart_at is None:
            self.early_ends = self.early_ends + 1 if now - self.started < LASTS_S else 1
            wait_s = min(LASTS_S, 2 ** (self.early_ends - 1))
            self.restart_at = now + wait_s
            say(f"The {self.title} ended (code {code}) and is started again in {wait_s} s.")
        if now >= self.restart_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def finish(self, deadline: float) -> None:
        """Waits for the end; past ``deadline`` (monotonic seconds) the process and all it started are killed."""
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Supervisor:
    """Serves one folder's instances, or the database of DATABASE_URL, on one address until ``stop``.

    Raises CannotStart when the address can't be had, the database can't be prepared or the web server doesn't start.
    """

    def __init__(
        self, *, root: Path, folder: Path, host: str, port: int, production: bool, sessions: int, say: Callable[[str], None]
    ) -> None:
        self.root, self.folder, self.production, self.sessions, self.say = root, folder, production, sessions, say
        # Somebody who names a database means that one: there is nothing to switch to.
        self.fixed = bool(os.environ.get("DATABASE_URL"))
        self.name = "" if self.fixed else instances.wanted(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"Nothing can be written in {folder} ({error}). Name another folder in CHARGEBILL_DATA.") from error
        self.socket = listen(host, port)
        self.host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.port = self.socket.getsockname()[1]
        self.children: list[Child] = []
        self.preparing: subprocess.Popen[str] | None = None
        self.stopping = False

    @property
    def address(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def stop(self) -> None:
        """Ends ``run`` soon; may be called from a signal handler."""
        self.stopping = True
        if self.preparing is not None and self.preparing.poll() is None:
            self.preparing.terminate()

    def run(self) -> None:
        try:
            self._open(self.name)
            while not self.stopping:
                time.sleep(LOOK_EVERY_S)
                for child in self.children:
                    child.look_after(self.say)
                if not self.fixed and (name := instances.wanted(self.folder)) != self.name:
                    self._switch(name)
        except NotPrepared as error:
            if not self.stopping:
                raise CannotStart(str(error)) from error
        finally:
            self._stop_children()
            self.socket.close()

    def _switch(self, name: str) -> None:
        self.say(f"Preparing the {name} database; the {self.name} goes on until it is ready.")
        try:
            self._open(name)
        except NotPrepared as error:
            self.say(f"{error}\nNothing was changed: the {self.name} goes on.")
            instances.want(self.folder, self.name)

    def _open(self, name: str) -> None:
        """Prepares an instance, then lets it take the place of the one that runs."""
        state = self._prepare(name)
        self._stop_children()
        self.name = name
        environment = self._environment(name)
        (Path(environment.get("STATIC_ROOT") or self.folder / "static")).mkdir(parents=True, exist_ok=True)
        if self.production:
            self._run_to_end(["collectstatic", "--noinput", "-v0"], environment)
        common: dict[str, Any] = {"cwd": self.root, "environment": environment}
        gunicorn = [
            "-m",
            "gunicorn",
            "--no-control-socket",
            "--log-level",
            "warning",
            "--graceful-timeout",
            str(STOP_WITHIN_S - 2),
        ]
        size = ["--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--timeout", "120"]
        bind = ["--bind", f"fd://{self.socket.fileno()}", "chargebill.wsgi"]
        web = Child("web server", [sys.executable, *gunicorn, *size, *bind], fds=(self.socket.fileno(),), **common)
        self.children = [web, Child("worker", [sys.executable, "manage.py", "worker"], **common)]
        self._wait_until_answering(web)
        if not self.stopping:
            self.say(self._block(state))

    def _environment(self, name: str) -> dict[str, str]:
        environment = {**os.environ, "CHARGEBILL_DATA": str(self.folder), "PYTHONUNBUFFERED": "1"}
        if not self.fixed:
            instance = instances.Instance(self.folder, name)
            environment |= {"DATABASE_URL": instance.database_url, "CHARGEBILL_INSTANCE": name}
            environment.setdefault("MEDIA_ROOT", str(instance.files))
        return environment

    def _prepare(self, name: str) -> dict[str, bool]:
        """Tables up to date and, for the demo, filled. Returns what `manage.py prepare` says. Raises NotPrepared."""
        environment = self._environment(name)
        with self._alone():
            if self.fixed:
                return self._run_to_end(["prepare", *([] if self.production else ["--demo"])], environment)
            instance = instances.Instance(self.folder, name)
            if name != instances.DEMO or instance.database.exists():
                return self._run_to_end(["prepare"], environment)
            # Filled under another name: a start that was interrupted leaves no half-filled demo behind.
            self.say(f"First start: filling the demo with {self.sessions} made-up sessions ...")
            draft = instances.Instance(self.folder, f"{name}-draft")
            for leftover in self.folder.glob(f"{draft.name}.sqlite3*"):
                leftover.unlink()
            state = self._run_to_end(["prepare", "--demo"], {**environment, "DATABASE_URL": draft.database_url})
            with sqlite3.connect(draft.database) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            os.replace(draft.database, instance.database)
            return state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two supervisors of one folder prepare one after the other."""
        with (self.folder / "prepare.lock").open("w") as lock:
            while not self.stopping:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(LOOK_EVERY_S)
            yield

    def _run_to_end(self, arguments: list[str], environment: dict[str, str]) -> dict[str, bool]:
        if self.stopping:
            raise NotPrepared("Stopped.")
        self.preparing = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with_parent(),
        )
        output, errors = self.preparing.communicate()
        if self.preparing.returncode:
            raise NotPrepared(f"The database could not be prepared:\n{errors.strip()}")
        return json.loads(output) if output.strip() else {}

    def _wait_until_answering(self, web: Child) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        ends = 0
        while not self.stopping:
            if web.process.poll() is not None:
                ends += 1
                if ends == TRIES:
                    raise CannotStart("The web server doesn't start; what it says stands above.")
                web.start()
            try:
                answer = http.client.HTTPConnection(self.host, self.port, timeout=LOOK_EVERY_S * 8)
                answer.request("GET", "/")
                if answer.getresponse().status < 500:
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                answer.close()
            if time.monotonic() > deadline:
                raise CannotStart(f"The web server doesn't answer at {self.address} after {READY_WITHIN_S} s.")
            time.sleep(LOOK_EVERY_S)

    def _stop_children(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_WITHIN_S
        for child in self.children:
            child.finish(deadline)
        self.children = []

    def _block(self, state: dict[str, bool]) -> str:
        """What a person needs to begin, once."""
        lines = ["", "=" * 72, f"ChargeBill runs at {self.address}    (Ctrl-C stops it)", ""]
        if state.get("is_demo"):
            lines += [f"This is the demo, made-up data. Sign in with the password {instances.DEMO_PASSWORD} as", ""]
            lines += [f"    {slugify(role):20} {what}" for role, what in roles.IN_SHORT.items()]
            if not self.fixed:
                lines += ["", '"Start with my company" stands on top of every page.']
        else:
            where = "the database of DATABASE_URL" if self.fixed else str(instances.Instance(self.folder, self.name).database)
            lines += [f"This is your company, in {where}."]
            if not state.get("has_users"):
                link = f"{self.address}setup/?token={instances.setup_token(self.folder)}"
                lines += ["Nobody can sign in yet. Create the first account here, once:", "", f"    {link}"]
        return "\n".join([*lines, "=" * 72, ""])
