"""From raw cells to a column's values: numbers, labels or arrays, with a note on what was passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quantal.runs.arrays import array_of, looks_like_array, stacked
from quantal.runs.checks import refuse_cell
from quantal.runs.columns import Taken
from quantal.runs.frames import RawTable
from quantal.runs.numbers import is_gap, parse_column
from quantal.runs.table import MEASURES, SIZES, Column

if TYPE_CHECKING:
    import polars as pl


def values_of(raw: RawTable, item: Taken, notes: list[str]) -> tuple[np.ndarray, Column]:
    """The values of a column and what it was taken for; appends to ``notes``.

    In the column of a known role a cell that is no number becomes NaN, to be refused unless a filter drops its row.

    Raises:
        DataError: a column of arrays or accuracies holds something else.
    """
    cells = raw.columns[item.header]
    column = Column(item.name, item.header, item.role, item.unit)
    if isinstance(cells, list):
        return stacked(cells), Column(item.name, item.header, "array", item.unit)
    if not isinstance(cells, np.ndarray):
        if item.role == "value" and looks_like_array(next((cell for cell in cells if cell), None)):
            place = f"{raw.source}, row {{}}, column {item.header!r}"
            arrays = [array_of(cell, place.format(row)) for row, cell in enumerate(cells, 1)]
            return stacked(arrays), Column(item.name, item.header, "array", item.unit)
        values = parse_column(
            cells,
            magnitudes=item.role in SIZES,
            grouped=item.role not in ("loss", "accuracy"),
            decimal_comma=raw.decimal_comma,
        )
        if _is_label(raw, item, cells, values, notes):
            name = item.header if item.role in MEASURES else item.name
            return _labels(cells), Column(name, item.header, "label", "")
    else:
        values = cells
    if item.role not in MEASURES:
        values = np.where(np.isfinite(values), values, np.nan)
    if item.scale != 1.0:
        values = _scaled(values, item.scale)
        notes.append(f"{item.header!r} is multiplied by {item.scale:g}, as its header says")
    return values, column


def _is_label(raw: RawTable, item: Taken, cells: pl.Series, values: np.ndarray, notes: list[str]) -> bool:
    """Whether a text column is a label: it holds text, and it is not surely a measurement."""
    bad = np.isnan(values)
    if not bad.any():
        return False
    if item.role in MEASURES:
        return bool(bad.all()) and not item.sure
    text = bad & ~is_gap(cells)
    if bad.all() or not text.any():
        return bool(bad.all())
    first = int(np.argmax(text))
    if item.role == "accuracy":
        refuse_cell(raw, item, first)
    if text.sum() < len(text) / 2:
        notes.append(f"{item.header!r} is kept as labels: row {first + 1} holds {cells[first]!r}, which is no number")
    return True


def _labels(cells: pl.Series) -> np.ndarray:
    """Texts as an object array in which equal texts are one string."""
    seen: dict[str, str] = {}
    texts = cells.fill_null("").to_list()
    return np.array(list(map(seen.setdefault, texts, texts)), dtype=object)


def _scaled(values: np.ndarray, scale: float) -> np.ndarray:
    """``values`` times ``scale``, without the rounding error that would turn 0.07 B into 70000000.00000001."""
    scaled = values * scale
    whole = np.rint(scaled)
    return np.where(np.abs(scaled - whole) <= 1e-12 * np.abs(scaled), whole, scaled)
