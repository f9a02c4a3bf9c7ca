"""quantal runs list|show|export"""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from quantal.cli.options import console, json_option, print_json
from quantal.cli.store_option import store_option

if TYPE_CHECKING:
    from quantal.train.store import Entry

sweep_option = click.option("--sweep", metavar="NAME", help="Only the runs of one sweep.")
kind_option = click.option("--kind", metavar="KIND", help="Only one kind: parity or text.")


@click.group("runs")
def command() -> None:
    """List, show or export the runs of a store.

    \b
    Example:
      quantal runs list --store runs.sqlite
    """


@command.command("list")
@store_option
@sweep_option
@kind_option
@click.option("--state", type=click.Choice(["waiting", "running", "done", "failed"]), help="Only those in one state.")
@json_option
def list_runs(store: str, sweep: str | None, kind: str | None, state: str | None, as_json: bool) -> None:
    """List runs: state, what varies among them, loss, seconds.

    \b
    Example:
      quantal runs list --store runs.sqlite --state failed
    """
    from rich.table import Table

    from quantal.train import open_store

    with open_store(store, make=False) as opened:
        entries, sweeps = opened.entries(sweep, state, kind), opened.sweeps()
    if as_json:
        print_json({"sweeps": list(sweeps), "runs": [_plain(one) for one in entries]})
        return
    names = sorted({name for one in entries for name in one.config})
    varied = [name for name in names if len({repr(one.config.get(name)) for one in entries}) > 1]
    table = Table(box=None, pad_edge=False)
    for title in ("key", "kind", "state", *varied, "loss", "seconds"):
        table.add_column(title)
    for one in entries:
        values = [str(one.config.get(name, "")) for name in varied]
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        table.add_row(one.key[:8], one.kind, one.state, *values, _loss(one), seconds)
    out = console()
    out.print(table)
    counts = Counter(one.state for one in entries)
    out.print(", ".join(f"{number} {name}" for name, number in counts.items()) or "no runs")
    if sweeps:
        out.print(f"sweeps: {', '.join(sweeps)}")


@command.command("show")
@click.argument("key")
@store_option
@json_option
def show_run(key: str, store: str, as_json: bool) -> None:
    """Show one run: its configuration, result, arrays, error. KEY may be cut short.

    \b
    Example:
      quantal runs show 22084ec7 --store runs.sqlite
    """
    from quantal.train import open_store

    with open_store(store, make=False) as opened:
        one = opened.entry(key)
        arrays = {name: list(array.shape) for name, array in opened.arrays(one.key).items()}
    if as_json:
        print_json(_plain(one) | {"arrays": arrays})
        return
    print(f"{one.key}  {one.kind}  {one.state}")
    if one.finished is not None:
        when = datetime.datetime.fromtimestamp(one.finished).isoformat(" ", "seconds")
        print(
            f"finished {when}, {one.seconds:.1f} CPU seconds, {', '.join(f'{k} {v}' for k, v in (one.versions or {}).items())}"
        )
    if one.error:
        print(f"error: {one.error}")
    for title, values in (("configuration", one.config), ("result", one.summary or {}), ("arrays", arrays)):
        if values:
            print(f"{title}:")
            for name, value in values.items():
                print(f"  {name}: {value}")


@command.command("export")
@store_option
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Written by its ending: .csv, .parquet, .json or .jsonl."
)
@sweep_option
@kind_option
@click.option("--checkpoints", is_flag=True, help="A row for every evaluation, not only for the one that counts.")
@json_option
def export(store: str, output: str, sweep: str | None, kind: str | None, checkpoints: bool, as_json: bool) -> None:
    """Write finished runs as a table that `quantal fit`, `report` and the others read.

    \b
    Example:
      quantal runs export --store runs.sqlite --kind text -o runs.parquet
    """
    from quantal.train import open_store
    from quantal.train.export import export_runs

    with open_store(store, make=False) as opened:
        runs = export_runs(opened, sweep=sweep, kind=kind, checkpoints=checkpoints)
    runs.save(output)
    if as_json:
        print_json({"output": output, "rows": len(runs), "columns": list(runs.names)})
    else:
        print(f"{len(runs)} rows written to {output}")


def _loss(one: Entry) -> str:
    """The loss of a run; of networks that trained together, the least and the largest."""
    summary = one.summary or {}
    losses = [net["loss"] for net in summary.get("nets", [])] or [summary.get("loss")]
    shown = [f"{loss:.4f}" for loss in losses if isinstance(loss, float)]
    return f"{min(shown)} to {max(shown)}" if len(shown) > 1 else "".join(shown)


def _plain(one: Entry) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind,
        "state": one.state,
        "config": one.config,
        "summary": one.summary,
        "failures": one.failures,
        "error": one.error,
        "owner": one.owner,
        "seconds": one.seconds,
        "finished": one.finished,
    }
