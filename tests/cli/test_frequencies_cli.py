"""quantal frequencies as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from quantal.cli.app import group
from quantal.errors import QuantalError
from quantal.theory import Geometric, Zipf


def answer(*args: str) -> Any:
    done = CliRunner().invoke(group, ["frequencies", *args, "--json"])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts") / "counts.csv"
    counts = np.unique(Zipf(0.5).sample(100_000, seed=1), return_counts=True)[1]
    path.write_text("item,count\n" + "".join(f"q{i},{c}\n" for i, c in enumerate(counts)))
    return path


def test_a_table_of_counts(table: Path) -> None:
    found = answer(str(table), "--bootstrap", "20")
    assert found["read_as"] == "table"
    assert found["power_law"]["alpha"] == pytest.approx(1 + 1 / 1.5, abs=0.1)
    assert isinstance(found["power_law"]["xmin"], int)
    assert 0 <= found["power_law"]["p_value"] <= 1
    assert found["rank_frequency"]["gamma"] == pytest.approx(0.5, abs=0.02)
    assert found["rank_frequency"]["ranks"][0] == 1
    decided = {(one["first"], one["second"]): one["preferred"] for one in found["comparisons"]}
    assert decided["zipf", "geometric"] == "zipf"
    assert decided["power_law", "exponential"] == "power_law"
    assert found == answer(str(table), "--bootstrap", "20")


def test_a_column_of_numbers(tmp_path: Path) -> None:
    counts = np.unique(Geometric(0.05).sample(50_000, seed=1), return_counts=True)[1]
    (tmp_path / "numbers.txt").write_text("\n".join(map(str, counts)))
    found = answer(str(tmp_path / "numbers.txt"), "--bootstrap", "0")
    assert (found["read_as"], found["best"]) == ("numbers", "geometric")
    assert found["power_law"]["p_value"] is None


def test_a_text(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("the cat and the dog and the bird saw the cat\n")
    found = answer(str(tmp_path / "book.txt"), "--bootstrap", "0")
    assert (found["read_as"], found["items"], found["samples"]) == ("words", 6, 11)


def test_words_and_a_chart(table: Path, tmp_path: Path) -> None:
    chart = tmp_path / "ranks.html"
    done = CliRunner().invoke(group, ["frequencies", str(table), "--bootstrap", "10", "--chart", str(chart)])
    assert done.exit_code == 0, done.exception
    for text in ("power law with alpha", "ranks 1 to", "zipf: gamma", "power law or exponential?", "The chart:"):
        assert text in done.stdout
    assert chart.read_text().startswith("<!doctype html>")


def test_a_bad_cell_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("item,count\na,3\nb,x\n")
    done = CliRunner().invoke(group, ["frequencies", str(tmp_path / "bad.csv")])
    assert isinstance(done.exception, QuantalError)
    assert "row 3, column count: 'x'" in str(done.exception)
