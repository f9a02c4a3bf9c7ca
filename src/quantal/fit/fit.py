"""fit(runs, law) -> Fit: many starts, one optimum, resamples, intervals and verdicts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import ConvergenceWarning, DataError, DataWarning, InputError
from quantal.estimate import Estimate, check_levels
from quantal.fit import diagnostics, resampling, uncertainty
from quantal.fit.doubts import few, table_doubts
from quantal.fit.noise import best_correlation, check_noise, whitening_of
from quantal.fit.objective import Objective
from quantal.fit.objective import objective as find_objective
from quantal.fit.problem import Problem
from quantal.fit.resampling import Resample
from quantal.fit.result import Fit, StartsReport, problem_of, target_values
from quantal.fit.solver import Progress, Solution, minimise
from quantal.fit.starts import DEFAULT_STARTS, make_starts, published_grid, with_scale
from quantal.laws import Law, get_law
from quantal.laws.law import Floats
from quantal.runs import Runs, read_runs

AT_BEST = 1e-6
ROUGH, ROUGH_ITERATIONS = 1e-4, 40
FIRST_ITERATIONS = 100
"""After these, only the best start goes on."""
CORRELATION_ROUNDS = 30


def fit(
    runs: Any,
    law: str | Law = "chinchilla",
    *,
    target: str | None = None,
    objective: str | Objective | None = None,
    method: Literal["bootstrap", "mcmc"] = "bootstrap",
    bootstrap: int = 0,
    resample: Resample | None = None,
    group: str | None = None,
    evaluations: Sequence[str] | None = None,
    interval: Literal["percentile", "bca"] = "percentile",
    levels: Sequence[float] = (95.0,),
    drop_highest_loss: int = 0,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    starts: int | Literal["published"] | ArrayLike = DEFAULT_STARTS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Fit:
    """Fit a law to runs, from many starts at once, with a bootstrap for intervals.

    Args:
        runs: `Runs`, or anything that `read_runs` takes.
        law: a law or its name.
        target: the column to explain; the law's own target (loss) unless given.
        objective: see `quantal.fit.objective.objective`; the default is the summed Huber of log residuals with delta
            1e-3, or Student-t noise for MCMC, which needs a likelihood.
        method: "bootstrap", or "mcmc" for draws from the posterior (`sample_posterior` with its defaults).
        bootstrap: number of resamples; 0 gives sandwich standard errors in place of draws.
        resample: "case" (runs), "residual", "group" (whole groups, by the label ``group``) or "wild" (each run's residual,
            or each group's together, times a random sign); by group where ``group`` is given.
        evaluations: columns of the target on resamples of the evaluation that all runs share; each draw takes one of them.
        interval: percentile or BCa intervals, at ``levels`` in percent.
        starts: how many starting points are minimised from (the best of a larger pool), "published" for the grid of
            4,500 of Hoffmann et al. 2022, or an array (count, P).

    Raises:
        DataError, IdentifiabilityError: the runs lack what the law needs.
        InputError: an argument is out of its range.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> found = ql.fit({"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}, "chinchilla")
    >>> round(found.parameters["alpha"].value, 4), found.converged
    (0.34, True)
    """
    check_levels(levels)
    if bootstrap < 0 or bootstrap == 1:
        raise InputError(f"bootstrap = {bootstrap}: give 0 for none, or the number of resamples, such as 1000")
    if interval not in ("percentile", "bca"):
        raise InputError(f"interval = {interval!r}: it is 'percentile' or 'bca'")
    if resample not in (None, "case", "residual", "group", "wild"):
        raise InputError(f"resample = {resample!r}: it is 'case', 'residual', 'group' or 'wild'")
    if method not in ("bootstrap", "mcmc"):
        raise InputError(f"method = {method!r}: it is 'bootstrap' or 'mcmc'")
    chosen, rule = get_law(law), find_objective(objective or ("student_t" if method == "mcmc" else "huber"))
    group = group or rule.within
    resample = resample or ("case" if group is None else "group")
    check_noise(rule, resample)
    name = target or chosen.target.name
    table = read_runs(runs, where=where, columns=columns)
    if drop_highest_loss:
        table = table.drop_highest(drop_highest_loss, name)
    chosen.check(table)
    problem = problem_of(chosen, table, name, rule, None)
    check_enough(chosen, table, problem)
    rng = np.random.default_rng(seed)
    drawing = bootstrap > 0 or method == "mcmc"
    solution = _solve(problem, starts, rng, None if drawing else progress)
    correlation_within = None
    if rule.within is not None:
        problem, solution, correlation_within = _with_correlation(problem, solution, table)
    best_row = int(np.argmin(solution.objective))
    best, value = solution.free[best_row], float(solution.objective[best_row])
    report = _starts_report(problem, solution, value)
    theta = problem.theta(best[None, :])[0]
    converged = bool(solution.converged[best_row])
    status = _status(problem, best, converged, report)
    notes = [] if converged else [status]
    notes += table_doubts(table, name) if chosen.target.name == "loss" else []
    notes += [f"{table.source}: {text}" for text in few(problem.n, problem.size)]
    draws = None
    jackknife = None
    posterior = None
    groups = None if group is None else table[group]
    if method == "mcmc":
        from quantal.fit.posterior import sample_problem

        posterior = sample_problem(problem, best, seed=seed, progress=progress)
        draws = posterior.flat(4000)
        notes += posterior.notes
    elif bootstrap:
        shared = None if evaluations is None else _evaluations(problem, chosen, table, rule, evaluations)
        again = np.random.default_rng([seed, 1])  # the same resamples whatever the law and the target
        resampled = resampling.bootstrap(
            problem, best, bootstrap, again, resample=resample, groups=groups, evaluations=shared, progress=progress
        )
        draws = problem.theta(problem.arranged(resampled.free))
        notes += _few_draws(bootstrap, max(levels))
        failed = int(np.sum(~resampled.converged))
        if failed > 0.01 * bootstrap:
            notes.append(f"{failed} of {bootstrap} resamples did not converge; their draws are kept as they ended")
        if interval == "bca":
            units = np.arange(problem.n) if groups is None else resampling.numbered(groups)
            jackknife = problem.theta(resampling.leave_one_out(problem, best, units).free)
    units = None if groups is None else resampling.numbered(groups)
    covariance = (
        uncertainty.inverse_hessian(problem, best) if rule.noise else uncertainty.sandwich(problem, best, units)
    )
    estimates = _estimates(problem, best, theta, draws, jackknife, covariance, tuple(levels))
    free_draws = None if draws is None else problem.free(draws)
    correlation = _correlation(free_draws, covariance)
    judged = diagnostics.verdicts(chosen, estimates, correlation, max(levels))
    far = diagnostics.outliers(problem.residuals(problem.law.value(problem.inputs, theta)))
    without = _without(problem, best, far)
    notes += [] if without is None else [_outlier_note(problem, theta, without, table, far)]
    for text in notes:
        warnings.warn(text, ConvergenceWarning if text == status else DataWarning, stacklevel=2)
    return Fit(
        law=chosen,
        runs=table,
        target=name,
        objective=rule,
        value=value,
        theta=theta,
        parameters=estimates,
        verdicts=judged,
        starts=report,
        converged=converged,
        status=status,
        n_dropped=drop_highest_loss,
        seed=seed,
        levels=tuple(float(level) for level in levels),
        draws=draws,
        resample=resample,
        interval=interval,
        sigma=float(np.exp(best[len(theta)])) if rule.noise else None,
        slope=float(best[-1]) if rule.scale_by is not None else None,
        within=correlation_within,
        posterior=posterior,
        criteria=uncertainty.information_criteria(problem, value),
        covariance=covariance,
        correlation=correlation,
        warnings=tuple(notes),
        without_outliers=without,
    )


def _with_correlation(problem: Problem, solution: Solution, runs: Runs) -> tuple[Problem, Solution, float]:
    """The fit and the correlation of the runs' noise, each the best given the other, in turn until both stand still."""
    free, rho = solution.free[int(np.argmin(solution.objective))][None, :], -1.0
    for _ in range(CORRELATION_ROUNDS):
        values = problem.law.value(problem.inputs, problem.theta(free))[0]
        before, rho = rho, best_correlation(runs, problem.objective, problem.residuals(values))
        problem = replace(problem, whiten=whitening_of(runs, problem.objective, rho))
        solution = minimise(problem, free, np.ones(problem.n))
        free = solution.free
        if abs(rho - before) < 1e-5:
            break
    return problem, solution, rho


def _evaluations(problem: Problem, law: Law, runs: Runs, rule: Objective, names: Sequence[str]) -> Floats:
    """Residual targets (K, n) from the columns of a target measured on K resamples of the evaluation."""
    columns = [target_values(law, runs, name, rule) for name in names]
    if len(columns) < 2:
        raise InputError("evaluations needs at least two columns, the target on resamples of the evaluation")
    return np.stack([replace(problem, y=values).targets for values in columns])


def check_enough(law: Law, runs: Runs, problem: Problem) -> None:
    """Raise DataError when there are no more runs than parameters."""
    if problem.n <= problem.size:
        raise DataError(
            f"{runs.source}: {problem.n} runs cannot determine the {problem.size} parameters of {law.name}; "
            f"at least {problem.size + 1} are needed, or a law with fewer parameters, such as power:{law.input_names[0]}"
        )


def _solve(
    problem: Problem, starts: int | str | ArrayLike, rng: np.random.Generator, progress: Progress | None
) -> Solution:
    if isinstance(starts, str):
        if starts != "published" or problem.law.parameter_names != ("E", "A", "B", "alpha", "beta"):
            raise InputError(
                f"starts = {starts!r}: give a number, an array, or 'published', which is for laws in E, A, B, alpha, beta"
            )
        points = published_grid()
    elif np.ndim(starts) == 0:
        count = int(np.asarray(starts))
        if count < 1:
            raise InputError(f"starts = {count}: at least one starting point is needed")
        points = make_starts(problem, count, rng)
    else:
        points = np.atleast_2d(np.asarray(starts, dtype=float))
        if points.shape[1] != len(problem.law.parameters):
            raise InputError(
                f"starts has {points.shape[1]} columns, and {problem.law.name} {len(problem.law.parameters)} parameters"
            )
    ones = np.ones(problem.n)
    free = with_scale(problem, points)
    for stage in problem.objective.stages(cold=True)[:-1]:
        free = minimise(problem.under(stage), free, ones, tolerance=ROUGH, max_iterations=ROUGH_ITERATIONS).free
    solution = minimise(problem, free, ones, max_iterations=FIRST_ITERATIONS, progress=progress)
    if not np.isfinite(solution.objective).any():
        raise InputError(f"{problem.law.name}: no start of {len(points)} gives a finite objective on these runs")
    best = np.arange(len(free)) == np.argmin(solution.objective)
    if not solution.converged[best].all():
        solution = solution.continued(best, minimise(problem, solution.free[best], ones))
    return replace(solution, free=problem.arranged(solution.free))


def _few_draws(bootstrap: int, level: float) -> list[str]:
    """A sentence where fewer than one draw in the mean lies beyond either end of the widest interval."""
    enough = math.ceil(2 / (1 - level / 100))
    if bootstrap >= enough:
        return []
    return [
        f"bootstrap = {bootstrap}: the ends of {level:g} % intervals from so few draws are their outermost draws, and too "
        f"near; take at least {enough}, better {25 * enough}"
    ]


def _starts_report(problem: Problem, solution: Solution, value: float) -> StartsReport:
    near = solution.objective <= value + AT_BEST * max(abs(value), problem.smallest)
    return StartsReport(
        total=len(solution.objective),
        converged=int(solution.converged.sum()),
        at_best=int(near.sum()),
        outcomes=solution.objective,
        points=problem.theta(solution.free),
    )


def _status(problem: Problem, best: Floats, converged: bool, report: StartsReport) -> str:
    if not converged:
        return (
            f"not converged: the best of {report.total} starts still moves; its parameters are a lower bound on what the "
            "law can do, not an estimate. Try more starts, a simpler law, or --objective log_squares"
        )
    theta = problem.theta(best[None, :])[0]
    edge = [
        p.name
        for p, x in zip(problem.law.parameters, theta, strict=True)
        if p.bounds.scale and x - p.bounds.low < 1e-12
    ]
    text = f"converged ({report.at_best} of {report.total} starts agree)"
    return f"{text}; {', '.join(edge)} went to zero: these runs do not ask for that term" if edge else text


def _estimates(
    problem: Problem,
    best: Floats,
    theta: Floats,
    draws: Floats | None,
    jackknife: Floats | None,
    covariance: Floats | None,
    levels: tuple[float, ...],
) -> dict[str, Estimate]:
    from scipy.special import stdtrit

    out = {}
    # sigma is estimated too: as many degrees of freedom fewer as there are parameters, and Student's quantiles
    degrees = max(problem.n - len(theta), 1)
    for i, parameter in enumerate(problem.law.parameters):
        value = float(theta[i])
        if draws is not None and jackknife is not None:
            out[parameter.name] = uncertainty.bca(value, draws[:, i], jackknife[:, i], levels)
        elif draws is not None:
            out[parameter.name] = Estimate.from_draws(value, draws[:, i], levels)
        elif covariance is not None and covariance[i, i] > 0:
            error = float(np.sqrt(covariance[i, i] * problem.n / degrees))
            intervals = {}
            for level in levels:
                reach = float(stdtrit(degrees, 0.5 + level / 200)) * error
                low, high = (float(parameter.bounds.natural(np.float64(best[i] + s * reach))) for s in (-1, 1))
                intervals[float(level)] = (low, high)
            out[parameter.name] = Estimate(value, intervals)
        else:
            out[parameter.name] = Estimate(value, {}, "the runs leave a direction of the parameters free")
    return out


def _correlation(free_draws: Floats | None, covariance: Floats | None) -> Floats | None:
    if free_draws is not None:
        return diagnostics.correlations(free_draws)
    if covariance is None:
        return None
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    return covariance / np.outer(scale, scale)


def _without(problem: Problem, best: Floats, far: diagnostics.Outliers) -> Floats | None:
    """The parameters (P,) refitted without the outliers, None where there are none or too few runs would be left."""
    if not far.positions or problem.n - len(far.positions) <= problem.size:
        return None
    weights = np.ones(problem.n)
    weights[list(far.positions)] = 0.0
    found = best[None, :]
    for stage in problem.objective.stages():
        found = minimise(problem.under(stage), found, weights).free
    return problem.theta(found)[0]


def _outlier_note(problem: Problem, before: Floats, after: Floats, runs: Runs, far: diagnostics.Outliers) -> str:
    count = len(far.positions)
    shown = ", ".join(str(int(runs.rows[i])) for i in far.positions[:8]) + (" ..." if count > 8 else "")
    moved = [
        f"{p.name} goes from {before[i]:.4g} to {after[i]:.4g}"
        for i, p in enumerate(problem.law.parameters)
        if not p.bounds.scale and abs(after[i] - before[i]) > 0.01 * abs(before[i])
    ]
    effect = f"without {'it' if count == 1 else 'them'} {' and '.join(moved) or 'no exponent moves by more than 1 %'}"
    subject = f"1 run lies (row {shown})" if count == 1 else f"{count} runs lie (rows {shown})"
    return (
        f"{subject} more than {diagnostics.OUTLIER:g} robust standard deviations off {problem.law.name}, the farthest by "
        f"{abs(far.scores[0]):.0f}: {effect}. Look at them, then keep them, or leave them out with --where or --drop-highest-loss."
    )
