"""A wrong environment stops every command with advice: which variable, what it holds, what to put there."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from chargebill.environment import sqlite_url
from tests.conftest import ROOT
from tests.served import OURS

pytestmark = [pytest.mark.process, pytest.mark.sqlite]
PRODUCTION = {"CHARGEBILL_MODE": "production", "SECRET_KEY": "k" * 50, "ALLOWED_HOSTS": "billing.example.com"}


def run(*arguments, folder, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean, "CHARGEBILL_DATA": str(folder), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "name", "advice"),
    [
        ({"CHARGEBILL_MODE": "prod"}, "CHARGEBILL_MODE", "one of: development, production"),
        ({"DATABASE_URL": "mysql://user@host/name"}, "DATABASE_URL", "postgres://USER:PASSWORD@HOST:5432/NAME"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL", "sqlite:////absolute/path.sqlite3"),
        ({"DATABASE_URL": "postgres://user@host:port/name"}, "DATABASE_URL", "leave it out for SQLite"),
        ({"DEBUG": "maybe"}, "DEBUG", "Set it to yes or no"),
        ({"JOB_HEARTBEAT_TIMEOUT_S": "0"}, "JOB_HEARTBEAT_TIMEOUT_S", "whole number from 1 up, or leave it out for 60"),
        ({"IMPORT_MAX_BYTES": "2 GB"}, "IMPORT_MAX_BYTES", "whole number"),
        ({"LOG_LEVEL": "chatty"}, "LOG_LEVEL", "one of: DEBUG, INFO, WARNING, ERROR"),
        ({"CHARGEBILL_DEMO_SESSIONS": "-1"}, "CHARGEBILL_DEMO_SESSIONS", "from 0 up"),
        ({**PRODUCTION, "SECRET_KEY": ""}, "SECRET_KEY", "at least 50 random characters"),
        ({**PRODUCTION, "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS", "such as billing.example.com"),
        ({"PUBLIC_URL": "charging.example.com"}, "PUBLIC_URL", "such as https://charging.example.com"),
        ({"PUBLIC_URL": "https://charging.example.com/?a=1"}, "PUBLIC_URL", "or leave it out"),
        ({"PUBLIC_URL": "https://[::1"}, "PUBLIC_URL", "or leave it out"),
        ({"INBOX_URL": "imap://ada:secret@imap.example.com"}, "INBOX_URL", "imaps://USER:PASSWORD@imap.example.com/INBOX"),
        ({"INBOX_URL": "imaps://imap.example.com"}, "INBOX_URL", "or leave it out"),
        ({"INBOX_URL": "imaps://a:b@[::1"}, "INBOX_URL", "or leave it out"),
        ({"CHARGEBILL_DATA": "/proc/nowhere"}, "CHARGEBILL_DATA", "Name a folder that can"),
    ],
)
def test_a_wrong_setting_says_what_to_do(environment, name, advice, tmp_path):
    done = run("manage.py", "check", **{"folder": tmp_path, **environment})

    assert (done.returncode, done.stdout) == (2, "")
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (error["code"], error["where"]) == ("setting", name)
    assert error["message"].startswith(name)
    assert advice in error["message"]
    assert "Traceback" not in done.stderr


def test_the_first_command_people_meet_says_it_in_plain_words(tmp_path):
    done = run("manage.py", "serve", folder=tmp_path, CHARGEBILL_MODE="prod")

    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CHARGEBILL_MODE is 'prod'. Set it to one of: development, production, or leave it out for development."
    )


def test_an_empty_environment_is_development(tmp_path):
    code = "from django.conf import settings as s; print(s.PRODUCTION, s.DEBUG, s.DATABASES['default']['NAME'])"
    done = run("-c", code, folder=tmp_path, DJANGO_SETTINGS_MODULE="chargebill.settings")

    assert done.stdout.split() == ["False", "False", str(tmp_path / "chargebill.sqlite3")]


def test_a_whole_production_environment_is_taken(tmp_path):
    code = "from django.conf import settings as s; print(s.PRODUCTION, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE)"
    done = run("-c", code, folder=tmp_path, DJANGO_SETTINGS_MODULE="chargebill.settings", **PRODUCTION)

    assert done.stdout.strip() == "True ['billing.example.com'] True"


def test_processes_that_start_at_once_agree_on_one_secret_key(tmp_path):
    code = "from django.conf import settings as s; print(s.SECRET_KEY)"

    def start(_):
        return run("-c", code, folder=tmp_path, DJANGO_SETTINGS_MODULE="chargebill.settings").stdout

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(start, range(8)))

    assert len(keys) == 1
    assert len(keys.pop().strip()) == 50
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["with space", "100%", "a+b", "ünï", "q?x#y"])
def test_a_database_may_lie_in_a_folder_of_any_name(name, tmp_path):
    folder = tmp_path / name
    code = "from django.conf import settings as s; print(s.DATABASES['default']['NAME'])"
    done = run(
        "-c",
        code,
        folder=folder,
        DJANGO_SETTINGS_MODULE="chargebill.settings",
        DATABASE_URL=sqlite_url(folder / "x.sqlite3"),
        PYTHONUTF8="1",
    )

    assert done.stdout.strip() == str(folder / "x.sqlite3")
