"""The geometric law of frequencies: the exponential in place of Zipf."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.theory.arguments import number
from quantal.theory.frequencies import Array, Seed, number_from_log, probabilities, ranks_from, whole_count
from quantal.theory.sampling import uniforms, whole_ranks
from quantal.theory.zeta import BERNOULLI


@dataclass(frozen=True)
class Geometric:
    """The geometric law, p_k = e^(-rate k) / Z: each quantum is used e^rate times as often as the next.

    At fractional rank pmf and tail are the same formulas, T(n) = (e^(-cn) - e^(-cK))/(1 - e^(-cK)) with c = rate.

    Args:
        rate: c, from 1e-300 to 700.
        count: K, a whole number >= 1, or math.inf.

    Raises:
        InputError: a parameter lies outside its range.

    >>> f"{Geometric(0.5).tail(10):.10f}"
    '0.0067379470'
    """

    rate: float
    count: float = math.inf

    def __post_init__(self) -> None:
        rate = number("rate", self.rate, at_least=1e-300, at_most=700, example="0.5")
        object.__setattr__(self, "rate", rate)
        object.__setattr__(self, "count", whole_count(self.count))

    @property
    def gamma(self) -> None:
        """None: the law has no power-law tail."""
        return

    @property
    def normaliser(self) -> float:
        """Z = sum of e^(-rate k)."""
        return number_from_log(self.log_normaliser)

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        return -self.rate - self._log_first

    def pmf(self, k: ArrayLike) -> Array:
        """p_k = e^(-rate k) / Z for real k >= 1, in the shape of k; 0 beyond K."""
        return np.exp(self.log_pmf(k))

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k; -inf beyond K."""
        ranks = ranks_from(1, "k", k)
        return np.where(ranks > self.count, -np.inf, self._log_first - self.rate * (ranks - 1.0))

    def tail(self, n: ArrayLike) -> Array:
        """T(n) for real n >= 0, in the shape of n; relative error below 1e-12."""
        ranks = ranks_from(0, "n", n)
        tails = np.exp(-self.rate * ranks)
        if math.isinf(self.count):
            return tails
        gap = np.maximum(self.count - ranks, 0.0)
        return tails * (np.expm1(-self.rate * gap) / math.expm1(-self.rate * self.count))

    def rank(self, p: ArrayLike) -> Array:
        """The k with e^(-rate k) = p Z, clipped to [0, K], in the shape of p."""
        with np.errstate(divide="ignore", over="ignore"):
            ranks = 1.0 + (self._log_first - np.log(probabilities(p))) / self.rate
        return np.clip(ranks, 0.0, self.count)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, in the shape of n."""
        ranks = np.minimum(ranks_from(0, "n", n), self.count)
        tails = self.tail(ranks)
        beyond = _mean_steps(self.rate, self.count - ranks)
        ranks = np.where(tails > 0, ranks, 0.0)
        return tails * (self.rate * (ranks + beyond) - self._log_first)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        covered = -math.expm1(-self.rate * self.count) * (1.0 - uniforms(size, seed))
        ranks = np.ceil(-np.log1p(-covered) / self.rate)
        return whole_ranks(np.clip(ranks, 1.0, self.count))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "geometric", "rate", "count"}, the count null where infinite."""
        return {"law": "geometric", "rate": self.rate, "count": None if math.isinf(self.count) else self.count}

    @property
    def _log_first(self) -> float:
        """ln p_1."""
        first = math.log(-math.expm1(-self.rate))
        return first if math.isinf(self.count) else first - math.log(-math.expm1(-self.rate * self.count))


def _mean_steps(rate: float, gap: Array) -> Array:
    """The mean j >= 0 under e^(-rate j), j < gap: 1/(e^c - 1) - gap/(e^(c gap) - 1), without cancellation for small c."""
    y = rate * gap
    if rate <= 1.0 and np.all(np.isfinite(gap)):
        return _excess(np.asarray(rate)) - gap * _excess(y)
    inside = (y > 0) & (y < 700.0)
    return 1.0 / math.expm1(rate) - np.where(inside, gap, 0.0) / np.expm1(np.where(inside, y, 1.0))


def _excess(y: Array) -> Array:
    """1/(e^y - 1) - 1/y, without cancellation: -1/2 + sum of B_2k/(2k)! y^(2k-1)."""
    small = y < 1.0
    safe = np.where(small, 1.0, np.minimum(y, 700.0))
    series = -0.5 + sum(b * np.where(small, y, 0.0) ** (2 * k + 1) for k, b in enumerate(BERNOULLI))
    return np.where(small, series, 1.0 / np.expm1(safe) - 1.0 / np.where(small, 1.0, y))
