"""Frequencies: how often each quantum is used, by rank; the interface that every law keeps."""

from __future__ import annotations

import math
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError

Array = NDArray[np.float64]
Seed = int | np.random.Generator | None


@runtime_checkable
class Frequencies(Protocol):
    """How often each quantum is used: p_1 >= p_2 >= ..., over `count` quanta (math.inf for infinitely many).

    Every law says how it continues to fractional rank, and does so such that pmf(k) = tail(k - 1) - tail(k).
    """

    @property
    def count(self) -> float:
        """K, the number of quanta; math.inf if there are infinitely many."""
        ...

    @property
    def gamma(self) -> float | None:
        """The exponent of p_k ∝ k^-(gamma+1), or None where the law has none."""
        ...

    @property
    def normaliser(self) -> float:
        """Z in pmf = weight / Z.

        Raises:
            InputError: Z leaves the range of a float64; `log_normaliser` never does.
        """
        ...

    @property
    def log_normaliser(self) -> float:
        """ln Z."""
        ...

    def pmf(self, k: ArrayLike) -> Array:
        """p_k for real k >= 1, in the shape of k; 0 beyond `count`."""
        ...

    def log_pmf(self, k: ArrayLike) -> Array:
        """ln p_k for real k >= 1, in the shape of k; -inf beyond `count`."""
        ...

    def tail(self, n: ArrayLike) -> Array:
        """T(n), the sum of p_k over k > n, for real n >= 0, in the shape of n; 0 from `count` on."""
        ...

    def rank(self, p: ArrayLike) -> Array:
        """The fractional rank at which pmf = p, clipped to [0, count]; its floor counts the quanta with p_k >= p."""
        ...

    def partial_entropy(self, n: ArrayLike) -> Array:
        """The sum of -p_k ln p_k over k > n, in nats, in the shape of n."""
        ...

    def entropy(self) -> float:
        """The sum of -p_k ln p_k over all quanta, in nats."""
        ...

    def sample(self, size: int, seed: Seed = None) -> NDArray[Any]:
        """Independent ranks of shape (size,): int64, or float64 where one of them is beyond 2^53."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `frequencies_from_dict` is the inverse."""
        ...


def ranks_from(lowest: float, name: str, values: ArrayLike) -> Array:
    """Real ranks as float64, each at least `lowest`.

    Raises:
        InputError: a value is smaller, or not a number.
    """
    array = np.asarray(values, dtype=float)
    good = array >= lowest
    if not np.all(good):
        raise InputError(
            f"{name} = {float(array[~good].flat[0])!r}: it must be a number >= {lowest:g}; "
            "quanta are ranked from 1, the most frequent first"
        )
    return array


def probabilities(values: ArrayLike) -> Array:
    """Frequencies as float64, each in [0, 1]; what exceeds 1 by rounding is 1.

    Raises:
        InputError: a value lies outside, or is not a number.
    """
    array = np.asarray(values, dtype=float)
    good = (array >= 0) & (array <= 1 + 1e-12)
    if not np.all(good):
        raise InputError(
            f"p = {float(array[~good].flat[0])!r}: a frequency lies between 0 and 1; write for example rank(1e-6)"
        )
    return np.minimum(array, 1.0)


def whole_count(count: Any, *, finite: bool = False) -> float:
    """K as a float: a whole number >= 1, or infinity where that is allowed.

    Raises:
        InputError: it is neither.
    """
    allowed = "a whole number >= 1" + ("" if finite else ", or math.inf for infinitely many quanta")
    try:
        value = float(count)
    except (TypeError, ValueError):
        raise InputError(f"count = {count!r}: it must be {allowed}; write count=1000") from None
    if not (value >= 1 and (value == math.floor(value) if math.isfinite(value) else not finite)):
        raise InputError(f"count = {count!r}: it must be {allowed}; write count=1000")
    return value


def number_from_log(log_normaliser: float) -> float:
    """Z from ln Z.

    Raises:
        InputError: Z leaves the range of a float64.
    """
    if not -708.0 < log_normaliser < 709.0:
        raise InputError(
            f"normaliser = exp({log_normaliser:.6g}): it must lie within the range of a float64, 1e-307 to 1e308; "
            "read log_normaliser instead"
        )
    return math.exp(log_normaliser)
