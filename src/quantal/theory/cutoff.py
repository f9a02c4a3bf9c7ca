"""A power law of frequencies with an exponential cutoff."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from quantal.theory.arguments import number
from quantal.theory.exponential_integral import scaled_integral
from quantal.theory.frequencies import Array, Seed, number_from_log, probabilities, ranks_from
from quantal.theory.sampling import sample_ranks
from quantal.theory.surprise import surprise_beyond
from quantal.theory.zeta import BERNOULLI, safe_point

_SHORT = 0.5


@dataclass(frozen=True)
class Cutoff:
    """A power law with an exponential cutoff, p_k = k^-(gamma+1) e^(-k/cutoff) / Z, Z = Li_(gamma+1)(e^(-1/cutoff)).

    At fractional rank pmf is the same formula and tail(n) the sum of the weights at n+1, n+2, ... (a Lerch function).

    Args:
        gamma: the exponent of the head, from -1 (geometric) to 300.
        cutoff: kappa, from 1e-3 to 1e100 ranks.

    Raises:
        InputError: a parameter lies outside its range.

    Source: Clauset, Shalizi and Newman 2009, table 2.1; DLMF 25.14.

    >>> f"{Cutoff(0.4, cutoff=1000).tail(100):.6f}"
    '0.064954'
    """

    gamma: float
    cutoff: float

    def __post_init__(self) -> None:
        gamma = number("gamma", self.gamma, at_least=-1, at_most=300, example="0.4")
        object.__setattr__(self, "gamma", gamma)
        cutoff = number("cutoff", self.cutoff, at_least=1e-3, at_most=1e100, example="1000")
        object.__setattr__(self, "cutoff", cutoff)

    @property
    def count(self) -> float:
        """Infinitely many quanta."""
        return math.inf

    @property
    def normaliser(self) -> float:
        """Z = Li_(gamma+1)(e^(-1/cutoff))."""
        return number_from_log(self.log_normaliser)

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        return math.log(cutoff_total(self.gamma, self.cutoff)) - 1.0 / self.cutoff

    def pmf(self, k: ArrayLike) -> Array:
        """p_k for real k >= 1, in the shape of k."""
        ranks = ranks_from(1, "k", k)
        weights = ranks ** -(self.gamma + 1.0) * np.exp(-(ranks - 1.0) / self.cutoff)
        return weights / cutoff_total(self.gamma, self.cutoff)

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k."""
        ranks = ranks_from(1, "k", k)
        log = -(self.gamma + 1.0) * np.log(ranks) - (ranks - 1.0) / self.cutoff
        return log - math.log(cutoff_total(self.gamma, self.cutoff))

    def tail(self, n: ArrayLike) -> Array:
        """T(n) for real n >= 0, in the shape of n; relative error below 1e-9."""
        ranks = ranks_from(0, "n", n)
        flat = np.minimum(np.atleast_1d(ranks).ravel(), 1e300)
        tails = cutoff_sum(flat, self.gamma, self.cutoff) / cutoff_total(self.gamma, self.cutoff)
        return tails.reshape(ranks.shape)

    def rank(self, p: ArrayLike) -> Array:
        """The k with k^-(gamma+1) e^(-k/cutoff) = p Z, by Lambert's function, at least 0, in the shape of p."""
        s = self.gamma + 1.0
        with np.errstate(divide="ignore"):
            target = -np.log(probabilities(p)) - self.log_normaliser
        if s == 0:
            return np.maximum(self.cutoff * target, 0.0)
        knee = s * self.cutoff
        return np.maximum(knee * special.wrightomega(target / s - math.log(knee)), 0.0)

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
        """Plain data: {"law": "cutoff", "gamma", "cutoff"}."""
        return {"law": "cutoff", "gamma": self.gamma, "cutoff": self.cutoff}


@lru_cache(maxsize=1024)
def cutoff_total(gamma: float, cutoff: float) -> float:
    """`cutoff_sum` from the first rank on: Z e^(1/cutoff)."""
    return float(cutoff_sum(np.zeros(1), gamma, cutoff)[0])


def cutoff_sum(n: Array, gamma: float, cutoff: float) -> Array:
    """Sum over k > n of k^-(gamma+1) e^(-(k-1)/cutoff), for real n >= 0 of shape (M,)."""
    if cutoff < _SHORT:
        return _explicit(n + 1.0, int(np.ceil(40 * cutoff)) + 1, gamma, cutoff)
    point = safe_point(gamma)
    out = np.empty_like(n)
    near = n + 1.0 < point
    out[~near] = _far(n[~near] + 1.0, gamma, cutoff)
    few = n[near]
    if few.size:
        steps = int(np.ceil(point - 1.0 - few.min()))
        out[near] = _explicit(few + 1.0, steps, gamma, cutoff) + _far(few + (1.0 + steps), gamma, cutoff)
    return out


def _explicit(start: Array, steps: int, gamma: float, cutoff: float) -> Array:
    total = np.zeros_like(start)
    for j in range(steps):
        x = start + j
        total += x ** -(gamma + 1.0) * np.exp(-(x - 1.0) / cutoff)
    return total


def _far(x: Array, gamma: float, cutoff: float) -> Array:
    """Euler-Maclaurin from x on: the integral, half a term, and the odd derivatives as a polynomial in 1/x."""
    inverse = 1.0 / x
    total = np.zeros_like(x)
    for c in _derivatives(gamma, cutoff)[::-1]:
        total += c
        total *= inverse
    total += 0.5 * inverse
    total += scaled_integral(gamma, x / cutoff)
    return x**-gamma * np.exp(-(x - 1.0) / cutoff) * total


@lru_cache(maxsize=256)
def _derivatives(gamma: float, cutoff: float) -> tuple[float, ...]:
    """c_j = (s)_j sum over k of B_2k/(2k)! C(2k-1, j) cutoff^-(2k-1-j)."""
    coefficients = []
    rising = 1.0
    for j in range(2 * BERNOULLI.size):
        inner = sum(
            b * math.comb(2 * k + 1, j) * cutoff ** -(2 * k + 1 - j) for k, b in enumerate(BERNOULLI) if 2 * k + 1 >= j
        )
        coefficients.append(float(rising * inner))
        rising *= gamma + 1.0 + j
    return tuple(coefficients)
