"""quantal curves"""

from __future__ import annotations

import click

from quantal.cli.options import Size, console, output_options, print_json, progress_bar


@click.command("curves")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--text", required=True, metavar="FILE", help="A text file, a folder, .jsonl, .parquet, or a saved data set."
)
@click.option(
    "--column", default="text", show_default=True, metavar="NAME", help="Where the text stands in .jsonl and tables."
)
@click.option(
    "--tokens", type=click.IntRange(min=2), default=10_000, show_default=True, help="How many tokens to follow."
)
@click.option(
    "--scale",
    type=Size(),
    multiple=True,
    metavar="X",
    help="Size, samples or steps of each model, in order (default its parameters).",
)
@click.option("-o", "--output", metavar="FILE", help="Keep the losses, as .parquet: one row a model and token.")
@click.option(
    "--chart", metavar="FILE", help="Write a chart of the mean loss taken apart: .html (needs no network) or .json."
)
@output_options
def command(
    models: tuple[str, ...],
    text: str,
    column: str,
    tokens: int,
    scale: tuple[float, ...],
    output: str | None,
    chart: str | None,
    as_json: bool,
    seed: int,
) -> None:
    """Follow the loss of every token across models or checkpoints: which are learned at one point, which bit by bit.

    Models of one scale count as seeds of one another, and say how noisy a loss is.

    \b
    Example:
      quantal curves small/ medium/ large/ huge/ --text corpus.txt -o curves.parquet --chart curves.html
    """
    from quantal.discover import load_model, token_curves
    from quantal.discover.curves import check_scales
    from quantal.discover.saving import check_places
    from quantal.report.chart import check_chart_path

    check_places(output, chart)
    if chart is not None:
        check_chart_path(chart)
    check_scales(len(models), scale or None)
    languages = [load_model(one) for one in models]
    with progress_bar("models") as tell:
        found = token_curves(languages, text, tokens=tokens, scale=scale or None, column=column, progress=tell)
    if output is not None:
        found.save(output)
    if chart is not None:
        from quantal.report.charts_curves import mean_taken_apart

        mean_taken_apart(found).save(chart)
    data = found.to_dict()
    if as_json:
        print_json(data)
        return
    out = console()
    out.print(f"{data['n_tokens']} tokens in {len(models)} models", highlight=False)
    for name, count in data["kinds"].items():
        out.print(f"  {name:<10} {count}", highlight=False)
    mass, mean = data["slopes"]["mass"], data["slopes"]["mean"]
    if mass is not None:
        out.print(
            f"Exponents, equal where the loss falls in single drops: {mass:.3f} from them, {mean:.3f} from the mean loss",
            highlight=False,
        )
    for label, path in (("curves", output), ("chart", chart)):
        if path is not None:
            print(f"The {label}: {path}")
