"""quantal reproduce"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quantal.cli.options import console, output_options, print_json, progress_bar

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
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Keep results as they are made (the same command goes on from there), claims and figures.",
)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes, one core each.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say how long it takes on this machine, and stop.")
@output_options
def parity_command(
    preset: str, output: str | None, workers: int, only_estimate: bool, as_json: bool, seed: int
) -> None:
    """Networks that learn multitask sparse parity: their exponents against the pure power law and the exact finite sum.

    \b
    Examples:
      quantal reproduce parity --preset quick -o parity
      quantal reproduce parity --preset fig2 --estimate
    """
    import sys

    from quantal.reproduce import estimate, parity
    from quantal.reproduce import preset as preset_of

    if only_estimate or preset != "quick":
        found = estimate(preset_of(preset, seed), workers)
        if only_estimate:
            print_json(found.to_dict()) if as_json else print(found)
            return
        print(found, file=sys.stderr)
    with progress_bar(f"training {preset}") as tell:
        study = parity(preset, folder=output, workers=workers, seed=seed, progress=tell)
    _report(study.claims, as_json)
    if output is not None and not as_json:
        print(f"Figures and table: {output}/parity.html")


@command.command("discovery")
@output_options
def discovery_command(as_json: bool, seed: int) -> None:
    """Clusters of gradients on planted points: whether they are found, against the published procedure, and the slope of their sizes.

    \b
    Example:
      quantal reproduce discovery --json
    """
    from quantal.reproduce import discovery

    _report(discovery(seed), as_json)


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
