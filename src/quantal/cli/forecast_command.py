"""quantal forecast"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

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
@click.option("--law", metavar="LAW", help="One law to use alone, with intervals by bootstrap.")
@click.option("--laws", metavar="A,B,...", help="Laws to average (default: all that read the point's inputs).")
@click.option(
    "--holdout",
    type=float,
    metavar="SHARE",
    help="Share of the dearest runs by which laws are weighed (default: cutoffs 2.5, 6.5 and 20 times below the dearest).",
)
@click.option(
    "--method",
    type=click.Choice(["bootstrap", "mcmc"]),
    default="bootstrap",
    show_default=True,
    help="mcmc: the parameters' uncertainty by draws from the posterior (pip install 'quantal[posterior]').",
)
@fit_options(bootstrap=1000, objective=None)
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
    laws: str | None,
    holdout: float | None,
    method: Literal["bootstrap", "mcmc"],
    objective: str | None,
    bootstrap: int,
    levels: tuple[float, ...],
    as_json: bool,
    seed: int,
) -> None:
    """Predict the loss of a run that has not been trained, with intervals and how far beyond RUNS it lies.

    Laws are averaged, weighed by how well each predicted the dearest of RUNS from the cheaper ones; the intervals (50, 80
    and 90 %) are calibrated on such past extrapolations. A saved fit, or --law, forecasts by one law alone.

    \b
    Example:
      quantal forecast tiny-lm --at params=1M,tokens=20M
    """
    from quantal.forecast import forecast

    place = point(at)
    averaged = [name.strip() for name in laws.split(",")] if laws else None
    source = click.get_current_context().get_parameter_source("levels")
    asked = None if source is click.core.ParameterSource.DEFAULT else levels
    table, saved = load(runs, where, column)

    def work(part: Runs, known: Fit | None) -> Forecast:
        plain = law is None and averaged is None and holdout is None and method == "bootstrap"
        plain = plain and not drop_highest_loss
        use = known if known is not None and known.draws is not None and plain else part
        with progress_bar("forecasting") as progress:
            return forecast(
                use,
                law,
                laws=averaged,
                levels=asked,
                holdout=holdout,
                method=method,
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
