"""quantal frequencies"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import console, output_options, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.theory import FrequencyFit


@click.command("frequencies")
@click.argument("counts", metavar="COUNTS")
@click.option(
    "--column", default="count", metavar="NAME", show_default=True, help="The table's column that holds the counts."
)
@click.option(
    "--xmin", type=click.IntRange(min=1), metavar="X", help="Smallest count of the power law (default: scan)."
)
@click.option(
    "--least-count", type=click.IntRange(min=1), metavar="X", help="Smallest count of the ranks that are used."
)
@click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=250,
    show_default=True,
    metavar="R",
    help="Samples for the power law's p-value (2500 give it to 0.01).",
)
@click.option("--chart", metavar="FILE", help="Write a chart of counts by rank: .html (needs no network) or .json.")
@output_options
def command(
    counts: str,
    column: str,
    xmin: int | None,
    least_count: int | None,
    bootstrap: int,
    chart: str | None,
    as_json: bool,
    seed: int,
) -> None:
    """Which law of frequencies do these counts follow: Zipf's, an exponential, another, and can they be told apart?

    COUNTS is a table with a column count, one row an item; a column of numbers; or a text, whose words are counted.

    \b
    Example:
      quantal frequencies book.txt --bootstrap 1000 --chart ranks.html
    """
    from quantal.runs import read_counts
    from quantal.theory import fit_frequencies

    found = read_counts(counts, column)
    with progress_bar("bootstrap") as tell:
        fit = fit_frequencies(
            found.chunks,
            xmin=xmin,
            least_count=least_count,
            bootstrap=bootstrap,
            seed=seed,
            progress=None if tell is None else lambda done: tell(done, bootstrap),
        )
    if chart is not None:
        from quantal.report.charts_frequencies import frequencies_by_rank

        frequencies_by_rank(fit).save(chart)
    if as_json:
        print_json({"source": found.source, "read_as": found.kind} | fit.to_dict())
        return
    _show(fit)
    if chart is not None:
        print(f"The chart: {chart}")


def _show(fit: FrequencyFit) -> None:
    from rich.table import Table

    power, rank = fit.power_law, fit.rank_frequency
    print(f"{fit.counts.size:,} items, counted {int(fit.counts.total):,} times in all")
    if power is not None:
        chance = "" if power.p_value is None else f", p = {power.p_value:.2g}"
        verdict = "" if power.p_value is None else ": ruled out" if power.p_value < 0.1 else ": plausible"
        print(
            f"counts from {power.xmin} on ({power.n_tail:,} items): power law with alpha {power.alpha:.4g} ± "
            f"{power.standard_error:.2g}{chance}{verdict}"
        )
    print(
        f"ranks 1 to {rank.last_rank:,} (counted at least {rank.least_count} times): gamma {rank.gamma:.4g} ± "
        f"{rank.standard_error:.2g}"
        + ("" if rank.gamma_from_alpha is None else f"; alpha implies {rank.gamma_from_alpha:.4g} for rarer items")
    )
    for note in fit.notes:
        print(note)
    table = Table(box=None, pad_edge=False)
    for name in ("law by rank", "AIC above the least", "against the best"):
        table.add_column(name, justify="left" if name == "law by rank" else "right")
    best = fit.laws[0]
    for one in fit.laws:
        test = None if one is best else fit.compare(best.name, one.name)
        told = "" if test is None else "worse" if test.preferred == best.name else "cannot be told apart"
        told += "" if test is None else f" (p = {test.p_value:.2g})"
        table.add_row(_words(one.frequencies.to_dict()), f"{one.aic - best.aic:,.1f}", told)
    console().print(table)
    if power is not None:
        for test in fit.comparisons:
            if test.of == "counts":
                told = "cannot be told apart" if test.preferred is None else f"{test.preferred} is closer"
                print(f"counts: power law or {test.second}? {told} (p = {test.p_value:.2g})")


def _words(law: dict[str, Any]) -> str:
    numbers = (f"{name} {value:.4g}" for name, value in law.items() if name != "law" and value is not None)
    return f"{law['law']}: " + ", ".join(numbers)
