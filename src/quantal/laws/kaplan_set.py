"""The rest of Kaplan's set: laws in one input, the critical batch size, and what it does to steps and compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.laws.draws import log_uniform, middle
from quantal.laws.implicit import implicit
from quantal.laws.jet import Jet, exp, log, softplus
from quantal.laws.law import Floats, Target, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive

KAPLAN = "Kaplan et al. 2020 (arXiv 2001.08361)"
PF_DAY = 8.64e19


def _scaled_starts(column: str) -> Any:
    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        alpha = log_uniform(rng, 0.02, 1.5, count)
        return np.stack([middle(inputs[column]) * middle(y) ** (1.0 / alpha), alpha], axis=-1)

    return starts


@law(
    title="Kaplan, size",
    source=f"{KAPLAN}, eq. 1.1",
    starts=_scaled_starts("params"),
    published={"Kaplan et al. 2020": {"N_c": 8.8e13, "alpha_N": 0.076}},
)
def kaplan_params(params: Any, *, N_c: Positive, alpha_N: Exponent) -> Any:
    r"""L(N) = \left(\frac{N_c}{N}\right)^{\alpha_N}

    N_c: model size, without embeddings, at which the loss is one [parameters]
    alpha_N: exponent in model size
    """
    return exp(alpha_N * (log(N_c) - np.log(params)))


@law(
    title="Kaplan, data",
    source=f"{KAPLAN}, eq. 1.2",
    starts=_scaled_starts("tokens"),
    published={"Kaplan et al. 2020": {"D_c": 5.4e13, "alpha_D": 0.095}},
)
def kaplan_tokens(tokens: Any, *, D_c: Positive, alpha_D: Exponent) -> Any:
    r"""L(D) = \left(\frac{D_c}{D}\right)^{\alpha_D}

    D_c: data at which the loss is one [tokens]
    alpha_D: exponent in data
    """
    return exp(alpha_D * (log(D_c) - np.log(tokens)))


@law(
    title="Kaplan, compute",
    source=f"{KAPLAN}, eq. 1.3",
    starts=_scaled_starts("compute"),
    published={"Kaplan et al. 2020": {"C_c": 3.1e8 * PF_DAY, "alpha_C": 0.050}},
)
def kaplan_compute(compute: Any, *, C_c: Positive, alpha_C: Exponent) -> Any:
    r"""L(C_{min}) = \left(\frac{C_c}{C_{min}}\right)^{\alpha_C}

    C_c: least compute (at a batch size far below the critical one) at which the loss is one [FLOPs]
    alpha_C: exponent in compute
    """
    return exp(alpha_C * (log(C_c) - np.log(compute)))


@law(
    title="Critical batch size",
    source=f"{KAPLAN}, eq. 1.4, after McCandlish et al. 2018 (arXiv 1812.06162)",
    target=Target("critical_batch_size", "tokens"),
    starts=lambda inputs, y, rng, count: _critical_starts(inputs["loss"], y, rng, count),
    published={"Kaplan et al. 2020": {"B_star": 2e8, "alpha_B": 0.21}},
)
def critical_batch(loss: Any, *, B_star: Positive, alpha_B: Exponent) -> Any:
    r"""B_{crit}(L) = \frac{B_*}{L^{1/\alpha_B}}

    B_star: critical batch size at a loss of one [tokens]
    alpha_B: inverse of the exponent in the loss
    """
    return exp(log(B_star) - np.log(loss) / alpha_B)


def _critical_starts(loss: Floats, y: Floats, rng: np.random.Generator, count: int) -> Floats:
    alpha = log_uniform(rng, 0.05, 2.0, count)
    return np.stack([middle(y) * middle(loss) ** (1.0 / alpha), alpha], axis=-1)


def minimum_steps(steps: ArrayLike, batch_size: ArrayLike, critical_batch_size: ArrayLike) -> Floats:
    r"""Steps that the same loss needs at a batch size far above the critical one: S_min = S / (1 + B_crit / B).

    All in one unit of batch size; arrays broadcast. Source: Kaplan et al. 2020, eq. 5.4.

    Raises:
        InputError: an argument is not finite and above zero.

    >>> float(minimum_steps(steps=1000, batch_size=1e6, critical_batch_size=1e6))
    500.0
    """
    s, b, c = _above_zero(steps=steps, batch_size=batch_size, critical_batch_size=critical_batch_size)
    return s / (1.0 + c / b)


def minimum_compute(compute: ArrayLike, batch_size: ArrayLike, critical_batch_size: ArrayLike) -> Floats:
    r"""Compute that the same loss needs at a batch size far below the critical one: C_min = C / (1 + B / B_crit).

    Source: Kaplan et al. 2020, eq. 5.5.

    Raises:
        InputError: an argument is not finite and above zero.

    >>> float(minimum_compute(compute=1e18, batch_size=1e6, critical_batch_size=1e6))
    5e+17
    """
    c, b, critical = _above_zero(compute=compute, batch_size=batch_size, critical_batch_size=critical_batch_size)
    return c / (1.0 + b / critical)


def _above_zero(**given: ArrayLike) -> list[Floats]:
    out = []
    for name, value in given.items():
        array = np.asarray(value, dtype=float)
        if not np.all(np.isfinite(array) & (array > 0)):
            raise InputError(f"{name} = {value!r}: must be finite and above zero, such as 1e6")
        out.append(array)
    return out


def _step_balance(level: Any, size: Any, ratio: Any, batch: Any, alpha_S: Any, alpha_B: Any) -> Any:
    """log of the loss, less the log of what the law makes of it; concave and rising in ``level``, the log of the loss."""
    return level - size - softplus(alpha_S * (ratio + softplus(batch - level / alpha_B)) - size)


def _step_level(*given: Any) -> Any:
    """The level that balances, by Newton's steps from below, where they rise to the root."""
    size, ratio, _, alpha_S, _ = given
    level = np.logaddexp(size, alpha_S * ratio)
    for _ in range(60):
        balance = _step_balance(Jet.seed(level, 0), *given)
        step = balance.value / balance.gradient[0]
        level = level - step
        if not np.any(np.abs(step) > 1e-15 * (1.0 + np.abs(level))):
            break
    return level


def _training_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    n, s, b = (middle(inputs[name]) for name in ("params", "steps", "batch_size"))
    size, step, batch = (log_uniform(rng, low, high, count) for low, high in ((0.03, 0.6), (0.2, 1.5), (0.1, 0.6)))
    share, ratio = rng.uniform(0.3, 0.95, count) * middle(y), log_uniform(rng, 0.03, 30.0, count)
    s_c = s / (1.0 + ratio) * (middle(y) - share) ** (1.0 / step)
    return np.stack(
        [n * share ** (1.0 / size), size, s_c, step, ratio * b * middle(y) ** (1.0 / batch), batch], axis=-1
    )


@law(
    title="Kaplan, size, steps and batch size",
    source=f"{KAPLAN}, eq. 1.6 with S_min of eq. 5.4 and B_crit of eq. 1.4, solved for the loss",
    needs=(varies("params"), varies("steps"), varies("batch_size")),
    starts=_training_starts,
)
def kaplan_training(
    params: Any,
    steps: Any,
    batch_size: Any,
    *,
    N_c: Positive,
    alpha_N: Exponent,
    S_c: Positive,
    alpha_S: Exponent,
    B_star: Positive,
    alpha_B: Exponent,
) -> Any:
    r"""L = \left(\frac{N_c}{N}\right)^{\alpha_N} + \left(\frac{S_c}{S_{min}}\right)^{\alpha_S}, \quad
    S_{min} = \frac{S}{1 + B_{crit}(L) / B}, \quad B_{crit}(L) = \frac{B_*}{L^{1/\alpha_B}}

    N_c: model size at which the size term is one [parameters]
    alpha_N: exponent in model size
    S_c: steps, at a batch size far above the critical one, at which the step term is one [steps]
    alpha_S: exponent in training steps
    B_star: critical batch size at a loss of one [unit of batch_size]
    alpha_B: inverse of the critical batch size's exponent in the loss
    """
    size = alpha_N * (log(N_c) - np.log(params))
    return exp(
        implicit(
            _step_balance,
            _step_level,
            size,
            log(S_c) - np.log(steps),
            log(B_star) - np.log(batch_size),
            alpha_S,
            alpha_B,
        )
    )
