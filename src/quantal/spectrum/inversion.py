"""A loss curve in data as a non-negative mixture of learning windows: L(D) = E + sum_j m_j h(D p_j), m_j >= 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantal.theory import LearningRule

Floats = NDArray[np.float64]

_LEAST_LEARNED, _LEAST_LEFT = 0.02, 1e-3


@dataclass(frozen=True, eq=False)
class Mixture:
    """The mixture that fits a curve best: frequencies (M,), masses (M,), floor, values (n,) and chi-square."""

    frequency: Floats
    mass: Floats
    floor: float
    values: Floats
    chi_square: float
    smoothing: float


def frequency_grid(x: Floats, rule: LearningRule, per_decade: int) -> Floats:
    """Frequencies (M,), falling, whose learning the curve can show: from just begun at its end to nearly over at its start."""
    window = rule.window
    low = window.inverse(window.at_zero * (1 - _LEAST_LEARNED)) / x[-1]
    high = window.inverse(window.at_zero * _LEAST_LEFT) / x[0]
    count = max(2, round(per_decade * np.log10(high / low)) + 1)
    return np.geomspace(high, low, count)


def design(x: Floats, frequency: Floats, rule: LearningRule) -> Floats:
    """h(D p) (n, M), and a last column of ones for the floor."""
    body = rule.window.at(x[:, None] * frequency[None, :])
    return np.hstack([body, np.ones((len(x), 1))])


def fit_mixture(matrix: Floats, frequency: Floats, loss: Floats, noise: Floats, smoothing: float = 0.0) -> Mixture:
    """Non-negative least squares in units of the noise, plus smoothing times the squared second differences of the masses."""
    from scipy.optimize import nnls

    scale = 1.0 / noise
    size = float(np.ptp(loss)) or 1.0
    rows, right = matrix * scale[:, None], loss * scale
    if smoothing > 0:
        bend = np.zeros((len(frequency) - 2, matrix.shape[1]))
        for i in range(len(bend)):
            bend[i, i : i + 3] = (1.0, -2.0, 1.0)
        rows = np.vstack([rows, np.sqrt(smoothing) / size * bend])
        right = np.concatenate([right, np.zeros(len(bend))])
    length = np.linalg.norm(rows, axis=0)
    length[length == 0] = 1.0
    found, _ = nnls(rows / length, right, maxiter=50 * matrix.shape[1])
    found = found / length
    values = matrix @ found
    chi_square = float(np.sum(((loss - values) * scale) ** 2))
    return Mixture(frequency, found[:-1], float(found[-1]), values, chi_square, smoothing)


def chosen_smoothing(matrix: Floats, frequency: Floats, loss: Floats, noise: Floats) -> float:
    """The most smoothing that raises chi-square by no more than half its expected spread (after Morozov 1966)."""
    allowed = fit_mixture(matrix, frequency, loss, noise).chi_square + np.sqrt(0.5 * len(loss))
    best = 0.0
    for power in np.arange(-2.0, 9.0, 0.5):
        if fit_mixture(matrix, frequency, loss, noise, 10.0**power).chi_square > allowed:
            break
        best = 10.0**power
    return best
