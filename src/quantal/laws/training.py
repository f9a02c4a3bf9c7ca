"""Best learning rate and batch size from size and data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.draws import middle
from quantal.laws.jet import exp, log
from quantal.laws.law import Floats, Target, law
from quantal.laws.parameter import Positive, Real

STEP_LAW = "Li et al. 2025, Predictable Scale part I (arXiv 2503.04715)"


def _rate_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    p, q = rng.normal(0.0, 0.7, (2, count))
    return np.stack([middle(y) * middle(inputs["params"]) ** -p * middle(inputs["tokens"]) ** -q, p, q], axis=-1)


@law(
    title="Step law, learning rate",
    source=STEP_LAW,
    target=Target("learning_rate", ""),
    starts=_rate_starts,
    published={"Li et al. 2025": {"c": 1.79, "p": -0.713, "q": 0.307}},
)
def step_learning_rate(params: Any, tokens: Any, *, c: Positive, p: Real, q: Real) -> Any:
    r"""\eta(N, D) = c N^p D^q

    c: best learning rate at N = D = 1
    p: power of the model size, without embeddings
    q: power of the data
    """
    return exp(log(c) + p * np.log(params) + q * np.log(tokens))


def _batch_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    q = rng.normal(0.3, 0.7, count)
    return np.stack([middle(y) * middle(inputs["tokens"]) ** -q, q], axis=-1)


@law(
    title="Step law, batch size",
    source=STEP_LAW,
    target=Target("batch_size", "tokens"),
    starts=_batch_starts,
    published={"Li et al. 2025": {"c": 0.58, "q": 0.571}},
)
def step_batch_size(tokens: Any, *, c: Positive, q: Real) -> Any:
    r"""B(D) = c D^q

    c: best batch size at D = 1 [tokens]
    q: power of the data
    """
    return exp(log(c) + q * np.log(tokens))
