"""Counts of items, held as a histogram: distinct values and how many items have each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError

Whole = NDArray[np.int64]

_DENSE = 1 << 20
_CHUNK = 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class CountHistogram:
    """Distinct counts above 0, ascending, and the number of items with each; both of shape (U,)."""

    values: Whole
    items: Whole

    @property
    def size(self) -> int:
        """The number of items that were counted at least once."""
        return int(self.items.sum())

    @property
    def total(self) -> float:
        """The sum of all counts."""
        return float(self.values.astype(float) @ self.items.astype(float))

    def __repr__(self) -> str:
        return f"CountHistogram({self.size} items, {self.values.size} distinct counts, largest {self.values[-1]})"


def histogram(counts: ArrayLike | CountHistogram | Iterable[ArrayLike]) -> CountHistogram:
    """How many items have each count; items never seen (count 0) are left out.

    Args:
        counts: one whole number >= 0 an item, shape (K,); or an iterator or generator of such arrays, read chunk by
            chunk, so that any number of items fits in memory; or a histogram, which is returned as it is.

    Raises:
        InputError: a count is negative, not whole or not a number, or no count is above 0.

    >>> histogram([3, 1, 1, 0, 7])
    CountHistogram(4 items, 3 distinct counts, largest 7)
    """
    if isinstance(counts, CountHistogram):
        return counts
    dense = np.zeros(0, dtype=np.int64)
    values, items = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for chunk in _chunks(counts):
        whole = _whole(chunk)
        low = whole[whole < _DENSE]
        part = np.bincount(low)
        if part.size > dense.size:
            part[: dense.size] += dense
            dense = part.astype(np.int64)
        else:
            dense[: part.size] += part
        if low.size < whole.size:
            more, repeats = np.unique(whole[whole >= _DENSE], return_counts=True)
            values, place = np.unique(np.concatenate([values, more]), return_inverse=True)
            items = np.bincount(place, np.concatenate([items, repeats])).astype(np.int64)
    seen = np.flatnonzero(dense[1:]) + 1
    values, items = np.concatenate([seen, values]), np.concatenate([dense[seen], items])
    if not values.size:
        raise InputError("counts hold nothing above 0: at least one item must have been seen")
    return CountHistogram(values, items)


def _chunks(counts: Any) -> Iterable[NDArray[Any]]:
    if hasattr(counts, "__next__"):
        for chunk in counts:
            yield from _chunks(np.atleast_1d(np.asarray(chunk)))
        return
    array = np.asarray(counts)
    if array.ndim != 1:
        raise InputError(f"counts of shape {array.shape}: they must be one number an item, shape (K,)")
    for start in range(0, array.size, _CHUNK):
        yield array[start : start + _CHUNK]


def _whole(chunk: NDArray[Any]) -> Whole:
    if chunk.dtype.kind not in "iuf":
        raise InputError(f"counts of type {chunk.dtype}: they must be whole numbers >= 0, one an item")
    if chunk.dtype.kind == "f":
        bad = ~((chunk >= 0) & (chunk < 2.0**63) & (chunk == np.floor(chunk)))
    elif chunk.dtype.kind == "u":
        bad = chunk > np.iinfo(np.int64).max
    else:
        bad = chunk < 0
    if np.any(bad):
        raise InputError(f"counts hold {chunk[bad][0]}: each must be a whole number from 0 to 2^63 - 1")
    return chunk.astype(np.int64, copy=False)
