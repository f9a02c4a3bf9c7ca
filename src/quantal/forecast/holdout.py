"""Hold-out by scale: fit below a cutoff, score above it, for several cutoffs (rolling origin)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.laws.law import Floats

FACTORS = (2.0, 2.6, 3.2, 4.2, 6.0, 8.4)
"""By how much each cutoff lies below the largest x, at least."""
REACH = 2.12
FEWEST = 6


class Origin(NamedTuple):
    """One cutoff: the last point fitted lies ``factor`` below the largest x; masks (n,) of the points fitted and scored."""

    factor: float
    below: np.ndarray
    above: np.ndarray


def rolling_origins(
    x: Floats, factors: tuple[float, ...] = FACTORS, reach: float = REACH, fewest: int = FEWEST
) -> tuple[Origin, ...]:
    """Cutoffs at the last point not above x.max() / factor; scored are the points beyond it, up to ``reach`` times its x.

    Cutoffs that leave fewer than ``fewest`` different x below, or none above, are left out, and so are repeated ones.

    >>> [(one.factor, int(one.below.sum()), int(one.above.sum())) for one in rolling_origins(2.0 ** np.arange(10))]
    [(2.0, 9, 1), (4.0, 8, 1), (8.0, 7, 1), (16.0, 6, 1)]
    """
    found: list[Origin] = []
    most = float(x.max())
    for factor in factors:
        below = x <= most / factor * (1 + 1e-9)
        if len(np.unique(x[below])) < fewest:
            continue
        last = float(x[below].max())
        above = (x > last) & (x <= reach * last)
        if above.any() and all(below.sum() != one.below.sum() for one in found):
            found.append(Origin(most / last, below, above))
    return tuple(found)
