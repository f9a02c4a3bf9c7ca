"""Hierarchical fits: one law on many groups, whose parameters are shared, drawn from one population, or a group's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import ConvergenceWarning, DataError, InputError, QuantalWarning, did_you_mean
from quantal.estimate import Estimate, check_levels
from quantal.fit.arrow import Arrow, Roles, descend
from quantal.fit.fit import fit
from quantal.fit.objective import Objective
from quantal.fit.objective import objective as find_objective
from quantal.fit.problem import Problem
from quantal.fit.result import problem_of
from quantal.fit.solver import Progress
from quantal.laws import Law, get_law, natural
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

ROUNDS = 300
DRAWS = 2000
STARTS = 4
FEWEST_GROUPS = 3
SIGMA = "sigma"


@dataclass(frozen=True, eq=False)
class GroupFits:
    """One law on groups of runs: ``groups`` their parameters, ``population`` the pooled ones' centre and spread.

    ``spread`` is the standard deviation of a pooled parameter between groups in its free coordinate (its logarithm, for
    exponents and amplitudes); ``draws`` (R, G, P) are joint draws from Laplace's approximation at that spread.
    """

    law: Law
    by: str
    target: str
    objective: Objective
    shared: tuple[str, ...]
    pooled: tuple[str, ...]
    labels: tuple[str, ...]
    groups: Mapping[str, Mapping[str, Estimate]]
    population: Mapping[str, Estimate]
    spread: Mapping[str, float]
    theta: Floats = field(repr=False)
    draws: Floats = field(repr=False)
    new: Floats | None = field(repr=False)
    levels: tuple[float, ...] = (95.0,)
    converged: bool = True
    status: str = ""

    def predict(self, group: str | None = None, *, levels: Sequence[float] | None = None, **inputs: float) -> Estimate:
        """The law's value at one point for a group, or for a new group of the population (``group=None``).

        Raises:
            InputError: no such group, wrong inputs, or a new group where some parameters are each group's own.
        """
        if set(inputs) != set(self.law.input_names):
            raise InputError(f"{self.law.name} predicts from {', '.join(self.law.input_names)}; give just these")
        columns = {name: np.array([float(value)]) for name, value in inputs.items()}
        levels = self.levels if levels is None else tuple(levels)
        if group is None:
            if self.new is None:
                raise InputError(
                    f"a new {self.by} can be predicted only where every parameter is pooled or shared; "
                    f"{', '.join(p for p in self.law.parameter_names if p not in self.pooled + self.shared)} are each group's own"
                )
            values = self.law.value(columns, self.new)[:, 0]
            return Estimate.from_draws(float(np.median(values)), values, levels)
        if group not in self.labels:
            raise InputError(f"no group {group!r} of {self.by}. {did_you_mean(group, self.labels)}")
        place = self.labels.index(group)
        value = self.law.value(columns, self.theta[place])[0]
        return Estimate.from_draws(float(value), self.law.value(columns, self.draws[:, place])[:, 0], levels)

    def curve(self, group: str, **inputs: ArrayLike) -> tuple[Floats, Floats]:
        """The law's values (n,) for a group, and at every draw (R, n)."""
        if group not in self.labels:
            raise InputError(f"no group {group!r} of {self.by}. {did_you_mean(group, self.labels)}")
        columns = {name: np.asarray(value, dtype=float) for name, value in inputs.items()}
        place = self.labels.index(group)
        return self.law.value(columns, self.theta[place]), self.law.value(columns, self.draws[:, place])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "law": self.law.name,
            "by": self.by,
            "target": self.target,
            "objective_name": self.objective.name,
            "shared": list(self.shared),
            "pooled": list(self.pooled),
            "population": {name: one.to_dict() for name, one in self.population.items()},
            "spread": dict(self.spread),
            "groups": {
                label: {name: one.to_dict() for name, one in found.items()} for label, found in self.groups.items()
            },
            "converged": self.converged,
            "status": self.status,
        }

    def __repr__(self) -> str:
        lines = [f"{self.law.title or self.law.name} on {len(self.labels)} groups of {self.by}: {self.status}"]
        for name, one in self.population.items():
            spread = f", spread {self.spread[name]:.3g} between groups" if name in self.spread else ", shared"
            lines.append(f"  {name:8s} {one!r}{spread}")
        return "\n".join(lines)


def fit_groups(
    runs: Any,
    law: str | Law,
    by: str,
    *,
    pooled: Sequence[str] = (),
    shared: Sequence[str] = (SIGMA,),
    target: str | None = None,
    objective: str | Objective = "gaussian",
    levels: Sequence[float] = (95.0,),
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> GroupFits:
    r"""Fit one law to every group of a label at once: groups with few runs borrow from the others what they share.

    A ``shared`` parameter has one value for all groups. A ``pooled`` one differs, u_g ~ N(\mu, \tau^2) in its free
    coordinate; \mu and \tau are found by empirical Bayes, restricted maximum likelihood by EM with Laplace's
    approximation inside. All others are each group's own. The name "sigma" stands for the noise's scale.

    Source: Gelman et al. 2013, Bayesian Data Analysis, chapters 5 and 13; Tierney and Kadane 1986 (Laplace).

    Raises:
        InputError: an unknown parameter, one both pooled and shared, or an objective that is no noise model.
        DataError: fewer than three groups to pool over, or groups with no run the law can use.

    >>> import numpy as np
    >>> n = np.tile(np.geomspace(1e6, 1e9, 6), 4)
    >>> loss = np.exp(np.random.default_rng(0).normal(0, 0.01, 24)) * 300 * n ** -np.repeat([0.28, 0.3, 0.31, 0.33], 6)
    >>> table = {"params": n, "loss": loss, "task": np.repeat(["a", "b", "c", "d"], 6)}
    >>> found = fit_groups(table, "power:params", "task", pooled=["alpha"])
    >>> 0.29 < found.population["alpha"].value < 0.32
    True
    """
    check_levels(levels)
    chosen, rule = get_law(law), find_objective(objective)
    names = (*chosen.parameter_names, SIGMA)
    for kind, given in (("pooled", pooled), ("shared", shared)):
        for name in given:
            if name not in names:
                raise InputError(f"{kind}: {chosen.name} has no parameter {name!r}. {did_you_mean(name, names)}")
    if both := set(pooled) & set(shared):
        raise InputError(f"{sorted(both)[0]} is both pooled and shared: a parameter is one of the two, or neither")
    if not rule.noise or rule.within or rule.scale_by:
        raise InputError("groups are fitted under a noise model without columns: gaussian, student_t or huber_density")
    table = read_runs(runs, where=where, columns=columns)
    name = target or chosen.target.name
    parts = table.group_by(by)
    if len(parts) < (FEWEST_GROUPS if pooled else 2):
        raise DataError(
            f"{table.source}: {by} has {len(parts)} group{'s' if len(parts) > 1 else ''}; "
            f"{FEWEST_GROUPS if pooled else 2} or more are needed to {'pool' if pooled else 'share'} parameters between them"
        )
    labels = tuple(parts)
    problems = [problem_of(chosen, part, name, rule, None) for part in parts.values()]
    starts = _starts(chosen, list(parts.values()), problems, name, rule, seed)
    roles = Roles.of(names, tuple(shared), tuple(pooled))
    arrow = Arrow(problems, roles, np.median(starts, axis=0))
    return _empirical_bayes(arrow, starts, chosen, by, name, rule, labels, tuple(levels), seed, progress)


def _starts(law: Law, parts: list[Runs], problems: list[Problem], target: str, rule: Objective, seed: int) -> Floats:
    """Separate fits (G, q) in free coordinates, pulled to within four robust deviations of the groups' median."""
    rows = []
    for part, problem in zip(parts, problems, strict=True):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QuantalWarning)
                rows.append(fit(part, law, target=target, objective=rule, starts=STARTS, seed=seed).best)
        except (DataError, InputError):
            rows.append(np.full(problem.size, np.nan))
    found = np.array(rows)
    if np.isnan(found).all():
        raise DataError(
            f"{law.name} can be fitted to none of the {len(parts)} groups alone, so there is nothing to start from; "
            "take a law with fewer parameters"
        )
    middle = np.nanmedian(found, axis=0)
    spread = 1.4826 * np.nanmedian(np.abs(found - middle), axis=0)
    reach = 4.0 * np.maximum(spread, 0.05)
    return np.where(np.isnan(found), middle, np.clip(found, middle - reach, middle + reach))


def _empirical_bayes(
    arrow: Arrow,
    starts: Floats,
    law: Law,
    by: str,
    target: str,
    rule: Objective,
    labels: tuple[str, ...],
    levels: tuple[float, ...],
    seed: int,
    progress: Progress | None,
) -> GroupFits:
    roles = arrow.roles
    u, border = arrow.split(starts)
    tau = np.maximum(starts[:, roles.pooled].std(axis=0, ddof=1), 0.02) if len(roles.pooled) else np.empty(0)
    spent = np.zeros(len(labels))
    state, moved = None, np.inf
    for turn in range(ROUNDS):
        u, border, state = descend(arrow, u, border, tau, spent)
        variance, square = arrow.spread(u, border, state)
        new, used = np.sqrt(np.maximum(square, 1e-8)), arrow.degrees(variance, tau)
        change = np.abs(np.log(new / tau)) * (np.maximum(new, tau) > 2e-3)
        moved = float(max(np.max(change, initial=0.0), np.max(np.abs(used - spent)) / 10))
        tau, spent = new, used
        if progress is not None:
            progress(turn + 1, ROUNDS)
        if moved < 2e-3 and state.converged:
            break
    assert state is not None
    u, border, state = descend(arrow, u, border, tau, spent)
    converged = state.converged and moved < 2e-2
    status = "converged" if converged else "not converged: pool or share more parameters, or take a simpler law"
    if not converged:
        warnings.warn(f"{law.name} by {by}: {status}", ConvergenceWarning, stacklevel=3)
    rng = np.random.default_rng([seed, 5])
    drawn_u, drawn_border = arrow.draws(u, border, state, DRAWS, rng)
    count = len(law.parameters)
    theta = natural(law.parameters, arrow.joined(u[None], border[None])[0][:, :count])
    full = arrow.joined(drawn_u, drawn_border)
    draws = natural(law.parameters, full[..., :count])
    groups = {
        label: {
            p: Estimate.from_draws(float(theta[g, i]), draws[:, g, i], levels)
            for i, p in enumerate(law.parameter_names)
        }
        for g, label in enumerate(labels)
    }
    centre, drawn_centre, new = arrow.population(border, drawn_border, tau, rng)
    population: dict[str, Estimate] = {}
    for k, i in enumerate((*roles.shared, *roles.pooled)):
        bounds = law.parameters[i].bounds if i < count else None
        value, rows = (
            (np.exp(centre[k]), np.exp(drawn_centre[:, k]))
            if bounds is None
            else (bounds.natural(centre[k]), bounds.natural(drawn_centre[:, k]))
        )
        population[roles.names[i]] = Estimate.from_draws(float(value), rows, levels)
    return GroupFits(
        law, by, target, rule,
        tuple(roles.names[i] for i in roles.shared), tuple(roles.names[i] for i in roles.pooled),
        labels, groups, population,
        {roles.names[i]: float(t) for i, t in zip(roles.pooled, tau, strict=True)},
        theta, draws, None if new is None else natural(law.parameters, new[:, :count]),
        levels, converged, status,
    )  # fmt: skip
