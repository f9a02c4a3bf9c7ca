"""A chart's place on the page: heading, drawing, caption, and its figure as data beside it."""

from __future__ import annotations

from quantal.report.chart import Chart
from quantal.report.drawing import figure
from quantal.report.markup import Html, element, json_script


def shown(chart: Chart) -> Html:
    """The chart as a figure element; the page's script draws it from the data inside."""
    identity = f"chart-{chart.name}"
    return element(
        "figure",
        element("h3", chart.title, id=f"{identity}-title"),
        element(
            "div",
            element("noscript", "This chart is drawn by JavaScript, which is switched off."),
            id=identity,
            class_="chart",
            role="img",
            aria_label=chart.alt or chart.title,
            style=f"height:{chart.height}px",
        ),
        element("figcaption", chart.caption),
        json_script(f"{identity}-figure", figure(chart)),
        aria_labelledby=f"{identity}-title",
    )
