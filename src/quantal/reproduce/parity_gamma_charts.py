"""The figures of a parity study at several gammas: every exponent against gamma, and losses, times and counts at some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from quantal.report import Axis, Chart, Series
from quantal.reproduce.claim import Claim
from quantal.reproduce.parity_charts import (
    NATS,
    counts,
    data_predictions,
    size_predictions,
    spread,
    step_predictions,
    times,
)
from quantal.reproduce.parity_measure import DataStudy, SizeStudy

Floats = NDArray[np.float64]
Study = TypeVar("Study", SizeStudy, DataStudy)

_COLOURS = ("blue", "orange", "green", "purple")
_LINES = "Lines: the exact finite sum; dashed: the pure power law."


@dataclass(frozen=True)
class Against:
    """An exponent at each gamma, as claims; `name` begins the chart's name, `title` is what it shows."""

    name: str
    title: str
    claims: tuple[tuple[float, Claim], ...]


def gamma_charts(
    sizes: Mapping[float, SizeStudy],
    data: Mapping[float, DataStudy],
    exponents: Sequence[Against],
    window: tuple[float, float] | None,
) -> list[Chart]:
    """Exponents against gamma, then what they are measured on at up to four gammas."""
    charts = [_against_gamma(one) for one in exponents]
    if sizes:
        charts += _of_sizes(_some(sizes), window)
    if data:
        charts += _of_data(_some(data))
    return charts


def _against_gamma(shown: Against) -> Chart:
    kept = [(gamma, claim) for gamma, claim in shown.claims if claim.measured is not None and claim.interval]
    x = np.array([gamma for gamma, _ in kept])
    measured = np.array([claim.measured for _, claim in kept])
    low, high = (np.array([claim.interval[end] for _, claim in kept if claim.interval]) for end in (0, 1))
    everywhere = np.array([gamma for gamma, _ in shown.claims])
    predicted = {kind: np.array([claim.predicted[kind] for _, claim in shown.claims]) for kind in ("finite", "pure")}
    lines = [Series("line", everywhere, predicted["finite"], "exact finite sum", "orange")]
    if np.array_equal(predicted["finite"], predicted["pure"]):
        lines = [Series("line", everywhere, predicted["pure"], "hypothesis", "orange", "dash")]
    else:
        lines.append(Series("line", everywhere, predicted["pure"], "pure power law", "green", "dash"))
    band = [Series("band", x, measured, "95 % interval", "blue", low=low, high=high)] if x.size > 1 else []
    points = [Series("points", x, measured, "measured", "blue", size=9.0)] if x.size else []
    return Chart(
        f"{shown.name}-against-gamma",
        f"{shown.title[0].upper() if ' ' in shown.title else shown.title[0]}{shown.title[1:]} against gamma",
        "Measured, with its interval, beside what the hypothesis says of the same tasks and of infinitely many.",
        Axis("gamma"),
        Axis(shown.title),
        (*band, *lines, *points),
        alt=f"{shown.title} for {len(shown.claims)} values of gamma.",
    )


def _of_sizes(studies: Mapping[float, SizeStudy], window: tuple[float, float] | None) -> list[Chart]:
    widest = f"width {next(iter(studies.values())).widths[-1]:g}"
    tasks, learned = Axis("frequency of the task", log=True), "Tasks with a loss below 0.1 nats, mean over seeds."
    at_once = "Losses of single tasks, over all widths and seeds; the tasks that some network learns."

    def params(one: SizeStudy, name: str, colour: str) -> list[Series]:
        mean = (one.final @ one.p).mean(axis=0)
        return [*_points(one.params, mean, name, colour), *size_predictions(one, colour)]

    def steps(one: SizeStudy, name: str, colour: str) -> list[Series]:
        mean = (one.curve @ one.p).mean(axis=0)
        return [*_points(one.steps, mean, name, colour, 4.0), *step_predictions(one, window, colour)]

    made = [
        ("loss-against-params", "Loss against params", f"Mean over seeds. {_LINES}", Axis("params", log=True), NATS, params),
        ("loss-against-steps", "Loss against steps", f"Of {widest}. {_LINES}", Axis("steps", log=True), NATS, steps),
        (
            "learning-times", "When each task is learned", f"The step at which a task's loss first is below 0.1 bits, {widest}.",
            tasks, Axis("step", log=True), lambda one, name, colour: _points(*times(one), name, colour, 5.0),
        ),
        (
            "learned-tasks", "Learned tasks against width", learned, Axis("width", log=True), Axis("learned tasks", log=True),
            lambda one, name, colour: _points(one.widths, counts(one.final), name, colour),
        ),
        (
            "spread-of-losses", "Tasks are learned or they are not", at_once, Axis("loss of a task / ln 2"),
            Axis("share of tasks and networks"), lambda one, name, colour: [Series("line", *spread(one)[:2], name, colour)],
        ),
    ]  # fmt: skip
    return [chart for one in made for chart in _chart(studies, *one)]


def _of_data(studies: Mapping[float, DataStudy]) -> list[Chart]:
    samples = Axis("samples", log=True)
    loss = f"Finite data in shuffled epochs: the lowest loss on fresh samples. {_LINES}"
    learned = "Tasks with a loss below 0.1 nats, mean over seeds."

    def losses(one: DataStudy, name: str, colour: str) -> list[Series]:
        return [*_points(one.samples, (one.best @ one.p).mean(axis=0), name, colour), *data_predictions(one, colour)]

    def tasks(one: DataStudy, name: str, colour: str) -> list[Series]:
        return _points(one.samples, counts(one.best), name, colour)

    title = "Learned tasks against samples"
    return [
        *_chart(studies, "loss-against-samples", "Loss against samples", loss, samples, NATS, losses),
        *_chart(studies, "learned-tasks-of-data", title, learned, samples, Axis("learned tasks", log=True), tasks),
    ]


def _chart(
    studies: Mapping[float, Study],
    name: str,
    title: str,
    caption: str,
    x: Axis,
    y: Axis,
    drawn: Callable[[Study, str, str], list[Series]],
) -> list[Chart]:
    """A chart with each study in a colour of its own; none where no study has anything to show."""
    series = [
        one
        for (gamma, study), colour in zip(studies.items(), _COLOURS, strict=False)
        for one in drawn(study, f"gamma = {gamma:g}", colour)
    ]
    return (
        [Chart(name, title, caption, x, y, tuple(series), alt=f"{title}, at {len(studies)} gammas.")] if series else []
    )


def _points(x: Floats, y: Floats, name: str, colour: str, size: float = 8.0) -> list[Series]:
    some = y > 0
    return [Series("points", x[some], y[some], name, colour, size=size)] if some.any() else []


def _some(studies: Mapping[float, Study]) -> dict[float, Study]:
    """At most as many as there are colours, evenly chosen."""
    gammas = sorted(studies)
    chosen = np.unique(np.rint(np.linspace(0, len(gammas) - 1, len(_COLOURS))).astype(int))
    return {gammas[i]: studies[gammas[i]] for i in chosen}
