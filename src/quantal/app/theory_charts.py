"""The charts of the view of the theory, from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from quantal.app.charts import chart_json
from quantal.report import Axis, Chart, Series
from quantal.report.words import number

Show = Literal["above", "whole"]
_RESOURCES = {
    "params": ("Loss against model size", ("model size", "quanta"), "N"),
    "samples": ("Loss against samples", ("samples", ""), "D"),
    "steps": ("Loss against steps", ("training steps", ""), "S"),
}
_SHOWN_DECADES = 1e-5
_NUMBERS = "%{x:.3s}<br>%{y:.4g}<extra></extra>"


def theory_charts(answer: Mapping[str, Any], show: Show = "above") -> list[dict[str, Any]]:
    """What ``static/chart.js`` draws: the loss in params, samples and steps, the staircase, and emergence.

    Args:
        answer: from `theory_answer`.
        show: the loss "above" its floor, or the "whole" loss.
    """
    charts = [_against(answer, resource, show) for resource in _RESOURCES]
    specs = [_labelled(chart_json(one)) for one in (*charts, _staircase(answer), _emergence(answer))]
    specs[-1]["figure"]["data"].append(_ranks(answer))
    return specs


def _against(answer: Mapping[str, Any], resource: str, show: Show) -> Chart:
    curve, floor, ceiling = answer["curves"][resource], answer["floor"], answer["ceiling"]
    title, label, letter = _RESOURCES[resource]
    whole, gap = show == "whole", ceiling - floor
    amount = curve["amount"]
    series = [Series("line", amount, np.array(curve["loss" if whole else "above"], dtype=float), "exact")]
    if curve["power_law"] is not None:
        law = np.array(curve["power_law"], dtype=float) + (floor if whole else 0.0)
        series.append(Series("line", amount, np.where(law < 3 * ceiling, law, np.nan), "power law", "orange", "dash"))
    if whole and floor > 0:
        series.append(Series("line", [amount[0], amount[-1]], [floor, floor], "floor", "faint", "thin"))
    low = floor / 1.15 if whole and floor > 0.02 * gap else _SHOWN_DECADES * gap
    high = 1.15 * ceiling if whole else 1.5 * gap
    exponent = curve["exponent"]
    told = "No power law." if exponent is None else f"∝ {letter}^−{exponent:.3g}"
    return Chart(
        f"theory-{resource}",
        title,
        told,
        Axis(*label, log=True, range=(amount[0], amount[-1])),
        Axis("loss" if whole else "loss above the floor", "nats", log=True, range=(low, high)),
        tuple(series),
        alt=f"{title}: from {number(curve['loss'][0], 3)} to {number(curve['loss'][-1], 3)} nats; {told}",
        height=270,
    )


def _staircase(answer: Mapping[str, Any]) -> Chart:
    stairs, curve = answer["staircase"], answer["curves"]["samples"]
    at, loss = np.array(stairs["samples"], dtype=float), np.array(stairs["loss"], dtype=float)
    first, last = at[0] / 4, at[-1] * 1.3
    x, y = np.concatenate([[first], np.repeat(at, 2)]), np.repeat(loss, 2)[:-1]
    smooth_x, smooth_y = np.array(curve["amount"]), np.array(curve["loss"])
    inside = (smooth_x >= first) & (smooth_x <= last)
    hover = {
        "quantum": tuple(f"{rank:.0f}" for rank in stairs["rank"]),
        "used by": tuple(f"{number(p, 3)} of samples" for p in stairs["frequency"]),
        "lowers the loss by": tuple(f"{number(one, 3)} nats" for one in -np.diff(loss)),
    }
    series = (
        Series("line", x, y, "one by one"),
        Series("line", smooth_x[inside], smooth_y[inside], "expected", "orange", "dash"),
        Series("points", at, loss[1:], "a quantum is learned", size=5.5, hover=hover, legend=False),
    )
    count = len(at)
    return Chart(
        "theory-staircase",
        "The staircase of quanta",
        f"The first {count} quanta: each step comes when its quantum is half learned, and is as high as it is often used.",
        Axis("samples", log=True, range=(first, last)),
        Axis("loss", "nats", range=(loss[-1] - 0.03 * (loss[0] - loss[-1]), loss[0] + 0.03 * (loss[0] - loss[-1]))),
        series,
        alt=f"A staircase from {number(loss[0], 3)} nats, one step for each of {count} quanta, down to {number(loss[-1], 3)} nats.",
        height=320,
    )


def _emergence(answer: Mapping[str, Any]) -> Chart:
    found = answer["emergence"]
    quanta = found["quanta"]
    series = [
        Series("line", found["samples"], one["learned"], f"quantum {one['rank']:,}", _shade(i, len(quanta)), legend=False)
        for i, one in enumerate(quanta)
    ]  # fmt: skip
    curve, floor, ceiling = answer["curves"]["samples"], answer["floor"], answer["ceiling"]
    share = np.clip((ceiling - np.array(curve["loss"])) / (ceiling - floor), 0, 1)
    series.append(Series("line", curve["amount"], share, "all, by their use", "orange", "dash"))
    width = found["width"]
    sharp = "at once" if width == 0 else f"within {number(width, 2)} decades of samples"
    return Chart(
        "theory-emergence",
        "Emergence",
        f"Lines bear the ranks of their quanta. Each goes from 10 to 90 % learned {sharp}; together (dashed) they rise over many decades.",
        Axis("samples", log=True, range=(found["samples"][0], found["samples"][-1])),
        Axis("learned", range=(-0.02, 1.02), percent=True),
        tuple(series),
        alt=f"{len(quanta)} quanta appear one after the other, each {sharp}; their sum rises slowly.",
        height=320,
    )


def _shade(place: int, count: int) -> str:
    return f"ramp:{place / max(count - 1, 1):.2f}"


def _ranks(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The rank of each quantum, written beside its line, a little higher on each than on the one before."""
    found = answer["emergence"]
    quanta = found["quanta"]
    levels = np.linspace(0.2, 0.8, len(quanta))
    at = [
        float(np.interp(level, one["learned"], np.log10(found["samples"]))) if one["learned"][-1] > level else None
        for one, level in zip(quanta, levels, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [None if x is None else 10**x for x in at],
        "y": levels.tolist(),
        "text": [f"{one['rank']:,}" for one in quanta],
        "textposition": "middle left",
        "textfont": {"size": 12, "color": [f"@{_shade(i, len(quanta))}" for i in range(len(quanta))]},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _note(text: str, colour: str) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": f"@{colour}"}}


def _labelled(spec: dict[str, Any]) -> dict[str, Any]:
    """The chart with names in its corner in place of a legend, room for its ticks, and the numbers under the pointer."""
    layout, traces = spec["figure"]["layout"], spec["figure"]["data"]
    named = [trace for trace in traces if trace["showlegend"]]
    layout |= {"showlegend": False}
    layout["margin"] |= {"t": 12, "r": 22, "l": 62, "b": 48}
    corner = {"xref": "paper", "yref": "paper", "x": 1, "xanchor": "right", "yanchor": "top"}
    layout["annotations"] = [
        _note(trace["name"], trace["line"]["color"][1:]) | corner | {"y": 1 - 0.09 * i} for i, trace in enumerate(named)
    ]
    for axis in (layout["xaxis"], layout["yaxis"]):
        axis |= {"automargin": False, "ticklabeloverflow": "allow"}
        if axis.get("dtick") == 1:
            axis |= {"dtick": 2 if axis["range"][1] - axis["range"][0] > 4 else 1, "tickangle": 0}
    for trace in traces:
        if "hovertemplate" not in trace:
            trace.pop("hoverinfo", None)
            trace["hovertemplate"] = f"<b>{trace['name']}</b><br>{_NUMBERS}"
    return spec
