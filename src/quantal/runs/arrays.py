"""Cells that hold a whole array: a learning-rate schedule, a loss curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from quantal.errors import DataError


def array_of(cell: Any, place: str) -> np.ndarray:
    """One cell as a 1-D float64 array; ``place`` names the cell in the message.

    Raises:
        DataError: the cell is no list of finite numbers, or an empty one.
    """
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError:
            raise DataError(f"{place}: {_short(cell)} is no list; write one like [1, 2.5, 3]") from None
    try:
        array = np.array(cell, dtype=float)
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
    if array.ndim != 1 or not array.size:
        raise DataError(f"{place}: {_short(cell)} is no list of numbers; the others of this column are")
    if not np.isfinite(array).all():
        position = int(np.argmin(np.isfinite(array)))
        raise DataError(f"{place}, position {position + 1} of its list: {cell[position]!r} is no finite number")
    return array


def stacked(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays of equal length T as float64 of shape (n, T); otherwise an object array of shape (n,)."""
    if len({len(array) for array in arrays}) == 1:
        return np.stack(arrays)
    ragged = np.empty(len(arrays), dtype=object)
    for position, array in enumerate(arrays):
        ragged[position] = array
    return ragged


def looks_like_array(cell: Any) -> bool:
    """Whether a text is written as a JSON list."""
    return isinstance(cell, str) and cell.lstrip().startswith("[") and cell.rstrip().endswith("]")


def _short(cell: Any) -> str:
    text = repr(cell)
    return text if len(text) <= 60 else text[:57] + "..."
