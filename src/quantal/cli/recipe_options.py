"""`quantal compare --by LABEL`: recipes compared in place of laws."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import Command, Size, console, load, pairs, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.forecast import RecipeComparison

OPTIONS = (
    click.option("--by", metavar="LABEL", help="Compare recipes, the values of this label, in place of laws."),
    click.option("--recipes", metavar="A,B,...", help="With --by: which recipes; the first is the baseline."),
    click.option("--law", metavar="LAW", help="With --by: the law fitted to each recipe (default: by the columns)."),
    click.option("--at", metavar="TARGET", help="With --by: a budget (1e24), or a point (params=7B,tokens=2T)."),
    click.option(
        "--share", metavar="P,...", help="With --by: parameters that recipes share; 'none' (default: by AICc)."
    ),
    click.option(
        "--bootstrap", type=click.IntRange(min=2), default=300, show_default=True, help="With --by: resamples."
    ),
)


def recipe_options(command: Command) -> Command:
    """Adds --by and its options; a call with --by compares recipes, any other goes on to ``command``."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> Any:
        own = {name: given.pop(name) for name in ("by", "recipes", "law", "at", "share", "bootstrap")}
        if own["by"] is None:
            if unused := [name for name in ("recipes", "law", "at", "share") if own[name] is not None]:
                raise click.UsageError(f"--{unused[0]} is for comparing recipes: add --by LABEL.")
            return command(**given)
        return _compare(given, **own)

    for add in reversed(OPTIONS):
        wrapped = add(wrapped)
    return wrapped


def _compare(
    given: dict[str, Any],
    by: str,
    recipes: str | None,
    law: str | None,
    at: str | None,
    share: str | None,
    bootstrap: int,
) -> None:
    from quantal.forecast import compare_recipes

    for name, option in (("laws", "--laws"), ("group_by", "--group-by")):
        if given.get(name):
            raise click.UsageError(f"{option} compares laws and --by recipes: leave one of them out.")
    table, _ = load(given["runs"], given["where"], given["column"])
    if given["drop_highest_loss"]:
        table = table.drop_highest(given["drop_highest_loss"], given["target"] or "loss")
    rule = given["objective"] if given["objective"] in ("gaussian", "student_t", "huber_density") else "student_t"
    with progress_bar("comparing recipes") as progress:
        found = compare_recipes(
            table,
            by,
            recipes=[one.strip() for one in recipes.split(",")] if recipes else None,
            law=law,
            at=_target(at),
            share=None if share is None else () if share == "none" else tuple(one.strip() for one in share.split(",")),
            objective=rule,
            target=given["target"],
            bootstrap=bootstrap,
            seed=given["seed"],
            progress=progress,
        )
    if given["as_json"]:
        print_json({"comparisons": [one.to_dict() for one in found]})
        return
    for one in found:
        _show(one)


def _target(text: str | None) -> Any:
    if text is None:
        return None
    size = Size()
    if "=" not in text:
        return size.convert(text, None, None)
    named = pairs(tuple(text.split(",")), "--at", "params=7B,tokens=2T")
    return {name: size.convert(value, None, None) for name, value in named.items()}


def _show(one: RecipeComparison) -> None:
    from rich.table import Table

    out = console()
    out.print(f"[bold]{one.b}[/bold] against [bold]{one.a}[/bold]: {one.verdict}", markup=True)
    shared = ", ".join(one.sharing[0].shared) or "none"
    out.print(f"{one.law}, {one.sharing[0].name} ({shared}); the other ways of sharing by AICc:", markup=False)
    out.print("  " + ", ".join(f"{way.name} +{way.excess:.1f}" for way in one.sharing[1:]), markup=False)
    table = Table(box=None, pad_edge=False)
    for title in ("loss", f"{one.resource}, {one.a}", f"{one.resource}, {one.b}", "factor saved", "95 % interval"):
        table.add_column(title, justify="right")
    for row in one.savings:
        ends = row.factor.interval()
        table.add_row(
            f"{row.loss:.4g}",
            *("beyond" if cost is None else f"{cost:.3g}" for cost in (row.cost_a, row.cost_b)),
            "unknown" if row.factor.value is None else f"{row.factor.value:.3g}",
            f"{ends[0]:.3g} to {ends[1]:.3g}" if ends else str(row.factor.reason),
        )
    out.print(table)
    out.print(f"crossing: {one.crossing!r}", markup=False)
    beyond = f" ({one.decades_beyond:.1f} decades beyond the runs)" if one.decades_beyond else ""
    out.print(
        f"at {one.resource} {one.target_budget:.3g}{beyond} {one.b} wins with probability {one.wins:.3f}", markup=False
    )
    if one.deciding is not None:
        for label, at in one.deciding.points.items():
            place = ", ".join(f"{name} {value:.3g}" for name, value in at.items())
            out.print(f"  next run of {label}: {place}", markup=False)
