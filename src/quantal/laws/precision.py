"""Training in low precision, and quantization after training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.draws import log_uniform, middle
from quantal.laws.jet import exp, log
from quantal.laws.joint import TWO_INPUTS, balanced_starts
from quantal.laws.law import Floats, Target, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive

KUMAR = "Kumar et al. 2024 (arXiv 2411.04330)"
_joint_starts = balanced_starts(floor=True, second="tokens")


def _bits_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    whole = _joint_starts(inputs, y, rng, count)
    return np.concatenate([whole, log_uniform(rng, 0.3, 8.0, 3 * count).reshape(count, 3)], axis=1)


@law(
    title="Precision of training",
    source=f"{KUMAR}, effective parameter count",
    needs=(*TWO_INPUTS, *(varies(f"bits_{part}", distinct=2) for part in ("weights", "activations", "kv"))),
    starts=_bits_starts,
)
def precision(
    params: Any,
    tokens: Any,
    bits_weights: Any,
    bits_activations: Any,
    bits_kv: Any,
    *,
    E: Positive,
    A: Positive,
    B: Positive,
    alpha: Exponent,
    beta: Exponent,
    gamma_w: Exponent,
    gamma_a: Exponent,
    gamma_kv: Exponent,
) -> Any:
    r"""L = E + \frac{A}{N_{eff}^\alpha} + \frac{B}{D^\beta}, \quad
    N_{eff} = N \prod_{x \in \{w, a, kv\}} \left(1 - e^{-P_x / \gamma_x}\right)

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at one effective parameter [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    alpha: exponent in effective model size
    beta: exponent in data
    gamma_w: bits of the weights at which 1 - 1/e of the size is effective [bits]
    gamma_a: the same for activations [bits]
    gamma_kv: the same for the key-value cache [bits]
    """
    bits = ((bits_weights, gamma_w), (bits_activations, gamma_a), (bits_kv, gamma_kv))
    kept = sum(log(-np.expm1(-p / gamma)) for p, gamma in bits)
    return E + A * exp(-alpha * (np.log(params) + kept)) + B * tokens**-beta


def _penalty_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    by_data, by_size, gamma = (
        log_uniform(rng, low, high, count) for low, high in ((0.05, 2.0), (0.05, 2.0), (0.3, 5.0))
    )
    n, d, bits = middle(inputs["params"]), middle(inputs["tokens"]), float(inputs["bits_post"].mean())
    return np.stack([middle(y) * d**-by_data * n**by_size * np.exp(bits / gamma), by_data, by_size, gamma], axis=-1)


@law(
    title="Loss of quantization after training",
    source=f"{KUMAR}, post-train quantization",
    target=Target("degradation", "unit of the loss"),
    needs=(*TWO_INPUTS, varies("bits_post")),
    starts=_penalty_starts,
)
def quantization_penalty(
    params: Any,
    tokens: Any,
    bits_post: Any,
    *,
    C_T: Positive,
    gamma_D: Exponent,
    gamma_N: Exponent,
    gamma_post: Exponent,
) -> Any:
    r"""\delta_{PTQ} = C_T \frac{D^{\gamma_D}}{N^{\gamma_N}} e^{-P_{post} / \gamma_{post}}

    C_T: amplitude [unit of the loss]
    gamma_D: power of the data: more training makes quantization cost more
    gamma_N: power of the model size
    gamma_post: bits in which the cost falls by a factor of e [bits]
    """
    return exp(log(C_T) + gamma_D * np.log(tokens) - gamma_N * np.log(params) - bits_post / gamma_post)
