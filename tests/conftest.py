"""What every test stands on: which database, what is missing here, no network, named people.

Markers (pyproject.toml): ``browser`` and ``sqlite`` run on SQLite only, ``postgresql`` only there; ``shared`` reads
../shared; ``process`` starts processes of its own; ``slow`` is small by default and full size with CHARGEBILL_PROVE=1.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.at_once import AtOnce

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile("chargebill", deadline=None)
hypothesis.settings.load_profile("chargebill")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "own_database", "empty_database"}
PASSWORD = "a-password-for-tests"


def chromium() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def _missing() -> dict[str, str]:
    """What these tests would need and is not here: marker -> how to get it."""
    found = {}
    if chromium() is None:
        found["browser"] = "Chromium is not on PATH: install the package chromium"
    if not SHARED.is_dir():
        found["shared"] = "the folder ../shared is not there"
    return found


# Names used in CHARGEBILL_REQUIRE, and the marker they are about.
REQUIRABLE = {"chromium": "browser", "shared": "shared", "postgresql": "postgresql"}


def on_postgresql() -> bool:
    from django.db import connection

    return connection.vendor == "postgresql"


def pytest_configure(config: pytest.Config) -> None:
    missing = _missing()
    required = [name for name in os.environ.get("CHARGEBILL_REQUIRE", "").split(",") if name]
    for name in required:
        if name not in REQUIRABLE:
            raise pytest.UsageError(f"CHARGEBILL_REQUIRE knows {', '.join(REQUIRABLE)}, not {name!r}.")
        if REQUIRABLE[name] in missing:
            raise pytest.UsageError(f"CHARGEBILL_REQUIRE names {name}, but {missing[REQUIRABLE[name]]}.")

    from django.conf import settings
    from django.db import connection

    # Nothing a test writes lands in the developer's own var/.
    folder = Path(tempfile.mkdtemp(prefix="chargebill-tests-"))
    config.stash[FOLDER] = folder
    os.environ["CHARGEBILL_DATA"] = str(folder)
    settings.MEDIA_ROOT = str(folder / "files")
    settings.SIGNING_KEYS = folder / "keys"
    settings.INBOX_FOLDER = folder / "mail" / "in"
    settings.STATIC_ROOT = str(folder / "static")
    Path(settings.STATIC_ROOT).mkdir()
    # Real password hashes are slow on purpose; a test that signs in wants a user, not a delay.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A test that is rolled back takes the data's version back too: what was kept under it would be another test's.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    if connection.vendor == "sqlite":
        # A file, as in real life: threads and processes get connections of their own, and WAL is on.
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")


FOLDER = pytest.StashKey[Path]()


def pytest_unconfigure(config: pytest.Config) -> None:
    if FOLDER in config.stash:
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


def _uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or names & DATABASE_FIXTURES)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker("browser")
        if not (_uses_database(item) or any(item.get_closest_marker(m) for m in ("browser", "process", "slow"))):
            item.add_marker("pure")

    # Set for the second run of the suite where there is no server: all of it is skipped, counted in one line.
    no_server = os.environ.get("CHARGEBILL_POSTGRESQL", "")
    elsewhere = ("browser", "sqlite") if on_postgresql() or no_server else ("postgresql",)
    gone = [item for item in items if any(map(item.get_closest_marker, elsewhere))]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]

    for item in items if no_server else ():
        item.add_marker(pytest.mark.skip(reason=f"PostgreSQL: {no_server}"))
    for marker, reason in _missing().items():
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{marker}: {reason}"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line per thing that is missing here, with the number of tests it cost."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"NOT RUN: {number} tests ({reason})", yellow=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Any connection that would leave this machine fails the test that opens it."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"A test wanted to talk to {address}: tests use no network.")
        return real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(scope="session")
def full_size() -> bool:
    """True under `make prove`: a slow test then runs at its full numbers instead of a small sample."""
    return os.environ.get("CHARGEBILL_PROVE") == "1"


@pytest.fixture
def at_once(transactional_db: None) -> Iterator[AtOnce]:
    """Starts deeds at one moment, each on a connection of its own that lasts until the test ends."""
    with AtOnce() as people:
        yield people


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared; mark the test ``shared``."""
    return SHARED


@pytest.fixture
def staff(db: None) -> Callable[..., Any]:
    """Makes members of staff: ``staff("Billing clerk")``; signs in with ``PASSWORD``. The same role gives the same user."""
    from django.contrib.auth.models import Group

    from chargebill.core.models import User

    def make(role: str) -> User:
        username = role.lower().replace(" ", "-")
        user, created = User.objects.get_or_create(
            username=username, defaults={"is_staff": True, "email": f"{username}@example.com"}
        )
        if created:
            user.set_password(PASSWORD)
            user.save()
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def client_of(staff: Callable[..., Any]) -> Callable[[str], Any]:
    """A client signed in as a role: ``client_of("Finance")``."""
    from django.test import Client

    def of(role: str) -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    return of


@pytest.fixture
def run_jobs(db: None) -> Callable[[], None]:
    """Does every job that waits, in this process, as the worker would. Needs ``transaction=True`` to see real commits."""

    def run() -> None:
        from django_tasks_db.models import DBTaskResult

        while (waiting := DBTaskResult.objects.ready().first()) is not None:
            waiting.claim("tests")
            task_result = waiting.task_result
            waiting.set_successful(waiting.task.call(*task_result.args, **task_result.kwargs))

    return run


_numbers = count()


def _database(folder: Path, template: str | None) -> Iterator[str]:
    """The DATABASE_URL of a fresh database of the kind under test, a copy of ``template`` if given."""
    name = f"own_{os.getpid()}_{next(_numbers)}"
    if not on_postgresql():
        url = f"sqlite:///{folder / name}.sqlite3"
        if template:
            shutil.copy(template.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        yield url
        return
    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    _administer(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template.rpartition("/")[2]}"' if template else ""))
    try:
        yield url
    finally:
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    """Runs a statement that can't be in a transaction, on the server's maintenance database."""
    import psycopg
    from django.db import connection

    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    wanted = {k: v for k, v in parameters.items() if k in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**wanted, autocommit=True) as server:
        server.execute(statement)


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[str]:
    """The DATABASE_URL of a fresh database without tables, for processes of their own; gone after the test."""
    yield from _database(tmp_path, template=None)


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database nobody connects to: copying it is faster than migrating again."""
    for url in _database(tmp_path_factory.mktemp("migrated"), template=None):
        environment = {**os.environ, "DATABASE_URL": url}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
        yield url


@pytest.fixture
def own_database(_migrated: str, tmp_path: Path) -> Iterator[str]:
    """The DATABASE_URL of a fresh migrated database, for processes of their own (workers that get killed)."""
    yield from _database(tmp_path, template=_migrated)
