"""Clusters of tokens from the cosines of their gradients: spectral clustering with the chance level taken off."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.discover.opposites import without_camps
from quantal.errors import InputError
from quantal.extras import extra

Labels = NDArray[np.int64]
Way = Literal["chance-off", "paper"]
_STARTS = 3
_PAPER_STARTS = 30
_SPREADS = 2.0
_HALF_NORMAL_MEDIAN = 0.6744897501960817


def clusters(similarity: ArrayLike, k: int, *, way: Way = "chance-off", seed: int = 0) -> Labels:
    """Labels 0 to k - 1 of k clusters, the largest 0, shape (n,), from cosines of gradients, shape (n, n).

    The angular similarity is A = 1 - arccos(cosine)/pi, 1/2 for unrelated tokens. way="chance-off" clusters the affinity
    W = max(A - 1/2 - 2 sigma, 0)^2, sigma the spread of A below 1/2, where only chance is: k-means on the k leading eigenvectors of
    D^-1/2 W D^-1/2, each times the square root of its eigenvalue, with every token's row of unit length (Ng, Jordan and Weiss 2001).
    A direction that splits all tokens into two camps that point apart is taken off first (`without_camps`). way="paper" is that of
    Michaud et al. 2023, section 5: scikit-learn's SpectralClustering of A itself, with 30 starts.

    Raises:
        InputError: the matrix is none of cosines, or k is not 1 to n.
        QuantalError: scikit-learn is not installed.
    """
    return many_clusters(similarity, [k], way=way, seed=seed)[k]


def many_clusters(
    similarity: ArrayLike, ks: Sequence[int], *, way: Way = "chance-off", seed: int = 0
) -> Mapping[int, Labels]:
    """`clusters` for several numbers of clusters, from one eigendecomposition (way="paper" makes one for each).

    Raises:
        InputError: the matrix is none of cosines, or a k is not 1 to n.
    """
    cosines = checked_cosines(similarity)
    for k in ks:
        if not 1 <= k <= len(cosines):
            raise InputError(
                f"k = {k}: {len(cosines)} tokens make 1 to {len(cosines)} clusters; ask for fewer clusters or give more tokens"
            )
    if way == "paper":
        return {k: _paper(cosines, k, seed) for k in ks}
    if way != "chance-off":
        raise InputError(f"way {way!r}: it must be 'chance-off' or 'paper'")
    places = embedding(affinity(without_camps(cosines)), max(ks), seed)
    return {k: partition(places, k, seed) for k in ks}


def checked_cosines(similarity: ArrayLike) -> NDArray[Any]:
    """The matrix, if it is square, finite, symmetric and within [-1, 1].

    Raises:
        InputError: it is not.
    """
    matrix = np.asarray(similarity)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise InputError(
            f"similarity of shape {matrix.shape}: it must be (n, n), the cosines of n tokens with one another"
        )
    if matrix.dtype.kind != "f":
        matrix = matrix.astype(np.float64)
    for start in range(0, len(matrix), 1024):
        rows = matrix[start : start + 1024]
        if not np.all(np.abs(rows) <= 1.0001):
            raise InputError(
                "similarity holds values outside -1 to 1, or NaN: it must be cosines; make it with quantal.discover.similarity"
            )
        if not np.allclose(rows, matrix[:, start : start + 1024].T, atol=1e-4):
            raise InputError("similarity is not symmetric: it must be cosines of tokens with one another")
    return matrix


def affinity(cosines: NDArray[Any]) -> Any:
    """max(A - 1/2 - 2 sigma, 0)^2 as a sparse matrix, with 1/4 on the diagonal; A - 1/2 = arcsin(cosine)/pi."""
    from scipy import sparse

    level = _SPREADS * chance_spread(cosines)
    rows = []
    for start in range(0, len(cosines), 512):
        angular = np.arcsin(np.clip(cosines[start : start + 512], -1, 1)) / np.pi
        rows.append(sparse.csr_array(np.maximum(angular - level, 0) ** 2))
    stacked = sparse.vstack(rows, format="csr")
    return stacked + sparse.diags_array(0.25 - stacked.diagonal(), dtype=stacked.dtype)


def chance_spread(cosines: NDArray[Any]) -> float:
    """sigma of A - 1/2 for unrelated tokens: the median size of what lies below 0, over that of a half-normal; 0 where nothing does.

    >>> import numpy as np
    >>> chance_spread(np.eye(3))
    0.0
    """
    step = max(1, len(cosines) // 1500)
    some = cosines[::step, ::step]
    below = -some[some < 0]
    return float(np.arcsin(np.median(below)) / math.pi / _HALF_NORMAL_MEDIAN) if below.size else 0.0


def embedding(weights: Any, k: int, seed: int) -> NDArray[Any]:
    """The k leading eigenvectors of D^-1/2 W D^-1/2, each times the root of its eigenvalue, the leading first, shape (n, k)."""
    scale = 1 / np.sqrt(np.asarray(weights.sum(axis=1)).ravel())
    scaled = weights.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()
    values, vectors = _leading(scaled, k, seed)
    order = np.argsort(-values, kind="stable")
    return vectors[:, order] * np.sqrt(np.maximum(values[order], 0))


def _leading(matrix: Any, k: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Leading eigenvalues and eigenvectors of a sparse symmetric matrix; whole where it is small, or where Lanczos does not converge."""
    from scipy import linalg, sparse

    count = matrix.shape[0]
    if count > 600 and k <= count // 4:
        start = np.random.default_rng(seed).standard_normal(count).astype(matrix.dtype)
        operator = matrix if matrix.nnz < 0.25 * count**2 else matrix.toarray()
        try:
            return sparse.linalg.eigsh(
                operator, k, which="LA", v0=start, ncv=min(count, max(2 * k + 1, 60)), maxiter=200
            )
        except sparse.linalg.ArpackNoConvergence:
            pass
    return linalg.eigh(matrix.toarray().astype(np.float64), subset_by_index=(count - k, count - 1))


def partition(places: NDArray[Any], k: int, seed: int, *, starts: int = _STARTS) -> Labels:
    """k-means on the directions of the first k coordinates; the largest cluster is 0."""
    cluster = extra("sklearn.cluster", "discover", "clustering")
    exceptions = extra("sklearn.exceptions", "discover", "clustering")
    length = np.linalg.norm(places[:, :k], axis=1, keepdims=True)
    directions = places[:, :k] / np.maximum(length, np.finfo(places.dtype).tiny)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        found = cluster.KMeans(k, n_init=starts, random_state=seed).fit(directions).labels_
    return by_size(found)


def by_size(labels: ArrayLike) -> Labels:
    """Labels anew, 0 for the largest cluster; of equals the one that comes first.

    >>> by_size([7, 3, 3, 7, 3]).tolist()
    [1, 0, 0, 1, 0]
    """
    _, first, inverse, counts = np.unique(
        np.asarray(labels), return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -counts))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[inverse].astype(np.int64)


def _paper(cosines: NDArray[Any], k: int, seed: int) -> Labels:
    cluster = extra("sklearn.cluster", "discover", "clustering")
    angular = 1 - np.arccos(np.clip(cosines, -1, 1)) / np.pi
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cluster.SpectralClustering(k, affinity="precomputed", n_init=_PAPER_STARTS, random_state=seed).fit(
            angular
        )
    return by_size(found.labels_)
