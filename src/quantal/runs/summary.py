"""Runs in words: what was read, and what each column was taken for."""

from __future__ import annotations

import numpy as np

from quantal.runs.table import MEASURES, Column, Runs


def one_line(runs: Runs) -> str:
    """The repr: source, number of rows, and the range of each known role."""
    known = [column for column in runs.columns if column.role in MEASURES]
    shown = [f"{column.name} {extent(runs, column)}" for column in known]
    others = [column.name for column in runs.columns if column not in known]
    more = [f"also {', '.join(others[:6])}{', ...' if len(others) > 6 else ''}"] if others else []
    return f"Runs({runs.source}, {len(runs)} rows: {'; '.join([*shown, *more])})"


def summary(runs: Runs) -> str:
    """A table of the columns, then the notes."""
    header = ("column", "taken for", "range", "unit", "from")
    body = [(column.name, column.role, extent(runs, column), column.unit, origin(column)) for column in runs.columns]
    widths = [max(len(row[index]) for row in [header, *body]) for index in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *body]]
    notes = [f"note: {note}" for note in runs.notes]
    return "\n".join([f"{runs.source}: {len(runs)} rows", *(line.rstrip() for line in lines), *notes])


def origin(column: Column) -> str:
    """The header that a column was read from, or the formula that it was derived by."""
    return f"derived: {column.derived}" if column.derived else column.source


def extent(runs: Runs, column: Column) -> str:
    """The range of a column of numbers, the count of different labels, or the lengths of arrays."""
    values = runs[column.name]
    if column.role == "array":
        lengths = sorted({len(row) for row in values})
        return f"arrays of {lengths[0]}" if len(lengths) == 1 else f"arrays of {lengths[0]} to {lengths[-1]}"
    if column.role == "label":
        count = len(set(values.tolist()))
        return f"{count} different" if count > 1 else f"all {values[0]!r}"
    known = values[np.isfinite(values)]
    if not len(known):
        return "no number"
    low, high = float(known.min()), float(known.max())
    gaps = f", {len(values) - len(known)} missing" if len(known) < len(values) else ""
    return (f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}") + gaps
