"""Gradients that point apart: a direction that splits all tokens into two camps is taken off, and opposite clusters are merged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError

_MOST = 4


def without_camps(cosines: NDArray[Any]) -> NDArray[Any]:
    """Cosines with the leading direction taken off while it splits the tokens into two camps that point apart, whatever their cluster.

    So do samples with opposite labels: their error has the opposite sign, in every task. The camps are the signs of the leading
    eigenvector; they point apart where the median cosine between them is below minus half its spread (1.48 median deviations). Then
    g becomes g - (g.u) u, normalised, u the leading principal direction of the gradients; at most four times.
    """
    for _ in range(_MOST):
        value, vector = _leading_pair(cosines)
        if not _points_apart(cosines, vector):
            break
        along = np.sqrt(value) * vector
        left = np.maximum(1 - along.astype(np.float64) ** 2, 1e-6)
        scale = (1 / np.sqrt(left)).astype(cosines.dtype)
        cosines = cosines - np.outer(along, along)
        cosines *= scale[:, None]
        cosines *= scale[None, :]
        np.clip(cosines, -1, 1, out=cosines)
    return cosines


def merge_opposites(similarity: Any, labels: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Labels of k groups of clusters whose mean gradients lie along one line, in the same direction or in opposite ones.

    Rule: the cosine of two clusters' gradients is M_ab / sqrt(M_aa M_bb), M the mean cosine over pairs of different tokens, one in
    each (M_aa at least 0.02, and the median of the larger clusters for one of a single token); clusters are merged by average
    linkage of 1 - |cosine| until k groups are left.

    Raises:
        InputError: k is not 1 to the number of clusters.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    from quantal.discover.clusters import by_size, checked_cosines

    count = int(labels.max()) + 1
    if not 1 <= k <= count:
        raise InputError(f"k = {k}: {count} clusters make 1 to {count} groups")
    if count == 1:
        return labels
    cosines = checked_cosines(similarity)
    member = np.eye(count)[labels]
    sizes = member.sum(0)
    total = member.T @ cosines @ member
    within = (np.diagonal(total) - sizes) / np.maximum(sizes * (sizes - 1), 1)
    usual = float(np.median(within[sizes > 1])) if np.any(sizes > 1) else 1.0
    length = np.sqrt(np.maximum(np.where(sizes > 1, within, usual), 0.02))
    line = np.clip(np.abs(total / np.outer(sizes, sizes) / np.outer(length, length)), 0, 1)
    np.fill_diagonal(line, 1.0)
    apart = squareform(1 - (line + line.T) / 2, checks=False)
    return by_size(fcluster(linkage(apart, "average"), k, "maxclust")[labels])


def _leading_pair(cosines: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """The largest eigenvalue and its eigenvector, near enough, by 30 power steps from the row of the largest sum of squares."""
    vector = cosines[int(np.argmax(np.einsum("ij,ij->i", cosines, cosines)))].copy()
    for _ in range(30):
        vector = cosines @ vector
        vector /= np.linalg.norm(vector)
    return float(vector @ (cosines @ vector)), vector


def _points_apart(cosines: NDArray[Any], vector: NDArray[Any]) -> bool:
    step = max(1, len(vector) // 1500)
    some = np.arange(0, len(vector), step)
    one, other = some[vector[some] > 0], some[vector[some] <= 0]
    if min(len(one), len(other)) < max(2, len(some) // 10):
        return False
    between = cosines[np.ix_(one, other)]
    middle = float(np.median(between))
    spread = 1.4826 * float(np.median(np.abs(between - middle)))
    return middle < -max(0.5 * spread, 0.01)
