"""quantal fit"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.group_options import group_options
from quantal.cli.options import (
    console,
    each_group,
    ends,
    fit_options,
    grouped_dict,
    load,
    noise_options,
    output_options,
    print_json,
    progress_bar,
    runs_options,
)

if TYPE_CHECKING:
    from quantal.fit import Fit
    from quantal.runs import Runs


@click.command("fit")
@runs_options
@click.option(
    "--law",
    metavar="LAW",
    help="A law's name (see `quantal laws`); power:COLUMN for any column (default: chinchilla, or the saved fit's own).",
)
@fit_options(bootstrap=1000, objective=None)
@click.option(
    "--resample",
    type=click.Choice(["case", "residual", "group", "wild"]),
    help="What the bootstrap draws: runs, residuals, whole groups, or random signs of residuals (default: runs, or groups).",
)
@click.option("--group", metavar="LABEL", help="The label whose groups the bootstrap keeps together.")
@click.option("--method", type=click.Choice(["bootstrap", "mcmc"]), default="bootstrap", show_default=True)
@noise_options
@click.option("--interval", type=click.Choice(["percentile", "bca"]), default="percentile", show_default=True)
@click.option(
    "--starts",
    default="16",
    show_default=True,
    metavar="N",
    help="Starting points, or 'published' for Hoffmann's grid of 4,500.",
)
@click.option(
    "--influence", type=click.IntRange(min=0), default=0, metavar="K", help="Also name the K most influential runs."
)
@click.option("--save", metavar="FILE", help="Save the fit as JSON; it is accepted wherever RUNS stands.")
@group_options
@output_options
def command(
    runs: str,
    where: str | None,
    column: tuple[str, ...],
    target: str | None,
    group_by: str | None,
    drop_highest_loss: int,
    law: str | None,
    objective: str | None,
    bootstrap: int,
    levels: tuple[float, ...],
    resample: Any,
    group: str | None,
    method: Any,
    noise: Any,
    interval: Any,
    starts: str,
    influence: int,
    save: str | None,
    as_json: bool,
    seed: int,
) -> None:
    """Fit one law to RUNS: parameters, intervals, a verdict for each, and what became of every start.

    \b
    Example:
      quantal fit chinchilla --law chinchilla --drop-highest-loss 5 --json
      quantal fit runs.csv --law power_floor:params --group-by task --pool alpha
    """
    from quantal.fit import fit
    from quantal.fit import objective as find

    rule = find(objective or ("student_t" if noise or method == "mcmc" else "huber"), **noise)
    if save and group_by:
        raise click.UsageError("--save holds one fit: leave out --group-by, or pick the group with --where.")
    number: Any = starts if starts == "published" else _count(starts)
    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None) -> Fit:
        chosen = law or (known.law.name if known else "chinchilla")
        with progress_bar(f"fitting {chosen}") as progress:
            return fit(
                part,
                chosen,
                target=target,
                objective=rule,
                method=method,
                bootstrap=0 if method == "mcmc" else bootstrap,
                resample=resample,
                group=group,
                interval=interval,
                levels=levels,
                drop_highest_loss=drop_highest_loss,
                starts=number,
                seed=seed,
                progress=progress,
            )

    result = each_group(table, saved, group_by, work)
    if save:
        result.save(save)
    if as_json:
        print_json(grouped_dict(result, lambda one: _described(one, influence)))
        return
    for label, one in result.items() if isinstance(result, dict) else [(None, result)]:
        _show(one, label, influence)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise click.UsageError(f"--starts {text!r}: give a number of starting points, such as 16, or 'published'.")
    return int(text)


def _described(one: Fit, influence: int) -> dict[str, Any]:
    out = one.to_dict()
    if influence:
        found = one.influence(influence)
        out["influence"] = [
            {"row": int(one.runs.rows[i]), "changes": dict(changes)}
            for i, changes in zip(found.positions, found.changes, strict=True)
        ]
    return out


def _show(one: Fit, label: str | None, influence: int) -> None:
    from rich.table import Table

    from quantal.runs import counts_of

    out = console()
    head = f"{label}: " if label else ""
    out.print(
        f"{head}[bold]{one.law.title}[/bold] on {one.n_runs} runs of {one.runs.source}; {one.status}", markup=True
    )
    out.print(f"{one.objective.describe()} = {one.value:.8g}")
    if "params" in (counts := counts_of(one.runs)):
        out.print(f"counted anew: {', '.join(f'{name} as {count}' for name, count in counts.items())}")
    table = Table(box=None, pad_edge=False)
    for title in ("parameter", "value", *(f"{level:g} % interval" for level in one.levels), "verdict"):
        table.add_column(title)
    for name, estimate in one.parameters.items():
        shown = [ends(estimate, level) for level in one.levels]
        table.add_row(name, f"{estimate.value:.6g}", *shown, str(one.verdicts[name]))
    out.print(table)
    if one.posterior is not None:
        out.print(repr(one.posterior), markup=False)
    if influence:
        found = one.influence(influence)
        for i, changes in zip(found.positions, found.changes, strict=True):
            moved = ", ".join(f"{name} {change:+.2f}" for name, change in changes.items())
            out.print(f"without row {int(one.runs.rows[i])}: {moved} (in jackknife standard errors)")
