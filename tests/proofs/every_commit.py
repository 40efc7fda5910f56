"""Kills what a module of proofs does at its commits, each time on a copy of the same database, and takes it up again."""

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.conftest import _database
from tests.proofs.forks import Forks

Point = tuple[int, str]


def killed_at_commits(
    module: str, migrated: str, folder: Path, chosen: Callable[[Sequence[Point]], Sequence[Point]]
) -> tuple[dict[str, Any], int, int]:
    """What is there in the end, how many points there are (before and after each commit), and at how many it was killed.

    The module's COMMANDS are prepare FOLDER; work [NUMBER MOMENT], which prints its commits; and dump. Every killed one ends
    as the one that was left alone, or this fails.
    """
    killed = 0
    for template in _database(folder, template=migrated):
        with Forks(module, template, folder / "data") as forks:
            forks.run(template, "prepare", str(folder))
            for url in _database(folder, template=template):
                commits = json.loads(forks.run(url, "work").splitlines()[-1])["commits"]
                expected = json.loads(forks.run(url, "dump"))
            points = [(number, moment) for number in range(1, commits + 1) for moment in ("before", "after")]
            for number, moment in chosen(points):
                for url in _database(folder, template=template):
                    # A heartbeat commits too, now and then, so that the last points may not be reached.
                    code, printed = forks.ends(url, "work", str(number), moment)
                    assert code in (0, -signal.SIGKILL), printed
                    killed += code != 0
                    forks.run(url, "work")
                    assert json.loads(forks.run(url, "dump")) == expected, (number, moment)
    return expected, len(points), killed
