"""The option --store."""

from __future__ import annotations

import click

store_option = click.option(
    "--store",
    default="runs.sqlite",
    show_default=True,
    envvar="QUANTAL_STORE",
    metavar="URL",
    help="A SQLite file, or postgresql://user@host/database.",
)
