"""The entropy beyond a rank, for laws without a closed form of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from quantal.theory.arguments import Floats
from quantal.theory.frequencies import Array, ranks_from
from quantal.theory.summation import Columns, sum_ranks

_NEGLIGIBLE = 1e-300


class Ranked(Protocol):
    """What the sum needs of a law."""

    @property
    def count(self) -> float: ...
    def pmf(self, k: ArrayLike) -> Array: ...
    def log_pmf(self, k: ArrayLike) -> Array: ...
    def rank(self, p: ArrayLike) -> Array: ...


def surprise_beyond(law: Ranked, n: ArrayLike) -> Array:
    """The sum of -p_k ln p_k over k > n in nats, in the shape of n, over the quanta with p_k > 1e-300.

    Raises:
        InputError: a rank is negative or not a number.
    """
    ranks = ranks_from(0, "n", n)
    last = min(law.count, float(np.ceil(law.rank(_NEGLIGIBLE))))
    first = np.minimum(np.atleast_1d(ranks).ravel(), last)
    whole = np.floor(first)
    part = first - whole

    def term(k: Floats, column: Columns) -> Floats:
        at = np.minimum(k + part[column], law.count)
        p, log = law.pmf(at), law.log_pmf(at)
        return np.where(p > 0, -p * np.where(p > 0, log, 0.0), 0.0)

    return sum_ranks(term, whole, np.full(first.size, last)).reshape(ranks.shape)
