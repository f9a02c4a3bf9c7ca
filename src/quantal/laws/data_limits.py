"""Laws for little data: repeated epochs, and fine-tuning of a model that has seen related data before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.draws import floors, log_uniform, middle
from quantal.laws.jet import exp, log
from quantal.laws.joint import balanced_starts
from quantal.laws.law import Floats, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive

_joint_starts = balanced_starts(floor=True, second="tokens")


def _constrained_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    once = _joint_starts(inputs, y, rng, count)
    return np.concatenate([once, log_uniform(rng, 1.0, 60.0, 2 * count).reshape(count, 2)], axis=1)


def _worth(unique: Any, repeats: Any, decay: Any) -> Any:
    """What ``unique`` items seen 1 + ``repeats`` times are worth in unseen ones."""
    return unique * (1.0 + decay * (1.0 - exp(-repeats / decay)))


@law(
    title="Data-constrained",
    source="Muennighoff et al. 2023 (arXiv 2305.16264), eq. 5 and 6, U_N as in the authors' code",
    needs=(varies("params"), varies("tokens"), varies("tokens", per="unique_tokens")),
    starts=_constrained_starts,
    published={
        "Muennighoff et al. 2023": {
            "E": float(np.exp(0.6254804)),
            "A": float(np.exp(6.255414)),
            "B": float(np.exp(7.3049974)),
            "alpha": 0.3526596,
            "beta": 0.3526596,
            "R_N": 5.309743,
            "R_D": 15.387756,
        }
    },
)
def data_constrained(
    params: Any,
    tokens: Any,
    unique_tokens: Any,
    *,
    E: Positive,
    A: Positive,
    B: Positive,
    alpha: Exponent,
    beta: Exponent,
    R_N: Exponent,
    R_D: Exponent,
) -> Any:
    r"""L = E + \frac{A}{N'^\alpha} + \frac{B}{D'^\beta}, \quad
    D' = U_D \left(1 + R_D (1 - e^{-(D / U_D - 1) / R_D})\right), \quad
    N' = U_N \left(1 + R_N (1 - e^{-(N / U_N - 1) / R_N})\right)

    U_D = min(unique tokens, D); U_N = min(N, the size at which U_D tokens are compute-optimal for the law without
    repetition), which is G (G U_D)^(beta/alpha) with G = (alpha A / (beta B))^(1/(alpha + beta)).

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N' = 1 [unit of the loss]
    B: finite-data term at D' = 1 [unit of the loss]
    alpha: exponent in model size
    beta: exponent in data
    R_N: excess of parameters over U_N, in units of U_N, at which their worth has decayed by 1 - 1/e
    R_D: repetitions at which the worth of repeated data has decayed by 1 - 1/e
    """
    seen = np.minimum(unique_tokens, tokens)
    balance = (log(alpha) + log(A) - log(beta) - log(B)) / (alpha + beta)
    optimal = exp(balance + (balance + np.log(seen)) * (beta / alpha))
    size = np.minimum(optimal, params + 0.0 * optimal)
    excess = np.maximum(params / size - 1.0, 0.0 * optimal)
    return E + A * _worth(size, excess, R_N) ** -alpha + B * _worth(seen, tokens / seen - 1.0, R_D) ** -beta


def _rectified_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    d, floor, beta = middle(inputs["finetune_examples"]), floors(rng, y, count), log_uniform(rng, 0.05, 1.5, count)
    before = d**beta * log_uniform(rng, 0.01, 100.0, count)
    return np.stack([floor, (middle(y) - floor) * (before + d**beta), before, beta], axis=-1)


@law(
    title="Fine-tuning, rectified",
    source="Lin et al. 2024 (arXiv 2402.02314), rectified scaling law, in the form without an outer power",
    starts=_rectified_starts,
)
def fine_tuning(finetune_examples: Any, *, E: Positive, B: Positive, D_l: Positive, beta: Exponent) -> Any:
    r"""L(D) = E + \frac{B}{D_l + D^\beta}

    E: loss that no amount of fine-tuning data removes [unit of the loss]
    B: amplitude of the reducible part
    D_l: data that pre-training was already worth, as D^beta
    beta: exponent in fine-tuning data
    """
    return E + B / (D_l + finetune_examples**beta)
