"""A learning window as a mixture of hard thresholds: h(u) = sum of w_j [u < u_j], by Gauss quadrature in ln u."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from quantal.laws.parameter import Floats
from quantal.theory import Poisson, Window

_GRID = 4001


@lru_cache(maxsize=64)
def threshold_nodes(window: Window, count: int) -> tuple[Floats, Floats]:
    """ln u_j and w_j (count,), the Gauss rule of the measure -dh(u) in ln u: exact for polynomials in ln u of degree 2 count - 1.

    A window that falls from one to zero is a mixture of hard thresholds, so that any quantity that a hard threshold tau gives
    is, under the window, its mean over tau = u_j.

    >>> from quantal.theory import HardThreshold, Poisson
    >>> [one.tolist() for one in threshold_nodes(HardThreshold(tau=1.0), 8)]
    [[0.0], [1.0]]
    >>> logs, weights = threshold_nodes(Poisson(), 24)
    >>> bool(abs(weights @ np.exp(-0.3 * logs) - math.gamma(0.7)) < 1e-9)
    True
    """
    if window.sharp:
        return np.array([math.log(window.inverse(window.at_zero / 2))]), np.ones(1)
    y, mass = _density(window)
    keep = mass > 0
    return _gauss(y[keep], mass[keep] / mass.sum(), count)


def _density(window: Window) -> tuple[Floats, Floats]:
    """A fine grid of ln u and -dh on it."""
    low = high = math.log(window.inverse(window.at_zero / 2))
    while float(window.complement(np.exp(low))) - (1 - window.at_zero) > 1e-18 and low > -700:
        low -= 1.0
    while float(window.at(np.exp(high))) > 1e-18 and high < 700:
        high += 1.0
    y = np.linspace(low, high, _GRID)
    if isinstance(window, Poisson):
        return y, np.exp(window.tau * y - np.exp(y) - math.lgamma(window.tau))
    step = y[1] - y[0]
    out = np.zeros_like(y)
    for shift, weight in ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60)):
        upper, lower = np.exp(y + shift * step), np.exp(y - shift * step)
        fall = np.where(y > math.log(window.inverse(window.at_zero / 2)), window.at(lower) - window.at(upper),
                        window.complement(upper) - window.complement(lower))  # fmt: skip
        out += weight * fall / step
    return y, np.maximum(out, 0.0)


def _gauss(points: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the Gauss rule of a discrete measure, by Lanczos' recurrence (Golub and Welsch 1969; Gautschi 2004)."""
    vectors = [np.sqrt(weights)]
    diagonal, off = [], []
    for k in range(count):
        v = points * vectors[-1]
        diagonal.append(float(v @ vectors[-1]))
        basis = np.array(vectors)
        for _ in range(2):
            v = v - basis.T @ (basis @ v)
        if k < count - 1:
            size = float(np.linalg.norm(v))
            off.append(size)
            vectors.append(v / size)
    nodes, states = np.linalg.eigh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))
    return nodes, states[0] ** 2
