"""Lightning's CSVLogger and Hugging Face's trainer_state.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from quantal.errors import DataError
from quantal.runs.delimited import read_delimited
from quantal.runs.trackers.tracked import TrackedRun, flat, number_or_text, numbers_of, points

COUNTERS = ("epoch", "step")


def lightning_csv(path: Path, name: str) -> TrackedRun:
    """A ``metrics.csv``: rows of training and of evaluation are interleaved, each with gaps in the other's columns.

    Settings come from the ``hparams.yaml`` beside it, as far as they are plain.

    Raises:
        DataError: the file is no CSVLogger table.
    """
    table = read_delimited(path.read_bytes(), str(path))
    steps = table.columns.get("step")
    if not isinstance(steps, np.ndarray):
        steps = numbers_of(steps) if steps is not None else None
    if steps is None:
        raise DataError(f"{path}: no column 'step'; Lightning's CSVLogger writes one")
    curves = {}
    for key, cells in table.columns.items():
        values = numbers_of(cells)
        if key not in COUNTERS and values is not None:
            kept = np.array([str(cell).strip() not in ("", "None") for cell in cells]) & ~np.isnan(steps)
            curves[key] = points(zip(steps[kept].tolist(), values[kept].tolist(), strict=True))
    return TrackedRun(name, "lightning", _hparams(path.with_name("hparams.yaml")), curves)


def _hparams(path: Path) -> dict[str, float | str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition(":") for line in lines if line and not line.startswith((" ", "-", "#", "{")))
    return {key.strip(): number_or_text(value.strip()) for key, _, value in pairs if value.strip()}


def trainer_state(path: Path, name: str) -> TrackedRun:
    """A ``trainer_state.json``: its log history, its steps and counters; model size from a ``config.json`` beside it, if said.

    Raises:
        DataError: the file is no trainer state.
    """
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        history = state["log_history"]
    except (ValueError, KeyError, TypeError):
        raise DataError(
            f"{path}: no trainer_state.json of Hugging Face's Trainer (no log_history); give the file of a checkpoint"
        ) from None
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in history:
        for key, value in row.items():
            if key not in COUNTERS and isinstance(value, int | float) and not isinstance(value, bool):
                curves.setdefault(key, []).append((float(row.get("step", 0)), float(value)))
    last = float(state.get("global_step", 0))
    for key in ("num_input_tokens_seen", "total_flos"):
        if key in state and key not in curves:
            curves[key] = [(last, float(state[key]))]
    settings = {key: state[key] for key in ("max_steps", "num_train_epochs", "train_batch_size") if key in state}
    return TrackedRun(name, "transformers", flat(settings), {key: points(pairs) for key, pairs in curves.items()})
