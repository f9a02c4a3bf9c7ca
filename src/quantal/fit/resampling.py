"""The bootstrap: resamples of cases, residuals or groups, all refitted in one batch."""

from __future__ import annotations

from typing import Literal

import numpy as np

from quantal.errors import InputError
from quantal.fit.problem import Problem
from quantal.fit.solver import Progress, Solution, minimise
from quantal.laws.law import Floats

Resample = Literal["case", "residual", "group", "wild"]

WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
FEW_GROUPS = 12
"""Groups below which a wild bootstrap draws from Webb's six points: two signs give too few different resamples."""

DRAWN_AT_ONCE = 20_000_000
TOLERANCE = 1e-9
"""One more Newton step would lower a resample's objective by less than this, relatively."""


def bootstrap(
    problem: Problem,
    best: Floats,
    count: int,
    rng: np.random.Generator,
    *,
    resample: Resample = "case",
    groups: np.ndarray | None = None,
    evaluations: Floats | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Refit ``count`` resamples from the best fit's free coordinates (q,); the solution's rows are the draws.

    ``case`` draws runs with replacement, ``group`` whole groups of runs (the cluster bootstrap), ``residual`` adds
    resampled residuals to the fitted values, ``wild`` adds each run's own residual times a random sign, one sign a group
    where there are groups: right where scatter differs between runs, or few groups make up the runs.
    ``evaluations`` (K, n) are targets by resample of the evaluation, shared between all models: each draw takes one.
    Source: Efron and Tibshirani 1993, chapters 6 to 9; Cameron, Gelbach and Miller 2008; Webb 2014.

    Raises:
        InputError: group resampling without groups, or with fewer than two.
    """
    if resample == "group" and groups is None:
        raise InputError("resample='group' needs group=LABEL, the column that says which runs belong together")
    metric = problem.evaluate(best[None, :], np.ones(problem.n), metric=True)[2][0]
    parts = []
    share = max(1, DRAWN_AT_ONCE // problem.n)
    for first in range(0, count, share):
        size = min(share, count - first)
        weights, targets = _draw(problem, best, size, rng, resample, groups)
        if evaluations is not None:
            moved = (evaluations - problem.targets)[rng.integers(0, len(evaluations), size)]
            targets = (problem.targets if targets is None else targets) + moved

        def tell(done: int, _total: int, before: int = first) -> None:
            if progress is not None:
                progress(before + done, count)

        starts = np.repeat(best[None, :], size, axis=0)
        parts.append(
            minimise(problem, starts, weights, targets=targets, metric=metric, tolerance=TOLERANCE, progress=tell)
        )
    return _stacked(parts)


def leave_one_out(problem: Problem, best: Floats, units: np.ndarray, progress: Progress | None = None) -> Solution:
    """Refit without each unit in turn: ``units`` (n,) numbers the unit (a run or a group) that each row belongs to."""
    count = int(units.max()) + 1
    weights = (units[None, :] != np.arange(count)[:, None]).astype(float)
    metric = problem.evaluate(best[None, :], np.ones(problem.n), metric=True)[2][0]
    return minimise(problem, np.repeat(best[None, :], count, axis=0), weights, metric=metric, progress=progress)


def numbered(groups: np.ndarray) -> np.ndarray:
    """Group labels as numbers from zero.

    Raises:
        InputError: fewer than two groups.
    """
    _, units = np.unique(groups.astype(str), return_inverse=True)
    if units.max() < 1:
        raise InputError("resampling by groups needs at least two groups, and the column holds one value")
    return units


def _draw(
    problem: Problem, best: Floats, size: int, rng: np.random.Generator, resample: Resample, groups: np.ndarray | None
) -> tuple[Floats, Floats | None]:
    n = problem.n
    if resample == "case":
        return _counts(n, size, rng), None
    if resample == "group":
        assert groups is not None
        units = numbered(groups)
        count = int(units.max()) + 1
        return _counts(count, size, rng)[:, units], None
    values = problem.law.value(problem.inputs, problem.theta(best[None, :]))[0]
    r = problem.residuals(values)
    if resample == "wild":
        units = np.arange(n) if groups is None else numbered(groups)
        count = int(units.max()) + 1
        widened = r * np.sqrt(count / max(count - len(problem.vary), 1))
        return np.ones(n), problem.targets - r + widened * _signs(count, size, rng)[:, units]
    centred = r - np.median(r)
    picked = centred[rng.integers(0, n, size=(size, n))]
    return np.ones(n), problem.targets - r + picked


def _counts(n: int, size: int, rng: np.random.Generator) -> Floats:
    """How often each of n is drawn (size, n) in n draws with replacement."""
    drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)


def _signs(count: int, size: int, rng: np.random.Generator) -> Floats:
    """Multipliers (size, count) of mean zero and variance one: plus or minus one, or Webb's six points."""
    signs = rng.choice(np.array([-1.0, 1.0]), (size, count))
    return signs * rng.choice(WEBB, (size, count)) if count < FEW_GROUPS else signs


def _stacked(parts: list[Solution]) -> Solution:
    if len(parts) == 1:
        return parts[0]
    return Solution(
        np.concatenate([part.free for part in parts]),
        np.concatenate([part.objective for part in parts]),
        np.concatenate([part.decrement for part in parts]),
        np.concatenate([part.converged for part in parts]),
        np.concatenate([part.iterations for part in parts]),
    )
