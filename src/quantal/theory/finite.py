"""Finitely many quanta: when a model is complete, how the loss bends before that, and what a fit takes for the floor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.theory.arguments import amounts, choice, number, plain
from quantal.theory.asymptotics import power_law
from quantal.theory.capacity import Capacity
from quantal.theory.losses import ConstantLoss
from quantal.theory.rules import HardThreshold, LearningRule
from quantal.theory.summation import count_while

if TYPE_CHECKING:
    from quantal.theory.quanta import QuantaModel


@dataclass(frozen=True)
class Completion:
    """The params, samples and steps at which the last of finitely many quanta is learned (with chance 1/2, for a smooth rule)."""

    params: float
    samples: float
    steps: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Plain data: params, samples, steps (None without a batch size)."""
        return {"params": self.params, "samples": self.samples, "steps": self.steps}


def completion(
    model: QuantaModel,
    rule: LearningRule | None = None,
    capacity: Capacity = Capacity(),  # noqa: B008
    batch_size: float | None = None,
) -> Completion:
    """When a model is complete: N_K = c K, D_K = tau / p_K = tau Z_K K^(gamma+1), S_K = D_K / B in a single epoch.

    Args:
        rule: HardThreshold(tau=1) unless given.
        batch_size: B in samples; without it steps are unknown.

    Raises:
        InputError: infinitely many quanta, or batch_size not > 0.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.0, count=10))
    >>> done = completion(model, qt.HardThreshold(tau=7), qt.Capacity(100), batch_size=10)
    >>> done.params, round(done.samples, 9), round(done.steps, 10)
    (1000.0, 205.027777778, 20.5027777778)
    """
    count = _finite_count(model)
    last = np.asarray(count)
    samples = float((rule or HardThreshold()).amount(0.5, model.frequencies.pmf(last), last))
    steps = None if batch_size is None else samples / number("batch_size", batch_size, above=0, example="1024")
    return Completion(float(capacity.params(count)), samples, steps)


def finite_exponent(gamma: float, n: ArrayLike, count: float, resource: str = "params") -> Any:
    """Local log-log slope of the loss above its floor when n of K quanta are learned: gamma / (1 - ((n+1/2)/(K+1/2))^gamma).

    It is the midpoint form's slope in ln(n + 1/2), exact to second order in 1/n. In samples or steps it is divided
    by gamma + 1. At gamma = 0 it is 1 / ln((K+1/2)/(n+1/2)).

    Raises:
        InputError: n not in 0 to K, gamma <= -1, count < 1, or resource unknown.

    >>> round(finite_exponent(0.4, 1e4, 1e5), 5)
    0.66458
    """
    gamma = number("gamma", gamma, above=-1, example="0.4")
    last = number("count", count, at_least=1, example="1e5")
    choice("resource", resource, ("params", "samples", "steps"))
    x = amounts("n", n, "100")
    if np.any(x >= last):
        raise InputError(f"n = {n!r}: it must be below count = {last:g}, where nothing is left to learn")
    log_ratio = np.log((x + 0.5) / (last + 0.5))
    slope = -1 / log_ratio if gamma == 0 else -gamma / np.expm1(gamma * log_ratio)
    return plain(slope if resource == "params" else slope / (gamma + 1))


def power_law_reach(gamma: float, tolerance: float = 0.1) -> float:
    """The n/K below which finitely many quanta look like a power law: the local exponent exceeds gamma by less than the tolerance.

    (tolerance / (1 + tolerance))^(1/gamma): for small gamma no data set ever gets there.

    Raises:
        InputError: gamma or tolerance not > 0.

    >>> f"{power_law_reach(0.4):.4f} {power_law_reach(0.1):.1e}"
    '0.0025 3.9e-11'
    """
    excess = number("tolerance", tolerance, above=0, example="0.1")
    return (excess / (1 + excess)) ** (1 / number("gamma", gamma, above=0, example="0.4"))


def apparent_floor(model: QuantaModel) -> float:
    """E of the power law that a finite-K model follows far from completion: a - (b - a) K^-gamma / (gamma Z_K), below the true floor.

    Far below K the loss is exactly that power law, so a fitted E below a credible entropy tells of finitely many quanta.

    Raises:
        InputError: infinitely many quanta, no power law of gamma > 0, or a and b that depend on rank.

    >>> import quantal.theory as qt
    >>> round(apparent_floor(qt.QuantaModel(qt.Zipf(gamma=0.4, count=1000))), 4)
    -0.0535
    """
    count = _finite_count(model)
    gamma, z, shift = power_law(model.frequencies)
    number("gamma", gamma, above=0, example="0.4")
    gap = model.gap
    if not isinstance(gap, ConstantLoss):
        raise InputError(f"b - a = {gap!r}: the apparent floor is known for constant a and b only")
    return model.floor - gap.value * (count + shift) ** -gamma / (gamma * z)


def observable_quanta(model: QuantaModel, resolution: float) -> float:
    """K_obs, the quanta that an observer can tell apart: those whose learning lowers the loss by at least `resolution` nats.

    Raises:
        InputError: resolution not > 0.

    >>> import quantal.theory as qt
    >>> observable_quanta(qt.QuantaModel(qt.Zipf(gamma=1.0)), resolution=1e-4)
    77.0
    """
    limit = number("resolution", resolution, above=0, example="1e-3")
    frequencies, gap = model.frequencies, model.gap
    return float(
        count_while(lambda k, column: frequencies.pmf(k) * gap.at(frequencies, k) >= limit, 1, frequencies.count)[0]
    )


def observed_loss(model: QuantaModel, n: ArrayLike, observable: float) -> Any:
    """The loss as an observer sees it who can tell only the first K_obs quanta apart: the finite-K formula with K_obs for K.

    a + (b-a) [T(n) - T(K_obs)] / [1 - T(K_obs)]: whatever lies beyond counts as learned, and the slope steepens toward K_obs.

    Raises:
        InputError: n negative or not finite, observable < 1 or above the number of quanta, or a and b that depend on rank.

    >>> import quantal.theory as qt
    >>> model = qt.QuantaModel(qt.Zipf(gamma=0.4))
    >>> finite = qt.QuantaModel(qt.Zipf(gamma=0.4, count=500))
    >>> bool(abs(observed_loss(model, 100, 500) - finite.loss_after(100)) < 1e-12)
    True
    """
    last = number("observable", observable, at_least=1, at_most=model.frequencies.count, example="500")
    gap, x = model.gap, np.minimum(amounts("n", n, "100"), last)
    if not isinstance(gap, ConstantLoss):
        raise InputError(f"b - a = {gap!r}: the observed loss is defined for constant a and b")
    beyond = model.frequencies.tail(np.asarray(last))
    return plain(np.asarray(model.floor + gap.value * (model.frequencies.tail(x) - beyond) / (1 - beyond)))


def _finite_count(model: QuantaModel) -> float:
    count = float(model.frequencies.count)
    if math.isinf(count):
        raise InputError(
            f"{model.frequencies!r} has infinitely many quanta: no model is ever complete; "
            "give it a count, such as Zipf(gamma=0.4, count=1000000)"
        )
    return count
