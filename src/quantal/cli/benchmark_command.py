"""quantal benchmark"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from quantal.cli.options import console, output_options, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.forecast import Benchmark


@click.group("benchmark")
def command() -> None:
    """Score forecasts where the answer is known.

    \b
    Example:
      quantal benchmark extrapolation learning_curve_benchmark.csv
    """


@command.command("extrapolation")
@click.argument("file", metavar="FILE")
@click.option("--laws", metavar="A,B,...", help="Laws to average (default: m2,m3,m4,shifted_power,bnsl1).")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Processes that share the work; the numbers are the same for any number.",
)
@output_options
def extrapolation(file: str, laws: str | None, workers: int, as_json: bool, seed: int) -> None:
    """Extrapolate every learning curve of FILE from its training part, and score what lies beyond.

    FILE has the columns curve, domain, x (or seen_examples), loss and is_train (1 to fit, 0 to predict).

    \b
    Example:
      quantal benchmark extrapolation learning_curve_benchmark.csv --laws m1,m2,m3,m4
    """
    from quantal.forecast import benchmark_extrapolation

    chosen = [name.strip() for name in laws.split(",")] if laws else None
    with progress_bar("extrapolating curves") as progress:
        found = benchmark_extrapolation(file, chosen, seed=seed, workers=workers, progress=progress)
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)


def _show(found: Benchmark) -> None:
    from rich.table import Table

    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    titles = ("domain", "n", "RMSLE", "median", "s.e.", "in 50/80/90 %", "width 90", "CRPS", "log")
    for title in titles:
        table.add_column(title, justify="left" if title == "domain" else "right")
    for name, one in (*found.domains.items(), ("all", found.overall)):
        table.add_row(
            name,
            str(one.n_curves),
            f"{one.mean_rmsle:.4f}",
            f"{one.median_rmsle:.4f}",
            f"{one.standard_error:.4f}",
            " / ".join(f"{100 * one.coverage[level]:.0f}" for level in ("50", "80", "90")),
            f"{one.width['90']:.4f}",
            f"{one.crps:.4f}",
            f"{one.log_score:.2f}",
        )
    out.print("Averaged forecast of log loss beyond the training points")
    out.print(table)
    out.print()
    single = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("alone", *found.domains, "all", "CRPS", "curves won"):
        single.add_column(title, justify="left" if title == "alone" else "right")
    average = [one.mean_rmsle for one in found.domains.values()]
    rows = [("average", average, found.overall, found.share_won)]
    rows += [
        (name, [s.mean_rmsle for s in one.domains.values()], one.overall, one.share_won)
        for name, one in found.laws.items()
    ]
    for name, errors, overall, won in rows:
        single.add_row(
            name,
            *(f"{e:.4f}" for e in errors),
            f"{overall.mean_rmsle:.4f}",
            f"{overall.crps:.4f}",
            f"{100 * won:.0f} %",
        )
    out.print("Mean RMSLE of each law alone")
    out.print(single)
    out.print(f"{found.seconds:.0f} s")
