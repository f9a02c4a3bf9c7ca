"""TrackedRun: one run of a tracker with all points of its curves, before an end-point rule makes one row of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Points(NamedTuple):
    """Points of a curve: steps (n,) in rising order and values (n,), which may be NaN where the run diverged."""

    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class TrackedRun:
    """A run as its tracker kept it.

    ``config`` are its settings by flat name (``optimizer.lr``), ``metrics`` its curves by the tracker's own key;
    ``status`` is the tracker's word for how it ended (finished, running, crashed, killed, failed) or None;
    ``sampled`` says that the source holds only some of the points.
    """

    name: str
    tool: str
    config: Mapping[str, float | str]
    metrics: Mapping[str, Points]
    status: str | None = None
    sampled: bool = False
    notes: tuple[str, ...] = field(default=())


def points(pairs: Iterable[tuple[float, float]]) -> Points:
    """Points from (step, value) pairs in the order they were written: sorted by step, of equal steps the last one counts.

    >>> points([(0, 3.0), (2, 2.0), (1, 2.5), (2, 1.9)]).values.tolist()
    [3.0, 2.5, 1.9]
    """
    last = dict(pairs)
    steps = np.array(sorted(last), dtype=float)
    return Points(steps, np.array([last[step] for step in steps], dtype=float))


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, float | str]:
    """Settings with nested names joined by a dot; numbers and texts are kept, lists become JSON.

    >>> flat({"optimizer": {"lr": 1e-3}, "name": "a", "fp16": True})
    {'optimizer.lr': 0.001, 'name': 'a', 'fp16': 'true'}
    """
    out: dict[str, float | str] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            out |= flat(value, f"{name}.")
        elif isinstance(value, bool):
            out[name] = str(value).lower()
        elif isinstance(value, int | float):
            out[name] = float(value)
        elif isinstance(value, str):
            out[name] = number_or_text(value)
        elif value is not None:
            out[name] = json.dumps(value, default=str)
    return out


def number_or_text(text: str) -> float | str:
    """A setting written as text: the number that it is, or itself."""
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def numbers_of(cells: Any) -> np.ndarray | None:
    """Cells as numbers, gaps and 'nan' as NaN; None where a cell is text."""
    if isinstance(cells, np.ndarray):
        return cells
    out = []
    for cell in cells:
        try:
            out.append(math.nan if cell is None or not str(cell).strip() else float(str(cell)))
        except ValueError:
            return None
    return np.array(out)
