"""Planted clusters: points whose true clusters are known, to measure how good a clustering or a slope is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantal.discover.clusters import Labels

Floats = NDArray[np.float32]


def planted(
    count: int,
    clusters: int,
    *,
    slope: float = -1.24,
    within: float = 0.4,
    dimension: int = 400,
    seed: int = 0,
    alike: int = 1,
) -> tuple[Floats, Labels]:
    """Cosines (n, n) of points about random centres, and the centre of each, shape (n,).

    Point = sqrt(within) c_z + sqrt(1 - within) g, normalised: c a unit vector, g Gaussian of unit length, z drawn with
    p_r ∝ ceil(r / alike)^slope, ``alike`` clusters of each frequency; so the cosine of two points is about ``within`` in one cluster,
    and 0 +- 1/sqrt(dimension) otherwise.
    """
    rng = np.random.default_rng(seed)
    weights = np.ceil(np.arange(1, clusters + 1) / alike) ** slope
    centres = rng.standard_normal((clusters, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = rng.choice(clusters, count, p=weights / weights.sum())
    points = np.sqrt(within) * centres[truth] + np.sqrt((1 - within) / dimension) * rng.standard_normal(
        (count, dimension)
    )
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    return np.clip(points @ points.T, -1, 1), truth.astype(np.int64)
