"""Charts for the page: a `Chart` as JSON whose colours are names that the page's theme fills in."""

from __future__ import annotations

from typing import Any

from quantal.report import Chart
from quantal.report.drawing import figure


def chart_json(chart: Chart) -> dict[str, Any]:
    """What ``static/chart.js`` draws: name, title, caption, a sentence for who cannot see it, height, and the figure."""
    return {
        "name": chart.name,
        "title": chart.title,
        "caption": chart.caption,
        "alt": chart.alt or chart.title,
        "height": chart.height,
        "figure": figure(chart),
    }
