"""Two recipes compared by their laws: how much compute one saves, where they cross, which wins, and what would decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, did_you_mean
from quantal.estimate import Estimate, check_levels
from quantal.fit import Fit
from quantal.fit import objective as find_objective
from quantal.fit.objective import Objective
from quantal.forecast.deciding import SURE, Deciding, deciding_runs
from quantal.forecast.frontier import Frontier, frontier_of, log_gap
from quantal.forecast.recipe_fits import SAME, Sharing, joint_fits, own_parameters
from quantal.forecast.savings import BEYOND, Saving, crossing_of, savings_of
from quantal.laws import Law, get_law
from quantal.laws.by_group import GROUP
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

GRID = 241


@dataclass(frozen=True, eq=False)
class RecipeComparison:
    """Recipe B against recipe A. Budgets are in ``resource``; ``wins`` is the probability that B has the lower loss there.

    ``crossing`` is the budget at which the better recipe changes, None with a reason where none lies between the runs
    and ``BEYOND`` decades past them; ``crosses`` is the share of draws in which there is one.
    """

    a: str
    b: str
    by: str
    law: str
    resource: str
    target_budget: float
    decades_beyond: float
    sharing: tuple[Sharing, ...]
    savings: tuple[Saving, ...]
    crossing: Estimate
    crosses: float
    wins: float
    gap: Estimate
    deciding: Deciding | None
    verdict: str
    fit: Fit = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "by": self.by,
            "law": self.law,
            "resource": self.resource,
            "target_budget": self.target_budget,
            "decades_beyond": self.decades_beyond,
            "sharing": [one.to_dict() for one in self.sharing],
            "savings": [one.to_dict() for one in self.savings],
            "crossing": self.crossing.to_dict(),
            "crosses": self.crosses,
            "probability_b_wins": self.wins,
            "gap_at_target": self.gap.to_dict(),
            "deciding_runs": None if self.deciding is None else self.deciding.to_dict(),
            "verdict": self.verdict,
        }

    def __repr__(self) -> str:
        lines = [f"{self.b} against {self.a} ({self.by}), {self.law}, {self.sharing[0].name}: {self.verdict}"]
        lines.append(f"  at {self.resource} {self.target_budget:.3g} {self.b} wins with probability {self.wins:.3f}")
        lines += [f"  to reach {one.loss:.4g}: {self.b} saves a factor {one.factor!r}" for one in self.savings]
        return "\n".join(lines)


def compare_recipes(
    runs: Any,
    by: str,
    *,
    recipes: Sequence[str] | None = None,
    law: str | Law | None = None,
    at: float | Mapping[str, float] | None = None,
    share: Sequence[str] | None = None,
    objective: str | Objective = "student_t",
    target: str | None = None,
    bootstrap: int = 300,
    level: float = 95.0,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[RecipeComparison, ...]:
    """Compare recipes, the values of a label: what each later one saves over the first, and which wins at a target.

    A law is fitted to both recipes jointly, with parameters shared or separate (or as ``share`` says). Intervals come from
    resampled runs, under each way of sharing by its Akaike weight. Source: Burnham and Anderson 2002, chapter 4.

    Args:
        by: the label whose values are recipes; ``recipes`` names those to compare, the first of them the baseline.
        law: of params and tokens, or of one input; chosen by the runs' columns unless given.
        at: the target: a budget, or a point such as {"params": 7e9, "tokens": 2e12}; ten times the largest unless given.
        share: parameters that the recipes have in common, in place of AICc's choice; () for none.

    Raises:
        DataError: fewer than two recipes, or too few runs of one.
        InputError: an unknown recipe or parameter, an objective that is no noise model, a target that is not above zero.

    >>> import numpy as np
    >>> c = np.tile(np.geomspace(1e18, 1e21, 10), 2); old = np.repeat([True, False], 10)
    >>> loss = (1.5 + 2e3 * (c * np.where(old, 1, 2)) ** -0.18) * np.exp(np.random.default_rng(0).normal(0, 1e-3, 20))
    >>> table = {"compute": c, "loss": loss, "recipe": np.where(old, "old", "new")}
    >>> found = compare_recipes(table, "recipe", recipes=["old", "new"], bootstrap=100)[0]
    >>> found.wins > 0.99, 1.8 < found.savings[0].factor.value < 2.2
    (True, True)
    """
    check_levels((level,))
    rule = find_objective(objective)
    if not rule.noise:
        raise InputError(f"objective {rule.name}: recipes are compared under a noise model: student_t or gaussian")
    table = read_runs(runs, where=where, columns=columns)
    parts = table.group_by(by)
    chosen_labels = tuple(parts) if recipes is None else tuple(recipes)
    for label in chosen_labels:
        if label not in parts:
            raise InputError(f"{by} has no value {label!r}. {did_you_mean(label, parts)}")
    if len(set(chosen_labels)) < 2:
        raise DataError(f"{table.source}: {by} holds one recipe, {', '.join(chosen_labels)}; a comparison needs two")
    chosen = _law_for(table, law)
    out = []
    for k, label in enumerate(chosen_labels[1:]):

        def tell(done: int, total: int, before: int = k) -> None:
            if progress is not None:
                progress(before * total + done, total * (len(chosen_labels) - 1))

        out.append(
            _pair(
                table,
                parts,
                by,
                (chosen_labels[0], label),
                chosen,
                at,
                share,
                rule,
                target,
                bootstrap,
                level,
                seed,
                tell,
            )
        )
    return tuple(out)


def _law_for(runs: Runs, law: str | Law | None) -> Law:
    if law is not None:
        return get_law(law)
    if "params" in runs and "tokens" in runs:
        return get_law("chinchilla")
    for name in ("compute", "tokens", "params", "steps"):
        if name in runs:
            return get_law(f"power_floor:{name}")
    raise DataError(f"{runs.source}: no column of size, data, steps or compute to compare recipes along; give a law")


def _pair(
    table: Runs, parts: Mapping[str, Runs], by: str, pair: tuple[str, str], law: Law,
    at: float | Mapping[str, float] | None, share: Sequence[str] | None, rule: Objective, target: str | None,
    bootstrap: int, level: float, seed: int, progress: Callable[[int, int], None],
) -> RecipeComparison:  # fmt: skip
    labels = np.asarray(table[by]).astype(str)
    both = table.take(np.isin(labels, pair))
    both = both.with_column(GROUP, (np.asarray(both[by]).astype(str) == pair[1]).astype(float))
    front, spent = frontier_of(law, both)
    joint, widest, draws, sharing = joint_fits(
        law, both, parts, pair, share, rule, target, bootstrap, level, seed, progress
    )
    theta = own_parameters(law, joint.law, joint.theta[None, :], pair)
    good = np.isfinite(draws[0]).all(axis=1) & np.isfinite(draws[1]).all(axis=1)
    draws = (draws[0][good], draws[1][good])
    budget = np.geomspace(spent.min() / 10**BEYOND, spent.max() * 10**BEYOND, GRID)
    curves = [front.losses(one, budget) for one in theta]
    drawn = [front.losses(one, budget) for one in draws]
    goal, point = _target(at, front, spent)
    gap_at = log_gap(front, theta, goal, point)[0]
    gaps = log_gap(front, draws, goal, point)
    wins = float(np.mean(gaps < 0))
    limits = (float(spent.min()), max(goal, float(spent.max())))
    crossing, crosses = crossing_of(budget, curves, drawn, limits, level)
    deciding = None if max(wins, 1 - wins) >= SURE else deciding_runs(widest, law, front, goal, point, pair, spent)
    return RecipeComparison(
        pair[0], pair[1], by, law.name, front.resource, goal, max(0.0, float(np.log10(goal / spent.max()))), sharing,
        savings_of(budget, curves, drawn, spent, np.asarray(both[joint.target]), level), crossing, crosses, wins,
        Estimate.from_draws(float(gap_at), gaps, (level,)), deciding, _verdict(pair, wins, deciding, front.resource, sharing), joint,
    )  # fmt: skip


def _target(
    at: float | Mapping[str, float] | None, front: Frontier, spent: Floats
) -> tuple[float, dict[str, Floats] | None]:
    """The target's budget, and the point itself where one was given."""
    if at is None:
        return 10.0 * float(spent.max()), None
    values = list(at.values()) if isinstance(at, Mapping) else [at]
    if not all(np.isfinite(v) and v > 0 for v in values):
        raise InputError(f"at = {at!r}: the target's budget or coordinates must be finite and above zero")
    if not isinstance(at, Mapping):
        return float(at), None
    if set(at) == {front.resource}:
        return float(at[front.resource]), None
    if set(at) != set(front.law.input_names):
        raise InputError(
            f"at: {front.law.name} reads {', '.join(front.law.input_names)}, and the target names {', '.join(at)}; "
            f"give these, or {front.resource} alone"
        )
    budget = front.flops * float(np.prod(values)) if len(at) > 1 else float(values[0])
    return budget, {name: np.array([float(value)]) for name, value in at.items()}


def _verdict(
    pair: tuple[str, str], wins: float, deciding: Deciding | None, resource: str, sharing: tuple[Sharing, ...]
) -> str:
    if max(wins, 1 - wins) >= SURE:
        return f"{pair[1] if wins > 0.5 else pair[0]} wins at the target ({max(wins, 1 - wins):.0%} of draws)"
    text = f"undecided: {pair[1]} wins in {wins:.0%} of draws"
    if sharing[0].name == SAME:
        text += " (one law for both fits these runs best)"
    if deciding is None:
        return text
    runs = f"{deciding.repeats} further run{'s' if deciding.repeats > 1 else ''} of each at {resource} {deciding.budget:.2g}"
    if deciding.enough:
        return f"{text}; {runs} would decide with probability {deciding.chance:.0%}"
    return f"{text}; even {runs} would decide with probability {deciding.chance:.0%} only: the recipes are close"
