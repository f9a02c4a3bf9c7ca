"""The compute-optimal size of each budget by interpolation between the sizes that were run, without any fitted law."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantal.errors import DataError
from quantal.estimate import Estimate, check_levels
from quantal.laws.law import Floats
from quantal.plan.approaches import FEWEST_BUDGETS, FEWEST_SIZES, SAME_BUDGET, Approach
from quantal.runs import Runs

POINTS = 25
RESAMPLES = 1000


def interpolated_optima(runs: Runs, target: str = "loss", levels: Sequence[float] = (95.0,), seed: int = 0) -> Approach:
    """Exponent a of N* ∝ C^a from the lowest point of an interpolant of log loss in log params at each budget.

    Akima's interpolant at 25 points a gap, the better of two runs of one size, budgets whose minimum lies at an end left
    out, and least squares of log N* on log C, as in Porian et al. 2024 (arXiv 2406.19146), section 3.2. The interval comes
    from resampled budgets.

    Raises:
        DataError: fewer than three budgets with four or more sizes have their minimum inside.

    >>> c = np.repeat([1e18, 1e19, 1e20], 9); n = np.sqrt(c / 6) * np.tile(2.0 ** np.arange(-4, 5), 3)
    >>> table = {"params": n, "tokens": c / 6 / n, "loss": 1.7 + 400 * n**-0.5 + 400 * (c / 6 / n) ** -0.5}
    >>> round(interpolated_optima(Runs.from_columns(table)).exponent.value, 3)
    0.5
    """
    check_levels(levels)
    params, loss = runs["params"], runs[target]
    compute = runs["compute"] if "compute" in runs else 6.0 * params * runs["tokens"]
    order = np.argsort(compute, kind="stable")
    groups = np.split(order, 1 + np.flatnonzero(np.diff(np.log(compute[order])) > SAME_BUDGET))
    found = [(float(np.exp(np.log(compute[rows]).mean())), _lowest(params[rows], loss[rows])) for rows in groups]
    inside = np.array([(budget, size) for budget, size in found if size is not None]).reshape(-1, 2)
    if len(inside) < FEWEST_BUDGETS:
        raise DataError(
            f"{runs.source}: {len(inside)} of {len(found)} budgets with {FEWEST_SIZES} or more sizes have a minimum inside; "
            f"{FEWEST_BUDGETS} are needed: run sizes on both sides of the best one at each budget"
        )
    budgets, sizes = np.log(inside).T
    picked = np.random.default_rng(seed).integers(0, len(inside), (RESAMPLES, len(inside)))
    picked = picked[[len(np.unique(row)) >= FEWEST_BUDGETS - 1 for row in picked]]
    return Approach(
        "2: IsoFLOP interpolation",
        Estimate.from_draws(
            float(_slope(budgets[None], sizes[None])[0]), _slope(budgets[picked], sizes[picked]), tuple(levels)
        ),
        inside[:, 0],
        inside[:, 1],
        f"{len(inside)} of {len(found)} budgets have a minimum inside",
    )


def _lowest(params: Floats, loss: Floats) -> float | None:
    """The size of least interpolated loss, None where that is the smallest or the largest of them."""
    from scipy.interpolate import Akima1DInterpolator

    order = np.lexsort((loss, params))
    sizes, first = np.unique(np.round(np.log(params[order]), 9), return_index=True)
    if len(sizes) < FEWEST_SIZES:
        return None
    grid = np.linspace(sizes[0], sizes[-1], (len(sizes) - 1) * POINTS)
    at = int(np.argmin(Akima1DInterpolator(sizes, np.log(loss[order][first]))(grid)))
    return None if at in (0, len(grid) - 1) else float(np.exp(grid[at]))


def _slope(x: Floats, y: Floats) -> Floats:
    """Least-squares slopes (R,) of y on x, both (R, n)."""
    centred = x - x.mean(axis=1, keepdims=True)
    return (centred * y).sum(axis=1) / (centred**2).sum(axis=1)
