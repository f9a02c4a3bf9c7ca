"""quantal next"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quantal.cli.options import (
    Size,
    each_group,
    grouped_dict,
    level_option,
    load,
    output_options,
    print_json,
    runs_options,
)

if TYPE_CHECKING:
    from quantal.fit import Fit
    from quantal.plan import NextRuns
    from quantal.runs import Runs


@click.command("next")
@runs_options
@click.option(
    "--target-compute", type=Size(), metavar="FLOPS", help="Compute of the run to forecast (6 params tokens)."
)
@click.option("--params", type=Size(), metavar="N", help="With --tokens: the run to forecast, in place of its compute.")
@click.option("--tokens", type=Size(), metavar="D", help="With --params: the run to forecast.")
@click.option("--budget", type=Size(), required=True, metavar="FLOPS", help="FLOPs to spend on the next runs.")
@click.option("--law", metavar="LAW", help="A law in params and tokens (default: chinchilla, or the saved fit's own).")
@click.option("--candidates", metavar="FILE", help="Choose from the runs of this table (params, tokens), each once.")
@click.option("--max-runs", type=click.IntRange(min=1), default=12, show_default=True, help="The most runs to propose.")
@level_option
@output_options
def command(
    runs: str,
    where: str | None,
    column: tuple[str, ...],
    target: str | None,
    group_by: str | None,
    drop_highest_loss: int,
    target_compute: float | None,
    params: float | None,
    tokens: float | None,
    budget: float,
    law: str | None,
    candidates: str | None,
    max_runs: int,
    levels: tuple[float, ...],
    as_json: bool,
    seed: int,
) -> None:
    """Say which runs to train next: those that shrink the forecast's error at a target most within a budget.

    \b
    Example:
      quantal next tiny-lm --target-compute 1e15 --budget 1e14
    """
    from quantal.plan import next_runs

    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None) -> NextRuns:
        return next_runs(
            part.drop_highest(drop_highest_loss, target or "loss") if drop_highest_loss else part,
            target_compute,
            budget,
            params=params,
            tokens=tokens,
            law=law or (known.law if known else "chinchilla"),
            candidates=candidates,
            most=max_runs,
            target=target or (known.target if known else None),
            levels=levels,
            seed=seed,
        )

    result = each_group(table, saved, group_by, work)
    if as_json:
        print_json(grouped_dict(result, lambda one: one.to_dict()))
        return
    for label, one in result.items() if isinstance(result, dict) else [(None, result)]:
        print(f"{label}: {one!r}" if label else repr(one))
