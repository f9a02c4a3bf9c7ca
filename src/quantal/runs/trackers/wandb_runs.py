"""Weights & Biases: offline run folders, exported CSV and Parquet, and the API when asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import DataError
from quantal.runs.frames import RawTable
from quantal.runs.trackers.protobuf import fields, wandb_records
from quantal.runs.trackers.tracked import Points, TrackedRun, flat, numbers_of, points

HISTORY, CONFIG, RUN, EXIT = 2, 5, 17, 18
KEY, NESTED, VALUE = 1, 2, 16


def wandb_file(path: Path) -> TrackedRun:
    """One .wandb file: every point of its history, its config, and how it ended.

    Raises:
        DataError: it is no .wandb file, or damaged.
    """
    curves: dict[str, list[tuple[float, float]]] = {}
    config: dict[str, Any] = {}
    name, exit_code = path.stem, None
    try:
        for record in wandb_records(path.read_bytes(), str(path)):
            for number, body in fields(record):
                if not isinstance(body, bytes):
                    continue
                if number == HISTORY:
                    _history(body, curves)
                elif number == CONFIG:
                    config |= _items(body, 1)
                elif number == RUN:
                    for inner, value in fields(body):
                        if inner == 4 and isinstance(value, bytes):
                            config |= _items(value, 1)
                        elif inner == 8 and isinstance(value, bytes):
                            name = value.decode("utf-8", "replace")
                elif number == EXIT:
                    exit_code = next((value for inner, value in fields(body) if inner == 1), 0)
    except ValueError as error:
        raise DataError(f"{path}: a damaged .wandb file ({error}); copy the run folder anew") from None
    status = "running or killed" if exit_code is None else "finished" if exit_code == 0 else "crashed"
    plain = {key: value for key, value in config.items() if key != "_wandb"}
    return TrackedRun(name, "wandb", flat(plain), {key: points(pairs) for key, pairs in curves.items()}, status)


def _history(body: bytes, curves: dict[str, list[tuple[float, float]]]) -> None:
    row = _items(body, 1)
    step = row.pop("_step", None)
    if step is None:
        step = next(
            (n for f, inner in fields(body) if f == 2 and isinstance(inner, bytes) for _, n in fields(inner)), 0
        )
    for key, value in row.items():
        number = (
            {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value)
            if isinstance(value, str)
            else value
        )
        if isinstance(number, int | float) and not isinstance(number, bool) and key not in ("_runtime", "_timestamp"):
            curves.setdefault(key, []).append((float(step), float(number)))


def _items(body: bytes, field: int) -> dict[str, Any]:
    """Key-value items of a message, values as JSON."""
    found: dict[str, Any] = {}
    for number, item in fields(body):
        if number != field or not isinstance(item, bytes):
            continue
        key, nested, value = "", [], b"null"
        for inner, part in fields(item):
            if isinstance(part, bytes):
                if inner == KEY:
                    key = part.decode()
                elif inner == NESTED:
                    nested.append(part.decode())
                elif inner == VALUE:
                    value = part
        found[key or "/".join(nested)] = json.loads(value)
    return found


def exported(table: RawTable) -> list[TrackedRun] | None:
    """Runs of a CSV or Parquet that W&B's page or API exported as curves; None for any other table.

    A panel's CSV has a column ``run - key`` for each run, with ``__MIN`` and ``__MAX`` beside it: those are sampled. A
    history has ``_step`` and a column for each key.
    """
    if "_step" not in table.columns and not any(name.endswith("__MIN") for name in table.columns):
        return None
    columns = {name: numbers_of(cells) for name, cells in table.columns.items()}
    steps = columns.get("_step")
    if steps is not None:
        keys = {key: cells for key, cells in columns.items() if cells is not None and not key.startswith("_")}
        return [
            TrackedRun(table.source, "wandb export", {}, {key: _column(steps, cells) for key, cells in keys.items()})
        ]
    panels = [name.removesuffix("__MIN") for name in columns if name.endswith("__MIN") and " - " in name]
    first = next(iter(columns.values()))
    runs: dict[str, dict[str, Points]] = {}
    for header in panels:
        name, _, key = header.rpartition(" - ")
        cells = columns.get(header)
        if cells is not None and first is not None:
            runs.setdefault(name, {})[key] = _column(first, cells)
    return [TrackedRun(name, "wandb panel export", {}, curves, sampled=True) for name, curves in runs.items()] or None


def _column(steps: np.ndarray, values: np.ndarray) -> Points:
    kept = ~np.isnan(values)
    return points(zip(steps[kept].tolist(), values[kept].tolist(), strict=True))


def wandb_api(place: str) -> Iterator[TrackedRun]:
    """Runs of ``entity/project`` (or one ``entity/project/run``) by the API, full histories and never a sample.

    Raises:
        DataError: the package wandb is missing, or the API refuses.
    """
    try:
        import wandb
    except ImportError:
        raise DataError(
            'reading from the W&B API needs the package wandb; install it with: pip install "quantal[trackers]"'
        ) from None
    api = wandb.Api()
    try:
        found = [api.run(place)] if place.count("/") == 2 else list(api.runs(place))
        for run in found:
            curves: dict[str, list[tuple[float, float]]] = {}
            for row in run.scan_history():
                _row(row, curves)
            yield TrackedRun(
                str(run.name), "wandb", flat(dict(run.config)), {k: points(v) for k, v in curves.items()}, run.state
            )
    except (wandb.Error, ValueError) as error:
        raise DataError(f"wandb:{place}: {error}; check the name (entity/project) and `wandb login`") from None


def _row(row: Mapping[str, Any], curves: dict[str, list[tuple[float, float]]]) -> None:
    for key, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and not key.startswith("_"):
            curves.setdefault(key, []).append((float(row["_step"]), float(value)))
