"""Counts by rank, the most frequent first, as a few weighted ranks: the Gauss rules of the samples in each doubling of rank."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import IdentifiabilityError
from quantal.theory.counts import CountHistogram
from quantal.theory.summation import block_rule, dyadic_blocks

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

_CLEAR, _LEAST = 100, 10
_WANTED, _FEWEST = 200, 20
_EXACT, _NODES = 32, 16


@dataclass(frozen=True, eq=False)
class RankedCounts:
    """Samples by rank, for sums of f smooth in rank.

    The sum over samples is weights @ f(ranks), that over ranks 1 to `last` every_weight @ f(every_rank).
    """

    ranks: Array
    weights: Array
    every_rank: Array
    every_weight: Array
    last: int
    least: int

    @property
    def samples(self) -> float:
        """How many samples the ranks hold together."""
        return float(self.weights.sum())

    def mean(self, values: Array) -> float:
        """The samples' mean of values at `ranks`."""
        return float(self.weights @ values) / self.samples


def ranked(counts: CountHistogram, least: int | None = None) -> RankedCounts:
    """The ranks of items counted at least `least` times: where counts are lower, chance decides the order.

    Args:
        least: smallest count; by default 100, as low as 10 for 200 ranks, and lower only for 20 ranks.

    Raises:
        IdentifiabilityError: fewer than three items have such counts.

    >>> found = ranked(CountHistogram(np.array([1, 12, 40]), np.array([50, 3, 1])), least=12)
    >>> found.ranks, found.weights
    (array([1., 2., 3., 4.]), array([40., 12., 12., 12.]))
    """
    values, items = counts.values[::-1], counts.items[::-1]
    ends = np.cumsum(items)
    if least is None:
        least = _clear_count(values, ends)
    inside = values >= least
    if not np.any(inside) or ends[inside][-1] < 3:
        raise IdentifiabilityError(
            f"{int(ends[inside][-1]) if np.any(inside) else 0} items were counted at least {least} times: a law of "
            "frequencies needs at least three; give more items"
        )
    ends = ends[inside]
    samples = _octaves(*_spread(values[inside], ends))
    return RankedCounts(*samples, *_octaves(*_spread(np.ones(1), ends[-1:])), int(ends[-1]), least)


def _clear_count(values: Whole, ends: Whole) -> int:
    """100, or the count of the 200th item if that is less but at least 10, or of the 20th if even they are fewer."""

    def count_of(rank: int) -> int:
        place = int(np.searchsorted(ends, rank))
        return int(values[place]) if place < values.size else 1

    return min(count_of(_FEWEST), max(_LEAST, min(_CLEAR, count_of(_WANTED))))


def _spread(values: NDArray[Any], ends: Whole) -> tuple[Array, Array]:
    """Nodes and weights of each block of equal counts, dyadic piece by piece."""
    ranks, weights = [], []
    start = 0
    for value, end in zip(values, ends, strict=True):
        if end == start + 1:
            ranks.append(np.array([float(end)]))
            weights.append(np.array([float(value)]))
        else:
            for first, octave in dyadic_blocks(float(start), float(end)):
                offsets, shares = block_rule(octave)
                width = 2.0**octave
                ranks.append(first + width * offsets)
                weights.append(width * shares * float(value))
        start = int(end)
    return np.concatenate(ranks), np.concatenate(weights)


def _octaves(ranks: Array, weights: Array) -> tuple[Array, Array]:
    """The first ranks as they are, and the Gauss rule of all samples in each doubling of rank after them."""
    edges = 2.0 ** np.arange(np.log2(_EXACT), np.ceil(np.log2(max(ranks[-1], _EXACT))) + 1)
    cuts = np.searchsorted(ranks, np.concatenate([[0.0], edges]), side="right")
    parts = [(ranks[: cuts[1]], weights[: cuts[1]])]
    parts += [_gauss(ranks[i:j], weights[i:j]) for i, j in itertools.pairwise(cuts[1:]) if j > i]
    return np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])


def _gauss(x: Array, weights: Array) -> tuple[Array, Array]:
    """The Gauss rule of a discrete measure, by Lanczos with full reorthogonalisation (Golub and Welsch 1969)."""
    if x.size <= _NODES:
        return x, weights
    total = weights.sum()
    centre, half = 0.5 * (x[0] + x[-1]), 0.5 * (x[-1] - x[0])
    t = (x - centre) / half
    basis = np.empty((_NODES, x.size))
    basis[0] = np.sqrt(weights / total)
    diagonal, off = np.empty(_NODES), np.empty(_NODES - 1)
    for j in range(_NODES):
        v = t * basis[j]
        diagonal[j] = v @ basis[j]
        for _ in range(2):
            v -= basis[: j + 1].T @ (basis[: j + 1] @ v)
        if j + 1 < _NODES:
            off[j] = np.linalg.norm(v)
            basis[j + 1] = v / off[j]
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))
    return centre + half * nodes, total * vectors[0] ** 2
