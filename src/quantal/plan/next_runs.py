"""next_runs(runs, target, budget) -> NextRuns: what to train next so that the forecast at a target is off least."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError, LawError
from quantal.estimate import Estimate
from quantal.fit import law_inputs
from quantal.laws import Law, get_law, natural
from quantal.laws.law import Floats
from quantal.plan.allocation import FLOPS_PER_PARAM_AND_TOKEN, optimum, wasted
from quantal.plan.belief import Belief, believe
from quantal.plan.candidates import from_pool, grid, target_points
from quantal.plan.design import Design, best_design
from quantal.runs import Runs, read_runs

LITTLE, USEFUL = 0.05, 0.2
"""A budget is not worth spending if it lowers the error by a smaller share than the first; small runs are not if any number
of them lowers it by a smaller share than the second."""
FEWEST, MOST = 4, 12
DRAWS = 400
LEAST_NOISE = 0.1
"""Noise of a size that was trained many times, in units of one run's."""


@dataclass(frozen=True, eq=False)
class NextRuns:
    """The runs to train next, what they would do for the forecast, and whether to stop instead.

    ``runs`` are in order of cost, with params, tokens and compute. Errors are standard deviations of the forecast's log
    loss at the ``target`` points (t,), that is relative errors of the loss, without the target run's own noise
    ``scatter``; ``error_small_runs`` is what any number of runs no dearer than those already trained would leave.
    ``departure`` is how far the law itself seems to be off; ``loss`` (t,) is what the runs so far forecast.
    ``wasted_now`` and ``wasted_after`` are the share of the target's compute that its best size, as known now and
    afterwards, is expected to waste; None where the target is not a budget.
    """

    law: Law
    runs: Runs | None
    budget: float
    target: dict[str, Floats] = field(repr=False)
    loss: Floats = field(repr=False)
    error_now: float
    error_after: float
    error_small_runs: float
    scatter: float
    departure: float
    wasted_now: Estimate | None
    wasted_after: Estimate | None
    stop: bool
    reason: str

    @property
    def compute(self) -> float:
        """FLOPs of all chosen runs together."""
        return 0.0 if self.runs is None else float(self.runs["compute"].sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        rows = [] if self.runs is None else self.runs.to_frame().select("params", "tokens", "compute").to_dicts()
        names = ("error_now", "error_after", "error_small_runs", "scatter", "departure", "stop", "reason")
        wastes = {
            name: None if one is None else one.to_dict()
            for name, one in (("wasted_now", self.wasted_now), ("wasted_after", self.wasted_after))
        }
        points = self.target | {"loss": self.loss}
        target = [dict(zip(points, map(float, point), strict=True)) for point in zip(*points.values(), strict=True)]
        return (
            {"law": self.law.name, "runs": rows}
            | {name: getattr(self, name) for name in names}
            | wastes
            | {"budget": self.budget, "compute": self.compute, "flops": "6ND", "target": target}
        )

    def __repr__(self) -> str:
        lines = [
            f"{'Stop' if self.stop else 'Train next'}: {self.reason}",
            f"  error of the forecast  {100 * self.error_now:.2f} % now, {100 * self.error_after:.2f} % after "
            f"{self.compute:.3g} of {self.budget:.3g} FLOPs",
        ]
        if self.wasted_now is not None and self.wasted_after is not None:
            lines.append(
                f"  wasted by the best size known  {_percent(self.wasted_now)} now, {_percent(self.wasted_after)} after"
            )
        if self.runs is not None:
            if self.stop:
                lines.append("  the best that the budget would buy all the same:")
            for n, d, c in zip(self.runs["params"], self.runs["tokens"], self.runs["compute"], strict=True):
                lines.append(f"  params {n:<10.3g} tokens {d:<10.3g} compute {c:.3g}")
        return "\n".join(lines)


def next_runs(
    runs: Any,
    target_compute: float | None = None,
    budget: float | None = None,
    *,
    params: ArrayLike | None = None,
    tokens: ArrayLike | None = None,
    law: str | Law = "chinchilla",
    candidates: Any = None,
    most: int = MOST,
    target: str | None = None,
    levels: Sequence[float] = (95.0,),
    seed: int = 0,
) -> NextRuns:
    r"""The runs within ``budget`` FLOPs that shrink the forecast's error at the target most.

    log loss = log law + departure + noise, where the departure, the law's own error, is a Gaussian process in log params
    and log tokens whose size the runs tell. Given what is known, each design's mean variance at the target,
    \(\frac1T \sum_t \mathrm{var}(t \mid \mathrm{runs}, \mathrm{design})\), follows without training anything; the best of
    several greedy designs (gain per compute to a power) is proposed. Train them, add them, and ask again.

    Args:
        runs: `Runs` or anything that `read_runs` takes, with params, tokens and loss; at least 4.
        target_compute: FLOPs (6 params tokens) of the run to forecast, around whose best split the error counts; or
            ``params`` and ``tokens`` of that run, or of several, shape (t,).
        budget: FLOPs to spend.
        candidates: a table of runs to choose from (params, tokens, perhaps compute), each once; else a grid.
        most: the largest number of runs to propose.

    Raises:
        InputError: target or budget are missing or not above zero, or the budget buys nothing.
        DataError: too few runs, or no params, tokens or loss.
        LawError: the law does not read params and tokens.

    Source: sequential design as in Li et al. 2026 (arXiv 2604.22753); the departure after Kennedy and O'Hagan 2001.

    >>> import numpy as np, quantal as ql
    >>> n = np.repeat([1e6, 3e6, 1e7], 3); d = np.tile([1e8, 3e8, 1e9], 3)
    >>> runs = {"params": n, "tokens": d, "loss": 1.7 + 400 * n**-0.34 + 2000 * d**-0.37}
    >>> found = ql.next_runs(runs, target_compute=1e21, budget=1e18)
    >>> found.error_after < found.error_now, found.compute <= 1e18, found.stop
    (True, True, False)
    """
    chosen = get_law(law)
    if set(chosen.input_names) != {"params", "tokens"}:
        raise LawError(
            f"{chosen.name} reads {', '.join(chosen.input_names)}: next_runs needs a law in params and tokens, such as chinchilla or kappa"
        )
    if budget is None or not (math.isfinite(budget) and budget > 0):
        raise InputError(
            f"budget = {budget!r}: the FLOPs to spend, finite and above zero, such as 1e19 (--budget 1e19)"
        )
    if most < 1:
        raise InputError(f"most = {most}: at least one run must be allowed")
    table = _usable(read_runs(runs), target or chosen.target.name)
    belief = believe(chosen, law_inputs(chosen, table), table[target or chosen.target.name])
    points = target_points(chosen, natural(chosen.parameters, belief.u), target_compute, params, tokens)
    options = grid(table, budget) if candidates is None else from_pool(candidates, budget)
    design = choose(belief, options, points, budget, most=most)
    taken = {name: values[list(design.chosen)] for name, values in options.items()}
    order = np.argsort(taken["compute"], kind="stable")
    taken = {name: values[order] for name, values in taken.items()}
    after = belief.after(taken) if design.chosen else belief
    now, later = (math.sqrt(design.variance[place]) for place in (0, -1))
    dearest = float((FLOPS_PER_PARAM_AND_TOKEN * table["params"] * table["tokens"]).max())
    small = limit(belief, grid(table, dearest), points)
    stop, reason = verdict(now, later, small, dearest, float(taken["compute"].sum()))
    at = target_compute
    return NextRuns(
        law=chosen,
        runs=Runs.from_columns(taken, source="next runs") if design.chosen else None,
        budget=float(budget),
        target=points,
        loss=np.exp(belief.expected(points)),
        error_now=now,
        error_after=later,
        error_small_runs=small,
        scatter=belief.scatter,
        departure=belief.departure,
        wasted_now=None if at is None else expected_waste(belief, at, levels, seed),
        wasted_after=None if at is None else expected_waste(after, at, levels, seed),
        stop=stop,
        reason=reason,
    )


def choose(
    belief: Belief,
    options: Mapping[str, Floats],
    points: Mapping[str, Floats],
    budget: float,
    *,
    most: int | None,
) -> Design:
    """The design for target ``points`` (t,) among ``options`` (m,): params, tokens and compute of each."""
    together = {name: np.concatenate([options[name], points[name]]) for name in points}
    return best_design(belief.covariance(together), belief.scatter, options["compute"], budget, most)


def limit(belief: Belief, options: dict[str, Floats], points: dict[str, Floats]) -> float:
    """The error at the target points that is left when every option has been measured without noise."""
    together = {name: np.concatenate([options[name], points[name]]) for name in points}
    m = len(options["compute"])
    covariance = belief.covariance(together)
    noise = (LEAST_NOISE * belief.scatter) ** 2 * np.eye(m)
    known = covariance[m:, :m] @ np.linalg.solve(covariance[:m, :m] + noise, covariance[:m, m:])
    return math.sqrt(max(float(np.trace(covariance[m:, m:] - known)) / (len(covariance) - m), 0.0))


def expected_waste(belief: Belief, compute: float, levels: Sequence[float], seed: int) -> Estimate:
    """The share of ``compute`` that the best size known now wastes: the mean over the belief's parameters, and intervals."""
    rng = np.random.default_rng(seed)
    draws = natural(belief.law.parameters, rng.multivariate_normal(belief.u, belief.spread, DRAWS, method="eigh"))
    size = optimum(belief.law, natural(belief.law.parameters, belief.u)[None, :], compute).params
    shares = wasted(belief.law, draws, compute, float(size[0]))
    return Estimate.from_draws(float(shares.mean()), shares, levels)


def verdict(now: float, later: float, small: float, dearest: float, spent: float) -> tuple[bool, str]:
    """Whether to stop, and the sentence that says why."""
    small_text = (
        f"more small runs will not help: any number of them, each up to {dearest:.3g} FLOPs as so far, "
        f"would leave an error of {100 * small:.2f} %"
    )
    idle = small > (1 - USEFUL) * now
    if not spent:
        text = f"no run within the budget would lower the error of {100 * now:.2f} % by a noticeable amount"
        return True, f"{text}; {small_text}" if idle else text
    if later > (1 - LITTLE) * now:
        text = f"spending {spent:.3g} FLOPs would lower the error only from {100 * now:.2f} % to {100 * later:.2f} %"
        return True, f"{text}; {small_text}" if idle else text
    text = f"these runs lower the error from {100 * now:.2f} % to {100 * later:.2f} %"
    return False, f"{text}; {small_text}" if idle else text


def _usable(runs: Runs, target: str) -> Runs:
    """The rows with sizes above zero, checked for the columns that a belief is made from."""
    for name in ("params", "tokens", target):
        if name not in runs or runs.column(name).role in ("label", "array"):
            raise DataError(
                f"{runs.source}: {name} holds no numbers; next_runs needs params, tokens and {target}. "
                f"Name the column with --column {name}=HEADER"
            )
    good = (runs["params"] > 0) & (runs["tokens"] > 0) & np.isfinite(runs[target]) & (runs[target] > 0)
    if good.sum() < FEWEST:
        raise DataError(
            f"{runs.source}: {int(good.sum())} usable runs; at least {FEWEST} of different sizes are needed to say what the next would tell"
        )
    return runs if good.all() else runs.take(good)


def _percent(share: Estimate) -> str:
    ends = next(iter(share.intervals.values()), None)
    text = f"{100 * (share.value or 0.0):.1f} %"
    return f"{text} ({100 * ends[0]:.1f} to {100 * ends[1]:.1f} %)" if ends else text
