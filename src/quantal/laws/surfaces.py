"""Further surfaces of loss over size and data: Rosenfeld's with its error-limited region, and Farseer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from quantal.laws.draws import floors, log_uniform, middle
from quantal.laws.jet import exp
from quantal.laws.joint import TWO_INPUTS
from quantal.laws.law import Floats, law
from quantal.laws.parameter import Bounds, Exponent, Positive, Real

Power = Annotated[float, Bounds(-1.0, 1.0)]


def _rosenfeld_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    n, d = middle(inputs["params"]), middle(inputs["tokens"])
    alpha, beta = log_uniform(rng, 0.05, 1.2, count), log_uniform(rng, 0.05, 1.2, count)
    b = d**-alpha * n**beta * log_uniform(rng, 0.05, 20.0, count)
    floor = d**-alpha * log_uniform(rng, 0.01, 3.0, count)
    chance = float(y.max()) * (1.0 + log_uniform(rng, 0.01, 10.0, count))
    reached = d**-alpha + b * n**-beta + floor
    eta = reached * np.sqrt(np.maximum((chance / middle(y)) ** 2 - 1.0, 1e-4))
    return np.stack([chance, eta, b, floor, alpha, beta], axis=-1)


@law(
    title="Rosenfeld, with envelope",
    source="Rosenfeld et al. 2020 (arXiv 1909.12673), eq. 5 and 6, n the data and m the model, the data term's factor in eta",
    needs=TWO_INPUTS,
    starts=_rosenfeld_starts,
)
def rosenfeld(
    params: Any,
    tokens: Any,
    *,
    eps_0: Positive,
    eta: Positive,
    b: Positive,
    c: Positive,
    alpha: Exponent,
    beta: Exponent,
) -> Any:
    r"""L = \epsilon_0 \left|\frac{\tilde\epsilon}{\tilde\epsilon - i \eta}\right|, \quad \tilde\epsilon = D^{-\alpha} + b N^{-\beta} + c

    eps_0: error of an untrained model, such as chance [unit of the target]
    eta: where the curve leaves chance, in the units of D^-alpha
    b: finite-size term at N = 1, in the units of D^-alpha
    c: floor, in the units of D^-alpha
    alpha: exponent in data
    beta: exponent in model size
    """
    limited = tokens**-alpha + b * params**-beta + c
    return eps_0 * (1.0 + (eta / limited) ** 2.0) ** -0.5


def _farseer_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Value and slope in log N of the three arguments at the middle of the runs, the data term's slope tied to its exponent's.

    More draws than asked for, for the screening to choose from: few lie in the basin of the best fit.
    """
    count *= 16
    n, d = middle(inputs["params"]), np.log(middle(inputs["tokens"]))
    decay, rest = log_uniform(rng, 0.03, 0.8, count), np.maximum(floors(rng, y, count), 1e-3 * float(y.min()))
    data, floor = rng.normal(0.0, 0.1, count), -np.abs(rng.normal(0.0, 0.1, count))
    slopes = np.stack([data, decay * data * d - np.abs(rng.normal(0.0, 0.1, count)), floor])
    at = np.stack([np.log(decay), np.log(middle(y) - rest) + decay * d, np.log(rest)])
    powers = rng.choice([-1.0, 1.0], (3, count)) * log_uniform(rng, 0.03, 0.5, 3 * count).reshape(3, count)
    factors = slopes / powers * n**-powers
    return np.concatenate([powers, np.stack([factors, at - slopes / powers], axis=1).reshape(6, count)]).T


@law(
    title="Farseer",
    source="Li et al. 2025, Predictable Scale part II (arXiv 2506.10972)",
    needs=TWO_INPUTS,
    starts=_farseer_starts,
)
def farseer(
    params: Any,
    tokens: Any,
    *,
    alpha: Power,
    beta: Power,
    gamma: Power,
    a1: Real,
    b1: Real,
    a2: Real,
    b2: Real,
    a3: Real,
    b3: Real,
) -> Any:
    r"""L(N, D) = e^{a_3 N^\gamma + b_3} + e^{a_2 N^\beta + b_2} D^{-e^{a_1 N^\alpha + b_1}}

    alpha: power of N in the data exponent
    beta: power of N in the data term
    gamma: power of N in the data-free loss
    a1: change with size of the logarithm of the data exponent
    b1: constant in the logarithm of the data exponent
    a2: change with size of the logarithm of the data term
    b2: constant in the logarithm of the data term
    a3: change with size of the logarithm of the data-free loss
    b3: constant in the logarithm of the data-free loss
    """
    decay = exp(a1 * params**alpha + b1)
    return exp(a3 * params**gamma + b3) + exp(a2 * params**beta + b2 - decay * np.log(tokens))
