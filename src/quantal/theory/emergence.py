"""Where and how sharply a quantum, a task or a benchmark appears as params, samples or steps grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quantal.errors import InputError
from quantal.theory.arguments import Floats, amounts, choice, plain
from quantal.theory.capacity import Capacity
from quantal.theory.resources import Limit, broadcast_limits
from quantal.theory.rules import LearningRule, Poisson
from quantal.theory.step_rules import GradientFlow
from quantal.theory.tasks import Benchmark, Task

if TYPE_CHECKING:
    from quantal.theory.frequencies import Frequencies

_RESOURCES = ("params", "samples", "steps")
_REACH = 600.0  # ln of the largest amount searched


@dataclass(frozen=True)
class Emergence:
    """The amounts of a resource at which 10, 50 and 90 % of the whole change are reached; None, with a reason, where they never are."""

    resource: str
    start: float | None
    middle: float | None
    end: float | None
    reason: str | None = None

    @property
    def width(self) -> float | None:
        """Decades from 10 % to 90 %; 0 for a sharp threshold."""
        if self.start is None or self.end is None:
            return None
        return math.log10(self.end / self.start)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: resource, start, middle, end, width, reason."""
        return {
            "resource": self.resource,
            "start": self.start,
            "middle": self.middle,
            "end": self.end,
            "width": self.width,
            "reason": self.reason,
        }


def rule_width(rule: LearningRule) -> float:
    """Decades of samples (or steps) in which one rare quantum goes from 10 to 90 % learned.

    Raises:
        InputError: the rule leaves less than 90 % unlearned at the very start.

    >>> round(rule_width(Poisson(tau=1)), 2), round(rule_width(Poisson(tau=100)), 3)
    (1.34, 0.112)
    """
    window = rule.window
    if window.at_zero <= 0.9:
        raise InputError(
            f"{rule!r} starts with {1 - window.at_zero:.3g} learned: it never crosses 10 %; let it start lower"
        )
    return math.log10(window.inverse(0.1) / window.inverse(0.9))


def learned_chance(
    frequencies: Frequencies,
    ranks: ArrayLike,
    *,
    params: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    steps: ArrayLike | None = None,
    rule: LearningRule = Poisson(),  # noqa: B008
    step_rule: LearningRule = GradientFlow(),  # noqa: B008
    capacity: Capacity = Capacity(),  # noqa: B008
) -> Floats:
    """The chance that each quantum is learned under the limits given; a quantum that fits in part counts for that part.

    Args:
        ranks: shape (m,), >= 1 and within the count.
        params, samples, steps: limits, which broadcast to some shape (...).

    Returns:
        Shape (..., m).

    Raises:
        InputError: no limit, an amount or rank out of range.

    >>> import quantal.theory as qt
    >>> learned_chance(qt.Zipf(gamma=1.0), [1, 2, 3], params=2.5).tolist()
    [1.0, 1.0, 0.5]
    """
    quanta, limits, shape = broadcast_limits(params, samples, steps, rule, step_rule, capacity)
    return _learned(frequencies, _ranks(frequencies, ranks), quanta, limits).reshape(*shape, -1)


def _ranks(frequencies: Frequencies, ranks: ArrayLike) -> Floats:
    array = amounts("ranks", ranks, "[1, 2, 3]").ravel()
    if np.any(array < 1) or np.any(array > frequencies.count):
        raise InputError(f"ranks = {ranks!r}: quanta are numbered from 1 to {frequencies.count:g}")
    return array


def _learned(frequencies: Frequencies, ranks: Floats, quanta: Floats, limits: list[Limit]) -> Floats:
    chance = np.clip(quanta[:, None] - (ranks - 1), 0.0, 1.0)
    p = frequencies.pmf(ranks)
    for rule, amount in limits:
        chance = chance * rule.learned(amount[:, None], p, ranks)
    return chance


def score(
    what: Task | Benchmark,
    frequencies: Frequencies,
    *,
    params: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    steps: ArrayLike | None = None,
    rule: LearningRule = Poisson(),  # noqa: B008
    step_rule: LearningRule = GradientFlow(),  # noqa: B008
    capacity: Capacity = Capacity(),  # noqa: B008
) -> Any:
    """A task's or benchmark's metric, in the common shape of the limits given.

    The task's skill is its expected value over data sets; a metric of it (such as exact match) is taken of that expectation.

    Raises:
        InputError: as learned_chance.

    >>> import quantal.theory as qt
    >>> score(Task([1, 2]), qt.Zipf(gamma=1.0), params=[1, 2]).tolist()
    [0.0, 1.0]
    """
    quanta, limits, shape = broadcast_limits(params, samples, steps, rule, step_rule, capacity)
    return plain(_score(_benchmark(what), frequencies, quanta, limits).reshape(shape))


def _benchmark(what: Task | Benchmark) -> Benchmark:
    return what if isinstance(what, Benchmark) else Benchmark([what])


def _score(benchmark: Benchmark, frequencies: Frequencies, quanta: Floats, limits: list[Limit]) -> Floats:
    total = np.zeros(quanta.size)
    for task, share in zip(benchmark.tasks, benchmark.shares(), strict=True):
        learned = _learned(frequencies, _ranks(frequencies, task.ranks), quanta, limits)
        total += share * task.metric.at(task.skill(learned))
    return total


def emergence_of(
    what: int | Task | Benchmark,
    frequencies: Frequencies,
    resource: str,
    *,
    params: float | None = None,
    samples: float | None = None,
    steps: float | None = None,
    rule: LearningRule = Poisson(),  # noqa: B008
    step_rule: LearningRule = GradientFlow(),  # noqa: B008
    capacity: Capacity = Capacity(),  # noqa: B008
) -> Emergence:
    """Where a quantum (by rank), task or benchmark appears as one resource grows, the others unlimited or held at a number.

    One quantum needs N_k = c k params, about D_k = tau / p_k samples. A task that needs all of its quanta waits for the rarest (a
    breakthrough where they lie together), an additive one rises over the whole range of its quanta.

    Args:
        resource: "params", "samples" or "steps": the one that grows.
        params, samples, steps: where the others are held.

    Raises:
        InputError: resource unknown or also held, a rank beyond the count, or amounts out of range.

    >>> import quantal.theory as qt
    >>> zipf = qt.Zipf(gamma=0.4)
    >>> found = emergence_of(1000, zipf, "samples", rule=qt.HardThreshold(tau=7))
    >>> bool(abs(found.middle * zipf.pmf(1000) / 7 - 1) < 1e-12), round(found.width, 9)
    (True, 0.0)
    >>> emergence_of(1000, zipf, "samples", params=10).reason
    '10 % of the change is never reached: another limit is held too low'
    """
    choice("resource", resource, _RESOURCES)
    limits_given = zip(_RESOURCES, (params, samples, steps), strict=True)
    held = {name: value for name, value in limits_given if value is not None}
    if resource in held:
        raise InputError(
            f"{resource} = {held[resource]!r}: it is the resource that grows; hold only the others, "
            f"or write another resource than {resource!r}"
        )
    benchmark = _benchmark(Task([what]) if isinstance(what, (int, np.integer)) else what)

    def value(log_amount: Floats) -> Floats:
        given: dict[str, ArrayLike | None] = dict.fromkeys(_RESOURCES)
        given |= held | {resource: np.exp(log_amount)}
        quanta, limits, _ = broadcast_limits(**given, rule=rule, step_rule=step_rule, capacity=capacity)
        return _score(benchmark, frequencies, quanta, limits)

    levels = np.array([0.1, 0.5, 0.9])
    low, high = np.full(3, -_REACH), np.full(3, _REACH)
    nothing = float(value(low)[0])
    everything = sum(
        w * float(task.metric.at(1.0)) for w, task in zip(benchmark.shares(), benchmark.tasks, strict=True)
    )

    def arrived(log_amount: Floats) -> NDArray[np.bool_]:
        return (value(log_amount) - nothing) / (everything - nothing) >= levels

    reached = arrived(high)
    for _ in range(64):
        middle = (low + high) / 2
        above = arrived(middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found = [float(np.exp(x)) if ok else None for x, ok in zip(high, reached, strict=True)]
    missed = [f"{level:.0%}".replace("%", " %") for level, ok in zip(levels, reached, strict=True) if not ok]
    reason = f"{missed[0]} of the change is never reached: another limit is held too low" if missed else None
    return Emergence(resource, *found, reason=reason)
