"""Results of a store as one table of runs, which every command reads; and the folder of a study of text."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import DataError
from quantal.runs import Runs
from quantal.train.job import config_of, result_of
from quantal.train.store import Entry, Store
from quantal.train.text_result import TextResult


def export_runs(store: Store, *, sweep: str | None = None, kind: str | None = None, checkpoints: bool = False) -> Runs:
    """The finished runs of a store as a table, with the key of each in the label `key`.

    Args:
        sweep: only those of one sweep.
        kind: only those of one kind.
        checkpoints: a row for every evaluation; else only for the one that counts, which is the last unless the kind says otherwise.

    Raises:
        DataError: nothing is finished, or kinds are mixed that have no table in common.
    """
    entries = store.entries(sweep, state="done", kind=kind)
    kinds = sorted({one.kind for one in entries})
    if not entries:
        raise DataError(
            f"{store.place}: no run is finished; `quantal runs list --store {store.place}` shows how far they are"
        )
    if len(kinds) > 1:
        raise DataError(
            f"{store.place}: runs of {len(kinds)} kinds ({', '.join(kinds)}); choose one with --kind {kinds[0]}"
        )
    tables = [_table(store, entry, checkpoints) for entry in entries]
    return replace(stacked_runs(tables, store.place), notes=(f"{len(entries)} runs of the kind {kinds[0]}",))


def stacked_runs(tables: Sequence[Runs], source: str) -> Runs:
    """Tables one below the other; a number that a table lacks is a gap, a label that it lacks is empty."""
    columns = {column.name: column for table in tables for column in table.columns if column.role != "array"}
    data: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        label = column.role == "label"
        parts = [
            table[name]
            if name in table
            else np.full(len(table), "" if label else np.nan, dtype=object if label else float)
            for table in tables
        ]
        data[name] = np.concatenate(parts)
    return Runs(data, tuple(columns.values()), source)


def write_text_study(
    store: Store,
    entries: Sequence[Entry],
    folder: str | os.PathLike[str],
    progress: Callable[[int, int | None], None] | None = None,
) -> tuple[Runs, Runs]:
    """Write finished text runs to a folder: runs.parquet, checkpoints.parquet, and losses/ and models/ with an entry a run.

    In runs.parquet the label `varies` is "params" for runs in one pass and "tokens" for those in epochs over a given amount.

    Returns:
        The two tables.
    """
    place = Path(folder)
    for part in ("losses", "models"):
        (place / part).mkdir(parents=True, exist_ok=True)
    names = _names(entries)
    finals, everything = [], []
    for number, entry in enumerate(entries):
        result: TextResult = result_of(entry.kind, entry.config, store.arrays(entry.key))
        name = names[entry.key]
        result.save_token_losses(place / "losses" / f"{name}.parquet")
        if not (place / "models" / name / "config.json").exists():
            result.save_model(place / "models" / name)
        varies = "params" if result.config.distinct is None else "tokens"
        table = result.to_runs()
        table = table.with_column("run", [name] * len(table), role="label")
        table = table.with_column("varies", [varies] * len(table), role="label")
        everything.append(table)
        finals.append(table.take(table["counts"] == 1))
        if progress is not None:
            progress(number + 1, len(entries))
    runs, checkpoints = (stacked_runs(tables, str(place)) for tables in (finals, everything))
    runs.save(place / "runs.parquet")
    checkpoints.save(place / "checkpoints.parquet")
    return runs, checkpoints


def _names(entries: Sequence[Entry]) -> dict[str, str]:
    """A name for each run; those that would share one get a part of their key."""
    names = {one.key: config_of(one.kind, one.config).name for one in entries}
    often = Counter(names.values())
    return {key: name if often[name] == 1 else f"{name}-{key[:6]}" for key, name in names.items()}


def _table(store: Store, entry: Entry, checkpoints: bool) -> Runs:
    data = store.runs(entry.key)
    if data is None:
        return _row(entry)
    table = Runs.from_dict(data)
    if not checkpoints:
        table = table.take(_counted(table))
    return table.with_column("key", [entry.key] * len(table), role="label")


def _counted(table: Runs) -> np.ndarray:
    """The rows that count: those that say so, else the last of each width and seed."""
    if "counts" in table:
        return table["counts"] == 1
    names = [name for name in ("params", "width", "net_seed", "learning_rate") if name in table]
    steps = table["steps"] if "steps" in table else np.arange(len(table))
    last: dict[tuple[float, ...], int] = {}
    for at in np.argsort(steps, kind="stable").tolist():
        last[tuple(float(table[name][at]) for name in names)] = at
    return np.array(sorted(last.values()))


def _row(entry: Entry) -> Runs:
    """A result that has no table of its own: its numbers, and those of its config."""
    numbers: dict[str, Any] = {}
    for name, value in {**entry.config, **(entry.summary or {})}.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers[name] = [float(value)]
    if not numbers:
        raise DataError(f"the run {entry.key} has no numbers to export")
    return Runs.from_columns(numbers, source=entry.kind).with_column("key", [entry.key], role="label")
