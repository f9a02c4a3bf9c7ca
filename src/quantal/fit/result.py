"""Fit: the noun that fitting makes; a law with its parameters, intervals, verdicts and all that led there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError
from quantal.estimate import Estimate, check_levels
from quantal.fit import diagnostics, resampling, uncertainty
from quantal.fit.diagnostics import Verdict
from quantal.fit.noise import scale_of, whitening_of
from quantal.fit.objective import Objective
from quantal.fit.problem import Problem
from quantal.fit.resampling import Resample
from quantal.laws import Law
from quantal.laws.law import Floats
from quantal.runs import Runs, as_number

if TYPE_CHECKING:
    from quantal.fit.posterior import Posterior


@dataclass(frozen=True)
class StartsReport:
    """What became of the starting points: how many, how many converged, how many ended at the best objective.

    ``outcomes`` holds the objective that each start reached, ``points`` the parameters (count, P) it reached it with.
    """

    total: int
    converged: int
    at_best: int
    outcomes: Floats = field(repr=False)
    points: Floats = field(repr=False)

    def to_dict(self) -> dict[str, int]:
        return {"total": self.total, "converged": self.converged, "at_best": self.at_best}


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted law. ``theta`` (P,) are its parameters, ``draws`` (R, P) their bootstrap draws where one was asked for.

    ``without_outliers`` (P,) are the parameters refitted without the runs that lie far off the law, where there are any.
    Of the noise model there are the scale ``sigma``, the power ``slope`` of the column that it depends on, and ``within``,
    the correlation of runs of one group (of neighbours one e-fold apart, for points of curves), each where it was fitted.
    """

    law: Law
    runs: Runs
    target: str
    objective: Objective
    value: float
    theta: Floats
    parameters: Mapping[str, Estimate]
    verdicts: Mapping[str, Verdict]
    starts: StartsReport
    converged: bool
    status: str
    n_dropped: int
    seed: int
    levels: tuple[float, ...]
    draws: Floats | None = field(default=None, repr=False)
    resample: Resample = "case"
    interval: Literal["percentile", "bca"] = "percentile"
    sigma: float | None = None
    slope: float | None = None
    within: float | None = None
    posterior: Posterior | None = field(default=None, repr=False)
    criteria: Mapping[str, float] | None = None
    covariance: Floats | None = field(default=None, repr=False)
    correlation: Floats | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    without_outliers: Floats | None = field(default=None, repr=False)

    @property
    def n_runs(self) -> int:
        return len(self.runs)

    @property
    def inputs(self) -> dict[str, Floats]:
        """The law's inputs, as it was fitted to them."""
        return law_inputs(self.law, self.runs)

    @property
    def problem(self) -> Problem:
        """The minimisation that this fit solved."""
        return problem_of(self.law, self.runs, self.target, self.objective, self.within)

    @property
    def best(self) -> Floats:
        """The optimum in free coordinates (q,)."""
        free = self.problem.free(self.theta[None, :], 0.0 if self.sigma is None else np.log(self.sigma))[0]
        if self.slope is not None:
            free[-1] = self.slope
        return free

    @property
    def fitted(self) -> Floats:
        """The law's values at the runs (n,)."""
        return self.law.value(self.inputs, self.theta)

    @property
    def residuals(self) -> Floats:
        """Residuals at the runs (n,), of the objective's kind: log(measured / fitted), or measured - fitted."""
        return self.problem.residuals(self.fitted)

    def predict(self, *, levels: Sequence[float] | None = None, **inputs: float | str) -> Estimate:
        """The law's value at one point, such as ``params=7e9`` or ``"7B"``, with percentile intervals from the draws.

        The intervals hold the uncertainty of the parameters alone.

        Raises:
            InputError: an input is missing, unknown or not above zero.

        >>> import quantal as ql
        >>> runs = ql.read_runs({"params": [1e6, 1e7, 1e8, 1e9], "loss": [4.1, 3.6, 3.35, 3.22]})
        >>> round(ql.fit(runs, "power_floor:params").predict(params=1e10).value, 2)
        3.16
        """
        if any(np.size(value) != 1 for value in inputs.values()):
            raise InputError("predict takes one point; use curve(...) for arrays")
        columns = {name: np.atleast_1d(as_number(name, np.asarray(value).item())) for name, value in inputs.items()}
        value, draws = self.curve(**columns)
        levels = self.levels if levels is None else tuple(levels)
        if draws is None:
            return Estimate(float(value[0]), {}, "no draws: fit with bootstrap=1000 for intervals")
        return Estimate.from_draws(float(value[0]), draws[:, 0], levels)

    def curve(self, **inputs: ArrayLike) -> tuple[Floats, Floats | None]:
        """The law's values (n,) at arrays of inputs, and at every draw (R, n), or None without draws.

        Raises:
            InputError: an input is missing, unknown or not above zero.
        """
        expected = self.law.input_names
        if set(inputs) != set(expected):
            raise InputError(
                f"{self.law.name} predicts from {', '.join(expected)}, and was given {', '.join(inputs) or 'nothing'}; "
                f"write predict({', '.join(f'{name}=...' for name in expected)})"
            )
        columns = {name: np.asarray(value, dtype=float) for name, value in inputs.items()}
        for one in self.law.inputs:
            values = columns[one.name]
            allowed = np.isfinite(values) & ((values > 0) | one.signed)
            if not np.all(allowed):
                raise InputError(
                    f"{one.name} = {float(values[~allowed].flat[0])!r}: must be finite"
                    + ("" if one.signed else " and above zero")
                )
        value = self.law.value(columns, self.theta)
        return value, None if self.draws is None else self.law.value(columns, self.draws)

    def profile(self, parameter: str, levels: Sequence[float] = (95.0,)) -> Estimate:
        """Profile-likelihood interval of one parameter; needs a noise model as objective.

        Raises:
            InputError: no such parameter, or the objective is no likelihood.
        """
        if parameter not in self.law.parameter_names:
            raise InputError(
                f"{self.law.name} has no parameter {parameter!r}; it has {', '.join(self.law.parameter_names)}"
            )
        check_levels(levels)
        index = self.law.parameter_names.index(parameter)
        return uncertainty.profile(self.problem, self.best, self.value, index, levels)

    def influence(self, most: int = 5) -> diagnostics.Influence:
        """The runs whose absence would move the parameters most, by refitting without each."""
        problem, best = self.problem, self.best
        found = resampling.leave_one_out(problem, best, np.arange(problem.n))
        return diagnostics.influence(problem, best, found.free, most)

    def decades_beyond(self, **inputs: float) -> float:
        """By how many powers of ten the point lies beyond the largest run, where that is most; 0 inside.

        It is taken in each input, and in params times tokens where both are given.
        """
        signed = {one.name for one in self.law.inputs if one.signed}
        reach = [
            np.log10(value / self.runs[name].max())
            for name, value in inputs.items()
            if name in self.runs and name not in signed
        ]
        if {"params", "tokens"} <= set(inputs):
            largest = np.max(np.asarray(self.runs["params"]) * np.asarray(self.runs["tokens"]))
            reach.append(np.log10(inputs["params"] * inputs["tokens"] / largest))
        return float(max([0.0, *reach]))

    def to_dict(self, full: bool = False) -> dict[str, Any]:
        """Plain data for JSON; ``full`` adds runs and draws, from which `load` makes the fit again."""
        from quantal.fit.saved import fit_to_dict

        return fit_to_dict(self, full)

    def save(self, path: str) -> None:
        """Write the fit as JSON, schema ``quantal.fit/1``, atomically."""
        from quantal.fit.saved import save_fit

        save_fit(self, path)

    @staticmethod
    def load(path: str) -> Fit:
        """Read a fit that `save` wrote.

        Raises:
            DataError: no such file, not a saved fit, or one of a newer version.
        """
        from quantal.fit.saved import load_fit

        return load_fit(path)

    def __repr__(self) -> str:
        lines = [f"{self.law.title or self.law.name} on {self.n_runs} runs of {self.runs.source}: {self.status}"]
        lines.append(f"  {self.objective.describe()} = {self.value:.8g}")
        for name, estimate in self.parameters.items():
            lines.append(f"  {name:8s} {estimate!r}  {self.verdicts[name]}")
        return "\n".join(lines)


def problem_of(law: Law, runs: Runs, target: str, objective: Objective, within: float | None) -> Problem:
    """The minimisation of a law on these runs, with the noise that the objective names; targets are checked."""
    y = target_values(law, runs, target, objective)
    scale = scale_of(runs, y, objective)
    return Problem.of(law, law_inputs(law, runs), y, objective, scale, whitening_of(runs, objective, within))


def law_inputs(law: Law, runs: Runs) -> dict[str, Floats]:
    """The columns that a law reads, as arrays: (n,), or (n, T) for a series."""
    return {one.name: np.asarray(runs[one.name], dtype=float) for one in law.inputs}


def check_target(runs: Runs, name: str) -> None:
    """See that the runs have the column that laws are to explain.

    Raises:
        DataError: they have not.
    """
    if name not in runs:
        raise DataError(
            f"{runs.source}: there is no column {name!r} to explain among {', '.join(runs.names)}. "
            f"Name it with --column {name}=HEADER, or choose another with --target."
        )


def target_values(law: Law, runs: Runs, name: str, objective: Objective) -> Floats:
    """The target column, checked: numbers, and above zero where its logarithm is taken.

    Raises:
        DataError: the column is missing, holds text, or holds a value that the objective cannot take.
    """
    check_target(runs, name)
    if runs.column(name).role in ("label", "array"):
        raise DataError(
            f"{runs.source}: column {name!r} holds no single number a run, so {law.name} cannot be fitted to it"
        )
    values = np.asarray(runs[name], dtype=float)
    allowed = np.isfinite(values) & ((values > 0) | (objective.residual == "linear"))
    if not np.all(allowed):
        first = int(np.flatnonzero(~allowed)[0])
        raise DataError(
            f"{runs.source}, row {int(runs.rows[first])}, column {name!r}: {float(values[first])!r} has no logarithm, "
            "which the objective takes; use objective='squares' (--objective squares), or leave the row out with --where"
        )
    return values
