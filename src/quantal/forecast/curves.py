"""Curves -> extrapolations: members fitted at every origin, stacked, blended, calibrated on what they missed before."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quantal.errors import DataError
from quantal.forecast.best_so_far import best_so_far
from quantal.forecast.calibration import Calibration, Scored, blend, calibrate
from quantal.forecast.holdout import Origin, rolling_origins
from quantal.forecast.members import Member, Predictions, first_shares, predict, usual_members
from quantal.forecast.stacking import Past, Shares, products
from quantal.forecast.workers import mapping
from quantal.laws import Law
from quantal.laws.law import Floats

Progress = Callable[[int, int | None], None]
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Curve:
    """One learning curve: sorted x (n,), losses y (n,), and where it is to be extrapolated to, ``at`` (m,).

    ``group`` names the kind of task, within which curves behave alike, ``family`` what they share so that they err together.

    Raises:
        DataError: fewer than three different x, or a loss that is not above zero.
    """

    name: str
    group: str
    x: Floats
    y: Floats
    at: Floats
    family: str = ""

    def __post_init__(self) -> None:
        if len(np.unique(self.x)) < 3:
            raise DataError(
                f"curve {self.name}: {len(np.unique(self.x))} different x cannot be extrapolated; at least 3 are needed"
            )
        if not (np.isfinite(self.y).all() and (self.y > 0).all()):
            bad = float(self.y[~(np.isfinite(self.y) & (self.y > 0))][0])
            raise DataError(f"curve {self.name}: the loss {bad!r} has no logarithm; losses are finite and above zero")


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """A curve's prediction: centre and scale of log loss (m,), shares of the members (K,), and the calibration used.

    ``record`` are the root mean square log errors of this curve's own past extrapolations, by how far below its end they
    were made.
    """

    curve: Curve
    centre: Floats
    scale: Floats
    shares: Floats
    calibration: Calibration
    record: tuple[tuple[float, float], ...]

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper ends (m,) of log loss at a level in percent."""
        reach = self.calibration.quantile(level / 100.0) * self.scale
        return self.centre - reach, self.centre + reach


def merged(x: Floats, logs: Floats) -> tuple[Floats, Floats]:
    """Sorted different x, and the mean of the logs at each."""
    places, which = np.unique(x, return_inverse=True)
    return places, np.bincount(which, logs) / np.bincount(which)


class Fitted(NamedTuple):
    """A curve's members at its end and at each origin."""

    ahead: Predictions
    origins: tuple[Origin, ...]
    behind: tuple[Predictions, ...]
    truths: tuple[Floats, ...]


def fit_members(curve: Curve, members: Sequence[Member], seed: int = 0) -> Fitted:
    """Fit the members at the curve's end and at every rolling origin."""
    origins = rolling_origins(curve.x)
    behind = [predict(members, curve.x[o.below], curve.y[o.below], curve.x[o.above], seed) for o in origins]
    truths = tuple(np.log(curve.y[o.above]) for o in origins)
    return Fitted(predict(members, curve.x, curve.y, curve.at, seed), origins, tuple(behind), truths)


def extrapolate(
    curves: Sequence[Curve],
    members: Sequence[Member] | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Extrapolation]:
    """Extrapolate curves together: each leans on what was learnt from its own past, from its group and from all.

    ``workers`` processes share the fits, where all laws are given by name; the numbers are the same for any number of them.
    """
    chosen = usual_members() if members is None else tuple(members)
    work = functools.partial(fit_members, members=chosen, seed=seed)
    fitted = []
    named = all(not isinstance(one.law, Law) for one in chosen)
    with mapping(min(workers, len(curves)) if named else 1) as mapped:
        for done, one in enumerate(mapped(work, curves)):
            fitted.append(one)
            if progress is not None:
                progress(done + 1, len(curves))
    return combine(curves, fitted, first_shares(chosen))


def combine(curves: Sequence[Curve], fitted: Sequence[Fitted], first: Floats) -> list[Extrapolation]:
    """Stack, blend and calibrate members that have been fitted."""
    past = [
        [
            Past(products(behind, truth), curve.name, curve.group, origin.factor)
            for origin, behind, truth in zip(one.origins, one.behind, one.truths, strict=True)
        ]
        for curve, one in zip(curves, fitted, strict=True)
    ]
    scored = _score_unseen(curves, fitted, past, first)
    calibration = calibrate([one for each in scored for one in each])
    shares = Shares([one for each in past for one in each], first)
    out = []
    for curve, one, own, seen in zip(curves, fitted, past, scored, strict=True):
        w = shares.of(curve.group, own)
        blended = blend(one.ahead, w)
        record = tuple(
            (origin.factor, float(np.sqrt(np.mean((each.truth - each.blend.centre) ** 2))))
            for origin, each in zip(one.origins, seen, strict=True)
        )
        kept = best_so_far(curve.x, curve.y)
        scale = np.hypot(calibration.scale(blended, curve.group, curve.name), kept.spread)
        out.append(Extrapolation(curve, blended.centre + kept.shift, scale, w, calibration, record))
    return out


def _score_unseen(
    curves: Sequence[Curve], fitted: Sequence[Fitted], past: Sequence[Sequence[Past]], first: Floats
) -> list[list[Scored]]:
    """Past extrapolations by shares from other curves, and from this curve's cutoffs at least a factor 2 earlier."""
    folds = np.arange(len(curves)) % min(FOLDS, len(curves))
    learnt = {
        fold: Shares([one for i, each in enumerate(past) if folds[i] != fold for one in each], first)
        for fold in sorted(set(folds.tolist()))
    }
    out = []
    for i, (curve, one) in enumerate(zip(curves, fitted, strict=True)):
        rows = []
        for origin, behind, truth in zip(one.origins, one.behind, one.truths, strict=True):
            earlier = [each for each in past[i] if each.factor >= 1.99 * origin.factor]
            w = learnt[int(folds[i])].of(curve.group, earlier)
            gaps = np.diff(np.concatenate([curve.x[origin.below][-1:], curve.x[origin.above]]))
            rows.append(Scored(blend(behind, w), truth, gaps / gaps.sum(), *_whose(curve)))
        out.append(rows)
    return out


def _whose(curve: Curve) -> tuple[str, str, str]:
    return curve.name, curve.group, curve.family or curve.name
