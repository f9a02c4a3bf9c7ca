"""Files and streams: which format they are in, and their cells as a `RawTable`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quantal.errors import DataError, did_you_mean
from quantal.runs.delimited import read_delimited
from quantal.runs.frames import RawTable, raw_frame, raw_mapping, raw_records

NOT_TABLES = {
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"PK\x03\x04": "a zip archive or a spreadsheet; export the sheet as CSV",
    b"\xff\xfe": "UTF-16 text; save the file as UTF-8",
    b"\xfe\xff": "UTF-16 text; save the file as UTF-8",
    b"%PDF": "a PDF; export its table as CSV",
}
MARKUP = rb"\s*<[!?a-zA-Z]"


def read_bytes(path: str | Path, known: tuple[str, ...] = ()) -> bytes:
    """The bytes of a file, or of standard input for "-"; ``known`` are names to suggest beside the neighbours.

    Raises:
        DataError: the file is missing, a folder, or cannot be read.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read()
    place = Path(path)
    try:
        return place.read_bytes()
    except FileNotFoundError:
        raise DataError(_missing(place, known)) from None
    except IsADirectoryError:
        raise DataError(f"{str(path)!r} is a folder; name the file of runs in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{str(path)!r} cannot be read: {reason}; name a file of runs") from None


def _missing(path: Path, known: tuple[str, ...]) -> str:
    try:
        neighbours = [str(item) for item in path.parent.iterdir()]
    except OSError:
        return f"{path}: there is no folder {str(path.parent)!r}; check the path"
    advice = did_you_mean(str(path), [*neighbours, *known])
    if advice.startswith("Known"):
        tables = f" or a table of the catalogue ({', '.join(known)})" if known else ""
        advice = f"Name a file of runs{tables}."
    return f"there is no file {str(path)!r}. {advice}"


def parse_bytes(data: bytes, source: str, suffix: str = "") -> RawTable:
    """The table in the bytes of a file; the format is told by the content, JSON lines from JSON by the suffix too.

    Raises:
        DataError: the bytes hold no table that can be read, with the row where there is one.
    """
    if data[:4] == b"PAR1":
        return _parquet(data, source)
    for magic, what in NOT_TABLES.items():
        if data.lstrip()[: len(magic)] == magic:
            raise DataError(f"{source} is {what}")
    if re.match(MARKUP, data):
        raise DataError(f"{source} is a web page or XML; download the raw file instead")
    if b"\0" in data[:65536]:
        raise DataError(f"{source} is binary, no table; give CSV, TSV, Parquet, JSON or JSON lines")
    start = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if suffix in (".jsonl", ".ndjson"):
        return _json_lines(data, source)
    if suffix == ".json" or start in (b"{", b"["):
        return _json(data, source)
    return read_delimited(data, source)


def _parquet(data: bytes, source: str) -> RawTable:
    import polars as pl

    try:
        frame = pl.read_parquet(data)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{source}: a damaged Parquet file ({str(error).splitlines()[0]}); write it anew") from None
    except OSError as error:
        raise DataError(f"{source}: a damaged Parquet file ({error}); write it anew") from None
    table = raw_frame(frame, source)
    assert table is not None
    return table


def _json(data: bytes, source: str) -> RawTable:
    text = _text(data, source)
    try:
        content = json.loads(text)
    except RecursionError:
        raise DataError(f"{source}: JSON nested too deeply for a table of runs") from None
    except ValueError as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return _json_lines(data, source)
        raise DataError(f"{source}: no valid JSON ({error})") from None
    if isinstance(content, list):
        return raw_records(content, source)
    if isinstance(content, Mapping) and content and all(isinstance(cells, list) for cells in content.values()):
        return raw_mapping(content, source)
    if isinstance(content, Mapping) and "\n" not in text.strip():
        return raw_records([content], source)
    raise DataError(
        f'{source}: JSON that is no table; write a list of runs, [{{"params": 7e9, "loss": 2.1}}, ...], '
        f'or columns, {{"params": [7e9, ...], "loss": [2.1, ...]}}'
    )


def _json_lines(data: bytes, source: str) -> RawTable:
    records: list[Any] = []
    for line in _text(data, source).split("\n"):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            shown = line if len(line) <= 60 else line[:57] + "..."
            raise DataError(f"{source}, row {len(records) + 1}: no valid JSON ({error}): {shown!r}") from None
    if not records:
        raise DataError(f"{source}: the file is empty; JSON lines have one object a run")
    return raw_records(records, source)


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{source}, line {line}: no UTF-8 text; save the file as UTF-8") from None
