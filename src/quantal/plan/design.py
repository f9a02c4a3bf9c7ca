"""The affordable runs that leave the least variance at a target: greedy optimal design under a budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quantal.laws.law import Floats

THRIFTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Powers of a run's cost by which its gain is divided; each makes a design, and the best is kept."""

WORTH = 0.003
"""A run that lowers the variance by a smaller share than this is not proposed."""
CLOSE = 1.02
"""The cheapest design whose variance is within this factor of the lowest is taken."""


@dataclass(frozen=True)
class Design:
    """The positions of the chosen candidates in order, and the target's mean variance before and after each of them."""

    chosen: tuple[int, ...]
    variance: tuple[float, ...]
    cost: float


def best_design(covariance: Floats, scatter: float, cost: Floats, budget: float, most: int | None = None) -> Design:
    """The cheapest of the greedy designs over `THRIFTS` whose variance is close to the lowest.

    ``covariance`` (m + t, m + t) is that of the m candidates, then the t target points, without noise; ``cost`` (m,).
    Each step takes the affordable candidate x with the largest mean over targets of
    cov(x, target)^2 / (var(x) + scatter^2) / cost^thrift, and conditions the covariance on it.
    """
    designs = [_greedy(covariance, scatter, cost, budget, most, thrift) for thrift in THRIFTS]
    least = min(one.variance[-1] for one in designs)
    return min((one for one in designs if one.variance[-1] <= CLOSE * least), key=lambda one: one.cost)


def _greedy(covariance: Floats, scatter: float, cost: Floats, budget: float, most: int | None, thrift: float) -> Design:
    m = len(cost)
    to_target = covariance[:m, m:].copy()
    among = covariance[:m, :m].copy()
    left, open_ = budget, np.ones(m, dtype=bool)
    start = float(np.trace(covariance[m:, m:])) / (len(covariance) - m)
    chosen: list[int] = []
    variance = [start]
    price = (cost / cost.max()) ** thrift
    while most is None or len(chosen) < most:
        allowed = open_ & (cost <= left)
        if not allowed.any():
            break
        noisy = np.maximum(np.diag(among), 0.0) + scatter**2
        gain = (to_target**2).mean(axis=1) / noisy
        best = int(np.argmax(np.where(allowed, gain / price, -1.0)))
        if gain[best] <= WORTH * variance[-1]:
            break
        column, row = among[:, best].copy(), to_target[best].copy()
        among -= np.outer(column, column) / noisy[best]
        to_target -= np.outer(column, row) / noisy[best]
        variance.append(variance[-1] - float(gain[best]))
        chosen.append(best)
        left -= float(cost[best])
        open_[best] = False
    return Design(tuple(chosen), tuple(variance), float(budget - left))
