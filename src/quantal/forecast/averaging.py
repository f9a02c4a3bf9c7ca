"""Laws of several inputs, averaged: fitted to the cheaper runs at several cutoffs, weighed by their errors on the dearer ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, InputError, QuantalWarning
from quantal.estimate import Estimate
from quantal.fit import Fit, cost_order, fit
from quantal.fit.held_out import rolling_cutoffs
from quantal.fit.objective import Objective
from quantal.fit.selection import distinct_ends
from quantal.fit.solver import Progress
from quantal.forecast.curve_average import CurveAverage, average_curve, is_curve
from quantal.forecast.law_predictions import predict_laws, with_missing
from quantal.forecast.members import Predictions
from quantal.forecast.stacking import regrets, weigh
from quantal.forecast.table_calibration import USUAL, Reached, TableCalibration, reach, reached
from quantal.forecast.trial import Trial
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.runs import Runs

Method = Literal["bootstrap", "mcmc"]
SHARES = (0.2, 0.35, 0.5)
"""Shares of the dearest runs that are predicted from the rest, where costs span too little for cutoffs by a factor."""
STARTS = 4
STRENGTH = 30.0
"""How firmly weights are held equal; see `weigh`."""


@dataclass(frozen=True, eq=False)
class Averaged:
    """Fitted laws (K) with their shares, and the record of their average.

    ``past`` has of each trial the squares (4, m) of what the average was known to lack beforehand, and its log errors (m,).
    """

    fits: tuple[Fit, ...]
    shares: Floats
    trials: tuple[Trial, ...]
    refused: Mapping[str, str]
    past: tuple[tuple[Floats, Floats], ...] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The laws' names."""
        return tuple(one.law.name for one in self.fits)

    @property
    def lead(self) -> Fit:
        """The fit of the law that weighs most."""
        return self.fits[int(np.argmax(self.shares))]

    def heldout(self, law: str) -> float | None:
        """The root mean square of a law's errors over the trials, None without any."""
        own = [one.errors[law] for one in self.trials if law in one.errors]
        return float(np.sqrt(np.mean(np.square(own)))) if own else None

    def reached(self, at: Mapping[str, Floats]) -> Reached:
        """The averaged log prediction at points (m,), and the squares of what may move it."""
        inputs = {name: np.asarray(values, dtype=float) for name, values in at.items()}
        return reached(predict_laws(self.fits, inputs, reach(inputs, _inputs(self.fits[0]))), self.shares)

    def predict(
        self, at: Mapping[str, float], levels: Sequence[float], calibration: TableCalibration = USUAL
    ) -> Estimate:
        """The averaged prediction at one point, with calibrated intervals."""
        found = self.reached({name: np.array([value]) for name, value in at.items()})
        scale, centre = float(calibration.moved(found.squares, self.past)[0]), float(found.centre[0])
        intervals = {}
        for level in levels:
            half = float(calibration.quantile(level / 100)) * scale
            intervals[float(level)] = (float(np.exp(centre - half)), float(np.exp(centre + half)))
        return Estimate(float(np.exp(centre)), intervals)


def average(
    runs: Runs,
    laws: Sequence[Law],
    *,
    target: str | None = None,
    objective: str | Objective = "huber",
    method: Method = "bootstrap",
    holdout: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Averaged | CurveAverage:
    """Fit laws to all runs, and to those below each cutoff in cost; weigh them by their errors above.

    Laws of one input over a table of it are averaged as on a learning curve (`average_curve`), unless ``holdout`` or
    ``method`` says otherwise.

    ``holdout`` replaces the cutoffs by one that leaves this share of the dearest runs to predict. With runs too few for
    any cutoff, laws weigh alike. With ``method`` "mcmc", the fits to all runs hold draws from their posteriors.

    Raises:
        DataError: no law can be fitted to these runs.
        InputError: holdout leaves nothing to fit, or to predict.
    """
    if holdout is None and method == "bootstrap" and is_curve(runs, laws):
        return average_curve(runs, laws, target=target, objective=objective, seed=seed)
    size, _ = cost_order(runs)
    cuts = _cuts(size, holdout)
    total, done = len(laws) * (1 + len(cuts)), 0
    fits: list[Fit] = []
    below: list[list[Fit | None]] = [[] for _ in cuts]
    refused: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        for law in laws:
            whole = _try(runs, law, target, objective, STARTS, seed, method)
            if isinstance(whole, str):
                refused[law.name] = whole
                continue
            fits.append(whole)
            for k, above in enumerate(cuts):
                part = _try(runs.take(~above), law, target, objective, distinct_ends(whole)[:2], seed)
                below[k].append(None if isinstance(part, str) else part)
                done += 1
                if progress is not None:
                    progress(done + len(fits), total)
    if not fits:
        reasons = "; ".join(f"{name}: {text}" for name, text in refused.items()) or "no law reads its columns"
        raise DataError(f"{runs.source}: no law can be fitted to these runs. {reasons}")
    found = _weigh(runs, size, tuple(fits), cuts, below, refused)
    if holdout is not None and not found.trials:
        raise InputError(
            f"holdout = {holdout:g}: of {len(runs)} runs in {runs.source} too few are left below that cutoff for any law, or none "
            "above; give another share, such as 0.3"
        )
    return found


def _weigh(
    runs: Runs,
    size: Floats,
    fits: tuple[Fit, ...],
    cuts: Sequence[np.ndarray],
    below: Sequence[Sequence[Fit | None]],
    refused: Mapping[str, str],
) -> Averaged:
    values = np.asarray(runs[fits[0].target], dtype=float)
    names = [one.law.name for one in fits]
    known: list[tuple[Predictions, Floats, float]] = []
    for above, parts in zip(cuts, below, strict=True):
        usable = [one for one in parts if one is not None]
        if not usable:
            continue
        found = runs.take(above)
        inputs = {name: np.asarray(found[name], dtype=float) for one in usable for name in one.law.input_names}
        predictions = predict_laws(usable, inputs, reach(inputs, _inputs(usable[0])))
        if len(usable) < len(fits):
            predictions = with_missing(predictions, parts)
        known.append((predictions, np.log(values[above]), float(np.log10(size.max() / size[~above].max()))))
    past = np.array([regrets(predictions.logs - truth) for predictions, truth, _ in known])
    past = past.reshape(-1, len(fits), len(fits))
    trials, squares = [], []
    for k, (predictions, truth, decades) in enumerate(known):
        made = reached(predictions, weigh(np.delete(past, k, axis=0), STRENGTH))
        errors = np.sqrt(np.mean((predictions.logs - truth) ** 2, axis=1))
        misses = truth - made.centre
        by_law = dict(zip(names, errors.tolist(), strict=True))
        trials.append(Trial(decades, len(truth), by_law, float(np.sqrt(np.mean(misses**2)))))
        squares.append((made.squares, misses))
    return Averaged(fits, weigh(past, STRENGTH), tuple(trials), refused, tuple(squares))


def _try(
    runs: Runs,
    law: Law,
    target: str | None,
    objective: str | Objective,
    starts: int | Floats,
    seed: int,
    method: Method = "bootstrap",
) -> Fit | str:
    try:
        return fit(runs, law, target=target, objective=objective, method=method, starts=starts, seed=seed)
    except (DataError, IdentifiabilityError) as error:
        return str(error)


def _cuts(size: Floats, holdout: float | None) -> list[np.ndarray]:
    found = [] if holdout is not None else list(rolling_cutoffs(size))
    if found:
        return found
    shares = SHARES if holdout is None else (holdout,)
    return [one for one in (_cut(size, share) for share in shares) if one is not None]


def _cut(size: Floats, share: float) -> np.ndarray | None:
    """The dearest runs by a share, ties with the cut staying below; None where that leaves none above or below."""
    limit = np.sort(size)[-max(1, round(share * len(size)))]
    above = size >= limit * (1 - 1e-9)
    if above.sum() > 2 * share * len(size) + 1:
        above = size > limit * (1 + 1e-9)
    return above if above.any() and not above.all() else None


def _inputs(fitted: Fit) -> dict[str, Floats]:
    return {name: np.asarray(fitted.runs[name], dtype=float) for name in fitted.law.input_names}
