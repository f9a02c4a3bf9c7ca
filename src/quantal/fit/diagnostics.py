"""What a fit is worth: a plain verdict for each parameter, correlations, influential runs, outliers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quantal.estimate import Estimate
from quantal.fit.problem import Problem
from quantal.laws.law import Floats, Law

Word = Literal["determined", "weakly determined", "not determined"]

OUTLIER = 8.0
NEARLY_ONE = 0.98


@dataclass(frozen=True)
class Verdict:
    """Whether the runs determine a parameter, and why or why not, in one sentence."""

    parameter: str
    word: Word
    reason: str

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}"


@dataclass(frozen=True)
class Outliers:
    """Runs far off the law: their positions among the fitted runs, and their residuals in robust standard deviations."""

    positions: tuple[int, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Influence:
    """What leaving a run out does: the change of each parameter (in its own standard errors), most influential first."""

    positions: tuple[int, ...]
    changes: tuple[Mapping[str, float], ...]


def verdicts(
    law: Law, estimates: Mapping[str, Estimate], correlation: Floats | None, level: float = 95.0
) -> dict[str, Verdict]:
    """A verdict a parameter from its interval: amplitudes by the ratio of its ends, exponents by its width.

    An amplitude is determined when its interval spans less than a factor 2, weakly when less than 10; an exponent when
    the interval is narrower than 30 % of the value, weakly when narrower than its value.
    """
    out = {}
    for i, parameter in enumerate(law.parameters):
        estimate = estimates[parameter.name]
        ends = estimate.interval(level)
        partner = _partner(law, correlation, i)
        if ends is None or estimate.value is None:
            out[parameter.name] = Verdict(
                parameter.name, "not determined", estimate.reason or "no interval: ask for a bootstrap"
            )
            continue
        low, high = ends
        if parameter.bounds.scale:
            ratio = high / low if low > 0 else math.inf
            word = _word(ratio, 2.0, 10.0)
            size = f"its interval spans a factor {ratio:.2f}" if ratio < 1e6 else "its interval reaches down to zero"
        else:
            share = (high - low) / max(abs(estimate.value), 1e-300)
            word = _word(share, 0.3, 1.0)
            size = f"its interval is {100 * share:.0f} % of its value wide"
        reason = size if word == "determined" or partner is None else f"{size}; it trades off against {partner}"
        out[parameter.name] = Verdict(parameter.name, word, reason)
    return out


def correlations(draws: Floats) -> Floats | None:
    """Correlation (q, q) of draws (R, q) in free coordinates, None where one of them does not move."""
    finite = draws[np.isfinite(draws).all(axis=1)]
    if len(finite) < 3 or np.any(finite.std(axis=0) < 1e-14):
        return None
    return np.atleast_2d(np.corrcoef(finite, rowvar=False))


def outliers(residuals: Floats) -> Outliers:
    """Runs whose residual is more than 8 robust standard deviations (1.4826 median absolute residual) off."""
    spread = 1.4826 * float(np.median(np.abs(residuals)))
    scores = residuals / max(spread, 1e-300)
    found = np.flatnonzero(np.abs(scores) > OUTLIER) if spread > 1e-12 else np.empty(0, dtype=int)
    order = found[np.argsort(-np.abs(scores[found]), kind="stable")]
    return Outliers(tuple(int(i) for i in order), tuple(float(scores[i]) for i in order))


def influence(problem: Problem, best: Floats, jackknife: Floats, most: int = 5) -> Influence:
    """The runs whose absence moves the parameters most, from leave-one-out fits (n, q) in free coordinates."""
    moves = jackknife - best
    spread = np.sqrt(np.maximum(np.sum(moves**2, axis=0), 1e-300))
    scaled = moves / spread
    size = np.where(np.isfinite(scaled).all(axis=1), np.abs(scaled).max(axis=1), 0.0)
    order = np.argsort(-size, kind="stable")[:most]
    names = [problem.law.parameter_names[i] for i in problem.vary]
    changes = tuple({name: float(scaled[i, k]) for k, name in enumerate(names)} for i in order)
    return Influence(tuple(int(i) for i in order), changes)


def trends(residuals: Floats, inputs: Mapping[str, Floats]) -> dict[str, float]:
    """Spearman's rank correlation of the absolute residuals' sign-bearing values with each input's logarithm.

    Near zero when the law has the right shape; a law that bends the wrong way leaves a trend.
    """
    ordered = ranks(residuals)
    return {
        name: float(np.corrcoef(ordered, ranks(values))[0, 1])
        for name, values in inputs.items()
        if values.ndim == 1 and np.ptp(values) > 0 and np.ptp(residuals) > 0
    }


def ranks(values: Floats) -> Floats:
    """Ranks from one, ties at their mean."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - 0.5 * (counts - 1))[index]


def _word(size: float, good: float, fair: float) -> Word:
    if size <= good:
        return "determined"
    return "weakly determined" if size <= fair else "not determined"


def _partner(law: Law, correlation: Floats | None, i: int) -> str | None:
    if correlation is None or i >= len(correlation):
        return None
    row = np.abs(correlation[i, : len(law.parameters)]).copy()
    row[i] = 0.0
    j = int(np.argmax(row))
    if row[j] < 0.5:
        return None
    name = law.parameter_names[j]
    strength = f"correlation {correlation[i, j]:+.2f}" + (", all but one number" if row[j] > NEARLY_ONE else "")
    return f"{name} ({strength})"
