"""Chart -> plotly figure, as plain data with colours by name (see `palette`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from quantal.report.chart import Axis, Chart, Series, plain

SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"


def figure(chart: Chart) -> dict[str, Any]:
    """The figure ``{"data": [...], "layout": {...}}``; every text in it is inert."""
    traces = [trace for one in chart.series for trace in _TRACES[one.kind](one)]
    named = [trace for trace in traces if trace.get("showlegend")]
    if len(named) == 1:
        named[0]["showlegend"] = False
        named = []
    shaded = any(one.shade is not None or one.kind == "contour" for one in chart.series)
    layout: dict[str, Any] = {
        "height": chart.height,
        "autosize": True,
        "margin": {"l": 8, "r": 12, "t": 12 if not named else 36, "b": 8},
        "paper_bgcolor": "@paper",
        "plot_bgcolor": "@paper",
        "font": {"family": SANS, "size": 12.5, "color": "@muted"},
        "xaxis": _axis(chart.x, "x", _reach(chart, "x")),
        "yaxis": _axis(chart.y, "y", _reach(chart, "y")),
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "@hover",
            "bordercolor": "@axis",
            "font": {"family": SANS, "size": 12.5, "color": "@ink"},
            "align": "left",
        },
        "showlegend": bool(named),
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.01,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"color": "@ink"},
            "bgcolor": "rgba(0,0,0,0)",
            "itemsizing": "constant",
        },
    }
    if shaded:
        layout["margin"]["r"] = 4
    return {"data": traces, "layout": layout}


def inert(text: str) -> str:
    """Text that plotly shows as it is: its own small markup is switched off."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")


def _reach(chart: Chart, direction: str) -> float:
    """How many decades a logarithmic axis spans."""
    axis = chart.x if direction == "x" else chart.y
    if not axis.log:
        return 0.0
    ends = axis.range or [
        end(np.asarray(getattr(one, direction), dtype=float)) for end in (np.min, np.max) for one in chart.series
    ]
    return float(np.log10(max(ends) / min(ends)))


def _axis(axis: Axis, direction: str, reach: float) -> dict[str, Any]:
    out: dict[str, Any] = {
        "title": {"text": inert(axis.title), "font": {"size": 13, "color": "@muted"}, "standoff": 10},
        "gridcolor": "@grid",
        "linecolor": "@axis",
        "zerolinecolor": "@axis",
        "showline": direction == "x",
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "@axis",
        "automargin": True,
        "zeroline": False,
    }
    if axis.log:
        out |= {"type": "log", "exponentformat": "power", "nticks": 8}
        if reach > 0.8:
            out["dtick"] = 1 if reach > 2.8 else "D2"
    if axis.percent:
        out["tickformat"] = ".1~%"
    if axis.categories:
        out |= {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [inert(one) for one in axis.categories],
            "showgrid": False,
            "ticks": "",
        }
        if direction == "y":
            out |= {"autorange": "reversed", "tickfont": {"color": "@ink"}}
    if axis.range is not None:
        low, high = axis.range
        out |= {"range": [float(np.log10(low)), float(np.log10(high))] if axis.log else [low, high], "autorange": False}
    return out


def _hover(series: Series) -> dict[str, Any]:
    if not series.hover:
        return {"hoverinfo": "name" if series.name else "skip"}
    names = list(series.hover)
    rows = [[inert(text) for text in row] for row in zip(*series.hover.values(), strict=True)]
    lines = [f"{inert(name)}: %{{customdata[{i}]}}" for i, name in enumerate(names)]
    head = f"<b>{inert(series.name)}</b><br>" if series.name else ""
    return {"customdata": rows, "hovertemplate": head + "<br>".join(lines) + "<extra></extra>"}


def _values(values: Any) -> Any:
    made = plain(values)
    return [inert(one) for one in made] if made and isinstance(made[0], str) else made


def _points(series: Series) -> list[dict[str, Any]]:
    marker: dict[str, Any] = {
        "size": series.size,
        "color": "@" + series.colour,
        "symbol": "circle" if series.shade is not None else series.style or "circle",
        "line": {"color": "@paper", "width": 0.8},
        "opacity": 0.9,
    }
    if series.style.endswith("-open"):
        marker["line"] = {"color": "@" + series.colour, "width": 1.6}
    if series.shade is not None:
        marker |= {
            "color": plain(series.shade),
            "colorscale": "@ramp",
            "reversescale": series.style == "low is dark",
            "showscale": bool(series.shade_label),
            "colorbar": _colourbar(series.shade_label, np.asarray(series.shade, dtype=float)),
        }
    out: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": _values(series.x),
        "y": _values(series.y),
        "name": inert(series.name),
        "showlegend": bool(series.name and series.legend),
        "marker": marker,
        "cliponaxis": False,
    } | _hover(series)
    if series.low is not None:
        x = np.asarray(series.x, dtype=float)
        out["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": plain(np.asarray(series.high, dtype=float) - x),
            "arrayminus": plain(x - np.asarray(series.low, dtype=float)),
            "color": "@" + series.colour,
            "thickness": 1.8,
            "width": 0,
        }
    return [out]


def _line(series: Series) -> list[dict[str, Any]]:
    dashes = {"": ("solid", 2.2), "dash": ("dash", 1.6), "dot": ("dot", 1.6), "thin": ("solid", 1.2)}
    dash, width = dashes[series.style]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": _values(series.x),
            "y": _values(series.y),
            "name": inert(series.name),
            "showlegend": bool(series.name and series.legend),
            "line": {"color": "@" + series.colour, "width": width, "dash": dash},
        }
        | _hover(series)
    ]


def _band(series: Series) -> list[dict[str, Any]]:
    x = np.asarray(series.x, dtype=float)
    around = np.concatenate([x, x[::-1]])
    edge = np.concatenate([np.asarray(series.low, dtype=float), np.asarray(series.high, dtype=float)[::-1]])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": plain(around),
            "y": plain(edge),
            "fill": "toself",
            "fillcolor": f"@{series.colour}-band",
            "line": {"width": 0, "color": f"@{series.colour}-band"},
            "name": inert(series.name),
            "showlegend": bool(series.name and series.legend),
            "hoverinfo": "skip",
        }
    ]


def _contour(series: Series) -> list[dict[str, Any]]:
    z = np.asarray(series.z, dtype=float)
    levels = _levels(z)
    return [
        {
            "type": "contour",
            "x": plain(series.x),
            "y": plain(series.y),
            "z": plain(z),
            "colorscale": "@surface",
            "showscale": False,
            "contours": {
                "start": levels[0],
                "end": levels[-1],
                "size": levels[1] - levels[0],
                "coloring": "heatmap",
                "showlabels": True,
                "labelfont": {"size": 11, "color": "@muted"},
            },
            "line": {"width": 0.7, "color": "@axis"},
            "name": inert(series.name),
            "showlegend": False,
            "text": [[f"{value:.4g}" for value in row] for row in z],
            "hovertemplate": f"{inert(series.shade_label)}: %{{text}}<extra></extra>",
        }
    ]


def _levels(z: np.ndarray) -> list[float]:
    """About a dozen round levels."""
    finite = z[np.isfinite(z)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    rough = max(high - low, 1e-9 * abs(high)) / 12
    unit = 10.0 ** np.floor(np.log10(rough))
    step = float(unit * next(one for one in (1, 2, 5, 10) if one * unit >= rough))
    return [float(one) for one in step * (np.floor(low / step) + np.arange(14))]


def _colourbar(label: str, values: np.ndarray) -> dict[str, Any]:
    return {
        "title": {"text": inert(label), "side": "right", "font": {"size": 12, "color": "@muted"}},
        "thickness": 9,
        "len": 0.9,
        "outlinewidth": 0,
        "tickfont": {"size": 11, "color": "@muted"},
        "nticks": 6,
    } | _decades(label, values)


def _decades(label: str, values: np.ndarray) -> dict[str, Any]:
    if not label.startswith("log10 "):
        return {}
    ticks = list(range(int(np.ceil(values.min())), int(np.floor(values.max())) + 1))
    if len(ticks) < 2:
        ticks = [float(values.min()), float(values.max())]
    title = {"text": inert(label.removeprefix("log10 ")), "side": "right", "font": {"size": 12, "color": "@muted"}}
    return {"tickvals": ticks, "ticktext": [f"10<sup>{tick:.3g}</sup>" for tick in ticks], "title": title}


_TRACES = {"points": _points, "line": _line, "band": _band, "contour": _contour}
