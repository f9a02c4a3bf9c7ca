"""Curves that were kept as best so far: how far the single evaluations lie above them, told by the curve itself.

Many tables hold the lowest loss up to each point, thinned in log x. Such a curve never rises, and lies below what one more
evaluation will measure. Its own steps tell by how much: the raggedness of a running minimum of n evaluations a step grows
with their scatter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.laws.law import Floats

FEWEST = 12
LONGEST = 24
MOST_RISES = 0.02
SERIES = 200
SIZES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0])


class BestSoFar(NamedTuple):
    """By how much (in log) evaluations lie above the kept curve's end, were all of them independent, and their scatter."""

    offset: float
    scatter: float

    @property
    def shift(self) -> float:
        """What to expect: how many independent evaluations stand behind a point is unknown, so half the offset."""
        return 0.5 * self.offset

    @property
    def spread(self) -> float:
        """Standard deviation of one more evaluation: its scatter, and the offset, uniform between none and all of it."""
        return float(np.sqrt(self.scatter**2 + self.offset**2 / 12.0))


NONE = BestSoFar(0.0, 0.0)


def best_so_far(x: Floats, y: Floats, seed: int = 0) -> BestSoFar:
    """Judge a sorted curve x, y (n,); zeros where it rises more than by accident, or has fewer than 12 points.

    The end of the curve, at most 24 points, is set against running minima of Gaussian evaluations about its own trend,
    with as many evaluations between two points as the smallest gap fits between them. Of all scatters, the one whose
    running minima are as ragged (root mean square about a parabola in log x) is taken.

    >>> rng = np.random.default_rng(0)
    >>> dense = np.arange(1.0, 2001.0)
    >>> kept = np.minimum.accumulate(dense**-0.2 * np.exp(0.02 * rng.standard_normal(2000)))
    >>> places = np.unique(np.geomspace(1, 1999, 100).astype(int))
    >>> found = best_so_far(dense[places], kept[places])
    >>> found.offset > found.scatter > 0.0
    True
    """
    if len(x) < FEWEST or np.mean(np.diff(y) > 0) > MOST_RISES:
        return NONE
    count = min(LONGEST, max(FEWEST, len(x) // 2))
    gaps = np.diff(x)
    evaluations = np.maximum(1.0, np.round(gaps / gaps.min()))[-count:]
    evaluations = np.concatenate([np.ones(count - len(evaluations)), evaluations])
    logs, place = np.log(y[-count:]), np.log(x[-count:] / x[-1])
    design = np.stack([np.ones(count), place, place**2], axis=1)
    smooth = design @ np.linalg.pinv(design)
    trend = smooth @ logs
    rough = float(np.sqrt(np.sum((logs - trend) ** 2) / (count - 3)))
    if rough < 1e-9:
        return NONE
    from scipy.special import ndtri

    draws = np.random.default_rng(seed).random((SERIES, count))
    lowest = -ndtri(draws ** (1.0 / evaluations))
    series = np.minimum.accumulate(trend + SIZES[:, None, None] * rough * lowest, axis=-1)
    left = series - series @ smooth
    roughness = np.sqrt(np.sum(left**2, axis=-1) / (count - 3)).mean(axis=1)
    offsets = np.mean(trend[-1] - series[..., -1], axis=1)
    climbing = np.maximum.accumulate(roughness)
    scatter = float(np.interp(rough, climbing, SIZES * rough))
    return BestSoFar(float(np.interp(scatter, SIZES * rough, offsets)), scatter)
