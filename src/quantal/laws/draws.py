"""Random draws of which the laws' own starting points are made."""

from __future__ import annotations

import numpy as np

from quantal.laws.law import Floats


def log_uniform(rng: np.random.Generator, low: float, high: float, count: int) -> Floats:
    """Draws (count,) whose logarithm is uniform between those of ``low`` and ``high``."""
    return np.exp(rng.uniform(np.log(low), np.log(high), count))


def across(rng: np.random.Generator, values: Floats, count: int, below: float = 1.0, beyond: float = 1.0) -> Floats:
    """Draws (count,), log-uniform over the range of a column, stretched by factors at its lower and upper end."""
    return log_uniform(rng, float(values.min()) * below, float(values.max()) * beyond, count)


def floors(rng: np.random.Generator, y: Floats, count: int) -> Floats:
    """Draws (count,) of a floor between zero and just under the lowest value."""
    return rng.uniform(0.0, 0.95, count) * float(y.min())


def middle(values: Floats) -> float:
    """The geometric mean of a column."""
    return float(np.exp(np.log(values).mean()))
