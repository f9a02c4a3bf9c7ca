"""Rivals of the power law for counts above xmin: exponential, log-normal, stretched exponential, power law with cutoff."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from quantal.theory.counts import CountHistogram
from quantal.theory.cutoff import cutoff_sum
from quantal.theory.power_law_tail import PowerLawTail
from quantal.theory.stretched import stretched_sum
from quantal.theory.vuong import LawComparison, vuong
from quantal.theory.zeta import power_total

Array = NDArray[np.float64]
LogPmf = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class CountRival:
    """A distribution of counts x >= xmin by discrete maximum likelihood."""

    name: str
    parameters: dict[str, float]
    log_likelihood: float
    log_pmf: Array = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the values at each count."""
        return {"name": self.name, "parameters": self.parameters, "log_likelihood": self.log_likelihood}


@dataclass(frozen=True)
class _Family:
    name: str
    names: tuple[str, ...]
    logarithmic: tuple[bool, ...]
    log_pmf: LogPmf
    starts: tuple[tuple[float, ...], ...]


def fit_rivals(counts: CountHistogram, power: PowerLawTail) -> tuple[tuple[CountRival, ...], tuple[LawComparison, ...]]:
    """Each rival above the power law's xmin, and the power law against it by Vuong's test (nested in the cutoff).

    Source: Clauset, Shalizi and Newman 2009, table 2.1 and appendix C (discrete forms), section 5 (tests).
    """
    inside = counts.values >= power.xmin
    x, weights = counts.values[inside].astype(float), counts.items[inside].astype(float)
    xmin, n = float(power.xmin), float(weights.sum())
    gamma, shift = power.alpha - 1.0, xmin - 1.0
    log_power = -power.alpha * np.log(x / xmin) - math.log(power_total(gamma, shift))
    spread = max(float(weights @ x) / n - xmin, 1e-6)
    centre = float(weights @ np.log(x)) / n
    width = max(math.sqrt(float(weights @ (np.log(x) - centre) ** 2) / n), 0.1)
    families = (
        _Family(
            "lognormal",
            ("mu", "sigma"),
            (False, True),
            _lognormal(xmin),
            ((centre, math.log(width)), (centre - 4 * width, math.log(2.5 * width))),
        ),
        _Family(
            "stretched",
            ("theta", "scale"),
            (False, True),
            _stretched(xmin),
            ((0.5, math.log(spread + xmin)), (0.15, 0.0), (1.0, math.log(spread + 1))),
        ),
        _Family(
            "cutoff",
            ("alpha", "cutoff"),
            (False, True),
            _cutoff(xmin),
            ((power.alpha, math.log(x[-1]) + 2), (max(power.alpha - 0.5, 0.2), math.log(spread + 1))),
        ),
    )
    rate = math.log1p(1.0 / spread)
    rivals = [_made("exponential", {"rate": rate}, math.log(-math.expm1(-rate)) - rate * (x - xmin), weights)]
    for family in families:
        best = _maximise(family.log_pmf, x, weights, family.starts)
        values = (math.exp(v) if log else float(v) for v, log in zip(best, family.logarithmic, strict=True))
        parameters = dict(zip(family.names, values, strict=True))
        rivals.append(_made(family.name, parameters, family.log_pmf(best, x), weights))
    comparisons = tuple(
        vuong(
            "counts",
            "power_law",
            one.name,
            log_power - one.log_pmf,
            weights,
            extra=1 if one.name == "cutoff" else 0,
        )
        for one in rivals
    )
    return tuple(rivals), comparisons


def _made(name: str, parameters: dict[str, float], log_pmf: Array, weights: Array) -> CountRival:
    return CountRival(name, parameters, float(weights @ log_pmf), log_pmf)


def _maximise(log_pmf: LogPmf, x: Array, weights: Array, starts: tuple[tuple[float, ...], ...]) -> Array:
    n = float(weights.sum())

    def cost(theta: Array) -> float:
        values = log_pmf(theta, x)
        value = -float(weights @ values) / n if np.all(np.isfinite(values)) else math.inf
        return value if math.isfinite(value) else 1e300

    def descend(start: Array, fine: bool) -> tuple[float, Array]:
        tolerance = {"xatol": 1e-6, "fatol": 1e-11} if fine else {"xatol": 1e-3, "fatol": 1e-7}
        at = optimize.minimize(cost, start, method="Nelder-Mead", options={**tolerance, "maxiter": 500}).x
        return cost(at), at

    tried = [descend(np.array(start, dtype=float), fine=False) for start in starts]
    return descend(min(tried, key=lambda one: one[0])[1], fine=True)[1]


def _lognormal(xmin: float) -> LogPmf:
    """A log-normal number rounded to the nearest whole one, given that it is at least xmin."""

    def log_pmf(theta: Array, x: Array) -> Array:
        mu, sigma = float(theta[0]), math.exp(float(theta[1]))
        if not (0.05 < sigma < 50 and abs(mu) < 500):
            return np.full_like(x, -np.inf)
        low, high = (np.log(x - 0.5) - mu) / sigma, (np.log(x + 0.5) - mu) / sigma
        right = low > 0
        upper = special.log_ndtr(np.where(right, -low, high))
        lower = special.log_ndtr(np.where(right, -high, low))
        cell = upper + np.log(-np.expm1(np.minimum(lower - upper, -1e-300)))
        return cell - special.log_ndtr(-(math.log(xmin - 0.5) - mu) / sigma)

    return log_pmf


def _stretched(xmin: float) -> LogPmf:
    def log_pmf(theta: Array, x: Array) -> Array:
        power, scale = float(theta[0]), float(theta[1])
        if not (0.02 <= power <= 2 and abs(scale) < 200 and -power * scale < math.log(1e6)):
            return np.full_like(x, -np.inf)
        first = math.exp(-power * scale)
        total = float(stretched_sum(np.array([xmin - 1.0]), power, math.exp(scale))[0])
        if total <= 0.0:
            return np.full_like(x, -np.inf)
        return -first * np.expm1(power * np.log(x)) - math.log(total)

    return log_pmf


def _cutoff(xmin: float) -> LogPmf:
    def log_pmf(theta: Array, x: Array) -> Array:
        alpha, cutoff = float(theta[0]), float(theta[1])
        if not (0.0 <= alpha <= 50 and -2.0 < cutoff < 60):
            return np.full_like(x, -np.inf)
        kappa = math.exp(cutoff)
        total = float(cutoff_sum(np.array([xmin - 1.0]), alpha - 1.0, kappa)[0])
        if total <= 0.0:
            return np.full_like(x, -np.inf)
        return -alpha * np.log(x) - (x - 1.0) / kappa - math.log(total)

    return log_pmf
