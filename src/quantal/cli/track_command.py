"""quantal track"""

from __future__ import annotations

import click

from quantal.cli.options import Size, json_option, print_json


@click.command("track")
@click.argument("run", metavar="RUN")
@click.option("--fit", "fit_file", required=True, metavar="FILE", help="A saved fit of a law in params and tokens.")
@click.option("--params", type=Size(), metavar="N", help="Model size (default: as the run's log says).")
@click.option("--planned-tokens", type=Size(), required=True, metavar="D", help="Tokens at the end of the run.")
@click.option("--loss", "loss_key", metavar="KEY", help="The curve to track (default: the first held-out loss).")
@click.option("--tokens", "tokens_key", metavar="KEY", help="The token counter (default: the first that is found).")
@click.option("--tokens-per-step", type=Size(), metavar="B", help="Tokens of a step, where the log counts steps alone.")
@click.option("--name", metavar="NAME", help="Which run, where RUN holds several.")
@json_option
def command(
    run: str,
    fit_file: str,
    params: float | None,
    planned_tokens: float,
    loss_key: str | None,
    tokens_key: str | None,
    tokens_per_step: float | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Say whether a run in progress is on its forecast, and when we would know. RUN is the log of a tracker.

    \b
    Example:
      quantal track logs/run-7 --fit fit.json --planned-tokens 20B
    """
    from quantal.fit import load_fit
    from quantal.plan import track
    from quantal.runs import curve_of

    curve = curve_of(run, name=name, loss=loss_key, tokens=tokens_key, tokens_per_step=tokens_per_step, params=params)
    found = track(load_fit(fit_file), curve.params, curve.tokens, curve.loss, planned_tokens)
    if as_json:
        print_json(found.to_dict())
    else:
        print(repr(found))
