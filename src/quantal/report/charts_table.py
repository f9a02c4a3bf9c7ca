"""Charts of tables and comparisons: the runs as they lie, and the laws ranked."""

from __future__ import annotations

import numpy as np

from quantal.errors import InputError
from quantal.fit import Comparison
from quantal.report.chart import Axis, Chart, Series, thinned
from quantal.report.charts_fit import run_hover, title, unit
from quantal.report.words import counted, percent
from quantal.runs import Runs

SHOWN_ORDER = ("params", "tokens", "compute", "steps", "batch_size")


def runs_overview(runs: Runs, target: str = "loss") -> Chart:
    """Where the runs lie: tokens against params, coloured by the target; or the target against their one size.

    Raises:
        InputError: the table has no two columns of numbers to draw.
    """
    rows = thinned(len(runs))
    hover = run_hover(runs, rows)
    if "params" in runs and "tokens" in runs:
        shade = np.asarray(runs[target], dtype=float)[rows] if _numeric(runs, target) else None
        series = Series(
            "points",
            runs["params"][rows],
            runs["tokens"][rows],
            name="runs",
            legend=False,
            size=9,
            hover=hover,
            style="low is dark" if shade is not None else "",
            shade=shade,
            shade_label=target if shade is not None else "",
        )
        x, y, caption = "params", "tokens", f"Each dot is a run, shaded by its {target}."
    else:
        sizes = [name for name in SHOWN_ORDER if name in runs]
        sizes += [column.name for column in runs.columns if column.role == "value" and column.name != target]
        if not sizes or not _numeric(runs, target):
            raise InputError(f"{runs.source}: no size and {target} to draw among {', '.join(runs.names)}")
        x, y, caption = sizes[0], target, "Each dot is a run."
        series = Series("points", runs[x][rows], runs[target][rows], name="runs", legend=False, size=8, hover=hover)
    drawn = "" if len(rows) == len(runs) else f" {len(rows):,} of {len(runs):,} are drawn."
    return Chart(
        "runs",
        "Where the runs lie",
        caption + drawn,
        Axis(x, unit(runs, x), log=bool(np.all(runs[x] > 0))),
        Axis(y, unit(runs, y), log=bool(np.all(runs[y] > 0))),
        (series,),
        alt=f"Scatter of {counted(len(runs), 'run')}: {y} against {x}. {caption}",
        height=380,
    )


def law_ranking(comparison: Comparison) -> Chart:
    """The laws' errors on the held-out runs, smallest first."""
    scored = [one for one in comparison.laws if one.heldout_error is not None]
    names = tuple(title(one.fit) for one in scored)
    errors = np.array([one.heldout_error for one in scored], dtype=float)
    hover = {
        "held-out error": tuple(percent(e) for e in errors),
        "parameters": tuple(str(one.parameters) for one in scored),
        "name": tuple(one.law for one in scored),
    }
    log = len(errors) > 1 and errors.min() > 0 and errors.max() / errors.min() > 8
    bars = Series(
        "points",
        errors,
        list(names),
        name="held-out error",
        size=10,
        hover=hover,
        legend=False,
        low=np.full(len(errors), errors.min() * 0.7 if log else 0.0),
        high=errors,
    )
    told = "; ".join(f"{name} {percent(error)}" for name, error in zip(names[:4], errors, strict=False))
    return Chart(
        "ranking",
        "Laws ranked by held-out error",
        f"Root mean square log error on {comparison.held_out}. Smaller is better.",
        Axis("held-out error", log=log, percent=True),
        Axis("", categories=names),
        (bars,),
        alt=f"Dot plot of held-out errors: {told}.",
        height=70 + 28 * max(len(names), 2),
    )


def _numeric(runs: Runs, name: str) -> bool:
    return name in runs and runs.column(name).role not in ("label", "array")
