"""What is saved is what is loaded; a file appears whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.runs import check_name, make_folder
from quantal.runs.reading import read_runs
from quantal.runs.table import Runs

SIZE = st.floats(1e-3, 1e30)
LABEL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6).map(lambda text: "x" + text)


@st.composite
def tables(draw: st.DrawFn) -> Runs:
    n = draw(st.integers(1, 5))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    lengths = st.just(2) if draw(st.booleans()) else st.integers(1, 3)
    arrays = lengths.flatmap(lambda k: st.lists(st.floats(-9, 9), min_size=k, max_size=k))
    columns = {
        "params": column(SIZE), "N": column(SIZE), "loss": column(st.floats(-1e300, 1e300)), "label": column(LABEL),
        "curve": column(arrays), "score": column(st.none() | st.floats(-1e9, 1e9)),
    }  # fmt: skip
    runs = Runs.from_columns(columns, source="drawn", units={"loss": "bits"})
    return runs.take(draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=5)))


def same_values(one: Runs, two: Runs) -> None:
    assert one.names == two.names
    for name in one.names:
        assert one[name].shape == two[name].shape
        for left, right in zip(one[name], two[name], strict=True):
            np.testing.assert_array_equal(left, right)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from([".json", ".parquet", ".csv", ".jsonl"]))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, runs: Runs, suffix: str) -> None:
    path = tmp_path_factory.mktemp("saved") / f"runs{suffix}"
    runs.save(path)
    if suffix in (".json", ".parquet"):
        back = Runs.load(path)
        same_values(runs, back)
        assert (back.columns, back.source, back.notes) == (runs.columns, runs.source, runs.notes)
        np.testing.assert_array_equal(back.rows, runs.rows)
        same_values(runs, read_runs(path))
    else:
        frame = pl.read_csv(path) if suffix == ".csv" else pl.read_ndjson(path)
        np.testing.assert_array_equal(frame["loss"].to_numpy(), runs["loss"])
        assert frame["label"].to_list() == runs["label"].tolist()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_flat_formats_are_read_back(tmp_path: Path) -> None:
    runs = read_runs({"N": [1e6, 2e6], "val_loss": [3.0, 2.5], "curve": [[1, 2], [3]], "data": ["a", "b"]})
    for suffix in (".csv", ".jsonl"):
        runs.save(tmp_path / f"runs{suffix}")
        same_values(runs, Runs.load(tmp_path / f"runs{suffix}"))


def test_plain_data_survives_json() -> None:
    runs = read_runs({"N": [1e6, 2e6], "D": [1e7, 1e8], "loss": [3.0, 2.5], "score": [None, 0.5]}, where="N > 1M")
    back = Runs.from_dict(json.loads(json.dumps(runs.to_dict(), allow_nan=False)))
    assert back.columns == runs.columns
    assert back.notes == runs.notes
    assert back.rows.tolist() == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "quantal.runs/99"}, {"schema": None}, {"columns": [{"name": "loss"}]}, {"columns": []},
        {"data": {}}, {"data": {"loss": ["x", "y"]}}, {"rows": ["a"]}, {"rows": [1]}, {"rows": None},
        {"data": {"loss": [1.0]}}, {"notes": 3},
    ],
)  # fmt: skip
def test_damaged_data_is_refused(change: dict[str, Any]) -> None:
    good = Runs.from_columns({"loss": [3.0, 2.0]}).to_dict()
    with pytest.raises(DataError):
        Runs.from_dict({**good, **change})


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    runs = Runs.from_columns({"loss": [3.0, 2.0]})
    for suffix in (".json", ".parquet"):
        path = tmp_path / f"runs{suffix}"
        runs.save(path)
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(DataError):
            Runs.load(path)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("old")
    runs = Runs.from_columns({"loss": [3.0, 2.0]})

    def half(self: pl.DataFrame, file: Path) -> None:
        file.write_text("loss\n3.")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", half)
    with pytest.raises(InputError, match="No space left"):
        runs.save(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["runs.csv"]


@pytest.mark.parametrize("name", ["runs.xlsx", "runs", "no/such/folder/runs.csv"])
def test_where_runs_cannot_be_saved(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        Runs.from_columns({"loss": [3.0]}).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_is_refused_before_the_work(tmp_path: Path) -> None:
    check_name(tmp_path / "runs.csv")
    with pytest.raises(InputError, match=r"the name ends in \.csv, \.jsonl"):
        check_name(tmp_path / "runs.xyz")
    with pytest.raises(InputError, match="there is no folder"):
        check_name(tmp_path / "nowhere" / "runs.csv")
    assert make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file, and a folder is needed"):
        make_folder(tmp_path / "file")
    with pytest.raises(InputError, match="cannot be made"):
        make_folder(tmp_path / "file" / "below")
