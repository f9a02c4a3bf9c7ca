"""Intervals and covariances: percentile and BCa from draws, sandwich and Hessian from the optimum, profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from quantal.errors import InputError
from quantal.estimate import Estimate
from quantal.fit.problem import Problem
from quantal.fit.solver import minimise
from quantal.laws import slopes
from quantal.laws.law import Floats

FARTHEST = 40.0


def bca(value: float, draws: Floats, jackknife: Floats, levels: Sequence[float]) -> Estimate:
    """Bias-corrected and accelerated intervals. Source: Efron 1987, JASA 82, eq. 2.3 and 6.6.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> draws = rng.choice(x, (2000, 200)).mean(axis=1)
    >>> jack = (x.sum() - x) / 199
    >>> low, high = bca(float(x.mean()), draws, jack, (90.0,)).intervals[90.0]
    >>> bool(low < x.mean() < high)
    True
    """
    from scipy.special import ndtr, ndtri

    if not (np.isfinite(draws).all() and np.isfinite(jackknife).all()):
        return Estimate.from_draws(value, draws, levels)
    below = (np.sum(draws < value) + 0.5 * np.sum(draws == value)) / len(draws)
    bias = float(ndtri(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))
    spread = jackknife.mean() - jackknife
    denominator = 6.0 * float(np.sum(spread**2)) ** 1.5
    acceleration = float(np.sum(spread**3)) / denominator if denominator > 0 else 0.0
    intervals = {}
    for level in levels:
        z = ndtri(np.array([0.5 - level / 200, 0.5 + level / 200]))
        inner = bias + z
        shares = ndtr(bias + inner / (1 - acceleration * inner))
        low, high = np.percentile(draws, 100 * shares)
        intervals[float(level)] = (float(low), float(high))
    return Estimate(value, intervals)


def sandwich(problem: Problem, best: Floats, units: np.ndarray | None = None) -> Floats | None:
    """Covariance (q, q) in free coordinates, H^-1 (sum g g^T) H^-1, or None where H is not positive.

    With ``units`` (n,), the number of the group that each run belongs to, g are the groups' summed scores.

    Right for any M-estimator, whether or not its objective is a likelihood. Source: Huber 1967; White 1982.
    """
    rows = score_rows(problem, best)
    if units is not None:
        summed = np.zeros((int(units.max()) + 1, rows.shape[1]))
        np.add.at(summed, units, rows)
        rows = summed
    hessian = problem.evaluate(best[None, :], np.ones(problem.n))[2][0]
    inverse = _inverse(hessian)
    return None if inverse is None else inverse @ (rows.T @ rows) @ inverse


def inverse_hessian(problem: Problem, best: Floats) -> Floats | None:
    """Covariance (q, q) in free coordinates from the Hessian of a negative log likelihood, None where not positive.

    Raises:
        InputError: the objective is no likelihood.
    """
    if not problem.objective.noise:
        raise InputError(
            f"objective {problem.objective.name}: its Hessian is no covariance, for it is not a likelihood; "
            "use a noise model (gaussian, student_t, huber_density), the bootstrap, or the sandwich covariance"
        )
    return _inverse(problem.evaluate(best[None, :], np.ones(problem.n))[2][0])


def information_criteria(problem: Problem, value: float) -> dict[str, float] | None:
    """AIC, AICc and BIC under a noise model, None for an objective that is no likelihood.

    Source: Akaike 1974; Hurvich and Tsai 1989; Schwarz 1978.
    """
    if not problem.objective.noise:
        return None
    k, n = problem.size + (problem.whiten is not None), problem.n
    aic = 2 * value + 2 * k
    aicc = aic + 2 * k * (k + 1) / (n - k - 1) if n > k + 1 else math.inf
    return {"aic": aic, "aicc": aicc, "bic": 2 * value + k * math.log(n)}


def score_rows(problem: Problem, best: Floats) -> Floats:
    """The gradient of each run's own term (n, q), by the free coordinates."""
    theta = problem.theta(best[None, :])[0]
    values = problem.law.value(problem.inputs, theta)
    moving = list(problem.vary)
    gradient = problem.law.gradient(problem.inputs, theta)[:, moving]
    varied = tuple(problem.law.parameters[i] for i in moving)
    first, _ = slopes(varied, theta[None, moving])
    r = problem.residuals(values)
    inner = gradient * first / (values[:, None] if problem.objective.residual == "log" else 1.0)
    if problem.whiten is not None:
        r, inner = problem.whiten(r[None, :])[0], problem.whiten(inner.T).T
    if not problem.objective.noise:
        return -problem.objective.rho(r)[1][:, None] * inner
    s, along, _ = problem.scale.log_scale(best[None, len(moving) :])
    shrink = np.broadcast_to(np.exp(-s), (1, problem.n))[0]
    _, v_r, _ = problem.objective.rho(r * shrink)
    v_s = 1.0 - v_r * r * shrink
    return np.column_stack([-(v_r * shrink)[:, None] * inner, *(v_s * np.ravel(one) for one in along)])


def profile(problem: Problem, best: Floats, value: float, index: int, levels: Sequence[float] = (95.0,)) -> Estimate:
    """Profile-likelihood interval of the parameter ``index``, all others refitted at each of its values.

    The interval holds the values whose profile is above the optimum by less than chi2(level, 1) / 2. Needs a noise
    model. Source: Venzon and Moolgavkar 1988.

    Raises:
        InputError: the objective is no likelihood.
    """
    from scipy.special import chdtri

    if not problem.objective.noise:
        raise InputError(
            f"objective {problem.objective.name}: a profile interval needs a likelihood; "
            "use objective='gaussian', 'student_t' or 'huber_density'"
        )
    covariance = inverse_hessian(problem, best)
    place = problem.vary.index(index)
    width = math.sqrt(covariance[place, place]) if covariance is not None and covariance[place, place] > 0 else 0.5
    parameter = problem.law.parameters[index]
    theta = problem.theta(best[None, :])[0]
    estimate = float(theta[index])
    intervals: dict[float, tuple[float, float]] = {}
    reason = None
    for level in levels:
        limit = value + 0.5 * float(chdtri(1, 1 - level / 100))
        ends = [_profile_end(problem, best, place, index, sign * width, limit) for sign in (-1.0, 1.0)]
        if any(end is None for end in ends):
            reason = f"the {level:g} % profile does not close: these runs put no bound on {parameter.name} on one side"
        else:
            low, high = (float(parameter.bounds.natural(np.float64(end))) for end in ends if end is not None)
            intervals[float(level)] = (low, high)
    return Estimate(estimate, intervals, reason)


def _profile_end(problem: Problem, best: Floats, place: int, index: int, width: float, limit: float) -> float | None:
    """The free coordinate at which the profile crosses the limit on one side: step outwards, then bisect."""

    def height(point: float, start: Floats) -> tuple[float, Floats]:
        full = best.copy()
        full[place] = point
        held = problem.holding(index, problem.theta(full[None, :])[0])
        found = minimise(held, start[None, :], np.ones(problem.n))
        return float(found.objective[0]), found.free[0]

    inside, start, step = float(best[place]), np.delete(best, place), width
    outside = None
    while abs(inside - best[place]) < FARTHEST:
        value, end = height(inside + step, start)
        if not value <= limit:
            outside = inside + step
            break
        inside, start, step = inside + step, end, step * 1.6
    if outside is None:
        return None
    while abs(outside - inside) > 1e-5 * abs(width):
        middle = 0.5 * (inside + outside)
        value, end = height(middle, start)
        if value <= limit:
            inside, start = middle, end
        else:
            outside = middle
    return 0.5 * (inside + outside)


def _inverse(hessian: Floats) -> Floats | None:
    scale = np.sqrt(np.maximum(np.diag(hessian), 0))
    if not np.isfinite(hessian).all() or np.any(scale == 0):
        return None
    scaled = hessian / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(scaled)
    if values.min() <= 1e-13:
        return None
    return (vectors / values) @ vectors.T / np.outer(scale, scale)
