"""Texts as a stream of documents: a file, a folder, JSON lines, Parquet, or a data set that `datasets` saved."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quantal.errors import DataError, InputError

_PIECE = 1_000_000
_ROWS = 1_000


@dataclass(frozen=True)
class Document:
    """A text and where it comes from."""

    name: str
    text: str


def documents(path: str | os.PathLike[str], *, column: str = "text") -> Iterator[Document]:
    """The documents of a text, one after another; no more than a piece of a file is held at a time.

    A text file is one document (one of over a million characters several), a folder has one for each of its files, JSON lines and
    Parquet one a row of ``column``, a folder written by `datasets` (save_to_disk) one a row.

    Raises:
        InputError: there is no such file.
        DataError: it holds no text, or a row has none in ``column``.
    """
    place = Path(path)
    if not place.exists():
        raise InputError(
            f"{str(place)!r}: there is no such file or folder; give a text file, a folder, .jsonl or .parquet"
        )
    found = False
    for document in _read(place, column):
        if document.text.strip():
            found = True
            yield document
    if not found:
        raise DataError(f"{str(place)!r} holds no text; give a file that has some")


def _read(place: Path, column: str) -> Iterator[Document]:
    if place.is_dir():
        if (place / "state.json").exists() or (place / "dataset_dict.json").exists():
            yield from _saved_data_set(place, column)
            return
        files = sorted(one for one in place.rglob("*") if one.is_file() and not one.name.startswith("."))
        for one in files:
            yield from _read_file(one, column)
        return
    yield from _read_file(place, column)


def _read_file(file: Path, column: str) -> Iterator[Document]:
    suffix = file.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from _json_lines(file, column)
    elif suffix in (".parquet", ".pq"):
        yield from _parquet(file, column)
    else:
        yield from _plain(file)


def _plain(file: Path) -> Iterator[Document]:
    try:
        with file.open(encoding="utf-8") as lines:
            piece = 0
            while text := lines.read(_PIECE):
                if len(text) == _PIECE:
                    text += lines.readline(_PIECE)
                yield Document(file.name if piece == 0 else f"{file.name} ({piece + 1})", text)
                piece += 1
    except UnicodeDecodeError as error:
        raise DataError(
            f"{str(file)!r} is no text in UTF-8 (byte {error.start}: {error.reason}); convert it to UTF-8, or leave it out"
        ) from None


def _json_lines(file: Path, column: str) -> Iterator[Document]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{str(file)!r}, line {number}: no JSON ({error})") from None
            text = row.get(column) if isinstance(row, dict) else None
            if not isinstance(text, str):
                raise DataError(
                    f"{str(file)!r}, line {number}: no text under {column!r}; name the right one with column="
                )
            yield Document(f"{file.name}:{number}", text)


def _parquet(file: Path, column: str) -> Iterator[Document]:
    import polars as pl

    try:
        frame = pl.scan_parquet(file)
        names = frame.collect_schema().names()
        if column not in names:
            raise DataError(
                f"{str(file)!r} has no column {column!r}; it has {', '.join(names)}; name the right one with column="
            )
        rows = frame.select(pl.len()).collect().item()
        for start in range(0, rows, _ROWS):
            texts = frame.select(column).slice(start, _ROWS).collect()[column]
            if texts.dtype != pl.String:
                raise DataError(f"{str(file)!r}: column {column!r} holds {texts.dtype}, not text")
            for number, text in enumerate(texts, start + 1):
                yield Document(f"{file.name}:{number}", text or "")
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{str(file)!r} cannot be read as Parquet: {error}") from None


def _saved_data_set(place: Path, column: str) -> Iterator[Document]:
    from quantal.extras import needed

    datasets = needed("datasets", "datasets", "a data set saved by datasets")
    loaded = datasets.load_from_disk(str(place))
    parts = loaded.items() if hasattr(loaded, "items") else [("", loaded)]
    for name, part in parts:
        if column not in part.column_names:
            raise DataError(
                f"{str(place)!r} has no column {column!r}; it has {', '.join(part.column_names)}; name the right one with column="
            )
        for number, row in enumerate(part, 1):
            yield Document(f"{name or place.name}:{number}", str(row[column] or ""))
