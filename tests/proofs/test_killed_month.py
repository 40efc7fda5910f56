"""A month's issuing, collecting and closing, killed at its commits, ends like one that was left alone."""

from pathlib import Path

import pytest

from tests.proofs.every_commit import killed_at_commits
from tests.proofs.month import CUSTOMERS, STRANGERS

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_a_month_killed_at_any_commit_ends_like_one_left_alone(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    # One of issuing, one of collecting, one of closing.
    there, _, killed = killed_at_commits(
        "tests.proofs.month",
        _migrated,
        tmp_path,
        lambda points: points if full_size else (points[6], points[len(points) // 2], points[-7]),
    )
    assert (there["breaks"], len(there["documents"])) == ([], STRANGERS + CUSTOMERS)
    assert there["closed"] == [["2018-10-01"], ["2018-11-01"]]
    assert len(there["payments"]) == STRANGERS + CUSTOMERS + 1
    assert killed >= (60 if full_size else 3)
