"""Laws of several inputs, averaged: fitted to the cheaper runs at several cutoffs, weighed by their errors on the dearer ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, QuantalWarning
from quantal.estimate import Estimate
from quantal.fit import Fit, fit
from quantal.fit.objective import Objective
from quantal.fit.result import law_inputs
from quantal.fit.selection import cost_order, distinct_ends
from quantal.fit.solver import Progress
from quantal.forecast.calibration import Blend, Calibration, Scored, blend, calibrate
from quantal.forecast.members import Predictions
from quantal.forecast.penalised import log_law
from quantal.forecast.stacking import products, stack
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.runs import Runs

SHARES = (0.2, 0.35, 0.5)
"""Shares of the dearest runs that are predicted from the rest, one cutoff each."""
STARTS = 4
STRENGTH = 2.0
LEAST_REACH = 0.3
"""Decades that a past extrapolation is taken to reach at least, where the widening with distance begins."""


@dataclass(frozen=True)
class Trial:
    """A past extrapolation of runs: how far it reached beyond those fitted, and each law's root mean square log error."""

    decades: float
    n_runs: int
    errors: Mapping[str, float]
    average: float


@dataclass(frozen=True, eq=False)
class Averaged:
    """Fitted laws (K) with their shares, the calibration of their average, and its record."""

    fits: tuple[Fit, ...]
    shares: Floats
    calibration: Calibration
    trials: tuple[Trial, ...]
    refused: Mapping[str, str]
    least: float = field(repr=False)

    @property
    def lead(self) -> Fit:
        """The fit of the law that weighs most."""
        return self.fits[int(np.argmax(self.shares))]

    def heldout(self, law: str) -> float | None:
        """The root mean square of a law's errors over the trials, None without any."""
        own = [one.errors[law] for one in self.trials if law in one.errors]
        return float(np.sqrt(np.mean(np.square(own)))) if own else None

    def predict(self, at: Mapping[str, float], beyond: float, levels: Sequence[float]) -> Estimate:
        """The averaged prediction at one point, ``beyond`` decades outside the runs, with calibrated intervals."""
        inputs = {name: np.array([value]) for name, value in at.items()}
        predictions = _predict(self.fits, inputs, np.log(self.least), beyond)
        blended = blend(predictions, self.shares)
        reach = max([LEAST_REACH, *(one.decades for one in self.trials)])
        scale = float(self.calibration.scale(blended, "", "")[0]) * max(1.0, beyond / reach)
        centre = float(blended.centre[0])
        intervals = {}
        for level in levels:
            half = float(self.calibration.quantile(level / 100)) * scale
            intervals[float(level)] = (float(np.exp(centre - half)), float(np.exp(centre + half)))
        return Estimate(float(np.exp(centre)), intervals)

    def record_at(self, beyond: float) -> Trial | None:
        """The trial whose reach was nearest to a distance in decades."""
        return min(self.trials, key=lambda one: abs(one.decades - beyond), default=None)


def average(
    runs: Runs,
    laws: Sequence[Law],
    *,
    target: str | None = None,
    objective: str | Objective = "huber",
    holdout: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Averaged:
    """Fit laws to all runs, and to those below each cutoff in cost; weigh them by their errors above.

    ``holdout`` replaces the cutoffs by one that leaves this share of the dearest runs to predict. With runs too few for
    any cutoff, laws weigh alike.

    Raises:
        DataError: no law can be fitted to these runs.
    """
    shares = SHARES if holdout is None else (holdout,)
    size, _ = cost_order(runs)
    cuts = [one for one in (_cut(size, share) for share in shares) if one is not None]
    total, done = len(laws) * (1 + len(cuts)), 0
    fits: list[Fit] = []
    below: list[list[Fit | None]] = [[] for _ in cuts]
    refused: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        for law in laws:
            whole = _try(runs, law, target, objective, STARTS, seed)
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
    return _weigh(runs, tuple(fits), cuts, below, refused)


def _weigh(
    runs: Runs,
    fits: tuple[Fit, ...],
    cuts: Sequence[np.ndarray],
    below: Sequence[Sequence[Fit | None]],
    refused: Mapping[str, str],
) -> Averaged:
    values = np.asarray(runs[fits[0].target], dtype=float)
    first = np.full(len(fits), 1.0 / len(fits))
    names = [one.law.name for one in fits]
    known = []
    for above, parts in zip(cuts, below, strict=True):
        usable = [one for one in parts if one is not None]
        if not usable:
            continue
        found = runs.take(above)
        inputs = {name: np.asarray(found[name], dtype=float) for one in usable for name in one.law.input_names}
        predictions = _predict(usable, inputs, float(np.log(values[~above].min())), 0.0)
        if len(usable) < len(fits):
            predictions = _with_missing(predictions, parts)
        known.append((predictions, np.log(values[above]), _decades(runs, above, usable[0])))
    past = [products(predictions, truth) for predictions, truth, _ in known]
    scored, trials = [], []
    for k, (predictions, truth, decades) in enumerate(known):
        others = np.array([one for j, one in enumerate(past) if j != k]).reshape(-1, len(fits), len(fits))
        blended: Blend = blend(predictions, stack(others, first, STRENGTH))
        scored.append(Scored(blended, truth, np.full(len(truth), 1.0 / len(truth)), "", "", ""))
        errors = np.sqrt(np.mean((predictions.logs - truth) ** 2, axis=1))
        mine = float(np.sqrt(np.mean((blended.centre - truth) ** 2)))
        trials.append(Trial(decades, len(truth), dict(zip(names, errors.tolist(), strict=True)), mine))
    shares = stack(np.array(past).reshape(-1, len(fits), len(fits)), first, STRENGTH)
    return Averaged(fits, shares, calibrate(scored), tuple(trials), refused, float(values.min()))


def _try(
    runs: Runs, law: Law, target: str | None, objective: str | Objective, starts: int | Floats, seed: int
) -> Fit | str:
    try:
        return fit(runs, law, target=target, objective=objective, starts=starts, seed=seed)
    except (DataError, IdentifiabilityError) as error:
        return str(error)


def _cut(size: Floats, share: float) -> np.ndarray | None:
    """The dearest runs by a share, ties with the cut staying below; None where that leaves none above or below."""
    limit = np.sort(size)[-max(1, round(share * len(size)))]
    above = size >= limit * (1 - 1e-9)
    if above.sum() > 2 * share * len(size) + 1:
        above = size > limit * (1 + 1e-9)
    return above if above.any() and not above.all() else None


def _predict(fits: Sequence[Fit], inputs: Mapping[str, Floats], last: float, decades: float) -> Predictions:
    n = len(next(iter(inputs.values())))
    logs, variances = np.empty((len(fits), n)), np.zeros((len(fits), n))
    for k, one in enumerate(fits):
        free = one.best[: len(one.law.parameters)]
        value, gradient = log_law(one.law, inputs, free[None, :])
        logs[k] = value[0]
        if one.covariance is not None:
            size = len(free)
            rows = gradient[0].T
            variances[k] = np.maximum(np.einsum("mi,ij,mj->m", rows, one.covariance[:size, :size], rows), 0.0)
    variances = np.where(np.isfinite(variances), variances, 1.0)
    fitted = [
        np.log(np.asarray(o.runs[o.target], dtype=float)) - np.log(o.law.value(law_inputs(o.law, o.runs), o.theta))
        for o in fits
    ]
    scatters = np.array([1.4826 * float(np.median(np.abs(r))) for r in fitted])
    return Predictions(logs, variances, scatters, last, np.full(n, decades))


def _with_missing(predictions: Predictions, parts: Sequence[Fit | None]) -> Predictions:
    """Rows for laws that could not be fitted below a cutoff: the mean of the others, so that it says nothing of them."""
    places = [k for k, one in enumerate(parts) if one is not None]
    logs = np.tile(predictions.logs.mean(axis=0), (len(parts), 1))
    variances = np.tile(predictions.variances.mean(axis=0), (len(parts), 1))
    scatters = np.full(len(parts), predictions.scatters.mean())
    logs[places], variances[places], scatters[places] = predictions.logs, predictions.variances, predictions.scatters
    return predictions._replace(logs=logs, variances=variances, scatters=scatters)


def _decades(runs: Runs, above: np.ndarray, part: Fit) -> float:
    """By how much the dearest run above lies beyond those below, in the input where that is most."""
    found = runs.take(above)
    return max(0.0, *(float(np.log10(np.max(found[n]) / np.max(part.runs[n]))) for n in part.law.input_names))
