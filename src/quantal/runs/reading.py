"""read_runs: any file, frame or named table becomes Runs, checked and with its columns recognised."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import DataError, DataWarning
from quantal.runs.catalogue import Table, catalogue, find_table
from quantal.runs.cells import values_of
from quantal.runs.checks import gaps, refuse_bad, refuse_derived, remarkable
from quantal.runs.columns import recognise
from quantal.runs.derive import derive
from quantal.runs.fetch import locate
from quantal.runs.flops import FlopConvention, flop_convention
from quantal.runs.frames import RawTable, raw_frame, raw_mapping
from quantal.runs.readers import parse_bytes, read_bytes
from quantal.runs.storage import saved_runs
from quantal.runs.table import Column, Runs, require_rows
from quantal.runs.trackers import TrackedRun, exported, one_row_a_run, read_tracked, sql_frame, tool_of
from quantal.runs.where import select


def read_runs(
    source: Any,
    *,
    where: str | None = None,
    columns: Mapping[str, str] | None = None,
    flops: str = "6ND",
    end: str = "last",
) -> Runs:
    """Read a table of training runs and say what each column was taken for.

    ``source`` is a path (CSV, TSV, semicolon CSV, Parquet, JSON, JSON lines; "-" is standard input), a name from
    `catalogue` ("tiny-lm", "chinchilla"; write "./chinchilla" for a file of that name), a pandas, Polars or Arrow
    frame, a mapping of columns, or Runs; or the log of a tracker: a .wandb file or W&B export, an MLflow database, tracking
    folder or server ("mlflow:http://..."), TensorBoard event files, Lightning's metrics.csv, a trainer_state.json, a folder
    of any of these, "wandb:entity/project", or "sql:SELECT ..." for DuckDB. A log's curves become one row a run by the
    end-point rule ``end`` ("last", "minimum", "smoothed" or "schedule"), with what is not to be trusted in column ``flags``.
    ``where`` keeps the rows that satisfy a filter, and only those are checked;
    ``columns`` maps our names to headers ({"loss": "eval/loss"}); ``flops`` names the convention by which a missing
    compute, tokens or params is derived from the other two ("6ND": compute = 6·params·tokens).

    Raises:
        DataError: the source is missing or holds what is no measurement; the message names row, column and value.
        InputError: the filter or the convention is ill-formed or unknown.

    Warns:
        DataWarning: rows of size zero or exact duplicates, which are kept.

    >>> runs = read_runs({"N": ["70M", "1B"], "D": ["1.4B", "20B"], "val_loss": [3.1, 2.4]})
    >>> runs.names
    ('params', 'tokens', 'loss', 'compute')
    >>> runs["compute"]
    array([5.88e+17, 1.20e+20])
    """
    convention = flop_convention(flops)
    raw: RawTable | Runs
    table: Table | None = None
    found: list[str] = []
    if isinstance(source, str | os.PathLike) and (tracked := _tracked(os.fspath(source))):
        raw, chosen, found = _rows_of(tracked, os.fspath(source), end, columns)
        columns = {**chosen, **(columns or {})}
    elif isinstance(source, str) and source.startswith("sql:"):
        raw = _read_frame(sql_frame(source.removeprefix("sql:")))
    elif isinstance(source, str) and source in {known.name for known in catalogue()}:
        table = find_table(source)
        path = locate(table)
        raw = parse_bytes(path.read_bytes(), table.name, path.suffix)
    elif isinstance(source, str | os.PathLike):
        raw = _read_file(os.fspath(source))
    elif isinstance(source, Runs):
        raw = source
    elif isinstance(source, Mapping):
        raw = raw_mapping(source, "frame")
    else:
        raw = _read_frame(source)
    if isinstance(raw, Runs):
        runs = raw if columns is None else _renamed(raw, columns)
        return runs if where is None else runs.where(where)
    if curves := exported(raw):
        raw, chosen, found = _rows_of(curves, raw.source, end, columns)
        columns = {**chosen, **(columns or {})}
    try:
        runs = _interpret(raw, table, columns or {}, where, convention)
    except DataError as error:
        if not found[1:]:
            raise
        raise DataError(f"{error}. Of these logs: {'; '.join(found[1:])}") from None
    runs = replace(runs, notes=(*runs.notes, *found[:1]))
    found = [*found[1:], *remarkable(runs)]
    for sentence in found:
        warnings.warn(f"{runs.source}: {sentence}", DataWarning, stacklevel=2)
    return replace(runs, notes=(*runs.notes, *gaps(runs), *found))


def _tracked(source: str) -> list[TrackedRun] | None:
    """The runs of a tracker's log; None where the source is anything else."""
    if source == "-" or source in {known.name for known in catalogue()}:
        return None
    return read_tracked(source) if tool_of(source) else None


def _rows_of(
    curves: list[TrackedRun], source: str, end: str, columns: Mapping[str, str] | None
) -> tuple[RawTable, dict[str, str], list[str]]:
    """One row a run, the columns that stand for loss and tokens, and notes: first the rule, then what was flagged."""
    table, chosen, notes = one_row_a_run(curves, end, columns)
    return raw_mapping(table, source), chosen, notes


def _read_file(path: str) -> RawTable | Runs:
    data = read_bytes(path, tuple(table.name for table in catalogue()))
    name = "standard input" if path == "-" else path
    return saved_runs(data, name) or parse_bytes(data, name, Path(path).suffix.lower())


def _read_frame(source: Any) -> RawTable:
    table = raw_frame(source, "frame")
    if table is None:
        raise DataError(
            f"{type(source).__name__} {str(source)[:60]!r} is no table of runs; give a path, a name of the catalogue, "
            f"a pandas, Polars or Arrow frame, or a mapping from names to columns"
        )
    return table


def _renamed(runs: Runs, columns: Mapping[str, str]) -> Runs:
    """Runs with columns chosen anew by their present names or headers; the others stay as they are."""
    headers = {column.source: column.name for column in runs.columns}
    chosen = {name: headers.get(header, header) if header not in runs else header for name, header in columns.items()}
    frame = {name: runs[name] for name in runs.names}
    taken, notes = recognise(runs.names, chosen, source=runs.source)
    raw = raw_mapping(frame, runs.source)
    data: dict[str, np.ndarray] = {}
    made: list[Column] = []
    for item in taken:
        before = runs.column(item.header)
        if item.header in chosen.values():
            data[item.name], column = values_of(raw, replace(item, scale=1.0), notes)
            made.append(replace(column, source=before.source))
        else:
            data[item.name] = runs[item.header]
            demoted = before.role in data or before.role in chosen
            made.append(replace(before, name=item.name, role="value" if demoted else before.role))
    refuse_bad(raw, taken, data, np.ones(len(runs), dtype=bool))
    return replace(runs, data=data, columns=tuple(made))


def _interpret(
    raw: RawTable, table: Table | None, columns: Mapping[str, str], where: str | None, convention: FlopConvention
) -> Runs:
    chosen = {**(table.columns if table else {}), **columns}
    taken, notes = recognise(list(raw.columns), chosen, table.plain if table else (), raw.source)
    data: dict[str, np.ndarray] = {}
    made: list[Column] = []
    for item in taken:
        values, column = values_of(raw, item, notes)
        data[column.name] = values
        made.append(replace(column, unit=table.units.get(item.name, column.unit)) if table else column)
    derive(data, made, notes, convention)
    rows = np.arange(1, len(next(iter(data.values()))) + 1)
    mask = np.ones(len(rows), dtype=bool)
    aliases = {column.source: column.name for column in made}
    for expression in (table.where if table else None, where):
        if expression is not None:
            mask &= select(expression, data, aliases)
            require_rows(mask, expression, raw.source, data)
            notes.append(f"kept {int(mask.sum())} of {len(mask)} rows by the filter {expression}")
    refuse_bad(raw, taken, data, mask)
    refuse_derived(raw.source, data, made, mask)
    if not any(column.role == "loss" for column in made):
        notes.append("no loss column: any column of numbers can be the target, and --column loss=HEADER names one")
    runs = Runs(data, tuple(made), raw.source, tuple(notes), rows)
    return runs if mask.all() else runs.take(mask)
