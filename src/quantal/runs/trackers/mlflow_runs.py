"""MLflow: its database read by sqlite3, its tracking folders as files, its server by REST; the package is not needed."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from quantal.errors import DataError
from quantal.runs.trackers.tracked import TrackedRun, number_or_text, points

PAGE = 1000
STATUS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed", "RUNNING": "running", "SCHEDULED": "running"}


def mlflow_database(path: Path) -> list[TrackedRun]:
    """The active runs of an MLflow sqlite database, opened for reading alone.

    Raises:
        DataError: the file is no MLflow database.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            runs = database.execute(
                "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time, run_uuid"
            ).fetchall()
            config: dict[str, dict[str, float | str]] = {}
            for run, key, value in database.execute("SELECT run_uuid, key, value FROM params"):
                config.setdefault(run, {})[key] = number_or_text(value)
            curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
            rows = database.execute(
                "SELECT run_uuid, key, step, CASE is_nan WHEN 1 THEN NULL ELSE value END FROM metrics ORDER BY timestamp"
            )
            for run, key, step, value in rows:
                curves.setdefault(run, {}).setdefault(key, []).append(
                    (float(step), float("nan") if value is None else float(value))
                )
    except sqlite3.Error as error:
        raise DataError(f"{path}: no MLflow database ({error}); read other tables with `sql:SELECT ...`") from None
    return [
        TrackedRun(
            name or run,
            "mlflow",
            config.get(run, {}),
            {key: points(pairs) for key, pairs in curves.get(run, {}).items()},
            STATUS.get(status),
        )
        for run, name, status in runs
    ]


def mlflow_folder(folder: Path) -> TrackedRun:
    """One run of a tracking folder (mlruns/EXPERIMENT/RUN): its metrics and params are plain files.

    Raises:
        DataError: a metric file holds a line that is no measurement.
    """
    about = _meta(folder / "meta.yaml")
    curves = {}
    for path in _files(folder / "metrics"):
        pairs = []
        for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                _, value, step = line.split()[:3]
                pairs.append((float(step), float(value)))
            except ValueError:
                raise DataError(f"{path}, row {row}: {line[:60]!r} is no measurement (time value step)") from None
        curves[path.relative_to(folder / "metrics").as_posix()] = points(pairs)
    config = {
        path.relative_to(folder / "params").as_posix(): number_or_text(path.read_text(encoding="utf-8").strip())
        for path in _files(folder / "params")
    }
    status = {"1": "running", "3": "finished", "4": "failed", "5": "killed"}.get(about.get("status", ""))
    return TrackedRun(about.get("run_name") or folder.name, "mlflow", config, curves, status)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _meta(path: Path) -> dict[str, str]:
    """The flat keys of MLflow's meta.yaml."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition(":") for line in lines if not line.startswith((" ", "-")))
    return {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}


def mlflow_server(address: str) -> Iterator[TrackedRun]:
    """The active runs of an MLflow server by its REST API, histories in full.

    Raises:
        DataError: the server does not answer, or not as MLflow.
    """
    experiments = _asked(address, "experiments/search", {"max_results": PAGE}).get("experiments", [])
    ids = [one["experiment_id"] for one in experiments]
    token = ""
    while ids:
        answer = _asked(
            address,
            "runs/search",
            {"experiment_ids": ids, "max_results": PAGE} | ({"page_token": token} if token else {}),
        )
        for run in answer.get("runs", []):
            info, data = run["info"], run.get("data", {})
            keys = [one["key"] for one in data.get("metrics", [])]
            curves = {key: points(_history(address, info["run_id"], key)) for key in keys}
            config = {one["key"]: number_or_text(one["value"]) for one in data.get("params", [])}
            yield TrackedRun(
                info.get("run_name") or info["run_id"], "mlflow", config, curves, STATUS.get(info.get("status", ""))
            )
        token = answer.get("next_page_token", "")
        if not token:
            return


def _history(address: str, run: str, key: str) -> Iterator[tuple[float, float]]:
    token = ""
    while True:
        query = {"run_id": run, "metric_key": key, "max_results": 25000} | ({"page_token": token} if token else {})
        answer = _asked(address, f"metrics/get-history?{urllib.parse.urlencode(query)}", None)
        for one in answer.get("metrics", []):
            yield float(one.get("step", 0)), float(one["value"])
        token = answer.get("next_page_token", "")
        if not token:
            return


def _asked(address: str, verb: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{address.rstrip('/')}/api/2.0/mlflow/{verb}", data, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ValueError, OSError) as error:
        raise DataError(
            f"{address}: no MLflow server answers there ({error}); start it with `mlflow server`, or read its database file"
        ) from None
