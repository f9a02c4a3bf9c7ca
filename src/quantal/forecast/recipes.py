"""Two recipes compared by their laws: how much compute one saves, where they cross, which wins, and what would decide."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, InputError, QuantalWarning, did_you_mean
from quantal.estimate import Estimate, check_levels
from quantal.fit import Fit, fit
from quantal.fit import objective as find_objective
from quantal.fit.objective import Objective
from quantal.forecast.deciding import MULTIPLES, POWER, REPEATS, SURE, Deciding, chance_to_decide
from quantal.forecast.frontier import Frontier, costs, frontier_of
from quantal.laws import Law, get_law
from quantal.laws.by_group import GROUP, by_group
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

GRID = 241
BEYOND = 2.0
"""Decades beyond the runs over which budgets are looked for that reach a loss, or at which the recipes cross."""
LEVELS_SHOWN = 7
LEAST_WEIGHT = 0.02
SAME = "all shared"
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Sharing:
    """One way of sharing parameters between recipes: which, how many there are in all, and AICc over the best way's."""

    name: str
    shared: tuple[str, ...]
    parameters: int
    aicc: float
    excess: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shared": list(self.shared),
            "n_parameters": self.parameters,
            "aicc_excess": self.excess,
        }


@dataclass(frozen=True)
class Saving:
    """What it costs each recipe to reach a loss: budgets, and the factor A / B that recipe B saves, with its interval."""

    loss: float
    cost_a: float | None
    cost_b: float | None
    factor: Estimate

    def to_dict(self) -> dict[str, Any]:
        return {"loss": self.loss, "cost_a": self.cost_a, "cost_b": self.cost_b, "factor": self.factor.to_dict()}


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
    joint, widest, draws, sharing = _joint(
        law, both, parts, pair, share, rule, target, bootstrap, level, seed, progress
    )
    theta = _own(law, joint.law, joint.theta[None, :], pair)
    good = np.isfinite(draws[0]).all(axis=1) & np.isfinite(draws[1]).all(axis=1)
    draws = (draws[0][good], draws[1][good])
    budget = np.geomspace(spent.min() / 10**BEYOND, spent.max() * 10**BEYOND, GRID)
    curves = [front.losses(one, budget) for one in theta]
    drawn = [front.losses(one, budget) for one in draws]
    goal, point = _target(at, front, spent)
    gap_at = _gap(front, theta, goal, point)[0]
    gaps = _gap(front, draws, goal, point)
    wins = float(np.mean(gaps < 0))
    limits = (float(spent.min()), max(goal, float(spent.max())))
    crossing, crosses = _crossing(budget, curves, drawn, limits, level)
    deciding = None if max(wins, 1 - wins) >= SURE else _deciding(widest, law, front, goal, point, pair, spent)
    return RecipeComparison(
        pair[0], pair[1], by, law.name, front.resource, goal, max(0.0, float(np.log10(goal / spent.max()))), sharing,
        _savings(budget, curves, drawn, spent, np.asarray(both[joint.target]), level), crossing, crosses, wins,
        Estimate.from_draws(float(gap_at), gaps, (level,)), deciding, _verdict(pair, wins, deciding, front.resource, sharing), joint,
    )  # fmt: skip


def _joint(
    law: Law, both: Runs, parts: Mapping[str, Runs], pair: tuple[str, str], share: Sequence[str] | None, rule: Objective,
    target: str | None, bootstrap: int, level: float, seed: int, progress: Callable[[int, int], None],
) -> tuple[Fit, Fit, tuple[Floats, Floats], tuple[Sharing, ...]]:  # fmt: skip
    """The joint fit under the best sharing, that which shares least, each recipe's draws over all ways of sharing, and these ways by AICc.

    Each way gives draws by its Akaike weight. Sharing everything is only reported: it would say that no difference can be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        alone = [fit(parts[label], law, target=target, objective=rule, seed=seed).theta for label in pair]
        fits: dict[str, Fit] = {}
        for name, shared in _ways(law, share).items():
            joined = by_group(law, pair, shared)
            starts = _starts(law, joined, alone, pair)
            fits[name] = fit(both, joined, target=target, objective=rule, starts=starts)
        scores = {name: (one.criteria or {})["aicc"] for name, one in fits.items()}
        usable = [name for name in fits if name != SAME]
        low = min(scores[name] for name in usable)
        weights = np.exp(-0.5 * np.array([scores[name] - low for name in usable]))
        weights /= weights.sum()
        drawn: list[tuple[Floats, Floats]] = []
        for name, weight in zip(usable, weights, strict=True):
            if weight < LEAST_WEIGHT:
                continue
            one = fits[name]
            done = sum(len(a) for a, _ in drawn)

            def tell(count: int, _total: int, before: int = done) -> None:
                progress(before + count, bootstrap)

            again = fit(
                both, one.law, target=target, objective=rule, starts=one.theta[None, :], seed=seed, progress=tell,
                bootstrap=max(2, round(weight * bootstrap)),
            )  # fmt: skip
            fits[name] = again
            assert again.draws is not None
            drawn.append(_own(law, again.law, again.draws, pair))
    best = min(scores.values())
    ways = [
        Sharing(
            name, tuple(p for p in law.parameter_names if p in one.law.parameter_names), len(one.law.parameters),
            scores[name], scores[name] - best,
        )
        for name, one in fits.items()
    ]  # fmt: skip
    draws = np.concatenate([a for a, _ in drawn]), np.concatenate([b for _, b in drawn])
    joint, widest = fits[min(usable, key=lambda name: scores[name])], fits[usable[0]]
    return joint, widest, draws, tuple(sorted(ways, key=lambda one: one.aicc))


def _ways(law: Law, share: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    names = law.parameter_names
    if share is not None:
        return {"shared as given" if share else "all separate": tuple(share)}
    exponents = tuple(p.name for p in law.parameters if not p.bounds.scale)
    ways = {"all separate": (), "exponents shared": exponents, SAME: names}
    if "E" in names:
        ways["floor shared"] = ("E",)
        ways["exponents and floor shared"] = ("E", *exponents)
    return {name: shared for name, shared in ways.items() if name == "all separate" or shared}


def _starts(law: Law, joined: Law, alone: list[Floats], pair: tuple[str, str]) -> Floats:
    """Starts of the joint fit: the separate fits, with shared parameters from either, and from their geometric mean."""
    rows = []
    for weight in (0.0, 0.5, 1.0):
        row = []
        for i, p in enumerate(law.parameters):
            a, b = alone[0][i], alone[1][i]
            middle = p.bounds.natural((1 - weight) * p.bounds.free(a) + weight * p.bounds.free(b))
            row += [float(middle)] if p.name in joined.parameter_names else [a, b]
        rows.append(row)
    return np.array(rows)


def _own(law: Law, joined: Law, theta: Floats, pair: tuple[str, str]) -> tuple[Floats, Floats]:
    """Each recipe's own parameters (R, P) from the joint law's (R, Q)."""
    names = joined.parameter_names
    a, b = ([names.index(p if p in names else f"{p}[{label}]") for p in law.parameter_names] for label in pair)
    return theta[:, a], theta[:, b]


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


def _gap(front: Frontier, theta: tuple[Floats, Floats], goal: float, point: dict[str, Floats] | None) -> Floats:
    """log loss of B minus that of A (R,) at the target."""
    if point is None:
        a, b = (front.losses(one, np.array([goal]))[:, 0] for one in theta)
    else:
        a, b = (front.at(one, {k: np.broadcast_to(v, (len(one), 1)) for k, v in point.items()})[:, 0] for one in theta)
    return np.log(b) - np.log(a)


def _savings(
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


def _crossing(
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


def _deciding(
    joint: Fit, law: Law, front: Frontier, goal: float, point: dict[str, Floats] | None,
    pair: tuple[str, str], spent: Floats,
) -> Deciding | None:  # fmt: skip
    """The cheapest further runs of both recipes, up to the target's budget, that are likely to decide.

    Told by the fit that shares least, whose uncertainty holds that of every other.
    """
    theta = _own(law, joint.law, joint.theta[None, :], pair)
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
    moved = _own(law, joint.law, problem.theta(np.column_stack([steps, np.zeros(len(steps))])), pair)

    def slope(values: Floats) -> Floats:
        return (values[:size] - values[size:]) / (2 * DIFFERENCE)

    gap_slope = slope(_gap(front, moved, goal, point))
    gap = float(_gap(front, theta, goal, point)[0])
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
