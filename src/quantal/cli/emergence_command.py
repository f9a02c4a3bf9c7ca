"""quantal emergence"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from quantal.cli.options import Size, console, json_option, load, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.forecast import LeftChance


@click.command("emergence")
@click.argument("runs", metavar="RUNS")
@click.option("--at", "at", required=True, metavar="X,...", help="Scales to tell for, such as 1e22,1e24.")
@click.option("--score", default="accuracy", show_default=True, metavar="NAME", help="The column of scores, 0 to 1.")
@click.option("--scale", default="compute", show_default=True, metavar="NAME", help="The column of scale.")
@click.option("--task", "by", default="task", show_default=True, metavar="LABEL", help="The label that names tasks.")
@click.option("--family", metavar="LABEL", help="Runs with one value of this label are ahead or behind together.")
@click.option(
    "--chance",
    metavar="P",
    help="The score of guessing: one for all (0.25), or by task (piqa=0.5,arc=0.25). Default: the column chance or "
    "random_baseline, else the mean score in the lowest decade.",
)
@click.option("--errors", metavar="COLUMN", help="Standard errors of the scores.")
@click.option("--where", metavar="EXPR", help="Keep rows, as in 'compute < 1e22'.")
@click.option("--column", multiple=True, metavar="NAME=HEADER", help="Take HEADER for NAME; repeatable.")
@click.option("--level", type=float, default=90.0, show_default=True, metavar="PERCENT", help="Level of the intervals.")
@json_option
def command(
    runs: str,
    at: str,
    score: str,
    scale: str,
    by: str,
    family: str | None,
    chance: str | None,
    errors: str | None,
    where: str | None,
    column: tuple[str, ...],
    level: float,
    as_json: bool,
) -> None:
    """Tell from small models with what probability each task of RUNS will have left chance by a given scale.

    \b
    Example:
      quantal emergence scores.csv --at 1e22,1e24 --chance 0.25
    """
    from quantal.forecast import left_chance

    size = Size()
    places = [size.convert(part, None, None) for part in at.split(",")]
    table, _ = load(runs, where, column)
    with progress_bar("tasks") as progress:
        found = left_chance(
            table, places, score=score, scale=scale, by=by, group=family, chance=_chance(chance), errors=errors,
            levels=(level,), progress=progress,
        )  # fmt: skip
    if as_json:
        print_json({"scale": scale, "tasks": {task: one.to_dict() for task, one in found.items()}})
        return
    _show(found, scale, level)


def _chance(text: str | None) -> float | dict[str, float] | None:
    size = Size()
    if text is None:
        return None
    if "=" not in text:
        return size.convert(text, None, None)
    by_task = {}
    for part in text.split(","):
        task, _, value = part.rpartition("=")
        by_task[task.strip()] = size.convert(value, None, None)
    return by_task


def _show(found: Mapping[str, LeftChance], scale: str, level: float) -> None:
    from rich.table import Table

    first = next(iter(found.values()))
    table = Table(box=None, pad_edge=False)
    table.add_column("task")
    table.add_column("threshold", justify="right")
    for x in first.at:
        table.add_column(f"by {scale} {x:.3g}", justify="right")
    table.add_column(f"half of models from ({level:g} %)")
    for task, one in found.items():
        cells = [
            f"{p:.2f} ({low:.2f} to {high:.2f})"
            for p, (low, high) in zip(one.probability, one.intervals[level], strict=True)
        ]
        reach = one.start.interval(level)
        start = str(one.start.reason)
        if one.start.value is not None:
            start = f"{one.start.value:.2g}" + (f" ({reach[0]:.2g} to {reach[1]:.2g})" if reach else f" ({start})")
        table.add_row(task, f"{one.threshold:.3g}", *cells, start)
    out = console()
    out.print(
        f"Probability of a score above the threshold, and the share of models ({level:g} %) that will be above it"
    )
    out.print(table)
