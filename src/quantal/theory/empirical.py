"""Frequencies taken from counts as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError
from quantal.theory.frequencies import Array, Seed, probabilities, ranks_from
from quantal.theory.sampling import uniforms, whole_ranks


@dataclass(frozen=True, eq=False, repr=False)
class Empirical:
    """Frequencies proportional to counts, ranked: p_k is the k-th largest count over their sum; zeros are left out.

    At fractional rank pmf is the step p_ceil(k), and tail runs linearly between whole ranks.

    Args:
        counts: one number >= 0 an item, in any order, shape (K,), at least one above 0.

    Raises:
        InputError: a count is negative or not finite, or none is above 0.

    >>> Empirical([1, 3, 6, 0]).pmf([1, 2, 3])
    array([0.6, 0.3, 0.1])
    """

    counts: Array
    _tails: Array
    _total: float

    def __init__(self, counts: ArrayLike) -> None:
        array = np.asarray(counts, dtype=float)
        if array.ndim != 1:
            raise InputError(f"counts of shape {array.shape}: they must be one number an item, shape (K,)")
        good = np.isfinite(array) & (array >= 0)
        if not np.all(good):
            raise InputError(f"counts hold {float(array[~good][0])!r}: each must be finite and at least 0")
        ordered = np.sort(array[array > 0])[::-1]
        if not ordered.size:
            raise InputError("counts hold nothing above 0: at least one item must have been seen")
        ordered.setflags(write=False)
        object.__setattr__(self, "counts", ordered)
        below = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0.0]])
        object.__setattr__(self, "_tails", below / below[0])
        object.__setattr__(self, "_total", float(below[0]))

    @classmethod
    def from_probabilities(cls, values: ArrayLike) -> Empirical:
        """Frequencies that are given as probabilities.

        Raises:
            InputError: they do not sum to one within 1e-9, or one is negative.
        """
        array = np.asarray(values, dtype=float)
        total = float(array.sum())
        if not abs(total - 1.0) <= 1e-9:
            raise InputError(
                f"probabilities sum to {total!r}: they must sum to 1 within 1e-9; "
                "for numbers that are no probabilities write Empirical(counts)"
            )
        return cls(array)

    def __repr__(self) -> str:
        return f"Empirical({self.counts.size} quanta, {self._total:g} counts)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Empirical) and np.array_equal(self.counts, other.counts)

    def __hash__(self) -> int:
        return hash(self.counts.tobytes())

    @property
    def count(self) -> float:
        """K, the number of items with a count above 0."""
        return float(self.counts.size)

    @property
    def gamma(self) -> None:
        """None: counts are no law."""
        return

    @property
    def normaliser(self) -> float:
        """The sum of the counts."""
        return self._total

    @property
    def log_normaliser(self) -> float:
        """ln of the sum of the counts."""
        return math.log(self._total)

    def pmf(self, k: ArrayLike) -> Array:
        """p_ceil(k) for real k >= 1, in the shape of k; 0 beyond K."""
        ranks = ranks_from(1, "k", k)
        inside = ranks <= self.count
        index = np.ceil(np.where(inside, ranks, 1.0)).astype(np.int64) - 1
        return np.where(inside, self.counts[index] / self._total, 0.0)

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_ceil(k) for real k >= 1, in the shape of k; -inf beyond K."""
        with np.errstate(divide="ignore"):
            return np.log(self.pmf(k))

    def tail(self, n: ArrayLike) -> Array:
        """T(n) for real n >= 0, linear between whole ranks, in the shape of n."""
        return self._between(ranks_from(0, "n", n), self._tails)

    def rank(self, p: ArrayLike) -> Array:
        """How many p_k are at least p, in the shape of p."""
        wanted = probabilities(p)
        return np.searchsorted(-self.counts / self._total, -wanted, side="right").astype(float)

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n in nats, linear between whole ranks, in the shape of n."""
        p = self.counts / self._total
        sums = np.concatenate([np.cumsum((-p * np.log(p))[::-1])[::-1], [0.0]])
        return self._between(ranks_from(0, "n", n), sums)

    def entropy(self) -> float:
        """The sum of -p_k ln p_k in nats."""
        return float(self.partial_entropy(0.0))

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,), by inversion of the tail."""
        position = np.searchsorted(-self._tails[1:], -uniforms(size, seed), side="right")
        return whole_ranks(np.minimum(position + 1.0, self.count))

    def to_dict(self) -> dict[str, Any]:
        """Plain data: {"law": "empirical", "counts"}."""
        return {"law": "empirical", "counts": self.counts.tolist()}

    def _between(self, n: Array, values: Array) -> Array:
        return np.interp(n, np.arange(values.size, dtype=float), values)
