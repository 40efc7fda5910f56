"""Measures ChargeBill beside what a database does by itself, both in one run; prints a table, writes results.json.

    make bench            a million rows
    BENCH_ROWS=100000 make bench

Every row: what, ours, the peer's, the ratio, and a goal where one is set (met or not).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.proofs.steps import HEADER, write_file  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
results: list[dict[str, Any]] = []


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def record(id_: str, what: str, ours: float, peer: float | None, goal: str = "", met: bool = True) -> None:
    ratio = round(ours / peer, 2) if peer else None
    row = {
        "id": id_,
        "what": what,
        "ours": round(ours, 3),
        "peer": peer and round(peer, 3),
        "ratio": ratio,
        "goal": goal,
        "met": met,
    }
    results.append(row | {"commit": commit()})
    print(f"{id_:<14} {what:<74} {row['ours']:>12} {row['peer'] or '':>10} {ratio or '':>8}  {goal or '-'}", flush=True)


def timed(command: list[str], **kwargs: Any) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **kwargs)
    return time.perf_counter() - began


def sqlite_peer(file: Path, folder: Path) -> float:
    """sqlite3's own .import of the file into a table of text."""
    database = folder / "peer.sqlite3"
    commands = f"PRAGMA journal_mode=WAL;\nPRAGMA synchronous=NORMAL;\n.mode csv\n.import {file} raw\n"
    return timed(["sqlite3", str(database)], input=commands, text=True)


def postgres_peer(file: Path, url: str) -> float:
    """psql's \\copy of the file into a table of text."""
    columns = ", ".join(f'"{name}" text' for name in HEADER)
    psql = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", _libpq(url)]
    subprocess.run([*psql, "-c", f"CREATE TABLE raw ({columns})"], check=True)
    took = timed([*psql, "-c", f"\\copy raw FROM '{file}' WITH (FORMAT csv, HEADER)"])
    subprocess.run([*psql, "-c", "DROP TABLE raw"], check=True)
    return took


def _libpq(url: str) -> str:
    rest = url.removeprefix("postgres://")
    user, _, place = rest.partition("@")
    folder, _, name = place.lstrip("/").rpartition("/")
    return f"host=/{folder} user={user} dbname={name}"


def script(name: str, *args: str, url: str, data: Path) -> dict[str, Any]:
    env = {**os.environ, "DATABASE_URL": url, "CHARGEBILL_DATA": str(data)}
    done = subprocess.run([sys.executable, str(ROOT / "bench" / name), *args], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure_import(name: str, peer_name: str, peer: float, file: Path, url: str, data: Path, what: str) -> None:
    figures = script("importing.py", what, str(file), url=url, data=data)
    rate = figures["rows"] / figures["seconds"]
    label = "import only" if what == "bare" else "import, price, gate, count"
    record(f"P4-{name}-{what}", f"{label}, {figures['rows']:,} rows, s (peer: {peer_name})", figures["seconds"], peer)
    record(f"P4-{name}-{what}", f"{label}, rows/s (peer: {peer_name})", rate, figures["rows"] / peer)
    for stage, took in figures["stages"].items():
        record(f"P4-{name}-{what}", f"  of it {stage}, s", took, None)
    record(f"P4-{name}-{what}", "  peak memory, MB (peer: before the import)", figures["memory_mb"], figures["memory_idle_mb"])


def measure_pages(name: str, url: str, data: Path) -> None:
    for page, figures in script("pages.py", url=url, data=data).items():
        goal = "p95 <= 300 ms" if page == "sessions" else ""
        record(
            f"P7-{name}" if page == "sessions" else f"P5-{name}-first",
            f"{page} page at {ROWS:,} rows, p95 ms, {figures['queries']} queries",
            figures["p95_ms"],
            None,
            goal,
            figures["p95_ms"] <= 300 if goal else True,
        )


def measure_pricing() -> None:
    figures = script("pricing.py", url="sqlite://", data=ROOT)
    rate, yardstick = figures["reference"], figures["yardstick"]
    what = "reference, four-period time-of-day case, explained, sessions/s (peer: yardstick)"
    record("P2-reference", what, rate, yardstick, ">= 15,000/s", rate >= 15_000)


def measure_perth(name: str, fresh: Callable[[str], str], data: Path) -> None:
    """Both Perth files under a one-price tariff, beside the import of the same files without prices."""
    files = [str(file) for file in sorted((ROOT.parent / "shared" / "data").glob("perth-kinross-*.csv.gz"))]
    if not files:
        print("Perth: ../shared/data is not here, so its files are not measured.")
        return
    bare, priced = (script("importing.py", what, *files, url=fresh(f"perth_{what}"), data=data) for what in ("bare", "priced"))
    what = f"both Perth files, import + price + count, {priced['rows']:,} rows, s (peer: bare import)"
    record(f"P4-{name}-perth", what, priced["seconds"], bare["seconds"])
    for stage, took in priced["stages"].items():
        record(f"P4-{name}-perth", f"  of it {stage}, s", took, bare["stages"].get(stage))


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="chargebill-bench-"))
    try:
        file = folder / "export.csv"
        write_file(file, rows=ROWS)
        # The peer is run by the server's own user rights: let it read the file.
        folder.chmod(0o755)
        print(f"{'id':<14} {'what':<74} {'ours':>12} {'peer':>10} {'ratio':>8}  goal")
        measure_pricing()
        measure_perth("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite3", folder / "data")
        if shutil.which("sqlite3"):
            peer = sqlite_peer(file, folder)
            for what in ("bare", "priced"):
                url = f"sqlite:///{folder / what}.sqlite3"
                measure_import("sqlite", "sqlite3 .import", peer, file, url, folder / "data", what)
            measure_pages("sqlite", url, folder / "data")
        server = os.environ.get("DATABASE_URL", "")
        if server and shutil.which("psql"):

            def fresh(name: str) -> str:
                subprocess.run(["psql", "-q", "-d", _libpq(server), "-c", f"CREATE DATABASE {name}"], check=True)
                return f"{server.rpartition('/')[0]}/{name}"

            measure_perth("postgresql", fresh, folder / "data")
            peer = postgres_peer(file, server)
            for what in ("bare", "priced"):
                url = fresh(f"bench_{what}")
                measure_import("postgresql", r"\copy", peer, file, url, folder / "data", what)
            measure_pages("postgresql", url, folder / "data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (ROOT / "bench" / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
