"""Thousands of runs from a tracker's files, whole: an MLflow SQLite database and folders of Transformers' trainer_state.json.

    OMP_NUM_THREADS=1 python benchmarks/read_trackers.py [--runs 20000] [--folders 5000]

The database has MLflow's tables (runs, params, metrics) with the columns that matter; every run has two curves of 50 points.
CPU seconds of `read_runs` from the files to one row a run, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import tempfile
import time
import warnings
from pathlib import Path

import quantal as ql

POINTS = 50


def database(path: Path, runs: int) -> None:
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, lifecycle_stage TEXT, start_time INT)"
        )
        made.execute("CREATE TABLE params (run_uuid TEXT, key TEXT, value TEXT)")
        made.execute(
            "CREATE TABLE metrics (run_uuid TEXT, key TEXT, value REAL, timestamp INT, step INT, is_nan INT DEFAULT 0)"
        )
        for run in range(runs):
            key = f"{run:032x}"
            made.execute("INSERT INTO runs VALUES (?, ?, 'FINISHED', 'active', ?)", (key, f"run-{run}", run))
            made.execute("INSERT INTO params VALUES (?, 'params', ?)", (key, str(1_000_000 + run % 100)))
            rows = [
                (key, name, value, i, i, 0)
                for i in range(1, POINTS + 1)
                for name, value in (("val_loss", 3 + 2 / i + run * 1e-6), ("tokens", 1000.0 * i))
            ]
            made.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)


def folders(place: Path, count: int) -> None:
    for run in range(count):
        folder = place / f"run-{run}"
        folder.mkdir(parents=True)
        history = [
            {"step": i, "eval_loss": 3 + 2 / i + run * 1e-5, "num_input_tokens_seen": 1000 * i}
            for i in range(1, POINTS + 1)
        ]
        (folder / "trainer_state.json").write_text(json.dumps({"log_history": history, "global_step": POINTS}))


def timed(source: Path, what: str) -> None:
    start = time.process_time()
    runs = ql.read_runs(str(source))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {len(runs):,} runs in {seconds:.1f} s CPU; peak {peak:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--folders", type=int, default=5_000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folders(place / "logs", given.folders)
        timed(place / "logs", f"folders of trainer_state.json, {given.folders * POINTS:,} points")
        database(place / "mlflow.db", given.runs)
        timed(place / "mlflow.db", f"MLflow SQLite, {2 * given.runs * POINTS:,} points")


if __name__ == "__main__":
    main()
