"""forecast(runs, params=..., tokens=...) -> Forecast: what a run would reach, by the law that predicts these runs best."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, ExtrapolationWarning, InputError, QuantalWarning
from quantal.estimate import Estimate, check_levels
from quantal.fit import Fit, compare, fit
from quantal.fit.objective import Objective
from quantal.fit.solver import Progress
from quantal.laws import Law, get_law
from quantal.runs import read_runs

FAR = 1.0


@dataclass(frozen=True, eq=False)
class Forecast:
    """The predicted target at one point: intervals hold the parameters' uncertainty and the runs' own scatter."""

    at: Mapping[str, float]
    loss: Estimate
    decades_beyond: float
    laws: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]
    fit: Fit = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "at": dict(self.at),
            self.fit.target: self.loss.to_dict(),
            "decades_beyond": self.decades_beyond,
            "laws": [dict(one) for one in self.laws],
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        place = ", ".join(f"{name}={value:.4g}" for name, value in self.at.items())
        lines = [
            f"{self.fit.target} at {place}: {self.loss!r}",
            f"  by {self.laws[0]['law']}, {self.decades_beyond:.1f} decades beyond the runs",
        ]
        return "\n".join(lines)


def forecast(
    runs: Any,
    law: str | Law | None = None,
    *,
    levels: Sequence[float] = (95.0,),
    bootstrap: int = 1000,
    objective: str | Objective = "huber",
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

    Without a law, the one that best predicts the dearest fifth of the runs from the others is taken, among the laws that
    read just the inputs given. ``runs`` may be a `Fit` with draws, whose law is then used.

    Raises:
        InputError: no point is given, or it is not above zero.
        DataError: no law reads these inputs from these runs.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 1e7, 1e8, 1e9], 4); d = np.tile([1e8, 1e9, 1e10, 1e11], 4)
    >>> table = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    >>> round(forecast(table, "chinchilla", bootstrap=20, params=2e9, tokens=2e11).loss.value, 3)
    2.107
    """
    check_levels(levels)
    at = {**(at or {}), **inputs}
    if not at:
        raise InputError(
            "forecast where? Give the point, as in forecast(runs, params=70e9, tokens=1.4e12) (--at params=70e9,tokens=1.4e12)"
        )
    for name, value in at.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r}: the point's coordinates must be finite and above zero")
    heldout: float | None = None
    if isinstance(runs, Fit):
        chosen = runs
    else:
        table = read_runs(runs, where=where, columns=columns)
        if law is None:
            law, heldout = _best_law(table, at, target, objective, drop_highest_loss, seed)
        chosen = fit(
            table,
            law,
            target=target,
            objective=objective,
            bootstrap=bootstrap,
            levels=levels,
            drop_highest_loss=drop_highest_loss,
            seed=seed,
            progress=progress,
        )
    value, draws = chosen.curve(**{name: np.array([x]) for name, x in at.items()})
    notes = list(chosen.warnings)
    beyond = chosen.decades_beyond(**at)
    if beyond > FAR:
        text = f"the point lies {beyond:.1f} decades beyond the runs: the interval holds only if the law keeps its shape that far"
        notes.append(text)
        warnings.warn(text, ExtrapolationWarning, stacklevel=2)
    if draws is None:
        estimate = Estimate(float(value[0]), {}, "no draws: fit with a bootstrap")
    else:
        estimate = Estimate.from_draws(float(value[0]), _with_scatter(chosen, draws[:, 0], seed), levels)
    weight = {"law": chosen.law.name, "weight": 1.0, "heldout_error": heldout}
    return Forecast(dict(at), estimate, beyond, (weight,), tuple(notes), chosen)


def _best_law(
    table: Any, at: Mapping[str, float], target: str | None, objective: str | Objective, drop: int, seed: int
) -> tuple[str | Law, float | None]:
    from quantal.laws import default_laws

    fitting = [one for one in default_laws() if set(one.input_names) == set(at)]
    if not fitting and len(at) == 1:
        fitting = [get_law(f"{kind}:{name}") for name in at for kind in ("power_floor", "power")]
    if not fitting:
        raise DataError(f"no law reads just {', '.join(at)}; `quantal laws` lists what each one reads")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        best = compare(table, fitting, target=target, objective=objective, drop_highest_loss=drop, seed=seed).laws[0]
    return best.fit.law, best.heldout_error


def _with_scatter(fit: Fit, draws: np.ndarray, seed: int) -> np.ndarray:
    """Draws of a new run's target: the law's draws, each moved by one of the fit's own residuals."""
    rng = np.random.default_rng([seed, 1])
    picked = rng.choice(fit.residuals, len(draws) * 8)
    many = np.tile(draws, 8)
    return many * np.exp(picked) if fit.objective.residual == "log" else many + picked
