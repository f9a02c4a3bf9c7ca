"""On networks whose quanta are known, multitask sparse parity, the clusters are the tasks' patterns, and merged the tasks."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.reproduce.parity_quanta import parity_claims, parity_config, parity_module, parity_samples, recovered
from quantal.train import ParityConfig, parity_networks, train_parity

pytestmark = pytest.mark.extras


def test_clusters_are_the_quanta() -> None:
    found = recovered(parity_config(1))
    assert found.learned == 16
    assert found.patterns >= 0.8
    assert found.tasks >= 0.8
    assert found.patterns > found.paper_patterns + 0.3
    assert found.tasks > found.paper_tasks + 0.3
    low, high = found.slope.corrected.interval(95.0)
    assert low <= -1.4 <= high
    patterns, tasks, _ = parity_claims([found])
    assert patterns.verdict == tasks.verdict == "holds"
    assert patterns.predicted["the published procedure"] == found.paper_patterns


@pytest.mark.slow
def test_clusters_are_the_quanta_of_five_networks() -> None:
    found = [recovered(parity_config(seed), paper=False) for seed in range(5)]
    assert min(one.patterns for one in found) >= 0.8
    assert np.median([one.tasks for one in found]) >= 0.8
    intervals = [one.slope.corrected.interval(95.0) for one in found]
    assert sum(low <= -1.4 <= high for low, high in intervals) >= 4


def test_weights_are_those_that_were_trained() -> None:
    import torch

    config = ParityConfig(tasks=4, bits=8, k=2, widths=(16, 6), batch_size=200, steps=300, learning_rates=(1e-2,))
    result, networks = parity_networks(config)
    assert np.array_equal(result.subtask_loss, train_parity(config).subtask_loss)
    drawn, batch, truth = parity_samples(config, 4000)
    assert np.array_equal(truth // 4, batch.tasks)
    for net, weights in enumerate(networks):
        with torch.no_grad():
            logits = parity_module(weights)(torch.stack([one for one, _ in drawn]))
            loss = torch.nn.functional.cross_entropy(logits, torch.as_tensor(batch.labels)).item()
        assert loss == pytest.approx(float(result.final_loss[net]), abs=0.05)
