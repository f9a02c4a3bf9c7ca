"""The figures of a parity study: loss against size, steps and data, and what each task does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantal.report import Axis, Chart, Series
from quantal.reproduce.claim import Claim
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

_NATS = Axis("loss", "nats", log=True)
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
    """Loss against samples."""
    losses = study.best @ study.p
    mean, gamma = losses.mean(axis=0), study.law.gamma
    at = mean < SEEN_BELOW
    lines = (
        _predictions(study.p, "samples", study.samples[at], mean[at], gamma and gamma / (1 + gamma))
        if at.sum() > 2
        else []
    )
    return [
        Chart(
            "loss-against-samples",
            "Loss against samples",
            "Finite data in shuffled epochs: the lowest loss on fresh samples, each seed and their mean; predictions from 0.95 bits on.",
            Axis("samples", log=True),
            _NATS,
            (*_seeds(study.samples, losses), *lines),
            alt=f"The loss falls from {mean[0]:.3g} to {mean[-1]:.3g} nats.",
        )
    ]


def exponent_chart(claims: list[tuple[float, Claim]], name: str) -> Chart:
    """One exponent against gamma: measured, of the exact finite sum, and of the pure power law."""
    gammas = np.array([gamma for gamma, _ in claims])
    measured = np.array([np.nan if one.measured is None else one.measured for _, one in claims])
    lines = [
        Series("line", gammas, np.array([one.predicted[kind] for _, one in claims]), label, colour, style)
        for kind, label, colour, style in (
            ("finite", "exact finite sum", "orange", ""),
            ("pure", "pure power law", "green", "dash"),
        )
    ]
    return Chart(
        f"{name}-against-gamma",
        f"{name} against gamma",
        "Measured exponents, those of the exact finite sum with the same tasks, and those of infinitely many quanta.",
        Axis("gamma"),
        Axis(name),
        (Series("points", gammas, measured, "measured", "blue", size=9.0), *lines),
        alt=f"{name} for {gammas.size} values of gamma.",
    )


def _predictions(p: Floats, resource: str, x: Floats, y: Floats, pure: float | None) -> list[Series]:
    grid = np.geomspace(x[0], x[-1], 60)
    finite = np.exp(np.interp(np.log(grid), np.log(x), np.log(finite_losses(p, resource, x, y))))
    made = [Series("line", grid, finite, "exact finite sum", "orange")]
    if pure is not None:
        anchor = np.exp(np.mean(np.log(y) + pure * np.log(x)))
        made.append(Series("line", grid, anchor * grid**-pure, "pure power law", "green", "dash"))
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
        _NATS,
        (
            *_seeds(study.params, losses),
            *_predictions(study.p, "params", study.params, losses.mean(axis=0), study.law.gamma),
        ),
        alt=f"The loss falls from {losses[:, 0].mean():.3g} to {losses[:, -1].mean():.3g} nats.",
    )


def _against_steps(study: SizeStudy, window: tuple[float, float] | None) -> Chart:
    curves = study.curve @ study.p
    gamma, at = study.law.gamma, step_positions(study, window)
    mean = curves.mean(axis=0)
    single = [Series("line", study.steps, one, "", "faint", "thin", legend=False) for one in curves]
    return Chart(
        "loss-against-steps",
        "Loss against steps",
        f"Width {study.widths[-1]:g}; predictions over the steps that the exponent is measured on.",
        Axis("steps", log=True),
        _NATS,
        (
            *(single if len(curves) > 1 else ()),
            Series("line", study.steps, mean, "measured", "blue"),
            *_predictions(study.p, "steps", study.steps[at], mean[at], gamma and gamma / (1 + gamma)),
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
    times = np.array([learned_at(study.steps, one) for one in study.curve])
    seed, task = np.nonzero(np.isfinite(times))
    if not task.size:
        return []
    x, y = study.p[task], times[seed, task]
    grid = np.geomspace(x.min(), x.max(), 2)
    anchor = np.exp(np.mean(np.log(y) + np.log(x)))
    chart = Chart(
        "learning-times",
        "When each task is learned",
        f"The step at which a task's loss first is below 0.1 bits, width {study.widths[-1]:g}, every seed.",
        Axis("frequency of the task", log=True),
        Axis("step", log=True),
        (
            Series("points", x, y, "tasks", "blue", size=6.0),
            Series("line", grid, anchor / grid, "1/frequency", "orange", "dash"),
        ),
        alt=f"{x.size} tasks: the frequent ones are learned first.",
    )
    return [chart]


def _counts(study: SizeStudy) -> list[Chart]:
    counts = (study.final < LEARNED_BELOW).sum(axis=-1).mean(axis=0)
    some = counts > 0
    if not some.any():
        return []
    x = study.params[some]
    line = [Series("line", x, counts[some][-1] * x / x[-1], "in proportion", "orange", "dash")] if x.size > 1 else []
    chart = Chart(
        "learned-tasks",
        "Learned tasks against params",
        "Tasks with a loss below 0.1 nats, mean over seeds.",
        Axis("params", log=True),
        Axis("learned tasks", log=True),
        (Series("points", x, counts[some], "measured", "blue", size=9.0), *line),
        alt=f"From {counts[0]:g} to {counts[-1]:g} tasks.",
    )
    return [chart]


def _spread(study: SizeStudy) -> Chart:
    ends = np.linspace(0, 1.1, 34)
    middle = (ends[1:] + ends[:-1]) / 2
    learned = (study.final < LEARNED_BELOW).any(axis=(0, 1))
    chosen = study.final[..., learned] if learned.any() else study.final
    shares = np.histogram(np.clip(chosen / LN2, 0, 1.09), ends)[0] / chosen.size
    return Chart(
        "spread-of-losses",
        "Tasks are learned or they are not",
        f"Losses of single tasks, over all widths and seeds; the {int(learned.sum())} tasks that some network learns.",
        Axis("loss of a task / ln 2"),
        Axis("share of tasks and networks"),
        (Series("line", middle, shares, "", "blue"),),
        alt="Two peaks, at 0 and at ln 2.",
    )
