"""What is refused as no measurement, and what is kept with a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np

from quantal.errors import DataError
from quantal.runs.columns import Taken
from quantal.runs.frames import RawTable
from quantal.runs.table import MEASURES, SIZES, Column, Runs


def refuse_bad(raw: RawTable, taken: Sequence[Taken], data: Mapping[str, np.ndarray], mask: np.ndarray) -> None:
    """Raise DataError for the first row of ``mask`` in which a column of a known role holds no measurement."""
    first: tuple[int, Taken] | None = None
    for item in taken:
        values = data.get(item.name)
        if item.role not in MEASURES or values is None or values.dtype == object or values.ndim > 1:
            continue
        wrong = ~np.isfinite(values)
        if item.role in SIZES:
            wrong |= values < 0
        wrong &= mask
        if wrong.any() and (first is None or int(np.argmax(wrong)) < first[0]):
            first = int(np.argmax(wrong)), item
    if first is not None:
        refuse_cell(raw, first[1], first[0])


def refuse_cell(raw: RawTable, item: Taken, position: int) -> NoReturn:
    """Raise DataError for one cell, naming row, column and value, what is allowed, and what to do."""
    cells = raw.columns[item.header]
    text = str(cells[position]).strip()
    if cells[position] is None or (isinstance(cells, np.ndarray) and text == "nan"):
        shown = "a missing value"
    else:
        shown = repr(text if len(text) <= 40 else text[:37] + "...") if text else "an empty cell"
    size = item.role in SIZES
    why = "no size" if size and text.startswith("-") and any(c.isdigit() for c in text) else "no measurement"
    allowed = "a number from 0 up, like 7e9, 300e9, 7B or 1.4T" if size else "a finite number, like 0.71 or 3.21"
    name = item.name if item.name.isidentifier() else f"`{item.name}`"
    raise DataError(
        f"{raw.source}, row {position + 1}, column {item.header!r}: {shown} is {why}; {item.role} is {allowed}. "
        f"Mend the cell, or leave such rows out with --where '{name} > 0' (where=\"{name} > 0\" in Python)"
    )


def refuse_derived(source: str, data: Mapping[str, np.ndarray], columns: Sequence[Column], mask: np.ndarray) -> None:
    """Raise DataError for the first row of ``mask`` whose derived value is not finite."""
    for column in columns:
        wrong = ~np.isfinite(data[column.name]) & mask if column.derived else np.zeros(1, dtype=bool)
        if wrong.any():
            raise DataError(
                f"{source}, row {int(np.argmax(wrong)) + 1}: {column.name} = {column.derived} is not finite there; "
                f"leave the row out with a filter, or give a column of {column.name}"
            )


def gaps(runs: Runs) -> list[str]:
    """A sentence for each column of numbers that has none in some rows."""
    found = []
    for column in runs.columns:
        missing = np.flatnonzero(np.isnan(runs[column.name])) if column.role in ("value", "accuracy") else []
        if len(missing):
            rows = "1 row" if len(missing) == 1 else f"{len(missing)} rows"
            found.append(f"{column.name!r} has no number in {rows} (first row {int(runs.rows[missing[0]])})")
    return found


def remarkable(runs: Runs) -> list[str]:
    """Sentences on rows of size zero and on exact duplicates; both are kept, and both deserve a warning."""
    found = []
    for name in ("params", "tokens"):
        if name in runs and runs.column(name).role == name and runs.column(name).derived is None:
            zero = np.flatnonzero(runs[name] == 0)
            if len(zero):
                have = "1 row has" if len(zero) == 1 else f"{len(zero)} rows have"
                found.append(f"{have} {name} = 0, kept (first row {int(runs.rows[zero[0]])})")
    repeated = _repeats(runs)
    if len(repeated):
        repeat = "1 row repeats an earlier one" if len(repeated) == 1 else f"{len(repeated)} rows repeat earlier ones"
        found.append(f"{repeat} in every column, kept (first row {int(runs.rows[repeated[0]])})")
    return found


def _repeats(runs: Runs) -> np.ndarray:
    """Positions of the rows that repeat an earlier one in every column."""
    frame = runs.to_frame()
    if frame.hash_rows().n_unique() == len(runs):
        return np.empty(0, dtype=int)
    first = frame.with_row_index("row number").unique(frame.columns, keep="first")["row number"].to_numpy()
    return np.setdiff1d(np.arange(len(runs)), first)
