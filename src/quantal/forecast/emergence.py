"""From small models alone: the probability that a task has left chance by a given scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError
from quantal.estimate import Estimate, check_levels
from quantal.forecast.emergence_grid import Grid, Posterior, curve_shapes
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

SHARE = 0.1
"""A task has left chance where its score has gone a tenth of the way from chance to one."""
LEAST_ERROR = 0.01
HAZARDS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
STRETCH = {"compute": 2.0}


@dataclass(frozen=True, eq=False)
class LeftChance:
    """A task's way from chance: the probability that a new model scores above ``threshold`` at each scale of ``at``.

    ``intervals`` (n, 2), by level, hold the share of models that will have left chance by each scale, of which the
    probability is the mean. ``start`` is the scale at which half of all models have left chance; ``left`` whether the
    largest runs have already.
    """

    task: str
    at: Floats
    probability: Floats
    intervals: Mapping[float, Floats]
    start: Estimate
    chance: float
    threshold: float
    left: bool
    runs: int
    hazard: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "task": self.task,
            "probability": [
                {
                    "at": float(x),
                    "probability": float(p),
                    "intervals": {f"{level:g}": ends[i].tolist() for level, ends in self.intervals.items()},
                }
                for i, (x, p) in enumerate(zip(self.at, self.probability, strict=True))
            ],
            "start": self.start.to_dict(),
            "chance": self.chance,
            "threshold": self.threshold,
            "left_already": self.left,
            "runs": self.runs,
            "hazard_per_decade": self.hazard,
        }

    def __repr__(self) -> str:
        parts = ", ".join(f"{p:.2f} by {x:.3g}" for x, p in zip(self.at, self.probability, strict=True))
        return f"{self.task}: above {self.threshold:.3g} with probability {parts}; half of models from {self.start!r}"


def left_chance(
    runs: Any,
    at: ArrayLike,
    *,
    score: str = "accuracy",
    scale: str = "compute",
    by: str = "task",
    group: str | None = None,
    chance: float | Mapping[str, float] | None = None,
    errors: str | None = None,
    levels: Sequence[float] = (90.0,),
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, LeftChance]:
    r"""The probability that each task has left chance by the scales ``at``, for a new model, from the runs given.

    A score is c + (t - c) g(ln x - m - \delta), g the chance that quanta seen Poisson(\tau (x / x_0)) times have been met
    \tau times, averaged over quanta whose frequencies spread; \delta is what a ``group`` of runs (a model, a family) is
    ahead by. All of m, \tau, the spread, t and the scatter of \delta are summed over on a grid; how often tasks leave
    chance in a decade is found from all tasks together (empirical Bayes). Along compute the width is twice that in
    data, for half of it goes into data.

    Args:
        at: scales (n,) in the unit of the column ``scale``.
        chance: the score of guessing, for all or by task; the column "chance" or "random_baseline", else the mean of the
            scores in the lowest decade of scale.
        errors: the column of the scores' standard errors.

    Source: widths by tau as in Michaud et al. 2023 (arXiv 2303.13506) with Poisson arrivals; `quantal.theory.Emergence`.

    Raises:
        DataError: a column is missing, or a task has fewer than three runs.
        InputError: scales not above zero.
    """
    place = np.atleast_1d(np.asarray(at, dtype=float))
    if not len(place) or not np.all(np.isfinite(place) & (place > 0)):
        raise InputError(f"at = {at!r}: scales must be finite and above zero, such as 1e22")
    check_levels(levels)
    table = read_runs(runs, where=where, columns=columns)
    for what, name in {"score": score, "scale": scale, "task": by, "family": group, "errors": errors}.items():
        if name is not None and name not in table:
            known = ", ".join(table.names)
            raise DataError(f"{table.source}: there is no column {name!r} among {known}; name one with --{what} NAME")
    tasks = table.group_by(by)
    small = [task for task, part in tasks.items() if len(part) < 3]
    if small:
        raise DataError(f"{table.source}: {by} {small[0]!r} has {len(tasks[small[0]])} runs; three or more are needed")
    stretch = STRETCH.get(scale, 1.0)
    grids = {}
    for done, (task, part) in enumerate(tasks.items()):
        grids[task] = _grid(part, task, score, scale, group, _chance(part, task, chance, score, scale), errors, stretch)
        if progress is not None:
            progress(done + 1, len(tasks))
    totals = [sum(grid.posterior(hazard).evidence for grid in grids.values()) for hazard in HAZARDS]
    hazard = HAZARDS[int(np.argmax(totals))]
    return {
        task: _told(task, grid, grid.posterior(hazard), place, tasks[task][score], hazard, levels)
        for task, grid in grids.items()
    }


def _chance(part: Runs, task: str, chance: float | Mapping[str, float] | None, score: str, scale: str) -> float:
    if isinstance(chance, Mapping):
        if task not in chance:
            raise InputError(f"chance names {', '.join(map(str, chance))}, and not {task!r}")
        return float(chance[task])
    if chance is not None:
        return float(chance)
    for name in ("chance", "random_baseline"):
        if name in part:
            return float(np.mean(part[name]))
    x = np.asarray(part[scale], dtype=float)
    return float(np.mean(part[score][x <= 10 * x.min()]))


def _grid(
    part: Runs, task: str, score: str, scale: str, group: str | None, chance: float, errors: str | None, stretch: float
) -> Grid:
    y, x = np.asarray(part[score], dtype=float), np.asarray(part[scale], dtype=float)
    for name, bad, rule in ((score, ~np.isfinite(y), ">= 0"), (scale, ~(np.isfinite(x) & (x > 0)), "> 0")):
        if bad.any():
            raise DataError(
                f"{part.source}: {task}: {name} is missing or not {rule} in {bad.sum()} of {len(y)} runs; "
                f"leave them out with --where '{name} {rule}' (where=\"{name} {rule}\" in Python)"
            )
    if not 0 <= chance < 1 or y.max() > 1 or y.min() < 0:
        raise DataError(
            f"{part.source}: {task}: scores lie between {y.min():.4g} and {y.max():.4g} and chance at {chance:.4g}; they are "
            "shares from 0 to 1: divide percentages by 100"
        )
    error = np.zeros(len(y)) if errors is None else np.asarray(part[errors], dtype=float)
    error = np.sqrt(np.where(np.isfinite(error), error, 0.0) ** 2 + LEAST_ERROR**2)
    units = np.arange(len(y))
    if group is not None:
        units = np.unique(np.asarray(part[group]).astype(str), return_inverse=True)[1]
    return Grid(np.log(x), y, error, units, chance, chance + SHARE * (1 - chance), curve_shapes(stretch))


def _told(
    task: str, grid: Grid, posterior: Posterior, at: Floats, y: Floats, hazard: float, levels: Sequence[float]
) -> LeftChance:
    places, mass = posterior.starts()
    total = np.cumsum(mass)

    def quantile(q: float) -> float:
        return float(np.exp(np.interp(q, total, places)))

    never = 1 - total[-1]
    if never > 0.5:
        start = Estimate(None, {}, f"most likely beyond {np.exp(places[-1]):.2g}, or never (probability {never:.2f})")
    else:
        intervals = {
            float(level): (quantile(0.5 - level / 200), quantile(0.5 + level / 200))
            for level in levels
            if 0.5 + level / 200 <= total[-1]
        }
        start = Estimate(
            quantile(0.5), intervals, None if intervals else "the upper end lies beyond the scales looked at"
        )
    top = grid.logs >= grid.logs.max() - np.log(10.0)
    shares = posterior.shares(np.log(at))
    return LeftChance(
        task, at, shares.probability(), {float(level): shares.interval(level) for level in levels}, start, grid.chance, grid.threshold,
        bool(np.mean(y[top] > grid.threshold) >= 0.5), len(y), hazard,
    )  # fmt: skip
