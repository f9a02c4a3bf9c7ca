"""Discovery on networks whose quanta are known, multitask sparse parity: are the clusters of gradients the tasks' patterns?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.discover import Slope, calibrated_slope, clusters, many_clusters, merge_opposites, similarity
from quantal.extras import extra
from quantal.reproduce.claim import Claim, judged
from quantal.train import ParityConfig, parity_networks
from quantal.train.parity_data import Batch, Stream, subsets

_LEARNED = 0.1


@dataclass(frozen=True)
class Recovered:
    """How well one network's quanta come back, as adjusted Rand indices, and the slope of the clusters' sizes.

    patterns: against (task, pattern of its k bits). tasks: against the task, after `merge_opposites`. paper_patterns and paper_tasks:
    the published clustering, into as many clusters. slope.corrected estimates the slope of the tasks' frequencies, -(gamma + 1).
    """

    seed: int
    learned: int
    samples: int
    patterns: float
    tasks: float
    paper_patterns: float
    paper_tasks: float
    slope: Slope


def parity_config(seed: int, *, steps: int = 4000) -> ParityConfig:
    """16 tasks of 2 in 32 bits, p_i ∝ i^-1.4, one hidden layer of 256; in 4,000 steps every task is learned."""
    return ParityConfig(
        tasks=16,
        bits=32,
        k=2,
        widths=(256,),
        net_seeds=(seed,),
        learning_rates=(3e-3,),
        batch_size=1000,
        steps=steps,
        seed=seed,
    )


def parity_module(weights: dict[str, NDArray[Any]]) -> Any:
    """A network of one hidden layer from `quantal.train.parity_networks` as a module of PyTorch, in float64.

    It takes a one-hot task and then the bits, shape (..., tasks + bits), and gives two logits.
    """
    torch = extra("torch", "discover", "reading gradients")
    first = np.concatenate([weights["task"], weights["bits"]])
    inputs, width = first.shape
    module = torch.nn.Sequential(torch.nn.Linear(inputs, width), torch.nn.ReLU(), torch.nn.Linear(width, 2)).double()
    values = (first.T, weights["bias"][0], weights["out"], weights["out_bias"][:, 0])
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(torch.as_tensor(np.ascontiguousarray(value)))
    return module


def parity_samples(config: ParityConfig, count: int) -> tuple[list[tuple[Any, Any]], Batch, NDArray[np.int64]]:
    """Fresh samples as (inputs, label) pairs for `similarity`, the batch they come from, and each one's (task, pattern) as a number."""
    torch = extra("torch", "discover", "reading gradients")
    chosen = subsets(config)
    drawn = ParityConfig.from_dict(config.to_dict() | {"batch_size": count})
    batch = Stream(drawn, chosen).batch(config.steps)
    own = batch.bits[np.arange(count)[:, None], chosen[batch.tasks]].astype(np.int64)
    inputs = np.concatenate([np.eye(config.tasks)[batch.tasks], batch.bits], axis=1)
    pairs = [(torch.as_tensor(one), torch.as_tensor(label)) for one, label in zip(inputs, batch.labels, strict=True)]
    return pairs, batch, batch.tasks * 2**config.k + own @ (2 ** np.arange(config.k))


def recovered(config: ParityConfig, *, samples: int = 1200, paper: bool = True, seed: int = 0) -> Recovered:
    """Train the config's network and discover on it: samples predicted with a loss below 0.1 nats, exact cosines, true numbers of clusters.

    Raises:
        QuantalError: torch or scikit-learn is not installed.
    """
    torch = extra("torch", "discover", "reading gradients")
    rand: Any = extra("sklearn.metrics", "discover", "the adjusted Rand index").adjusted_rand_score
    result, (weights,) = parity_networks(config)
    module = parity_module(weights)
    pairs, batch, truth = parity_samples(config, samples)
    with torch.no_grad():
        logits = module(torch.stack([one for one, _ in pairs]))
        losses = torch.nn.functional.cross_entropy(logits, torch.as_tensor(batch.labels), reduction="none").numpy()
    kept = np.flatnonzero((losses < _LEARNED) & (losses > 0))
    cosines = similarity(
        module, [pairs[one] for one in kept], "exact", loss=torch.nn.functional.cross_entropy, seed=seed
    )
    patterns, tasks = truth[kept], batch.tasks[kept]
    count, groups = len(np.unique(patterns)), len(np.unique(tasks))
    partitions = many_clusters(cosines, [max(2, count // 4), max(2, count // 2), count], seed=seed)
    found = partitions[count]

    def published(against: NDArray[np.int64], k: int) -> float:
        return float(rand(against, clusters(cosines, k, way="paper", seed=seed))) if paper else float("nan")

    return Recovered(
        seed=config.seed,
        learned=int(result.learned_count()[0]),
        samples=len(kept),
        patterns=float(rand(patterns, found)),
        tasks=float(rand(tasks, merge_opposites(cosines, found, groups))),
        paper_patterns=published(patterns, count),
        paper_tasks=published(tasks, groups),
        slope=calibrated_slope(cosines, partitions, alike=2**config.k, seed=seed),
    )


def parity_claims(found: Sequence[Recovered]) -> tuple[Claim, ...]:
    """Claims on several networks of `parity_config`, in the mean: patterns and tasks come back, and the slope is that of the tasks."""

    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in found]))

    def back(what: str, ours: str, published: str) -> Claim:
        return judged(
            f"{what} come back from gradients: adjusted Rand index, mean of {len(found)} networks (to 0.2)",
            {"all found": 1.0, "the published procedure": mean(published)},
            mean(ours),
            tolerance=0.2,
        )

    slopes = [one.slope.corrected.value for one in found if one.slope.corrected.value is not None]
    error = float(np.std(slopes, ddof=1) / np.sqrt(len(slopes))) if len(slopes) > 1 else None
    return (
        back("the patterns of parity tasks", "patterns", "paper_patterns"),
        back("parity tasks, their opposite patterns merged,", "tasks", "paper_tasks"),
        judged(
            f"sizes of patterns fall by rank as the tasks' frequencies do, once the bias is taken off (mean of {len(slopes)} networks)",
            {"planted": -(parity_config(0).gamma + 1)},
            float(np.mean(slopes)) if slopes else float("nan"),
            standard_error=error,
        ),
    )
