"""Leave-one-out predictive density by Pareto-smoothed importance sampling: how well a law predicts a run that it has not seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quantal.errors import InputError
from quantal.fit.result import Fit
from quantal.laws.law import Floats

DRAWS = 2000
FREEDOM = 5.0
UNRELIABLE = 0.7
"""Pareto shape above which an importance-sampled term is not to be trusted (Vehtari et al. 2024)."""


class Loo(NamedTuple):
    """Expected log predictive density of the runs left out one by one, its terms (n,), standard error and worst shape."""

    elpd: float
    terms: Floats
    standard_error: float
    worst_shape: float

    @property
    def reliable(self) -> bool:
        return self.worst_shape < UNRELIABLE


def psis_loo(fit: Fit, seed: int = 0) -> Loo | None:
    """PSIS-LOO of a law fitted under a noise model, such as ``objective="student_t"``.

    Draws come from a Student-t approximation at the optimum, corrected to the posterior under flat priors by their
    importance (Magnusson et al. 2019, arXiv 1904.10679; smoothing by Vehtari et al. 2024, arXiv 1507.02646). None where
    the fit has no covariance.

    Raises:
        InputError: the fit's objective is no noise model.
    """
    if not fit.objective.noise:
        raise InputError("PSIS-LOO needs a likelihood: fit with objective='student_t' or 'gaussian'")
    size = len(fit.best)
    if fit.covariance is None or not np.isfinite(fit.covariance).all():
        return None
    values, vectors = np.linalg.eigh(fit.covariance)
    if values[-1] <= 0:
        return None
    root = vectors * np.sqrt(np.maximum(values, values[-1] * 1e-14))
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((DRAWS, size)) * np.sqrt(FREEDOM / rng.chisquare(FREEDOM, (DRAWS, 1)))
    free = fit.best + z @ root.T
    problem, n = fit.problem, fit.n_runs
    with np.errstate(all="ignore"):
        residuals = problem.residuals(fit.law.value(fit.inputs, problem.theta(free)))
        log_sigma = free[:, len(fit.law.parameters), None]
        each = -(fit.objective.rho(residuals * np.exp(-log_sigma))[0] + log_sigma + fit.objective.constant())
    usable = np.isfinite(each).all(axis=1)
    if usable.sum() < DRAWS // 2:
        return None
    each = each[usable]
    common = each.sum(axis=1) + 0.5 * (FREEDOM + size) * np.log1p((z[usable] ** 2).sum(axis=1) / FREEDOM)
    terms, shapes = np.empty(n), np.empty(n)
    for i in range(n):
        weights, shapes[i] = smoothed(common - each[:, i])
        share = np.exp(weights - weights.max())
        terms[i] = np.log(share @ np.exp(each[:, i]) / share.sum())
    return Loo(float(terms.sum()), terms, float(np.sqrt(n) * terms.std(ddof=1)), float(shapes.max()))


def smoothed(logs: Floats) -> tuple[Floats, float]:
    """Log importance weights (S,) with the largest replaced by quantiles of a fitted Pareto tail, and the tail's shape.

    >>> weights, shape = smoothed(np.random.default_rng(0).exponential(0.3, 4000))
    >>> bool(0.1 < shape < 0.5), weights.shape
    (True, (4000,))
    """
    logs = logs - logs.max()
    count = int(min(0.2 * len(logs), 3 * np.sqrt(len(logs))))
    order = np.argsort(logs)
    tail, cut = order[-count:], logs[order[-count - 1]]
    beyond = np.exp(logs[tail]) - np.exp(cut)
    if not beyond[-1] > 1e-12:
        return logs, 0.0
    shape, sigma = _pareto(np.maximum(beyond, 1e-300))
    shares = (np.arange(count) + 0.5) / count
    quantiles = (
        sigma * np.expm1(-shape * np.log1p(-shares)) / shape if abs(shape) > 1e-9 else -sigma * np.log1p(-shares)
    )
    out = logs.copy()
    out[tail] = np.minimum(np.log(quantiles + np.exp(cut)), 0.0)
    return out, shape


def _pareto(x: Floats) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution for sorted x (Zhang and Stephens 2009), shape drawn to 0.5."""
    n = len(x)
    grid = 30 + int(np.sqrt(n))
    quarter = x[int(n / 4 + 0.5) - 1]
    b = 1.0 / x[-1] + (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3.0 * quarter)
    shapes = np.log1p(-b[:, None] * x).mean(axis=1)
    heights = n * (np.log(-b / shapes) - shapes - 1.0)
    weights = 1.0 / np.exp(heights - heights[:, None]).sum(axis=1)
    best = float((b * weights).sum())
    shape = float(np.log1p(-best * x).mean())
    return (n * shape + 5.0) / (n + 10.0), -shape / best
