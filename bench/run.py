"""Measures ChargeBill beside what a database does by itself, both in one run; prints a table, writes results.json.

    make bench                                               a million rows, dashboards of up to ten million sessions
    BENCH_ROWS=100000 BENCH_SESSIONS=1000000 make bench      less

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
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.proofs.files import HEADER, write_file  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
INVOICES = (2_000, int(os.environ.get("BENCH_INVOICES", "10000")))
LARGEST = int(os.environ.get("BENCH_SESSIONS", "10000000"))
# Sessions, connectors, weeks: half a year of 200 connectors, two years of 1,000, five of 4,000.
NETWORKS = [(100_000, 200, 26), (1_000_000, 1_000, 104), (10_000_000, 4_000, 260)]
MORE = 10_000
CASES = 10_000
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
    print(f"{id_:<14} {what:<88} {row['ours']:>12} {row['peer'] or '':>10} {ratio or '':>8}  {goal or '-'}", flush=True)


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


def measure_dashboards(name: str, fresh: Callable[[str], str], gone: Callable[[str], None], folder: Path) -> None:
    """The Overview of three networks, one month's view, and what importing more sessions costs each of them."""
    networks = [network for network in NETWORKS if network[0] <= LARGEST]
    first: dict[str, float] = {}
    for sessions, connectors, weeks in networks:
        url, size = fresh(f"dashboard_{sessions}"), f"{sessions:,} sessions"
        stored = script("storing.py", str(sessions), str(connectors), str(weeks), url=url, data=folder / "data")
        record(
            f"P5-{name}",
            f"{size}: rebuild_rollups, s; database of {stored['size_mb']:,.0f} MB",
            stored["rebuild_rollups_s"],
            None,
        )
        shown = script("dashboard.py", url=url, data=folder / "data")
        what = f"{size}: what waits, asked for once the page is there, ms (peer: at 100,000)"
        record(f"P5-{name}", what, shown["needs_ms"], first.setdefault("needs", shown["needs_ms"]))
        for page in ("all", "place"):
            of = shown[page]
            took = of["uncached_ms"]
            goal = "<= 1.3" if sessions == 10_000_000 else ""
            what = f"{size}, {'all places' if page == 'all' else 'one place'}: Overview, ms, {of['queries']} queries"
            met = not goal or took <= 1.3 * first[page]
            record(f"P5-{name}", f"{what} (peer: at 100,000)", took, first.setdefault(page, took), goal, met)
            what, peer = f"  kept page, ms, {of['kept_queries']} queries", of["bare_signed_in_ms"]
            record(
                f"P5-{name}-kept",
                f"{what} (peer: as many bytes to a person signed in)",
                of["kept_ms"],
                peer,
                "<= 2.5",
                of["kept_ms"] <= 2.5 * peer,
            )
            record(f"P5-{name}-kept", f"{what} (peer: two bytes to anybody)", of["kept_ms"], shown["bare_ms"])
        file = folder / "more.csv"
        # The fortnight after what is stored.
        write_file(file, rows=MORE, seed=8, connectors=connectors, first=datetime(2026, 11, 30), bad_share=0)  # noqa: DTZ001
        figures = script("importing.py", "more", str(file), url=url, data=folder / "data")
        what = f"{size}: importing {MORE:,} more, s (peer: at 100,000)"
        record(f"P4-{name}-more", what, figures["seconds"], first.setdefault("more", figures["seconds"]))
        for stage, stage_s in figures["stages"].items():
            record(f"P4-{name}-more", f"  of it {stage}, s", stage_s, first.setdefault(stage, stage_s))
        gone(url)


def measure_issuing(name: str, fresh: Callable[[str], str], gone: Callable[[str], None], data: Path) -> None:
    """A month of invoices, and of five times as many: each takes as long as before where issuing is linear."""
    per_document: list[float] = []
    for invoices in INVOICES:
        url = fresh(f"issuing_{invoices}")
        found = script("issuing.py", str(invoices), url=url, data=data)
        gone(url)
        per_document.append(found["cpu_s"] / found["documents"] * 1000)
        what = f"{found['documents']:,} invoices with {found['lines']:,} lines"
        record(f"P6-{name}", f"{what}: documents/s", found["documents"] / found["seconds"], None)
        record(f"P6-{name}", f"{what}: gaps in the numbers", found["gaps"], None, "0", found["gaps"] == 0)
        is_linear = per_document[-1] <= 1.2 * per_document[0]
        what = f"{what}: ms of CPU a document (peer: of the smaller month)"
        record(f"P6-{name}", what, per_document[-1], per_document[0], "<= 1.2", is_linear)


def measure_cases(name: str, url: str, data: Path) -> None:
    """The dispute desk with ten thousand cases, beside itself with the few of the demo."""
    found = script("cases.py", str(CASES), url=url, data=data)
    few, many = found["few"], found["many"]
    said = (
        ("queue", "queue of {cases:,} cases, p95 ms, {queries} queries", 300),
        ("page", "page of a case with its dossier among {cases:,}, p95 ms, {queries} queries", 2_000),
        ("one", "a case opened: every check, evidence, PDF dossier, p95 ms, {queries} queries", 2_000),
        ("several", "  the same about {sessions} sessions, p95 ms, {queries} queries", 2_000),
    )
    for key, what, most in said:
        of = many[key]
        label = f"{what.format(cases=found['cases'], **of)} (peer: few cases)"
        record(f"desk-{name}", label, of["p95_ms"], few[key]["p95_ms"], f"<= {most:,} ms", of["p95_ms"] <= most)
        record(f"desk-{name}", "  of it CPU of this process, p95 ms", of["cpu_p95_ms"], few[key]["cpu_p95_ms"])
    of = many["statistics"]
    what = f"statistics of a company's cases among {found['cases']:,}, p95 ms, {of['queries']} queries (peer: few cases)"
    record(f"desk-{name}", what, of["p95_ms"], few["statistics"]["p95_ms"])


def measure_pricing() -> None:
    figures = script("pricing.py", url="sqlite://", data=ROOT)
    rate, yardstick = figures["reference"], figures["yardstick"]
    what = "reference, four-period time-of-day case, explained, sessions/s (peer: yardstick)"
    record("P2-reference", what, rate, yardstick, ">= 15,000/s", rate >= 15_000)


def measure_papers(name: str, fresh: Callable[[str], str], data: Path) -> None:
    """PDFs of receipts: so many a second, and whether ten times as many take ten times as long."""
    first = 0.0
    for documents in (1_000, 10_000):
        figures = script("papers.py", str(documents), url=fresh(f"papers_{documents}"), data=data)
        rate = figures["papers"] / figures["seconds"]
        first = first or rate
        what = f"PDFs of {figures['papers']:,} receipts, {figures['mb']:,.0f} MB, PDFs/s (peer: of 1,000)"
        record(f"PDF-{name}", what, rate, first)
        record(f"PDF-{name}", "  peak memory, MB", figures["memory_mb"], None)


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
        print(f"{'id':<14} {'what':<88} {'ours':>12} {'peer':>10} {'ratio':>8}  goal")
        measure_pricing()
        measure_papers("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite3", folder / "data")
        measure_perth("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite3", folder / "data")
        if shutil.which("sqlite3"):
            peer = sqlite_peer(file, folder)
            for what in ("bare", "priced"):
                url = f"sqlite:///{folder / what}.sqlite3"
                measure_import("sqlite", "sqlite3 .import", peer, file, url, folder / "data", what)
            measure_pages("sqlite", url, folder / "data")

        def deleted(url: str) -> None:
            for path in folder.glob(f"{url.rpartition('/')[2]}*"):
                path.unlink()

        measure_cases("sqlite", f"sqlite:///{folder / 'cases'}.sqlite3", folder / "data")
        measure_issuing("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite3", deleted, folder / "data")
        measure_dashboards("sqlite", lambda name: f"sqlite:///{folder / name}.sqlite3", deleted, folder)
        server = os.environ.get("DATABASE_URL", "")
        if server and shutil.which("psql"):

            def fresh(name: str) -> str:
                subprocess.run(["psql", "-q", "-d", _libpq(server), "-c", f"CREATE DATABASE {name}"], check=True)
                return f"{server.rpartition('/')[0]}/{name}"

            measure_papers("postgresql", fresh, folder / "data")
            measure_perth("postgresql", fresh, folder / "data")
            peer = postgres_peer(file, server)
            for what in ("bare", "priced"):
                url = fresh(f"bench_{what}")
                measure_import("postgresql", r"\copy", peer, file, url, folder / "data", what)
            measure_pages("postgresql", url, folder / "data")

            def dropped(url: str) -> None:
                statement = f"DROP DATABASE {url.rpartition('/')[2]}"
                subprocess.run(["psql", "-q", "-d", _libpq(server), "-c", statement], check=True)

            measure_cases("postgresql", fresh("cases"), folder / "data")
            measure_issuing("postgresql", fresh, dropped, folder / "data")
            measure_dashboards("postgresql", fresh, dropped, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    (ROOT / "bench" / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
