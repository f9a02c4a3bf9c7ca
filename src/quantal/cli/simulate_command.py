"""quantal simulate"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.model_options import Sizes, model_of, model_options, rule_of, rule_options
from quantal.cli.options import Size, console, output_options, print_json

if TYPE_CHECKING:
    from quantal.simulate import Point
    from quantal.theory import Capacity, LearningRule, QuantaModel


@click.command("simulate")
@model_options
@click.option("--params", type=Sizes(), metavar="N,...", help="Model sizes.")
@click.option("--samples", type=Sizes(), metavar="D,...", help="Data set sizes, up to 1e18.")
@click.option("--steps", type=Sizes(), metavar="S,...", help="Training steps, each quantum learned by gradient flow.")
@click.option(
    "--params-per-quantum", type=Size(), default=1.0, metavar="C", help="Parameters that a quantum takes (default 1)."
)
@rule_options
@click.option(
    "--draw",
    type=click.Choice(["stream", "fixed"]),
    help="A Poisson stream, or exactly D samples (default: fixed for binomial, else stream).",
)
@click.option("--replicates", type=click.IntRange(min=1), default=100, show_default=True, help="Runs at each point.")
@click.option("-o", "--output", metavar="FILE", help="Write every run: .csv, .jsonl, .parquet or .json.")
@click.option("--chart", metavar="FILE", help="Write a chart of runs and theory: .html (needs no network) or .json.")
@output_options
def command(
    params: list[float] | None,
    samples: list[float] | None,
    steps: list[float] | None,
    params_per_quantum: float,
    draw: str | None,
    replicates: int,
    output: str | None,
    chart: str | None,
    as_json: bool,
    seed: int,
    **options: Any,
) -> None:
    """Simulate runs of the quantization model: each draws its own data, and its loss scatters as real runs' does.

    \b
    Example:
      quantal simulate --gamma 0.5 --samples 1e6,1e9,1e12 --tau 3 --replicates 1000 -o runs.csv
    """
    from quantal.simulate import marginal_rule, points, simulate
    from quantal.theory import Capacity

    model, rule, capacity = model_of(options), rule_of(options), Capacity(params_per_quantum)
    runs = simulate(
        model,
        params=None if params is None else [[[n]] for n in params],
        samples=samples,
        steps=None if steps is None else [[s] for s in steps],
        rule=rule,
        capacity=capacity,
        draw=draw,
        replicates=replicates,
        seed=seed,
    )
    if output is not None:
        runs.save(output)
    if chart is not None:
        from quantal.report.charts_theory import simulated_runs

        simulated_runs(runs, model, rule=rule, capacity=capacity).save(chart)
    single = marginal_rule(rule, draw) if draw else rule
    found = [one.to_dict() | {"exact": _exact(one, model, single, capacity)} for one in points(runs)]
    if as_json:
        print_json(
            {"frequencies": model.frequencies.to_dict(), "rule": repr(rule), "points": found, "notes": list(runs.notes)}
        )
        return
    _show(found, runs.notes)
    for label, path in (("runs", output), ("chart", chart)):
        if path is not None:
            print(f"The {label}: {path}")


def _exact(one: Point, model: QuantaModel, rule: LearningRule, capacity: Capacity) -> float:
    return model.loss(params=one.params, samples=one.tokens, steps=one.steps, rule=rule, capacity=capacity)


def _show(found: list[dict[str, Any]], notes: tuple[str, ...]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    names = [
        name
        for name in ("params", "tokens", "steps", "loss", "standard_error", "standard_deviation", "exact")
        if name in found[0]
    ]
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for row in found:
        table.add_row(*("" if row[name] is None else f"{row[name]:.6g}" for name in names))
    out = console()
    out.print(table)
    for note in notes:
        out.print(note, markup=False)
