"""`make run`'s heart: one command starts everything, says where it is, keeps it going and leaves nothing behind."""

import http.cookiejar
import json
import os
import signal
import socket
import sqlite3
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from chargebill.core import roles
from tests.served import Served, alive

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="serve: processes are looked up in /proc, on Linux only"),
]


class Visitor:
    """Somebody with a browser that knows cookies and forms, and no more."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> tuple[str, str]:
        """The address one ends up at, and the page."""
        with self.opener.open(urllib.parse.urljoin(self.address, path), timeout=30) as answer:
            return answer.url, answer.read().decode()

    def post(self, path: str, **fields: str) -> tuple[str, str]:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.address, path), data, {"Referer": self.address})
        with self.opener.open(request, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def sign_in(self, username: str, password: str) -> bool:
        self.get("/login/")
        url, _ = self.post("/login/?next=/password_change/", username=username, password=password)
        return "/login/" not in url


def sessions_in(folder: Path) -> int:
    with sqlite3.connect(f"file:{folder / 'demo.sqlite3'}?mode=ro", uri=True) as connection:
        count = connection.execute("SELECT count(*) FROM stations_session").fetchone()[0]
    connection.close()
    return count


def wait_until(true, *, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """A data folder whose demo has been filled by a first start that was stopped again."""
    folder = tmp_path_factory.mktemp("serve data")  # with a space, as folders have
    with Served(folder) as first:
        first.wait_until_ready()
        assert first.stop() == 0
    return folder, first.output


@pytest.mark.sqlite
def test_the_first_start_fills_the_demo_and_says_once_where_and_how_to_sign_in(demo_folder):
    folder, output = demo_folder

    assert output.count("ChargeBill runs at http://127.0.0.1:") == 1
    assert "Sign in with the password chargebill-demo" in output
    assert sessions_in(folder) > 0
    assert not list(folder.glob("*draft*"))


@pytest.mark.sqlite
def test_a_later_start_keeps_the_data_and_lets_every_role_in(demo_folder):
    folder, _ = demo_folder
    before = sessions_in(folder)
    with Served(folder) as again:
        again.wait_until_ready()
        assert "First start" not in again.output
        for role in (roles.ADMINISTRATOR, *roles.ROLES):
            username = role.lower().replace(" ", "-")
            assert f"    {username} " in again.output
            assert Visitor(again.address).sign_in(username, "chargebill-demo"), role
        with urllib.request.urlopen(f"{again.address}healthz", timeout=10) as answer:
            assert json.load(answer) == {"status": "ok", "instance": "demo", "wanted": "demo"}
    assert sessions_in(folder) == before


@pytest.mark.sqlite
def test_a_dead_child_is_started_again_and_none_outlives_the_supervisor(demo_folder):
    folder, _ = demo_folder
    with Served(folder) as served:
        served.wait_until_ready()

        def worker() -> int:
            return next((pid for pid, command in served.children().items() if command.endswith("manage.py worker")), 0)

        first = worker()
        assert first
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: worker() not in (0, first))
        children = list(served.children())
        assert len(children) >= 4  # gunicorn, its two workers, the job worker

        served.process.kill()
        served.process.wait()
        wait_until(lambda: not alive(children))


@pytest.mark.sqlite
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_every_child(demo_folder, signum):
    folder, _ = demo_folder
    with Served(folder) as served:
        served.wait_until_ready()
        children = list(served.children())

        assert served.stop(signum) == 0
        assert alive(children) == []


@pytest.mark.sqlite
def test_a_taken_port_says_which_other_one_to_choose(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Served(tmp_path, port=port) as served:
            served.wait_for(rf"Port {port} is taken by another program\. Choose another one: make run PORT={port + 1}\n")
            assert served.process.wait(30) == 1


@pytest.mark.sqlite
def test_a_database_that_is_none_stops_the_start_with_the_reason(tmp_path):
    (tmp_path / "demo.sqlite3").write_text("this is no database")
    with Served(tmp_path) as served:
        served.wait_for("The database could not be prepared")
        served.wait_for("file is not a database")
        assert served.process.wait(30) == 1
    assert (tmp_path / "demo.sqlite3").read_text() == "this is no database"


@pytest.mark.sqlite
def test_an_interrupted_first_start_leaves_no_half_filled_demo(tmp_path):
    with Served(tmp_path, CHARGEBILL_DEMO_SESSIONS="4000") as served:
        served.wait_for("First start")
        wait_until(lambda: (tmp_path / "demo-draft.sqlite3").exists())
        assert served.stop() == 0
    assert not (tmp_path / "demo.sqlite3").exists()
    with Served(tmp_path) as again:
        again.wait_until_ready()
    assert sessions_in(tmp_path) > 0


def test_a_database_somebody_names_is_used_as_it_is_and_nothing_else(tmp_path, empty_database):
    folder = tmp_path / "data"
    with Served(folder, DATABASE_URL=empty_database) as served:
        served.wait_until_ready()
        visitor = Visitor(served.address)
        assert visitor.sign_in("administrator", "chargebill-demo")
        assert "nothing to switch to" in visitor.get("/start-company/")[1]
        assert '"Start with my company"' not in served.output
    assert not list(folder.glob("*.sqlite3"))


def test_production_fills_no_demo_and_prints_the_link_to_the_first_account(tmp_path, empty_database):
    production = {"CHARGEBILL_MODE": "production", "SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "127.0.0.1", "HTTPS": "no"}
    with Served(tmp_path, DATABASE_URL=empty_database, **production) as served:
        served.wait_until_ready()
        link = next(word for word in served.output.split() if "/setup/?token=" in word)
        url, page = Visitor(served.address).get(link)
        assert url == link
        assert "Create the account" in page
