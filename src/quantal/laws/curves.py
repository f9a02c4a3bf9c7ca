"""Laws of one curve, in any input x: M1 to M4, the shifted power law and the power law with a cutoff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.laws.draws import across, floors, log_uniform, middle
from quantal.laws.implicit import implicit
from quantal.laws.jet import exp, expit, log, softplus
from quantal.laws.law import Floats, law
from quantal.laws.parameter import Exponent, Positive

ALABDULMOHSIN = "Alabdulmohsin, Neyshabur and Zhai 2022 (arXiv 2209.06640)"


@law(title="M1, power law", source=f"{ALABDULMOHSIN}, M1")
def m1(x: Any, *, beta: Positive, c: Exponent) -> Any:
    r"""L(x) = \beta x^{-c}

    beta: value at x = 1 [unit of the target]
    c: exponent (the paper writes it with the other sign)
    """
    return beta * x**-c


@law(title="M2, power law with a floor", source=f"{ALABDULMOHSIN}, M2")
def m2(x: Any, *, E: Positive, beta: Positive, c: Exponent) -> Any:
    r"""L(x) = E + \beta x^{-c}

    E: floor that no amount of x removes, the paper's epsilon_infinity [unit of the target]
    beta: reducible part at x = 1 [unit of the target]
    c: exponent (the paper writes it with the other sign)
    """
    return E + beta * x**-c


def _m3_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    x = inputs["x"]
    gamma, c = 1.0 / across(rng, x, count, below=0.1, beyond=1e3), log_uniform(rng, 0.03, 2.0, count)
    return np.stack([middle(y) * (1.0 / middle(x) + gamma) ** -c, gamma, c], axis=-1)


@law(title="M3, power law that levels off", source=f"{ALABDULMOHSIN}, M3", starts=_m3_starts)
def m3(x: Any, *, beta: Positive, gamma: Positive, c: Exponent) -> Any:
    r"""L(x) = \beta \left(\frac{1}{x} + \gamma\right)^c

    beta: value where 1/x + gamma is one [unit of the target]
    gamma: inverse of the x at which the curve levels off [1 / unit of x]
    c: exponent before it levels off
    """
    return beta * (1.0 / x + gamma) ** c


def _m4_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    x, top = inputs["x"], float(y.max())
    floor = floors(rng, y, count)
    chance = top * (1.0 + log_uniform(rng, 1e-3, 10.0, count))
    if top < 1.0:
        chance[: count // 2] = 1.0
    c, alpha = log_uniform(rng, 0.03, 2.0, count), log_uniform(rng, 0.05, 5.0, count)
    beta = (middle(y) - floor) / (chance - middle(y)) ** alpha * middle(x) ** c
    return np.stack([floor, chance, beta, c, alpha], axis=-1)


def _balance(t: Any, right: Any, alpha: Any) -> Any:
    return alpha * softplus(t) - softplus(-t) - right


def _balanced(right: Any, alpha: Any) -> Any:
    """The t with log s(t) - alpha log s(-t) = right, s the logistic function: Newton's steps, monotone after the first."""
    t = np.where(right > 0, right / np.maximum(alpha, 1e-300), right) + 0.0 * alpha
    for _ in range(100):
        share = expit(t)
        step = _balance(t, right, alpha) / (1.0 - share + alpha * share)
        t = t - step
        if not np.any(np.abs(step) > 1e-15 * (1.0 + np.abs(t))):
            break
    return t


@law(title="M4, power law between chance and floor", source=f"{ALABDULMOHSIN}, M4", starts=_m4_starts)
def m4(x: Any, *, E: Positive, E_0: Positive, beta: Positive, c: Exponent, alpha: Exponent) -> Any:
    r"""\frac{L - E}{(E_0 - L)^\alpha} = \beta x^{-c}

    The published estimator holds E_0 at 1 for error rates; `hold` does so here.

    E: floor that no amount of x removes, the paper's epsilon_infinity [unit of the target]
    E_0: value of an untrained model, from which the curve leaves, the paper's epsilon_0 [unit of the target]
    beta: left-hand side at x = 1
    c: exponent (the paper writes it with the other sign)
    alpha: how slowly the curve leaves E_0; 0 is M2
    """
    width = E_0 - E
    right = log(beta) - c * np.log(x) + (alpha - 1.0) * log(width)
    return E + width * expit(implicit(_balance, _balanced, right, alpha))


def _shifted_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    x, floor = inputs["x"], floors(rng, y, count)
    x0, alpha = across(rng, x, count, below=1e-2, beyond=10.0), log_uniform(rng, 0.03, 3.0, count)
    return np.stack([floor, (middle(y) - floor) * (middle(x) + x0) ** alpha, x0, alpha], axis=-1)


@law(
    title="Shifted power law",
    source="Zipf-Mandelbrot form, as the quantization model has for frequencies (rank + q)^-(gamma + 1)",
    starts=_shifted_starts,
)
def shifted_power(x: Any, *, E: Positive, A: Positive, x0: Positive, alpha: Exponent) -> Any:
    r"""L(x) = E + \frac{A}{(x + x_0)^\alpha}

    E: floor that no amount of x removes [unit of the target]
    A: reducible part where x + x0 = 1 [unit of the target]
    x0: shift below which the curve is flat [unit of x]
    alpha: exponent far above the shift
    """
    return E + A * (x + x0) ** -alpha


def _cutoff_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    x, floor = inputs["x"], floors(rng, y, count)
    end, alpha = across(rng, x, count, below=middle(x) / x.min(), beyond=1e3), log_uniform(rng, 0.03, 2.0, count)
    return np.stack([floor, (middle(y) - floor) * middle(x) ** alpha * np.exp(middle(x) / end), end, alpha], axis=-1)


@law(
    title="Power law with an exponential cutoff",
    source="Clauset, Shalizi and Newman 2009 (arXiv 0706.1062), table 2.1, as a learning curve",
    starts=_cutoff_starts,
)
def power_cutoff(x: Any, *, E: Positive, A: Positive, x_c: Positive, alpha: Exponent) -> Any:
    r"""L(x) = E + \frac{A}{x^\alpha} e^{-x / x_c}

    E: floor that no amount of x removes [unit of the target]
    A: reducible part at x = 1, without the cutoff [unit of the target]
    x_c: where the exponential takes over [unit of x]
    alpha: exponent far below the cutoff
    """
    return E + A * exp(-alpha * np.log(x) - x / x_c)
