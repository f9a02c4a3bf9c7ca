"""Gradients that point apart: a direction that splits all tokens into two camps is taken off, and opposite clusters are merged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import InputError

_MOST = 4
_LEAST_WITHIN = 0.1


def without_camps(cosines: NDArray[Any]) -> NDArray[Any]:
    """Cosines with a shared direction taken off while it splits the tokens into two camps that point apart, whatever their cluster.

    So do samples with opposite labels: their error has the opposite sign, in every task. The camps are the signs s of the leading
    eigenvector; they point apart where the median cosine between them is below minus half its spread (1.48 median deviations). Each
    token shares u_i of the direction, the median over tokens j of s_i s_j C_ij / u_j, three times over (a median, so that a large
    cluster does not count as what all share); then C_ij becomes (C_ij - s_i u_i s_j u_j) / sqrt((1 - u_i^2) (1 - u_j^2)). At most
    four directions are taken off.
    """
    for _ in range(_MOST):
        vector = _leading(cosines)
        if not _points_apart(cosines, vector):
            break
        along = _shared(cosines, np.where(vector > 0, 1.0, -1.0)).astype(cosines.dtype)
        scale = 1 / np.sqrt(1 - along**2)
        cosines = cosines - np.outer(along, along)
        cosines *= scale[:, None]
        cosines *= scale[None, :]
        np.clip(cosines, -1, 1, out=cosines)
    return cosines


def merge_opposites(similarity: Any, labels: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Labels of k groups of clusters whose mean gradients lie along one line, in the same direction or in opposite ones.

    Rule: the cosine of two clusters' gradients is M_ab / sqrt(M_aa M_bb), M the mean cosine over pairs of different tokens, one in
    each (M_aa at least 0.1, and the median of the larger clusters for one of a single token); clusters are merged by Ward's linkage
    of the distance 1 - |cosine| until k groups are left.

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
    length = np.sqrt(np.maximum(np.where(sizes > 1, within, usual), _LEAST_WITHIN))
    line = np.clip(np.abs(total / np.outer(sizes, sizes) / np.outer(length, length)), 0, 1)
    np.fill_diagonal(line, 1.0)
    apart = squareform(1 - (line + line.T) / 2, checks=False)
    return by_size(fcluster(linkage(apart, "ward"), k, "maxclust")[labels])


def _leading(cosines: NDArray[Any]) -> NDArray[Any]:
    """The leading eigenvector, near enough, by 30 power steps from the row of the largest sum of squares."""
    vector = cosines[int(np.argmax(np.einsum("ij,ij->i", cosines, cosines)))].copy()
    for _ in range(30):
        vector = cosines @ vector
        vector /= np.linalg.norm(vector)
    return vector


def _shared(cosines: NDArray[Any], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """s_i u_i of each token, from its cosines with at most 1,500 tokens."""
    some = np.arange(0, len(signs), max(1, len(signs) // 1500))
    agreed = cosines[:, some] * (signs[:, None] * signs[None, some])
    share = np.full(len(signs), np.sqrt(np.clip(np.median(agreed), 0.02**2, 0.95**2)))
    for _ in range(3):
        share = np.clip(np.median(agreed / share[some], axis=1), 0.02, 0.95)
    return signs * share


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
