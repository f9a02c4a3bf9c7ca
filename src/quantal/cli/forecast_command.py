"""quantal forecast"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quantal.cli.options import (
    each_group,
    fit_options,
    grouped_dict,
    load,
    output_options,
    point,
    print_json,
    progress_bar,
    runs_options,
)

if TYPE_CHECKING:
    from quantal.fit import Fit
    from quantal.forecast import Forecast
    from quantal.runs import Runs


@click.command("forecast")
@runs_options
@click.option(
    "--at", "at", required=True, metavar="NAME=VALUE,...", help="The run to predict, as in params=70e9,tokens=1.4e12."
)
@click.option("--law", metavar="LAW", help="The law to use (default: the one that predicts the dearest runs best).")
@fit_options(bootstrap=1000)
@output_options
def command(
    runs: str,
    where: str | None,
    column: tuple[str, ...],
    target: str | None,
    group_by: str | None,
    drop_highest_loss: int,
    at: str,
    law: str | None,
    objective: str,
    bootstrap: int,
    levels: tuple[float, ...],
    as_json: bool,
    seed: int,
) -> None:
    """Predict the loss of a run that has not been trained, with an interval and how far beyond RUNS it lies.

    \b
    Example:
      quantal forecast tiny-lm --at params=1M,tokens=20M
    """
    from quantal.forecast import forecast

    place = point(at)
    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None) -> Forecast:
        use = known if known is not None and known.draws is not None and law is None and not drop_highest_loss else part
        with progress_bar("forecasting") as progress:
            return forecast(
                use,
                law,
                levels=levels,
                bootstrap=bootstrap,
                objective=objective,
                target=target,
                drop_highest_loss=drop_highest_loss,
                seed=seed,
                progress=progress,
                at=place,
            )

    result = each_group(table, saved, group_by, work)
    if as_json:
        print_json(grouped_dict(result, lambda one: one.to_dict()))
        return
    for label, one in result.items() if isinstance(result, dict) else [(None, result)]:
        print(f"{label}: {one!r}" if label else repr(one))
