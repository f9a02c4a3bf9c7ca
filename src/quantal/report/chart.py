"""Chart: data and their encoding, plain enough for JSON; plotly, or anything else, draws it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import InputError
from quantal.runs import write_whole

SCHEMA = "quantal.chart/1"
MOST_POINTS = 3000

Kind = Literal["points", "line", "band", "contour"]


@dataclass(frozen=True)
class Axis:
    """One axis: what it shows, its unit, whether it is logarithmic, its range in data units, or its categories."""

    label: str
    unit: str = ""
    log: bool = False
    range: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    percent: bool = False

    @property
    def title(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, eq=False)
class Series:
    """Values of shape (n,) and how they are drawn.

    points: ``low`` and ``high`` are whiskers along x, ``shade`` (n,) colours by value. band: between low and high.
    contour: ``z`` of shape (len(y), len(x)). ``hover`` holds a text for each point under each name.
    """

    kind: Kind
    x: Any
    y: Any
    name: str = ""
    colour: str = "blue"
    style: str = ""
    size: float = 7.0
    low: Any = None
    high: Any = None
    z: Any = None
    shade: Any = None
    shade_label: str = ""
    hover: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    legend: bool = True

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {"kind": self.kind, "name": self.name, "colour": self.colour, "style": self.style}
        for name in ("x", "y", "low", "high", "z", "shade"):
            values = getattr(self, name)
            if values is not None:
                out[name] = plain(values)
        if self.hover:
            out["hover"] = {name: list(texts) for name, texts in self.hover.items()}
        return out | ({"shade_label": self.shade_label} if self.shade_label else {})


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart as data and encoding: series on two axes, with a title, a caption and a sentence for who cannot see it.

    >>> import numpy as np
    >>> line = Series("line", np.array([1.0, 10.0]), np.array([3.0, 2.0]), name="law")
    >>> chart = Chart("fall", "Loss falls", "A line.", Axis("compute", "FLOPs", log=True), Axis("loss"), (line,))
    >>> chart.to_plotly()["layout"]["xaxis"]["type"]
    'log'
    """

    name: str
    title: str
    caption: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    alt: str = ""
    height: int = 420

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        axes = {
            key: {
                "label": axis.label,
                "unit": axis.unit,
                "log": axis.log,
                "range": None if axis.range is None else list(axis.range),
                "categories": list(axis.categories),
            }
            for key, axis in (("x", self.x), ("y", self.y))
        }
        return {
            "schema": SCHEMA,
            "name": self.name,
            "title": self.title,
            "caption": self.caption,
            "alt": self.alt,
            "axes": axes,
            "series": [one.to_dict() for one in self.series],
        }

    def to_plotly(self, theme: Literal["light", "dark"] = "light") -> dict[str, Any]:
        """A figure for plotly as plain data, ``{"data": [...], "layout": {...}}``; plotly itself is not needed."""
        from quantal.report.drawing import figure
        from quantal.report.palette import coloured

        return coloured(figure(self), theme)

    def save(self, path: str) -> None:
        """Write .html (one page that needs no network) or .json (the chart's data).

        Raises:
            InputError: the path ends in something else, or its folder does not exist.
        """
        check_chart_path(path)
        if Path(path).suffix.lower() == ".json":
            write_text(path, json.dumps(self.to_dict(), allow_nan=False, indent=1))
        else:
            from quantal.report.page import chart_page

            write_text(path, chart_page(self))

    def __repr__(self) -> str:
        points = sum(len(np.atleast_1d(one.x)) for one in self.series)
        return f"Chart({self.name!r}: {self.title}; {len(self.series)} series, {points} points; save it as .html)"


def check_chart_path(path: str) -> None:
    """Raise InputError where a chart cannot be saved under that name, so that it can be known before long work."""
    if Path(path).suffix.lower() not in (".html", ".json"):
        raise InputError(f"{path}: a chart is saved as .html or .json; write {Path(path).with_suffix('.html')}")


def write_text(path: str, text: str) -> None:
    """Write a text file so that it appears whole or not at all.

    Raises:
        InputError: the folder does not exist, or cannot be written to.
    """
    write_whole(Path(path), lambda beside: beside.write_text(text, encoding="utf-8"))


def plain(values: ArrayLike) -> Any:
    """Arrays as nested lists; what is not finite is None."""
    array = np.asarray(values)
    if array.dtype.kind in "OUS":
        return [str(one) for one in array.tolist()]
    array = array.astype(float)
    out = np.array([float(f"{one:.8g}") for one in array.ravel()], dtype=object)
    out[~np.isfinite(array.ravel())] = None
    return out.reshape(array.shape).tolist()


def thinned(count: int) -> np.ndarray:
    """Positions of at most 3,000 of ``count`` points, evenly spread."""
    if count <= MOST_POINTS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, MOST_POINTS).astype(int))
