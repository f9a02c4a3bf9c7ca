"""Clusters of planted points; what is and is not a matrix of cosines; stability tells whole clusters from split ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal
from quantal.errors import InputError

pytestmark = pytest.mark.extras


def issue_points(count: int, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """.45 of the centre and .55 of noise in 400 dimensions, centres drawn as rank^-1.24."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, clusters + 1.0) ** -1.24
    centres = rng.standard_normal((clusters, 400))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = rng.choice(clusters, count, p=weights / weights.sum())
    points = 0.45 * centres[truth] + 0.55 * rng.standard_normal((count, 400)) / 20
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return (points @ points.T).astype(np.float32), truth


@pytest.mark.parametrize(("count", "clusters", "least"), [(1000, 100, 0.85), (3000, 200, 0.8)])
def test_planted_clusters_are_found(count: int, clusters: int, least: float) -> None:
    from sklearn.metrics import adjusted_rand_score

    cosines, truth = issue_points(count, clusters, 0)
    labels = quantal.discover.clusters(cosines, clusters)
    assert labels.shape == (count,)
    assert adjusted_rand_score(truth, labels) >= least
    assert np.all(np.diff(np.bincount(labels)) <= 0)


def test_the_papers_way_finds_fewer() -> None:
    from sklearn.metrics import adjusted_rand_score

    cosines, truth = issue_points(400, 40, 0)
    ours = adjusted_rand_score(truth, quantal.discover.clusters(cosines, 40))
    theirs = adjusted_rand_score(truth, quantal.discover.clusters(cosines, 40, way="paper"))
    assert ours > theirs + 0.2


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(2, 12), min_size=2, max_size=6), st.integers(0, 1000))
def test_blocks_that_are_apart_come_back_whole(sizes: list[int], seed: int) -> None:
    truth = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(seed).permutation(len(truth))
    truth = truth[order]
    cosines = np.where(truth[:, None] == truth[None, :], 0.8, 0.0)
    np.fill_diagonal(cosines, 1.0)
    labels = quantal.discover.clusters(cosines, len(sizes), seed=seed)
    together = labels[:, None] == labels[None, :]
    assert np.array_equal(together, truth[:, None] == truth[None, :])


def test_bad_matrices_are_refused() -> None:
    clusters = quantal.discover.clusters
    with pytest.raises(InputError, match="shape"):
        clusters(np.ones((2, 3)), 1)
    with pytest.raises(InputError, match="outside -1 to 1"):
        clusters(np.array([[1.0, np.nan], [np.nan, 1.0]]), 1)
    with pytest.raises(InputError, match="not symmetric"):
        clusters(np.array([[1.0, 0.5], [0.1, 1.0]]), 1)
    with pytest.raises(InputError, match="fewer clusters"):
        clusters(np.eye(3), 4)


def test_stability_tells_whole_clusters_from_split_ones() -> None:
    from sklearn.metrics import roc_auc_score

    scores, whole = [], []
    for seed in range(3):
        cosines, truth = quantal.discover.planted(600, 24, slope=-1.0, within=0.4, seed=seed)
        labels = quantal.discover.clusters(cosines, 36, seed=seed)
        found = quantal.discover.stability(cosines, labels, resamples=8, seed=seed)
        for label in range(36):
            inside = labels == label
            if inside.sum() < 3:
                continue
            best = max(np.sum(inside & (truth == z)) / np.sum(inside | (truth == z)) for z in range(24))
            if best >= 0.75 or best < 0.6:
                scores.append(found[label])
                whole.append(best >= 0.75)
    assert 10 < np.sum(whole) < len(whole) - 5
    assert roc_auc_score(whole, scores) >= 0.9


def noise(count: int, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((count, 300))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points @ points.T


def test_noise_has_no_stable_clusters() -> None:
    from quantal.discover.discovery import described, null_cohesion

    called = []
    for seed in range(20):
        cosines = noise(200, seed)
        labels = quantal.discover.clusters(cosines, 20, seed=seed)
        found = quantal.discover.stability(cosines, labels, resamples=4, seed=seed)
        null = null_cohesion(noise(200, 1000 + seed), 20, seed=seed)
        called.append(sum(one.stable for one in described(cosines, labels, found, null=null)))
    assert np.sum(np.array(called) <= 1) >= 19
