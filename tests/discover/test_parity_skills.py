"""On a network whose quanta are known, multitask sparse parity, the clusters are the tasks' patterns, and merged the tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import quantal

pytestmark = pytest.mark.extras
TASKS, BITS, K = 16, 32, 2


def trained(seed: int) -> tuple[Any, Any]:
    """A network of one hidden layer trained on tasks drawn as rank^-1.4, and what draws samples for it."""
    import torch

    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    chosen: set[tuple[int, ...]] = set()
    while len(chosen) < TASKS:
        chosen.add(tuple(sorted(rng.choice(BITS, K, replace=False).tolist())))
    subsets = np.array(sorted(chosen))[rng.permutation(TASKS)]
    weights = np.arange(1, TASKS + 1.0) ** -1.4

    def draw(count: int) -> tuple[Any, Any, np.ndarray, np.ndarray]:
        task = rng.choice(TASKS, count, p=weights / weights.sum())
        bits = rng.integers(0, 2, (count, BITS))
        pattern = bits[np.arange(count)[:, None], subsets[task]]
        inputs = np.zeros((count, TASKS + BITS), dtype=np.float32)
        inputs[np.arange(count), task] = 1
        inputs[:, TASKS:] = bits
        return torch.tensor(inputs), torch.tensor(pattern.sum(1) % 2), task, pattern @ (2 ** np.arange(K))

    net = torch.nn.Sequential(torch.nn.Linear(TASKS + BITS, 256), torch.nn.ReLU(), torch.nn.Linear(256, 2))
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.0)
    for _ in range(4000):
        inputs, labels, _, _ = draw(1000)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs), labels).backward()
        optimizer.step()
    return net.double(), draw


def test_clusters_are_the_quanta() -> None:
    import torch
    from sklearn.metrics import adjusted_rand_score

    net, draw = trained(0)
    inputs, labels, task, pattern = draw(1200)
    cross_entropy = torch.nn.functional.cross_entropy
    losses = cross_entropy(net(inputs.double()), labels, reduction="none").detach().numpy()
    kept = np.flatnonzero((losses < 0.1) & (losses > 0))
    assert len(kept) > 1100
    pairs = [(inputs[one].double(), labels[one]) for one in kept]
    cosines = quantal.discover.similarity(net, pairs, mode="exact", loss=cross_entropy)
    truth = task[kept] * 2**K + pattern[kept]
    found = quantal.discover.clusters(cosines, len(np.unique(truth)))
    assert adjusted_rand_score(truth, found) >= 0.8
    merged = quantal.discover.merge_opposites(cosines, found, len(np.unique(task[kept])))
    assert adjusted_rand_score(task[kept], merged) >= 0.75
