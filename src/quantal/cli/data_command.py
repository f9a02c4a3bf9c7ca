"""quantal data list|show|export|fetch"""

from __future__ import annotations

from typing import Any

import click

from quantal.cli.options import console, json_option, load, print_json, progress_bar, reading_options


@click.group("data")
def command() -> None:
    """List, show, export or fetch tables of runs.

    \b
    Example:
      quantal data show tiny-lm
    """


@command.command("list")
@json_option
def list_tables(as_json: bool) -> None:
    """List the tables that quantal knows, with source and licence.

    \b
    Example:
      quantal data list
    """
    from rich.table import Table

    from quantal.runs import catalogue

    tables = catalogue()
    if as_json:
        print_json({"tables": [one.to_dict() for one in tables]})
        return
    out = Table(box=None, pad_edge=False)
    for title in ("name", "rows", "what", "here", "licence"):
        out.add_column(title)
    for one in tables:
        absent = "fetch" if one.sha256 else "by hand"
        out.add_row(one.name, f"{one.rows:,}", one.title, "yes" if one.is_here() else absent, one.licence)
    console().print(out)
    if not all(one.is_here() for one in tables):
        console().print(
            "fetch: `quantal data fetch NAME` brings it. by hand: put its file into a folder and set QUANTAL_DATA to that "
            "folder; `quantal data fetch NAME` says which file, and from where."
        )


@command.command("show")
@reading_options
@json_option
def show(runs: str, where: str | None, column: tuple[str, ...], as_json: bool) -> None:
    """Show how a table is read: what each column was taken for, units, ranges, what was derived.

    \b
    Example:
      quantal data show runs.csv --column loss=eval/loss
    """
    table, _ = load(runs, where, column)
    if as_json:
        print_json(_described(table))
        return
    print(table.summary())


@command.command("export")
@reading_options
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Written by its ending: .csv, .parquet, .json or .jsonl."
)
@json_option
def export(runs: str, output: str, where: str | None, column: tuple[str, ...], as_json: bool) -> None:
    """Write a table, as quantal reads it, to a file.

    \b
    Example:
      quantal data export tiny-lm -o runs.csv
    """
    table, _ = load(runs, where, column)
    table.save(output)
    if as_json:
        print_json({"output": output, "rows": len(table)})
    else:
        print(f"{len(table)} rows written to {output}")


@command.command("fetch")
@click.argument("name")
@json_option
def fetch_table(name: str, as_json: bool) -> None:
    """Download a public table from its source, check it and keep it, or say where it lies and what to do.

    \b
    Example:
      quantal data fetch chinchilla
    """
    from quantal.runs import fetch

    with progress_bar(f"fetching {name}") as progress:
        path = fetch(name, progress=progress)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        print(path)


def _described(table: Any) -> dict[str, Any]:
    return {
        "source": table.source,
        "rows": len(table),
        "columns": [
            {"name": c.name, "source": c.source, "role": c.role, "unit": c.unit, "derived": c.derived}
            for c in table.columns
        ],
        "notes": list(table.notes),
    }
