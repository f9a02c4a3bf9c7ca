"""What the results of parity trainings say: exponents, learning times and counts, each with a bootstrap interval.

Seeds are resampled whole; within them subtasks of nearly the same rank (within 10 %) stand in for each other, so that a study with
one seed has an interval too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from quantal.theory import Capacity, Empirical, Exponential, Frequencies, QuantaModel
from quantal.train import ParityResult

Floats = NDArray[np.float64]

LN2 = math.log(2)
LEARNED_BELOW = 0.1
SEEN_BELOW = 0.95 * LN2
_RANK_WINDOW = 0.1
_RESAMPLES = 300


@dataclass(frozen=True, eq=False)
class SizeStudy:
    """Networks of several widths on a stream. params (N,), final (S, N, T), steps (E,), curve (S, E, T) of the widest, p (T,)."""

    law: Frequencies
    p: Floats
    widths: Floats
    params: Floats
    final: Floats
    steps: Floats
    curve: Floats

    @classmethod
    def of(cls, results: Sequence[ParityResult]) -> SizeStudy:
        """Results that share everything but widths and seeds."""
        first = results[0].config
        rows: dict[tuple[int, int], tuple[Floats, Floats]] = {}
        for result in results:
            for r, net in enumerate(result.config.nets):
                rows[net.seed, net.width] = (
                    result.final_subtask_loss[r].astype(float),
                    result.subtask_loss[r].astype(float),
                )
        seeds, widths = (sorted({key[i] for key in rows}) for i in (0, 1))
        final = np.array([[rows[seed, width][0] for width in widths] for seed in seeds])
        curve = np.array([rows[seed, widths[-1]][1] for seed in seeds])
        params = np.array([float(first.params(width)) for width in widths])
        steps = results[0].steps.astype(float)
        return cls(first.law, first.probabilities, np.array(widths, float), params, final, steps, curve)


@dataclass(frozen=True, eq=False)
class DataStudy:
    """Networks trained on finite data. samples (D,), best (S, D, T): each task's loss where the overall loss was lowest, p (T,)."""

    law: Frequencies
    p: Floats
    samples: Floats
    best: Floats

    @classmethod
    def of(cls, results: Sequence[ParityResult]) -> DataStudy:
        """Results that share everything but samples and seeds."""
        rows = {(one.config.seed, one.config.samples): one.final_subtask_loss[0].astype(float) for one in results}
        seeds, samples = sorted({key[0] for key in rows}), sorted({key[1] for key in rows if key[1] is not None})
        best = np.array([[rows[seed, size] for size in samples] for seed in seeds])
        config = results[0].config
        return cls(config.law, config.probabilities, np.array(samples, float), best)


@dataclass(frozen=True)
class Measured:
    """A value and its 95 % bootstrap interval."""

    value: float
    interval: tuple[float, float]


def bootstrap(values: Floats, measure: Callable[[Floats], float], seed: int) -> Measured:
    """measure of the mean over seeds, (..., T) of values (S, ..., T), with its 95 % percentile interval."""
    rng = np.random.default_rng(seed)
    seeds, tasks = values.shape[0], values.shape[-1]
    ranks = np.arange(1, tasks + 1)
    moved = np.moveaxis(values, -1, 1)
    draws = []
    for _ in range(_RESAMPLES):
        chosen = rng.choice(rng.integers(seeds, size=seeds), size=(seeds, tasks))
        near = np.rint(ranks * np.exp(rng.uniform(-_RANK_WINDOW, _RANK_WINDOW, (seeds, tasks)))).astype(int)
        drawn = moved[chosen, np.clip(near, 1, tasks) - 1].mean(axis=0)
        draws.append(measure(np.moveaxis(drawn, 0, -1)))
    kept = np.array(draws)
    kept = kept[np.isfinite(kept)]
    value = float(measure(values.mean(axis=0)))
    if kept.size < _RESAMPLES / 2:
        return Measured(value, (math.nan, math.nan))
    low, high = np.percentile(kept, [2.5, 97.5])
    return Measured(value, (float(low), float(high)))


def exponent(x: Floats, y: Floats) -> float:
    """-d ln y / d ln x by least squares; NaN with fewer than three points."""
    return -float(np.polyfit(np.log(x), np.log(y), 1)[0]) if x.size >= 3 else math.nan


def finite_losses(p: Floats, resource: str, amounts: Floats, losses: Floats) -> Floats:
    """The exact finite sum at the same amounts, in nats, its one scale fitted to the losses by least squares in ln loss.

    params: ln 2 times the frequency that lies beyond the n = N/c most frequent tasks. samples and steps: ln 2 times the sum of
    p_i exp(-D p_i / tau), each task unlearned with the chance that it was not met.
    """
    model = QuantaModel(Empirical.from_probabilities(p), 0.0, LN2)

    def at(log_scale: float) -> Floats:
        scale = math.exp(log_scale)
        if resource == "params":
            return np.asarray(model.loss(params=amounts, capacity=Capacity(scale)))
        return np.asarray(model.loss(samples=amounts, rule=Exponential(scale)))

    def misfit(log_scale: float) -> float:
        found = at(log_scale)
        return float(np.sum(np.log(np.maximum(found, 1e-12) / losses) ** 2))

    spread = np.log(amounts.max()) + np.linspace(-16, 2, 73)
    best = float(spread[np.argmin([misfit(one) for one in spread])])
    found: Any = optimize.minimize_scalar(
        misfit, bounds=(best - 0.25, best + 0.25), method="bounded", options={"xatol": 1e-6}
    )
    return at(float(found.x))


def by_ratio(steps: Floats, low: float, high: float, count: int = 40) -> NDArray[np.int64]:
    """Positions of steps between two, spaced by ratio as evenly as there are steps."""
    wanted = np.geomspace(low, high, count)
    nearest = np.abs(np.log(steps[:, None] / wanted)).argmin(axis=0)
    return np.unique(nearest)


def learned_at(steps: Floats, curve: Floats) -> Floats:
    """The step at which each task's loss (E, T) first is below 0.1 bits, between two evaluations by its logarithm; NaN if never."""
    under = curve < LEARNED_BELOW * LN2
    first = np.argmax(under, axis=0)
    tasks = np.arange(curve.shape[1])
    after, before = np.maximum(curve[first, tasks], 1e-9), curve[np.maximum(first - 1, 0), tasks]
    share = np.log(before / (LEARNED_BELOW * LN2)) / np.maximum(np.log(before / after), 1e-12)
    inside = steps[np.maximum(first - 1, 0)] + np.clip(share, 0, 1) * (steps[first] - steps[np.maximum(first - 1, 0)])
    return np.where(under.any(axis=0), np.where(first > 0, inside, steps[0]), np.nan)
