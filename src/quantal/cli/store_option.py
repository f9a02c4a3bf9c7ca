"""Where the runs of a sweep are kept, and where they run: --store, --engine, --workers, --checkpoints."""

from __future__ import annotations

from typing import Any

import click

store_option = click.option(
    "--store",
    default="runs.sqlite",
    show_default=True,
    envvar="QUANTAL_STORE",
    metavar="URL",
    help="A SQLite file, or postgresql://user@host/database.",
)


def engine_options(command: Any) -> Any:
    """Where the runs of a sweep run: engine, workers, checkpoints."""
    for option in (
        click.option(
            "--checkpoints",
            metavar="DIR",
            help="Folder of checkpoints, which all workers see (default: beside the store).",
        ),
        click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Runs at once (default: one a core)."),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="Processes here, or a Ray cluster (RAY_ADDRESS).",
        ),
    ):
        command = option(command)
    return command
