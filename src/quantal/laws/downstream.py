"""From size and data to a benchmark: over-training, downstream error, the loss-to-accuracy ladder, emergence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from quantal.laws.draws import across, log_uniform, middle
from quantal.laws.jet import exp, expit, log
from quantal.laws.joint import TWO_INPUTS, balanced_starts
from quantal.laws.law import Floats, Target, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Bounds, Exponent, Fraction, Positive

GADRE = "Gadre et al. 2024 (arXiv 2403.08540)"
BHAGIA = "Bhagia et al. 2024 (arXiv 2412.04403)"


def _overtraining_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    n, d, rest = middle(inputs["params"]), middle(inputs["tokens"]), rng.uniform(0.0, 0.95, count) * float(y.min())
    eta = log_uniform(rng, 0.02, 0.6, count)
    share = rng.uniform(0.1, 0.9, count) * (middle(y) - rest)
    return np.stack([rest, share * (6 * n * n) ** eta, (middle(y) - rest - share) * (6 * d * d) ** eta, eta], axis=-1)


@law(
    title="Over-training",
    source=f"{GADRE}, eq. 4",
    needs=TWO_INPUTS,
    starts=_overtraining_starts,
    published={
        "Gadre et al. 2024, C4": {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121},
        "Gadre et al. 2024, RedPajama": {"E": 1.84, "a": 212.0, "b": 367.0, "eta": 0.136},
        "Gadre et al. 2024, RefinedWeb": {"E": 1.73, "a": 157.0, "b": 246.0, "eta": 0.127},
    },
)
def overtraining(params: Any, tokens: Any, *, E: Positive, a: Positive, b: Positive, eta: Exponent) -> Any:
    r"""L(C, M) = E + \left(a M^\eta + b M^{-\eta}\right) C^{-\eta}, \quad C = 6 N D, \quad M = D / N

    E: loss that neither size nor data removes [unit of the loss]
    a: finite-size part, which over-training leaves
    b: finite-data part, which over-training removes
    eta: exponent in compute, half of that in size and in data
    """
    compute, ratio = np.log(6.0 * params * tokens), np.log(tokens / params)
    return E + a * exp(eta * (ratio - compute)) + b * exp(-eta * (ratio + compute))


def _error_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    top, gamma = float(y.max()) * (1.0 + log_uniform(rng, 1e-3, 1.0, count)), log_uniform(rng, 0.1, 8.0, count)
    return np.stack([top, (top - middle(y)) * np.exp(gamma * middle(inputs["loss"])), gamma], axis=-1)


@law(
    title="Downstream error from loss",
    source=f"{GADRE}, eq. 5",
    target=Target("error", "share of wrong answers"),
    starts=_error_starts,
)
def downstream_error(loss: Any, *, epsilon: Positive, k: Positive, gamma: Exponent) -> Any:
    r"""Err(L) = \epsilon - k e^{-\gamma L}

    epsilon: error of a model of very high loss
    k: how much of it a loss of zero would remove
    gamma: how fast error falls with the loss [1 / unit of the loss]
    """
    return epsilon - k * exp(-gamma * loss)


overtraining_error = overtraining.then(downstream_error, name="overtraining_error")


@law(
    title="Ladder, step 1: task loss",
    source=f"{BHAGIA}, step 1",
    target=Target("bpb", "bits per byte of the right answer"),
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens"),
)
def ladder_loss(
    params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, alpha: Exponent, beta: Exponent
) -> Any:
    r"""L_{task}(N, D) = E + \frac{A}{N^\alpha} + \frac{B}{D^\beta}

    E: task loss that neither size nor data removes [bits per byte]
    A: finite-size term at N = 1 [bits per byte]
    B: finite-data term at D = 1 [bits per byte]
    alpha: exponent in model size
    beta: exponent in data
    """
    return E + A * params**-alpha + B * tokens**-beta


def _ladder_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Tops a little under 1, for at 1 itself there is no way back in the free coordinate."""
    loss, top = inputs["bpb"], rng.uniform(min(float(y.max()), 0.9), 0.99, count)
    drop = -np.clip(top - float(y.min()) * rng.uniform(0.5, 1.05, count), 0.01, 0.99)
    half = rng.uniform(float(loss.min()), float(loss.max()), count)
    return np.stack([drop, half, log_uniform(rng, 0.5, 20.0, count), top], axis=-1)


@law(
    title="Ladder, step 2: accuracy from task loss",
    source=f"{BHAGIA}, step 2",
    target=Target("accuracy", "share of right answers"),
    starts=_ladder_starts,
)
def ladder_accuracy(
    bpb: Any, *, a: Annotated[float, Bounds(-1.0, 0.0)], L_0: Positive, k: Exponent, b: Fraction
) -> Any:
    r"""Acc(L_{task}) = \frac{a}{1 + e^{-k (L_{task} - L_0)}} + b

    a: accuracy at high task loss less that at low
    L_0: task loss at which half of it is gained [bits per byte]
    k: steepness [1 / bits per byte]
    b: accuracy at low task loss
    """
    return a * expit(k * (bpb - L_0)) + b


ladder = ladder_loss.then(ladder_accuracy, name="ladder")


def _emergence_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    low = float(y.min()) * rng.uniform(0.5, 1.2, count)
    high = float(y.max()) + rng.uniform(0.0, 1.0, count) ** 2 * (1.0 - float(y.max()))
    at = across(rng, inputs["x"], count, below=0.1, beyond=100.0)
    return np.stack([np.minimum(low, 0.99), high, at, log_uniform(rng, 0.1, 10.0, count)], axis=-1)


@law(
    title="Sigmoid emergence",
    source="logistic curve in log scale, as in Ruan et al. 2024 (arXiv 2405.10938) for emergent tasks",
    target=Target("accuracy", "share of right answers"),
    needs=(varies("x", distinct=4),),
    starts=_emergence_starts,
)
def emergence(x: Any, *, chance: Fraction, top: Fraction, x_half: Positive, k: Exponent) -> Any:
    r"""Acc(x) = chance + \frac{top - chance}{1 + (x / x_{half})^{-k}}

    chance: accuracy far below the threshold
    top: accuracy far above it
    x_half: where half of the gain is made [unit of x]
    k: steepness in log x
    """
    return chance + (top - chance) * expit(k * (np.log(x) - log(x_half)))
