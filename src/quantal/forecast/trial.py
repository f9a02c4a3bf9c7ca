"""A past extrapolation of runs, as a forecast reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """How many decades of cost it reached, over how many runs, with each law's and the average's root mean square log error."""

    decades: float
    n_runs: int
    errors: Mapping[str, float]
    average: float
