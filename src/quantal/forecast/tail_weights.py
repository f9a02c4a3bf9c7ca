"""How much each point of a curve counts: points near its end most, crowded points no more than their spacing allows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.laws.law import Floats

CORRELATION_LENGTH = 0.18
"""Points of one training curve nearer than this in log x are taken for one observation between them."""
STEEPNESS = 2.0
"""Weights grow as this power of x: what lies a factor 2 below the end counts a quarter."""


class TailWeights(NamedTuple):
    """Weights (n,) that sum to one, and the number of independent observations that they stand for."""

    weights: Floats
    effective: float


def tail_weights(x: Floats, steepness: float = STEEPNESS, length: float = CORRELATION_LENGTH) -> TailWeights:
    """Weights for sorted x (n,): (x / x_last)^steepness, times min(1, spacing in log x / length).

    >>> weights, effective = tail_weights(np.array([1.0, 2.0, 4.0, 8.0]))
    >>> weights.round(3).tolist(), round(effective, 2)
    ([0.012, 0.047, 0.188, 0.753], 2.65)
    """
    logs = np.log(x / x[-1])
    if len(x) == 1:
        return TailWeights(np.ones(1), 1.0)
    gaps = np.diff(logs)
    spacing = 0.5 * (np.concatenate([gaps[:1], gaps]) + np.concatenate([gaps, gaps[-1:]]))
    share = np.minimum(1.0, spacing / length)
    raised = np.exp(steepness * logs)
    total = float((share * raised).sum())
    effective = float((share * np.sqrt(raised)).sum()) ** 2 / total
    return TailWeights(share * raised / total, effective)
