"""quantal report"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import (
    Size,
    console,
    each_group,
    fit_options,
    grouped_dict,
    load,
    output_options,
    print_json,
    progress_bar,
    runs_options,
)

if TYPE_CHECKING:
    from quantal.fit import Fit
    from quantal.report import Report
    from quantal.runs import Runs


@click.command("report")
@runs_options
@click.option("-o", "--output", default="report.html", show_default=True, metavar="FILE", help="The page to write.")
@click.option("--laws", metavar="A,B,...", help="Laws to fit (default: every law that these runs can carry).")
@click.option(
    "--compute",
    "budgets",
    type=Size(),
    multiple=True,
    metavar="FLOPS",
    help="A budget to plan for; repeatable (default: 1, 10 and 100 times the dearest run).",
)
@fit_options(bootstrap=1000)
@output_options
def command(
    runs: str,
    where: str | None,
    column: tuple[str, ...],
    target: str | None,
    group_by: str | None,
    drop_highest_loss: int,
    output: str,
    laws: str | None,
    budgets: tuple[float, ...],
    objective: str,
    bootstrap: int,
    levels: tuple[float, ...],
    as_json: bool,
    seed: int,
) -> None:
    """Do the main job on RUNS: fit every law, rank them, forecast, plan, and write one page that needs no network.

    \b
    Example:
      quantal report tiny-lm -o report.html
    """
    from quantal.report import report

    chosen = [name.strip() for name in laws.split(",")] if laws else None
    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None, path: str = output) -> Report:
        with progress_bar("reporting") as progress:
            return report(
                known if known is not None else part,
                path,
                laws=chosen,
                bootstrap=bootstrap,
                seed=seed,
                compute=budgets or None,
                levels=levels,
                drop_highest_loss=drop_highest_loss,
                objective=objective,
                target=target,
                progress=progress,
            )

    if group_by is None:
        result: Any = work(table, saved)
    else:
        labels = iter(table.group_by(group_by))
        result = each_group(table, saved, group_by, lambda part, _: work(part, None, _page_of(output, next(labels))))
    if as_json:
        print_json(grouped_dict(result, lambda one: one.to_dict()))
        return
    for one in result.values() if isinstance(result, dict) else [result]:
        console().print(one.summary())
        print(f"The page: {Path(one.path).resolve()}")


def _page_of(output: str, label: str) -> str:
    path = Path(output)
    return str(path.with_name(f"{path.stem}-{re.sub(r'[^A-Za-z0-9._-]+', '-', label)}{path.suffix}"))
