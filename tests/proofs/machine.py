"""Processes of one database and one folder of files, to be started, asked and killed."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import ROOT


class Machine:
    def __init__(self, url: str, data: Path) -> None:
        self.url = url
        self.env = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(data), "JOB_HEARTBEAT_TIMEOUT_S": "3"}

    def start(self, *args: str, **kwargs: Any) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, *args], cwd=ROOT, env=self.env, **kwargs)

    def run(self, *args: str) -> str:
        done = subprocess.run([sys.executable, *args], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worker(self) -> subprocess.Popen:
        return self.start("manage.py", "worker", "--once", stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def value(self, query: str) -> Any:
        """The first value a query finds, asked beside the product and without waiting for a process."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20)) as database:
                return database.execute(query).fetchone()[0]
        user, _, place = self.url.removeprefix("postgres://").partition("@")
        folder, _, name = place.lstrip("/").rpartition("/")
        with psycopg.connect(host=f"/{folder}", user=user, dbname=name) as server:
            return server.execute(query).fetchone()[0]

    def dump(self) -> dict[str, Any]:
        return json.loads(self.run("-m", "tests.proofs.steps", "dump"))
