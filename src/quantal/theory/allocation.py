"""Compute-optimal models under the quantization model: exponents, the constant at the optimum, and the optimum itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, number, plain
from quantal.theory.capacity import Capacity
from quantal.theory.resources import unlearned_mass
from quantal.theory.rules import LearningRule, Poisson

if TYPE_CHECKING:
    from quantal.theory.quanta import QuantaModel

_ZOOMS = 6
_POINTS = 33


@dataclass(frozen=True)
class ComputeExponents:
    """At the optimum of a fixed compute C: params as C^params, samples as C^samples, loss above its floor as C^-loss."""

    params: float
    samples: float
    loss: float

    def to_dict(self) -> dict[str, float]:
        """Plain data: params, samples, loss."""
        return {"params": self.params, "samples": self.samples, "loss": self.loss}


def compute_exponents(alpha: float, beta: float) -> ComputeExponents:
    """From L = E + A N^-alpha + B D^-beta (or their maximum, or the exact joint law) and C proportional to N D.

    N as C^(beta/(alpha+beta)), D as C^(alpha/(alpha+beta)), L - E as C^-(alpha beta/(alpha+beta)); for the quantization model
    1/(gamma+2), (gamma+1)/(gamma+2), -gamma/(gamma+2).

    Raises:
        InputError: an exponent is not > 0.

    >>> compute_exponents(alpha=1.0, beta=0.5)
    ComputeExponents(params=0.3333333333333333, samples=0.6666666666666666, loss=0.3333333333333333)
    """
    a, b = number("alpha", alpha, above=0, example="0.4"), number("beta", beta, above=0, example="0.286")
    return ComputeExponents(b / (a + b), a / (a + b), a * b / (a + b))


def marginal_count(gamma: float, rule: LearningRule | None = None) -> float:
    """u*, the expected count of the rarest quantum that fits, at the compute-optimal size: the same at every compute.

    With s = gamma + 1, beta = gamma/s it solves s u^beta (1 - h(u)) = u^beta h(u) + beta M_h(beta, u), where M_h(beta, u) is the Mellin
    integral from u on; for Poisson with tau = 1 that is s u^beta (1 - e^-u) = beta Gamma(beta, u) + u^beta e^-u.

    Raises:
        InputError: gamma <= 0, or the rule falls no faster than u^-beta.

    >>> round(marginal_count(0.34), 3)
    0.652
    """
    gamma = number("gamma", gamma, above=0, example="0.34")
    window = (rule or Poisson()).window
    s, beta = gamma + 1, gamma / (gamma + 1)

    def too_small(u: float) -> bool:
        h = float(window.at(u))
        return s * u**beta * (1 - h) < u**beta * h + beta * window.mellin(beta, u)

    low = high = window.inverse(window.at_zero / 2)
    while not too_small(low):
        low /= 2
    while too_small(high):
        high *= 2
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if too_small(middle) else (low, middle)
    return math.sqrt(low * high)


@dataclass(frozen=True)
class Optimum:
    """Compute-optimal models, one for each compute: arrays of one shape (floats where compute is a number)."""

    compute: Any
    params: Any
    samples: Any
    loss: Any
    marginal_count: Any

    def to_dict(self) -> dict[str, Any]:
        """Plain data, arrays as lists."""
        names = ("compute", "params", "samples", "loss", "marginal_count")
        return {name: np.asarray(getattr(self, name)).tolist() for name in names}


def compute_optimal(
    model: QuantaModel,
    compute: ArrayLike,
    *,
    rule: LearningRule | None = None,
    capacity: Capacity = Capacity(),  # noqa: B008
    flops_per_param_sample: float = 6.0,
) -> Optimum:
    """The params and samples of least exact loss at fixed compute, C = flops_per_param_sample * N * D.

    Args:
        compute: FLOPs, > 0, any shape.
        rule: how quanta are learned from samples; Poisson(tau=1) unless given.

    Returns:
        The optimum, with the expected count of the rarest quantum that fits. The loss is flat there: params to about 1e-6 relative.

    Raises:
        InputError: compute not > 0, or too small for one quantum and one sample.

    >>> import quantal.theory as qt
    >>> best = compute_optimal(qt.QuantaModel(qt.Zipf(gamma=0.34)), 1e15)
    >>> round(best.marginal_count, 3)
    0.652
    """
    budget = amounts("compute", compute, "1e18")
    flops = number("flops_per_param_sample", flops_per_param_sample, above=0, example="6.0")
    rule = rule or Poisson()
    smallest = float(capacity.params(1.0)) * flops
    if np.any(budget <= smallest):
        raise InputError(
            f"compute = {float(budget.min()):g}: one quantum on one sample takes {smallest:g} FLOPs; write a larger compute, such as 1e18"
        )
    products = budget.ravel() / flops
    low, high = np.log(np.full(products.size, float(capacity.params(1.0)))), np.log(products)
    frequencies = model.frequencies
    if math.isfinite(frequencies.count):
        high = np.minimum(high, math.log(float(capacity.params(frequencies.count))))
    best = low
    for _ in range(_ZOOMS):
        grid = np.linspace(low, high, _POINTS, axis=1)
        sizes = np.exp(grid).ravel()
        drawn = np.repeat(products, _POINTS) / sizes
        excess = unlearned_mass(model.gap, frequencies, capacity.quanta(sizes), [(rule, drawn)]).reshape(grid.shape)
        at = np.argmin(excess, axis=1)
        row = np.arange(products.size)
        best = grid[row, at]
        low, high = grid[row, np.maximum(at - 1, 0)], grid[row, np.minimum(at + 1, _POINTS - 1)]
    params = np.exp(best)
    samples = products / params
    quanta = capacity.quanta(params)
    loss = model.floor + unlearned_mass(model.gap, frequencies, quanta, [(rule, samples)])
    count = samples * frequencies.pmf(np.clip(quanta, 1, frequencies.count))
    shaped = (plain(x.reshape(budget.shape)) for x in (params, samples, loss, count))
    return Optimum(plain(budget), *shaped)


def crossover_samples(
    model: QuantaModel,
    params: ArrayLike,
    *,
    rule: LearningRule | None = None,
    capacity: Capacity = Capacity(),  # noqa: B008
) -> Any:
    """The samples at which the data limit alone costs as much as the size limit alone: below it a model is short of data.

    Args:
        params: model sizes, any shape; each must leave some quanta out.
        rule: Poisson(tau=1) unless given.

    Raises:
        InputError: params not > 0, or large enough for every quantum.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=1.0))
    >>> samples = crossover_samples(model, 1e4)
    >>> bool(abs(model.loss(samples=samples) / model.loss(params=1e4) - 1) < 1e-9)
    True
    """
    size = amounts("params", params, "1e9")
    frequencies, rule = model.frequencies, rule or Poisson()
    quanta = capacity.quanta(size).ravel()
    if np.any(size == 0) or np.any(quanta >= frequencies.count):
        raise InputError(
            f"params = {params!r}: it must be > 0 and below {capacity.params_per_quantum:g} * count, where all quanta fit"
        )
    target = unlearned_mass(model.gap, frequencies, quanta, [])
    free = np.full(quanta.size, np.inf)

    def excess(log_samples: Floats) -> Floats:
        return unlearned_mass(model.gap, frequencies, free, [(rule, np.exp(log_samples))])

    low, high = np.full(quanta.size, -60.0), np.full(quanta.size, 600.0)
    for _ in range(62):
        middle = (low + high) / 2
        above = excess(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return plain(np.exp((low + high) / 2).reshape(size.shape))
