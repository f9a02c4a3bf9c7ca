"""Starting points: a seeded pool, linear parameters solved by variable projection, screened by the objective."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from quantal.errors import InputError
from quantal.fit.problem import Problem
from quantal.fit.solver import solve_positive
from quantal.laws.law import Floats

DEFAULT_STARTS = 16
POOL = 384
SCREENING_ROWS = 2_000
MOST_LINEAR = 4


def make_starts(problem: Problem, count: int, rng: np.random.Generator) -> Floats:
    """The ``count`` best of a pool of starting points (count, P), in natural parameters.

    Nonlinear parameters come from the law's own starts, or from wide random draws; those in which the law is linear
    are then solved for by non-negative least squares (variable projection, Golub and Pereyra 1973), and the objective
    screens the pool.

    Raises:
        InputError: the objective is not finite at any point of the pool.
    """
    thinned = _thinned(problem, rng)
    size = max(POOL, 4 * count)
    law = problem.law
    pool = law.starts(thinned.inputs, thinned.y, rng, size) if law.starts else _random(problem, rng, size)
    linear = law.linear_parameters()
    if linear and len(linear) <= MOST_LINEAR:
        pool = np.concatenate([pool[: size // 4], _projected(thinned, pool, linear)])
    free = problem.free(pool, _log_scale(thinned, pool))
    scores = thinned.values(free, np.ones(thinned.n))
    order = np.argsort(scores, kind="stable")
    order = order[np.isfinite(scores[order])][:count]
    if not len(order):
        raise InputError(
            f"{law.name}: none of {len(pool)} starting points gives a finite objective on these runs; "
            "give starts of your own (starts=array of shape (count, number of parameters))"
        )
    return pool[order]


def published_grid() -> Floats:
    """The 4,500 starts (E, A, B, alpha, beta) of Hoffmann et al. 2022, approach 3; exponents of 0 are put at 0.01."""
    exponents = np.array([0.01, 0.5, 1.0, 1.5, 2.0])
    logs = np.arange(0.0, 26.0, 5.0)
    axes = (np.exp(np.arange(-1.0, 1.01, 0.5)), np.exp(logs), np.exp(logs), exponents, exponents)
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=-1)


def with_scale(problem: Problem, theta: Floats) -> Floats:
    """Free coordinates (R, q) of natural parameters, with the noise's log sigma started at the residuals' size."""
    return problem.free(theta, _log_scale(problem, theta))


def _thinned(problem: Problem, rng: np.random.Generator) -> Problem:
    if problem.n <= SCREENING_ROWS:
        return problem
    rows = np.sort(rng.choice(problem.n, SCREENING_ROWS, replace=False))
    inputs = {name: values[rows] for name, values in problem.inputs.items()}
    return replace(problem, inputs=inputs, y=problem.y[rows], scale=problem.scale.take(rows), whiten=None)


def _random(problem: Problem, rng: np.random.Generator, count: int) -> Floats:
    columns = []
    for parameter in problem.law.parameters:
        bounds = parameter.bounds
        if bounds.scale:
            columns.append(bounds.low + np.exp(rng.uniform(np.log(1e-3), np.log(1e6), count)))
        elif np.isfinite(bounds.low) and np.isinf(bounds.high):
            columns.append(bounds.low + np.exp(rng.uniform(np.log(0.03), np.log(2.0), count)))
        elif np.isfinite(bounds.low):
            columns.append(rng.uniform(bounds.low, bounds.high, count))
        else:
            columns.append(rng.standard_normal(count) * 2.0)
    return np.stack(columns, axis=-1)


def _projected(problem: Problem, pool: Floats, linear: tuple[int, ...]) -> Floats:
    """The pool with its linear parameters at their non-negative least squares (relative, for log residuals)."""
    with np.errstate(all="ignore"):
        jet = problem.law.jet(problem.inputs, pool)
        shape = (len(pool), problem.n)
        basis = np.stack([np.broadcast_to(jet.gradient[i], shape) for i in linear], axis=1)
        rest = np.broadcast_to(jet.value, shape) - np.einsum("rkn,rk->rn", basis, pool[:, linear])
        weight = 1.0 / problem.y if problem.objective.residual == "log" else np.ones(problem.n)
        size = np.sqrt(np.mean((basis * weight) ** 2, axis=2))
        found = _non_negative(basis * weight / size[:, :, None], (problem.y - rest) * weight) / size
    out = pool.copy()
    least = 1e-3 * problem.y.min() / np.maximum(np.abs(basis).max(axis=2), 1e-300)
    out[:, linear] = np.maximum(found, least)
    return out[np.isfinite(out).all(axis=1)]


def _non_negative(basis: Floats, right: Floats) -> Floats:
    """Non-negative least squares (R, k) for basis (R, k, n) and right sides (R, n), by trying every active set."""
    count, size, _ = basis.shape
    gram = np.einsum("rin,rjn->rij", basis, basis)
    moment = np.einsum("rin,rn->ri", basis, right)
    best, found = np.zeros(count), np.zeros((count, size))
    for width in range(1, size + 1):
        for chosen in combinations(range(size), width):
            index = np.array(chosen)
            matrix = gram[:, index[:, None], index] + 1e-12 * np.eye(width)
            x, positive = solve_positive(np.where(np.isfinite(matrix), matrix, 0.0), moment[:, index])
            gain = np.einsum("ri,ri->r", x, moment[:, index])
            better = positive & (x >= 0).all(axis=1) & (gain > best)
            best = np.where(better, gain, best)
            full = np.zeros((count, size))
            full[:, index] = x
            found = np.where(better[:, None], full, found)
    return found


def _log_scale(problem: Problem, theta: Floats) -> Floats | float:
    if not problem.objective.noise:
        return 0.0
    with np.errstate(all="ignore"):
        r = problem.residuals(problem.law.value(problem.inputs, theta))
    spread = np.median(np.abs(np.where(np.isfinite(r), r, 1.0)), axis=1) * 1.4826
    return np.log(np.maximum(spread, 1e-8))
