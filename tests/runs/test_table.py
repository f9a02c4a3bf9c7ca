"""The verbs of Runs."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.errors import DataError, InputError
from quantal.runs.reading import read_runs
from quantal.runs.table import Column, Runs


@pytest.fixture
def runs() -> Runs:
    return read_runs(
        {
            "params": [1e6, 2e6, 4e6, 8e6],
            "loss": [3.5, 4.5, 2.5, 4.5],
            "seed": [0, 1, 0, 1],
            "dataset": ["c4", "pile", "c4", "c4"],
            "curve": [[1.0, 2.0]] * 4,
        }
    )


def test_access(runs: Runs) -> None:
    assert len(runs) == 4
    assert "loss" in runs
    assert "tokens" not in runs
    assert runs.names == ("params", "loss", "seed", "dataset", "curve")
    assert runs.column("loss") == Column("loss", "loss", "loss", "nats per token")
    with pytest.raises(DataError, match="Did you mean 'params'"):
        runs["parms"]
    with pytest.raises(DataError, match="Did you mean 'loss'"):
        runs.column("los")


def test_take_and_where_keep_the_rows_of_the_source(runs: Runs) -> None:
    for taken in (runs.take([3, 1]), runs.take(np.array([3, 1])), runs.take([-1, -3])):
        assert taken.rows.tolist() == [4, 2]
        assert taken["params"].tolist() == [8e6, 2e6]
    assert runs.take(runs["params"] > 3e6).rows.tolist() == [3, 4]
    assert runs.where("dataset == 'c4'").where("params > 1M").rows.tolist() == [3, 4]
    assert runs.take([0, 0]).rows.tolist() == [1, 1]


@pytest.mark.parametrize("wrong", [[True], [4], [-5], [0.5], [[0]]])
def test_wrong_positions(runs: Runs, wrong: list) -> None:
    with pytest.raises(InputError):
        runs.take(wrong)


def test_nothing_left(runs: Runs) -> None:
    with pytest.raises(DataError, match="no row is left"):
        runs.take(np.zeros(4, dtype=bool))
    with pytest.raises(DataError, match="none of 4 rows"):
        runs.where("params > 1B")


def test_group_by(runs: Runs) -> None:
    groups = runs.group_by("dataset")
    assert {key: group.rows.tolist() for key, group in groups.items()} == {"c4": [1, 3, 4], "pile": [2]}
    assert list(runs.group_by("seed")) == ["0", "1"]
    assert list(runs.group_by("loss")) == ["3.5", "4.5", "2.5"]
    with pytest.raises(DataError, match="holds arrays"):
        runs.group_by("curve")


def test_drop_highest(runs: Runs) -> None:
    assert runs.drop_highest(0) is runs
    assert runs.drop_highest(1).rows.tolist() == [1, 3, 4]
    assert runs.drop_highest(3).rows.tolist() == [3]
    assert runs.drop_highest(1, "params").rows.tolist() == [1, 2, 3]
    assert runs.drop_highest(2).notes[-1] == "dropped the 2 rows of the highest loss (row 2, 4)"


@pytest.mark.parametrize("k", [4, 5, -1, 1.0, True])
def test_drop_highest_refuses(runs: Runs, k: int) -> None:
    with pytest.raises(InputError, match="whole number from 0 to 3"):
        runs.drop_highest(k)


def test_drop_highest_needs_numbers(runs: Runs) -> None:
    with pytest.raises(DataError, match="holds labels and cannot be ranked"):
        runs.drop_highest(1, "dataset")
    with pytest.raises(DataError, match="has gaps"):
        runs.with_column("score", [1, None, 2, 3]).drop_highest(1, "score")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.data())
def test_drop_highest_keeps_the_lowest(values: list[float], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(values) - 1))
    kept = Runs.from_columns({"loss": values}).drop_highest(k)
    assert sorted(kept["loss"]) == sorted(values)[: len(values) - k]


def test_with_column(runs: Runs) -> None:
    more = runs.with_column("width", [1, 2, 3, 4], unit="units").with_column("kind", list("abab"))
    assert more["width"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert more.column("width").unit == "units"
    assert more.column("kind").role == "label"
    assert "width" not in runs
    assert more.with_column("width", [4, 3, 2, 1])["width"].tolist() == [4.0, 3.0, 2.0, 1.0]
    for values, role in (([1, 2], "value"), ([1, 2, 3, np.nan], "loss"), ([1, 2, 3, -4], "params")):
        with pytest.raises(DataError):
            runs.with_column("x", values, role=role)
    with pytest.raises(InputError, match="Did you mean 'loss'"):
        runs.with_column("x", [1, 2, 3, 4], role="los")


def test_from_columns() -> None:
    runs = Runs.from_columns(
        {"params": [1e6], "loss": [2.0], "x": [[1, 2]]}, source="simulated", units={"loss": "bits"}
    )
    assert [column.role for column in runs.columns] == ["params", "loss", "array"]
    assert runs.column("loss").unit == "bits"
    for wrong in ({}, {"loss": [np.nan]}, {"params": [-1.0]}, {"loss": [1.0], "x": [1.0, 2.0]}, {"loss": []}):
        with pytest.raises(DataError):
            Runs.from_columns(wrong)


def test_pickle(runs: Runs) -> None:
    back = pickle.loads(pickle.dumps(runs))
    assert back.columns == runs.columns
    np.testing.assert_array_equal(back["loss"], runs["loss"])


def test_words(runs: Runs) -> None:
    assert repr(runs) == "Runs(frame, 4 rows: params 1e+06 to 8e+06; loss 2.5 to 4.5; also seed, dataset, curve)"
    assert runs.summary().splitlines() == [
        "frame: 4 rows",
        "column   taken for  range           unit            from",
        "params   params     1e+06 to 8e+06  parameters      params",
        "loss     loss       2.5 to 4.5      nats per token  loss",
        "seed     value      0 to 1                          seed",
        "dataset  label      2 different                     dataset",
        "curve    array      arrays of 2                     curve",
    ]
