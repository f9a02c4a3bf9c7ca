"""which_frequencies(runs) -> WhichFrequencies: the law of frequencies that predicts held-out runs best, and which others do as well."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quantal.errors import DataError, IdentifiabilityError, InputError, QuantalWarning, did_you_mean
from quantal.estimate import Estimate
from quantal.fit import Fit, cost_order, fit
from quantal.fit.resampling import bootstrap as redraw
from quantal.fit.solver import Progress
from quantal.laws import Law, quantized_law
from quantal.runs import Runs, read_runs
from quantal.spectrum.curve import LIMITS, Floats
from quantal.theory import (
    Cutoff,
    Frequencies,
    Geometric,
    LearningRule,
    LogNormal,
    Mandelbrot,
    QuantaModel,
    Stretched,
    Zipf,
)

FREQUENCIES: Mapping[str, Frequencies] = {
    "zipf": Zipf(gamma=0.4),
    "zipf_finite": Zipf(gamma=0.4, count=1_000_000),
    "mandelbrot": Mandelbrot(gamma=0.4, shift=100.0),
    "geometric": Geometric(rate=0.1),
    "stretched": Stretched(theta=0.5, scale=100.0),
    "lognormal": LogNormal(sigma=3.0, count=1_000_000),
    "cutoff": Cutoff(gamma=0.4, cutoff=1e4),
}
STARTS = 8


@dataclass(frozen=True)
class Rival:
    """A law of frequencies: its error on the held-out runs (rms of log), and by how much that exceeds the best law's."""

    frequencies: str
    heldout_error: float
    excess: Estimate
    tied: bool
    beyond: float
    fit: Fit = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "frequencies": self.frequencies,
            "heldout_error": self.heldout_error,
            "excess": self.excess.to_dict(),
            "tied": self.tied,
            "beyond": self.beyond,
        }


@dataclass(frozen=True)
class WhichFrequencies:
    """Laws of frequencies ranked by held-out error; ``tied`` ones cannot be told from the best by these runs.

    ``beyond`` of each is what it predicts at ten times the largest inputs; ``verdict`` says whether the difference matters there.
    """

    rivals: tuple[Rival, ...]
    refused: Mapping[str, str]
    told_apart: bool
    n_held_out: int
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rivals": [one.to_dict() for one in self.rivals],
            "refused": dict(self.refused),
            "told_apart": self.told_apart,
            "n_held_out": self.n_held_out,
            "verdict": self.verdict,
        }

    def __repr__(self) -> str:
        lines = [self.verdict]
        for one in self.rivals:
            mark = "tied" if one.tied else "worse"
            lines.append(f"  {one.frequencies:12s} {one.heldout_error:.3g}  excess {one.excess!r}  {mark}")
        return "\n".join(lines)


def which_frequencies(
    runs: Any,
    inputs: Sequence[str] | None = None,
    *,
    frequencies: Sequence[str] = tuple(FREQUENCIES),
    rule: LearningRule | None = None,
    held_out: float = 0.2,
    bootstrap: int = 100,
    target: str | None = None,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> WhichFrequencies:
    """Which law of frequencies explains runs best out of sample, and can these runs tell the laws apart at all?

    Each law is fitted to the cheaper runs and predicts the dearest ones. The errors are compared on the same resamples of both
    (the bootstrap): a law whose excess over the best includes zero at 95 % is tied with it.

    Args:
        inputs: such as ("params", "tokens") or ("tokens",); the resources that vary unless given.
        frequencies: names among zipf, zipf_finite, mandelbrot, geometric, stretched, lognormal, cutoff.
        rule: how quanta are learned from data.
        held_out: the share of runs with the most compute that is predicted.
        progress: called with (laws done, laws in all).

    Raises:
        DataError: no law can be fitted, or no run can be held out.
        InputError: an unknown law of frequencies, or an argument out of its range.

    >>> import numpy as np
    >>> d = np.geomspace(1e5, 1e10, 30)
    >>> loss = (1.7 + 30 * d**-0.3) * np.exp(np.random.default_rng(0).normal(0, 1e-3, 30))
    >>> found = which_frequencies({"tokens": d, "loss": loss}, frequencies=("zipf", "geometric"), bootstrap=40)
    >>> [one.frequencies for one in found.rivals], found.told_apart
    (['zipf', 'geometric'], True)
    """
    for name in frequencies:
        if name not in FREQUENCIES:
            raise InputError(f"no law of frequencies is called {name!r}. {did_you_mean(str(name), FREQUENCIES)}")
    if not 0 < held_out < 1:
        raise InputError(f"held_out = {held_out!r}: the share of runs to predict lies between 0 and 1, such as 0.2")
    if bootstrap < 20:
        raise InputError(f"bootstrap = {bootstrap}: at least 20 resamples say whether laws differ, such as 100")
    table = read_runs(runs, where=where, columns=columns)
    chosen = tuple(inputs) if inputs is not None else _varying(table)
    cost, _ = cost_order(table)
    limit = np.sort(cost)[-max(2, round(held_out * len(table)))]
    above = cost >= limit * (1 - 1e-9)
    if above.all():
        raise DataError(f"{table.source}: all runs share the highest cost; predicting the dearest needs cheaper ones")
    below, dear = table.take(~above), table.take(above)
    picked = np.random.default_rng([seed, 2]).integers(0, len(dear), (bootstrap, len(dear)))
    found: list[tuple[str, Fit, float, Floats, float]] = []
    refused: dict[str, str] = {}
    for done, name in enumerate(frequencies):
        if progress is not None:
            progress(done, len(frequencies))
        law = quantized_law(QuantaModel(FREQUENCIES[name]), *chosen, rule=rule)
        try:
            found.append((name, *_scored(law, below, dear, picked, target, seed)))
        except (DataError, IdentifiabilityError) as error:
            refused[name] = str(error)
    if not found:
        raise DataError(
            f"{table.source}: no law can be fitted. " + "; ".join(f"{n}: {text}" for n, text in refused.items())
        )
    found.sort(key=lambda one: one[2])
    best = found[0]
    rivals = []
    for name, whole, error, errors, far in found:
        excess = Estimate.from_draws(error - best[2], errors - best[3])
        ends = excess.interval(95.0)
        rivals.append(Rival(name, error, excess, ends is None or ends[0] <= 0.0, far, whole))
    tied = [one for one in rivals if one.tied]
    return WhichFrequencies(tuple(rivals), refused, len(tied) == 1, len(dear), _verdict(tied, chosen))


def _varying(table: Runs) -> tuple[str, ...]:
    present = [name for name in LIMITS if name in table and np.ptp(np.log(table[name])) > 0.01]
    data = next((name for name in present if name != "params"), None)
    found = tuple(name for name in ("params" if "params" in present else None, data) if name)
    if not found:
        raise DataError(f"{table.source}: none of {', '.join(LIMITS)} varies, so there is no law to tell from another")
    return found


def _scored(
    law: Law, below: Runs, dear: Runs, picked: Any, target: str | None, seed: int
) -> tuple[Fit, float, Floats, float]:
    """The fit to the cheaper runs, its error on the dear ones, the errors of resamples, and the value ten times beyond."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        made = fit(below, law, target=target, starts=STARTS, seed=seed)
        again = redraw(made.problem, made.best, len(picked), np.random.default_rng([seed, 1]))
    inputs = {name: np.asarray(dear[name], dtype=float) for name in law.input_names}
    y = np.log(np.asarray(dear[made.target], dtype=float))
    misses = y - np.log(law.value(inputs, made.problem.theta(again.free)))
    errors = np.sqrt(np.mean(np.take_along_axis(misses, picked, axis=1) ** 2, axis=1))
    error = float(np.sqrt(np.mean((y - np.log(law.value(inputs, made.theta))) ** 2)))
    far = {name: np.array([10.0 * values.max()]) for name, values in inputs.items()}
    return made, error, errors, float(law.value(far, made.theta)[0])


def _verdict(tied: list[Rival], inputs: tuple[str, ...]) -> str:
    if len(tied) == 1:
        return f"{tied[0].frequencies} predicts the held-out runs best, and these runs tell it from the others"
    values = [one.beyond for one in tied]
    names = ", ".join(one.frequencies for one in tied)
    return (
        f"these runs cannot tell {names} apart; ten times beyond the largest {' and '.join(inputs)} their predictions lie between "
        f"{min(values):.4g} and {max(values):.4g}"
    )
