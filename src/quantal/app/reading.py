"""Reading an upload, in a worker process: how large it is comes first, then what it holds."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from quantal.errors import DataError
from quantal.runs import Runs, read_runs

NOT_FOR_NAMES = re.compile(r"[^A-Za-z0-9._ ()+=-]+")


def read_upload(
    data: bytes, name: str, take: Mapping[str, str], most: tuple[int, int, int], progress: Any = None
) -> Runs:
    """The runs in the bytes of a file, with at most so many rows, columns and cells.

    The bytes are written to a folder of their own under a name that keeps only what tells the format.

    Raises:
        DataError: the file holds no runs, or too much.
    """
    if not data:
        raise DataError(f"{name}: the file is empty; give a table of runs with a header")
    _check_size(data, name, most)
    with tempfile.TemporaryDirectory(prefix="quantal-") as folder:
        path = Path(folder) / safe_name(name)
        path.write_bytes(data)
        try:
            runs = read_runs(str(path), columns=dict(take) if take else None)
        except DataError as error:
            raise DataError(str(error).replace(str(path), name).replace(folder, "")) from None
    _refuse_too_much(name, len(runs), len(runs.names), most)
    notes = tuple(note.replace(str(path), name) for note in runs.notes)
    return replace(runs, source=name, notes=notes)


def safe_name(name: str) -> str:
    """A file name that cannot leave its folder, with the ending of the one given.

    >>> safe_name("../../etc/pass wd.csv"), safe_name(".."), safe_name("metrics.csv")
    ('pass wd.csv', 'runs', 'metrics.csv')
    """
    last = re.split(r"[/\\]", name)[-1]
    return NOT_FOR_NAMES.sub("_", last).lstrip(". ")[-100:] or "runs"


def _check_size(data: bytes, name: str, most: tuple[int, int, int]) -> None:
    """Refuse by what the file says of its own size, before anything of it is unpacked."""
    if data[:4] == b"PAR1":
        import polars as pl

        try:
            frame = pl.scan_parquet(io.BytesIO(data))
            wide, long = len(frame.collect_schema()), int(frame.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"{name}: a damaged Parquet file ({str(error).splitlines()[0]}); write it anew") from None
        _refuse_too_much(name, long, wide, most)
    elif not (name.lower().endswith((".json", ".db", ".sqlite", ".wandb")) or b"\0" in data[:65536]):
        head = data.partition(b"\n")[0]
        _refuse_too_much(name, max(0, data.count(b"\n") - 1), 1 + max(head.count(one) for one in b",;\t"), most)


def _refuse_too_much(name: str, long: int, wide: int, most: tuple[int, int, int]) -> None:
    rows, columns, cells = most
    if long <= rows and wide <= columns and long * wide <= cells:
        return
    given = (
        f"{long:,} rows"
        if long > rows
        else f"{wide:,} columns"
        if wide > columns
        else f"{long:,} rows of {wide} columns"
    )
    raise DataError(
        f"{name}: {given}, and this page takes at most {rows:,} rows, {columns} columns and {cells:,} cells; leave out what no "
        "law needs, or use the command line, which reads tables of any size: quantal fit FILE"
    )
