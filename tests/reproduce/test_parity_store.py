"""The parity study on a store: what is done is done once, whoever did it, and it goes on after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from quantal.cli.app import group
from quantal.reproduce import ParityStudy, parity
from quantal.train import ParityConfig, ParityPreset, open_store, sweep, train_parity

pytestmark = pytest.mark.extras

SHARED = {"bits": 12, "k": 2, "batch_size": 200, "learning_rates": (1e-2,), "tasks": 20, "evaluate_every": 20}


def tiny(steps: int = 100) -> ParityPreset:
    sizes = tuple(ParityConfig(widths=(4, 8, 16), steps=steps, seed=one, net_seeds=(one,), **SHARED) for one in (0, 1))
    data = tuple(ParityConfig(widths=(16,), steps=40, samples=size, **SHARED) for size in (200, 400, 800))
    return ParityPreset("tiny", "a test", sizes, data)


def same(study: ParityStudy) -> None:
    for result in study.results:
        assert np.array_equal(result.subtask_loss, train_parity(result.config).subtask_loss)


def test_what_a_sweep_has_done_is_not_done_again(tmp_path: Path) -> None:
    preset, store = tiny(), tmp_path / "runs.sqlite"
    sweep(preset.configs[1:], store=store, workers=1)
    with open_store(store) as opened:
        before = {one.key: one.finished for one in opened.entries()}
    study = parity(preset, store=store, workers=1)
    same(study)
    with open_store(store) as opened:
        after = {one.key: one.finished for one in opened.entries()}
    assert len(after) == len(before) + 1
    assert before.items() <= after.items()
    again = parity(preset, store=store, folder=tmp_path / "out", workers=1)
    assert again.claims == study.claims
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "claims.csv", "claims.json", "configs.json", "parity.html",
    ]  # fmt: skip


def test_two_drivers_share_a_study_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_parity_store import tiny\nfrom quantal.reproduce import parity\n"
        "if __name__ == '__main__':\n"
        "    parity(tiny(4000), folder=sys.argv[2], workers=1)\n"
    )
    (tmp_path / "drive.py").write_text(code)
    call = [sys.executable, str(tmp_path / "drive.py"), str(Path(__file__).parent), str(tmp_path / "out")]
    first = subprocess.Popen(call)
    store = tmp_path / "out" / "store.sqlite"
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if store.exists():
            with open_store(store) as opened:
                if any(one.state == "running" for one in opened.entries()):
                    break
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second, third = subprocess.Popen(call), subprocess.Popen(call)
    assert (second.wait(), third.wait()) == (0, 0)
    with open_store(store) as opened:
        assert [one.state for one in opened.entries()] == ["done"] * 5
    same(parity(tiny(4000), folder=tmp_path / "out"))


def test_quantal_runs_lists_and_exports_a_study(tmp_path: Path) -> None:
    store = str(tmp_path / "runs.sqlite")
    parity(tiny(), store=store, workers=1)
    listed = CliRunner().invoke(group, ["runs", "list", "--store", store])
    assert "parity-tiny" in listed.output
    assert "5 done" in listed.output
    assert sum(" to " in line for line in listed.output.splitlines()) == 2
    found = json.loads(CliRunner().invoke(group, ["runs", "list", "--store", store, "--json"]).output)
    assert all(one["state"] == "done" for one in found["runs"])
    out = tmp_path / "runs.csv"
    CliRunner().invoke(group, ["runs", "export", "--store", store, "-o", str(out)], catch_exceptions=False)
    assert len(out.read_text().splitlines()) == 1 + 2 * 3 + 3


def test_what_cannot_be_kept_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    other, out = tmp_path / "other.sqlite", tmp_path / "out"
    other.write_text("no store")
    refused = [
        (["-o", str(other)], "is a file, and a folder is needed"),
        (["--store", str(other), "-o", str(out)], "this is no store of quantal"),
        (["--preset", "fig2"], "-o parity-fig2"),
    ]
    for options, message in refused:
        found = CliRunner().invoke(group, ["reproduce", "parity", *options])
        assert message in str(found.exception)
    assert [one.name for one in tmp_path.iterdir()] == ["other.sqlite"]
