"""The figures of a parity study at one gamma: loss against size, steps and data, and what each task does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantal.report import Axis, Chart, Series
from quantal.reproduce.parity_claims import step_positions
from quantal.reproduce.parity_measure import (
    LEARNED_BELOW,
    LN2,
    SEEN_BELOW,
    DataStudy,
    SizeStudy,
    finite_losses,
    learned_at,
)

Floats = NDArray[np.float64]

NATS = Axis("loss", "nats", log=True)
_SHOWN_TASKS = (1, 2, 4, 8, 16, 32)
_COLOURS = ("blue", "orange", "green", "purple", "gold", "sky")


def size_charts(study: SizeStudy, window: tuple[float, float] | None) -> list[Chart]:
    """Loss against params and against steps, single tasks, learning times, learned counts, and how losses are spread.

    Where no task is learned there are no times and no counts to show.
    """
    return [
        _against_params(study),
        _against_steps(study, window),
        _single_tasks(study),
        *_times(study),
        *_counts(study),
        _spread(study),
    ]


def data_charts(study: DataStudy) -> list[Chart]:
    """Loss and learned tasks against samples."""
    losses = study.best @ study.p
    mean = losses.mean(axis=0)
    return [
        Chart(
            "loss-against-samples",
            "Loss against samples",
            "Finite data in shuffled epochs: the lowest loss on fresh samples, each seed and their mean; predictions from 0.95 bits on.",
            Axis("samples", log=True),
            NATS,
            (*_seeds(study.samples, losses), *data_predictions(study)),
            alt=f"The loss falls from {mean[0]:.3g} to {mean[-1]:.3g} nats.",
        ),
        *_counts_of_data(study),
    ]


def size_predictions(study: SizeStudy, colour: str | None = None) -> list[Series]:
    """What the finite sum and the pure law say of loss against params; in one colour without a legend, or in two with one."""
    return _predictions(study.p, "params", study.params, (study.final @ study.p).mean(axis=0), study.law.gamma, colour)


def step_predictions(study: SizeStudy, window: tuple[float, float] | None, colour: str | None = None) -> list[Series]:
    """The same of loss against steps, over those that the exponent is measured on."""
    gamma, at = study.law.gamma, step_positions(study, window)
    mean = (study.curve @ study.p).mean(axis=0)
    return _predictions(study.p, "steps", study.steps[at], mean[at], gamma and gamma / (1 + gamma), colour)


def data_predictions(study: DataStudy, colour: str | None = None) -> list[Series]:
    """The same of loss against samples, from where the loss is below 0.95 bits."""
    mean, gamma = (study.best @ study.p).mean(axis=0), study.law.gamma
    at = mean < SEEN_BELOW
    if at.sum() < 3:
        return []
    return _predictions(study.p, "samples", study.samples[at], mean[at], gamma and gamma / (1 + gamma), colour)


def counts(losses: Floats) -> Floats:
    """Tasks below 0.1 nats, mean over seeds: (S, R, T) to (R,)."""
    return (losses < LEARNED_BELOW).sum(axis=-1).mean(axis=0)


def times(study: SizeStudy) -> tuple[Floats, Floats]:
    """Frequency and step at which it is learned, of every task that is, over all seeds."""
    found = np.array([learned_at(study.steps, one) for one in study.curve])
    seed, task = np.nonzero(np.isfinite(found))
    return study.p[task], found[seed, task]


def spread(study: SizeStudy) -> tuple[Floats, Floats, int]:
    """A histogram of single tasks' losses over ln 2, of the tasks that some network learns: middles, shares, how many tasks."""
    ends = np.linspace(0, 1.1, 34)
    learned = (study.final < LEARNED_BELOW).any(axis=(0, 1))
    chosen = study.final[..., learned] if learned.any() else study.final
    shares = np.histogram(np.clip(chosen / LN2, 0, 1.09), ends)[0] / chosen.size
    return (ends[1:] + ends[:-1]) / 2, shares, int(learned.sum())


def _predictions(
    p: Floats, resource: str, x: Floats, y: Floats, pure: float | None, colour: str | None
) -> list[Series]:
    grid = np.geomspace(x[0], x[-1], 60)
    finite = np.exp(np.interp(np.log(grid), np.log(x), np.log(finite_losses(p, resource, x, y))))
    own = colour is None
    made = [Series("line", grid, finite, "exact finite sum" if own else "", colour or "orange", legend=own)]
    if pure is not None:
        anchor = np.exp(np.mean(np.log(y) + pure * np.log(x)))
        name = "pure power law" if own else ""
        made.append(Series("line", grid, anchor * grid**-pure, name, colour or "green", "dash", legend=own))
    return made


def _seeds(x: Floats, losses: Floats) -> list[Series]:
    mean = Series("points", x, losses.mean(axis=0), "mean" if len(losses) > 1 else "measured", "blue", size=9.0)
    if len(losses) == 1:
        return [mean]
    return [Series("points", np.tile(x, len(losses)), losses.ravel(), "each seed", "faint", size=5.0), mean]


def _against_params(study: SizeStudy) -> Chart:
    losses = study.final @ study.p
    return Chart(
        "loss-against-params",
        "Loss against params",
        f"{study.params.size} widths from {study.widths[0]:g} to {study.widths[-1]:g}, after {study.steps[-1]:,.0f} steps.",
        Axis("params", log=True),
        NATS,
        (*_seeds(study.params, losses), *size_predictions(study)),
        alt=f"The loss falls from {losses[:, 0].mean():.3g} to {losses[:, -1].mean():.3g} nats.",
    )


def _against_steps(study: SizeStudy, window: tuple[float, float] | None) -> Chart:
    curves = study.curve @ study.p
    mean = curves.mean(axis=0)
    single = [Series("line", study.steps, one, "", "faint", "thin", legend=False) for one in curves]
    return Chart(
        "loss-against-steps",
        "Loss against steps",
        f"Width {study.widths[-1]:g}; predictions over the steps that the exponent is measured on.",
        Axis("steps", log=True),
        NATS,
        (
            *(single if len(curves) > 1 else ()),
            Series("line", study.steps, mean, "measured", "blue"),
            *step_predictions(study, window),
        ),
        alt=f"The loss falls from {mean[0]:.3g} to {mean[-1]:.3g} nats.",
    )


def _single_tasks(study: SizeStudy) -> Chart:
    ranks = [rank for rank in _SHOWN_TASKS if rank <= study.p.size]
    curve = study.curve[0]
    series = [
        Series("line", study.steps, curve[:, rank - 1], f"task {rank}", colour)
        for rank, colour in zip(ranks, _COLOURS, strict=False)
    ]
    return Chart(
        "single-tasks",
        "Each task is learned at once, the mean bit by bit",
        f"Losses of single tasks by rank, and their mean by frequency (grey), width {study.widths[-1]:g}, one seed.",
        Axis("steps", log=True),
        Axis("loss", "nats"),
        (Series("line", study.steps, curve @ study.p, "mean", "faint", "dash"), *series),
        alt="Losses of single tasks fall from ln 2 to 0, the frequent ones first.",
    )


def _times(study: SizeStudy) -> list[Chart]:
    x, y = times(study)
    if not x.size:
        return []
    chart = Chart(
        "learning-times",
        "When each task is learned",
        f"The step at which a task's loss first is below 0.1 bits, width {study.widths[-1]:g}, every seed.",
        Axis("frequency of the task", log=True),
        Axis("step", log=True),
        (Series("points", x, y, "tasks", "blue", size=6.0), _slope(x, y, -1.0, "1/frequency")),
        alt=f"{x.size} tasks: the frequent ones are learned first.",
    )
    return [chart]


def _counts(study: SizeStudy) -> list[Chart]:
    return _learned(
        "learned-tasks",
        "Learned tasks against width",
        Axis("width", log=True),
        study.widths,
        counts(study.final),
        (1.0, "in proportion"),
    )


def _counts_of_data(study: DataStudy) -> list[Chart]:
    gamma = study.law.gamma
    power = None if gamma is None else (1 / (1 + gamma), "samples to the power 1/(1+gamma)")
    x, y = study.samples, counts(study.best)
    return _learned("learned-tasks-of-data", "Learned tasks against samples", Axis("samples", log=True), x, y, power)


def _learned(name: str, title: str, axis: Axis, x: Floats, y: Floats, power: tuple[float, str] | None) -> list[Chart]:
    some = y > 0
    if not some.any():
        return []
    points = Series("points", x[some], y[some], "measured", "blue", size=9.0)
    line = [] if power is None or some.sum() < 2 else [_slope(x[some], y[some], *power)]
    caption = "Tasks with a loss below 0.1 nats, mean over seeds."
    alt = f"From {y[0]:g} to {y[-1]:g} tasks."
    return [Chart(name, title, caption, axis, Axis("learned tasks", log=True), (points, *line), alt=alt)]


def _slope(x: Floats, y: Floats, power: float, name: str) -> Series:
    """A power law through the middle of the points."""
    grid = np.array([x.min(), x.max()])
    anchor = np.exp(np.mean(np.log(y) - power * np.log(x)))
    return Series("line", grid, anchor * grid**power, name, "orange", "dash")


def _spread(study: SizeStudy) -> Chart:
    middle, shares, learned = spread(study)
    return Chart(
        "spread-of-losses",
        "Tasks are learned or they are not",
        f"Losses of single tasks, over all widths and seeds; the {learned} tasks that some network learns.",
        Axis("loss of a task / ln 2"),
        Axis("share of tasks and networks"),
        (Series("line", middle, shares, "", "blue"),),
        alt="Two peaks, at 0 and at ln 2.",
    )
