"""What a recipe saves: budgets at which each reaches a loss, and where the better of two changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.estimate import Estimate
from quantal.forecast.frontier import costs
from quantal.laws.law import Floats

BEYOND = 2.0
"""Decades beyond the runs over which budgets are looked for that reach a loss, or at which the recipes cross."""
LEVELS_SHOWN = 7


@dataclass(frozen=True)
class Saving:
    """What it costs each recipe to reach a loss: budgets, and the factor A / B that recipe B saves, with its interval."""

    loss: float
    cost_a: float | None
    cost_b: float | None
    factor: Estimate

    def to_dict(self) -> dict[str, Any]:
        return {"loss": self.loss, "cost_a": self.cost_a, "cost_b": self.cost_b, "factor": self.factor.to_dict()}


def savings_of(
    budget: Floats, curves: list[Floats], drawn: list[Floats], spent: Floats, y: Floats, level: float
) -> tuple[Saving, ...]:
    inside = (budget >= spent.min()) & (budget <= spent.max())
    reached = np.concatenate([one[0, inside] for one in curves])
    low, high = max(reached.min(), float(y.min())), reached.max()
    levels = np.geomspace(high, low, LEVELS_SHOWN + 2)[1:-1]
    at_a, at_b = (costs(budget, one, levels)[0] for one in curves)
    draws_a, draws_b = (costs(budget, one, levels) for one in drawn)
    out = []
    for i, loss in enumerate(levels):
        ratio = draws_a[:, i] / draws_b[:, i]
        known = np.isfinite(at_a[i]) and np.isfinite(at_b[i])
        missing = float(np.mean(~np.isfinite(ratio)))
        if not known:
            factor = Estimate(None, {}, f"one recipe does not reach this loss within {BEYOND:g} decades of the runs")
        elif missing > 0.01:
            factor = Estimate(
                float(at_a[i] / at_b[i]), {}, f"{missing:.0%} of draws do not reach this loss within {BEYOND:g} decades"
            )
        else:
            factor = Estimate.from_draws(float(at_a[i] / at_b[i]), ratio[np.isfinite(ratio)], (level,))
        ends = [float(one) if np.isfinite(one) else None for one in (at_a[i], at_b[i])]
        out.append(Saving(float(loss), ends[0], ends[1], factor))
    return tuple(out)


def crossing_of(
    budget: Floats, curves: list[Floats], drawn: list[Floats], limits: tuple[float, float], level: float
) -> tuple[Estimate, float]:
    """The last budget between the limits at which the better recipe changes, and the share of draws with one."""
    inside = (budget >= limits[0]) & (budget <= limits[1])
    logs = np.log(budget[inside])

    def last(a: Floats, b: Floats) -> Floats:
        d = np.log(b[:, inside]) - np.log(a[:, inside])
        out = np.full(len(d), np.nan)
        for r, row in enumerate(d):
            change = np.flatnonzero(row[:-1] * row[1:] < 0)
            if len(change):
                i = change[-1]
                out[r] = np.exp(logs[i] + (logs[i + 1] - logs[i]) * row[i] / (row[i] - row[i + 1]))
        return out

    best, draws = last(*curves)[0], last(*drawn)
    share = float(np.mean(np.isfinite(draws)))
    between = f"between {limits[0]:.3g} and {limits[1]:.3g}"
    if not np.isfinite(best):
        return Estimate(None, {}, f"the fitted laws do not cross {between} ({share:.0%} of draws do)"), share
    if share < 0.95:
        return Estimate(float(best), {}, f"only {share:.0%} of draws cross {between}"), share
    return Estimate.from_draws(float(best), draws[np.isfinite(draws)], (level,)), share
