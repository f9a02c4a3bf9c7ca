"""Laws in model size and data: Chinchilla, Kaplan, the family that nests them, and the quantization hypothesis in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.jet import exp, log, softplus
from quantal.laws.law import Floats, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive

TWO_INPUTS = (varies("params"), varies("tokens"), varies("tokens", per="params"))


def _combine(x: Any, y: Any, sharpness: Any) -> Any:
    """(e^(kx) + e^(ky))^(1/k), from the logarithms x and y of the two terms."""
    return exp(x + softplus(sharpness * (y - x)) / sharpness)


def balanced_starts(*, floor: bool, second: str, tied: bool = False, extra: tuple[float, float] | None = None) -> Any:
    """Starts (count, P) in the order E, A, B, exponents, extra, whose terms share the loss at the middle of the runs."""

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        n, d = np.log(inputs["params"]).mean(), np.log(inputs[second]).mean()
        rest = rng.uniform(0.0, 0.95, count) * y.min() if floor else np.zeros(count)
        first = np.exp(rng.uniform(np.log(0.03), np.log(1.2), count))
        other = first / (1 + first) if tied else np.exp(rng.uniform(np.log(0.03), np.log(1.2), count))
        share = rng.uniform(0.1, 0.9, count) * (np.exp(np.log(y).mean()) - rest)
        left = np.exp(np.log(y).mean()) - rest - share
        columns = [rest] if floor else []
        columns += [share * np.exp(first * n), left * np.exp(other * d), first]
        if not tied:
            columns.append(other)
        if extra:
            columns.append(np.exp(rng.uniform(np.log(extra[0]), np.log(extra[1]), count)))
        return np.stack(columns, axis=-1)

    return starts


@law(
    title="Chinchilla",
    source="Hoffmann et al. 2022 (arXiv 2203.15556), eq. 2",
    needs=TWO_INPUTS,
    published={
        "Hoffmann et al. 2022, approach 3": {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28},
        "Besiroglu et al. 2024": {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658},
    },
)
def chinchilla(
    params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, alpha: Exponent, beta: Exponent
) -> Any:
    r"""L(N, D) = E + \frac{A}{N^\alpha} + \frac{B}{D^\beta}

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    alpha: exponent in model size
    beta: exponent in data
    """
    return E + A * params**-alpha + B * tokens**-beta


@law(
    title="Nested joint family",
    source="theory of the quantization model, joint law; kappa = 1 is Hoffmann et al. 2022, eq. 2",
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens", extra=(0.5, 4.0)),
)
def kappa(
    params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, alpha: Exponent, beta: Exponent, kappa: Exponent
) -> Any:
    r"""L(N, D) = E + \left[\left(\frac{A}{N^\alpha}\right)^\kappa + \left(\frac{B}{D^\beta}\right)^\kappa\right]^{1/\kappa}

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    alpha: exponent in model size
    beta: exponent in data
    kappa: how the limits combine: 1 adds them, infinity takes the larger
    """
    return E + _combine(log(A) - alpha * np.log(params), log(B) - beta * np.log(tokens), kappa)


@law(
    title="Strict bottleneck",
    source="Michaud 2026, essay 'On neural scaling and the quanta hypothesis'",
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens"),
)
def bottleneck(
    params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, alpha: Exponent, beta: Exponent
) -> Any:
    r"""L(N, D) = E + \max\left(\frac{A}{N^\alpha}, \frac{B}{D^\beta}\right)

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    alpha: exponent in model size
    beta: exponent in data
    """
    return E + np.maximum(A * params**-alpha, B * tokens**-beta)


def _kaplan_starts(second: str) -> Any:
    balanced = balanced_starts(floor=False, second=second)

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        A, B, alpha, beta = np.moveaxis(balanced(inputs, y, rng, count), -1, 0)
        return np.stack([A ** (1 / alpha), B ** (1 / beta), alpha, beta], axis=-1)

    return starts


@law(
    title="Kaplan, size and data",
    source="Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.5",
    needs=TWO_INPUTS,
    starts=_kaplan_starts("tokens"),
    published={"Kaplan et al. 2020": {"N_c": 6.4e13, "D_c": 1.8e13, "alpha_N": 0.076, "alpha_D": 0.103}},
)
def kaplan(params: Any, tokens: Any, *, N_c: Positive, D_c: Positive, alpha_N: Exponent, alpha_D: Exponent) -> Any:
    r"""L(N, D) = \left[\left(\frac{N_c}{N}\right)^{\alpha_N / \alpha_D} + \frac{D_c}{D}\right]^{\alpha_D}

    N_c: model size at which the size term alone is one [parameters]
    D_c: data at which the data term alone is one [tokens]
    alpha_N: exponent in model size
    alpha_D: exponent in data
    """
    return _combine(alpha_N * (log(N_c) - np.log(params)), alpha_D * (log(D_c) - np.log(tokens)), 1.0 / alpha_D)


@law(
    title="Kaplan, size and steps",
    source="Kaplan et al. 2020 (arXiv 2001.08361), eq. 1.6",
    needs=(varies("params"), varies("steps"), varies("steps", per="params")),
    starts=_kaplan_starts("steps"),
)
def kaplan_steps(params: Any, steps: Any, *, N_c: Positive, S_c: Positive, alpha_N: Exponent, alpha_S: Exponent) -> Any:
    r"""L(N, S) = \left(\frac{N_c}{N}\right)^{\alpha_N} + \left(\frac{S_c}{S}\right)^{\alpha_S}

    N_c: model size at which the size term is one [parameters]
    S_c: steps at which the step term is one [steps]
    alpha_N: exponent in model size
    alpha_S: exponent in training steps
    """
    return exp(alpha_N * (log(N_c) - np.log(params))) + exp(alpha_S * (log(S_c) - np.log(steps)))


@law(
    title="Quantization hypothesis, additive",
    source="Michaud et al. 2023 (arXiv 2303.13506), scaling exponents; combined as in Hoffmann et al. 2022, eq. 2",
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens", tied=True),
)
def quanta(params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, gamma: Exponent) -> Any:
    r"""L(N, D) = E + \frac{A}{N^\gamma} + \frac{B}{D^{\gamma/(\gamma+1)}}

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    gamma: exponent of the quanta, whose frequencies go as rank^-(gamma + 1)
    """
    return E + A * params**-gamma + B * tokens ** (-gamma / (gamma + 1.0))


@law(
    title="Quantization hypothesis, nested",
    source="Michaud et al. 2023 (arXiv 2303.13506), scaling exponents, in the nested joint family",
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens", tied=True, extra=(0.5, 4.0)),
)
def quanta_kappa(
    params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, gamma: Exponent, kappa: Exponent
) -> Any:
    r"""L(N, D) = E + \left[\left(\frac{A}{N^\gamma}\right)^\kappa + \left(\frac{B}{D^{\gamma/(\gamma+1)}}\right)^\kappa\right]^{1/\kappa}

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    gamma: exponent of the quanta, whose frequencies go as rank^-(gamma + 1)
    kappa: how the limits combine: 1 adds them, infinity takes the larger
    """
    return E + _combine(log(A) - gamma * np.log(params), log(B) - gamma / (gamma + 1.0) * np.log(tokens), kappa)


@law(
    title="Quantization hypothesis, strict",
    source="Michaud et al. 2023 (arXiv 2303.13506); the larger limit decides, Michaud 2026",
    needs=TWO_INPUTS,
    starts=balanced_starts(floor=True, second="tokens", tied=True),
)
def quanta_bottleneck(params: Any, tokens: Any, *, E: Positive, A: Positive, B: Positive, gamma: Exponent) -> Any:
    r"""L(N, D) = E + \max\left(\frac{A}{N^\gamma}, \frac{B}{D^{\gamma/(\gamma+1)}}\right)

    E: loss that neither size nor data removes [unit of the loss]
    A: finite-size term at N = 1 [unit of the loss]
    B: finite-data term at D = 1 [unit of the loss]
    gamma: exponent of the quanta, whose frequencies go as rank^-(gamma + 1)
    """
    return E + np.maximum(A * params**-gamma, B * tokens ** (-gamma / (gamma + 1.0)))
