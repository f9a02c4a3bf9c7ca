"""What runs say about a law and where the law itself may be off: a Gaussian belief that designs are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from quantal.fit import objective
from quantal.fit.problem import Problem
from quantal.fit.starts import make_starts
from quantal.laws import Law, free, natural, slopes
from quantal.laws.law import Floats

USUAL_SCATTER, SCATTER_WEIGHT = 5e-3, 4.0
"""Scatter of log loss that is expected before any run is seen, and how many runs that expectation is worth."""
LEAST_SCATTER = 3e-4
DEPARTURES = (0.003, 0.01, 0.03)
"""Sizes of the law's own error in log loss among which the runs choose."""
USUAL_DEPARTURE = 0.01
REACH = 2.5
"""Distance, in natural logarithms of the inputs, over which the law's own error changes."""
DEGREES = 4.0
POOL = 96
ROUNDS, TRIALS, LONGEST_STEP, SETTLED = 15, 12, 1.5, 5e-2
_EXPONENT, _SHARPNESS, _OTHER = (math.log(0.35), 0.4), (0.0, 0.3), 3.0


@dataclass(frozen=True, eq=False)
class Belief:
    """log loss = log law(u) + departure + noise, all Gaussian, after runs.

    ``u`` (P,) are free coordinates, ``spread`` (P, P) their covariance; the departure of the law from the truth is a
    Gaussian process in the logarithms of the inputs with standard deviation ``departure``; noise has ``scatter``.
    """

    law: Law
    u: Floats
    spread: Floats = field(repr=False)
    scatter: float
    departure: float
    evidence: float
    _at: Floats = field(repr=False)
    _residuals: Floats = field(repr=False)
    _inverse: Any = field(repr=False)
    _slopes: Floats = field(repr=False)

    def expected(self, inputs: Mapping[str, Floats]) -> Floats:
        """log loss (m,) that is expected at inputs (m,): the law, moved by what nearby runs say of its error."""
        values, _ = log_law(self.law, inputs, self.u)
        return values + self._cross(inputs) @ (self._inverse @ self._residuals)

    def covariance(self, inputs: Mapping[str, Floats]) -> Floats:
        """Covariance (m, m) of log loss without noise at inputs (m,). Source: universal kriging, Matheron 1969."""
        _, rows = log_law(self.law, inputs, self.u)
        cross = self._cross(inputs)
        toward = cross @ self._inverse
        left = rows - toward @ self._slopes
        at = positions(self.law, inputs)
        return kernel(at, at, self.departure) - toward @ cross.T + left @ self.spread @ left.T

    def after(self, inputs: Mapping[str, Floats]) -> Belief:
        """The belief once runs at inputs (k,) are known too, each as expected now: the spread shrinks, nothing moves."""
        _, rows = log_law(self.law, inputs, self.u)
        cross = self._cross(inputs)
        at = np.concatenate([self._at, positions(self.law, inputs)])
        corner = kernel(at[len(self._at) :], at[len(self._at) :], self.departure) + self.scatter**2 * np.eye(len(rows))
        inverse = np.linalg.inv(np.block([[np.linalg.inv(self._inverse), cross.T], [cross, corner]]))
        residuals = np.concatenate([self._residuals, cross @ (self._inverse @ self._residuals)])
        slopes_ = np.concatenate([self._slopes, rows])
        prior = np.linalg.inv(self.spread) - self._slopes.T @ self._inverse @ self._slopes
        spread = _inverse(slopes_.T @ inverse @ slopes_ + prior)
        return replace(self, spread=spread, _at=at, _residuals=residuals, _inverse=inverse, _slopes=slopes_)

    def _cross(self, inputs: Mapping[str, Floats]) -> Floats:
        return kernel(positions(self.law, inputs), self._at, self.departure)


def believe(law: Law, inputs: Mapping[str, Floats], loss: Floats, start: Floats | None = None) -> Belief:
    """The belief after runs: most probable parameters by damped Gauss-Newton steps, outliers weighed down.

    The size of the law's own error is the root mean square over `DEPARTURES`, each weighed by how probable it makes the
    runs (empirical Bayes).
    ``start`` (P,) are natural parameters to begin from.
    """
    y = np.log(loss)
    prior = Prior.of(law, loss)
    first = _start(law, inputs, loss, prior) if start is None else free(law.parameters, start[None, :])[0]
    found: list[Belief] = []
    for size in DEPARTURES:
        u, scatter = (found[-1].u, found[-1].scatter) if found else (first, USUAL_SCATTER)
        found.append(_most_probable(law, inputs, y, prior, u, scatter, size))
    weights = np.exp(np.array([one.evidence for one in found]) - max(one.evidence for one in found))
    departure = math.sqrt(float(weights @ np.square(DEPARTURES) / weights.sum()))
    near = min(found, key=lambda one: abs(math.log(one.departure / departure)))
    return _most_probable(law, inputs, y, prior, near.u, near.scatter, departure)


@dataclass(frozen=True)
class Prior:
    """Independent normal densities on free coordinates: mean and precision (P,)."""

    mean: Floats
    precision: Floats

    @classmethod
    def of(cls, law: Law, loss: Floats) -> Prior:
        """Exponents near 0.35, a floor near 0.6 of the lowest loss, amplitudes free."""
        mean, sd = [], []
        for one in law.parameters:
            if one.name == "E":
                pair = (math.log(0.6 * float(loss.min())), 0.5)
            elif one.name == "kappa":
                pair = _SHARPNESS
            elif one.bounds.low == 0.0 and math.isinf(one.bounds.high) and not one.bounds.scale:
                pair = _EXPONENT
            else:
                pair = (0.0, 100.0 if one.bounds.scale else _OTHER)
            mean.append(pair[0])
            sd.append(pair[1])
        return cls(np.array(mean), np.array(sd) ** -2.0)


def log_law(law: Law, inputs: Mapping[str, Floats], u: Floats) -> tuple[Floats, Floats]:
    """log of the law (m,) and its derivatives (m, P) by the free coordinates u (P,)."""
    theta = natural(law.parameters, u)[None, :]
    shape = (1, len(inputs[law.input_names[0]]))
    with np.errstate(all="ignore"):
        jet = law.jet(inputs, theta)
        value = np.broadcast_to(jet.value, shape)[0]
        gradient = [np.broadcast_to(jet.gradient.get(i, 0.0), shape)[0] for i in range(len(u))]
        first, _ = slopes(law.parameters, theta)
        return np.log(value), np.stack(gradient, axis=-1) * first / value[:, None]


def positions(law: Law, inputs: Mapping[str, Floats]) -> Floats:
    """Logarithms of the inputs (m, I)."""
    return np.log(np.stack([inputs[name] for name in law.input_names], axis=-1))


def kernel(a: Floats, b: Floats, size: float) -> Floats:
    """Covariance (m, n) of the law's own error between places a (m, I) and b (n, I)."""
    if not size:
        return np.zeros((len(a), len(b)))
    apart = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1)
    return size**2 * np.exp(-0.5 * apart / REACH**2)


def _start(law: Law, inputs: Mapping[str, Floats], loss: Floats, prior: Prior) -> Floats:
    """The best of some starting points (P,), by squares of log residuals and prior."""
    problem = Problem.of(law, inputs, loss, objective("log_squares"))
    points = free(law.parameters, make_starts(problem, POOL, np.random.default_rng(0)))
    with np.errstate(all="ignore"):
        r = np.log(loss) - np.log(law.value(inputs, natural(law.parameters, points)))
    height = (r**2).sum(axis=1) / USUAL_SCATTER**2 + ((points - prior.mean) ** 2 * prior.precision).sum(axis=1)
    return points[int(np.nanargmin(height))]


def _most_probable(
    law: Law, inputs: Mapping[str, Floats], y: Floats, prior: Prior, u: Floats, scatter: float, departure: float
) -> Belief:
    """The most probable parameters and scatter for one size of the law's own error, by reweighted Gauss-Newton steps."""
    at = positions(law, inputs)
    shape = kernel(at, at, departure)
    weights = np.ones(len(y))
    damping = 1e-2
    values, rows = log_law(law, inputs, u)
    for _ in range(ROUNDS):
        inverse = np.linalg.inv(shape + np.diag(scatter**2 / weights))
        height = _height(y - values, inverse, u, prior)
        matrix = rows.T @ inverse @ rows + np.diag(prior.precision)
        right = rows.T @ (inverse @ (y - values)) - prior.precision * (u - prior.mean)
        longest = 0.0
        for _ in range(TRIALS):
            step = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix)), right)
            step *= min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
            trial_values, trial_rows = log_law(law, inputs, u + step)
            if np.isfinite(trial_values).all() and _height(y - trial_values, inverse, u + step, prior) <= height:
                u, values, rows, damping = u + step, trial_values, trial_rows, damping * 0.1
                longest = float(np.abs(step).max())
                break
            damping *= 6
        noise = scatter**2 / weights * (inverse @ (y - values))
        weights = np.minimum((DEGREES + 1) / (DEGREES + (noise / scatter) ** 2), 1.0)
        total = SCATTER_WEIGHT * USUAL_SCATTER**2 + float((weights * noise**2).sum())
        before, scatter = scatter, max(math.sqrt(total / (SCATTER_WEIGHT + len(y))), LEAST_SCATTER)
        if abs(math.log(scatter / before)) < SETTLED and longest < SETTLED:
            break
    inverse = np.linalg.inv(shape + np.diag(scatter**2 / weights))
    precision = rows.T @ inverse @ rows + np.diag(prior.precision)
    spread = _inverse(precision)
    evidence = 0.5 * (
        np.linalg.slogdet(inverse)[1]
        - np.linalg.slogdet(precision)[1]
        - _height(y - values, inverse, u, prior)
        - math.log(departure / USUAL_DEPARTURE) ** 2
        - SCATTER_WEIGHT * ((USUAL_SCATTER / scatter) ** 2 + 2 * math.log(scatter))
    )
    return Belief(law, u, spread, scatter, departure, float(evidence), at, y - values, inverse, rows)


def _height(r: Floats, inverse: Any, u: Floats, prior: Prior) -> float:
    """Minus twice the log density of residuals (n,) and parameters (P,), up to a constant."""
    return float(r @ inverse @ r + (prior.precision * (u - prior.mean) ** 2).sum())


def _inverse(precision: Floats) -> Floats:
    """The inverse of a positive matrix whose entries differ much in size."""
    scale = np.sqrt(np.diag(precision))
    return np.linalg.inv(precision / np.outer(scale, scale)) / np.outer(scale, scale)
