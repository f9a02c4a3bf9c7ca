"""quantal sweep"""

from __future__ import annotations

from typing import Any

import click

from quantal.cli.options import Size, console, json_option, print_json
from quantal.cli.store_option import engine_options, store_option
from quantal.cli.sweep_progress import sweep_progress


@click.command("sweep")
@click.argument("file", metavar="FILE")
@store_option
@engine_options
@click.option(
    "--resume", is_flag=True, help="Go on where the store holds some of the runs; failed ones are tried anew."
)
@click.option(
    "--retries", type=click.IntRange(min=0), default=2, show_default=True, help="Further tries of a run that failed."
)
@click.option(
    "--lease",
    type=Size(),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="After so long without a sign of life a driver's runs are free.",
)
@click.option("--dry-run", is_flag=True, help="List the runs and their cost; run nothing.")
@json_option
def command(
    file: str, store: str, engine: str, workers: int | None, resume: bool, checkpoints: str | None, retries: int, lease: float,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run every configuration of FILE once; several drivers may share one store, on one machine or many.

    FILE is TOML, or the name of a preset. An interrupted sweep goes on with --resume.

    \b
    Example:
      quantal sweep text-laptop --store runs.sqlite --resume
      quantal runs export --store runs.sqlite -o runs.parquet
    """
    from quantal.train import open_store, read_sweep, sweep

    described = read_sweep(file)
    if dry_run:
        _list(described, as_json)
        return
    again = f"quantal sweep {file} --store {store} --engine {engine} --resume"
    with (
        open_store(store, notice=lambda text: click.echo(f"warning: {text}", err=True)) as opened,
        sweep_progress(again) as tell,
    ):
        result = sweep(
            described.configs,
            store=opened,
            engine=engine,
            workers=workers,
            resume=resume,
            name=described.name,
            retries=retries,
            lease=lease,
            checkpoints=checkpoints,
            tell=tell,
        )
    if as_json:
        print_json(result.to_dict())
    else:
        print(
            f"{result.done} of {result.total} runs are done, {result.done_here} of them here; see quantal runs list --store {store}"
        )
    if result.failed:
        key, error = next(iter(result.failed.items()))
        raise click.ClickException(f"{len(result.failed)} runs failed, the first {key}: {error}")


def _list(described: Any, as_json: bool) -> None:
    from rich.table import Table

    from quantal.train.job import job_of

    jobs = [job_of(config) for config in described.configs]
    if as_json:
        rows = [{"key": job.key, "cost": job.cost, "config": dict(job.config)} for job in jobs]
        print_json({"name": described.name, "kind": described.kind, "runs": rows})
        return
    varied = [name for name in jobs[0].config if len({repr(job.config[name]) for job in jobs}) > 1]
    table = Table(box=None, pad_edge=False)
    for title in ("key", *varied, "cost"):
        table.add_column(title)
    for job in jobs:
        table.add_row(job.key[:8], *(str(job.config[name]) for name in varied), f"{job.cost:.3g}")
    out = console()
    out.print(table)
    out.print(
        f"{len(jobs)} runs of the kind {described.kind}, about {sum(job.cost for job in jobs) / 60:.0f} minutes of one core"
    )
