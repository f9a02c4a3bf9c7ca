"""quantal reproduce"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import console, output_options, print_json, progress_bar
from quantal.cli.store_option import engine_options
from quantal.cli.sweep_progress import sweep_progress

if TYPE_CHECKING:
    from quantal.reproduce import Claim


@click.group("reproduce")
def command() -> None:
    """Check claims by measurement: each with what was predicted, what was measured, its error, and the verdict.

    \b
    Example:
      quantal reproduce derivation
      quantal reproduce literature --json
      quantal reproduce parity --preset quick
    """


@command.command("derivation")
@output_options
def derivation_command(as_json: bool, seed: int) -> None:
    """Every claim of the derivation from the quantization hypothesis, by closed form and by simulation.

    \b
    Example:
      quantal reproduce derivation --json
    """
    from quantal.reproduce import derivation

    with progress_bar("checking the derivation") as progress:
        claims = derivation(seed, progress)
    _report(claims, as_json)


@command.command("literature")
@click.option(
    "--data", metavar="FOLDER", help="Where literature_exponents.csv lies (default: the variable QUANTAL_DATA)."
)
@output_options
def literature_command(data: str | None, as_json: bool, seed: int) -> None:
    """Published exponents against alpha_D = alpha_N/(1+alpha_N), as published and with two known errors corrected.

    \b
    Example:
      quantal reproduce literature --data tables
    """
    from quantal.reproduce import literature

    _report(literature(data, seed), as_json)


@command.command("parity")
@click.option(
    "--preset",
    type=click.Choice(["quick", "fig2-short", "fig2", "fig10"]),
    default="quick",
    show_default=True,
    help="quick takes minutes; the published figures take hours to weeks.",
)
@click.option("-o", "--output", metavar="FOLDER", help="Write claims, table and figures, and keep the trainings.")
@click.option(
    "--store",
    envvar="QUANTAL_STORE",
    metavar="URL",
    help="Keep the trainings in a SQLite file, or postgresql://user@host/database (default: store.sqlite in FOLDER).",
)
@engine_options
@click.option("--estimate", "only_estimate", is_flag=True, help="Say how long it takes on this machine, and stop.")
@output_options
def parity_command(
    preset: str, output: str | None, store: str | None, only_estimate: bool, as_json: bool, seed: int, **where: Any
) -> None:
    """Networks that learn multitask sparse parity: their exponents against the pure power law and the exact finite sum.

    The trainings are a sweep: with a folder or a store the same command goes on where it was interrupted, and several may share the
    work, as in `quantal sweep parity-fig2`.

    \b
    Examples:
      quantal reproduce parity --preset quick -o parity
      quantal reproduce parity --preset fig2 --estimate
    """
    import sys

    from quantal.reproduce import estimate, parity
    from quantal.train import parity_preset

    if only_estimate or (preset != "quick" and (output or store)):
        found = estimate(parity_preset(preset, seed), where["workers"])
        if only_estimate:
            print_json(found.to_dict()) if as_json else print(found)
            return
        print(found, file=sys.stderr)
    places = {"-o": output, "--store": store, "--checkpoints": where["checkpoints"], "--seed": seed}
    if where["engine"] != "local":
        places["--engine"] = where["engine"]
    flags = "".join(f" {flag} {value}" for flag, value in places.items() if value)
    again = f"quantal reproduce parity --preset {preset}{flags}" if output or store else None
    with sweep_progress(again) as tell:
        study = parity(preset, folder=output, store=store, seed=seed, tell=tell, **where)
    _report(study.claims, as_json)
    if output is not None and not as_json:
        print(f"Figures and table: {output}/parity.html")


@command.command("discovery")
@output_options
def discovery_command(as_json: bool, seed: int) -> None:
    """Quanta from gradients: planted points, networks that learned parity tasks, and language models trained here; two minutes.

    \b
    Example:
      quantal reproduce discovery --json
    """
    from quantal.reproduce import discovery

    with progress_bar("discovery") as tell:
        claims = discovery(seed, progress=tell)
    _report(claims, as_json)


def _report(claims: tuple[Claim, ...], as_json: bool) -> None:
    if as_json:
        print_json([one.to_dict() for one in claims])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("claim", "predicted", "measured", "interval", "verdict"):
        table.add_column(title, overflow="fold")
    for one in claims:
        predicted = "\n".join(f"{value:.5g} {name}" for name, value in one.predicted.items())
        measured = "unknown" if one.measured is None else f"{one.measured:.6g}"
        if one.standard_error is not None:
            measured += f" ± {one.standard_error:.2g}"
        ends = "unknown" if one.interval is None else f"{one.interval[0]:.6g} to {one.interval[1]:.6g}"
        table.add_row(one.claim, predicted, measured, ends, one.verdict)
    out = console()
    out.width = out.width if out.is_terminal else 160
    out.print(table)
    verdicts = [one.verdict for one in claims]
    print(", ".join(f"{verdicts.count(name)} {name}" for name in ("holds", "fails", "undecided")))
