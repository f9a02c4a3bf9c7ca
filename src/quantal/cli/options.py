"""Options that commands share, and the way from them to runs, groups and output."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from quantal.errors import DataError, InputError

if TYPE_CHECKING:
    from quantal.estimate import Estimate
    from quantal.fit import Fit
    from quantal.runs import Runs

Command = Callable[..., Any]
LETTERS = {"N": "params", "D": "tokens", "C": "compute", "S": "steps"}
WIDE = 160
"""Columns of a table that goes to a pipe or a file, where names must stay whole."""


class Size(click.ParamType):
    """A number with an optional magnitude, such as 5.76e23 or 70B."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from quantal.runs import parse_number

        try:
            return parse_number(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _remember(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Keep an option's value for `load`."""
    context.meta[f"quantal.{option.name}"] = value
    return value


def reading_options(command: Command) -> Command:
    """What selects, names and counts the columns of RUNS."""
    for add in reversed(
        (
            click.argument("runs", metavar="RUNS"),
            click.option("--where", metavar="EXPR", help="Keep rows, as in 'params > 1e8 and dataset == \"c4\"'."),
            click.option(
                "--column",
                "column",
                multiple=True,
                metavar="NAME=HEADER",
                help="Take HEADER for NAME, as in loss=eval/loss; repeatable.",
            ),
            click.option(
                "--end",
                type=click.Choice(["last", "minimum", "smoothed", "schedule"]),
                default="last",
                show_default=True,
                expose_value=False,
                callback=_remember,
                help="Which point of a training curve counts, where RUNS is the log of a tracker.",
            ),
            click.option(
                "--params-count",
                metavar="COUNT",
                expose_value=False,
                callback=_remember,
                help="Count params anew from the models' shapes: total, non-embedding or with-head.",
            ),
            click.option(
                "--flops",
                metavar="COUNT",
                expose_value=False,
                callback=_remember,
                help="Count compute anew: 6ND or 2ND, or from the models' shapes 6ND-non-embedding, 6ND-with-head, exact, "
                "chinchilla-appendix-f.",
            ),
        )
    ):
        command = add(command)
    return command


def runs_options(command: Command) -> Command:
    """RUNS, what selects, names and counts its columns, and what is to be explained."""
    for add in reversed(
        (
            reading_options,
            click.option("--target", metavar="NAME", help="The column to explain (default: the law's own, loss)."),
            click.option("--group-by", metavar="LABEL", help="Do it for each value of a label."),
            click.option(
                "--drop-highest-loss",
                type=click.IntRange(min=0),
                default=0,
                metavar="K",
                help="Leave out the K runs with the highest loss (default 0).",
            ),
        )
    ):
        command = add(command)
    return command


def fit_options(bootstrap: int, objective: str | None = "huber") -> Callable[[Command], Command]:
    """Objective, bootstrap and levels."""

    def decorate(command: Command) -> Command:
        for add in reversed(
            (
                click.option(
                    "--objective",
                    default=objective,
                    show_default=True,
                    metavar="NAME",
                    help="huber (default), log_squares, squares, l1, asymmetric, or a noise model: gaussian, student_t, huber_density.",
                ),
                click.option(
                    "--bootstrap",
                    type=click.IntRange(min=0),
                    default=bootstrap,
                    show_default=True,
                    metavar="R",
                    help="Resamples for the intervals.",
                ),
                level_option,
            )
        ):
            command = add(command)
        return command

    return decorate


def noise_options(command: Command) -> Command:
    """Columns that the noise depends on, collected into the mapping ``noise``; each needs a noise model as objective."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> Any:
        names = ("errors", "scale_by", "within", "along")
        chosen = {name: given.pop(name) for name in names}
        return command(**given, noise={name: value for name, value in chosen.items() if value})

    for add in reversed(
        (
            click.option("--errors", metavar="COLUMN", help="Known standard errors of the target."),
            click.option("--scale-by", metavar="COLUMN", help="The noise's scale is a power of this column."),
            click.option("--within", metavar="LABEL", help="Runs with one value of this share part of their noise."),
            click.option(
                "--along", metavar="COLUMN", help="With --within: they are points of a curve, correlated along this."
            ),
        )
    ):
        wrapped = add(wrapped)
    return wrapped


level_option = click.option(
    "--level",
    "levels",
    multiple=True,
    type=float,
    default=(95.0,),
    metavar="PERCENT",
    help="Level of the intervals; repeatable (default 95; 50, 80 and 90 for an averaged forecast).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same seed gives the same numbers."
)


def output_options(command: Command) -> Command:
    """--seed and --json."""
    return seed_option(json_option(command))


def pairs(texts: tuple[str, ...], option: str, example: str = "loss=eval/loss") -> dict[str, str]:
    """NAME=VALUE texts as a mapping."""
    out = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"{option} {text!r}: write NAME=VALUE, as in {option} {example}.")
        out[name.strip()] = value.strip()
    return out


def point(text: str) -> dict[str, float]:
    """The point of --at, such as params=70e9,tokens=1.4e12, or with the formulas' letters N, D, C and S."""
    size = Size()
    return {
        LETTERS.get(name, name): size.convert(value, None, None)
        for name, value in pairs(tuple(text.split(",")), "--at", "params=70e9,tokens=1.4e12").items()
    }


def load(runs: str, where: str | None, column: tuple[str, ...]) -> tuple[Runs, Fit | None]:
    """The runs that RUNS names, and the saved fit if it is one."""
    from quantal.fit import is_saved_fit, load_fit
    from quantal.runs import FLOP_CONVENTIONS, read_runs, recount

    if not runs:
        raise click.UsageError("RUNS is empty: name a file of runs, a saved fit or a table, such as tiny-lm")
    context = click.get_current_context(silent=True)
    meta = context.meta if context else {}
    params, flops = meta.get("quantal.params_count"), meta.get("quantal.flops")
    saved = load_fit(runs) if runs != "-" and is_saved_fit(runs) else None
    if saved and not (where or column or params or flops):
        return saved.runs, saved
    table = read_runs(
        saved.runs if saved else runs,
        where=where,
        columns=pairs(column, "--column") or None,
        flops=flops if flops in FLOP_CONVENTIONS else "6ND",
        end=meta.get("quantal.end", "last"),
    )
    return recount(table, params, flops) if params or flops else table, None


def each_group(runs: Runs, saved: Fit | None, group_by: str | None, work: Callable[[Runs, Fit | None], Any]) -> Any:
    """What ``work`` gives for the runs, or a mapping of it by group; groups that cannot be done say why."""
    if group_by is None:
        return work(runs, saved)
    groups = runs.group_by(group_by)
    done: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for label, part in groups.items():
        try:
            done[label] = work(part, None)
        except (DataError, InputError) as error:
            errors[label] = str(error)
    if not done:
        raise DataError("; ".join(f"{group_by} = {label!r}: {text}" for label, text in errors.items()))
    for label, text in errors.items():
        print(f"warning: {group_by} = {label!r} is left out: {text}", file=sys.stderr)
    return done


def grouped_dict(result: Any, to_dict: Callable[[Any], Any]) -> Any:
    """A result, or results by group, as plain data."""
    if isinstance(result, dict):
        return {"groups": {label: to_dict(one) for label, one in result.items()}}
    return to_dict(result)


def print_json(data: Any) -> None:
    """One JSON object on standard output; what is not finite is null."""
    print(json.dumps(_finite(data), indent=2, allow_nan=False))


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    if isinstance(data, float) and data - data != 0.0:
        return None
    return data


def ends(estimate: Estimate, level: float) -> str:
    """An interval for a table, or why there is none."""
    found = estimate.interval(level)
    return f"{found[0]:.4g} to {found[1]:.4g}" if found else f"unknown: {estimate.reason}"


def console() -> Any:
    """A rich console on standard output."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(highlight=False, soft_wrap=False, width=width)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """A progress bar on standard error while it is a terminal; yields the function to tell it (done, total)."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def tell(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield tell
