"""Chinchilla's three approaches to the compute-optimal model size, side by side where the runs allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantal.estimate import Estimate
from quantal.fit import Fit
from quantal.laws.law import Floats
from quantal.plan.allocation import optimum
from quantal.runs import Runs

SAME_BUDGET = 0.25
ENVELOPE_BIN = 0.25
FEWEST_SIZES = 4
FEWEST_BUDGETS = 3
RESAMPLES = 200


@dataclass(frozen=True, eq=False)
class IsoFlop:
    """Runs of one budget and the parabola of loss on log params through them; no optimum unless it lies inside."""

    compute: float
    params: Floats
    loss: Floats
    coefficients: Floats
    optimum: float | None
    optimum_corrected: float | None
    reason: str | None


@dataclass(frozen=True, eq=False)
class Approach:
    """One way to the exponent a of N* ∝ C^a: what it gives, from which points, or why it gives nothing."""

    name: str
    exponent: Estimate
    compute: Floats
    params: Floats
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "params_exponent": self.exponent.to_dict(),
            "points": [
                {"compute": float(c), "params": float(n)} for c, n in zip(self.compute, self.params, strict=True)
            ],
            "note": self.note,
        }


def approaches(fit: Fit, levels: Sequence[float] | None = None, seed: int = 0) -> tuple[Approach, ...]:
    """Approaches 1 (envelope), 2 (IsoFLOP parabolas, as published and corrected) and 3 (the fitted law) on a fit's runs.

    Approach 2's vertex is biased unless alpha = beta and the sizes are centred; the corrected row takes off the shift that
    the fitted law itself shows at the same runs without noise. Source: Hoffmann et al. 2022, section 3.

    >>> import numpy as np, quantal as ql
    >>> c = np.repeat([1e18, 1e19, 1e20, 1e21], 5); n = np.sqrt(c / 6) * np.tile([0.25, 0.5, 1, 2, 4], 4)
    >>> runs = ql.read_runs({"params": n, "tokens": c / 6 / n, "loss": 1.7 + 400 * n**-0.5 + 400 * (c / 6 / n) ** -0.5})
    >>> [round(one.exponent.value, 3) for one in approaches(ql.fit(runs, "chinchilla"))]
    [0.5, 0.5, 0.5, 0.5]
    """
    levels = fit.levels if levels is None else tuple(levels)
    runs = fit.runs
    rng = np.random.default_rng(seed)
    compute = 6.0 * runs["params"] * runs["tokens"]
    first = _envelope(runs, compute, fit.target, levels, rng)
    second = _parabolas(fit, compute, levels, rng)
    point = optimum(fit.law, fit.theta[None, :], 1e21)
    if fit.draws is None:
        exponent = Estimate(float(point.params_exponent[0]), {}, "no draws: fit with a bootstrap")
    else:
        exponent = Estimate.from_draws(
            float(point.params_exponent[0]), optimum(fit.law, fit.draws, 1e21).params_exponent, levels
        )
    line = np.geomspace(compute.min(), compute.max(), 25)
    sizes = np.array([float(optimum(fit.law, fit.theta[None, :], float(c)).params[0]) for c in line])
    third = Approach("3: fitted law", exponent, line, sizes, f"{fit.law.title or fit.law.name} fitted to all runs")
    return (first, *second, third)


def isoflops(fit: Fit) -> tuple[IsoFlop, ...]:
    """The runs grouped into budgets (within 0.25 in log compute), each with its parabola."""
    compute = 6.0 * fit.runs["params"] * fit.runs["tokens"]
    return tuple(_parabola(fit, rows, compute) for rows in _budgets(compute))


def _budgets(compute: Floats) -> list[np.ndarray]:
    """Rows of each budget: the windows of log compute that hold the most runs, taken one after another."""
    logs, left = np.log(compute), np.arange(len(compute))
    found = []
    while len(left) >= FEWEST_SIZES:
        inside = np.abs(logs[left][:, None] - logs[left][None, :] - 0.5 * SAME_BUDGET) <= 0.5 * SAME_BUDGET
        counts = inside.sum(axis=0)
        best = int(np.argmax(counts))
        if counts[best] < FEWEST_SIZES:
            break
        found.append(left[inside[:, best]])
        left = left[~inside[:, best]]
    return sorted(found, key=lambda rows: float(logs[rows].mean()))


def _parabola(fit: Fit, rows: np.ndarray, compute: Floats) -> IsoFlop:
    params, loss = fit.runs["params"][rows], fit.runs[fit.target][rows]
    budget = float(np.exp(np.mean(np.log(compute[rows]))))
    coefficients, vertex, reason = _vertex(params, loss)
    corrected = None
    if vertex is not None:
        smooth = fit.fitted[rows]
        _, shadow, _ = _vertex(params, smooth)
        if shadow is not None:
            true = float(optimum(fit.law, fit.theta[None, :], budget).params[0])
            corrected = float(vertex * true / shadow)
    return IsoFlop(budget, params, loss, coefficients, vertex, corrected, reason)


def _vertex(params: Floats, loss: Floats) -> tuple[Floats, float | None, str | None]:
    x = np.log(params)
    if len(np.unique(np.round(x, 6))) < FEWEST_SIZES:
        return np.full(3, np.nan), None, f"fewer than {FEWEST_SIZES} sizes"
    centre = x.mean()
    c = np.polynomial.polynomial.polyfit(x - centre, loss, 2)
    shifted = np.array([c[0] - c[1] * centre + c[2] * centre**2, c[1] - 2 * c[2] * centre, c[2]])
    if c[2] <= 0:
        return shifted, None, "the parabola opens downwards"
    at = centre - c[1] / (2 * c[2])
    if not x.min() < at < x.max():
        return shifted, None, "no minimum inside the sizes that were run"
    return shifted, float(np.exp(at)), None


def _slope(compute: Floats, params: Floats) -> float:
    return float(np.polynomial.polynomial.polyfit(np.log(compute), np.log(params), 1)[1])


def _envelope(runs: Runs, compute: Floats, target: str, levels: Sequence[float], rng: np.random.Generator) -> Approach:
    name = "1: envelope"
    params, loss = runs["params"], runs[target]

    bins = np.floor(np.log(compute) / ENVELOPE_BIN)

    def efficient(rows: np.ndarray) -> np.ndarray:
        order = rows[np.lexsort((loss[rows], bins[rows]))]
        lowest = order[np.unique(bins[order], return_index=True)[1]]
        return lowest[loss[lowest] <= np.minimum.accumulate(loss[lowest])]

    rows = efficient(np.arange(len(runs)))
    if len(rows) < FEWEST_SIZES or np.ptp(np.log(compute[rows])) < 0.5:
        reason = f"only {len(rows)} runs lie on the lower envelope of loss against compute"
        return Approach(name, Estimate(None, {}, reason), compute[rows], params[rows], reason)
    draws = []
    for _ in range(RESAMPLES):
        picked = efficient(np.unique(rng.integers(0, len(runs), len(runs))))
        if np.ptp(np.log(compute[picked])) > 0.5:
            draws.append(_slope(compute[picked], params[picked]))
    value = _slope(compute[rows], params[rows])
    return Approach(
        name,
        Estimate.from_draws(value, np.array(draws), levels),
        compute[rows],
        params[rows],
        f"{len(rows)} efficient runs",
    )


def _parabolas(
    fit: Fit, compute: Floats, levels: Sequence[float], rng: np.random.Generator
) -> tuple[Approach, Approach]:
    names = ("2: IsoFLOP parabolas", "2: corrected for the parabola's bias")
    groups = _budgets(compute)
    found = [_parabola(fit, rows, compute) for rows in groups]
    inside = [one for one in found if one.optimum is not None and one.optimum_corrected is not None]
    if len(inside) < FEWEST_BUDGETS:
        reason = (
            f"{len(inside)} of {len(found)} budgets with {FEWEST_SIZES} or more sizes have a minimum inside; "
            f"{FEWEST_BUDGETS} are needed"
        )
        none = np.empty(0)
        first, second = (Approach(name, Estimate(None, {}, reason), none, none, reason) for name in names)
        return first, second
    draws = []
    for _ in range(RESAMPLES):
        resampled = [_parabola(fit, rows[rng.integers(0, len(rows), len(rows))], compute) for rows in groups]
        kept = [one for one in resampled if one.optimum is not None and one.optimum_corrected is not None]
        if len(kept) >= FEWEST_BUDGETS:
            budgets = np.array([one.compute for one in kept])
            plain = np.array([one.optimum for one in kept], dtype=float)
            fair = np.array([one.optimum_corrected for one in kept], dtype=float)
            draws.append((_slope(budgets, plain), _slope(budgets, fair)))
    many = np.array(draws).reshape(-1, 2)
    budgets = np.array([one.compute for one in inside])
    columns = (
        np.array([one.optimum for one in inside], dtype=float),
        np.array([one.optimum_corrected for one in inside], dtype=float),
    )
    shift = float(np.exp(np.mean(np.log(columns[1] / columns[0]))) - 1)
    notes = (
        f"{len(inside)} of {len(found)} budgets have a minimum inside; biased unless alpha = beta and sizes are centred",
        f"optimal sizes move by {100 * shift:+.1f} % on average",
    )
    first, second = (
        Approach(
            names[k],
            Estimate.from_draws(_slope(budgets, columns[k]), many[:, k], levels),
            budgets,
            columns[k],
            notes[k],
        )
        for k in (0, 1)
    )
    return first, second
