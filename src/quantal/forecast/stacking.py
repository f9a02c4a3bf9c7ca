"""Weights for members of an average, from their errors on past extrapolations: one curve leans on its group, and that on all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quantal.forecast.members import Predictions
from quantal.laws.law import Floats

SMOOTH = 0.01
LEAST_SPREAD = 1e-3
LEAST_ERROR = 2e-4
SHARE_OF_CHANGE = 0.15
ALL, GROUP, CURVE = 20.0, 2.0, 5.0
"""How many past extrapolations the prior counts for: of all curves against the first shares, of a group against all, of
a curve against its group. Chosen by rolling origin inside the training parts of public learning curves."""


class Past(NamedTuple):
    """One past extrapolation: errors' products (K, K) over squared difficulty, its curve, group, cutoff and importance."""

    products: Floats
    curve: str
    group: str
    factor: float


def products(predictions: Predictions, truth: Floats) -> Floats:
    """Mean products (K, K) of the members' errors of log loss, over the squared difficulty of this extrapolation.

    Difficulty is how far the members disagree, and a share of the change that they foresee: what is known beforehand.
    """
    errors = predictions.logs - truth
    size = predictions.logs.var(axis=0).mean() + LEAST_SPREAD**2
    size += (SHARE_OF_CHANGE * float((predictions.logs.mean(axis=0) - predictions.last).mean())) ** 2
    return errors @ errors.T / errors.shape[1] / size


def regrets(errors: Floats) -> Floats:
    """Mean products (K, K) of K members' errors (K, m) of log loss, over the mean square of the best member's.

    >>> regrets(np.array([[0.1, -0.1], [0.2, -0.1]])).round(2).tolist()
    [[1.0, 1.5], [1.5, 2.5]]
    """
    both = errors @ errors.T / errors.shape[1]
    return both / (float(np.diag(both).min()) + LEAST_ERROR**2)


def stack(past: Floats, prior: Floats, strength: float) -> Floats:
    """Shares w (K,) that minimise sum_c sqrt(w' G_c w) + strength * KL(w || prior), for products G (C, K, K).

    The first term is the error of the averaged prediction, past extrapolation by past extrapolation; the second keeps the
    shares near ``prior`` (K,) until there is evidence. The sum is convex in w.

    >>> errors = np.array([[0.1, -0.1], [0.2, -0.1]])
    >>> stack(np.stack([np.outer(e, e) / 0.01 for e in errors]), np.full(2, 0.5), 1.0).round(2).tolist()
    [0.38, 0.62]
    """
    from scipy.optimize import minimize

    if not len(past):
        return prior
    base = np.log(np.maximum(prior, 1e-300))

    def cost(z: Floats) -> tuple[float, Floats]:
        logs = z - z.max()
        logs -= np.log(np.exp(logs).sum())
        w = np.exp(logs)
        turned = past @ w
        sizes = np.sqrt(turned @ w + SMOOTH)
        apart = logs - base
        slope = (turned / sizes[:, None]).sum(axis=0) + strength * apart
        return float(sizes.sum() + strength * (w @ apart)), w * (slope - w @ slope)

    found = minimize(cost, base, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    w = np.exp(found - found.max())
    return w / w.sum()


def weigh(past: Floats, strength: float) -> Floats:
    """Shares w (K,) that minimise sum_c w' R_c w + strength * KL(w || equal), for regrets R (C, K, K).

    Where no law is much better than the others, shares stay near equal; where one errs ten times less, it takes nearly
    all. The sum is convex in w.

    >>> errors = np.array([[0.1, -0.1], [0.2, -0.1]])
    >>> weigh(np.stack([regrets(errors)] * 3), 30.0).round(2).tolist()
    [0.54, 0.46]
    """
    from scipy.optimize import minimize

    size = past.shape[1]
    total, base = past.sum(axis=0), -np.log(size)

    def cost(z: Floats) -> tuple[float, Floats]:
        logs = z - z.max()
        logs -= np.log(np.exp(logs).sum())
        w = np.exp(logs)
        turned, apart = total @ w, logs - base
        slope = 2 * turned + strength * apart
        return float(w @ turned + strength * (w @ apart)), w * (slope - w @ slope)

    found = minimize(cost, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    w = np.exp(found - found.max())
    return w / w.sum()


class Shares:
    """Shares learnt from past extrapolations, level by level; made once, asked for each curve."""

    def __init__(self, past: Sequence[Past], first: Floats) -> None:
        self._past = past
        self.overall = stack(_stacked(past, len(first)), first, ALL)
        groups = sorted({one.group for one in past})
        self.groups = {
            name: stack(_stacked([one for one in past if one.group == name], len(first)), self.overall, GROUP)
            for name in groups
        }

    def of(self, group: str, own: Sequence[Past] = ()) -> Floats:
        """Shares (K,) for a curve of a group with past extrapolations of its own."""
        base = self.groups.get(group, self.overall)
        return stack(_stacked(own, len(base)), base, CURVE)


def _stacked(past: Sequence[Past], size: int) -> Floats:
    return np.array([one.products for one in past]).reshape(len(past), size, size)
