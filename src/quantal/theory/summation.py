"""Sums over ranks, exact to about 1e-13: Gauss quadrature for sums over blocks of integers.

A block of N = 2^j consecutive ranks is summed by the Gauss rule of the discrete Chebyshev (Gram) polynomials, which is exact for
polynomials of degree < 2m on those N integers (Szegő, Orthogonal Polynomials, 2.8); N <= m gives the plain sum. Blocks double with rank,
and are halved where the rule on a block and on its halves disagree, so sums over infinitely many quanta cost some thousand terms.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError
from quantal.theory.arguments import Floats

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies

Columns = NDArray[np.int64]
Term = Callable[[Floats, Columns], Floats]

_NODES = 16
_SMALL = _NODES.bit_length() - 1
_LEGENDRE = 27  # beyond 2^27 integers the rule equals Gauss-Legendre to (16/2^27)^2 = 1.4e-14
LAST_OCTAVE = 1000


@cache
def block_rule(octave: int) -> tuple[Floats, Floats]:
    """Offsets in (0, 1] and weights of sum 1 for a block of 2^octave integers: rank = start + N * offset."""
    size = float(2**octave)
    if octave <= _SMALL:
        return np.arange(1, size + 1) / size, np.full(int(size), 1 / size)
    degree = np.arange(1, _NODES)
    finite = 1 - (degree / size) ** 2 if octave <= _LEGENDRE else np.ones(_NODES - 1)
    off_diagonal = np.sqrt(degree**2 * finite / (4 * (4.0 * degree**2 - 1)))
    nodes, vectors = np.linalg.eigh(np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1))
    return 0.5 + nodes + 0.5 / size, vectors[0] ** 2


def _block_sums(term: Term, start: Floats, octave: NDArray[np.int64], column: Columns) -> Floats:
    """The sum of term over (start, start + 2^octave] for each block."""
    sums = np.empty(start.size)
    for size in np.unique(octave):
        here = np.flatnonzero(octave == size)
        offsets, weights = block_rule(int(size))
        width = 2.0 ** int(size)
        ranks = (start[here, None] + width * offsets).ravel()
        values = term(ranks, np.repeat(column[here], offsets.size))
        sums[here] = width * (values.reshape(here.size, offsets.size) @ weights)
    return sums


def dyadic_blocks(first: float, last: float) -> list[tuple[float, int]]:
    """(start, octave) of aligned dyadic blocks that tile the whole numbers in (first, last]."""
    blocks: list[tuple[float, int]] = []
    at, end = int(first), int(last)
    while at < end:
        room = (end - at).bit_length() - 1
        octave = min(room, (at & -at).bit_length() - 1) if at else 0
        blocks.append((float(at), octave))
        at += 1 << octave
    return blocks


def sum_ranks(
    term: Term, first: Floats, last: Floats, breaks: Sequence[float] | Floats = (), rtol: float = 1e-13
) -> Floats:
    """Sum of a non-negative term over the integer ranks first < k <= last, one sum for each column.

    Args:
        term: term(ranks, columns) -> values, all of shape (M,); smooth in real rank between its few bends.
        first: shape (C,), whole numbers; 0 begins at rank 1.
        last: shape (C,), whole numbers up to 2^1000.
        breaks: increasing whole ranks after which the term may jump; no block spans one.
        rtol: blocks are halved until halving changes the column's sum by less than this share of it.

    Returns:
        Shape (C,).

    >>> squares = sum_ranks(lambda k, column: k**2, np.array([0.0]), np.array([1e6]))
    >>> bool(squares[0] == 1e6 * (1e6 + 1) * (2e6 + 1) / 6)
    True
    """
    edges = np.asarray(breaks, dtype=float)
    starts: list[float] = []
    octaves: list[int] = []
    columns: list[int] = []
    for column, (begin, end) in enumerate(zip(first, last, strict=True)):
        inside = edges[(edges > begin) & (edges < end)]
        for left, right in itertools.pairwise([begin, *inside, max(begin, end)]):
            for start, size in dyadic_blocks(left, right):
                starts.append(start)
                octaves.append(size)
                columns.append(column)
    if not starts:
        return np.zeros(len(last))
    start, octave, column = np.array(starts), np.array(octaves, dtype=np.int64), np.array(columns, dtype=np.int64)
    count = len(last)
    values = _block_sums(term, start, octave, column)
    scale = np.bincount(column, values, count)
    totals = np.zeros(count)
    while start.size:
        exact = octave <= _SMALL
        totals += np.bincount(column[exact], values[exact], count)
        start, octave, column, values = start[~exact], octave[~exact], column[~exact], values[~exact]
        if not start.size:
            break
        half = octave - 1
        halves = np.concatenate([start, start + np.ldexp(1.0, half)])
        doubled = np.concatenate([column, column])
        parts = _block_sums(term, halves, np.concatenate([half, half]), doubled)
        left, right = parts[: start.size], parts[start.size :]
        done = np.abs(left + right - values) <= rtol * scale[column] + 4e-16 * np.abs(values)
        totals += np.bincount(column[done], (left + right)[done], count)
        again = np.concatenate([~done, ~done])
        start, octave, column, values = halves[again], np.concatenate([half, half])[again], doubled[again], parts[again]
    return totals


def count_while(holds: Callable[[Floats, Columns], NDArray[np.bool_]], columns: int, limit: float) -> Floats:
    """The last rank k <= limit for which a condition that holds on a prefix of the ranks holds; 0 where it never does.

    Args:
        holds: holds(ranks, columns) -> bool, both of shape (C,).
        columns: C.
        limit: a whole number or infinity (searched up to 2^1000).

    >>> count_while(lambda k, column: k**2 < 1000, 1, np.inf)
    array([31.])
    """
    column = np.arange(columns)
    end = min(limit, 2.0**LAST_OCTAVE)
    low = np.zeros(columns)
    high = np.full(columns, np.floor(np.log2(end)) + 1)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        good = holds(2.0**middle, column)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    first = holds(np.ones(columns), column)
    low = np.ldexp(1.0, low.astype(np.int64))
    high = np.minimum(np.ldexp(1.0, high.astype(np.int64)), end + 1)
    while True:
        middle = np.floor((low + high) / 2)
        if not np.any((middle > low) & (middle < high)):
            break
        good = holds(middle, column)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return np.asarray(np.where(first, low, 0.0), dtype=np.float64)


def breaks_of(frequencies: Frequencies) -> Floats:
    """The ranks after which pmf jumps: none for a law; for counts, where they change, or every sixteenth rank if that is less."""
    from quantal.theory.empirical import Empirical

    if not isinstance(frequencies, Empirical):
        return np.zeros(0)
    changes = np.asarray(np.flatnonzero(np.diff(frequencies.counts)) + 1, dtype=np.float64)
    sixteenths = np.arange(float(_NODES), frequencies.count, _NODES, dtype=np.float64)
    return changes if changes.size < sixteenths.size else sixteenths


def sum_series(
    values: Callable[[Floats], Floats],
    n: Floats,
    count: float,
    visible: Callable[[Floats], NDArray[np.bool_]],
    what: str,
    breaks: Sequence[float] | Floats = (),
) -> Floats:
    """Sum of values(k) over n < k <= count, n whole and of any shape; an infinite sum's last octaves continue geometrically.

    Args:
        values: smooth in real rank.
        visible: true on the prefix of ranks where values are well inside the range of float64.
        what: names the sum in the error.
        breaks: as for `sum_ranks`.

    Raises:
        InputError: an infinite sum does not converge, or not within the range of float64.

    >>> total = sum_series(lambda k: k**-1.4, np.zeros(1), math.inf, lambda k: k < 1e200, "k^-1.4")
    >>> bool(abs(total[0] - 3.1055472779775810) < 1e-13)
    True
    """
    start = np.atleast_1d(np.asarray(n, dtype=float)).ravel()
    if math.isfinite(count):
        end = np.full(start.size, float(count))
        return sum_ranks(lambda k, column: values(k), np.minimum(start, end), end, breaks).reshape(np.shape(n))
    last = count_while(lambda k, column: visible(k), 1, math.inf)[0]
    top = 2.0 ** max(4, math.floor(math.log2(max(last, 1.0))))
    octaves = sum_ranks(lambda k, column: values(k), top / np.array([8.0, 4.0, 2.0]), top / np.array([4.0, 2.0, 1.0]))
    sums = sum_ranks(lambda k, column: values(k), np.minimum(start, top), np.full(start.size, top))
    ratios = octaves[1:] / np.where(octaves[:-1] == 0, 1.0, octaves[:-1])
    rest = octaves[2] * ratios[1] / (1 - ratios[1]) if ratios[1] < 1 - 1e-4 else math.inf
    settled = rest <= 1e-12 * sums[start < top].min(initial=math.inf) or abs(ratios[1] - ratios[0]) <= 1e-10 * ratios[1]
    if not math.isfinite(rest) or not settled or np.any(start >= top):
        raise InputError(
            f"{what}: the sum over infinitely many quanta does not converge within the range of float64; "
            "let its terms fall faster with rank, or give the frequencies a finite count"
        )
    return (sums + rest).reshape(np.shape(n))
