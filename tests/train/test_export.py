"""The command line of sweeps, stores and text, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.extras


def quantal(*args: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "quantal", *args], capture_output=True, text=True, cwd=cwd, check=False,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, small_text: Path) -> tuple[Path, dict]:
    place = tmp_path_factory.mktemp("study")
    args = ("--width", "8", "--width", "16", "--layers", "1", "--context", "32", "--tokens", "20k", "--workers", "1")
    done = quantal("train", "text", *args, "--text", str(small_text), "-o", "out", "--json", cwd=place)
    return place, json.loads(done.stdout)


def test_train_text_writes_a_study(study: tuple[Path, dict]) -> None:
    import polars as pl

    place, answer = study
    assert [one["run"] for one in answer["runs"]] == ["w0008-s0", "w0016-s0"]
    assert all(2.0 < one["loss"] < 5.0 for one in answer["runs"])
    assert {one["column"] for one in answer["exponents"]} == {"params", "steps"}
    for name in ("w0008-s0", "w0016-s0"):
        frame = pl.read_parquet(place / "out" / "losses" / f"{name}.parquet")
        last = [column for column in frame.columns if column.startswith("step_")][-1]
        loss = next(one["loss"] for one in answer["runs"] if one["run"] == name)
        assert frame[last].mean() == pytest.approx(loss, rel=1e-6)
        assert (place / "out" / "models" / name / "model.safetensors").exists()


def test_the_tables_are_read_like_any_other(study: tuple[Path, dict]) -> None:
    place, _ = study
    args = ("--law", "power:steps", "--where", 'run == "w0016-s0" and steps > 2', "--bootstrap", "20", "--json")
    found = json.loads(quantal("fit", "out/checkpoints.parquet", *args, cwd=place).stdout)
    assert found["parameters"]["alpha"]["value"] > 0


def test_runs_list_show_export(study: tuple[Path, dict]) -> None:
    from quantal.runs import read_runs

    place, answer = study
    store = ("--store", "out/store.sqlite")
    listed = json.loads(quantal("runs", "list", *store, "--json", cwd=place).stdout)
    assert {one["state"] for one in listed["runs"]} == {"done"}
    key = listed["runs"][0]["key"]
    shown = json.loads(quantal("runs", "show", key[:6], *store, "--json", cwd=place).stdout)
    assert shown["config"]["width"] == 8
    assert shown["arrays"]["token_loss"][1] > 1000
    quantal("runs", "export", *store, "-o", "all.parquet", cwd=place)
    exported = read_runs(place / "all.parquet")
    assert np.allclose(exported["loss"], [one["loss"] for one in answer["runs"]])
    quantal("runs", "export", *store, "--checkpoints", "-o", "all.csv", cwd=place)
    assert len(read_runs(place / "all.csv")) > 10
    assert "there is no store" in quantal("runs", "list", "--store", "no.sqlite", cwd=place, code=1).stderr


def test_bad_calls(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('kind = "text"\n[grid]\nwidht = [3]\n')
    assert "Did you mean 'width'" in quantal("sweep", "s.toml", cwd=tmp_path, code=1).stderr
    assert not (tmp_path / "runs.sqlite").exists()
    said = quantal("train", "text", "--preset", "labtop", "-o", "out", cwd=tmp_path, code=1).stderr
    assert "there is no preset 'labtop' of text. Did you mean 'laptop'" in said
