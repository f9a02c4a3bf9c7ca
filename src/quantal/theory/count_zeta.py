"""The Hurwitz zeta function for many exponents at once, with the mean and variance of the logarithm under x^-s."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantal.theory.zeta import BERNOULLI

Array = NDArray[np.float64]

_ORDERS = 8


def scaled_zeta(s: Array, x: Array) -> Array:
    """x^s zeta(s, x) for s > 1 and x >= 1, of one shape (M,); relative error below 1e-12 for s <= 301."""
    out = np.empty_like(x)
    near = x < _safe(s)
    out[~near] = _far(s[~near], x[~near])
    if np.any(near):
        exponent, start = s[near], x[near]
        steps = int(np.ceil(np.max(_safe(exponent) - start)))
        total = np.zeros_like(start)
        for j in range(steps):
            total += (1.0 + j / start) ** -exponent
        end = start + steps
        out[near] = total + (end / start) ** -exponent * _far(exponent, end)
    return out


def log_moments(s: Array, x: Array) -> tuple[Array, Array, Array]:
    """x^s zeta(s, x), and mean and variance of ln(X/x) under p(X) ∝ X^-s, X >= x whole; all of shape (M,)."""
    moments = np.zeros((3, x.size))
    near = x < _safe(s)
    end = x.copy()
    if np.any(near):
        exponent, start = s[near], x[near]
        steps = int(np.ceil(np.max(_safe(exponent) - start)))
        for j in range(steps):
            log = np.log1p(j / start)
            weight = np.exp(-exponent * log)
            moments[:, near] += weight, weight * log, weight * log * log
        end[near] += steps
    log = np.log(end / x)
    lead = np.exp(-s * log)
    zeroth, first, second = _far_derivatives(s, end)
    moments += lead * zeroth, lead * (log * zeroth - first), lead * (log * log * zeroth - 2 * log * first + second)
    mean = moments[1] / moments[0]
    return moments[0], mean, np.maximum(moments[2] / moments[0] - mean * mean, 1e-300)


def _safe(s: Array) -> Array:
    return 12.0 + s


def _far(s: Array, x: Array) -> Array:
    """x^s zeta(s, x) by Euler-Maclaurin from x on."""
    total = x / (s - 1.0) + 0.5
    rising = s / x
    square = 1.0 / (x * x)
    for k in range(_ORDERS):
        if k:
            rising = rising * ((s + (2 * k - 1)) * (s + 2 * k)) * square
        total += BERNOULLI[k] * rising
    return total


def _far_derivatives(s: Array, x: Array) -> tuple[Array, Array, Array]:
    """`_far` and its first two derivatives by s, at fixed x."""
    gap = s - 1.0
    zeroth, first, second = x / gap + 0.5, -x / gap**2, 2 * x / gap**3
    rising, inverse, squares = s / x, 1.0 / s, 1.0 / s**2
    for k in range(_ORDERS):
        if k:
            for step in (2 * k - 1, 2 * k):
                rising = rising * (s + step) / x
                inverse = inverse + 1.0 / (s + step)
                squares = squares + 1.0 / (s + step) ** 2
        term = BERNOULLI[k] * rising
        zeroth = zeroth + term
        first = first + term * inverse
        second = second + term * (inverse * inverse - squares)
    return zeroth, first, second
