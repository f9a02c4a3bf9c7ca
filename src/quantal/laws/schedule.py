"""Loss along training under a learning-rate schedule: the annealing law and the multi-power law.

Both read `steps`, the step at which the loss was measured, and `schedule`, the learning rate at every step of the run,
warm-up included (n, T); what comes after `steps` is not looked at. A coarser grid will do where `steps` counts its
entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantal.errors import LawError
from quantal.laws.draws import floors, log_uniform, middle
from quantal.laws.jet import Jet, exp, lift, value_of
from quantal.laws.law import Floats, Law, Series, law
from quantal.laws.needs import varies
from quantal.laws.parameter import Exponent, Positive

TISSUE = "Tissue, Wang and Wang 2024 (arXiv 2408.11029)"
MULTI_POWER = "Luo et al. 2025 (arXiv 2503.12811)"
NEEDS = (varies("steps", distinct=4),)


def _until(steps: Any, schedule: Any) -> Any:
    """The schedule with everything after the measured step at zero (n, T)."""
    return np.where(np.arange(1, schedule.shape[-1] + 1) <= np.reshape(steps, (-1, 1)), schedule, 0.0)


def _total(steps: Any, schedule: Any) -> Any:
    """S_1: the sum of learning rates up to the measured step (1, n)."""
    return _until(steps, schedule).sum(axis=-1)[None, :]


def _falls(steps: Any, schedule: Any) -> Any:
    """By how much each step's learning rate lies below the one before, after the warm-up and up to the measured step (n, T)."""
    place = np.arange(schedule.shape[-1])
    fall = np.concatenate([np.zeros_like(schedule[:, :1]), schedule[:, :-1] - schedule[:, 1:]], axis=-1)
    inside = (place > schedule.argmax(axis=-1)[:, None]) & (place < np.reshape(steps, (-1, 1)))
    return np.where(inside, fall, 0.0)


def annealing_law(decay: float = 0.999) -> Law:
    r"""L = L_0 + A S_1^-alpha - C S_2, with S_2 the area annealed, which forgets by ``decay`` a step.

    S_1 is the sum of learning rates, S_2 the sum over steps i of sum_{k <= i} (eta_{k-1} - eta_k) decay^(i - k).

    Source: Tissue, Wang and Wang 2024 (arXiv 2408.11029), eq. 1; its decay, too, is given and not fitted.

    Raises:
        LawError: decay is not between 0 and 1.

    >>> annealing_law(0.99).parameter_names
    ('L_0', 'A', 'C', 'alpha')
    """
    if not 0.0 < decay < 1.0:
        raise LawError(f"annealing law with decay = {decay!r}: it lies between 0 and 1, such as 0.999")

    def starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
        total, floor = middle(_total(inputs["steps"], inputs["schedule"])), floors(rng, y, count)
        alpha = log_uniform(rng, 0.05, 2.0, count)
        area = _area(inputs["steps"], inputs["schedule"], decay).max()
        gain = log_uniform(rng, 1e-3, 0.3, count) * middle(y) / max(float(area), 1e-12)
        return np.stack([floor, (middle(y) - floor) * total**alpha, gain, alpha], axis=-1)

    @law(name="annealing", title="Annealing", source=f"{TISSUE}, eq. 1", needs=NEEDS, starts=starts)
    def annealing(steps: Any, schedule: Series, *, L_0: Positive, A: Positive, C: Positive, alpha: Exponent) -> Any:
        r"""L(s) = L_0 + A S_1^{-\alpha} - C S_2, \quad S_1 = \sum_{i \le s} \eta_i, \quad
        S_2 = \sum_{i \le s} \sum_{k \le i} (\eta_{k-1} - \eta_k) \lambda^{i-k}

        L_0: loss that no amount of training removes [unit of the loss]
        A: part that falls with the sum of learning rates, where that is one [unit of the loss]
        C: gain for each unit of annealed area
        alpha: exponent in the sum of learning rates
        """
        return L_0 + A * _total(steps, schedule) ** -alpha - C * _area(steps, schedule, decay)

    return annealing


def _area(steps: Any, schedule: Any, decay: float) -> Any:
    """S_2 (1, n): each fall counts (1 - decay^m) / (1 - decay), m the steps from it to the measured one."""
    left = np.maximum(np.reshape(steps, (-1, 1)) - np.arange(schedule.shape[-1]), 0.0)
    return (_falls(steps, schedule) * (1.0 - decay**left) / (1.0 - decay)).sum(axis=-1)[None, :]


annealing = annealing_law()


def _power_starts(inputs: Mapping[str, Floats], y: Floats, rng: np.random.Generator, count: int) -> Floats:
    total, floor = middle(_total(inputs["steps"], inputs["schedule"])), floors(rng, y, count)
    alpha, beta, gamma = (log_uniform(rng, low, high, count) for low, high in ((0.05, 2.0), (0.1, 1.5), (0.1, 1.2)))
    peak = float(inputs["schedule"].max())
    gain = log_uniform(rng, 0.01, 0.5, count) * middle(y) / peak
    at = log_uniform(rng, 0.1, 1e3, count) * peak**gamma / total
    return np.stack([floor, (middle(y) - floor) * total**alpha, gain, at, alpha, beta, gamma], axis=-1)


def _drop(fall: Any, rate: Any, later: Any, parameters: tuple[Any, Any, Any]) -> Any:
    """sum_k fall_k (1 - (1 + C later_k / rate_k^gamma)^-beta), (R, n), for C, beta and gamma (R, 1).

    One parameter vector at a time, so that no more than some arrays (n, T) are held.
    """
    moving = [place for place, p in enumerate(parameters) if isinstance(p, Jet)]
    rows = []
    for row in zip(*(np.ravel(a) for a in np.broadcast_arrays(*(value_of(p) for p in parameters))), strict=True):
        c, beta, gamma = (Jet.seed(p, place) for place, p in enumerate(row)) if moving else row
        rows.append((fall * (1.0 - exp(-beta * np.log1p(c * exp(-gamma * rate) * later)))).sum(axis=-1))
    if not moving:
        return np.stack(rows)
    first = tuple(np.stack([row.gradient[place] for row in rows]) for place in moving)
    second = {
        (a, b): np.stack([row.hessian[moving[a], moving[b]] for row in rows])
        for a in range(len(moving))
        for b in range(a, len(moving))
    }
    return lift(np.stack([row.value for row in rows]), tuple(parameters[place] for place in moving), first, second)


@law(title="Multi-power law", source=f"{MULTI_POWER}, eq. 3 and 4", needs=NEEDS, starts=_power_starts)
def multi_power(
    steps: Any,
    schedule: Series,
    *,
    L_0: Positive,
    A: Positive,
    B: Positive,
    C: Positive,
    alpha: Exponent,
    beta: Exponent,
    gamma: Exponent,
) -> Any:
    r"""L(t) = L_0 + A S_1^{-\alpha} - B \sum_{k \le t} (\eta_{k-1} - \eta_k) \left(1 - (1 + C \eta_k^{-\gamma} S_k)^{-\beta}\right), \quad
    S_k = \sum_{k \le i \le t} \eta_i

    S_1 counts the warm-up; falls of the learning rate count from its end.

    L_0: loss that no amount of training removes [unit of the loss]
    A: part that falls with the sum of learning rates, where that is one [unit of the loss]
    B: gain for each unit by which the learning rate falls, in the end
    C: how soon the gain comes
    alpha: exponent in the sum of learning rates
    beta: exponent of what is left of the gain
    gamma: how much sooner the gain comes at a small learning rate
    """
    fall = _falls(steps, schedule)
    at = np.any(fall != 0, axis=0)
    later = np.cumsum(_until(steps, schedule)[:, ::-1], axis=-1)[:, ::-1]
    rate = np.log(np.where(schedule > 0, schedule, 1.0))
    gain = _drop(fall[:, at], rate[:, at], later[:, at], (C, beta, gamma))
    return L_0 + A * _total(steps, schedule) ** -alpha - B * gain
