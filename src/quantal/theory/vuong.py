"""Vuong's test: which of two laws lies closer to what was observed, or that the data cannot tell."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

LEVEL = 0.05


@dataclass(frozen=True)
class LawComparison:
    """Two laws of the same observations.

    `ratio` is the log-likelihood of the first less that of the second, `statistic` the same in standard deviations (Vuong's z),
    `p_value` the chance of one as large were both equally close (for nested laws the likelihood-ratio test of the larger
    one), `preferred` the closer law, or None where p_value is above 0.05.
    """

    of: str
    first: str
    second: str
    ratio: float
    statistic: float | None
    p_value: float
    nested: bool
    preferred: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, one key a field."""
        return asdict(self)


def vuong(
    of: str, first: str, second: str, difference: Array, weights: Array, extra: int = 0, correction: float = 0.0
) -> LawComparison:
    """Compare two fitted laws by the differences of their log-likelihoods.

    Args:
        of: what is observed.
        first, second: the laws' names.
        difference: ln p_first - ln p_second at each observation, shape (M,).
        weights: how many observations share it, shape (M,).
        extra: by how many parameters the second, larger law contains the first; 0 where neither contains the other.
        correction: by how much the first's complexity penalty exceeds the second's (Schwarz: (k1 - k2)/2 ln n).

    Source: Vuong 1989, eq. 3.1 (z for laws that are not nested), theorem 3.3 and Wilks 1938 (nested).

    >>> vuong("counts", "a", "b", np.array([0.3, -0.1]), np.array([60.0, 40.0])).preferred
    'a'
    """
    n = float(weights.sum())
    ratio = float(weights @ difference)
    mean = ratio / n
    variance = float(weights @ (difference - mean) ** 2) / n
    spread = math.sqrt(n * variance)
    if extra:
        statistic = None
        p_value = float(special.chdtrc(extra, max(0.0, -2.0 * ratio)))
        preferred = second if p_value < LEVEL else None
    else:
        corrected = ratio - correction
        same = spread <= 1e-12 * max(1.0, abs(ratio))
        statistic = None if same else corrected / spread
        p_value = 1.0 if statistic is None else math.erfc(abs(statistic) / math.sqrt(2.0))
        preferred = (first if corrected > 0 else second) if p_value < LEVEL else None
    return LawComparison(of, first, second, ratio, statistic, p_value, bool(extra), preferred)
