"""`quantal next` as a user runs it."""

from __future__ import annotations

import pytest
from test_cli import answer, quantal


def test_next_prints_runs_errors_and_verdict() -> None:
    found = answer("next", "tiny-lm", "--target-compute", "1e15", "--budget", "1e14", "--max-runs", "3")
    assert 1 <= len(found["runs"]) <= 3
    assert all(set(one) == {"params", "tokens", "compute"} for one in found["runs"])
    assert sum(one["compute"] for one in found["runs"]) <= 1e14
    assert 0 < found["error_after"] < found["error_now"] < 1
    assert found["stop"] is False
    assert found["reason"].startswith("these runs lower the error")


def test_next_says_what_is_missing() -> None:
    done = quantal("next", "tiny-lm", "--budget", "1e14", check=False)
    assert done.returncode == 1
    assert "--target-compute, or --params and --tokens" in done.stderr


@pytest.mark.parametrize("seed", ["0", "7"])
def test_same_seed_same_text(seed: str) -> None:
    call = ("next", "tiny-lm", "--target-compute", "1e15", "--budget", "1e13", "--seed", seed)
    assert quantal(*call).stdout == quantal(*call).stdout
