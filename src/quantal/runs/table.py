"""Runs: a table of measurements, one row a trained model or checkpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from quantal.errors import DataError, InputError, did_you_mean
from quantal.runs.arrays import stacked
from quantal.runs.where import select

if TYPE_CHECKING:
    import polars as pl

SIZES = ("params", "tokens", "compute", "steps", "batch_size")
MEASURES = (*SIZES, "loss")
ROLES = (*MEASURES, "accuracy", "value", "label", "array")


@dataclass(frozen=True)
class Column:
    """What a column was taken for: its name in quantal, its header in the file, its role and its unit.

    ``derived`` is the formula of a column that was computed from others and None for one that was read.
    """

    name: str
    source: str
    role: str
    unit: str
    derived: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"role {self.role!r} of column {self.name!r} is unknown. {did_you_mean(self.role, ROLES)}")


@dataclass(frozen=True, eq=False)
class Runs:
    """A table of measurements with units and roles; its arrays cannot be written to.

    ``data`` maps each name to float64 of shape (n,), to an object array of str (labels), or, in an "array" column, to
    float64 of shape (n, T) or an object array of 1-D float64 arrays. ``rows`` holds the row numbers of the source.

    >>> runs = Runs.from_columns({"params": [1e6, 2e6], "loss": [3.0, 2.5]}, source="two runs")
    >>> len(runs), "loss" in runs, runs["loss"].max()
    (2, True, np.float64(3.0))
    """

    data: Mapping[str, np.ndarray]
    columns: tuple[Column, ...]
    source: str
    notes: tuple[str, ...] = ()
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if sorted(names) != sorted(self.data) or len(set(names)) != len(names):
            raise InputError(f"columns {names} and data {list(self.data)} must have the same names, each once")
        lengths = {len(values) for values in self.data.values()}
        if len(lengths) != 1 or 0 in lengths:
            raise DataError(f"{self.source}: columns of {sorted(lengths)} rows; all must have the same, at least 1")
        rows = np.asarray(self.rows, dtype=np.int64)
        if not len(rows):
            rows = np.arange(1, lengths.pop() + 1)
        elif len(rows) not in lengths:
            raise InputError(f"{len(rows)} row numbers for {lengths.pop()} rows; give one a row")
        object.__setattr__(self, "data", MappingProxyType({name: _frozen(self.data[name]) for name in names}))
        object.__setattr__(self, "rows", _frozen(rows))

    @classmethod
    def from_columns(
        cls, values: Mapping[str, Any], *, source: str = "frame", units: Mapping[str, str] | None = None
    ) -> Runs:
        """Runs from named columns as they are: a name that is a role has that role, nothing is recognised or derived.

        Raises:
            DataError: a column of a known role holds what is no measurement.
        """
        made = [
            _checked_column(source, name, column, name if name in MEASURES else "value", (units or {}).get(name))
            for name, column in values.items()
        ]
        if not made:
            raise DataError(f"{source}: no columns; give at least one")
        return cls({column.name: data for data, column in made}, tuple(column for _, column in made), source)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: object) -> bool:
        return name in self.data

    def __getitem__(self, name: str) -> np.ndarray:
        self._require(name)
        return self.data[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return Runs, (dict(self.data), self.columns, self.source, self.notes, self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """What the column was taken for.

        Raises:
            DataError: there is no such column.
        """
        self._require(name)
        return next(column for column in self.columns if column.name == name)

    def _require(self, name: str) -> None:
        if name not in self.data:
            raise DataError(f"{self.source}: there is no column {name!r}. {did_you_mean(str(name), self.names)}")

    def _numbers(self, name: str, purpose: str) -> np.ndarray:
        if self.column(name).role in ("label", "array"):
            raise DataError(
                f"{self.source}: column {name!r} holds {self.column(name).role}s and cannot be {purpose}; "
                f"name a column of numbers"
            )
        return self[name]

    def where(self, expression: str) -> Runs:
        """The rows that satisfy a filter such as ``params > 1e8 and dataset == "c4"``.

        Raises:
            InputError: the filter is ill-formed or names an unknown column.
            DataError: no row satisfies it.
        """
        aliases = {column.source: column.name for column in self.columns}
        mask = select(expression, self.data, aliases)
        require_rows(mask, expression, self.source, self.data)
        return self.take(mask)

    def take(self, index_or_mask: ArrayLike) -> Runs:
        """The rows of a boolean mask of shape (n,), or of integer positions (from 0, repeats allowed).

        Raises:
            InputError: the mask has another length, or a position is out of range.
            DataError: no row is left.
        """
        index = np.asarray(index_or_mask)
        if index.dtype == bool:
            if index.shape != (len(self),):
                raise InputError(f"a mask of shape {index.shape}; give one value a row, shape ({len(self)},)")
            index = np.flatnonzero(index)
        if index.ndim != 1 or (index.size and not np.issubdtype(index.dtype, np.integer)):
            raise InputError(f"positions {index_or_mask!r} are no whole numbers in a row; give a 1-D array of them")
        if not index.size:
            raise DataError(f"{self.source}: no row is left; choose at least one of the {len(self)}")
        if index.min() < -len(self) or index.max() >= len(self):
            wrong = index.max() if index.max() >= len(self) else index.min()
            raise InputError(f"position {wrong} is out of range; {len(self)} rows go from 0 to {len(self) - 1}")
        data = {name: values[index] for name, values in self.data.items()}
        ragged = [column.name for column in self.columns if column.role == "array" and data[column.name].ndim == 1]
        data.update({name: stacked(list(data[name])) for name in ragged})
        return replace(self, data=data, rows=self.rows[index])

    def group_by(self, label: str) -> dict[str, Runs]:
        """Runs by the values of a column, in order of first appearance; numbers are keyed by their shortest text.

        Raises:
            DataError: there is no such column, or it holds arrays.
        """
        values = self[label]
        if self.column(label).role == "array":
            raise DataError(f"{self.source}: column {label!r} holds arrays and cannot group rows; name a label")
        groups: dict[str, list[int]] = {}
        for position, value in enumerate(values.tolist()):
            key = value if isinstance(value, str) else f"{value:.0f}" if value == round(value, 0) else repr(value)
            groups.setdefault(key, []).append(position)
        return {key: self.take(np.array(index)) for key, index in groups.items()}

    def drop_highest(self, k: int, column: str = "loss") -> Runs:
        """Without the ``k`` rows of the highest value in ``column``; of equal values the earlier row goes first.

        Raises:
            InputError: ``k`` is negative, no whole number, or leaves no row.
            DataError: there is no such column of numbers.
        """
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 0 <= k < len(self):
            raise InputError(f"cannot drop {k!r} of {len(self)} rows; k is a whole number from 0 to {len(self) - 1}")
        values = self._numbers(column, "ranked")
        if np.isnan(values).any():
            raise DataError(f"{self.source}: column {column!r} has gaps and cannot be ranked; filter them out first")
        if k == 0:
            return self
        highest = np.argsort(-values, kind="stable")[:k]
        kept = np.delete(np.arange(len(self)), highest)
        dropped = ", ".join(str(row) for row in np.sort(self.rows[highest])[:10]) + (", ..." if k > 10 else "")
        runs = self.take(kept)
        note = f"dropped the {k} rows of the highest {column} (row {dropped})"
        return replace(runs, notes=(*runs.notes, note))

    def with_column(self, name: str, values: Any, role: str = "value", unit: str = "") -> Runs:
        """With one more column (or one replaced): numbers or texts of shape (n,), or one 1-D array a row.

        Raises:
            DataError: the values are of another length, or no measurements for that role.
        """
        data, column = _checked_column(self.source, name, values, role, unit)
        if len(data) != len(self):
            raise DataError(
                f"{self.source}: column {name!r} has {len(data)} values; give one for each of {len(self)} rows"
            )
        columns = tuple(kept for kept in self.columns if kept.name != name)
        return replace(self, data={**self.data, name: data}, columns=(*columns, column))

    def to_frame(self) -> pl.DataFrame:
        """The table as a Polars frame; gaps become null."""
        from quantal.runs.storage import to_frame

        return to_frame(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with everything that `from_dict` needs."""
        from quantal.runs.storage import to_dict

        return to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Runs:
        """The inverse of `to_dict`.

        Raises:
            DataError: the data are not what `to_dict` writes.
        """
        from quantal.runs.storage import from_dict

        return from_dict(data)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write .json or .parquet (with units, roles and notes), or .csv, .jsonl or .tex (the values alone).

        The file appears whole or not at all.

        Raises:
            InputError: the suffix is another one.
        """
        from quantal.runs.storage import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Runs:
        """The runs that `save` wrote; a .csv or .jsonl is read as any file of runs is.

        Raises:
            DataError: the file is missing or holds something else.
        """
        from quantal.runs.storage import load

        return load(path)

    def summary(self) -> str:
        """What was read, as text: rows, and for each column its role, range, unit and header."""
        from quantal.runs.summary import summary

        return summary(self)

    def __repr__(self) -> str:
        from quantal.runs.summary import one_line

        return one_line(self)


def default_unit(role: str) -> str:
    """The unit that a role has unless a table says otherwise."""
    return {
        "params": "parameters",
        "tokens": "tokens",
        "compute": "FLOPs",
        "steps": "steps",
        "loss": "nats per token",
    }.get(role, "")


def require_rows(mask: np.ndarray, expression: str, source: str, data: Mapping[str, np.ndarray]) -> None:
    """Raise DataError where a filter leaves no row, saying which ranges there are."""
    if mask.any():
        return
    ranges = [
        f"{name} goes from {np.nanmin(values):.4g} to {np.nanmax(values):.4g}"
        for name, values in data.items()
        if name in expression and values.dtype != object and values.ndim == 1 and np.isfinite(values).any()
    ]
    known = f" ({'; '.join(ranges)})" if ranges else ""
    raise DataError(f"{source}: none of {len(mask)} rows satisfies where {expression!r}{known}; widen the filter")


def _frozen(values: np.ndarray) -> np.ndarray:
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view


def _checked_column(source: str, name: str, values: Any, role: str, unit: str | None) -> tuple[np.ndarray, Column]:
    from quantal.runs.frames import raw_column

    unit = default_unit(role) if unit is None else unit

    raw = raw_column(values, f"{source}, column {name!r}")
    numeric = isinstance(raw, np.ndarray)
    if isinstance(raw, list):
        return stacked(raw), Column(name, name, "array", unit)
    if not numeric:
        if role not in ("value", "label"):
            raise DataError(f"{source}: column {name!r} holds text, and {role} is a number; give numbers")
        return np.array(raw.fill_null("").to_list(), dtype=object), Column(name, name, "label", unit)
    wrong = ~np.isfinite(raw) if role in MEASURES else np.isinf(raw)
    if role in SIZES:
        wrong |= raw < 0
    if wrong.any():
        first = int(np.argmax(wrong))
        value = float(raw[first])
        allowed = "from 0 up" if role in SIZES else "that is finite"
        raise DataError(f"{source}, row {first + 1}, column {name!r}: {value!r} is no {role}; give a number {allowed}")
    return np.array(raw), Column(name, name, role, unit)
