"""Independent ranks from a law of frequencies, by inversion of its tail."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError

Array = NDArray[np.float64]

_WHOLE = 1024
_RATIO = 1.05
_LAST = 1e300


class Tail(Protocol):
    """What inversion needs of a law."""

    @property
    def count(self) -> float: ...
    def pmf(self, k: ArrayLike) -> Array: ...
    def tail(self, n: ArrayLike) -> Array: ...


def uniforms(size: int, seed: int | np.random.Generator | None) -> Array:
    """Uniform numbers in (0, 1], of shape (size,).

    Raises:
        InputError: size is not a whole number >= 0.
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
        raise InputError(f"size = {size!r}: it must be a whole number >= 0; write for example size=1000")
    return 1.0 - np.random.default_rng(seed).random(int(size))


def whole_ranks(ranks: Array) -> NDArray[Any]:
    """Ranks that hold whole numbers, as int64 unless one is beyond 2^53."""
    if ranks.size and ranks.max() > 2.0**53:
        return ranks
    return ranks.astype(np.int64)


def sample_ranks(law: Tail, size: int, seed: int | np.random.Generator | None = None) -> NDArray[Any]:
    """The smallest k with tail(k) < u for uniform u: the exact law, to the 2^-53 resolution of u.

    Raises:
        InputError: a rank beyond 1e300 is drawn; the law then needs a finite count.
    """
    u = uniforms(size, seed)
    heads = law.tail(np.arange(1.0, min(_WHOLE, law.count) + 1.0))
    position = np.searchsorted(-heads, -u, side="right")
    ranks = position + 1.0
    far = position == heads.size
    if np.any(far) and law.count > _WHOLE:
        ranks[far] = np.ceil(_invert(law, u[far], heads[-1]))
    return whole_ranks(np.minimum(ranks, law.count))


def _invert(law: Tail, u: Array, start: float) -> Array:
    """Real n >= 1024 with tail(n) = u: interpolation in a log-log table, then Newton steps inside the bracket."""
    last = min(law.count, _LAST)
    grid, values = [float(_WHOLE)], [start]
    lowest = float(u.min())
    while values[-1] > lowest and grid[-1] < last:
        block = np.minimum(grid[-1] * _RATIO ** np.arange(1.0, 201.0), last)
        tails = law.tail(block)
        end = (
            int(np.argmax((tails <= lowest) | (block == last))) + 1 if tails[-1] <= lowest or block[-1] == last else 200
        )
        grid.extend(block[:end])
        values.extend(tails[:end])
    if values[-1] > lowest:
        raise InputError(
            f"{law!r}: a rank beyond 1e300 is drawn, more than a float64 can hold; give the law a finite count"
        )
    n_table, t_table = np.array(grid), np.array(values)
    index = np.clip(np.searchsorted(-t_table, -u, side="left"), 1, t_table.size - 1)
    low, high = n_table[index - 1], n_table[index]
    upper, lower = t_table[index - 1], np.maximum(t_table[index], np.finfo(float).tiny)
    share = np.log(upper / u) / np.log(upper / lower)
    n = low * (high / low) ** np.clip(share, 0.0, 1.0)
    for _ in range(3):
        slope = law.pmf(np.minimum(n + 0.5, law.count))
        n = np.clip(n + (law.tail(n) - u) / np.maximum(slope, np.finfo(float).tiny), low, high)
    if math.isfinite(law.count):
        n = np.minimum(n, law.count)
    return n
