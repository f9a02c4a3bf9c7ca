"""quantal train text"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import Size, console, json_option, print_json, progress_bar
from quantal.cli.sweep_progress import sweep_progress

if TYPE_CHECKING:
    from quantal.reproduce.text_exponents import TextExponent
    from quantal.runs import Runs


@click.command("text")
@click.option(
    "--preset",
    metavar="NAME",
    help="A study that comes with quantal: laptop (five sizes, under ten minutes on 2 cores).",
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    help="Folder of the results; a study that was interrupted goes on there.",
)
@click.option(
    "--text", metavar="PATH", help="A text file or folder (default: Python's documentation and standard library)."
)
@click.option(
    "--vocabulary",
    type=click.IntRange(256, 65536),
    metavar="V",
    help="256 for bytes (default), or more for byte pairs trained on the text.",
)
@click.option(
    "--width", "widths", type=click.IntRange(min=2), multiple=True, metavar="W", help="Width of the model; repeatable."
)
@click.option("--layers", type=click.IntRange(min=1), metavar="L", help="Blocks (default 2).")
@click.option("--context", type=click.IntRange(min=1), metavar="T", help="Tokens that the model sees (default 128).")
@click.option("--tokens", type=Size(), metavar="N", help="Tokens trained on, such as 2M.")
@click.option(
    "--distinct", type=Size(), metavar="D", help="So many different tokens, passed in epochs (default: one pass)."
)
@click.option(
    "--learning-rate", type=float, metavar="RATE", help="Peak of AdamW (default 2.56 / width^1.5, at most 0.04)."
)
@click.option(
    "--seed",
    "seeds",
    type=click.IntRange(min=0),
    multiple=True,
    help="Repeatable: a run for each (default 0; of a preset its own).",
)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: one a core).")
@json_option
def command(
    preset: str | None, output: str, widths: tuple[int, ...], seeds: tuple[int, ...], workers: int | None, as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Train language models (GPT-NeoX) on text: every evaluation token's loss, models that transformers load, a table of runs.

    \b
    Example:
      quantal train text --preset laptop -o study
      quantal fit study/runs.parquet --law power_floor:params --where 'varies == "params"'
    """
    from quantal.reproduce.text_exponents import text_exponents
    from quantal.runs import make_folder
    from quantal.train import open_store, sweep, token_files
    from quantal.train.export import write_text_study

    configs = _configs(preset, widths, seeds, {name: value for name, value in given.items() if value is not None})
    if not os.path.exists(os.path.join(output, "store.sqlite")):
        for config in configs:
            token_files(config.text, config.vocabulary).require(config)
    make_folder(output)
    again = f"quantal train text{f' --preset {preset}' if preset else ' ...'} -o {output}"
    with open_store(os.path.join(output, "store.sqlite")) as store:
        with sweep_progress(again) as tell:
            result = sweep(configs, store=store, workers=workers, resume=True, name="text", tell=tell)
        entries = store.entries(result.sweep, state="done")
        if not entries:
            raise click.ClickException(f"every run failed: {next(iter(result.failed.values()))}")
        with progress_bar("writing losses and models") as progress:
            runs, checkpoints = write_text_study(store, entries, output, progress)
    exponents = text_exponents(runs, checkpoints)
    if as_json:
        print_json(_described(runs, exponents, result.failed, output))
    else:
        _show(runs, exponents, output)
    if result.failed:
        raise click.ClickException(f"{len(result.failed)} runs failed: {next(iter(result.failed.values()))}")


def _configs(
    preset: str | None, widths: tuple[int, ...], seeds: tuple[int, ...], given: dict[str, Any]
) -> tuple[Any, ...]:
    from quantal.errors import InputError, did_you_mean
    from quantal.train import TextConfig, presets, read_sweep

    given = {name: int(value) if name in ("tokens", "distinct") else value for name, value in given.items()}
    if preset is None:
        return tuple(TextConfig(width=width, seed=seed, **given) for width in widths or (48,) for seed in seeds or (0,))
    known = [name.removeprefix("text-") for name in presets() if name.startswith("text-")]
    if preset not in known:
        raise InputError(f"there is no preset {preset!r} of text. {did_you_mean(preset, known)}")
    if widths:
        raise click.UsageError("--width goes without --preset, which has widths of its own")
    configs = read_sweep(f"text-{preset}", **given).configs
    return tuple(config for config in configs if not seeds or config.seed in seeds)


def _described(runs: Runs, exponents: tuple[TextExponent, ...], failed: dict[str, str], output: str) -> dict[str, Any]:
    columns = ("run", "varies", "params", "tokens", "steps", "compute", "loss", "seed")
    rows = [{name: runs[name].tolist()[at] for name in columns} for at in range(len(runs))]
    files = {name: os.path.join(output, name) for name in ("runs.parquet", "checkpoints.parquet", "losses", "models")}
    return {"runs": rows, "exponents": [one.to_dict() for one in exponents], "failed": failed, "files": files}


def _show(runs: Runs, exponents: tuple[TextExponent, ...], output: str) -> None:
    from rich.table import Table

    out = console()
    table = Table(box=None, pad_edge=False)
    for title in ("run", "params", "tokens", "loss"):
        table.add_column(title, justify="left" if title == "run" else "right")
    for at in range(len(runs)):
        sizes = (f"{runs[name][at]:,.0f}" for name in ("params", "tokens"))
        table.add_row(runs["run"][at], *sizes, f"{runs['loss'][at]:.4f}")
    out.print(table)
    if exponents:
        table = Table(box=None, pad_edge=False)
        for title in ("in", "law", "rows", "exponent", "verdict"):
            table.add_column(title)
        for one in exponents:
            table.add_row(one.column, one.law, str(one.rows), repr(one.exponent), one.verdict)
        out.print(table)
    out.print(f"Read them with: quantal report {os.path.join(output, 'runs.parquet')}")
