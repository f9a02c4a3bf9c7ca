"""CSV and its kin: the delimiter, quotes and decimal commas of spreadsheets; ragged rows are named."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from quantal.errors import DataError
from quantal.runs.frames import RawTable
from quantal.runs.numbers import DECIMAL_COMMA, DECIMAL_POINT, NUMBER, NUMBER_LIKE

if TYPE_CHECKING:
    import polars as pl

CHUNK = 1 << 23
MAX_HEADER_BYTES = 1 << 20
MAX_COLUMNS = 10_000
DELIMITERS = ("\t", ";", ",")


def read_delimited(data: bytes, source: str) -> RawTable:
    """Read the bytes of a CSV, TSV or semicolon file whose first line is the header.

    Raises:
        DataError: it is empty, not UTF-8, ragged, has no header or an ambiguous number format.
    """
    import polars as pl

    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    data = data.lstrip(b"\r\n")
    if not data.strip():
        raise DataError(f"{source}: the file is empty; a table of runs has a header and one row a run")
    data = _without_blank_lines(data)
    names, delimiter = _header(data, source)
    _check_rows(data, delimiter, len(names), source)
    if data.count(b"\n") <= 1 and not data.partition(b"\n")[2].strip():
        raise DataError(f"{source}: no data rows; a table of runs has one row a run below its header")
    try:
        frame = pl.read_csv(data, separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        _check_text(data, source)
        raise DataError(f"{source}: no table that can be read ({str(error).splitlines()[0]})") from None
    columns: dict[str, pl.Series] = dict(zip(names, frame.get_columns(), strict=True))
    commas_possible = delimiter != "," or b'"' in data
    commas = commas_possible and _decimal_commas(columns, delimiter, source)
    return RawTable(dict(columns), source, commas)


def _check_text(data: bytes, source: str) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}, line {line}: byte 0x{data[error.start]:02x} is no UTF-8 text; save the file as UTF-8"
        ) from None


def _without_blank_lines(data: bytes) -> bytes:
    if b'"' in data or (b"\n\n" not in data and b"\n\r\n" not in data):
        return data if data.endswith(b"\n") and not data.endswith(b"\n\n") else data.rstrip(b"\r\n") + b"\n"
    return b"".join(line + b"\n" for line in data.split(b"\n") if line.strip())


def _header(data: bytes, source: str) -> tuple[list[str], str]:
    line, _, _ = data.partition(b"\n")
    if len(line) > MAX_HEADER_BYTES:
        raise DataError(f"{source}: the first line is {len(line):,} bytes long, which is no header of column names")
    _check_text(line, source)
    text = line.decode().rstrip("\r")
    delimiter = max(DELIMITERS, key=lambda mark: _count_outside_quotes(text, mark))
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        raise DataError(f"{source}: the header line {text[:60]!r} has a quote that is never closed") from None
    names = [cell.strip() or f"column_{position}" for position, cell in enumerate(cells, 1)]
    if len(names) > MAX_COLUMNS:
        raise DataError(f"{source}: {len(names):,} columns; at most {MAX_COLUMNS:,} are read, one row a run")
    if all(_is_number(name) for name in names):
        raise DataError(
            f"{source}: the first line {text[:60]!r} holds numbers where column names should stand; "
            f"write a header above, like params{delimiter}tokens{delimiter}loss"
        )
    first: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if name in first:
            raise DataError(
                f"{source}: the header {name!r} stands twice (columns {first[name]} and {position}); "
                f"give each column a name of its own"
            )
        first[name] = position
    return names, delimiter


def _count_outside_quotes(text: str, mark: str) -> int:
    return sum(part.count(mark) for part in text.split('"')[::2])


def _is_number(text: str) -> bool:
    import re

    return re.match(NUMBER, text) is not None and any(letter.isdigit() for letter in text)


def _check_rows(data: bytes, delimiter: str, expected: int, source: str) -> None:
    """Raise DataError for the first row whose number of cells is not the header's (ends in quotes do not count)."""
    quotes = b'"' in data
    marks, newlines, inside, seen = [], [], np.uint8(0), 0
    for start in range(0, len(data), CHUNK):
        bytes_here = np.frombuffer(data, dtype=np.uint8, count=min(CHUNK, len(data) - start), offset=start)
        is_mark = bytes_here == ord(delimiter)
        is_newline = bytes_here == ord("\n")
        if quotes:
            quoted = np.bitwise_xor.accumulate((bytes_here == ord('"')).view(np.uint8)) ^ inside
            inside = quoted[-1]
            is_mark &= quoted == 0
            is_newline &= quoted == 0
        ends = np.flatnonzero(is_newline)
        positions = np.flatnonzero(is_mark)
        marks.append(np.searchsorted(positions, ends) + seen)
        newlines.append(ends + start)
        seen += len(positions)
    counts = np.diff(np.concatenate([[0], *marks])) + 1
    ends = np.concatenate(newlines)
    wrong = np.flatnonzero(counts != expected)
    if inside:
        raise DataError(
            f"{source}, after row {len(ends) - 1}: a quote is opened and never closed; write a quote inside a cell twice"
        )
    if len(wrong):
        row = int(wrong[0])
        start = int(ends[row - 1]) + 1 if row else 0
        line = data[start : int(ends[row])].decode(errors="replace").strip("\r")
        shown = line if len(line) <= 60 else line[:57] + "..."
        cells = "cell" if counts[row] == 1 else "cells"
        raise DataError(
            f"{source}, row {row}: {counts[row]} {cells} where the header has {expected} ({shown!r}); "
            f"give every row {expected}, empty ones included"
        )


def _decimal_commas(columns: dict[str, pl.Series], delimiter: str, source: str) -> bool:
    """Whether numbers are written 3,21. In a semicolon file an undecided 1,234 counts as one."""
    commas: str | None = None
    points: str | None = None
    undecided = False
    for name, column in columns.items():
        if not column.str.contains("[.,]").any():
            continue
        text = column.str.strip_chars()
        if not text.drop_nulls().str.contains(NUMBER_LIKE + "|^$").all():
            continue
        commas = commas or _first(text, DECIMAL_COMMA, name)
        points = points or _first(text, DECIMAL_POINT, name)
        undecided = undecided or bool(text.str.contains(",", literal=True).any())
    if commas and points:
        raise DataError(
            f"{source}: {commas} has a decimal comma and {points} a decimal point; write all numbers one way"
        )
    return bool(commas) or (undecided and delimiter == ";" and not points)


def _first(text: pl.Series, pattern: str, name: str) -> str | None:
    found = np.flatnonzero(text.str.contains(pattern).fill_null(False).to_numpy())
    return f"{text[int(found[0])]!r} (row {int(found[0]) + 1}, column {name!r})" if len(found) else None
