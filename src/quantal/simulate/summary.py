"""Replicates of a simulation, point by point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import DataError
from quantal.runs import Runs

_SIZES = ("params", "tokens", "steps")


@dataclass(frozen=True)
class Point:
    """The replicates of one point: mean loss, its standard deviation from run to run, and the standard error of the mean.

    deviation and error are None with a single replicate; learned, the mean number of quanta learned, where infinitely many are.
    """

    params: float | None
    tokens: float | None
    steps: float | None
    replicates: int
    loss: float
    deviation: float | None
    error: float | None
    learned: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the amounts given, replicates, loss, standard_deviation, standard_error, learned."""
        sizes = {name: getattr(self, name) for name in _SIZES if getattr(self, name) is not None}
        return sizes | {
            "replicates": self.replicates,
            "loss": self.loss,
            "standard_deviation": self.deviation,
            "standard_error": self.error,
            "learned": self.learned,
        }


def points(runs: Runs) -> tuple[Point, ...]:
    """Runs with the same params, tokens and steps taken together, in order of first appearance.

    Raises:
        DataError: the runs have no loss.

    >>> import quantal.theory as qt
    >>> from quantal.simulate import simulate
    >>> runs = simulate(qt.QuantaModel(qt.Zipf(gamma=0.5)), samples=[1e6, 1e9], replicates=3)
    >>> [(point.tokens, point.replicates) for point in points(runs)]
    [(1000000.0, 3), (1000000000.0, 3)]
    """
    if "loss" not in runs:
        raise DataError(f"{runs.source}: there is no loss; give runs that `simulate` made")
    names = [name for name in _SIZES if name in runs]
    sizes = np.stack([runs[name] for name in names], axis=1) if names else np.zeros((len(runs), 1))
    _, first, which = np.unique(sizes, axis=0, return_index=True, return_inverse=True)
    return tuple(_point(runs, np.flatnonzero(which.ravel() == one), names) for one in np.argsort(first))


def _point(runs: Runs, rows: np.ndarray, names: list[str]) -> Point:
    loss = runs["loss"][rows]
    deviation = float(loss.std(ddof=1)) if loss.size > 1 else None
    amounts = {name: float(runs[name][rows[0]]) if name in names else None for name in _SIZES}
    return Point(
        **amounts,
        replicates=loss.size,
        loss=float(loss.mean()),
        deviation=deviation,
        error=None if deviation is None else deviation / math.sqrt(loss.size),
        learned=float(runs["learned"][rows].mean()) if "learned" in runs else None,
    )
