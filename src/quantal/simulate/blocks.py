"""Blocks of quanta of nearly equal frequency: where they lie, and sums over the whole ranks in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from quantal.simulate.setting import Floats, Quanta, Setting
from quantal.theory import Empirical

RATIO = 1.05
LARGEST_RANK = 1e300
_LOG_WIDTH = 0.12
_CHANCE_WIDTH = 0.03
_NEGLIGIBLE = 1e-13
_FAR = 1e4
_OCTAVES = 2.0
_GAUSS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True)
class Sums:
    """Sums over the quanta of each block, shape (B,); fixed, chancy, learned and so on as in `Quanta`."""

    size: Floats
    mass: Floats
    base: Floats
    fixed: Floats
    chancy: Floats
    chancy_learned: Floats
    chancy_unlearned: Floats
    variance: Floats
    learned: Floats
    unlearned: Floats
    room: Floats
    room_learned: Floats
    slope: Floats
    loss_slope: Floats
    room_slope: Floats

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Sums:
        """The sums of some blocks."""
        return Sums(*(getattr(self, one.name)[index] for one in fields(self)))

    def joined(self, other: Sums) -> Sums:
        """These blocks and then others."""
        return Sums(*(np.concatenate([getattr(self, one.name), getattr(other, one.name)]) for one in fields(self)))

    @property
    def floor(self) -> float:
        """The loss once everything is learned; frequencies are taken to sum to one over all blocks."""
        return float(np.sum(self.base) / np.sum(self.mass))

    def total(self) -> Sums:
        """All blocks as one."""
        return Sums(*(np.array([np.sum(getattr(self, one.name))]) for one in fields(self)))


def block_sums(setting: Setting) -> tuple[Sums, Sums]:
    """Blocks near the boundary of what is learned, and everything beyond them as one.

    Blocks span at most 5 % in rank, 12 % in frequency and 0.03 in the chance to be learned wherever that can be seen in the loss; the
    rule for sums is exact for polynomials of degree 5 in rank. Beyond 1e4 times the boundary blocks are octaves.
    """
    frequencies = setting.model.frequencies
    last = min(float(frequencies.count), LARGEST_RANK)
    near = last if isinstance(frequencies, Empirical) else min(last, max(1e6, _FAR * _boundary(setting, last)))
    start, size = _starts(setting, near)
    values = setting.at(_points(start, size))
    sums = _near_sums(size, values)
    whole = float(np.sum(sums.fixed + sums.chancy_unlearned)) or float(np.sum(sums.chancy))
    done, starts = sums.take(np.zeros(0, dtype=np.int64)), np.zeros(0)
    while size.size:
        split = _too_wide(start, size, values, whole)
        done, starts = done.joined(sums.take(~split)), np.concatenate([starts, start[~split]])
        half = np.floor(size[split] / 2)
        start = np.concatenate([start[split], start[split] + half])
        size = np.concatenate([half, size[split] - half])
        values = setting.at(_points(start, size))
        sums = _near_sums(size, values)
    return done.take(np.argsort(starts)), _far_sums(setting, near, last)


def _boundary(setting: Setting, last: float) -> float:
    """About the last rank that is as likely learned as not."""
    ranks = np.ldexp(1.0, np.arange(math.floor(math.log2(last)) + 1))
    values = setting.at(ranks)
    inside = np.flatnonzero(values.room * values.learned >= 0.5)
    return float(ranks[inside[-1]]) * 2 if inside.size else 1.0


def _starts(setting: Setting, last: float) -> tuple[Floats, Floats]:
    """Starts and sizes of blocks that tile the ranks up to the last; a block holds start < k <= start + size."""
    frequencies = setting.model.frequencies
    if isinstance(frequencies, Empirical):
        edges = np.concatenate([[0.0], np.flatnonzero(np.diff(frequencies.counts)) + 1.0, [frequencies.count]])
    else:
        steps = np.arange(math.ceil(math.log(last) / math.log(RATIO)) + 1)
        edges = np.concatenate([[0.0], np.minimum(np.floor(RATIO**steps), last), [last]])
    if setting.fits < last:
        edges = np.concatenate([edges, [math.floor(setting.fits), math.floor(setting.fits) + 1.0]])
    edges = np.unique(np.minimum(edges, last))
    return edges[:-1], np.diff(edges)


def _points(start: Floats, size: Floats) -> Floats:
    """Ranks (B, 5): the first, the three nodes of the Gram rule on `size` whole ranks, and the last."""
    offset = np.sqrt(np.maximum(3 * size**2 - 7, 0.0) / 20)
    middle = start + (size + 1) / 2
    return np.stack([start + 1, middle - offset, middle, middle + offset, start + size], axis=1)


def _near_sums(size: Floats, at: Quanta) -> Sums:
    """Gram's three-point rule: exact for up to three quanta, and for polynomials of degree 5."""
    outer = np.divide((size**2 - 1) / 24, (3 * size**2 - 7) / 20, out=np.zeros_like(size), where=size > 1)
    weights = size[:, None] * np.stack([outer, 1 - 2 * outer, outer], axis=1)
    return _summed(at, lambda values: np.sum(weights * values[:, 1:4], axis=1), size)


def _summed(at: Quanta, total: Callable[[Floats], Floats], size: Floats) -> Sums:
    return Sums(
        size=size,
        mass=total(at.frequency),
        base=total(at.base),
        fixed=total(at.fixed),
        chancy=total(at.chancy),
        chancy_learned=total(at.chancy * at.learned),
        chancy_unlearned=total(at.chancy * at.unlearned),
        variance=total(at.chancy**2 * at.learned * at.unlearned),
        learned=total(at.learned),
        unlearned=total(at.unlearned),
        room=total(at.room),
        room_learned=total(at.room * at.learned),
        slope=total(at.slope),
        loss_slope=total(at.chancy * at.slope),
        room_slope=total(at.room * at.slope),
    )


def _too_wide(start: Floats, size: Floats, at: Quanta, whole: float) -> NDArray[np.bool_]:
    """Blocks over which frequency or chance changes too much to be taken as one, where the loss could show it."""
    first, last = at.frequency[:, 0], at.frequency[:, 4]
    narrow = last * math.exp(_LOG_WIDTH) >= first
    chances = [np.abs(values[:, 4] - values[:, 0]) for values in (at.unlearned, at.room)]
    steady = np.maximum(*chances) <= _CHANCE_WIDTH
    seen = size * (np.abs(at.fixed).max(axis=1) + (at.chancy * at.unlearned).max(axis=1))
    divisible = (size > 1) & (size > 1e-12 * start)
    return divisible & ~(narrow & steady) & (seen > _NEGLIGIBLE * whole)


def _far_sums(setting: Setting, start: float, last: float) -> Sums:
    """Everything beyond a rank of at least 1e6: Gauss-Legendre in ln k over octaves; the last two continue geometrically."""
    if start >= last:
        return Sums(*(np.zeros(1) for _ in fields(Sums)))
    cuts = [math.log(start + 0.5), math.log(last) + 0.5 / last]
    inside = setting.fits + 1.5
    if start + 0.5 < inside < last:
        cuts.insert(1, math.log(inside))
    totals: list[Sums] = []
    for low, high in itertools.pairwise(cuts):
        pieces = max(1, math.ceil((high - low) / (_OCTAVES * math.log(2))))
        width = (high - low) / pieces
        nodes, weights = _GAUSS
        ranks = np.exp(low + width * (np.arange(pieces)[:, None] + (nodes + 1) / 2))
        ranks = np.clip(ranks, start + 1, last)
        sizes = np.minimum(ranks, last) * (weights * width / 2)
        at = setting.at(ranks)
        size = np.array(np.sum(sizes, axis=1))
        totals.append(_summed(at, lambda values, sizes=sizes: np.sum(sizes * values, axis=1), size))
    octaves = totals[0] if len(totals) == 1 else totals[0].joined(totals[1])
    if math.isfinite(setting.model.frequencies.count):
        return octaves.total()
    return Sums(*(np.array([_continued(getattr(octaves, one.name))]) for one in fields(octaves)))


def _continued(octaves: Floats) -> float:
    """The sum of octaves and of a geometric series that goes on as the last two do; infinite where that does not converge."""
    total = float(np.sum(octaves))
    if octaves.size < 2 or abs(octaves[-1]) <= 1e-17 * abs(total):
        return total
    ratio = float(octaves[-1] / octaves[-2])
    return total + float(octaves[-1]) * ratio / (1 - ratio) if ratio < 1 else math.inf
