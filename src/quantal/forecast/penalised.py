"""A law fitted to one curve with a prior: damped Gauss-Newton from several starts in lockstep, noise level profiled out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quantal.forecast.priors import Prior
from quantal.laws import Law, free, natural, slopes
from quantal.laws.law import Floats

LEAST_SCATTER = 3e-4
"""Scatter of log loss below which a curve's points are not believed: rounding and evaluation noise."""
ITERATIONS = 40
LONGEST_STEP = 1.5
POOL = 200
STARTS = 4


@dataclass(frozen=True)
class Penalised:
    """Where a penalised fit ended: free coordinates (P,), their covariance (P, P) and the scatter of log residuals."""

    law: Law
    u: Floats
    covariance: Floats
    scatter: float

    def log_value(self, inputs: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """log of the law (m,) and the variance (m,) that the parameters' uncertainty gives it."""
        value, gradient = log_law(self.law, inputs, self.u[None, :])
        rows = gradient[0].T
        return value[0], np.maximum(np.einsum("mi,ij,mj->m", rows, self.covariance, rows), 0.0)


def penalised_fit(
    law: Law,
    inputs: Mapping[str, Floats],
    y: Floats,
    weights: Floats,
    effective: float,
    prior: Prior,
    seed: int = 0,
) -> Penalised | None:
    """Minimise effective * log(sum w r^2 + s0^2) + sum ((u - mean) / sd)^2 over free coordinates, r = log y - log law.

    The first term is the profile likelihood of Gaussian noise with ``effective`` independent observations; weights (n,)
    sum to one. None where no start gives a finite value.
    """
    problem = _Problem(law, inputs, np.log(y), weights, effective, prior)
    rng = np.random.default_rng(seed)
    drawn = prior.mean + prior.sd * rng.standard_normal((POOL, len(prior.mean)))
    if law.starts is not None:
        drawn[POOL // 2 :] = free(law.parameters, law.starts(inputs, y, rng, POOL // 2))
    score = problem.height(drawn)[0]
    order = np.argsort(score, kind="stable")[:STARTS]
    order = order[np.isfinite(score[order])]
    if not len(order):
        return None
    u, height = _descend(problem, drawn[order])
    best = u[int(np.argmin(height))]
    _, spread, _, gradient = problem.height(best[None, :], slopes_too=True)
    curvature = (gradient[0] * weights) @ gradient[0].T * (effective / spread[0]) + np.diag(prior.sd**-2.0)
    return Penalised(law, best, np.linalg.inv(curvature), float(np.sqrt(spread[0])))


@dataclass(frozen=True)
class _Problem:
    law: Law
    inputs: Mapping[str, Floats]
    targets: Floats
    weights: Floats
    effective: float
    prior: Prior

    def height(self, u: Floats, slopes_too: bool = False) -> tuple[Floats, Floats, Floats, Floats]:
        """Objective (R,), weighted mean square (R,), residuals (R, n), and d log law / du (R, P, n) if asked for."""
        with np.errstate(all="ignore"):
            if slopes_too:
                logs, gradient = log_law(self.law, self.inputs, u)
            else:
                logs = np.log(self.law.value(self.inputs, natural(self.law.parameters, u)))
                gradient = np.empty(0)
            residuals = self.targets - logs
            square = (self.weights * residuals**2).sum(axis=1) + LEAST_SCATTER**2
            penalty = (((u - self.prior.mean) / self.prior.sd) ** 2).sum(axis=1)
            total = self.effective * np.log(square) + penalty
        usable = np.isfinite(total) & (np.isfinite(gradient).all(axis=(1, 2)) if slopes_too else True)
        return np.where(usable, total, np.inf), square, residuals, gradient


def log_law(law: Law, inputs: Mapping[str, Floats], u: Floats) -> tuple[Floats, Floats]:
    """log of a law (R, n) and its derivatives (R, P, n) by free coordinates u (R, P)."""
    theta = natural(law.parameters, u)
    jet = law.jet(inputs, theta)
    n = len(inputs[law.input_names[0]])
    value = np.broadcast_to(jet.value, (len(u), n))
    first, _ = slopes(law.parameters, theta)
    gradient = np.zeros((len(u), u.shape[1], n))
    for i, slope in jet.gradient.items():
        gradient[:, i] = slope * first[:, i, None] / value
    return np.log(value), gradient


def _descend(problem: _Problem, u: Floats) -> tuple[Floats, Floats]:
    """Levenberg's damped steps for each row of u (R, P) on its own; the end points and their heights (R,)."""
    weights, precision = problem.weights, problem.prior.sd**-2.0
    u = u.copy()
    height, square, residuals, gradient = problem.height(u, slopes_too=True)
    damping = np.full(len(u), 1e-2)
    done = ~np.isfinite(height)
    diagonal = np.arange(u.shape[1])
    for _ in range(ITERATIONS):
        active = np.flatnonzero(~done)
        if not len(active):
            break
        rows, scale = gradient[active], problem.effective / square[active]
        matrix = np.matmul(rows * weights, rows.transpose(0, 2, 1)) * scale[:, None, None]
        right = (rows @ (weights * residuals[active])[..., None])[..., 0] * scale[:, None]
        matrix[:, diagonal, diagonal] += precision
        right -= precision * (u[active] - problem.prior.mean)
        matrix[:, diagonal, diagonal] *= 1.0 + damping[active, None]
        step = np.linalg.solve(matrix, right[..., None])[..., 0]
        longest = np.abs(step).max(axis=1)
        step *= np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
        moved = u[active] + step
        new_height, new_square, new_residuals, new_gradient = problem.height(moved, slopes_too=True)
        better = new_height <= height[active]
        gain = height[active] - new_height
        kept = active[better]
        u[kept], height[kept], square[kept] = moved[better], new_height[better], new_square[better]
        residuals[kept], gradient[kept] = new_residuals[better], new_gradient[better]
        damping[active] = np.where(better, damping[active] * 0.2, damping[active] * 6.0)
        done[active] |= (better & (gain < 1e-4)) | (damping[active] > 1e9)
    return u, height
