"""read_runs: files, frames and named tables; what is derived, kept with a warning, or refused."""

from __future__ import annotations

import io
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, DataWarning, InputError
from quantal.runs.catalogue import Table, catalogue
from quantal.runs.flops import FLOP_CONVENTIONS
from quantal.runs.reading import read_runs
from quantal.runs.table import MEASURES, SIZES, Runs

COLUMNS = {"N": [1e6, 2e6, 4e6], "D": [1e7, 3e7, 5e7], "eval/loss": [3.5, 3.0, 2.5], "data": ["c4", "pile", "c4"]}


def as_lines(columns: dict[str, list[Any]]) -> str:
    return "".join(
        json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True)
    )


@pytest.fixture(params=["csv", "tsv", "jsonl", "lines without a suffix", "json", "json columns", "parquet"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    frame = pl.DataFrame(COLUMNS)
    kind = request.param
    file = tmp_path / f"runs.{kind.split()[0]}"
    if kind == "csv":
        frame.write_csv(file)
    elif kind == "tsv":
        frame.write_csv(file, separator="\t")
    elif kind == "parquet":
        frame.write_parquet(file)
    else:
        text = {"json": json.dumps(frame.to_dicts(), indent=1), "json columns": json.dumps(COLUMNS)}
        file.write_text(text.get(kind, as_lines(COLUMNS)))
    return file


def check(runs: Runs) -> None:
    assert runs.names == ("params", "tokens", "loss", "data", "compute")
    assert [column.source for column in runs.columns] == ["N", "D", "eval/loss", "data", ""]
    for name, header in (("params", "N"), ("tokens", "D"), ("loss", "eval/loss")):
        np.testing.assert_array_equal(runs[name], COLUMNS[header])
        assert runs[name].dtype == np.float64
    assert runs["data"].tolist() == COLUMNS["data"]
    np.testing.assert_array_equal(runs["compute"], 6 * runs["params"] * runs["tokens"])
    assert runs.column("compute").derived == "6·params·tokens"
    assert runs.rows.tolist() == [1, 2, 3]


def test_files(path: Path) -> None:
    check(read_runs(path))
    check(read_runs(str(path)))


FRAMES = {
    "mapping": lambda: COLUMNS,
    "mapping of arrays": lambda: {name: np.array(values) for name, values in COLUMNS.items()},
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas with an index": lambda: pd.DataFrame(COLUMNS, index=[7, 8, 9]),
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas, objects": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, lazy": lambda: pl.LazyFrame(COLUMNS),
    "polars, categorical": lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("data").cast(pl.Categorical)),
    "arrow": lambda: pa.table(COLUMNS),
    "narwhals": lambda: nw.from_native(pl.DataFrame(COLUMNS)),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind: str) -> None:
    runs = read_runs(FRAMES[kind]())
    check(runs)
    assert runs.source == "frame"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(pl.DataFrame(COLUMNS).write_csv().encode())))
    runs = read_runs("-")
    check(runs)
    assert runs.source == "standard input"


@pytest.mark.parametrize(
    ("columns", "derived", "formula", "values"),
    [
        ({"params": [1e6], "tokens": [2e7]}, "compute", "6·params·tokens", [1.2e14]),
        ({"params": [1e6], "compute": [1.2e14]}, "tokens", "compute/(6·params)", [2e7]),
        ({"tokens": [2e7], "compute": [1.2e14]}, "params", "compute/(6·tokens)", [1e6]),
        ({"steps": [10], "batch_size_tokens": [512]}, "tokens", "steps·batch_size", [5120]),
        ({"steps": [10], "batch_size": [512]}, "tokens", "steps·batch_size", [5120]),
        ({"steps": [10], "batch_size": [512], "params": [1e6], "compute": [1.2e14]}, "tokens", "compute/(6·params)", [2e7]),
        ({"steps": [10], "batch_size_tokens": [512], "params": [2]}, "compute", "6·params·tokens", [61440]),
    ],
)  # fmt: skip
def test_derived(columns: dict[str, list[float]], derived: str, formula: str, values: list[float]) -> None:
    runs = read_runs({**columns, "loss": [3.0]})
    np.testing.assert_allclose(runs[derived], values, rtol=1e-15)
    assert runs.column(derived).derived == formula
    assert runs.column(derived).role == derived
    assert f"{derived} is derived: {formula}" in runs.notes


@pytest.mark.parametrize("columns", [{"steps": [10], "batch_size_sequences": [512]}, {"params": [1e6], "samples": [5]}])
def test_not_derived_where_the_unit_forbids(columns: dict[str, list[float]]) -> None:
    assert all(column.derived is None for column in read_runs({**columns, "loss": [3.0]}).columns)


@pytest.mark.parametrize("name", FLOP_CONVENTIONS)
def test_flop_conventions(name: str) -> None:
    runs = read_runs({"params": [3.0], "tokens": [7.0], "loss": [1.0]}, flops=name)
    assert runs["compute"].tolist() == [int(name[0]) * 21.0]
    assert runs.column("compute").derived == f"{name[0]}·params·tokens"


def test_unknown_flop_convention() -> None:
    with pytest.raises(InputError, match="Did you mean '6ND'"):
        read_runs(COLUMNS, flops="6DN")


def test_size_zero_and_duplicates_are_kept_counted_and_warned_of() -> None:
    columns = {"params": [0.0, 1e6, 1e6, 2e6], "tokens": [1e7, 0, 0, 1e7], "loss": [5.0, 4, 4, 3]}
    with pytest.warns(DataWarning) as caught:
        runs = read_runs(columns)
    sentences = [
        "1 row has params = 0, kept (first row 1)",
        "2 rows have tokens = 0, kept (first row 2)",
        "1 row repeats an earlier one in every column, kept (first row 3)",
    ]
    assert [str(warning.message) for warning in caught] == [f"frame: {sentence}" for sentence in sentences]
    assert runs.notes[-3:] == tuple(sentences)
    assert len(runs) == 4
    assert caught[0].filename == __file__


def test_duplicates_are_counted_as_polars_counts_them(public_data: Path) -> None:
    frame = pl.read_csv(public_data / "learning_curve_benchmark.csv")
    with pytest.warns(DataWarning, match=f"{frame.height - frame.n_unique()} rows repeat earlier ones"):
        read_runs("learning-curves")


def test_only_the_rows_of_the_filter_are_checked() -> None:
    columns = {"params": ["1M", "?", "2M"], "loss": [3.0, 2.9, 2.8]}
    with pytest.raises(DataError, match=r"row 2, column 'params': '\?' is no measurement"):
        read_runs(columns)
    runs = read_runs(columns, where="params > 0")
    assert runs["params"].tolist() == [1e6, 2e6]
    assert runs.rows.tolist() == [1, 3]
    with pytest.raises(DataError, match="row 2"):
        read_runs(columns, where="not params > 1.5M")


def test_filter_knows_headers_and_derived_columns() -> None:
    assert read_runs(COLUMNS, where="N >= 2M and compute < 1e15")["params"].tolist() == [2e6]
    with pytest.raises(
        DataError, match=r"none of 3 rows satisfies where 'params > 1B' \(params goes from 1e\+06 to 4e\+06\)"
    ):
        read_runs(COLUMNS, where="params > 1B")


def test_columns_are_chosen_from_a_file_and_from_runs() -> None:
    columns = {**COLUMNS, "other_loss": [9.0, 8.0, 7.0]}
    assert read_runs(columns, columns={"loss": "other_loss"})["loss"].tolist() == [9.0, 8.0, 7.0]
    again = read_runs(read_runs(columns), columns={"loss": "other_loss"}, where="params > 1M")
    assert again["loss"].tolist() == [8.0, 7.0]
    assert again.column("loss").role == "loss"
    assert again["loss_in_file"].tolist() == [3.0, 2.5]
    assert again.column("loss_in_file").role == "value"
    assert again.column("compute").derived == "6·params·tokens"


def test_runs_are_returned_as_they_are() -> None:
    runs = read_runs(COLUMNS)
    assert read_runs(runs) is runs


def test_unrecognised_columns_with_gaps_are_values_with_a_note() -> None:
    runs = read_runs({"loss": [3.0, 2.0, 1.0], "score": ["0.5", "", "inf"], "acc": [0.1, None, 0.3]})
    np.testing.assert_array_equal(runs["score"], [0.5, np.nan, np.nan])
    assert runs.column("acc").role == "accuracy"
    assert "'score' has no number in 2 rows (first row 2)" in runs.notes
    assert "'acc' has no number in 1 row (first row 2)" in runs.notes


def test_stray_text_makes_labels_and_a_note() -> None:
    runs = read_runs({"loss": [3.0, 2.0, 1.0], "score": ["0.5", "0.7", "ERR"]})
    assert runs["score"].tolist() == ["0.5", "0.7", "ERR"]
    assert "'score' is kept as labels: row 3 holds 'ERR', which is no number" in runs.notes


def test_labels_are_untouched_text(write: Callable[..., str]) -> None:
    texts = ['=1+1"; DROP', "  spaces  ", "<b>x</b>", "é\u202e", "line\nbreak", "-"]
    cells = "\n".join(f'{row},"{text.replace(chr(34), chr(34) * 2)}"' for row, text in enumerate(texts, 1))
    runs = read_runs(write(f"loss,label\n{cells}\n"))
    assert runs["label"].tolist() == texts


def test_booleans_are_labels_that_filters_understand() -> None:
    runs = read_runs({"loss": [3.0, 2.0], "done": [True, False]})
    assert runs["done"].tolist() == ["true", "false"]
    assert runs.where("done")["loss"].tolist() == [3.0]


def test_arrays(tmp_path: Path) -> None:
    even, ragged = [[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0, 3.0]]
    frame = pl.DataFrame({"loss": [3.0, 2.0], "even": even, "ragged": ragged})
    frame.write_parquet(tmp_path / "a.parquet")
    for runs in (read_runs(frame), read_runs(tmp_path / "a.parquet"), read_runs(frame.to_dict(as_series=False))):
        assert runs["even"].shape == (2, 2)
        assert [row.tolist() for row in runs["ragged"]] == ragged
        assert runs.column("ragged").role == runs.column("even").role == "array"
    assert read_runs({"loss": [3.0, 2.0], "x": np.arange(6.0).reshape(2, 3)})["x"].shape == (2, 3)


def test_what_is_given_is_not_changed_and_what_is_made_cannot_be() -> None:
    given = np.array([3.0, 2.0])
    runs = read_runs({"loss": given})
    given[0] = 99.0
    assert runs["loss"].tolist() == [3.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        runs["loss"][0] = 1.0
    with pytest.raises(TypeError):
        runs.data["loss"] = given  # type: ignore[index]


@pytest.mark.parametrize("table", [table for table in catalogue() if not table.embedded], ids=lambda table: table.name)
def test_public_tables(table: Table, public_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        runs = read_runs(table.name)
    assert len(runs) == table.rows
    assert runs.source == table.name
    file = public_data / table.filename
    raw = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema=False)
    assert [column.source for column in runs.columns if column.derived is None] == raw.columns
    for column in runs.columns:
        if column.derived is None and column.role not in ("label", "array"):
            expected = raw[column.source].cast(pl.Float64).to_numpy()[runs.rows - 1]
            np.testing.assert_array_equal(runs[column.name], expected)


def test_tiny_lm_comes_with_the_package() -> None:
    runs = read_runs("tiny-lm")
    assert len(runs) == catalogue()[0].rows >= 60
    assert runs.column("loss").unit == "nats per byte"
    assert {"params", "tokens", "compute"} <= set(runs.names)
    assert all(runs.column(name).derived is None for name in ("params", "tokens", "compute"))


PIECES = ["params", "loss", "N", "7B", "1e6", "3,2", "3.2", ",", ";", "\t", "\n", "\r\n", '"', "[1, 2]", "{", "}", ":", "nan",
          "-1", " ", "\ufeff", "\0", "é", "PAR1", "<", "[", "]", "'"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode()),
       st.sampled_from(["", ".csv", ".json", ".jsonl", ".parquet"]))  # fmt: skip
def test_any_bytes_give_measurements_or_a_message(content: bytes, suffix: str) -> None:
    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore", DataWarning)
            path = Path(folder) / f"runs{suffix}"
            path.write_bytes(content)
            runs = read_runs(path)
    except DataError:
        return
    for column in runs.columns:
        if column.role in MEASURES:
            assert np.isfinite(runs[column.name]).all()
        if column.role in SIZES:
            assert (runs[column.name] >= 0).all()


def test_import_is_light() -> None:
    import subprocess

    code = "import sys, quantal.runs; print([m for m in ('polars', 'narwhals', 'pandas', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
