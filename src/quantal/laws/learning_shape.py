"""What a learning rule does to a power law that is cut off: a Mellin integral from the cut on, differentiable by the exponent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.errors import LawError
from quantal.laws.incomplete_gamma import log_gamma, window_share
from quantal.laws.jet import Jet, exp, log, value_of, where
from quantal.laws.window_nodes import threshold_nodes
from quantal.theory import Exponential, GradientFlow, HardThreshold, LearningRule, Poisson, RepeatedEpochs, Window

SMOOTH, BENT = 24, 64
MOST_TAU = 200.0


@dataclass(frozen=True)
class LearningShape:
    """A learning window h in the variable x = u / unit, in which amplitudes and scales absorb the unit.

    ``tau`` > 0: the Poisson window Q(tau, x); 0: a hard threshold at x = 1; None: any other, taken as a mean over hard thresholds.
    ``log_half`` is the ln x at which h has fallen by half.
    """

    tau: float | None
    unit: float
    window: Window

    @classmethod
    def of(cls, rule: LearningRule) -> LearningShape:
        """The shape of a rule's window.

        Raises:
            LawError: a Poisson rule of tau beyond 200, which is a hard threshold in all but name.
        """
        window = rule.window
        tau, unit = None, 1.0
        match window:
            case HardThreshold():
                tau, unit = 0.0, window.tau
            case Exponential():
                tau, unit = 1.0, window.tau
            case GradientFlow():
                tau, unit = 1.0, 1.0 / (2.0 * window.rate)
            case Poisson():
                tau = window.tau
            case RepeatedEpochs():
                tau = float(window.threshold)
        if tau is not None and tau > MOST_TAU:
            raise LawError(f"{rule!r}: a law is fitted with tau up to {MOST_TAU:g}; write HardThreshold(tau={tau:g})")
        return cls(tau, unit, window)

    @property
    def log_half(self) -> float:
        return math.log(self.window.inverse(self.window.at_zero / 2) / self.unit)

    def log_moment(self, beta: Any) -> Any:
        """ln of beta times the Mellin transform at beta, for a jet or an array."""
        if self.tau is None:
            return log(self.mean(lambda y: exp(spread(beta) * y)))
        if self.tau == 0.0:
            return 0.0 * beta
        return log_gamma(self.tau + beta) - math.lgamma(self.tau)

    def share(self, beta: Any, log_x: Any) -> Any:
        """The share of the Mellin integral that lies beyond x: 1 at x = 0, falling to 0; for jets or arrays."""
        if self.tau is None:
            b, y = spread(beta), spread(log_x)
            below = self.mean(lambda u: exp(b * where(value_of(y) < u, y, u)))
            return 1.0 - below * exp(-self.log_moment(beta))
        capped = where(value_of(log_x) < 12.0, log_x, 12.0)
        if self.tau:
            return window_share(beta, capped, self.tau)
        inside = where(value_of(log_x) < 0.0, log_x, 0.0 * log_x)
        return 1.0 - exp(beta * inside)

    def mean(self, hard: Any, *, smooth: bool = False) -> Any:
        """The mean over thresholds ln x_j of hard(ln x_j), whose last axis they are."""
        logs, weights = threshold_nodes(self.window, SMOOTH if smooth else BENT)
        return (hard(logs - math.log(self.unit)) * weights).sum(axis=-1)


def spread(x: Any) -> Any:
    """A jet or an array with one more axis at its end."""
    return x[..., None] if isinstance(x, Jet) else np.asarray(x, dtype=float)[..., None]
