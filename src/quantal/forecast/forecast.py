"""forecast(runs, params=..., tokens=...) -> Forecast: what a run would reach, by laws averaged and calibrated on these runs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, DataWarning, ExtrapolationWarning, InputError
from quantal.estimate import Estimate, check_levels
from quantal.fit import Fit, fit
from quantal.fit.doubts import table_doubts
from quantal.fit.objective import Objective
from quantal.fit.solver import Progress
from quantal.forecast.averaging import Averaged, Method, average
from quantal.forecast.curve_average import CurveAverage
from quantal.forecast.members import LAWS
from quantal.laws import Law, default_laws, get_law
from quantal.runs import Runs, read_runs

FAR = 1.0
LEAST_TOLD = 0.05
DIFFER = 1.5
"""Factor between the largest and the smallest from which on runs are said to differ in size."""
USUAL_LEVELS = (50.0, 80.0, 90.0)


@dataclass(frozen=True, eq=False)
class Forecast:
    """The predicted target at one point: intervals hold the uncertainty of parameters and law, and the runs' own scatter.

    ``laws`` are those averaged, with their weights, errors on the runs held out and what each alone predicts (``value``;
    not on a curve); ``record`` says how far past
    extrapolations of these same runs reached, in decades of cost, and by how much they erred in log; ``fit`` is that of the law
    that weighs most.
    """

    at: Mapping[str, float]
    loss: Estimate
    decades_beyond: float
    laws: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    fit: Fit = field(repr=False)
    record: tuple[Mapping[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "at": dict(self.at),
            self.fit.target: self.loss.to_dict(),
            "decades_beyond": self.decades_beyond,
            "laws": [dict(one) for one in self.laws],
            "record": [dict(one) for one in self.record],
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        place = ", ".join(f"{name}={value:.4g}" for name, value in self.at.items())
        by = ", ".join(f"{one['law']} {100 * one['weight']:.0f} %" for one in self.laws if one["weight"] >= 0.005)
        lines = [
            f"{self.fit.target} at {place}: {self.loss!r}",
            f"  by {by}; {self.decades_beyond:.1f} decades beyond the runs",
            *self._alone(),
        ]
        if self.record:
            near = min(self.record, key=lambda one: abs(one["decades"] - self.decades_beyond))
            lines.append(
                f"  record: from runs up to {near['decades']:.1f} decades cheaper than the dearest, the {near['n_runs']:.0f} dearer "
                f"ones were missed by {100 * near['error']:.2g} % (root mean square)"
            )
        return "\n".join(lines)

    def _alone(self) -> list[str]:
        """A line of how far apart the laws lie that weigh half an equal share or more, and whether the widest interval holds them."""
        least = 0.5 / len(self.laws)
        said = sorted((one["value"], one["law"]) for one in self.laws if "value" in one and one["weight"] >= least)
        if len(said) < 2:
            return []
        (low, lowest), (high, highest) = said[0], said[-1]
        text = f"  the laws that weigh most say {low:.4g} ({lowest}) to {high:.4g} ({highest})"
        if self.loss.intervals:
            level = max(self.loss.intervals)
            ends = self.loss.intervals[level]
            if low < ends[0] or high > ends[1]:
                text += (
                    f", which the {level:g} % interval does not hold: add runs where they differ, or choose with --law"
                )
        return [text]


def forecast(
    runs: Any,
    law: str | Law | None = None,
    *,
    laws: Sequence[str | Law] | None = None,
    levels: Sequence[float] | None = None,
    holdout: float | None = None,
    method: Method = "bootstrap",
    bootstrap: int = 1000,
    objective: str | Objective | None = None,
    target: str | None = None,
    drop_highest_loss: int = 0,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    at: Mapping[str, float] | None = None,
    **inputs: float,
) -> Forecast:
    """Predict the target at one point, such as ``params=70e9, tokens=1.4e12`` (or ``at={"params": 70e9, ...}``).

    Laws that read just the inputs given (or ``laws``) are averaged in log loss, weighed by their errors on the dearest
    runs when fitted to the cheaper ones, at cutoffs 2.5, 6.5 and 20 times below the highest cost (or at one that leaves the
    share ``holdout`` to predict). Intervals hold the disagreement of the laws, the uncertainty of their parameters, the
    scatter of runs and the distance, scaled by what such forecasts missed in public tables and on these runs before. A
    table of one input is extrapolated as a learning curve: laws with weak priors, fitted most to its end, and the last value
    carried on ("last").

    With one ``law``, or a `Fit` with draws in place of runs, the prediction is that law's alone and its intervals come
    from ``bootstrap`` draws. Levels are 50, 80 and 90 % for an average, and 95 % for one law, unless given. ``method``
    "mcmc" takes the parameters' uncertainty from draws of each law's posterior, under Student-t noise unless ``objective``
    says otherwise; else it is Huber's objective.

    Raises:
        InputError: no point is given, it is not above zero, or holdout is not between 0 and 1.
        DataError: no law reads these inputs from these runs.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    >>> round(forecast(table, laws=["chinchilla", "kappa"], params=2e9, tokens=2e11).loss.value, 2)
    2.11
    """
    at = {**(at or {}), **inputs}
    _check_point(at)
    check_levels(levels or ())
    if holdout is not None and not 0 < holdout < 1:
        raise InputError(f"holdout = {holdout!r}: the share of runs to predict lies between 0 and 1, such as 0.3")
    if law is not None and laws is not None:
        raise InputError("give one law to forecast by, or laws to average, not both")
    if law is not None or isinstance(runs, Fit):
        chosen = (
            runs
            if isinstance(runs, Fit)
            else fit(
                runs, law or "chinchilla", target=target, objective=objective, method=method,
                bootstrap=0 if method == "mcmc" else bootstrap,
                levels=levels or (95.0,), drop_highest_loss=drop_highest_loss, where=where, columns=columns, seed=seed,
                progress=progress,
            )
        )  # fmt: skip
        return _by_one(chosen, at, levels or (95.0,), seed)
    table = read_runs(runs, where=where, columns=columns)
    rule = objective or ("student_t" if method == "mcmc" else "huber")
    chosen = [get_law(one) for one in laws] if laws is not None else laws_reading(tuple(at))
    if any(name not in table for name in at):
        chosen[0].check(table)
    if drop_highest_loss:
        table = table.drop_highest(drop_highest_loss, target or chosen[0].target.name)
    found = average(
        table, chosen, target=target, objective=rule, method=method, holdout=holdout, seed=seed, progress=progress
    )
    return forecast_by(found, at, levels or USUAL_LEVELS)


def _check_point(at: Mapping[str, float]) -> None:
    if not at:
        raise InputError(
            "forecast where? Give the point, as in forecast(runs, params=70e9, tokens=1.4e12) (--at params=70e9,tokens=1.4e12)"
        )
    for name, value in at.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r}: the point's coordinates must be finite and above zero")


def laws_reading(inputs: Sequence[str]) -> list[Law]:
    """The laws that are averaged where none is named: those that read just these inputs.

    Raises:
        DataError: there is none.
    """
    found = [one for one in default_laws() if set(one.input_names) == set(inputs)]
    if len(inputs) == 1:
        plain = [f"{kind}:{inputs[0]}" for kind in ("power", "power_floor")]
        found = [get_law(f"{kind}:{inputs[0]}") for kind in LAWS] + [one for one in found if one.name not in plain]
    if not found:
        raise DataError(f"no law reads just {', '.join(inputs)}; `quantal laws` lists what each one reads")
    return found


def forecast_by(
    found: Averaged | CurveAverage, at: Mapping[str, float], levels: Sequence[float] = USUAL_LEVELS
) -> Forecast:
    """The forecast at one point by laws that were averaged already (see `average`), as at many points in turn.

    Raises:
        InputError: a law reads other inputs than the point gives, or the point is not above zero.
    """
    _check_point(at)
    lead = found.lead
    for law in [one.law for one in found.fits] if isinstance(found, Averaged) else [lead.law]:
        if set(law.input_names) != set(at):
            raise InputError(
                f"{law.name} predicts from {', '.join(law.input_names)}, and was given {', '.join(at)}; "
                "average laws that read the same inputs"
            )
    beyond = lead.decades_beyond(**at)
    suspect = table_doubts(lead.runs, lead.target)
    reach = max((one.decades for one in found.trials), default=0.0)
    if not found.trials:
        suspect.append(
            f"{lead.runs.source}: these runs are too few to hold any out, so the laws weigh alike and the intervals rest on "
            "other people's runs; add runs"
        )
    suspect += _left_out(lead.runs, at)
    for text in suspect:
        warnings.warn(text, DataWarning, stacklevel=3)
    notes = list(dict.fromkeys([*suspect, *lead.warnings, *_unsure(found)]))
    _warn_far(notes, beyond, f"past extrapolations of these runs reach {reach:.1f} decades of cost")
    order = np.argsort(-found.shares, kind="stable")
    laws = tuple(
        {
            "law": found.names[i],
            "weight": float(found.shares[i]),
            "heldout_error": found.heldout(found.names[i]),
            **(_alone(found.fits[i], at) if isinstance(found, Averaged) else {}),
        }
        for i in order
    )
    record = tuple({"decades": one.decades, "n_runs": float(one.n_runs), "error": one.average} for one in found.trials)
    return Forecast(dict(at), found.predict(at, levels), beyond, laws, tuple(notes), lead, record)


def _unsure(found: Averaged | CurveAverage) -> list[str]:
    """Of the laws that weigh, besides the first, those whose posterior has not converged."""
    if isinstance(found, CurveAverage):
        return []
    return [
        f"{one.law.name}: {text}"
        for one, share in zip(found.fits, found.shares, strict=True)
        if one.posterior is not None and one is not found.lead and share >= LEAST_TOLD
        for text in one.posterior.notes
    ]


def _alone(one: Fit, at: Mapping[str, float]) -> dict[str, Any]:
    value, _ = one.curve(**{name: np.array([x]) for name, x in at.items()})
    return {"value": float(value[0]), **_convergence(one)}


def _convergence(one: Fit) -> dict[str, Any]:
    if one.posterior is None:
        return {}
    return {"rhat": max(one.posterior.rhat.values()), "converged": one.posterior.converged}


def _by_one(chosen: Fit, at: Mapping[str, float], levels: Sequence[float], seed: int) -> Forecast:
    value, draws = chosen.curve(**{name: np.array([x]) for name, x in at.items()})
    notes = list(chosen.warnings)
    beyond = chosen.decades_beyond(**at)
    _warn_far(notes, beyond, "the interval holds only if the law keeps its shape that far")
    if draws is None:
        estimate = Estimate(float(value[0]), {}, "no draws: fit with a bootstrap")
    else:
        estimate = Estimate.from_draws(float(value[0]), _with_scatter(chosen, draws[:, 0], seed), levels)
    weight = {"law": chosen.law.name, "weight": 1.0, "heldout_error": None, **_convergence(chosen)}
    return Forecast(dict(at), estimate, beyond, (weight,), tuple(notes), chosen)


def _left_out(runs: Runs, at: Mapping[str, float]) -> list[str]:
    """A sentence where only one of params and tokens is given, and the runs differ in the other too."""
    given = next(iter(at)) if len(at) == 1 else ""
    other = {"params": "tokens", "tokens": "params"}.get(given)
    if other is None or other not in runs or np.max(runs[other]) <= DIFFER * np.min(runs[other]):
        return []
    return [f"these runs differ in {other} too, which a forecast by {given} alone leaves out: give {other} as well"]


def _warn_far(notes: list[str], beyond: float, then: str) -> None:
    if beyond > FAR:
        text = f"the point lies {beyond:.1f} decades beyond the runs: {then}"
        notes.append(text)
        warnings.warn(text, ExtrapolationWarning, stacklevel=4)


def _with_scatter(fit: Fit, draws: np.ndarray, seed: int) -> np.ndarray:
    """Draws of a new run's target: the law's draws, each moved by one of the fit's own residuals."""
    rng = np.random.default_rng([seed, 1])
    picked = rng.choice(fit.residuals, len(draws) * 8)
    many = np.tile(draws, 8)
    return many * np.exp(picked) if fit.objective.residual == "log" else many + picked
