"""Counts from files of every kind, and what is said of files that hold none."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantal.errors import DataError
from quantal.runs import counts as module
from quantal.runs import read_counts


def total(path: Path | str, column: str = "count") -> tuple[str, list[int]]:
    found = read_counts(path, column)
    return found.kind, np.concatenate(list(found.chunks)).tolist()


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "item,count\nthe,12\nof,7\nrare,0\n"),
        ("a.csv", "\ufeffitem,Count\r\nthe,12\r\nof,7\r\nrare,0\r\n"),
        ("a.tsv", "count\titem\n12\tthe\n7\tof\n0\trare"),
        ("a.csv", 'item;count\n"the, big";12\nof;7.0\nrare;0\n'),
        ("a.jsonl", '{"item": "the", "count": 12}\n{"item": "of", "count": 7}\n{"item": "x", "count": 0}\n'),
        ("a.csv", "count\n12\n7\n0\n"),
    ],
)
def test_tables(tmp_path: Path, name: str, text: str) -> None:
    assert total(write(tmp_path, name, text)) == ("table", [12, 7, 0])


def test_parquet(tmp_path: Path) -> None:
    pl.DataFrame({"count": [12, 7, 0], "item": ["a", "b", "c"]}).write_parquet(tmp_path / "a.parquet")
    assert total(tmp_path / "a.parquet") == ("table", [12, 7, 0])


def test_another_column(tmp_path: Path) -> None:
    assert total(write(tmp_path, "a.csv", "word,uses\nthe,12\nof,7\n"), "uses") == ("table", [12, 7])


def test_numbers(tmp_path: Path) -> None:
    assert total(write(tmp_path, "a.txt", "12\n7\n1e3\n")) == ("numbers", [12, 7, 1000])


def test_words(tmp_path: Path) -> None:
    text = "The cat's hat, the CAT; l’été.\nCat 12 the"
    kind, found = total(write(tmp_path, "a.txt", text))
    assert (kind, sorted(found)) == ("words", [1, 1, 1, 2, 3])


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"item,count\na,3\nb,4\n")))
    assert total("-") == ("table", [3, 4])


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=300), st.integers(8, 64))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_of_any_size_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: list[int], size: int
) -> None:
    monkeypatch.setattr(module, "BLOCK", size)
    text = "count,item\n" + "".join(f"{c},x\n" for c in counts)
    assert total(write(tmp_path, "a.csv", text)) == ("table", counts)
    assert total(write(tmp_path, "b.txt", "".join(f"{c}\n" for c in counts))) == ("numbers", counts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"item,count\na,3\nb,x\n", "row 3, column count: 'x' is no count"),
        (b"item,count\na,3\nb,-1\n", "row 3, column count: '-1' is no count"),
        (b"item,count\na,3\nb,2.5\n", "'2.5' is no count"),
        (b"item,count\na,3\nb,\n", "an empty cell is no count"),
        (b"item,count\na,3\nb,nan\n", "'nan' is no count"),
        (b"item,count\na,3\nb,1e30\n", "'1e30' is no count"),
        (b"item,uses\na,3\nb,4\n", "no column 'count' of counts"),
        (b"12\n-4\n", "row 2: '-4' is no count"),
        (b"", "the file is empty"),
        (b"  \n \n", "the file is empty"),
        (b"ab\0cd", "is binary"),
        (b"\x1f\x8b123", "gzip"),
        (b"!!! ... ---\n", "no words to count"),
        (b"word \xff\xfe here\n", "no UTF-8 text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: bytes, said: str) -> None:
    path = write(tmp_path, "bad.txt", text)
    with pytest.raises(DataError) as caught:
        total(path)
    assert said in str(caught.value)
    assert "bad.txt" in str(caught.value)


def test_missing_files_and_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        total(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        total(tmp_path)
    with pytest.raises(DataError, match="no column 'uses'"):
        total(write(tmp_path, "a.csv", "item,count\na,1\n"), "uses")
