"""Sweeps that keep nothing: the same numbers, retries and errors as on a database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from quick_jobs import Descent, descend, die_once, raise_always, refuse

from quantal.train import MemoryStore, sweep


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_results_are_kept_and_not_made_again(tmp_path: Path) -> None:
    store, jobs = MemoryStore(), [Descent(width, seconds=2.5) for width in (2, 3)]
    assert sweep(jobs, function=descend, store=store, workers=2).done_here == 2
    assert sweep(jobs, function=descend, store=store, workers=1, resume=True).done_here == 0
    for entry in store.entries(state="done"):
        assert np.array_equal(store.arrays(entry.key)["losses"], descend(Descent(entry.config["width"]))["losses"])
        assert list(store.arrays(entry.key, ["losses"])) == ["losses"]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    jobs = [Descent(width, trap=str(marks)) for width in (2, 3)]
    assert sweep(jobs, function=die_once, store=MemoryStore(), workers=1, retries=1).done == 2


def test_errors_are_tried_again_and_reported_and_bad_input_is_not() -> None:
    store = MemoryStore()
    result = sweep([Descent(2)], function=raise_always, store=store, workers=1, retries=1)
    assert list(result.failed.values()) == ["RuntimeError: no good at width 2"]
    assert [one.failures for one in store.entries(state="failed")] == [2]
    result = sweep([Descent(2)], function=refuse, store=MemoryStore(), workers=1, retries=5)
    assert list(result.failed.values()) == ["width = 2: never"]
    assert store.revive("sweep") == 1
    assert store.counts("sweep")["waiting"] == 1
    assert store.waiting_cost("sweep") == Descent(2).cost
