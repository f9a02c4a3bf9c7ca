"""Measurements that claims rest on: slopes of simulated runs, and shares of test samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.runs import Runs
from quantal.simulate import points

Floats = NDArray[np.float64]


def slope_of_runs(runs: Runs, resource: str, floor: float) -> tuple[float, float]:
    """-d ln(mean loss - floor) / d ln(resource) by least squares weighted with the replicates' errors, and its standard error."""
    found = points(runs)
    x = np.log([getattr(one, resource) for one in found])
    excess = np.array([one.loss - floor for one in found])
    errors = np.array([one.error or 0.0 for one in found]) / excess
    return _weighted_slope(x, np.log(excess), errors)


def _weighted_slope(x: Floats, y: Floats, errors: Floats) -> tuple[float, float]:
    weight = 1 / errors**2
    centred = x - np.sum(weight * x) / np.sum(weight)
    spread = float(np.sum(weight * centred**2))
    return -float(np.sum(weight * centred * y)) / spread, 1 / math.sqrt(spread)


def share_beyond(ranks: NDArray[Any], n: float) -> tuple[float, float]:
    """The share of test samples whose quantum ranks beyond n, and its standard error."""
    share = float(np.mean(ranks > n))
    return share, math.sqrt(share * (1 - share) / ranks.size)


def exponent_of_shares(ranks: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    """-d ln T / d ln(n + 1/2) between two ranks, and its standard error (counts of test samples, the farther within the nearer)."""
    near, far = float(np.sum(ranks > low)), float(np.sum(ranks > high))
    width = math.log((high + 0.5) / (low + 0.5))
    return math.log(near / far) / width, math.sqrt(1 / far - 1 / near) / width


def crossing(x: Floats, shares: Floats, level: float, replicates: int) -> tuple[float, float]:
    """Where shares that rise with x reach a level, and the standard error: a line through the logits of the points about there.

    They run from the first to the last share within 0.04 of the level, so that which points count hardly depends on their noise.
    """
    inside = np.flatnonzero(np.abs(shares - level) < 0.04)
    near = slice(int(inside[0]), int(inside[-1]) + 1)
    logits = np.log(shares[near] / (1 - shares[near]))
    centred = x[near] - x[near].mean()
    slope = float(np.sum(centred * logits) / np.sum(centred**2))
    at = float(x[near].mean() + (math.log(level / (1 - level)) - logits.mean()) / slope)
    return at, 1 / math.sqrt(level * (1 - level) * replicates * logits.size) / slope
