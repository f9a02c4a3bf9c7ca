"""Runs that could be trained next, and the points that a forecast is wanted at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.plan.allocation import FLOPS_PER_PARAM_AND_TOKEN, optimum
from quantal.runs import Runs, read_runs

GRID = 22
SPREAD = 2.0
"""Factor below and above the best size at which a forecast is wanted too, for that size is itself uncertain."""
INNER = (0.05, 0.95)
"""Proposals keep to this range of quantiles of the tokens per parameter of the runs so far."""
LEAST_SHARE = 3e-3
"""No proposal costs less than this share of the budget: it would tell little more than the runs there are."""


def grid(runs: Runs, budget: float) -> dict[str, Floats]:
    """Sizes (m,) to choose from: a grid in log params and log compute, rounded to two digits, within the budget.

    Model sizes from the smallest run's to the largest that the budget allows, tokens per parameter as in nine tenths of the
    runs so far, compute from 0.3 % of the budget to all of it.
    """
    params, tokens = runs["params"], runs["tokens"]
    used = (params > 0) & (tokens > 0)
    low, high = np.quantile(tokens[used] / params[used], INNER)
    low, high = (low / 1.5, high * 1.5) if high < 1.5 * low else (low, high)
    largest = np.sqrt(budget / FLOPS_PER_PARAM_AND_TOKEN / low)
    sizes = np.geomspace(min(float(params[used].min()), largest / 10), largest, GRID)
    levels = np.geomspace(budget * LEAST_SHARE, budget / 1.03, GRID)
    n = two_digits(np.repeat(sizes, GRID))
    d = two_digits(np.tile(levels, GRID) / (FLOPS_PER_PARAM_AND_TOKEN * n))
    pairs = np.unique(np.stack([n, d], axis=1), axis=0)
    n, d = pairs.T
    keep = (d / n >= low) & (d / n <= high) & (FLOPS_PER_PARAM_AND_TOKEN * n * d <= budget) & (d >= 1)
    if not keep.any():
        raise InputError(f"budget = {budget:g} FLOPs buys no run at the tokens per parameter of these runs; give more")
    return _priced(n[keep], d[keep])


def from_pool(candidates: Any, budget: float) -> dict[str, Floats]:
    """The candidates of a table with params and tokens (and compute, if it has its own), those within the budget or not.

    Raises:
        DataError: the table lacks params or tokens, or no candidate is within the budget.
    """
    pool = read_runs(candidates)
    for name in ("params", "tokens"):
        if name not in pool:
            raise DataError(f"{pool.source}: candidates need params and tokens, and there is no {name}")
    found = _priced(pool["params"], pool["tokens"])
    if "compute" in pool:
        found["compute"] = np.asarray(pool["compute"], dtype=float)
    wrong = ~((found["params"] > 0) & (found["tokens"] > 0) & (found["compute"] > 0))
    if wrong.any():
        raise DataError(
            f"{pool.source}, row {int(pool.rows[np.argmax(wrong)])}: a candidate's sizes must be above zero"
        )
    if found["compute"].min() > budget:
        raise InputError(
            f"budget = {budget:g} FLOPs: the cheapest of these candidates takes {found['compute'].min():.3g}"
        )
    return found


def target_points(
    law: Law, theta: Floats, compute: float | None, params: ArrayLike | None, tokens: ArrayLike | None
) -> dict[str, Floats]:
    """Where the forecast is wanted: at given sizes, or around the best split of a compute budget.

    Raises:
        InputError: neither is given, or both.
    """
    given = params is not None and tokens is not None
    if given == (compute is not None) or (params is None) != (tokens is None):
        raise InputError(
            "the target is either target_compute=..., or params=... and tokens=... (--target-compute, or --params and --tokens)"
        )
    for name, value in (("target_compute", compute), ("params", params), ("tokens", tokens)):
        numbers = np.atleast_1d(np.asarray(1.0 if value is None else value, dtype=float))
        wrong = ~(np.isfinite(numbers) & (numbers > 0))
        if wrong.any():
            raise InputError(f"{name} = {float(numbers[wrong][0])!r}: must be finite and above zero, such as 1e21")
    if compute is None:
        n, d = np.broadcast_arrays(*(np.atleast_1d(np.asarray(one, dtype=float)) for one in (params, tokens)))
        return {"params": n.astype(float), "tokens": d.astype(float)}
    n = optimum(law, theta[None, :], compute).params[0] * np.array([1 / SPREAD, 1.0, SPREAD])
    return {"params": n, "tokens": compute / FLOPS_PER_PARAM_AND_TOKEN / n}


def two_digits(values: Floats) -> Floats:
    """Values rounded to two significant digits.

    >>> two_digits(np.array([123456.0, 0.0987])).tolist()
    [120000.0, 0.099]
    """
    step = 10.0 ** (np.floor(np.log10(values)) - 1)
    return np.round(values / step) * step


def _priced(params: Floats, tokens: Floats) -> dict[str, Floats]:
    return {"params": params, "tokens": tokens, "compute": FLOPS_PER_PARAM_AND_TOKEN * params * tokens}
