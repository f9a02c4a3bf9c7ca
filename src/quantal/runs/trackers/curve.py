"""The loss curve of one run in progress, by tokens."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from quantal.errors import DataError, did_you_mean
from quantal.runs.columns import ALIASES, normalised
from quantal.runs.trackers.ends import loss_key
from quantal.runs.trackers.folders import read_tracked, tool_of


class Curve(NamedTuple):
    """Model size, and tokens and loss (n,) of the points so far."""

    params: float
    tokens: np.ndarray
    loss: np.ndarray


def curve_of(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    loss: str | None = None,
    tokens: str | None = None,
    tokens_per_step: float | None = None,
    params: float | None = None,
) -> Curve:
    """One run's curve from a tracker's log: its loss at the tokens that its counter, read between its points, had reached.

    Raises:
        DataError: there are several runs and none is named, or size, tokens or loss are not in the log.
    """
    if tool_of(path) is None:
        raise DataError(
            f"{os.fspath(path)}: no log of a tracker; give a run folder, an event file, a trainer_state.json ..."
        )
    runs = {run.name: run for run in read_tracked(path)}
    if name is None and len(runs) > 1:
        raise DataError(
            f"{os.fspath(path)} holds {len(runs)} runs; name one with --name, such as --name {next(iter(runs))!r}"
        )
    if name is not None and name not in runs:
        raise DataError(f"{os.fspath(path)}: there is no run {name!r}. {did_you_mean(name, runs)}")
    run = runs[name] if name is not None else next(iter(runs.values()))
    key = loss or loss_key([run])
    if key not in run.metrics:
        raise DataError(f"{run.name}: there is no curve {key!r}. {did_you_mean(key, run.metrics)}")
    points = run.metrics[key]
    counter = tokens or next(
        (one for one in run.metrics if normalised(one.rpartition("/")[2])[0] in ALIASES["tokens"]), None
    )
    if tokens_per_step is not None:
        at = points.steps * tokens_per_step
    elif counter in run.metrics and counter is not None and float(run.metrics[counter].values.max()) > 0:
        at = np.interp(points.steps, run.metrics[counter].steps, run.metrics[counter].values)
    else:
        raise DataError(f"{run.name}: no token counter above zero; give --tokens-per-step, or its name with --tokens")
    size = params or next(
        (float(v) for k, v in run.config.items() if normalised(k)[0] in ALIASES["params"] and isinstance(v, float)),
        None,
    )
    if size is None:
        raise DataError(f"{run.name}: the log does not say how many parameters the model has; give --params")
    kept = np.isfinite(points.values) & (at > 0)
    return Curve(size, at[kept], points.values[kept])
