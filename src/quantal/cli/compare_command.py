"""quantal compare"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quantal.cli.options import (
    console,
    each_group,
    grouped_dict,
    load,
    output_options,
    print_json,
    progress_bar,
    runs_options,
)
from quantal.cli.recipe_options import recipe_options

if TYPE_CHECKING:
    from quantal.fit import Comparison, Fit
    from quantal.runs import Runs


@click.command("compare")
@runs_options
@click.option("--laws", metavar="A,B,...", help="Laws to compare (default: every law that these runs can carry).")
@click.option("--objective", default="huber", show_default=True, metavar="NAME", help="What each fit minimises.")
@click.option(
    "--holdout",
    type=float,
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="Share of the dearest runs that is predicted from the rest.",
)
@click.option(
    "--leave-out",
    default="scale",
    show_default=True,
    metavar="WHAT",
    help="What to predict from the rest: scale (the dearest runs), size (each model size in turn), or a label.",
)
@recipe_options
@output_options
def command(
    runs: str,
    where: str | None,
    column: tuple[str, ...],
    target: str | None,
    group_by: str | None,
    drop_highest_loss: int,
    laws: str | None,
    objective: str,
    holdout: float,
    leave_out: str,
    as_json: bool,
    seed: int,
) -> None:
    """Rank laws by their error on the dearest runs of RUNS, each fitted to the cheaper ones.

    With --by, compare recipes instead: what each saves over the first, where they cross, which wins at a target.

    \b
    Example:
      quantal compare tiny-lm --laws chinchilla,kappa,quanta
      quantal compare runs.csv --by recipe --at params=7B,tokens=2T
    """
    from quantal.fit import compare

    chosen = [name.strip() for name in laws.split(",")] if laws else None
    table, saved = load(runs, where, column)

    def work(part: Runs, _saved: Fit | None) -> Comparison:
        with progress_bar("comparing laws") as progress:
            return compare(
                part,
                chosen,
                target=target,
                objective=objective,
                held_out=holdout,
                leave_out=leave_out,
                drop_highest_loss=drop_highest_loss,
                seed=seed,
                progress=progress,
            )

    result = each_group(table, saved, group_by, work)
    if as_json:
        print_json(grouped_dict(result, lambda one: one.to_dict()))
        return
    for label, one in result.items() if isinstance(result, dict) else [(None, result)]:
        _show(one, label)


def _show(one: Comparison, label: str | None) -> None:
    from rich.table import Table

    out = console()
    out.print(f"{label + ': ' if label else ''}Root mean square log error on {one.held_out}")
    table = Table(box=None, pad_edge=False)
    cutoffs = [f"above {cut.at:.2g}" for cut in one.cutoffs]
    for title in ("law", "held-out error", *cutoffs, "objective, all runs", "parameters", "AICc", "PSIS-LOO"):
        table.add_column(title, justify="left" if title == "law" else "right")
    for row in one.laws:
        error = "unknown" if row.heldout_error is None else f"{row.heldout_error:.4f}"
        aicc = "unknown" if row.aicc is None else f"{row.aicc:.1f}"
        loo = "unknown" if row.loo is None else f"{row.loo:.1f}{'' if row.loo_reliable else ' *'}"
        further = ["unknown" if found is None else f"{found:.4f}" for found in row.rolling_errors]
        table.add_row(row.law, error, *further, f"{row.objective:.6g}", str(row.parameters), aicc, loo)
    out.print(table)
    if one.cutoffs:
        out.print(
            f"above X: errors on the {', '.join(str(cut.n_runs) for cut in one.cutoffs)} runs above that {one.ordered_by}, "
            "fitted to the runs up to it.",
            markup=False,
        )
    if any(row.loo_reliable is False for row in one.laws):
        out.print(
            "*: without one of the runs this fit would be another, so its PSIS-LOO says nothing sure; go by the errors.",
            markup=False,
        )
    out.print(one.statement + ".", markup=False)
    for name, reason in one.refused.items():
        out.print(f"{name} was left out: {reason}", markup=False)
