"""quantal discover"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import console, ends, output_options, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.discover import Discovery


@click.command("discover")
@click.argument("model", metavar="MODEL")
@click.option(
    "--text", required=True, metavar="FILE", help="A text file, a folder, .jsonl, .parquet, or a saved data set."
)
@click.option(
    "--column", default="text", show_default=True, metavar="NAME", help="Where the text stands in .jsonl and tables."
)
@click.option(
    "--tokens", type=click.IntRange(min=2), default=1000, show_default=True, help="How many tokens to explain."
)
@click.option(
    "--clusters", type=click.IntRange(min=2), default=100, show_default=True, help="How many clusters to report."
)
@click.option(
    "--max-loss",
    type=float,
    default=0.1,
    show_default=True,
    metavar="NATS",
    help="Take tokens predicted with a lower loss (an untrained model needs a high one, such as 20).",
)
@click.option(
    "--scan", type=click.IntRange(min=2), metavar="N", help="Read about so many tokens (default 100 a token asked for)."
)
@click.option(
    "--mode", type=click.Choice(["sketch", "exact"]), default="sketch", show_default=True, help="How cosines are made."
)
@click.option(
    "--sketch-size", type=click.IntRange(min=16), default=65_537, show_default=True, help="Buckets of a sketch."
)
@click.option(
    "--context",
    type=click.IntRange(min=2),
    metavar="N",
    help="Tokens the model sees at once (default its own, up to 1024).",
)
@click.option("--tokenizer", metavar="NAME", help="Another tokenizer than the model's own.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float64"]), default="float32", show_default=True)
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu, cuda, cuda:1 ...")
@click.option(
    "--memory", type=click.IntRange(min=1), default=1000, show_default=True, metavar="MB", help="For gradients."
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--engine", type=click.Choice(["processes", "ray"]), default="processes", show_default=True)
@click.option("--state", metavar="FOLDER", help="Keep what is done; the same call goes on from there after a kill.")
@click.option(
    "--resamples", type=click.IntRange(min=2), default=10, show_default=True, help="Reclusterings for the stability."
)
@click.option(
    "--calibration",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="Planted sets a slope, for the slope's bias.",
)
@click.option(
    "--exponent", type=float, metavar="GAMMA", help="alpha_N of the model's scaling law: the slope it predicts."
)
@click.option(
    "--save",
    metavar="FILE",
    multiple=True,
    help="Keep the matrix of cosines as .npy, or what was found as .json, which `quantal app --quanta` shows (may be repeated).",
)
@click.option("-o", "--output", metavar="FILE", help="Write the gallery: one HTML page.")
@output_options
def command(model: str, text: str, save: tuple[str, ...], output: str | None, as_json: bool, **options: Any) -> None:
    """Find the skills of a language model: tokens whose gradients point alike, in clusters, with how far to trust each.

    MODEL is a folder written by save_pretrained, a .gguf file, or a hub id. Only safetensors are read, and none of its code is run.

    \b
    Example:
      quantal discover model/ --text corpus.txt --tokens 1000 --clusters 100 -o gallery.html
    """
    from quantal.discover import discover, load_model, save_discovery
    from quantal.discover.saving import check_kept, check_places, save_matrix

    check_places(*save, output)
    for path in save:
        check_kept(path)
    loading = {name: options.pop(name) for name in ("tokenizer", "dtype", "device", "context")}
    language = load_model(model, **loading)
    for note in language.notes:
        print(f"note: {note}", file=sys.stderr)
    options["memory"] = options["memory"] * 1e6
    with ExitStack() as stack:
        found = discover(language, text, progress=_stages(stack), **options)
    for path in save:
        if path.lower().endswith(".npy"):
            save_matrix(found.cosines.matrix, path)
        else:
            save_discovery(found, path)
    if output is not None:
        from quantal.report.gallery import save_gallery

        save_gallery(found, output)
    if as_json:
        print_json(found.to_dict())
        return
    _show(found, save, output)


def _stages(stack: ExitStack) -> Callable[[str], Callable[[int, int | None], None] | None]:
    """One progress bar a stage; each ends where the next begins."""

    def begin(label: str) -> Callable[[int, int | None], None] | None:
        stack.pop_all().close()
        return stack.enter_context(progress_bar(label))

    return begin


def _show(found: Discovery, save: tuple[str, ...], output: str | None) -> None:
    from rich.markup import escape
    from rich.table import Table

    out = console()
    cosines = found.cosines
    out.print(
        f"{len(found.tokens)} tokens of {found.chosen.candidates} that qualify ({found.chosen.scanned} read); "
        f"cosines: {cosines.mode}, rms error {cosines.rms_error:.2g}"
    )
    table = Table(box=None, pad_edge=False)
    for title in ("cluster", "tokens", "stability", "stable", "loss", "its middle"):
        table.add_column(title, justify="right" if title in ("cluster", "tokens", "stability", "loss") else "left")
    for number, one in enumerate(found.clusters[:20], 1):
        token = found.tokens[one.tokens[0]]
        predicted = repr(token.text) if token.text.isspace() else repr(token.text)[1:-1]
        middle = escape(repr(token.before[-30:])[1:-1]) + "[bold]" + escape(predicted) + "[/bold]"
        value = "unknown" if one.stability is None else f"{one.stability:.2f}"
        table.add_row(
            str(number),
            str(one.size),
            value,
            "yes" if one.stable else "no",
            "" if one.loss is None else f"{one.loss:.3g}",
            middle,
        )
    out.print(table)
    stable = sum(one.stable for one in found.clusters)
    out.print(
        f"{stable} of {len(found.clusters)} clusters are stable (cohesion by chance: {found.null_cohesion:.3f} at most)."
    )
    if found.slope is None:
        out.print(f"Slope of size by rank: unknown: {found.slope_reason}", markup=False)
    else:
        slope = found.slope
        bias = "unknown" if slope.bias is None else f"{slope.bias:+.2f}"
        out.print(f"Slope of size by rank: {slope.measured.value:.3f} ({ends(slope.measured, 95.0)}), bias {bias}")
        out.print(f"  corrected: {slope.corrected!r}", markup=False)
        if found.exponent is not None:
            out.print(f"  predicted by the exponent {found.exponent:g}: {-(found.exponent + 1):.3f}")
    laws = found.to_dict()["laws"]
    if laws["best"] is not None:
        out.print(f"Sizes by rank, best law: {' or '.join(laws['undecided'])}")
    out.print(f"{found.seconds:.1f} s, {found.peak_memory_mb:.0f} MB")
    kept = [("matrix" if path.lower().endswith(".npy") else "discovery", path) for path in save]
    for label, path in (*kept, ("gallery", output)):
        if path is not None:
            print(f"The {label}: {path}")
