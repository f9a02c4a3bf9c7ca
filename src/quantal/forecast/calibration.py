"""Widths of predictive intervals, calibrated on past extrapolations: a scale known beforehand, times conformal quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quantal.forecast.members import Predictions
from quantal.laws.law import Floats

FREEDOM = 4.0
"""Degrees of freedom of the heavy-tailed density by which scales are fitted and scored."""
LEAST = 2e-4
MOST = 0.999
FEWEST_FAMILIES = 8
"""With fewer families the ratios of the public record are used in place of one's own."""
GROUP_TRUST, CURVE_TRUST = 10.0, 5.0
"""How many past extrapolations a group's, and a curve's, own ratio of error to scale must have to count half."""


USUAL_B = (0.0134, 1.125, 0.1187, 0.00058, 1.065)
USUAL_RATIOS = (
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.975, 0.985, 0.99, 0.995, 1.0),
    (0.0, 0.14, 0.27, 0.42, 0.56, 0.73, 0.92, 1.17, 1.5, 1.73, 2.04, 2.24, 2.51, 2.74, 3.01, 3.5, 4.05, 4.82, 8.52),
)
USUAL_MEAN = -0.128
USUAL_FAMILIES = 13
"""The calibration of the default members on the training parts of 60 public learning curves; see docs/extrapolation-benchmark.md."""


class Blend(NamedTuple):
    """An averaged prediction at m points: centre of log loss (m,), and squares of what may move it (5, m).

    The squares: disagreement of the laws, uncertainty of their parameters, scatter of the points, change foreseen since the
    last point, and the least error believed in.
    """

    centre: Floats
    squares: Floats


def blend(predictions: Predictions, shares: Floats) -> Blend:
    """Average the members' log predictions with shares (K,)."""
    centre = shares @ predictions.logs
    spread = shares @ (predictions.logs - centre) ** 2
    inside = shares @ predictions.variances
    scatter = np.full_like(centre, float(shares @ predictions.scatters**2))
    change = (centre - predictions.last) ** 2
    return Blend(centre, np.stack([spread, np.minimum(inside, 1.0), scatter, change, np.full_like(centre, LEAST**2)]))


class Scored(NamedTuple):
    """A past extrapolation by shares that had not seen it: its blend, what was measured (m,), and whose it was.

    ``weights`` (m,), of sum one, spread the points evenly in x, as points to come will be.
    """

    blend: Blend
    truth: Floats
    weights: Floats
    curve: str
    group: str
    family: str


class Calibration(NamedTuple):
    """Scale s^2 = sum_j b_j square_j (b (5,)), and sorted ratios |error| / s with their weights; factors by group and curve.

    ``families`` counts what is exchangeable: curves of one architecture err together, and count once.
    """

    b: Floats
    ratios: Floats
    weights: Floats
    groups: dict[str, float]
    curves: dict[str, float]
    families: int

    def scale(self, blended: Blend, group: str, curve: str) -> Floats:
        """The scale s (m,) of errors of log loss."""
        factor = self.curves.get(curve, self.groups.get(group, 1.0))
        return np.sqrt(self.b @ blended.squares) * factor

    def quantile(self, share: float | Floats) -> Floats:
        """The conformal quantile of |error| / s at (k + 1) / k times ``share``, for k families; never beyond the 0.999th."""
        total = np.cumsum(self.weights)
        grid = (total - 0.5 * self.weights) / total[-1]
        raised = np.minimum(np.asarray(share) * (self.families + 1) / self.families, MOST)
        return np.interp(raised, grid, self.ratios)


def calibrate(past: Sequence[Scored]) -> Calibration:
    """Fit the scale by the Student-t likelihood of past errors, then take the quantiles of what is left.

    An extrapolation of many points counts as one, for its points err together. With fewer than 8 families, the scale and
    the quantiles are those of the public record, and one's own errors only move the factors.
    """
    families = len({one.family for one in past})
    usual = usual_calibration()
    own = families >= FEWEST_FAMILIES
    b = _scale(past, usual.b) if own else usual.b
    squared = [(one.truth - one.blend.centre) ** 2 / (b @ one.blend.squares) for one in past]
    means = np.array(
        [np.log(np.sqrt(one.weights @ ratio) + 1e-3) for one, ratio in zip(past, squared, strict=True)], dtype=float
    )
    overall = float(means.mean()) if own else USUAL_MEAN
    groups = {
        name: _shrunk(means, [one.group == name for one in past], overall, GROUP_TRUST)
        for name in {one.group for one in past}
    }
    curves = {
        name: _shrunk(means, [one.curve == name for one in past], groups[group], CURVE_TRUST)
        for name, group in {(one.curve, one.group) for one in past}
    }
    factors = {name: float(np.exp(value - overall)) for name, value in groups.items()}
    own_factors = {name: float(np.exp(value - overall)) for name, value in curves.items()}
    if not own:
        return Calibration(b, usual.ratios, usual.weights, factors, own_factors, usual.families)
    # a past extrapolation is divided by a factor that had not seen it
    ratios = [
        np.sqrt(ratio)
        * np.exp(
            overall
            - _shrunk(means, [o is not one and o.curve == one.curve for o in past], groups[one.group], CURVE_TRUST)
        )
        for one, ratio in zip(past, squared, strict=True)
    ]
    flat = np.concatenate(ratios)
    order = np.argsort(flat, kind="stable")
    weights = np.concatenate([one.weights for one in past])
    return Calibration(b, flat[order], weights[order], factors, own_factors, families)


def _scale(past: Sequence[Scored], start: Floats) -> Floats:
    """The coefficients b (5,) by the Student-t likelihood of past errors, drawn weakly to ``start``."""
    from scipy.optimize import minimize

    x = np.concatenate([one.blend.squares for one in past], axis=1)
    e2 = np.concatenate([(one.truth - one.blend.centre) ** 2 for one in past])
    weights = np.concatenate([one.weights for one in past])
    base = np.log(start)

    def cost(z: Floats) -> tuple[float, Floats]:
        b = np.exp(z)
        s2 = b @ x
        ratio = e2 / s2
        height = weights @ (0.5 * np.log(s2) + 0.5 * (FREEDOM + 1) * np.log1p(ratio / FREEDOM))
        slope = weights * (0.5 - 0.5 * (FREEDOM + 1) * ratio / (FREEDOM + ratio)) / s2
        pull = 0.5 * (z - base)
        return float(height + 0.5 * pull @ (z - base)), (x @ slope) * b + pull

    return np.exp(minimize(cost, base, jac=True, method="L-BFGS-B").x)


def _shrunk(means: Floats, chosen: Sequence[bool], towards: float, trust: float) -> float:
    own = means[np.array(chosen, dtype=bool)]
    return float((own.sum() + trust * towards) / (len(own) + trust))


def usual_calibration() -> Calibration:
    """What the training parts of the public learning curves taught, for tables with few curves of their own."""
    ratios = np.interp((np.arange(200) + 0.5) / 200, *USUAL_RATIOS)
    return Calibration(np.array(USUAL_B), ratios, np.full(200, 1.0), {}, {}, USUAL_FAMILIES)
