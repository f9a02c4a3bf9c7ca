"""quantal spectrum"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from quantal.cli.model_options import Sizes, rule_of, rule_options
from quantal.cli.options import Command, Size, console, output_options, pairs, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.theory import LearningRule

chart_option = click.option("--chart", metavar="FILE", help="Write a chart: .html (needs no network) or .json.")
draws_option = click.option(
    "--draws", type=click.IntRange(min=20), default=200, show_default=True, help="Noisy curves for the intervals."
)
noise_option = click.option(
    "--noise", type=float, metavar="X", help="Standard deviation of one loss (default: from replicates or roughness)."
)
input_option = click.option(
    "--input", "resource", default="tokens", show_default=True, metavar="NAME", help="params, tokens, samples or steps."
)


def _rows(command: Command) -> Command:
    for add in reversed(
        (
            click.option("--where", metavar="EXPR", help="Keep rows, as in 'params > 1e8'."),
            click.option(
                "--column",
                "column",
                multiple=True,
                metavar="NAME=HEADER",
                help="Take HEADER for NAME, as in loss=eval/loss; repeatable.",
            ),
            click.option("--target", default="loss", show_default=True, metavar="NAME", help="The column to explain."),
        )
    ):
        command = add(command)
    return command


def _given_rule(options: dict[str, Any]) -> LearningRule | None:
    """The rule of --rule, --tau and so on, or None where none of them is given."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    names = ("rule", "tau", "power", "epochs")
    return None if all(context.get_parameter_source(name) == default for name in names) else rule_of(options)


def _selected(options: dict[str, Any]) -> dict[str, Any]:
    columns = pairs(options["column"], "--column") or None
    return {"where": options["where"], "columns": columns, "target": options["target"], "seed": options["seed"]}


def _answer(found: Any, options: dict[str, Any], chart: str | None = None) -> None:
    if chart is not None:
        from quantal.report import plot

        plot(found).save(chart)
    if options["as_json"]:
        print_json(found.to_dict())
        return
    console().print(repr(found), markup=False)
    if chart is not None:
        print(f"The chart: {chart}")


@click.group("spectrum")
def command() -> None:
    """Loss curves or counts -> how often quanta are used, and tests of the hypothesis that need no law of frequencies.

    \b
    Example:
      quantal simulate --gamma 0.5 --samples 1e3,1e4,1e5,1e6,1e7,1e8 --replicates 20 -o curve.csv
      quantal spectrum recover curve.csv --chart spectrum.html
    """


@command.command("which")
@click.argument("runs", metavar="RUNS")
@click.option("--inputs", metavar="NAME,...", help="Such as params,tokens (default: the resources that vary).")
@click.option("--frequencies", metavar="NAME,...", help="Laws to compare (default: all seven).")
@click.option("--held-out", type=float, default=0.2, show_default=True, help="The share of dearest runs to predict.")
@click.option("--bootstrap", type=click.IntRange(min=20), default=100, show_default=True, help="Resamples.")
@rule_options
@_rows
@output_options
def which_command(
    runs: str, inputs: str | None, frequencies: str | None, held_out: float, bootstrap: int, **options: Any
) -> None:
    """Which law of frequencies predicts the dearest runs best, and can these runs tell the laws apart at all?

    \b
    Example:
      quantal spectrum which tiny-lm --frequencies zipf,lognormal,geometric
    """
    from quantal.spectrum import which_frequencies
    from quantal.spectrum.which import FREQUENCIES

    laws = tuple(FREQUENCIES) if frequencies is None else _names(frequencies)
    with progress_bar("fitting laws of frequencies") as progress:
        found = which_frequencies(
            runs,
            None if inputs is None else _names(inputs),
            frequencies=laws,
            rule=_given_rule(options),
            held_out=held_out,
            bootstrap=bootstrap,
            progress=progress,
            **_selected(options),
        )
    _answer(found, options)


@command.command("recover")
@click.argument("runs", metavar="RUNS")
@input_option
@click.option("--gap", type=Size(), metavar="X", help="b - a, the loss that learning everything takes away.")
@click.option("--params-per-quantum", type=Size(), metavar="C", help="With --input params: what a quantum takes.")
@click.option("--span", type=float, metavar="DECADES", help="With --input params: over how much a slope is taken.")
@noise_option
@draws_option
@rule_options
@_rows
@chart_option
@output_options
def recover_command(
    runs: str, resource: str, gap: float | None, params_per_quantum: float | None, span: float | None, noise: float | None,
    draws: int, chart: str | None, **options: Any,
) -> None:  # fmt: skip
    """How often each quantum is used, read from a loss curve in one resource.

    \b
    Example:
      quantal spectrum recover curve.csv --input params --gap 7.3 --params-per-quantum 1e4
    """
    from quantal.spectrum import recover_frequencies
    from quantal.theory import Capacity

    found = recover_frequencies(
        runs,
        resource,
        rule=_given_rule(options),
        unlearned_minus_learned=gap,
        capacity=None if params_per_quantum is None else Capacity(params_per_quantum),
        span=span,
        noise=noise,
        draws=draws,
        **_selected(options),
    )
    _answer(found, options, chart)


@command.command("mixture")
@click.argument("runs", metavar="RUNS")
@input_option
@noise_option
@draws_option
@rule_options
@_rows
@output_options
def mixture_command(runs: str, resource: str, noise: float | None, draws: int, **options: Any) -> None:
    """Could any frequencies at all give this curve: is it a non-negative mixture of the learning rule's windows?

    \b
    Example:
      quantal spectrum mixture curve.csv --noise 0.003
    """
    from quantal.spectrum import mixture_test

    found = mixture_test(runs, resource, rule=_given_rule(options), noise=noise, draws=draws, **_selected(options))
    _answer(found, options)


@command.command("duality")
@click.argument("size_runs", metavar="SIZE_RUNS")
@click.argument("data_runs", metavar="DATA_RUNS")
@click.option("--data", default="tokens", show_default=True, metavar="NAME", help="tokens, samples or steps.")
@click.option("--levels", type=click.IntRange(min=2), default=8, show_default=True, help="Losses to compare at.")
@noise_option
@draws_option
@click.option("--column", multiple=True, metavar="NAME=HEADER", help="Take HEADER for NAME; repeatable.")
@chart_option
@output_options
def duality_command(
    size_runs: str, data_runs: str, data: str, levels: int, noise: float | None, draws: int, column: tuple[str, ...],
    chart: str | None, seed: int, **options: Any,
) -> None:  # fmt: skip
    """Do a curve in size (ample data) and one in data (ample size) come from the same quanta, whatever their frequencies?

    \b
    Example:
      quantal spectrum duality sizes.csv tokens.csv --chart duality.html
    """
    from quantal.spectrum import duality_test

    columns = pairs(column, "--column") or None
    found = duality_test(
        size_runs, data_runs, data=data, levels=levels, noise=noise, draws=draws, columns=columns, seed=seed
    )
    _answer(found, options, chart)


@command.command("corpus")
@click.argument("counts", metavar="COUNTS")
@click.option("--column", default="count", metavar="NAME", show_default=True, help="The table's column of counts.")
@click.option("--at", type=Sizes(), metavar="D,...", help="Samples (default: a hundredth to a hundred corpora).")
@click.option("--tau", type=click.IntRange(min=1), default=1, show_default=True, help="Samples that an item takes.")
@click.option("--learned-loss", type=Size(), default=0.0, metavar="A", help="Loss of what is learned (default 0).")
@click.option("--gap", type=Size(), default=1.0, metavar="X", help="b - a (default 1).")
@click.option("--tolerance", type=float, default=0.05, show_default=True, help="Where the continuation is given up.")
@chart_option
@output_options
def corpus_command(
    counts: str, column: str, at: list[float] | None, tau: int, learned_loss: float, gap: float, tolerance: float, chart: str | None,
    seed: int, **options: Any,
) -> None:  # fmt: skip
    """The loss against data that counts alone foretell, with nothing trained.

    COUNTS is a table with a column count, one row an item; a column of numbers; or a text, whose words are counted.

    \b
    Example:
      quantal spectrum corpus words.csv --at 1e6,1e8 --chart corpus.html
    """
    from quantal.runs import read_counts
    from quantal.spectrum import corpus_forecast

    items = read_counts(counts, column)
    with progress_bar("fitting laws of frequencies") as progress:
        found = corpus_forecast(
            items.chunks,
            at,
            tau=tau,
            learned_loss=learned_loss,
            unlearned_minus_learned=gap,
            tolerance=tolerance,
            seed=seed,
            progress=progress,
        )
    _answer(found, options, chart)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
