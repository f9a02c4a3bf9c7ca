"""Widths for tables of runs: a scale known beforehand, moved by how these runs' own past extrapolations fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from quantal.forecast.members import Predictions
from quantal.laws.law import Floats

LEAST_REACH = 0.1
"""Decades that any prediction is taken to reach at least."""
ERROR_A_DECADE = 0.01
TRUST = 5.0
"""How many past extrapolations of one's own count half against the public record."""
HELD = 1.5
"""Standard deviations of the laws' disagreement that half a 90 % interval is at least."""
LEAST_RATIO = 1e-3
MOST = 0.999
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 1.0)


class Reached(NamedTuple):
    """An averaged prediction of log loss at m points: centre (m,), and the squares (4, m) of what may move it.

    The squares: disagreement of the laws, uncertainty of their parameters, scatter of single runs, and distance (1 % a
    decade).
    """

    centre: Floats
    squares: Floats


class TableCalibration(NamedTuple):
    """Scale s^2 = sum_j b_j square_j (b (4,)); quantiles of |error| / s at `SHARES`; usual log ratio; tables counted."""

    b: tuple[float, ...]
    ratios: tuple[float, ...]
    usual: float
    tables: int

    def scale(self, squares: Floats) -> Floats:
        """The scale s (m,) of errors of log loss, before one's own record is known."""
        return np.sqrt(np.array(self.b) @ squares)

    def factor(self, past: Sequence[tuple[Floats, Floats]]) -> float:
        """By how much to widen for a table whose past extrapolations had these squares (4, m) and log errors (m,)."""
        logs = [self.log_ratio(squares, errors) for squares, errors in past]
        return float(np.exp((sum(logs) + TRUST * self.usual) / (len(logs) + TRUST) - self.usual))

    def moved(self, squares: Floats, past: Sequence[tuple[Floats, Floats]]) -> Floats:
        """The scale s (m,) by one's own record, no less than the laws' disagreement asks for."""
        least = HELD * np.sqrt(squares[0]) / self.quantile(0.9)
        return np.maximum(self.scale(squares) * self.factor(past), least)

    def log_ratio(self, squares: Floats, errors: Floats) -> float:
        """The log of the root mean square of errors (m,) over their scales."""
        return float(np.log(np.sqrt(np.mean((errors / self.scale(squares)) ** 2)) + LEAST_RATIO))

    def quantile(self, share: float | Floats) -> Floats:
        """The conformal quantile of |error| / s at (k + 1) / k times ``share``, for k tables."""
        raised = np.minimum(np.asarray(share) * (self.tables + 1) / self.tables, MOST)
        return np.interp(raised, (0.0, *SHARES), (0.0, *self.ratios))


USUAL = TableCalibration(
    b=(0.09129, 3.071, 0.04422, 0.08018),
    ratios=(
        0.0648, 0.216, 0.423, 0.582, 0.674, 0.855, 0.943, 1.1, 1.19, 1.31, 1.47, 1.88, 2.09, 2.39, 2.4, 2.6, 2.7, 2.95,
        4.77,
    ),
    usual=0.201,
    tables=26,
)  # fmt: skip
"""What public tables of runs taught, each source counting alike; see docs/table-extrapolation.md."""


def reached(predictions: Predictions, shares: Floats) -> Reached:
    """Average the laws' log predictions with shares (K,)."""
    centre = shares @ predictions.logs
    spread = shares @ (predictions.logs - centre) ** 2
    # the geometric mean: one law whose parameters these runs leave free must not widen all
    inside = np.exp(shares @ np.log(np.clip(predictions.variances, 0.0, 1.0) + 1e-8))
    scatter = np.full_like(centre, float(shares @ predictions.scatters**2))
    return Reached(centre, np.stack([spread, inside, scatter, (ERROR_A_DECADE * predictions.decades) ** 2]))


def reach(at: Mapping[str, Floats], runs: Mapping[str, Floats]) -> Floats:
    """Decades (m,) by which points lie beyond runs, in the input, or the product of params and tokens, where that is most.

    >>> runs = {"params": np.array([1e6, 1e8]), "tokens": np.array([1e10, 1e8])}
    >>> reach({"params": np.array([1e8]), "tokens": np.array([1e10])}, runs).round(2).tolist()
    [2.0]
    """
    logs = [np.log10(np.asarray(at[name], dtype=float) / np.max(runs[name])) for name in at if name in runs]
    if {"params", "tokens"} <= set(at) & set(runs):
        product = np.max(np.asarray(runs["params"], dtype=float) * np.asarray(runs["tokens"], dtype=float))
        logs.append(np.log10(np.asarray(at["params"], dtype=float) * np.asarray(at["tokens"], dtype=float) / product))
    return np.maximum(LEAST_REACH, np.max(logs, axis=0))
