"""Tables of one input, averaged as a curve: laws with weak priors at several steepnesses, and the last value carried on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, QuantalWarning
from quantal.estimate import Estimate
from quantal.fit import Fit, fit
from quantal.fit.objective import Objective
from quantal.forecast.curves import Curve, Fitted, combine, fit_members, merged
from quantal.forecast.members import Member, Predictions, first_shares, usual_members
from quantal.forecast.trial import Trial
from quantal.laws import Law, get_law
from quantal.laws.law import Floats
from quantal.runs import Runs

FEWEST = 3
"""Different values of the input from which a table is taken for a curve."""
AHEAD = 2.0
TESTED = 0.5
"""Decades beyond the end up to which widths were tested; farther ones widen in proportion."""


@dataclass(frozen=True, eq=False)
class CurveAverage:
    """A curve with the laws averaged on it: their shares over all steepnesses (K,), and the record of their average."""

    curve: Curve
    members: tuple[Member, ...] = field(repr=False)
    names: tuple[str, ...]
    shares: Floats
    lead: Fit
    trials: tuple[Trial, ...]
    seed: int = 0

    def heldout(self, law: str) -> float | None:
        """The root mean square of a law's errors over the trials, None without any."""
        own = [one.errors[law] for one in self.trials]
        return float(np.sqrt(np.mean(np.square(own)))) if own else None

    def predict(self, at: Mapping[str, float], levels: Sequence[float]) -> Estimate:
        """The averaged prediction at one point, with calibrated intervals."""
        (x,) = at.values()
        curve = replace(self.curve, at=np.array([float(x)]))
        (found,) = combine([curve], [fit_members(curve, self.members, self.seed)], first_shares(self.members))
        far = max(1.0, float(np.log10(x / self.curve.x[-1])) / TESTED)
        centre, scale = float(found.centre[0]), far * float(found.scale[0])
        intervals = {}
        for level in levels:
            half = float(found.calibration.quantile(level / 100)) * scale
            intervals[float(level)] = (float(np.exp(centre - half)), float(np.exp(centre + half)))
        return Estimate(float(np.exp(centre)), intervals)


def is_curve(runs: Runs, laws: Sequence[Law]) -> bool:
    """Whether laws read one input alone, the same, of which these runs have three values or more."""
    names = {name for law in laws for name in law.input_names}
    if len(names) != 1 or any(one.signed for law in laws for one in law.inputs):
        return False
    (name,) = names
    return name in runs and len(np.unique(np.asarray(runs[name], dtype=float))) >= FEWEST


def average_curve(
    runs: Runs, laws: Sequence[Law], *, target: str | None = None, objective: str | Objective = "huber", seed: int = 0
) -> CurveAverage:
    """Average laws of one input over a table of it; of runs that share the input, the mean log target counts.

    Raises:
        DataError: a target is not above zero, or no law can be fitted to these runs.
    """
    name, goal = laws[0].input_names[0], target or laws[0].target.name
    if goal not in runs:
        laws[0].check(runs)
    y = np.asarray(runs[goal], dtype=float)
    if not (np.isfinite(y).all() and (y > 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(y) & (y > 0)))[0])
        raise DataError(
            f"{runs.source}, row {int(runs.rows[bad])}, column {goal!r}: {float(y[bad])!r} has no logarithm, and forecasts "
            "are of the logarithm; leave the row out with --where"
        )
    x, logs = merged(np.asarray(runs[name], dtype=float), np.log(y))
    curve = Curve(runs.source, "", x, np.exp(logs), np.array([AHEAD * x[-1]]))
    members = usual_members(laws)
    fitted = fit_members(curve, members, seed)
    (found,) = combine([curve], [fitted], first_shares(members))
    names = tuple(dict.fromkeys(one.name for one in members))
    places = [np.array([one.name == name for one in members]) for name in names]
    shares = np.array([float(found.shares[place].sum()) for place in places])
    trials = tuple(
        Trial(float(np.log10(origin.factor)), int(origin.above.sum()), _errors(names, places, behind, truth), error)
        for origin, behind, truth, (_, error) in _told(fitted, found.record)
    )
    lead = _lead(runs, laws, names, shares, goal, objective, seed)
    return CurveAverage(curve, members, names, shares, lead, trials, seed)


def _told(fitted: Fitted, record: Sequence[tuple[float, float]]) -> Any:
    return zip(fitted.origins, fitted.behind, fitted.truths, record, strict=True)


def _errors(names: Sequence[str], places: Sequence[np.ndarray], behind: Predictions, truth: Floats) -> dict[str, float]:
    """The root mean square log error of each law, the mean over its steepnesses."""
    return {
        name: float(np.sqrt(np.mean((behind.logs[place].mean(axis=0) - truth) ** 2)))
        for name, place in zip(names, places, strict=True)
    }


def _lead(
    runs: Runs,
    laws: Sequence[Law],
    names: Sequence[str],
    shares: Floats,
    target: str,
    objective: str | Objective,
    seed: int,
) -> Fit:
    """The plain fit of the law that weighs most, of those that these runs can determine, or of a power law."""
    weight = dict(zip(names, shares.tolist(), strict=True))
    reasons = []
    plain = get_law(f"power:{laws[0].input_names[0]}")
    for law in [*sorted(laws, key=lambda one: -weight[one.name]), plain]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", QuantalWarning)
                return fit(runs, law, target=target, objective=objective, starts=4, seed=seed)
        except (DataError, IdentifiabilityError) as error:
            reasons.append(f"{law.name}: {error}")
    raise DataError(f"{runs.source}: no law can be fitted to these runs. {'; '.join(reasons)}")
