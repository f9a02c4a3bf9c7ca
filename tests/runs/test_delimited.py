"""CSV and its kin, against Python's csv module where that can say what is right."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError
from quantal.runs import delimited
from quantal.runs.delimited import read_delimited
from quantal.runs.reading import read_runs

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str]:
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    return rows, draw(st.sampled_from([",", ";", "\t"])), draw(st.sampled_from(["\n", "\r\n"]))


@settings(max_examples=200, deadline=None)
@given(tables())
def test_cells_are_those_that_the_csv_module_wrote(table: tuple[list[list[str]], str, str]) -> None:
    rows, delimiter, ending = table
    names = [f"c{index}" for index in range(len(rows[0]))]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    raw = read_delimited(file.getvalue().encode(), "file")
    got = [[cell or "" for cell in raw.columns[name]] for name in names]
    assert [list(row) for row in zip(*got, strict=True)] == rows


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 40), st.data())
def test_a_ragged_row_is_named_wherever_a_chunk_ends(rows: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(1, rows))
    cells = data.draw(st.integers(1, 5).filter(lambda n: n != 3))
    lines = ["params,loss,note", *['1e6,3.0,"a, ""b""\n c"'] * rows]
    lines[bad] = ",".join(["1"] * cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "CHUNK", data.draw(st.integers(1, 64)))
        with pytest.raises(DataError, match=rf"row {bad}: {cells} cells? where the header has 3"):
            read_delimited("\n".join(lines).encode(), "file")


PLAIN = "params,tokens,loss\n7000000000,1.4e12,2.25\n1000,2000,3.5\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip(),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\n\n") + "\n \n",
        "\n\n" + PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", " , "),
        "params;tokens;loss\n7000000000;1,4e12;2,25\n1000;2000;3,5\n",
        "params;tokens;loss\n7.000.000.000;1.400.000.000.000;2,25\n1.000;2.000;3,5\n",
        "params;tokens;loss\n7,000,000,000;1.4e12;2.25\n1,000;2,000;3.5\n",
        'params,tokens,loss\n"7,000,000,000","1,400,000,000,000",2.25\n"1,000","2,000",3.5\n',
        'params,tokens,loss\n"7000000000","1,4e12","2,25"\n"1000","2000","3,5"\n',
        "params\ttokens\tloss\n7B\t1,4T\t2,25\n1k\t2k\t3,5\n",
        "params,tokens,loss\n7B,1.4T,2.25\n1K,2_000,3.5\n",
    ],
)
def test_spellings_of_the_same_table(content: str, write: Callable[..., str]) -> None:
    runs = read_runs(write(content))
    assert runs.names == ("params", "tokens", "loss", "compute")
    np.testing.assert_array_equal(runs["params"], [7e9, 1e3])
    np.testing.assert_array_equal(runs["tokens"], [1.4e12, 2e3])
    np.testing.assert_array_equal(runs["loss"], [2.25, 3.5])


def test_a_loss_of_three_decimals_after_a_comma(write: Callable[..., str]) -> None:
    name = write("params;loss\n1e6;3,214\n2e6;3,101\n")
    assert read_runs(name)["loss"].tolist() == [3.214, 3.101]


def test_one_column(write: Callable[..., str]) -> None:
    assert read_runs(write("loss\n3.5\n\n2.5\n"))["loss"].tolist() == [3.5, 2.5]


def test_an_index_column_without_a_header(write: Callable[..., str]) -> None:
    runs = read_runs(write(",params,loss\n0,1e6,3.5\n1,2e6,2.5\n"))
    assert runs.names == ("column_1", "params", "loss")


def test_long_cells(write: Callable[..., str]) -> None:
    curve = np.linspace(0, 1, 30_000).tolist()
    text = json.dumps(curve)
    runs = read_runs(write(f'loss,curve\n3,"{text}"\n2,"{text}"\n'))
    assert runs.column("curve").role == "array"
    np.testing.assert_array_equal(runs["curve"], [curve, curve])
