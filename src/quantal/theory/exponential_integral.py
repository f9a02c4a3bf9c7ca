"""The generalised exponential integral of real order, scaled: integrals of power laws that are cut off exponentially."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DEPTH = 70
_TERMS = 22
_FEW = 8  # numbers that a loop in Python does faster than NumPy


def scaled_fraction(order: float, x: Array) -> Array:
    """e^x E_s(x) with s = order, for x >= max(1, 1 - s), by its continued fraction (DLMF 8.19.17, even part)."""
    if x.size <= _FEW:
        return np.array([_fraction(order, float(one)) for one in x.ravel()]).reshape(x.shape)
    total = np.zeros_like(x)
    for j in range(_DEPTH, 0, -1):
        np.subtract(x + (order + 2 * j), total, out=total)
        np.divide(j * (order + j - 1), total, out=total)
    return 1.0 / (x + order - total)


def _fraction(order: float, x: float) -> float:
    total = 0.0
    for j in range(_DEPTH, 0, -1):
        total = j * (order + j - 1) / (x + order + 2 * j - total)
    return 1.0 / (x + order - total)


def scaled_integral(gamma: float, x: Array) -> Array:
    """e^x E_(gamma+1)(x) for x > 0 and gamma >= -1, where E_s(x) = x^(s-1) times the integral of e^-t t^-s over t > x.

    Below x = 1 the integral from x to 1 is summed term by term, in a form that stays exact where gamma is near an integer.

    >>> round(float(scaled_integral(0.0, np.array([1.0]))[0]), 12)  # e E_1(1)
    0.596347362323
    """
    out = np.empty_like(x)
    large = x > 1.0
    out[large] = scaled_fraction(gamma + 1.0, x[large])
    y = x[~large]
    if y.size:
        rising = y**gamma
        total = rising * (math.exp(-1.0) * scaled_fraction(gamma + 1.0, np.ones(1))[0])
        power, sign_over_factorial = np.ones_like(y), 1.0
        for m in range(_TERMS):
            if m:
                power *= y
                sign_over_factorial /= -m
            gap = gamma - m
            if abs(gap) < 0.5:
                log = np.log(y)
                difference = -power * (np.expm1(gap * log) / gap if gap else log)
            else:
                difference = (power - rising) / gap
            total += sign_over_factorial * difference
        out[~large] = total * np.exp(y)
    return out
