"""Runs on disk and as plain data: JSON and Parquet keep everything, CSV and JSON lines the values alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quantal.errors import DataError, InputError
from quantal.runs.arrays import stacked
from quantal.runs.readers import read_bytes
from quantal.runs.table import Column, Runs

if TYPE_CHECKING:
    import polars as pl

SCHEMA = "quantal.runs/1"

_SUFFIXES = (".csv", ".jsonl", ".json", ".tex", ".parquet")


def to_frame(runs: Runs) -> pl.DataFrame:
    """The table as a Polars frame; gaps become null, arrays become lists."""
    import polars as pl

    series = []
    for name in runs.names:
        values = runs[name]
        role = runs.column(name).role
        if role == "array":
            series.append(pl.Series(name, [list(map(float, row)) for row in values], dtype=pl.List(pl.Float64)))
        elif role == "label":
            series.append(pl.Series(name, values.tolist(), dtype=pl.String))
        else:
            series.append(pl.Series(name, values, nan_to_null=True))
    return pl.DataFrame(series)


def to_dict(runs: Runs) -> dict[str, Any]:
    """Plain data; a gap is None."""
    return {
        "schema": SCHEMA,
        "source": runs.source,
        "notes": list(runs.notes),
        "rows": runs.rows.tolist(),
        "columns": [asdict(column) for column in runs.columns],
        "data": {name: to_frame(runs)[name].to_list() for name in runs.names},
    }


def from_dict(data: Mapping[str, Any]) -> Runs:
    """The inverse of `to_dict`; raises DataError for anything else."""
    if data.get("schema") != SCHEMA:
        raise DataError(f"schema {data.get('schema')!r} is not {SCHEMA!r}; save the runs with this version of quantal")
    try:
        columns = tuple(Column(**column) for column in data["columns"])
        arrays = {column.name: _values(data["data"][column.name], column.role) for column in columns}
        rows = np.array(data["rows"], dtype=np.int64)
        return Runs(arrays, columns, str(data["source"]), tuple(map(str, data["notes"])), rows)
    except DataError:
        raise
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        raise DataError(f"runs saved as {SCHEMA} are damaged ({error}); save them anew") from None


def _values(cells: list[Any], role: str) -> np.ndarray:
    if role == "array":
        return stacked([np.array(cell, dtype=float) for cell in cells])
    if role == "label":
        return np.array([str(cell) for cell in cells], dtype=object)
    return np.array([np.nan if cell is None else float(cell) for cell in cells])


def save(runs: Runs, path: str | os.PathLike[str]) -> None:
    """Write by suffix, whole or not at all."""
    check_name(path)
    place = Path(path)
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": lambda file: _flat(runs).write_csv(file),
        ".jsonl": lambda file: to_frame(runs).write_ndjson(file),
        ".json": lambda file: file.write_text(json.dumps(to_dict(runs), allow_nan=False), encoding="utf-8"),
        ".tex": lambda file: file.write_text(latex(runs), encoding="utf-8"),
        ".parquet": lambda file: to_frame(runs).write_parquet(file, metadata={"quantal": _about(runs)}),
    }
    write_whole(place, writers[place.suffix.lower()])


def check_name(path: str | os.PathLike[str]) -> None:
    """Refuse a place where runs cannot be saved, before hours of work for them.

    Raises:
        InputError: the suffix is none of those that `Runs.save` knows, or there is no such folder.
    """
    place = Path(path)
    if place.suffix.lower() not in _SUFFIXES:
        raise InputError(f"cannot save runs as {place.name!r}; the name ends in {', '.join(_SUFFIXES)}")
    check_folder(place)


def latex(runs: Runs) -> str:
    r"""The table as a LaTeX tabular with booktabs rules; arrays are left out, numbers have four digits.

    >>> print(latex(Runs.from_columns({"params": [1e6], "a_b": ["50 %"]}, source="x")).splitlines()[3])
    1e+06 & 50 \% \\
    """
    names = [column.name for column in runs.columns if column.role != "array"]
    lines = [rf"\begin{{tabular}}{{{'l' * len(names)}}}", r"\toprule"]
    lines += [" & ".join(_tex(name) for name in names) + r" \\ \midrule"]
    for row in to_frame(runs).select(names).iter_rows():
        lines.append(
            " & ".join("" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else _tex(cell) for cell in row)
            + r" \\"
        )
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _tex(text: str) -> str:
    """A label with LaTeX's special characters escaped."""
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return "".join(special.get(sign, "\\" + sign if sign in "&%$#_{}" else sign) for sign in text)


def check_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there.

    Raises:
        InputError: there is no such folder.
    """
    if not path.parent.is_dir():
        raise InputError(
            f"{str(path)!r} cannot be written: there is no folder {str(path.parent)!r}; make it, or choose another place"
        )


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder, and those above it, unless it is there.

    Raises:
        InputError: a file has that name, or it cannot be made.
    """
    place = Path(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{str(place)!r} is a file, and a folder is needed there; choose another place") from None
    except OSError as error:
        raise InputError(f"the folder {str(place)!r} cannot be made: {error.strerror}; choose another place") from None
    return place


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path`` and move it there when it is complete.

    Raises:
        InputError: the folder is missing or cannot be written to.
    """
    check_folder(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(beside)
        os.replace(beside, path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror or error}; choose another place") from None
    finally:
        beside.unlink(missing_ok=True)


def _flat(runs: Runs) -> pl.DataFrame:
    """The frame with arrays written as JSON lists, for CSV."""
    import polars as pl

    frame = to_frame(runs)
    lists = [name for name in runs.names if runs.column(name).role == "array"]
    texts = [pl.Series(name, [json.dumps(cell) for cell in frame[name].to_list()], dtype=pl.String) for name in lists]
    return frame.with_columns(texts)


def _about(runs: Runs) -> str:
    about = {key: value for key, value in to_dict(runs.take(np.arange(1))).items() if key not in ("data", "rows")}
    return json.dumps({**about, "rows": runs.rows.tolist()})


def load(path: str | os.PathLike[str]) -> Runs:
    """The runs that `save` wrote."""
    runs = saved_runs(read_bytes(os.fspath(path)), os.fspath(path))
    if runs is None:
        from quantal.runs.reading import read_runs

        return read_runs(path)
    return runs


def saved_runs(data: bytes, source: str) -> Runs | None:
    """The runs in bytes that `save` wrote as JSON or Parquet; None for any other content."""
    if data[:4] == b"PAR1":
        return _from_parquet(data)
    if data[:1] != b"{" or b'"quantal.runs/' not in data[:200]:
        return None
    try:
        content = json.loads(data)
    except ValueError as error:
        raise DataError(f"{source}: saved runs that are no valid JSON ({error}); save them anew") from None
    return from_dict(content)


def _from_parquet(data: bytes) -> Runs | None:
    import polars as pl

    try:
        about = pl.read_parquet_metadata(data).get("quantal")
    except (pl.exceptions.PolarsError, OSError):
        return None
    if about is None:
        return None
    frame = pl.read_parquet(data)
    return from_dict({**json.loads(about), "data": {name: frame[name].to_list() for name in frame.columns}})
