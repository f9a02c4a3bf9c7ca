"""Sums of powers: the Hurwitz zeta function and its finite differences, by Euler-Maclaurin, without cancellation."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

TERMS = 12
# B_2k / (2k)! for k = 1..TERMS
BERNOULLI = np.array([(-1) ** (k + 1) * 2 * special.zeta(2 * k) / (2 * np.pi) ** (2 * k) for k in range(1, TERMS + 1)])
_STEEP, _UNSEEN, _SLOW = 8.0, 1e-17, 1e-3
_FLAT = 1e-30
"""Below it (1 - e^(-gamma x))/gamma is x to full precision, while gamma x may be too small a float to hold its digits."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


def safe_point(gamma: float) -> float:
    """From which argument on `TERMS` Euler-Maclaurin terms of x^-(gamma+1) reach the precision of a float64."""
    return 10.0 + 0.7 * max(gamma + 1.0, 0.0)


@lru_cache(maxsize=256)
def _coefficients(gamma: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """B_2k/(2k)! (s)_(2k-1) and minus its derivative by s, for s = gamma + 1, k = 1..TERMS."""
    s = gamma + 1.0
    rising, inverse = s, 1.0 / s if s else 0.0
    values, slopes = [], []
    for k in range(1, TERMS + 1):
        if k > 1:
            for step in (2 * k - 3, 2 * k - 2):
                rising *= s + step
                inverse += 1.0 / (s + step)
        values.append(float(BERNOULLI[k - 1] * rising))
        slopes.append(float(-BERNOULLI[k - 1] * rising * inverse))
    return tuple(values), tuple(slopes)


def _even_series(x: Array, coefficients: tuple[float, ...]) -> Array:
    """sum_k c_k x^-2k."""
    w = 1.0 / x
    w *= w
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total *= w
        total += c
    total *= w
    return total


def _correction(x: Array, gamma: float) -> Array:
    """The Euler-Maclaurin terms after the integral, over x^-gamma."""
    total = _even_series(x, _coefficients(gamma)[0])
    total += 0.5 / x
    return total


def _far(a: Array, gap: Array | float, gamma: float, scale: float) -> Array:
    """sum over j >= 0 of f(a + j) - f(a + gap + j), f(x) = (x/scale)^-(gamma+1), for a beyond the safe point."""
    lead = (a / scale) ** -gamma
    lead *= scale
    if np.ndim(gap) == 0 and np.isinf(gap):
        total = _correction(a, gamma)
        total += 1.0 / gamma
        total *= lead
        return total
    gap = np.broadcast_to(np.asarray(gap, dtype=float), a.shape)
    stretch = np.log1p(gap / a)
    integral = -np.expm1(-gamma * stretch) / gamma if abs(gamma) > _FLAT else stretch
    b = a + gap
    out = lead * (integral + _correction(a, gamma) - np.exp(-gamma * stretch) * _correction(b, gamma))
    near = gap < 1.0
    if np.any(near):
        start, width = a[near], gap[near]
        x = start[:, None] + width[:, None] * (0.5 * (_NODES + 1.0))
        steeper = (x / scale) ** -(gamma + 1.0) * (_correction(x, gamma + 1.0) + 1.0 / (gamma + 1.0))
        out[near] = (gamma + 1.0) * width * (steeper @ (0.5 * _WEIGHTS))
    return out


def _near(q: Array, gap: Array | float, gamma: float, scale: float) -> Array:
    """The same sum for any q > 0: explicit terms up to the safe point, then `_far`."""
    s = gamma + 1.0
    steps = max(0, int(np.ceil(safe_point(gamma) - q.min())))
    total = np.zeros_like(q)
    infinite = np.ndim(gap) == 0 and np.isinf(gap)
    for j in range(steps):
        x = q + j
        term = (x / scale) ** -s
        total += term if infinite else -term * np.expm1(-s * np.log1p(gap / x))
        if infinite and s > _STEEP and np.all(term * (x / gamma) <= _UNSEEN * total):
            return total
    return total + _far(q + steps, gap, gamma, scale)


@lru_cache(maxsize=64)
def _table(gamma: float, shift: float, count: float) -> Array:
    """`power_sum` at n = 0, 1, 2, ... below the safe point."""
    size = max(1, int(np.ceil(safe_point(gamma) - shift)))
    n = np.arange(min(size, count + 1), dtype=float)
    gap = np.inf if np.isinf(count) else count - n
    table = _near(n + (1.0 + shift), gap, gamma, 1.0 + shift)
    table.setflags(write=False)
    return table


def power_sum(n: Array, gamma: float, shift: float = 0.0, count: float = np.inf) -> Array:
    """Sum over n < k <= count of ((k + shift)/(1 + shift))^-(gamma+1), for real 0 <= n <= count.

    For real n it is the Hurwitz continuation, zeta(s, n+1+shift) - zeta(s, count+1+shift) with s = gamma + 1, times
    (1 + shift)^s. Relative error below 1e-13 for -1 < gamma <= 50, gamma > 0 where `count` is infinite.
    """
    shape = np.shape(n)
    n = np.atleast_1d(np.asarray(n, dtype=float)).ravel()
    if np.isfinite(count) and gamma > _SLOW:
        out = power_sum(n, gamma, shift)
        rest = power_total(gamma, shift + count) * ((1.0 + shift + count) / (1.0 + shift)) ** -(gamma + 1.0)
        out -= rest
        close = out < rest
        if np.any(close):
            out[close] = _differences(n[close], gamma, shift, count)
        return out.reshape(shape)
    return _differences(n, gamma, shift, count).reshape(shape)


def _differences(n: Array, gamma: float, shift: float, count: float) -> Array:
    """`power_sum` for n of shape (M,): a finite sum by differences that do not cancel."""
    scale = 1.0 + shift
    small = n < safe_point(gamma) - scale
    if not np.any(small):
        return _far(n + scale, np.inf if np.isinf(count) else count - n, gamma, scale)
    out = np.empty_like(n)
    table = _table(gamma, shift, count)
    whole = small & (n == np.floor(n)) & (n < table.size)
    out[whole] = table[n[whole].astype(np.int64)]
    for mask, method in ((small & ~whole, _near), (~small, _far)):
        if np.any(mask):
            part = n[mask]
            out[mask] = method(part + scale, np.inf if np.isinf(count) else count - part, gamma, scale)
    return out


@lru_cache(maxsize=1024)
def power_total(gamma: float, shift: float = 0.0, count: float = np.inf) -> float:
    """`power_sum` from the first rank on: the normaliser times (1 + shift)^(gamma+1)."""
    return float(power_sum(np.zeros(1), gamma, shift, count)[0])


def log_power_sum(n: Array, gamma: float, shift: float = 0.0, count: float = np.inf) -> Array:
    """Sum over n < k <= count of ((k + shift)/(1 + shift))^-(gamma+1) ln((k + shift)/(1 + shift)); n of shape (n,)."""
    s, scale = gamma + 1.0, 1.0 + shift
    infinite = np.isinf(count)
    values, slopes = _coefficients(gamma)

    def beyond(x: Array) -> Array:
        log = np.log(x / scale)
        return (x / scale) ** -gamma * (log * (0.5 / x + _even_series(x, values)) + _even_series(x, slopes))

    q = n + scale
    end = np.full_like(q, np.inf if infinite else count + scale)
    steps = max(0, int(np.ceil(safe_point(gamma) - q.min(initial=1e300))))
    total = np.zeros_like(q)
    for j in range(steps):
        for x, sign in ((q + j, 1.0),) if infinite else ((q + j, 1.0), (end + j, -1.0)):
            total += sign * (x / scale) ** -s * np.log(x / scale)
    a = q + steps
    start = np.log(a / scale)
    lead = (a / scale) ** -gamma
    if infinite:
        return total + scale * (lead * (start / gamma + 1.0 / gamma**2) + beyond(a))
    stretch = np.log((end + steps) / a)
    zeroth = -np.expm1(-gamma * stretch) / gamma if abs(gamma) > _FLAT else stretch
    y = gamma * stretch
    small = np.abs(y) < 0.05
    safe = np.where(small, 1.0, y)
    first = np.where(
        small,
        0.5 - y / 3 + y**2 / 8 - y**3 / 30 + y**4 / 144 - y**5 / 840 + y**6 / 5760 - y**7 / 45360,
        (-np.expm1(-safe) - safe * np.exp(-safe)) / safe**2,
    )
    return total + scale * (lead * (start * zeroth + stretch**2 * first) + beyond(a) - beyond(end + steps))
