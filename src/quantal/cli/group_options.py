"""`quantal fit --group-by LABEL --pool P,...`: groups fitted together in place of one by one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import Command, console, ends, load, print_json, progress_bar

if TYPE_CHECKING:
    from quantal.fit import GroupFits

OPTIONS = (
    click.option(
        "--pool", metavar="P,...", help="With --group-by: parameters drawn from one population (a hierarchical fit)."
    ),
    click.option("--share", metavar="P,...", help="With --group-by: parameters with one value for all groups."),
)


def group_options(command: Command) -> Command:
    """Adds --pool and --share; a call with either fits all groups at once, any other goes on to ``command``."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> Any:
        pool, share = given.pop("pool"), given.pop("share")
        if pool is None and share is None:
            return command(**given)
        if not given["group_by"]:
            raise click.UsageError("--pool and --share are for fitting groups together: add --group-by LABEL.")
        return _fit(given, _names(pool), (*_names(share), "sigma"))

    for add in reversed(OPTIONS):
        wrapped = add(wrapped)
    return wrapped


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",")) if text else ()


def _fit(given: dict[str, Any], pool: tuple[str, ...], share: tuple[str, ...]) -> None:
    from quantal.fit import fit_groups

    if given["save"]:
        raise click.UsageError("--save holds one fit, not groups fitted together: print them with --json.")
    table, _ = load(given["runs"], given["where"], given["column"])
    if given["drop_highest_loss"]:
        table = table.drop_highest(given["drop_highest_loss"], given["target"] or "loss")
    with progress_bar("fitting groups") as progress:
        found = fit_groups(
            table,
            given["law"],
            given["group_by"],
            pooled=pool,
            shared=tuple(dict.fromkeys(share)),
            target=given["target"],
            objective=given["objective"] or "gaussian",
            levels=given["levels"],
            seed=given["seed"],
            progress=progress,
        )
    if given["as_json"]:
        print_json(found.to_dict())
        return
    _show(found)


def _show(found: GroupFits) -> None:
    from rich.table import Table

    out = console()
    out.print(repr(found), markup=False)
    level = found.levels[0]
    table = Table(box=None, pad_edge=False)
    for title in (found.by, *found.law.parameter_names):
        table.add_column(title)
    for label, parameters in found.groups.items():
        table.add_row(label, *(f"{one.value:.4g} ({ends(one, level)})" for one in parameters.values()))
    out.print(table)
