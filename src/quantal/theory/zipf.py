"""Zipf's law and its shifted form, Zipf-Mandelbrot, over finitely or infinitely many quanta."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.theory.arguments import number
from quantal.theory.frequencies import Array, Seed, number_from_log, probabilities, ranks_from, whole_count
from quantal.theory.sampling import sample_ranks
from quantal.theory.zeta import log_power_sum, power_sum, power_total

SMALLEST_GAMMA, LARGEST_GAMMA = 1e-290, 300.0


@dataclass(frozen=True)
class Zipf:
    """Zipf's law, p_k = k^-(gamma+1) / Z, with Z = zeta(gamma+1), or the sum of the first K terms.

    At fractional rank pmf is the same formula and tail the difference of Hurwitz zeta functions,
    T(n) = [zeta(s, n+1) - zeta(s, K+1)]/Z with s = gamma + 1, which is continuous and falls to 0 at n = K.

    Args:
        gamma: the exponent; > 0 where `count` is infinite, else > -1 (so that frequencies fall with rank); <= 300.
        count: K, a whole number >= 1, or math.inf.

    Raises:
        InputError: a parameter lies outside its range.

    Source: Michaud et al. 2023 (arXiv 2303.13506), section 2; DLMF 25.11.

    >>> f"{Zipf(0.4).tail(10):.11f}"
    '0.31422042904'
    """

    gamma: float
    count: float = math.inf

    def __post_init__(self) -> None:
        count, gamma = _checked(self.gamma, self.count)
        object.__setattr__(self, "gamma", gamma)
        object.__setattr__(self, "count", count)

    @property
    def normaliser(self) -> float:
        """Z = sum of k^-(gamma+1)."""
        return number_from_log(self.log_normaliser)

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        return _log_normaliser(self.gamma, 0.0, self.count)

    def pmf(self, k: ArrayLike) -> Array:
        """p_k = k^-(gamma+1) / Z for real k >= 1, in the shape of k; 0 beyond K."""
        return _pmf(k, self.gamma, 0.0, self.count)

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k; -inf beyond K."""
        return _log_pmf(k, self.gamma, 0.0, self.count)

    def tail(self, n: ArrayLike) -> Array:
        """T(n) = [zeta(s, n+1) - zeta(s, K+1)]/Z for real n >= 0, in the shape of n; relative error below 1e-12."""
        return _tail(n, self.gamma, 0.0, self.count)

    def rank(self, p: ArrayLike) -> Array:
        """(p Z)^-1/(gamma+1), clipped to [0, K], in the shape of p."""
        return _rank(p, self.gamma, 0.0, self.count)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, in the shape of n."""
        return _partial_entropy(n, self.gamma, 0.0, self.count)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats: ln Z - s zeta'(s)/zeta(s) for infinitely many quanta."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        return sample_ranks(self, size, seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "zipf", "gamma", "count"}, the count null where infinite."""
        return {"law": "zipf", "gamma": self.gamma, "count": None if math.isinf(self.count) else self.count}


@dataclass(frozen=True)
class Mandelbrot:
    """The Zipf-Mandelbrot law, p_k = (k + shift)^-(gamma+1) / Z: a flat head of about `shift` quanta, then a power law.

    At fractional rank pmf is the same formula and T(n) = [zeta(s, n+1+shift) - zeta(s, K+1+shift)]/Z, s = gamma + 1.

    Args:
        gamma: the exponent; > 0 where `count` is infinite, else > -1; <= 300.
        shift: q > -1.
        count: K, a whole number >= 1, or math.inf.

    Raises:
        InputError: a parameter lies outside its range.

    Source: Mandelbrot 1953; DLMF 25.11.

    >>> f"{Mandelbrot(0.4, shift=1000).tail(1e6):.6f}"
    '0.063083'
    """

    gamma: float
    shift: float
    count: float = math.inf

    def __post_init__(self) -> None:
        count, gamma = _checked(self.gamma, self.count)
        object.__setattr__(self, "gamma", gamma)
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "shift", number("shift", self.shift, above=-1, at_most=1e30, example="2.7"))

    @property
    def normaliser(self) -> float:
        """Z = sum of (k + shift)^-(gamma+1)."""
        return number_from_log(self.log_normaliser)

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        return _log_normaliser(self.gamma, self.shift, self.count)

    def pmf(self, k: ArrayLike) -> Array:
        """p_k = (k + shift)^-(gamma+1) / Z for real k >= 1, in the shape of k; 0 beyond K."""
        return _pmf(k, self.gamma, self.shift, self.count)

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k; -inf beyond K."""
        return _log_pmf(k, self.gamma, self.shift, self.count)

    def tail(self, n: ArrayLike) -> Array:
        """T(n) for real n >= 0, in the shape of n; relative error below 1e-12."""
        return _tail(n, self.gamma, self.shift, self.count)

    def rank(self, p: ArrayLike) -> Array:
        """(p Z)^-1/(gamma+1) - shift, clipped to [0, K], in the shape of p."""
        return _rank(p, self.gamma, self.shift, self.count)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, in the shape of n."""
        return _partial_entropy(n, self.gamma, self.shift, self.count)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        return sample_ranks(self, size, seed)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "mandelbrot", "gamma", "shift", "count"}, the count null where infinite."""
        count = None if math.isinf(self.count) else self.count
        return {"law": "mandelbrot", "gamma": self.gamma, "shift": self.shift, "count": count}


def _checked(gamma: Any, count: Any) -> tuple[float, float]:
    count = whole_count(count)
    if math.isinf(count):
        example = "0.4, or count=K for gamma <= 0"
        gamma = number("gamma", gamma, above=0, at_most=LARGEST_GAMMA, example=example)
        return count, number("gamma", gamma, at_least=SMALLEST_GAMMA, at_most=LARGEST_GAMMA, example=example)
    return count, number("gamma", gamma, above=-1, at_most=LARGEST_GAMMA, example="0.4")


def _last(count: float) -> float:
    return count if math.isfinite(count) else 1e307


def _log_normaliser(gamma: float, shift: float, count: float) -> float:
    return math.log(power_total(gamma, shift, count)) - (gamma + 1.0) * math.log1p(shift)


def _pmf(k: ArrayLike, gamma: float, shift: float, count: float) -> Array:
    ranks = ranks_from(1, "k", k)
    weight = ((ranks + shift) / (1.0 + shift)) ** -(gamma + 1.0)
    return np.where(ranks > count, 0.0, weight / power_total(gamma, shift, count))


def _log_pmf(k: ArrayLike, gamma: float, shift: float, count: float) -> Array:
    ranks = ranks_from(1, "k", k)
    log = -(gamma + 1.0) * np.log((ranks + shift) / (1.0 + shift)) - math.log(power_total(gamma, shift, count))
    return np.where(ranks > count, -np.inf, log)


def _tail(n: ArrayLike, gamma: float, shift: float, count: float) -> Array:
    ranks = ranks_from(0, "n", n)
    total = power_total(gamma, shift, count)
    if math.isinf(count):
        return power_sum(np.minimum(ranks, _last(count)), gamma, shift) / total
    tails = np.zeros(ranks.shape)
    inside = ranks < count
    tails[inside] = power_sum(ranks[inside], gamma, shift, count) / total
    return tails


def _rank(p: ArrayLike, gamma: float, shift: float, count: float) -> Array:
    p = probabilities(p)
    with np.errstate(divide="ignore", over="ignore"):
        scaled = (p * power_total(gamma, shift, count)) ** (-1.0 / (gamma + 1.0))
    return np.clip(scaled * (1.0 + shift) - shift, 0.0, count)


def _partial_entropy(n: ArrayLike, gamma: float, shift: float, count: float) -> Array:
    ranks = ranks_from(0, "n", n)
    flat = np.minimum(np.atleast_1d(ranks).ravel(), _last(count))
    total = power_total(gamma, shift, count)
    sums = math.log(total) * power_sum(flat, gamma, shift, count)
    sums += (gamma + 1.0) * log_power_sum(flat, gamma, shift, count)
    return np.where(ranks < count, (sums / total).reshape(ranks.shape), 0.0)
