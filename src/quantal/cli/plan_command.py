"""quantal plan"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import (
    Size,
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
    from quantal.plan import Plan
    from quantal.runs import Runs


@click.command("plan")
@runs_options
@click.option(
    "--compute", type=Size(), required=True, metavar="FLOPS", help="The budget (6 params tokens), such as 5.76e23."
)
@click.option(
    "--params", type=Size(), metavar="N", help="Also say what share of the budget a model of this size wastes."
)
@click.option("--law", metavar="LAW", help="A law in params and tokens (default: chinchilla, or the saved fit's own).")
@click.option(
    "--approaches", "with_approaches", is_flag=True, help="Also show Chinchilla's approaches 1, 2 and 3 side by side."
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
    compute: float,
    params: float | None,
    law: str | None,
    with_approaches: bool,
    objective: str,
    bootstrap: int,
    levels: tuple[float, ...],
    as_json: bool,
    seed: int,
) -> None:
    """Split a compute budget between model size and data so that the loss is lowest, by a law fitted to RUNS.

    \b
    Example:
      quantal plan chinchilla --drop-highest-loss 5 --compute 5.76e23 --params 280B
    """
    from quantal.fit import fit
    from quantal.plan import plan

    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None) -> Plan:
        if known is not None and law is None and not drop_highest_loss:
            return plan(known, compute, levels=levels)
        with progress_bar("planning") as progress:
            fitted = fit(
                part,
                law or (known.law if known else "chinchilla"),
                target=target,
                objective=objective,
                bootstrap=bootstrap,
                levels=levels,
                drop_highest_loss=drop_highest_loss,
                seed=seed,
                progress=progress,
            )
        return plan(fitted, compute)

    result = each_group(table, saved, group_by, work)
    if as_json:
        print_json(grouped_dict(result, lambda one: _described(one, params, with_approaches, seed)))
        return
    for label, one in result.items() if isinstance(result, dict) else [(None, result)]:
        _show(one, label, params, with_approaches, seed, by_default=law is None and saved is None)


def _described(one: Plan, params: float | None, with_approaches: bool, seed: int) -> dict[str, Any]:
    from quantal.plan import approaches

    out = one.to_dict()
    if params is not None:
        out["wasted"] = one.wasted_by(params).to_dict() | {"params": params}
    if with_approaches:
        out["approaches"] = [way.to_dict() for way in approaches(one.fit, seed=seed)]
    return out


def _show(
    one: Plan, label: str | None, params: float | None, with_approaches: bool, seed: int, by_default: bool
) -> None:
    from quantal.plan import approaches

    print(f"{label}: {one!r}" if label else repr(one))
    if by_default:
        print("  by the default law; `quantal compare` says which law foretells these runs best, and --law takes it")
    if params is not None:
        print(f"  a model of {params:.4g} params wastes this share of the budget: {one.wasted_by(params)!r}")
    if with_approaches:
        for way in approaches(one.fit, seed=seed):
            print(f"  approach {way.name}: params exponent {way.exponent!r}; {way.note}")
