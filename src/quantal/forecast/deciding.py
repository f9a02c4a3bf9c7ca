"""The smallest further runs that would decide between two recipes: a preposterior analysis with a normal approximation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.fit import Fit
from quantal.forecast.frontier import Frontier, log_gap
from quantal.forecast.recipe_fits import own_parameters
from quantal.laws import Law
from quantal.laws.law import Floats

MULTIPLES = 2.0 ** np.arange(-3, 11)
REPEATS = (1, 2, 3, 4, 6, 8)
SURE = 0.95
POWER = 0.8
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Deciding:
    """Runs that would settle which recipe wins: ``repeats`` of each recipe at ``budget``, and what they are expected to do.

    ``chance`` is the probability that after them one recipe wins with 95 % probability; ``enough`` whether that is 80 %.
    """

    budget: float
    repeats: int
    total: float
    chance: float
    enough: bool
    points: Mapping[str, Mapping[str, float]]

    def to_dict(self) -> dict[str, Any]:
        return {
            "budget": self.budget,
            "repeats": self.repeats,
            "total": self.total,
            "chance": self.chance,
            "enough": self.enough,
            "points": {label: dict(at) for label, at in self.points.items()},
        }


def chance_to_decide(
    gap: float, slope: Floats, covariance: Floats, rows: Floats, information: float
) -> tuple[float, float]:
    """Probability that runs with gradients rows (k, q) decide a gap whose gradient is slope (q,), and the sd they leave.

    The gap's variance falls from v = s C s to w = s (C^-1 + i R'R)^-1 s; its next estimate moves by sqrt(v - w), and
    decides where it lies beyond 1.645 sqrt(w) on either side. Source: Raiffa and Schlaifer 1961, chapter 5.

    >>> none, left = chance_to_decide(0.1, np.ones(1), np.eye(1) * 0.01, np.zeros((1, 1)), 1.0)
    >>> none, round(left, 3)
    (0.0, 0.1)
    >>> round(chance_to_decide(0.1, np.ones(1), np.eye(1) * 0.01, np.ones((1, 1)), 1e6)[0], 2)
    0.99
    """
    from scipy.special import ndtr

    before = float(slope @ covariance @ slope)
    moved = rows @ covariance
    inner = np.eye(len(rows)) / information + moved @ rows.T
    after = before - float(slope @ moved.T @ np.linalg.solve(inner, moved @ slope))
    after = float(np.clip(after, 1e-12 * before, before))
    need, reach = 1.6449 * np.sqrt(after), np.sqrt(max(before - after, 0.0))
    if reach < 1e-9 * np.sqrt(before):
        return float(abs(gap) >= need), float(np.sqrt(after))
    return float(ndtr((gap - need) / reach) + ndtr((-gap - need) / reach)), float(np.sqrt(after))


def deciding_runs(
    joint: Fit, law: Law, front: Frontier, goal: float, point: dict[str, Floats] | None,
    pair: tuple[str, str], spent: Floats,
) -> Deciding | None:  # fmt: skip
    """The cheapest further runs of both recipes, up to the target's budget, that are likely to decide.

    Told by the fit that shares least, whose uncertainty holds that of every other.
    """
    theta = own_parameters(law, joint.law, joint.theta[None, :], pair)
    assert joint.sigma is not None
    problem = joint.problem
    size = len(joint.law.parameters)
    if joint.covariance is None:
        return None
    covariance = joint.covariance[:size, :size]
    nu = joint.objective.degrees
    share = (nu + 1) / (nu + 3) if joint.objective.kind == "student_t" else 1.0
    information = share / joint.sigma**2
    best = problem.free(joint.theta[None, :])[0, :size]
    steps = best + DIFFERENCE * np.concatenate([np.eye(size), -np.eye(size)])
    moved = own_parameters(law, joint.law, problem.theta(np.column_stack([steps, np.zeros(len(steps))])), pair)

    def slope(values: Floats) -> Floats:
        return (values[:size] - values[size:]) / (2 * DIFFERENCE)

    gap_slope = slope(log_gap(front, moved, goal, point))
    gap = float(log_gap(front, theta, goal, point)[0])
    found: list[Deciding] = []
    for budget in spent.max() * MULTIPLES:
        if budget > goal:
            break
        at = [front.points(one, np.array([budget])) for one in theta]
        rows = []
        for one, inputs in zip(moved, at, strict=True):
            wide = {k: np.broadcast_to(v, (len(one), 1)) for k, v in inputs.items()}
            rows.append(slope(np.log(front.at(one, wide)[:, 0])))
        for repeats in REPEATS:
            chance, _ = chance_to_decide(gap, gap_slope, covariance, np.array(rows), information * repeats)
            points = {
                label: {k: float(v[0, 0]) for k, v in inputs.items()} for label, inputs in zip(pair, at, strict=True)
            }
            found.append(Deciding(float(budget), repeats, 2 * repeats * float(budget), chance, chance >= POWER, points))
    enough = [one for one in found if one.enough]
    if enough:
        return min(enough, key=lambda one: one.total)
    return max(found, key=lambda one: one.chance, default=None)
