"""quantal spectrum as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import quantal.theory as qt
from quantal.cli.app import group
from quantal.errors import QuantalError


def run(*args: str) -> Result:
    return CliRunner().invoke(group, ["spectrum", *args])


def answer(*args: str) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = tmp_path_factory.mktemp("spectrum")
    model = qt.QuantaModel(qt.Zipf(0.5), 1.7, 9.0)
    d, n = np.geomspace(1e2, 1e7, 26), np.geomspace(1e2, 1e6, 21)
    counts = np.unique(qt.Zipf(0.5).sample(20_000, seed=1), return_counts=True)[1]
    written = {
        "data": ("tokens,loss", zip(d, np.asarray(model.loss(samples=d)), strict=True)),
        "size": ("params,loss", zip(n, np.asarray(model.loss(params=n)), strict=True)),
        "words": ("word,count", enumerate(counts.tolist())),
    }
    for name, (head, rows) in written.items():
        (place / f"{name}.csv").write_text(
            head + "\n" + "\n".join(f"{a!r},{b!r}" for a, b in ((float(x), float(y)) for x, y in rows))
        )
    return {name: str(place / f"{name}.csv") for name in written}


def test_which(tables: dict[str, str]) -> None:
    found = answer("which", tables["data"], "--frequencies", "zipf,geometric", "--bootstrap", "20")
    assert [one["frequencies"] for one in found["rivals"]] == ["zipf", "geometric"]
    assert found["told_apart"] is True


def test_recover(tables: dict[str, str], tmp_path: Path) -> None:
    chart = tmp_path / "spectrum.json"
    args = ("recover", tables["data"], "--gap", "7.3", "--noise", "1e-3", "--draws", "20", "--chart", str(chart))
    found = answer(*args)
    assert found["gamma"]["value"] == pytest.approx(0.5, abs=0.1)
    assert found["resolution_decades"] == pytest.approx(1.34, abs=0.01)
    assert json.loads(chart.read_text())["name"] == "recovered-frequencies"
    text = run(*args)
    assert "gamma along the curve" in text.stdout
    assert f"The chart: {chart}" in text.stdout
    found = answer(
        "recover", tables["size"], "--input", "params", "--gap", "7.3", "--params-per-quantum", "1", "--noise", "1e-6"
    )
    assert found["method"] == "derivative"
    assert found["gamma"]["value"] == pytest.approx(0.5, abs=0.01)


def test_the_rule_is_taken_only_when_it_is_given(tables: dict[str, str]) -> None:
    args = ("mixture", tables["data"], "--noise", "1e-3", "--draws", "20")
    assert answer(*args)["rule"] == "Poisson(tau=1.0)"
    assert answer(*args, "--tau", "3")["rule"] == "Poisson(tau=3.0)"
    assert answer(*args, "--rule", "exponential")["rule"].startswith("Exponential")


def test_duality(tables: dict[str, str], tmp_path: Path) -> None:
    found = answer(
        "duality", tables["size"], tables["data"], "--noise", "1e-3", "--draws", "20", "--levels", "4",
        "--chart", str(tmp_path / "duality.html"),
    )  # fmt: skip
    assert found["verdict"].startswith("kept")
    assert len(found["product"]) == 4
    assert "plotly" in (tmp_path / "duality.html").read_text(encoding="utf-8")


def test_corpus(tables: dict[str, str], tmp_path: Path) -> None:
    found = answer("corpus", tables["words"], "--at", "2k,20k,25k", "--chart", str(tmp_path / "corpus.json"))
    assert found["regimes"] == ["exact", "exact", "good-toulmin"]
    exact = qt.QuantaModel(qt.Zipf(0.5)).loss(samples=2e3)
    assert found["loss"][0] == pytest.approx(exact, abs=4 * found["standard_error"][0])
    drawn = json.loads((tmp_path / "corpus.json").read_text())
    assert {one["name"] for one in drawn["series"]} == {"one standard error", "exact", "Good-Toulmin"}


def test_a_text_is_a_corpus(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("the cat and the dog and the bird saw a fish\n" * 30)
    found = answer("corpus", str(book), "--at", "100,330")
    assert found["corpus"] == 330
    assert found["regimes"] == ["exact", "exact"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("which data --frequencies zip", "Did you mean"),
        ("recover data --input params", "there is no column 'params'"),
        ("recover size --input params --tau 3", "size knows no learning rule"),
        ("recover data --gap -1", "above zero"),
        ("mixture size", "there is no column 'tokens'"),
        ("duality data size", "there is no column 'params'"),
        ("corpus data", "no column 'count' of counts"),
        ("corpus words --tolerance 3", "between 0 and 1"),
    ],
)
def test_bad_input_is_one_message(tables: dict[str, str], call: str, message: str) -> None:
    done = run(*(tables.get(part, part) for part in call.split()))
    assert isinstance(done.exception, QuantalError), done.exception
    assert message in str(done.exception)


@pytest.mark.parametrize("name", ["which", "recover", "mixture", "duality", "corpus"])
def test_every_part_has_help_with_an_example(name: str) -> None:
    assert "Example:" in run(name, "--help").stdout
