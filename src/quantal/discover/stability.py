"""How well each cluster comes back when tokens are resampled and the clustering starts from another seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.discover.clusters import Labels, affinity, checked_cosines, embedding, partition
from quantal.discover.opposites import without_camps

Floats = NDArray[np.float64]
LEAST_SIZE = 3
"""A smaller cluster is not called stable: a pair that is near by chance comes back, too."""
_SHARE = 0.8


def stability(
    similarity: Any,
    labels: Labels,
    *,
    resamples: int = 20,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> Floats:
    """The mean Jaccard index of each cluster with its nearest one when 4 in 5 tokens are clustered anew, shape (K,).

    A cluster is cut to the tokens that were drawn before it is compared (Hennig 2007, Computational Statistics & Data Analysis 52).
    1 is a cluster that always comes back as it is; NaN one of which two tokens were never drawn together.
    """
    cosines = checked_cosines(similarity)
    count, clusters = len(cosines), int(labels.max()) + 1
    whole = affinity(without_camps(cosines))
    total = np.zeros(clusters)
    drawn = np.zeros(clusters)
    for resample in range(resamples):
        rng = np.random.default_rng([seed, 0x7B, resample])
        some = np.sort(rng.choice(count, max(clusters, int(_SHARE * count)), replace=False))
        weights = whole[some][:, some]
        again = partition(embedding(weights, clusters, seed + resample), clusters, seed + resample, starts=1)
        best, sizes = nearest_jaccard(labels[some], again, clusters)
        seen = sizes >= 2
        total[seen] += best[seen]
        drawn[seen] += 1
        if progress is not None:
            progress(resample + 1, resamples)
    with np.errstate(invalid="ignore"):
        return total / drawn


def nearest_jaccard(labels: Labels, others: Labels, clusters: int) -> tuple[Floats, NDArray[np.int64]]:
    """For each cluster of ``labels`` its largest Jaccard index with one of ``others``, and its size, both of shape (clusters,).

    >>> import numpy as np
    >>> nearest_jaccard(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)[0]
    array([0.5, 0.5])
    """
    table = np.zeros((clusters, int(others.max()) + 1), dtype=np.int64)
    np.add.at(table, (labels, others), 1)
    sizes, across = table.sum(1), table.sum(0)
    return (table / (sizes[:, None] + across[None, :] - table)).max(1), sizes
