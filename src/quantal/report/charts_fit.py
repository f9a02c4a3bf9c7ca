"""Charts of one fit: measured against predicted, residuals, parameters with intervals, bootstrap draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantal.errors import InputError
from quantal.fit import Fit, outliers, trends
from quantal.report.chart import Axis, Chart, Series, thinned
from quantal.report.words import counted, number, percent, sized, symbol
from quantal.runs import Runs

LABELS = 4


def measured_against_predicted(fit: Fit) -> Chart:
    """Each run's target against the law's value there, with the diagonal."""
    fitted, measured = fit.fitted, np.asarray(fit.runs[fit.target], dtype=float)
    rows = thinned(len(measured))
    low, high = _span(np.concatenate([fitted, measured]), fit.objective.residual == "log")
    typical = float(np.median(np.abs(np.log(measured / fitted)))) if fit.objective.residual == "log" else None
    caption = f"Each dot is a run; on the line {called(fit)} is exact." + (
        "" if typical is None else f" The median run lies {percent(typical)} off."
    )
    line = Series("line", np.array([low, high]), np.array([low, high]), name="exact", colour="faint", style="thin")
    return Chart(
        "measured",
        "Measured against predicted",
        caption + _thinned_note(rows, fit.runs),
        Axis(f"predicted {fit.target}", unit(fit.runs, fit.target), fit.objective.residual == "log", (low, high)),
        Axis(f"measured {fit.target}", unit(fit.runs, fit.target), fit.objective.residual == "log", (low, high)),
        (line, Series("points", fitted[rows], measured[rows], name="runs", hover=run_hover(fit.runs, rows, fit))),
        alt=f"Scatter of {counted(len(measured), 'run')}, measured against predicted {fit.target}. {caption}",
    )


def residuals(fit: Fit, against: str | None = None) -> Chart:
    """Residuals against one of the law's inputs (the first unless named), or against "predicted".

    Raises:
        InputError: the law has no such input of single numbers.
    """
    choices = {one.name: fit.inputs[one.name] for one in fit.law.inputs if not one.series} | {"predicted": fit.fitted}
    name = next(iter(choices)) if against is None else against
    if name not in choices:
        raise InputError(f"residuals against {name!r}: {fit.law.name} has {', '.join(choices)}; name one of them")
    x, r = np.asarray(choices[name], dtype=float), fit.residuals
    rows = thinned(len(r))
    far = np.isin(rows, outliers(r).positions)
    relative = fit.objective.residual == "log"
    trend = trends(r, {name: x}).get(name, 0.0)
    told = (
        f"no slope is left (rank correlation {trend:+.2f})"
        if abs(trend) < 0.3
        else f"a slope is left (rank correlation {trend:+.2f}): the law bends wrong"
    )
    caption = f"Above zero the run is worse than the law says. Against {name}, {told}."
    log = bool(np.all(x > 0) and np.ptp(np.log(x)) > 1.0)
    parts = [
        Series("line", np.array([x.min(), x.max()]), np.zeros(2), colour="faint", style="thin"),
        Series("points", x[rows][~far], r[rows][~far], name="runs", hover=run_hover(fit.runs, rows[~far], fit)),
    ]
    if far.any():
        hover = run_hover(fit.runs, rows[far], fit)
        parts.append(
            Series("points", x[rows][far], r[rows][far], name="far off", colour="orange", style="diamond", hover=hover)
        )
    return Chart(
        f"residuals-{name}",
        f"Residuals against {name}",
        caption + _thinned_note(rows, fit.runs),
        Axis(name, unit(fit.runs, name) if name != "predicted" else unit(fit.runs, fit.target), log),
        Axis("log(measured / predicted)" if relative else "measured − predicted", percent=relative),
        tuple(parts),
        alt=f"Scatter of residuals against {name}. {caption}",
        height=340,
    )


def parameter_intervals(fits: Sequence[Fit], level: float = 95.0) -> Chart:
    """Exponents of several fits with their intervals, side by side, beside published values of the same laws.

    Those more than four times the median exponent, such as a large kappa, are left to the tables.
    """
    names: list[str] = []
    for fit in fits:
        names += [p.name for p in fit.law.parameters if not p.bounds.scale and p.name not in names]
    sizes = {n: max(abs(fit.parameters[n].value or 0.0) for fit in fits if n in fit.parameters) for n in names}
    names = [n for n in names if sizes[n] <= 4 * float(np.median(list(sizes.values())))]
    fitted: list[tuple[str, Any, str]] = []
    published: list[tuple[str, float, str]] = []
    for name in names:
        for fit in fits:
            if name not in fit.parameters:
                continue
            row = f"{symbol(name)}  {title(fit)}"
            fitted.append((row, fit.parameters[name], title(fit)))
            published += [
                (row, float(values[name]), where) for where, values in fit.law.published.items() if name in values
            ]
    known = [(row, one) for row, one, _ in fitted if one.value is not None]
    ends = [one.interval(level) or (one.value, one.value) for _, one in known]
    hover = {
        f"{level:g} % interval": tuple(f"{number(low, 3)} to {number(high, 3)}" for low, high in ends),
        "value": tuple(number(one.value, 4) for _, one in known),
    }
    series = [
        Series(
            "points",
            np.array([one.value for _, one in known]),
            [row for row, _ in known],
            name="these runs",
            low=np.array([low for low, _ in ends]),
            high=np.array([high for _, high in ends]),
            size=9,
            hover=hover,
        )
    ]
    if published:
        series.append(
            Series(
                "points",
                np.array([x for _, x, _ in published]),
                [row for row, _, _ in published],
                name="published",
                colour="orange",
                style="diamond-open",
                size=10,
                hover={
                    "value": tuple(f"{x:g}" for _, x, _ in published),
                    "from": tuple(w for _, _, w in published),
                },
            )
        )
    rows = tuple(row for row, _, _ in fitted)
    return Chart(
        "parameters",
        "Exponents, with intervals",
        f"Dots are values, lines {level:g} % intervals."
        + (" Diamonds are values published for other runs." if published else ""),
        Axis("value"),
        Axis("", categories=rows),
        tuple(series),
        alt="Dot plot of exponents: "
        + "; ".join(f"{row} {number(one.value, 3)}" for row, one in known if one.value is not None),
        height=90 + 30 * len(rows),
    )


def exponent_draws(fit: Fit, first: str = "alpha", second: str = "beta") -> Chart:
    """Bootstrap draws of two parameters against each other; with alpha and beta, the curve of the quantization hypothesis.

    Raises:
        InputError: the fit has no draws, or no such parameters.
    """
    missing = [name for name in (first, second) if name not in fit.law.parameter_names]
    if missing:
        raise InputError(f"{fit.law.name} has no parameter {missing[0]!r}; it has {', '.join(fit.law.parameter_names)}")
    if fit.draws is None:
        raise InputError(f"this fit of {fit.law.name} has no draws: fit with bootstrap=1000")
    i, j = (fit.law.parameter_names.index(name) for name in (first, second))
    draws = fit.draws[:1500]
    parts = [
        Series("points", draws[:, i], draws[:, j], name="bootstrap draws", colour="sky", size=4),
        Series("points", fit.theta[[i]], fit.theta[[j]], name="fit", colour="orange", style="diamond", size=12),
    ]
    caption = f"Each dot is the fit to one resample of the runs ({counted(len(fit.draws), 'resample')})."
    if (first, second) == ("alpha", "beta"):
        low, high = np.percentile(draws[:, i], [0.1, 99.9])
        reach = float(fit.theta[j] * (1 + fit.theta[j])) if 0 < fit.theta[j] < 1 else high
        line = np.linspace(max(1e-3, 0.9 * min(low, reach)), 1.1 * max(high, reach), 60)
        parts.append(
            Series("line", line, line / (1 + line), name="β = α/(1+α), the quantization hypothesis", colour="ink")
        )
        caption += " On the curve the exponents are tied as the quantization hypothesis has it."
    return Chart(
        "draws",
        f"How {symbol(first)} and {symbol(second)} vary together",
        caption,
        Axis(f"{symbol(first)}"),
        Axis(f"{symbol(second)}"),
        tuple(parts),
        alt=f"Scatter of bootstrap draws of {first} and {second} of {title(fit)}. {caption}",
    )


def run_hover(runs: Runs, rows: np.ndarray, fit: Fit | None = None) -> dict[str, tuple[str, ...]]:
    """Hover texts of runs: row, the first labels, sizes, target, and what a fit says of them."""
    out: dict[str, tuple[str, ...]] = {"row": tuple(str(int(row)) for row in runs.rows[rows])}
    labels = [column.name for column in runs.columns if column.role == "label"][:LABELS]
    for name in labels:
        out[name] = tuple(str(text)[:80] for text in runs[name][rows])
    for column in runs.columns:
        if column.role in ("params", "tokens", "compute", "loss") or (fit is not None and column.name == fit.target):
            out[column.name] = tuple(
                sized(float(x), column.role) for x in np.asarray(runs[column.name], dtype=float)[rows]
            )
    if fit is not None:
        fitted = fit.fitted[rows]
        out["predicted"] = tuple(number(float(x), 4) for x in fitted)
        off = np.asarray(fit.runs[fit.target], dtype=float)[rows] / fitted - 1
        out["off by"] = tuple(f"{100 * x:+.2f} %" for x in off)
    return out


def title(fit: Fit) -> str:
    """The law's title, with a capital."""
    name = fit.law.title or fit.law.name
    return name[:1].upper() + name[1:]


def called(fit: Fit) -> str:
    """The law's title as it stands in a sentence."""
    name = fit.law.title or fit.law.name
    return f"“{name}”" if "," in name else name


def unit(runs: Runs, name: str) -> str:
    """A column's unit, left out where it only repeats the name."""
    if name not in runs:
        return ""
    found = runs.column(name).unit
    return "" if found in (name, "parameters", "unit of the loss") else found


def _span(values: np.ndarray, log: bool) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if log and low > 0:
        edge = max((high / low) ** 0.06, 1.005)
        return low / edge, high * edge
    edge = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - edge, high + edge


def _thinned_note(rows: np.ndarray, runs: Runs) -> str:
    return "" if len(rows) == len(runs) else f" {len(rows):,} of {len(runs):,} runs are drawn."
