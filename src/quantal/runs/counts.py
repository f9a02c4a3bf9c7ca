"""read_counts(file) -> how often each item occurs: a table's count column, a column of numbers, or the words of a text."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from quantal.errors import DataError, did_you_mean
from quantal.runs.readers import NOT_TABLES, parse_bytes, read_bytes

BLOCK = 1 << 22
_PROBE = 1 << 16
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class Counts:
    """Counts as they are read: `kind` is "table", "numbers" or "words", `chunks` an iterator of arrays of whole numbers."""

    source: str
    kind: str
    chunks: Iterator[NDArray[np.int64]]


def read_counts(path: str | Path, column: str = "count") -> Counts:
    """Counts, one an item, from a file or standard input ("-"), in bounded memory.

    A table (CSV, TSV, Parquet, JSON lines) with a column `count`, one row an item; a column of numbers without header; or any
    other text, whose words are counted (letters, without case, apostrophes within).

    Args:
        column: the table's column instead of count; a table is then required.

    Raises:
        DataError: the file is missing, empty or binary, the column is missing, or a cell holds no whole number >= 0; the
            last is raised while `chunks` is read, and names file, row, column and value.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "words.txt"
    >>> _ = path.write_text("the cat and the dog and the bird")
    >>> found = read_counts(path)
    >>> found.kind, sorted(np.concatenate(list(found.chunks)).tolist())
    ('words', [1, 1, 1, 2, 3])
    """
    source = "standard input" if str(path) == "-" else str(path)
    head = _head(path)
    _check_head(head, source)
    suffix = Path(str(path)).suffix.lower()
    if head[:4] == b"PAR1" or suffix in (".json", ".jsonl", ".ndjson"):
        data = head + sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path)
        table = parse_bytes(data, source, suffix)
        if column not in table.columns:
            raise _no_column(source, column, list(table.columns))
        return Counts(source, "table", iter([_whole(list(table.columns[column]), source, 2, column)]))
    lines = [line.strip() for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(head) == _PROBE and len(lines) > 1:
        lines = lines[:-1]
    cells, delimiter = _split(lines[0])
    names = [cell.strip().strip('"').casefold() for cell in cells]
    if column.casefold() in names or column != "count":
        if column.casefold() not in names:
            raise _no_column(source, column, cells)
        return Counts(
            source, "table", _column(_blocks(head, path), delimiter, names.index(column.casefold()), source, column)
        )
    if all(_is_number(line) for line in lines[:100]):
        return Counts(source, "numbers", _column(_blocks(head, path), ",", 0, source, None))
    second = _split(lines[1])[0] if len(lines) > 1 else []
    if delimiter and len(second) == len(cells) and any(_is_number(cell) for cell in second):
        raise _no_column(source, column, cells)
    return Counts(source, "words", _words(_blocks(head, path), source))


def _head(path: str | Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(_PROBE)
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_PROBE)
    except OSError:
        return read_bytes(path)  # which says what is wrong


def _check_head(head: bytes, source: str) -> None:
    for magic, what in NOT_TABLES.items():
        if head.lstrip()[: len(magic)] == magic and magic != b"<":
            raise DataError(f"{source} is {what}")
    if head[:4] != b"PAR1" and b"\0" in head:
        raise DataError(f"{source} is binary; give a table with a column count, a column of numbers, or a text")
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(f"{source}: the file is empty; give a table with a column count, numbers, or a text")


def _split(line: str) -> tuple[list[str], str]:
    delimiter = next((one for one in ("\t", ";", ",") if one in line), "")
    return (line.split(delimiter) if delimiter else [line]), delimiter


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _no_column(source: str, column: str, names: list[str]) -> DataError:
    return DataError(
        f"{source}: no column {column!r} of counts. {did_you_mean(column, names)} Name the column that holds them, as in "
        f"--column {names[-1].strip()}"
    )


def _blocks(head: bytes, path: str | Path) -> Iterator[bytes]:
    """Bytes of some megabytes that end with a line; standard input goes on after its head."""
    if str(path) == "-":
        yield from _lines(head, sys.stdin.buffer)
        return
    with Path(path).open("rb") as stream:
        yield from _lines(b"", stream)


def _lines(rest: bytes, stream: BinaryIO) -> Iterator[bytes]:
    first = True
    while more := stream.read(BLOCK):
        rest += more
        if first:
            rest, first = rest.removeprefix(b"\xef\xbb\xbf"), False
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest.strip():
        yield rest.removeprefix(b"\xef\xbb\xbf") if first else rest


def _column(
    blocks: Iterator[bytes], delimiter: str, index: int, source: str, name: str | None
) -> Iterator[NDArray[np.int64]]:
    """The whole numbers of one column, block by block; the first line is a header if the column has a name."""
    import polars as pl

    row, header = 1, name is not None
    for block in blocks:
        if header:
            block = block.partition(b"\n")[2]
            row, header = 2, False
            if not block.strip():
                continue
        try:
            frame = pl.read_csv(
                block, separator=delimiter or ",", has_header=False, infer_schema=False, columns=[index]
            )
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{source}, from row {row}: no table that can be read ({reason})") from None
        yield _whole(frame.to_series(), source, row, name)
        row += frame.height


def _whole(cells: object, source: str, row: int, name: str | None) -> NDArray[np.int64]:
    """Cells as whole numbers >= 0; `row` is that of the first."""
    import polars as pl

    text = cells if isinstance(cells, pl.Series) else pl.Series([None if one is None else str(one) for one in cells])  # type: ignore[attr-defined]
    numbers = text.str.strip_chars().cast(pl.Float64, strict=False).to_numpy()
    bad = np.flatnonzero(~((numbers >= 0) & (numbers < 2.0**63) & (numbers == np.floor(numbers))))
    if bad.size:
        value = text[int(bad[0])]
        where = f"{source}, row {row + int(bad[0])}" + (f", column {name}" if name else "")
        shown = "an empty cell" if value is None or not value.strip() else repr(value)
        raise DataError(f"{where}: {shown} is no count; each must be a whole number >= 0, such as 12")
    return numbers.astype(np.int64)


def _words(blocks: Iterator[bytes], source: str) -> Iterator[NDArray[np.int64]]:
    found: Counter[str] = Counter()
    row = 1
    for block in blocks:
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            line = row + block.count(b"\n", 0, error.start)
            raise DataError(
                f"{source}, line {line}: byte 0x{block[error.start]:02x} is no UTF-8 text; save the file as UTF-8"
            ) from None
        found.update(_WORD.findall(text.casefold()))
        row += block.count(b"\n")
    if not found:
        raise DataError(
            f"{source}: no words to count; give a text, a table with a column count, or a column of numbers"
        )
    yield np.fromiter(found.values(), dtype=np.int64, count=len(found))
