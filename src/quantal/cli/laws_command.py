"""quantal laws"""

from __future__ import annotations

import click

from quantal.cli.options import console, json_option, print_json


@click.command("laws")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the laws, or show one: formula, inputs, parameters with bounds and meaning, source, published values.

    \b
    Example:
      quantal laws kappa
    """
    from rich.table import Table

    from quantal.laws import get_law, laws

    if name is not None:
        one = get_law(name).to_dict()
        if as_json:
            print_json(one)
            return
        out = console()
        out.print(f"{one['name']}: {one['title']}\n{one['formula']}\nSource: {one['source']}", markup=False)
        table = Table(box=None, pad_edge=False)
        for title in ("parameter", "bounds", "meaning", "unit"):
            table.add_column(title)
        for parameter in one["parameters"]:
            table.add_row(*(parameter[key] for key in ("name", "bounds", "meaning", "unit")))
        out.print(table)
        for source, values in one["published"].items():
            out.print(f"{source}: " + ", ".join(f"{key} = {value:g}" for key, value in values.items()), markup=False)
        return
    if as_json:
        print_json({"laws": [one.to_dict() for one in laws()]})
        return
    table = Table(box=None, pad_edge=False)
    for title in ("law", "reads", "parameters", "title"):
        table.add_column(title)
    for law in laws():
        table.add_row(law.name, ", ".join(law.input_names), ", ".join(law.parameter_names), law.title)
    console().print(table)
    print(
        "A law of one x takes any column: power:COLUMN, m3:COLUMN, bnsl1:COLUMN; mixture:COLUMN,COLUMN takes several."
    )
