"""What was agreed in cases, killed at any commit while it is put right, ends as if nobody had killed it: each thing once."""

from pathlib import Path

import pytest

from tests.proofs.every_commit import killed_at_commits

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_putting_right_killed_at_any_commit_ends_like_one_left_alone(
    _migrated: str,  # noqa: PT019  its value is used
    tmp_path: Path,
    full_size: bool,
) -> None:
    there, points, killed = killed_at_commits(
        "tests.proofs.outcome",
        _migrated,
        tmp_path,
        lambda points: points if full_size else (points[3], points[len(points) // 2]),
    )
    assert {state for _, state in there["cases"]} == {"RESOLVED"}
    assert (len(there["cases"]), there["breaks"], there["cases_wrong"], there["rollups_wrong"]) == (5, [], 0, 0)
    # The partner is billed without tax, which 20 % come to.
    assert sorted(amount for _, amount in there["notes"]) == ["0.200", "0.250", "0.500", "1.200"]
    assert killed == (points if full_size else 2)
