"""Frames and mappings at the door: each column becomes numbers, texts or one array a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from quantal.errors import DataError
from quantal.runs.arrays import array_of

if TYPE_CHECKING:
    import polars as pl

RawColumn: TypeAlias = "np.ndarray | pl.Series | list[np.ndarray]"


@dataclass(frozen=True, eq=False)
class RawTable:
    """Columns before they are recognised: float64 (gap = NaN), a Polars string series, or a list of 1-D arrays."""

    columns: dict[str, RawColumn]
    source: str
    decimal_comma: bool = False
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if not lengths:
            raise DataError(f"{self.source}: no columns; a table of runs has one row a run and a header above")
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:12])
            raise DataError(f"{self.source}: columns of different lengths ({shown}); every run needs a cell in each")
        if not next(iter(lengths.values())):
            raise DataError(f"{self.source}: no data rows; a table of runs has one row a run below its header")


def raw_mapping(values: Mapping[Any, Any], source: str) -> RawTable:
    """A mapping from names to lists, NumPy arrays or series.

    Raises:
        DataError: lengths differ, a column is no sequence, or there is none.
    """
    columns = {str(name): raw_column(column, f"{source}, column {str(name)!r}") for name, column in values.items()}
    return RawTable(columns, source)


def raw_records(records: Sequence[Any], source: str) -> RawTable:
    """A list of mappings, one a row; a key that a row lacks is a gap there.

    Raises:
        DataError: a row is no mapping.
    """
    columns: dict[str, list[Any]] = {}
    for position, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise DataError(
                f"{source}, row {position + 1}: {str(record)[:60]!r} is no object with names; "
                f'write each run like {{"params": 7e9, "tokens": 1.4e12, "loss": 2.1}}'
            )
        for name, value in record.items():
            if name not in columns:
                columns[name] = [None] * position
            columns[name].append(value)
        if len(columns) != len(record):
            for cells in columns.values():
                if len(cells) == position:
                    cells.append(None)
    return raw_mapping(columns, source)


def raw_frame(frame: Any, source: str) -> RawTable | None:
    """A pandas, Polars, Arrow or any other frame that narwhals knows; None for what is no frame.

    Raises:
        DataError: the frame repeats a column name.
    """
    import narwhals as nw
    import polars as pl

    try:
        wrapped = nw.from_native(frame)
    except TypeError:
        return None
    except Exception as error:  # narwhals has no common base for "this frame is malformed"
        raise DataError(f"{source}: {error}; give each column a name of its own") from None
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    names = [str(name) for name in eager.columns]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{source}: the header {name!r} stands more than once; give each column its own")
    if eager.implementation.is_pyarrow():
        polars_frame: Any = pl.from_arrow(eager.to_native())
    elif eager.implementation.is_polars():
        polars_frame = eager.to_native()
    else:
        series = [eager[name] for name in eager.columns]
        return raw_mapping(
            {
                name: column.cast(nw.Float64).to_numpy() if column.dtype.is_numeric() else column.to_list()
                for name, column in zip(names, series, strict=True)
            },
            source,
        )
    return raw_mapping(dict(zip(names, polars_frame.get_columns(), strict=True)), source)


def raw_column(values: Any, place: str) -> RawColumn:
    """A column of any kind as float64 of shape (n,), a Polars string series or a list of arrays.

    Raises:
        DataError: it is no sequence, or holds what is neither number, text nor list of numbers.
    """
    import polars as pl

    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise DataError(f"{place}: {values!r} is no column; give one value a run, in a list or an array")
    if isinstance(values, pl.Series):
        return _raw_series(values, place)
    if hasattr(values, "__array__"):
        array = np.asarray(values)
        if array.ndim == 1 and array.dtype.kind in "iuf":
            return array.astype(float)
        if array.ndim not in (1, 2) or array.dtype.kind not in "iufbUO":
            raise DataError(f"{place}: an array of shape {array.shape} and type {array.dtype} is no column of runs")
        values = list(array) if array.ndim == 2 else array.tolist()
    return _raw_list(list(values), place)


def _raw_series(series: pl.Series, place: str) -> RawColumn:
    import polars as pl

    dtype = series.dtype
    if dtype.is_numeric():
        return series.cast(pl.Float64).to_numpy().astype(float)
    if dtype in (pl.List, pl.Array, pl.Object):
        return _raw_list(series.to_list(), place)
    if dtype == pl.Struct:
        raise DataError(f"{place}: each cell holds several named values; give each a column of its own")
    return series.cast(pl.String)


def _raw_list(values: list[Any], place: str) -> RawColumn:
    import polars as pl

    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        return np.array([_as_float(value) for value in values], dtype=float)
    if any(issubclass(kind, list | tuple | np.ndarray | pl.Series) for kind in kinds):
        base, _, column = place.partition(", column ")
        return [array_of(_plain(v), f"{base}, row {row}, column {column}") for row, v in enumerate(values, 1)]
    plain = [_plain(value) for value in values]
    if all(value is None or type(value) in (int, float) for value in plain):
        return np.array([np.nan if value is None else _as_float(value) for value in plain], dtype=float)
    return pl.Series([_text(value) for value in plain], dtype=pl.String)


def _plain(value: Any) -> Any:
    """NumPy scalars as Python's own; the several spellings of a missing value as None."""
    if isinstance(value, np.generic):
        return value.item()
    return None if type(value).__name__ in ("NAType", "NaTType") else value


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
