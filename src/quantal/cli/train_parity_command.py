"""quantal train parity"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.model_options import LAWS, frequencies_of, rank_options
from quantal.cli.options import Size, console, output_options, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.train import ParityConfig, ParityResult, Stopwatch


class _Numbers(click.ParamType):
    """Whole or real numbers separated by commas."""

    name = "numbers"

    def __init__(self, whole: bool) -> None:
        self._whole = whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        numbers = [Size().convert(part, param, ctx) for part in str(value).split(",") if part.strip()]
        return tuple(_whole(one, param, ctx) if self._whole else one for one in numbers)


class _Whole(click.ParamType):
    """A whole number, with an optional magnitude."""

    name = "whole number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return value if isinstance(value, int) else _whole(Size().convert(value, param, ctx), param, ctx)


def _whole(value: float, param: click.Parameter | None, ctx: click.Context | None) -> int:
    if value != int(value):
        raise click.BadParameter(f"{value!r} is no whole number", ctx, param)
    return int(value)


def _options(command: Any) -> Any:
    """What a config holds, in the order of the help."""
    several = "; several, separated by commas, train on the same batches."
    texts: tuple[tuple[str, str, Any, Any, str], ...] = (
        ("--tasks", "tasks", _Whole(), 500, "Subtasks."),
        ("--bits", "bits", _Whole(), 100, "Bits that a sample holds besides its task."),
        ("--k", "k", _Whole(), 3, "Bits whose parity is a subtask's label."),
        ("--width", "widths", _Numbers(whole=True), "500", f"Hidden units{several}"),
        ("--net-seed", "net_seeds", _Numbers(whole=True), "0", f"Seeds of the weights{several}"),
        ("--learning-rate", "learning_rates", _Numbers(whole=False), "1e-3", f"Learning rates{several}"),
        ("--depth", "depth", _Whole(), 1, "Hidden layers."),
        ("--batch-size", "batch_size", _Whole(), 20_000, "Samples a step."),
        ("--steps", "steps", _Whole(), 1000, "Steps; with --samples the most there may be."),
        (
            "--samples",
            "samples",
            _Whole(),
            None,
            "D, a finite data set in shuffled epochs, stopped early (default: a stream).",
        ),
        ("--patience", "patience", _Whole(), 10, "With --samples: stop after so many evaluations in a row that rise."),
        (
            "--evaluate-every",
            "evaluate_every",
            _Whole(),
            None,
            "Steps between evaluations (default: about 4 % of the time).",
        ),
        ("--optimizer", "optimizer", str, "adam", "adam, adamw or sgd."),
        ("--weight-decay", "weight_decay", Size(), 0.0, "In the gradient for adam and sgd, decoupled for adamw."),
        ("--momentum", "momentum", Size(), 0.0, "Of sgd."),
        ("--precision", "dtype", click.Choice(["float32", "float64"]), "float32", "Of weights and gradients."),
    )
    for flag, name, kind, default, text in reversed(texts):
        shown = default is not None
        command = click.option(flag, name, type=kind, default=default, show_default=shown, metavar="X", help=text)(
            command
        )
    return command


@click.command("parity")
@_options
@rank_options
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="An .npz written once a minute and at Ctrl-C; the same command goes on from it.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write a row for each network and evaluation: .csv, .jsonl, .parquet, .json."
)
@output_options
def command(output: str | None, checkpoint: str | None, as_json: bool, seed: int, **options: Any) -> None:
    """Train networks on multitask sparse parity: each subtask is a quantum, and they are learned one by one.

    A sample is a one-hot subtask and random bits; its label is the parity of the k bits that belong to the subtask. Losses are in nats.

    \b
    Examples:
      quantal train parity --tasks 100 --bits 32 --k 2 --width 20,50,100 --batch-size 2000 --steps 2000
      quantal train parity --tasks 100 --bits 32 --k 2 --width 100 --samples 20000 --batch-size 2000 --steps 5000
    """
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the products are small: threads would wait for each other
    from quantal.runs import check_name
    from quantal.train import ParityConfig, Stopwatch, train_parity

    config = ParityConfig(seed=seed, **_settings(options))
    if output is not None:
        check_name(output)
    watch = Stopwatch()
    with progress_bar("training") as tell:
        result = train_parity(config, checkpoint=checkpoint, progress=tell, stopwatch=watch)
    if output is not None:
        result.to_runs().save(output)
    if as_json:
        print_json(_json(config, result, watch))
        return
    _show(result, watch)
    if output is not None:
        print(f"The runs: {output}")


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The config's fields: gamma where the tasks follow Zipf's law, else a law of frequencies."""
    names = ("law", *sorted({name for pair in LAWS.values() for name in (*pair[0], *pair[1])}))
    chosen = {name: options[name] for name in names}
    fields = {name: value for name, value in options.items() if name not in names}
    if (
        any(value is not None for name, value in chosen.items() if name not in ("law", "gamma"))
        or chosen["law"] != "zipf"
    ):
        return fields | {"frequencies": frequencies_of(chosen)}
    return fields if chosen["gamma"] is None else fields | {"gamma": chosen["gamma"]}


def _json(config: ParityConfig, result: ParityResult, watch: Stopwatch) -> dict[str, Any]:
    single = len(config.nets) == 1
    losses, subtasks = result.final_loss.tolist(), result.final_subtask_loss.tolist()
    learned = _with_nulls(result.learned_steps())
    return {
        "config": config.to_dict(),
        "kernels": watch.kernels,
        "steps": int(result.steps[-1]),
        "steps_per_second": watch.steps_per_second,
        "steps_per_cpu_second": watch.steps_per_cpu_second,
        "cpu_seconds": watch.cpu_seconds,
        "loss": losses[0] if single else losses,
        "subtask_loss": subtasks[0] if single else subtasks,
        "learned_step": learned[0] if single else learned,
        "learned_width": _with_nulls(result.learned_widths()),
        **result.summary(),
        "evaluations": {
            "steps": result.steps.tolist(),
            "samples": result.samples_seen.tolist(),
            "loss": result.loss.tolist(),
            "accuracy": result.accuracy.tolist(),
        },
    }


def _with_nulls(values: Any) -> Any:
    return [None if one != one else one for one in values] if values.ndim == 1 else [_with_nulls(one) for one in values]


def _show(result: ParityResult, watch: Stopwatch) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("width", "seed", "learning rate", "params", "steps", "loss (nats)", "accuracy", "learned subtasks"):
        table.add_column(title, justify="right")
    tasks = result.config.tasks
    for one in result.summary()["nets"]:
        table.add_row(
            *(f"{one[name]:g}" for name in ("width", "seed", "learning_rate")),
            *(f"{one[name]:,}" for name in ("params", "steps")),
            *(f"{one[name]:.4f}" for name in ("loss", "accuracy")),
            f"{one['learned_tasks']} of {tasks}",
        )
    console().print(table)
    spent = sum(watch.cpu_seconds.values())
    shares = ", ".join(f"{part} {100 * seconds / spent:.1f} %" for part, seconds in watch.cpu_seconds.items())
    print(f"{watch.steps_per_second:.3g} steps a second ({shares} of the CPU time; {watch.kernels} loops)")
