"""The charts of a discovery: sizes of clusters by rank with the slope, and the cosines in the order of the clusters."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from quantal.app.charts import chart_json
from quantal.discover import SavedDiscovery
from quantal.report import Axis, Chart
from quantal.report.gallery import rank_chart

_HEIGHT = 420
_LABELLED = 0.05
_LEAST_TOP = 0.2


def quanta_charts(found: SavedDiscovery) -> list[dict[str, Any]]:
    """What ``static/chart.js`` draws: ranks and sizes, and the similarity."""
    ranks = chart_json(rank_chart(found))
    ranks["height"] = ranks["figure"]["layout"]["height"] = _HEIGHT
    ranks["caption"] += " Choose a dot to see its cluster."
    return [ranks, _similarity(found)]


def cluster_ends(found: SavedDiscovery) -> list[int]:
    """Where each cluster ends among the tokens in the order of the clusters."""
    return list(accumulate(one.size for one in found.clusters))


def _similarity(found: SavedDiscovery) -> dict[str, Any]:
    count = int(found.edges[-1])
    off = found.picture[~np.eye(len(found.picture), dtype=bool)]
    top = max(_LEAST_TOP, float(np.quantile(off, 0.995))) if off.size else 1.0
    spec = chart_json(
        Chart(
            "similarity",
            "Similarity in the order of the clusters",
            f"Cosines of gradients ({found.mode}, rms error {found.rms_error:.2g}), faint for 0 or less, "
            f"strong for {top:.2g} or more. Clusters are the squares along the diagonal; choose one to see its tokens.",
            Axis("tokens of cluster", range=(0, count)),
            Axis("tokens of cluster", range=(count, 0)),
            (),
            alt=f"Cosines between the gradients of {count} tokens: {len(found.clusters)} squares along the diagonal stand out.",
            height=_HEIGHT,
        )
    )
    middles = (found.edges[:-1] + found.edges[1:]) / 2
    spec["figure"]["data"] = [
        {
            "type": "heatmap",
            "x": middles.tolist(),
            "y": middles.tolist(),
            "z": [[round(value, 3) for value in row] for row in found.picture.tolist()],
            "zmin": 0,
            "zmax": round(top, 3),
            "colorscale": "@surface",
            "reversescale": True,
            "name": "cosine",
            "hovertemplate": "mean cosine %{z:.2f}<extra></extra>",
            "showscale": False,
        }
    ]
    layout = spec["figure"]["layout"]
    ticks = _ticks(found, count)
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {
            "showgrid": False,
            "constrain": "domain",
            "tickangle": 0,
            "tickvals": ticks[0],
            "ticktext": ticks[1],
        }
    layout["yaxis"] |= {"scaleanchor": "x"}
    return spec


def _ticks(found: SavedDiscovery, count: int) -> tuple[list[float], list[str]]:
    """The numbers of clusters that are large enough to bear one, at their middles."""
    ends = cluster_ends(found)
    large = [(i, one) for i, one in enumerate(found.clusters) if one.size >= _LABELLED * count]
    return [ends[i] - one.size / 2 for i, one in large], [str(i + 1) for i, _ in large]
