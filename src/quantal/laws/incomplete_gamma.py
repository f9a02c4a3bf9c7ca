"""The regularised incomplete gamma function with its derivatives by order, and what a learning window leaves beyond a count."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from quantal.laws.jet import Jet, lift, value_of
from quantal.laws.parameter import Floats

LARGEST_ORDER = 300.0


def upper_gamma(order: Any, x: Any) -> tuple[Floats, Floats, Floats]:
    r"""Q(a, x) and its first and second derivative by the order a, each to about 1e-14 absolute.

    P = 1 - Q = x^a e^-x / Gamma(a+1) sum_k x^k / ((a+1)...(a+k)) (DLMF 8.11.4) has positive terms only; its derivatives by a
    are sums with the coefficients c_k h_k and c_k (h_k^2 + g_k), h_k and g_k the sums of 1/(a+j) and its square up to j = k.

    Args:
        order: a, above zero and at most 300, any shape.
        x: at least zero, broadcast with the order.

    >>> q, slope, curve = upper_gamma(1.0, 2.0)
    >>> bool(abs(q - np.exp(-2)) < 1e-15), round(float(slope), 9)
    (True, 0.220825426)
    """
    a, x = np.asarray(order, dtype=float), np.asarray(x, dtype=float)
    beyond = a + 8.0 * np.sqrt(a) + 38.0
    far, near = x >= beyond, np.minimum(x, beyond)
    terms = _terms(near)
    counts = np.arange(1.0, terms + 1.0).reshape(-1, *([1] * a.ndim))
    inverse = 1.0 / (a + counts)
    first = np.concatenate([np.zeros((1, *a.shape)), np.cumsum(inverse, axis=0)])
    second = first**2 + np.concatenate([np.zeros((1, *a.shape)), np.cumsum(inverse**2, axis=0)])
    power = np.ones(np.broadcast_shapes(a.shape, near.shape))
    s0, s1, s2, scaled = power.copy(), np.zeros_like(power), np.zeros_like(power), np.empty_like(power)
    for k in range(1, terms + 1):
        power *= near
        power *= inverse[k - 1]
        s0 += power
        s1 += np.multiply(power, first[k], out=scaled)
        s2 += np.multiply(power, second[k], out=scaled)
    with np.errstate(divide="ignore"):
        log_x = np.log(near)
    front = np.exp(special.xlogy(a, near) - near - special.gammaln(a + 1.0))
    tilt = np.where(near > 0, log_x - special.digamma(a + 1.0), 0.0)
    slope = -front * (tilt * s0 - s1)
    curve = -front * ((tilt**2 - special.polygamma(1, a + 1.0)) * s0 - 2.0 * tilt * s1 + s2)
    return np.where(far, 0.0, 1.0 - front * s0), np.where(far, 0.0, slope), np.where(far, 0.0, curve)


def _terms(x: Floats) -> int:
    """How many terms reach the precision of a float64 at every x."""
    largest = float(np.max(x, initial=0.0))
    return int(largest + 7.5 * np.sqrt(largest) + 16.0)


def upper_gamma_jet(order: Any, log_x: Any) -> Any:
    """Q(a, e^y) of jets or arrays a and y = ln x."""
    a, y = (np.asarray(value_of(one), dtype=float) for one in (order, log_x))
    x = np.exp(np.minimum(y, 700.0))
    if not (isinstance(order, Jet) or isinstance(log_x, Jet)):
        return special.gammaincc(a, x)
    q, q_a, q_aa = upper_gamma(a, x)
    density = np.exp(a * np.maximum(y, -1e6) - x - special.gammaln(a))
    tilt = y - special.digamma(a)
    return lift_moving(
        q,
        (order, log_x),
        (q_a, -density),
        {(0, 0): q_aa, (0, 1): -density * tilt, (1, 1): -density * (a - x)},
    )


def window_share(beta: Any, log_x: Any, tau: float) -> Any:
    r"""What lies beyond x of the Mellin integral of the Poisson window: R = int_x^inf u^{beta-1} Q(tau, u) du / int_0^inf.

    R = Q(tau + beta, x) - x^beta Gamma(tau) / Gamma(tau + beta) Q(tau, x); for tau = 1 it is Q(beta, x).

    Args:
        beta: above zero, a jet or an array.
        log_x: ln x, a jet or an array, broadcast with beta.
        tau: samples that a quantum takes, up to 200.

    >>> round(float(window_share(0.5, np.log(2.0), 1.0)), 12) == round(float(special.gammaincc(0.5, 2.0)), 12)
    True
    """
    b, y = (np.asarray(value_of(one), dtype=float) for one in (beta, log_x))
    x, a = np.exp(np.minimum(y, 700.0)), tau + b
    left = np.exp(-x) if tau == 1.0 else special.gammaincc(tau, x)
    front = np.exp(b * np.minimum(y, 700.0) - special.gammaln(a) + special.gammaln(tau))
    if not (isinstance(beta, Jet) or isinstance(log_x, Jet)):
        return special.gammaincc(a, x) - front * left
    q, q_a, q_aa = upper_gamma(a, x)
    term = front * left
    tilt = y - special.digamma(a)
    fall = np.exp(np.maximum(tau * y, -1e6) - x - special.gammaln(tau))  # -dh / d ln u
    return lift_moving(
        q - term,
        (beta, log_x),
        (q_a - term * tilt, -b * term),
        {
            (0, 0): q_aa - term * (tilt**2 - special.polygamma(1, a)),
            (0, 1): -term * (b * tilt + 1.0),
            (1, 1): -b * (b * term - front * fall),
        },
    )


def log_gamma(x: Any) -> Any:
    """ln Gamma of a jet or an array."""
    v = np.asarray(value_of(x), dtype=float)
    if not isinstance(x, Jet):
        return special.gammaln(v)
    return lift(special.gammaln(v), (x,), (special.digamma(v),), {(0, 0): special.polygamma(1, v)})


def lift_moving(
    value: Floats, args: tuple[Any, ...], first: tuple[Any, ...], second: dict[tuple[int, int], Any]
) -> Jet:
    """`lift`, with arguments that are plain arrays left out."""
    moving = [k for k, arg in enumerate(args) if isinstance(arg, Jet)]
    place = {k: i for i, k in enumerate(moving)}
    kept = {(place[a], place[b]): curve for (a, b), curve in second.items() if a in place and b in place}
    return lift(value, tuple(args[k] for k in moving), tuple(first[k] for k in moving), kept)
