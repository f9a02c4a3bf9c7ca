"""The charts of a sweep: the curves of its runs, their final losses, and when each subtask is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quantal.app.charts import chart_json
from quantal.app.experiment_curves import MOST_CURVES, Curve, Subtasks
from quantal.report import Axis, Chart, Series
from quantal.report.words import number, size
from quantal.train.parity_result import LEARNED_BELOW

_NATS = Axis("loss", "nats", log=True)
_MOST_POINTS = 240


def sweep_charts(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Loss against steps for each run, and the final losses against params where these are known."""
    charts = [_against_steps(curves)] if curves else []
    sized = [one for one in curves if one.params is not None and one.finished]
    if sized:
        charts.append(_against_params(sized))
    return [chart_json(one) for one in charts]


def _against_steps(curves: Sequence[Curve]) -> Chart:
    order = np.argsort(np.argsort([one.params or 0.0 for one in curves], kind="stable"), kind="stable")
    series = []
    for one, place in zip(curves, order, strict=True):
        rows = _thinned(one)
        hover = {
            "step": tuple(size(x) for x in one.steps[rows]),
            "loss": tuple(f"{number(y)} nats" for y in one.loss[rows]),
        }
        colour = f"ramp:{place / max(len(curves) - 1, 1):.2f}"
        series.append(Series("line", one.steps[rows], one.loss[rows], one.label, colour, hover=hover, legend=False))
    most = f" The first {MOST_CURVES} are drawn." if len(curves) == MOST_CURVES else ""
    low, high = min(float(one.loss.min()) for one in curves), max(float(one.loss.max()) for one in curves)
    return Chart(
        "sweep-curves",
        "Loss against steps",
        f"A line a network, stronger in colour for more params.{most}",
        Axis("step", log=True),
        _NATS if low > 0 else Axis("loss", "nats"),
        tuple(series),
        alt=f"{len(curves)} curves of loss against steps, between {number(high, 3)} and {number(low, 3)} nats.",
        height=360,
    )


def _against_params(curves: Sequence[Curve]) -> Chart:
    params = np.array([one.params for one in curves], dtype=float)
    final = np.array([one.final for one in curves])
    hover = {
        "run": tuple(one.label for one in curves),
        "params": tuple(size(one) for one in params),
        "loss": tuple(f"{number(one)} nats" for one in final),
    }
    return Chart(
        "sweep-params",
        "Final loss against params",
        "A dot a network; the loss at the evaluation that counts.",
        Axis("params", log=True),
        _NATS if final.min() > 0 else Axis("loss", "nats"),
        (Series("points", params, final, size=9.0, hover=hover),),
        alt=f"{len(curves)} final losses from {number(final.max(), 3)} down to {number(final.min(), 3)} nats.",
        height=360,
    )


def _thinned(curve: Curve) -> np.ndarray:
    count = len(curve.steps)
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(int))


def subtask_charts(found: Subtasks) -> list[dict[str, Any]]:
    """The losses of single subtasks against steps, and the step at which each is learned against how often it is used."""
    spec = chart_json(_subtasks(found))
    spec["figure"]["layout"]["annotations"] = _ranks(found)
    return [spec, chart_json(_learned(found))]


def _shown(found: Subtasks) -> list[int]:
    count = found.loss.shape[1]
    return sorted({min(2**i, count) - 1 for i in range(11) if 2**i < 2 * count})


def _shade(place: int, count: int) -> str:
    return f"ramp:{place / max(count - 1, 1):.2f}"


def _subtasks(found: Subtasks) -> Chart:
    shown = _shown(found)
    series = [
        Series("line", found.steps, found.loss[:, task], f"subtask {task + 1}", _shade(i, len(shown)), legend=False,
               hover=_hover(found, found.loss[:, task]))
        for i, task in enumerate(shown)
    ]  # fmt: skip
    hover = _hover(found, found.overall)
    series.append(Series("line", found.steps, found.overall, "all, by their use", "orange", "dash", hover=hover))
    done = int(np.isfinite(found.learned).sum())
    return Chart(
        "subtask-curves",
        "Emergence by subtask",
        "Lines bear the ranks of their subtasks; each falls on its own, and their mean by use (dashed) falls slowly.",
        Axis("step", log=True),
        Axis("loss", "nats", range=(-0.02, max(0.75, float(found.loss.max()) * 1.05))),
        tuple(series),
        alt=f"Losses of {len(shown)} subtasks against steps; {done} of {found.loss.shape[1]} subtasks are learned in the end.",
        height=360,
    )


def _hover(found: Subtasks, loss: np.ndarray) -> dict[str, tuple[str, ...]]:
    return {"step": tuple(size(x) for x in found.steps), "loss": tuple(f"{number(y, 3)} nats" for y in loss)}


def _ranks(found: Subtasks) -> list[dict[str, Any]]:
    """The rank of each subtask at the step where its loss first comes below a level of its own."""
    shown = _shown(found)
    levels = np.linspace(0.55, 0.2, len(shown))
    notes = []
    for i, (task, level) in enumerate(zip(shown, levels, strict=True)):
        loss = found.loss[:, task]
        below = np.flatnonzero(loss < level)
        if below.size and below[0] > 0:
            at = below[0] + np.array([-1, 0])
            x = float(np.interp(-level, -loss[at], np.log10(found.steps[at])))
            notes.append(
                {"x": x, "y": float(level), "text": str(task + 1), "showarrow": False, "bgcolor": "@paper", "borderpad": 1,
                 "font": {"size": 12, "color": f"@{_shade(i, len(shown))}"}}
            )  # fmt: skip
    return notes


def _learned(found: Subtasks) -> Chart:
    inside = np.isfinite(found.learned)
    p, step, rank = found.frequency[inside], found.learned[inside], np.flatnonzero(inside) + 1
    hover = {
        "subtask": tuple(str(one) for one in rank),
        "used by": tuple(f"{number(one, 3)} of samples" for one in p),
        "learned at step": tuple(size(one) for one in step),
    }
    series = [Series("points", p, step, "learned", size=8.0, hover=hover)]
    if inside.sum() > 1:
        ends = np.array([p.min(), p.max()])
        middle = float(np.exp(np.mean(np.log(step * p))))
        series.append(Series("line", ends, middle / ends, "∝ 1 / frequency", "orange", "dash"))
    missing = int((~inside).sum())
    never = f" {missing} of {len(inside)} are not learned." if missing else ""
    return Chart(
        "subtask-steps",
        "When each subtask is learned",
        f"The first evaluated step with a loss below {LEARNED_BELOW:g} nats.{never}",
        Axis("frequency of the subtask", log=True),
        Axis("step", log=True),
        tuple(series),
        alt=f"{int(inside.sum())} of {len(inside)} subtasks are learned; rarer ones later.",
        height=360,
    )
