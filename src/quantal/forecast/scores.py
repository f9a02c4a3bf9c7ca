"""Scores of point and interval forecasts of log loss: error, coverage, width, interval score, CRPS and log score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from quantal.laws.law import Floats

LEVELS = (50.0, 80.0, 90.0)
FREEDOM = 4.0
_SHARES = (np.arange(100) + 0.5) / 100

Quantile = Callable[[Any], Floats]


@dataclass(frozen=True)
class Score:
    """Scores of one curve, each a mean over its points; widths and losses are of the natural logarithm of the loss.

    The standard error of the error is sqrt(m + d / sqrt(n)) - sqrt(m), m and d the mean and standard deviation of the n
    squared log errors (Alabdulmohsin et al. 2022).
    """

    rmsle: float
    standard_error: float
    coverage: dict[str, float]
    width: dict[str, float]
    interval_score: float
    crps: float
    log_score: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def score(truth: Floats, centre: Floats, scale: Floats, quantile: Quantile) -> Score:
    r"""Score a symmetric predictive distribution of log loss at m points: quantiles of |error| are ``quantile(share) * scale``.

    The interval score (Gneiting and Raftery 2007, eq. 43) is the mean over the 50, 80 and 90 % intervals of
    (u - l) + (2 / a) (distance outside), a the level's complement; CRPS (eq. 20) is that of the distribution at 100 of its
    quantiles; the log score is the log density of a Student t with 4 degrees of freedom and the same 80 % interval. Lower
    is better, except for the log score.

    >>> from scipy.stats import norm
    >>> found = score(np.zeros(1), np.zeros(1), np.ones(1), lambda p: norm.ppf(0.5 + np.asarray(p) / 2))
    >>> found.coverage["90"], round(found.width["90"], 2), round(found.crps, 2)
    (1.0, 3.29, 0.23)
    """
    off = np.abs(truth - centre)
    coverage, width, intervals = {}, {}, []
    for level in LEVELS:
        half = float(quantile(level / 100)) * scale
        outside = np.maximum(off - half, 0.0)
        coverage[f"{level:g}"] = float(np.mean(outside == 0.0))
        width[f"{level:g}"] = float(np.mean(2 * half))
        intervals.append(float(np.mean(2 * half + 2 / (1 - level / 100) * outside)))
    square, wobble = float(np.mean(off**2)), float(np.std(off**2) / np.sqrt(len(off)))
    return Score(
        rmsle=float(np.sqrt(square)),
        standard_error=float(np.sqrt(square + wobble) - np.sqrt(square)),
        coverage=coverage,
        width=width,
        interval_score=float(np.mean(intervals)),
        crps=float(np.mean(_crps(off / scale, quantile(_SHARES)) * scale)),
        log_score=float(np.mean(_log_density(off, scale * float(quantile(0.8))))),
    )


def _crps(z: Floats, ends: Floats) -> Floats:
    """E|X - z| - E|X - X'| / 2 for X at plus and minus the ends, all alike."""
    sample = np.sort(np.concatenate([-ends, ends]))
    n = len(sample)
    apart = 2.0 * np.sum((2 * np.arange(1, n + 1) - n - 1) * sample) / n**2
    return np.abs(sample[None, :] - z[:, None]).mean(axis=1) - 0.5 * apart


def _log_density(off: Floats, reach: Floats) -> Floats:
    from scipy.stats import t

    scale = reach / t.ppf(0.9, FREEDOM)
    return t.logpdf(off / scale, FREEDOM) - np.log(scale)


@dataclass(frozen=True)
class Summary:
    """Means over curves, with the median and standard error of the error."""

    n_curves: int
    mean_rmsle: float
    median_rmsle: float
    standard_error: float
    coverage: dict[str, float]
    width: dict[str, float]
    interval_score: float
    crps: float
    log_score: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def summarise(scores: Sequence[Score]) -> Summary:
    """Means over curves; the standard error is the sample's standard deviation of RMSLE over the root of their number."""
    errors = np.array([one.rmsle for one in scores])

    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in scores]))

    def by_level(name: str) -> dict[str, float]:
        return {
            key: float(np.mean([getattr(one, name)[key] for one in scores])) for key in (f"{one:g}" for one in LEVELS)
        }

    return Summary(
        n_curves=len(scores),
        mean_rmsle=mean("rmsle"),
        median_rmsle=float(np.median(errors)),
        standard_error=float(errors.std(ddof=1) / np.sqrt(len(errors))) if len(errors) > 1 else 0.0,
        coverage=by_level("coverage"),
        width=by_level("width"),
        interval_score=mean("interval_score"),
        crps=mean("crps"),
        log_score=mean("log_score"),
    )
