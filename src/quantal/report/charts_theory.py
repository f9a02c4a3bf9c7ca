"""Charts of the quantization model: its loss in quanta and samples, and simulated runs about it."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from quantal.errors import InputError
from quantal.report.chart import Axis, Chart, Series
from quantal.report.words import number, size
from quantal.runs import Runs
from quantal.simulate import points
from quantal.theory import Capacity, HardThreshold, LearningRule, Poisson, QuantaModel, resource_term

_POINTS = 160
_MOST_LINES = 12
_NATS = Axis("loss above the floor", "nats", log=True)


def loss_in_quanta(model: QuantaModel) -> Chart:
    """The loss above its floor against the number of quanta learned: exact, and for power laws the two asymptotes."""
    last = min(model.frequencies.count - 1, 1e8)
    n = np.unique(np.floor(np.geomspace(1, max(last, 2), _POINTS)))
    exact = np.asarray(model.loss_after(n)) - model.floor
    seen = exact > 1e-14 * (model.ceiling - model.floor)
    series = [_line(n[seen], exact[seen], "exact", "blue", "")]
    with contextlib.suppress(InputError):
        for form, colour, style in (("naive", "orange", "dash"), ("midpoint", "green", "dot")):
            values = np.asarray(model.loss_after(n, form=form)) - model.floor
            inside = seen & (values > 0)
            series.append(_line(n[inside], values[inside], form, colour, style))
    return Chart(
        "loss-in-quanta",
        "Loss against quanta learned",
        f"{model.frequencies!r}; the floor is {number(model.floor)} nats.",
        Axis("quanta learned", log=True),
        _NATS,
        tuple(series),
        alt=f"The loss above its floor falls from {number(exact[0])} to {number(exact[seen][-1])} nats.",
    )


def loss_in_samples(model: QuantaModel, rule: LearningRule = Poisson()) -> Chart:  # noqa: B008
    """The loss above its floor against samples: exact under the rule and under a hard threshold, and the power law it tends to."""
    first = float(rule.amount(0.5, model.frequencies.pmf(np.asarray(1.0))))
    samples = np.geomspace(first, first * 1e9, _POINTS)
    series = []
    pairs = [("exact, " + repr(rule), rule, "blue", "")]
    if not isinstance(rule, HardThreshold):
        pairs.append(("hard threshold", HardThreshold(getattr(rule, "tau", 1.0)), "faint", "thin"))
    for name, one, colour, style in pairs:
        loss = np.asarray(model.loss(samples=samples, rule=one)) - model.floor
        seen = loss > 1e-14 * (model.ceiling - model.floor)
        series.append(_line(samples[seen], loss[seen], name, colour, style))
    with contextlib.suppress(InputError):
        series.append(_line(samples, np.asarray(resource_term(model, rule).at(samples)), "power law", "orange", "dash"))
    return Chart(
        "loss-in-samples",
        "Loss against samples",
        f"{model.frequencies!r}; the floor is {number(model.floor)} nats.",
        Axis("samples", log=True),
        _NATS,
        tuple(series),
        alt="The loss above its floor against samples, both logarithmic.",
    )


def simulated_runs(
    runs: Runs,
    model: QuantaModel,
    rule: LearningRule = Poisson(),  # noqa: B008
    capacity: Capacity = Capacity(),  # noqa: B008
) -> Chart:
    """Simulated runs, their mean at each point, and the exact loss; against the first of tokens, params and steps that is limited.

    Raises:
        InputError: the runs hold none of them.
    """
    limits = [one for one in ("tokens", "params", "steps") if one in runs]
    if not limits:
        raise InputError(
            f"{runs.source}: no tokens, params or steps to draw the loss against; give runs that `simulate` made"
        )
    name, others = limits[0], limits[1:]
    means = [(getattr(one, name), one) for one in points(runs) if one.loss > model.floor]
    above = (runs["loss"] > model.floor) & (runs[name] > 0)
    series = [
        Series("points", runs[name][above][:3000], runs["loss"][above][:3000] - model.floor, "runs", "faint", size=4.0),
        Series(
            "points",
            np.array([x for x, _ in means]),
            np.array([one.loss - model.floor for _, one in means]),
            "mean",
            "blue",
            size=9.0,
            hover={name: tuple(size(x) for x, _ in means), "loss": tuple(number(one.loss, 6) for _, one in means)},
        ),
    ]
    low, high = float(runs[name][above].min()), float(runs[name][above].max())
    grid = np.geomspace(low, high, _POINTS if high > low else 1)
    held = np.unique(np.stack([runs[one] for one in others], axis=1), axis=0) if others else np.zeros((1, 0))
    for amounts in held[:_MOST_LINES].tolist():
        at: dict[str, Any] = {name: grid, **dict(zip(others, amounts, strict=True))}
        loss = model.loss(
            params=at.get("params"), samples=at.get("tokens"), steps=at.get("steps"), rule=rule, capacity=capacity
        )
        exact = np.asarray(loss) - model.floor
        label = ", ".join(["exact", *(f"{size(at[one])} {one}" for one in others)])
        series.append(_line(grid[exact > 0], exact[exact > 0], label, "orange", ""))
    return Chart(
        "simulated-runs",
        "Simulated runs and theory",
        f"{model.frequencies!r}, {rule!r}; the floor is {number(model.floor)} nats.",
        Axis("samples" if name == "tokens" else name, log=True),
        _NATS,
        tuple(series),
        alt=f"{len(runs)} simulated runs about the exact loss; {len(means)} points.",
    )


def _line(x: np.ndarray, y: np.ndarray, name: str, colour: str, style: str) -> Series:
    hover = {"x": tuple(size(one) for one in x), "loss above the floor": tuple(number(one) for one in y)}
    return Series("line", x, y, name, colour, style, hover=hover)
