"""Whatever is done to the rows of a file, each becomes a row or waits with a reason; nothing raises, nothing is lost."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from stations.ingest.profiles import recognise
from stations.ingest.reading import fields, inspect, parse_fields
from stations.ingest.rows import FileRefused, Refusal
from tests.ingest import layouts

SEED = 20_240_531
NASTY = [
    "",
    " ",
    "\t",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\\",
    "=1+1",
    "@SUM(A1)",
    "-",
    "+",
    "--",
    "NaN",
    "-inf",
    "1e400",
    "1e-400",
    "9" * 400,
    "0" * 50,
    "-0",
    "1,5",
    "1.5.5",
    "٣",
    "１",
    "½",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\u2028",
    "\x0b",
    "\x1c",
    "\x85",
    "😀",
    "e\u0301",
    "null",
    "None",
    "true",
    "[]",
    "{}",
    "31/02/2018",
    "00/00/0000",
    "0001-01-01",
    "9999-12-31T23:59:59+14:00",
    "24:00",
    "-1:00",
    "1:60",
    "Europe/Berlin",
    "../../etc/passwd",
    "MST",
    "+99:99",
    "Z",
    "T",
    " T ",
    "<script>",
    "%s%n",
    "${x}",
    "' OR 1=1 --",
    "x" * 70_000,
]


def mutated(line: str, generator: random.Random) -> str:
    """The line with one to three cells, characters or quotes changed."""
    for _ in range(generator.randint(1, 3)):
        kind = generator.randrange(7)
        at = generator.randrange(len(line) + 1)
        cells = line.split(",")
        cell = generator.randrange(len(cells))
        if kind == 0:
            cells[cell] = generator.choice(NASTY)
            line = ",".join(cells)
        elif kind == 1:
            line = line[:at] + generator.choice(NASTY[:-1]) + line[at:]
        elif kind == 2:
            line = line[:at] + line[at + generator.randint(1, 8) :]
        elif kind == 3:
            line = line[:at] + chr(generator.choice([33, 34, 44, 0x7F, 0xA0, 0x3000, 0x1F600])) + line[at + 1 :]
        elif kind == 4:
            generator.shuffle(cells)
            line = ",".join(cells)
        elif kind == 5:
            line = ",".join(cells[:cell])
        else:
            line = ",".join([*cells, *cells[cell:]])
    return line


@pytest.mark.parametrize("layout", sorted(layouts.HEADERS))
def test_rows_with_anything_in_them(tmp_path: Path, layout: str) -> None:
    generator = random.Random(f"{SEED}{layout}")
    header, good = layouts.text(layout).splitlines()
    lines = [header, *(mutated(good, generator) for _ in range(400))]
    if recognise(layouts.HEADERS[layout]).tables_follow:
        # Below a blank line stand other tables; test_more_layouts.py looks at those.
        lines = [line for line in lines if line.strip()]
    path = layouts.saved(tmp_path, "\n".join(lines))
    inspection, found = layouts.seen(path, time_zone="America/New_York")
    assert inspection.records == len(found)
    assert "\n".join(record.raw for record in found) == "\n".join(line for line in lines[1:] if line.strip())
    codes = Counter(record.outcome.code for record in found if isinstance(record.outcome, Refusal))
    assert "unreadable_row" not in codes
    for record in found:
        if isinstance(record.outcome, Refusal):
            assert 0 < len(record.outcome.message) <= 300
            assert len(record.outcome.code) <= 40
            assert len(record.outcome.field) <= 60
    # What waits can be put into a form and tried again, and says the same again.
    profile = recognise(inspection.header)
    for record in found[:100]:
        values = fields(profile, inspection.header, record.raw)
        again = parse_fields(profile, inspection.header, values, raw=record.raw, time_zone="America/New_York")
        assert again == record.outcome


def test_every_mutation_of_all_layouts_makes_five_thousand() -> None:
    assert 400 * len(layouts.HEADERS) >= 5000


def test_cdrs_with_anything_in_them(tmp_path: Path) -> None:
    generator = random.Random(SEED)
    values = [*NASTY, None, True, False, 0, -1, 1e308, 10**400, [], {}, [[]], [{}], {"incl_vat": "x"}, {"before_taxes": 1}]

    def paths(node: object, at: tuple = ()) -> list[tuple]:
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        return [at, *(path for key, child in children for path in paths(child, (*at, key)))]

    cdrs = []
    for _ in range(1500):
        cdr = json.loads(json.dumps(layouts.CDR))
        for _ in range(generator.randint(1, 3)):
            path = generator.choice(paths(cdr)[1:])
            parent = cdr
            for key in path[:-1]:
                parent = parent[key]
            if generator.random() < 0.2 and isinstance(parent, dict):
                del parent[path[-1]]
            else:
                parent[path[-1]] = generator.choice(values)
        cdrs.append(cdr)
    inspection, found = layouts.seen(layouts.saved(tmp_path, cdrs))
    assert inspection.records == len(found) == 1500
    codes = Counter(record.outcome.code for record in found if isinstance(record.outcome, Refusal))
    assert "unreadable_row" not in codes
    assert [json.loads(record.raw) for record in found] == cdrs


def test_whole_files_with_flipped_bytes_are_read_or_refused(tmp_path: Path) -> None:
    generator = random.Random(SEED)
    good = layouts.text("chargepoint_new", *[layouts.row("chargepoint_new")] * 5).encode()
    cdrs = json.dumps([layouts.CDR] * 3).encode()
    refused = 0
    for turn in range(600):
        content = bytearray(cdrs if turn % 2 else good)
        for _ in range(generator.randint(1, 6)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        path = layouts.saved(tmp_path, bytes(content))
        try:
            inspection, found = layouts.seen(path, encoding="windows-1252" if turn % 3 else "")
        except FileRefused:
            refused += 1
            continue
        assert inspection.records == len(found)
    assert 0 < refused < 600
    assert inspect(layouts.saved(tmp_path, good)).records == 5
