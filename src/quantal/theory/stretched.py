"""The stretched exponential law of frequencies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from quantal.errors import InputError
from quantal.theory.arguments import number
from quantal.theory.exponential_integral import scaled_fraction
from quantal.theory.frequencies import Array, Seed, number_from_log, probabilities, ranks_from
from quantal.theory.sampling import sample_ranks
from quantal.theory.surprise import surprise_beyond
from quantal.theory.zeta import BERNOULLI

_SAFE = 14.0
_SLOW = 0.8
_STEPS = 48
_ORDERS = 6
_FEW = 64
_LARGEST_RISE = 800.0  # e^-800 is 0 in a float64


@dataclass(frozen=True)
class Stretched:
    """The stretched exponential, p_k = e^(-(k/scale)^theta) / Z.

    At fractional rank pmf is the same formula and tail(n) the sum of the weights at n+1, n+2, ....

    Args:
        theta: the stretch, from 0.02 to 2 (1 is geometric).
        scale: kappa, from 1e-100 to 1e100 ranks, with (1/scale)^theta <= 1e6.

    Raises:
        InputError: a parameter lies outside its range.

    Source: Laherrère and Sornette 1998.

    >>> f"{Stretched(0.5, scale=100).tail(100):.6f}"
    '0.736606'
    """

    theta: float
    scale: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "theta", number("theta", self.theta, at_least=0.02, at_most=2, example="0.5"))
        scale = number("scale", self.scale, at_least=1e-100, at_most=1e100, example="100")
        object.__setattr__(self, "scale", scale)
        if self._first > 1e6:
            raise InputError(
                f"scale = {scale!r}: with theta = {self.theta:g} the second quantum would never be used; "
                f"scale must be at least 1e6^(-1/theta) = {1e6 ** (-1 / self.theta):g}"
            )

    @property
    def count(self) -> float:
        """Infinitely many quanta."""
        return math.inf

    @property
    def gamma(self) -> None:
        """None: the law has no power-law tail."""
        return

    @property
    def normaliser(self) -> float:
        """Z = sum of e^(-(k/scale)^theta)."""
        return number_from_log(self.log_normaliser)

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        return math.log(stretched_total(self.theta, self.scale)) - self._first

    def pmf(self, k: ArrayLike) -> Array:
        """p_k for real k >= 1, in the shape of k."""
        return np.exp(self.log_pmf(k))

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k."""
        ranks = ranks_from(1, "k", k)
        return -_rise(ranks, self.theta, self.scale) - math.log(stretched_total(self.theta, self.scale))

    def tail(self, n: ArrayLike) -> Array:
        """T(n) for real n >= 0, in the shape of n; relative error below 1e-9."""
        ranks = ranks_from(0, "n", n)
        flat = np.minimum(np.atleast_1d(ranks).ravel(), 1e150)
        tails = stretched_sum(flat, self.theta, self.scale) / stretched_total(self.theta, self.scale)
        return tails.reshape(ranks.shape)

    def rank(self, p: ArrayLike) -> Array:
        """The k with e^(-(k/scale)^theta) = p Z, at least 0, in the shape of p."""
        with np.errstate(divide="ignore"):
            rise = -np.log(probabilities(p)) - self.log_normaliser
        return self.scale * np.maximum(rise, 0.0) ** (1.0 / self.theta)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, in the shape of n."""
        return surprise_beyond(self, n)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        return sample_ranks(self, size, seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "stretched", "theta", "scale"}."""
        return {"law": "stretched", "theta": self.theta, "scale": self.scale}

    @property
    def _first(self) -> float:
        return math.exp(-self.theta * math.log(self.scale))


@lru_cache(maxsize=1024)
def stretched_total(theta: float, scale: float) -> float:
    """`stretched_sum` from the first rank on: Z e^((1/scale)^theta)."""
    return float(stretched_sum(np.zeros(1), theta, scale)[0])


def stretched_sum(n: Array, theta: float, scale: float) -> Array:
    """Sum over k > n of e^(-(k/scale)^theta + (1/scale)^theta), for real n >= 0 of shape (M,)."""
    out = np.zeros_like(n)
    inside = _rise(n + 1.0, theta, scale) < _LARGEST_RISE
    out[inside] = _sum(n[inside] + 1.0, theta, scale)
    return out


def _sum(start: Array, theta: float, scale: float) -> Array:
    near = (start < _SAFE) | (_slope(start, theta, scale) > _SLOW)
    out = np.empty_like(start)
    out[~near] = _far(start[~near], theta, scale)
    few = start[near]
    if few.size:
        if few.size <= _FEW:
            total = np.exp(-_rise(few[:, None] + np.arange(_STEPS), theta, scale)).sum(axis=1)
        else:
            total = np.zeros_like(few)
            for j in range(_STEPS):
                total += np.exp(-_rise(few + j, theta, scale))
        end = few + _STEPS
        slow = _slope(end, theta, scale) < 2 * _SLOW
        total[slow] += _far(end[slow], theta, scale)
        out[near] = total
    return out


def _rise(x: Array, theta: float, scale: float) -> Array:
    """(x/scale)^theta - (1/scale)^theta."""
    return math.exp(-theta * math.log(scale)) * np.expm1(theta * np.log(x))


def _slope(x: Array, theta: float, scale: float) -> Array:
    """Minus the logarithmic derivative of the weight: theta (x/scale)^theta / x."""
    return theta * (x / scale) ** theta / x


def _far(x: Array, theta: float, scale: float) -> Array:
    """Euler-Maclaurin from x on: an incomplete gamma function, half a term, and the odd derivatives."""
    if not x.size:
        return x
    shape = 1.0 / theta
    y = (x / scale) ** theta
    integral = np.empty_like(x)
    large = y > shape + 1.0
    integral[large] = scaled_fraction(1.0 - shape, y[large])
    small = y[~large]
    integral[~large] = np.exp(
        special.gammaln(shape) + np.log(special.gammaincc(shape, small)) + small - shape * np.log(small)
    )
    total = 0.5 + (x / theta) * integral
    inverse = 1.0 / x
    square = inverse * inverse
    for b, polynomial in zip(BERNOULLI, _polynomials(theta), strict=False):
        total -= b * inverse * np.polynomial.polynomial.polyval(y, polynomial)
        inverse = inverse * square
    return np.exp(-_rise(x, theta, scale)) * total


@lru_cache(maxsize=256)
def _polynomials(theta: float) -> tuple[tuple[float, ...], ...]:
    """P_m(y) for odd m, where the m-th derivative of e^-y, y = (x/scale)^theta, is e^-y x^-m P_m(y)."""
    out, current = [], np.array([1.0])
    for m in range(2 * _ORDERS - 1):
        following = np.zeros(current.size + 1)
        following[:-1] += (theta * np.arange(current.size) - m) * current
        following[1:] -= theta * current
        current = following
        if m % 2 == 0:
            out.append(tuple(float(c) for c in current))
    return tuple(out)
