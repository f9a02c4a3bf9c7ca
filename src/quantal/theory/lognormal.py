"""The log-normal law of frequencies over finitely many quanta, defined by its closed tail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from quantal.theory.arguments import number
from quantal.theory.frequencies import Array, Seed, probabilities, ranks_from, whole_count
from quantal.theory.sampling import uniforms, whole_ranks
from quantal.theory.surprise import surprise_beyond

_EDGE = 64.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True)
class LogNormal:
    """The log-normal law over K quanta, T(n) = Phi(Phi^-1(1 - n/K) - sigma) and p_k = T(k-1) - T(k), at real rank too.

    It is what K frequencies with a Gaussian logarithm of standard deviation sigma tend to.

    Args:
        sigma: standard deviation of ln p, above 0 and at most 30.
        count: K, a whole number >= 1, at most 1e300.

    Raises:
        InputError: a parameter lies outside its range.

    >>> f"{LogNormal(2.0, count=4_000_000).tail(100_000):.6f}"
    '0.484032'
    """

    sigma: float
    count: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", number("sigma", self.sigma, above=0, at_most=30, example="2.0"))
        count = number("count", whole_count(self.count, finite=True), at_most=1e300, example="1000")
        object.__setattr__(self, "count", count)

    @property
    def gamma(self) -> None:
        """None: the law has no power-law tail."""
        return

    @property
    def normaliser(self) -> float:
        """1: the closed tail is normalised already."""
        return 1.0

    @property
    def log_normaliser(self) -> float:
        """0."""
        return 0.0

    def pmf(self, k: ArrayLike) -> Array:
        """p_k = T(k-1) - T(k) for real k >= 1, in the shape of k; 0 beyond K."""
        ranks = ranks_from(1, "k", k)
        return np.exp(_log_cell(ranks, self.sigma, self.count))

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k; -inf beyond K."""
        return _log_cell(ranks_from(1, "k", k), self.sigma, self.count)

    def tail(self, n: ArrayLike) -> Array:
        """T(n) = Phi(Phi^-1(1 - n/K) - sigma) for real n >= 0, in the shape of n."""
        return special.ndtr(_deviate(ranks_from(0, "n", n), self.count) - self.sigma)

    def rank(self, p: ArrayLike) -> Array:
        """The k with p_k = p, in the shape of p; 0 above p_1 and K below p_K."""
        target = np.atleast_1d(probabilities(p)).astype(float)
        shape, target = np.shape(p), target.ravel()
        ends = self.pmf(np.array([1.0, self.count]))
        out = np.where(target > ends[0], 0.0, self.count)
        inside = (target <= ends[0]) & (target > ends[1])
        if np.any(inside):
            out[inside] = _invert(np.log(target[inside]), self.sigma, self.count)
        return out.reshape(shape)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, in the shape of n."""
        return surprise_beyond(self, n)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        z = special.ndtri(uniforms(size, seed)) + self.sigma
        return whole_ranks(np.clip(np.ceil(self.count * special.ndtr(-z)), 1.0, self.count))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "lognormal", "sigma", "count"}."""
        return {"law": "lognormal", "sigma": self.sigma, "count": self.count}


def _deviate(n: Array, count: float) -> Array:
    """Phi^-1(1 - n/K), exact at both ends; -inf from K on."""
    n = np.minimum(n, count)
    upper = n > 0.5 * count
    z = special.ndtri(np.where(upper, count - n, n) / count)
    return np.where(upper, z, -z)


def _log_cell(k: Array, sigma: float, count: float) -> Array:
    """ln of T(k-1) - T(k): a difference of the smaller tail at the edges, a Gauss rule over the density in between."""
    flat = np.atleast_1d(k).ravel()
    out = np.full(flat.shape, -np.inf)
    inside = flat <= count
    edge = inside & ((flat <= _EDGE) | (count - flat < _EDGE))
    middle = inside & ~edge
    x = flat[edge]
    after, before = _deviate(x, count) - sigma, _deviate(x - 1.0, count) - sigma
    rising = after > 0
    larger = special.log_ndtr(np.where(rising, -after, before))
    smaller = special.log_ndtr(np.where(rising, -before, after))
    out[edge] = larger + np.log(-np.expm1(np.minimum(smaller - larger, -1e-300)))
    x = flat[middle]
    if x.size:
        z = _deviate(x[:, None] + (0.5 * _NODES - 0.5), count)
        centre = z[:, :1]
        inner = np.exp(sigma * (z - centre)) @ (0.5 * _WEIGHTS)
        out[middle] = np.log(inner) + sigma * centre[:, 0] - 0.5 * sigma**2 - math.log(count)
    return out.reshape(k.shape)


def _invert(log_target: Array, sigma: float, count: float) -> Array:
    """The k between 1 and K with ln p_k = log_target: steps in the density, bisection where they do not settle."""

    def rank_of(log_density: Array) -> Array:
        z = (log_density + math.log(count)) / sigma + 0.5 * sigma
        return np.clip(count * special.ndtr(-z) + 0.5, 1.0, count)

    level = log_target.copy()
    for _ in range(30):
        k = rank_of(level)
        error = log_target - _log_cell(k, sigma, count)
        level += error
    k = rank_of(level)
    open_ = np.abs(log_target - _log_cell(k, sigma, count)) > 1e-13 * (1.0 + np.abs(log_target))
    if np.any(open_):
        low, high = np.ones(int(open_.sum())), np.full(int(open_.sum()), count)
        for _ in range(100):
            centre = np.sqrt(low * high)
            above = _log_cell(centre, sigma, count) > log_target[open_]
            low, high = np.where(above, centre, low), np.where(above, high, centre)
        k[open_] = np.sqrt(low * high)
    return k
