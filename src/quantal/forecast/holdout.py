"""Hold-out by scale: fit below a cutoff, score above it, for several cutoffs (rolling origin)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.laws.law import Floats

FACTORS = (2.1, 2.6, 3.2, 4.2, 6.0, 8.4)
"""By how much each cutoff lies below the largest x."""
REACH = 2.12
FEWEST = 6


class Origin(NamedTuple):
    """One cutoff: it lies ``factor`` below the largest x; masks (n,) of the points fitted and of those scored."""

    factor: float
    below: np.ndarray
    above: np.ndarray


def rolling_origins(
    x: Floats, factors: tuple[float, ...] = FACTORS, reach: float = REACH, fewest: int = FEWEST
) -> tuple[Origin, ...]:
    """Cutoffs at x.max() / factor; scored are the points from a cutoff to ``reach`` times it.

    Cutoffs that leave fewer than ``fewest`` different x below, or none above, are left out, and so are repeated ones.

    >>> [(round(one.factor, 1), int(one.below.sum()), int(one.above.sum())) for one in rolling_origins(2.0 ** np.arange(10))]
    [(2.1, 8, 1), (4.2, 7, 1), (8.4, 6, 1)]
    """
    found: list[Origin] = []
    for factor in factors:
        cutoff = float(x.max()) / factor * (1 + 1e-4)
        below, above = x <= cutoff, (x > cutoff) & (x <= reach * cutoff)
        if len(np.unique(x[below])) < fewest or not above.any():
            continue
        if all(below.sum() != one.below.sum() for one in found):
            found.append(Origin(factor, below, above))
    return tuple(found)
