"""quantal theory, simulate, frequencies and reproduce as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import quantal.theory as qt
from quantal.cli.app import group
from quantal.errors import QuantalError
from quantal.runs import Runs


def run(*args: str) -> Result:
    return CliRunner().invoke(group, list(args))


def answer(*args: str) -> Any:
    done = run(*args, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def refusal(*args: str) -> str:
    done = run(*args)
    assert isinstance(done.exception, QuantalError), done.exception
    return str(done.exception)


def test_exponents() -> None:
    exponents = answer("theory", "--gamma", "0.5")["exponents"]
    expected = {"params": 0.5, "samples": 1 / 3, "steps": 1 / 3, "compute": 0.2}
    assert {name: exponents[name] for name in expected} == pytest.approx(expected)


def test_loss_after_quanta() -> None:
    loss = answer("theory", "--gamma", "0.5", "--quanta", "1e6")["loss"]
    model = qt.QuantaModel(qt.Zipf(0.5))
    assert loss == {
        "exact": model.loss_after(1e6),
        "naive": model.loss_after(1e6, form="naive"),
        "midpoint": model.loss_after(1e6, form="midpoint"),
    }


def test_loss_after_samples() -> None:
    found = answer(
        *(
            [
                "theory",
                "--gamma",
                "0.5",
                "--samples",
                "1e6",
                "--tau",
                "3",
                "--rule",
                "poisson",
                "--learned-loss",
                "1.7",
                "--unlearned-loss",
                "9",
            ]
        )
    )
    model = qt.QuantaModel(qt.Zipf(0.5), 1.7, 9.0)
    assert found["loss"]["exact"] == model.loss(samples=1e6, rule=qt.Poisson(3))
    assert found["loss"]["asymptotic"] == pytest.approx(found["loss"]["exact"], rel=1e-6)


def test_other_laws_and_finite_counts() -> None:
    found = answer(*["theory", "--frequencies", "geometric", "--rate", "0.5", "--quanta", "10"])
    assert found["loss"]["exact"] == pytest.approx(0.006737947)
    assert found["loss"]["naive"] is None
    assert "no power-law asymptote" in found["loss"]["reason"]
    assert found["exponents"]["params"] is None
    found = answer(*["theory", "--gamma", "0", "--count", "1k", "--quanta", "100"])
    assert found["loss"]["exact"] == qt.QuantaModel(qt.Zipf(0, count=1000)).loss_after(100)
    for law in (
        "cutoff --gamma 0.4 --cutoff 1e3",
        "stretched --theta 0.5 --scale 100",
        "lognormal --sigma 2 --count 1e6",
    ):
        assert answer(*f"theory --frequencies {law} --samples 1e6 --rule hard".split())["loss"]["exact"] > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("theory --gamma 0.5 --quanta 10 --samples 10", "give one of them"),
        ("theory", "it needs --gamma"),
        ("theory --gamma 0.5 --rate 1", "with --rate: it takes --gamma, --count only"),
        ("theory --gamma -1 --quanta 10", "gamma = -1"),
        ("theory --gamma 0.5 --count 0", "count"),
        ("theory --gamma 0.5 --learned-loss 2", "a < b at every rank"),
        ("theory --gamma 0.5 --samples 10 --tau 0", "tau"),
        ("theory --gamma 0.5 --samples 10 --rule hill", "it needs --power"),
        ("theory --gamma 0.5 --samples 10 --epochs 3", "with --epochs"),
        ("theory --gamma 0.5 --samples -10", "samples = -10.0"),
        ("theory --gamma 0.5 --chart chart.svg", "saved as .html or .json"),
        ("simulate --gamma 0.5", "no limit given"),
        ("simulate --gamma 0.5 --samples 1e30", "at most 1e"),
        ("simulate --gamma 0.5 --samples 1e6 --rule poisson --tau 2.5 --draw fixed", "whole samples"),
    ],
)
def test_bad_input_is_one_message(call: str, message: str) -> None:
    assert message in refusal(*call.split())


def test_simulated_runs_are_written_and_summarised(tmp_path: Path) -> None:
    path, chart = tmp_path / "runs.parquet", tmp_path / "chart.json"
    found = answer(
        *[
            "simulate",
            "--gamma",
            "0.5",
            "--params",
            "1e3,1e6",
            "--samples",
            "1e6,1e9",
            "--tau",
            "3",
            "--replicates",
            "50",
            "--seed",
            "4",
        ],
        *("-o", str(path), "--chart", str(chart)),
    )
    assert [(one["params"], one["tokens"]) for one in found["points"]] == [
        (1e3, 1e6),
        (1e3, 1e9),
        (1e6, 1e6),
        (1e6, 1e9),
    ]
    for one in found["points"]:
        assert abs(one["loss"] - one["exact"]) <= 4 * one["standard_error"] + 1e-8
    runs = Runs.load(path)
    assert len(runs) == 200
    assert json.loads(chart.read_text())["series"][0]["name"] == "runs"


def test_simulated_runs_of_fixed_size_are_held_against_the_binomial_sum() -> None:
    found = answer(
        *[
            "simulate",
            "--gamma",
            "0.5",
            "--samples",
            "2000",
            "--rule",
            "poisson",
            "--draw",
            "fixed",
            "--replicates",
            "2000",
        ]
    )
    point = found["points"][0]
    assert point["exact"] == qt.QuantaModel(qt.Zipf(0.5)).loss(samples=2000, rule=qt.Binomial(1))
    assert abs(point["loss"] - point["exact"]) < 4 * point["standard_error"]


@pytest.mark.parametrize("law", ["--gamma 0.5", "--frequencies geometric --rate 0.1"])
def test_charts_of_theory(tmp_path: Path, law: str) -> None:
    for amount in ("--quanta 100", "--samples 1e5"):
        path = tmp_path / "chart.json"
        assert run(*f"theory {law} {amount} --chart".split(), str(path)).exit_code == 0
        assert json.loads(path.read_text())["series"]


def test_texts_for_people() -> None:
    assert "exponents: params 0.5" in run(*["theory", "--gamma", "0.5", "--quanta", "10"]).output
    assert "standard error" in run(*["simulate", "--gamma", "0.5", "--samples", "1e6", "--replicates", "3"]).output


def test_reproduce_derivation_is_a_list_of_claims() -> None:
    claims = answer("reproduce", "derivation")
    assert len(claims) > 20
    assert {tuple(one) for one in claims} == {
        ("claim", "predicted", "measured", "interval", "standard_error", "verdict")
    }
    assert "0 fails" in run("reproduce", "derivation").output


def test_reproduce_literature(public_data: Path) -> None:
    claims = answer("reproduce", "literature", "--data", str(public_data))
    assert {"as published", "corrected"} <= {
        word for one in claims for word in ("as published", "corrected") if word in one["claim"]
    }
    assert "undecided" in run("reproduce", "literature", "--data", str(public_data)).output


def test_reproduce_literature_without_the_table(tmp_path: Path) -> None:
    assert "literature_exponents.csv" in refusal("reproduce", "literature", "--data", str(tmp_path))


def test_simulated_steps_are_held_against_gradient_flow(tmp_path: Path) -> None:
    chart = tmp_path / "steps.json"
    found = answer(
        "simulate", "--gamma", "0.5", "--params", "1e3,1e6", "--samples", "1e6,1e9", "--steps", "1e4,1e7",
        "--replicates", "30", "--chart", str(chart),
    )  # fmt: skip
    assert len(found["points"]) == 8
    for one in found["points"]:
        assert abs(one["loss"] - one["exact"]) <= 4 * one["standard_error"] + 1e-8
    assert len(json.loads(chart.read_text())["series"]) == 2 + 4
    alone = answer("simulate", "--gamma", "0.5", "--steps", "1e4,1e7", "--replicates", "1", "--chart", str(chart))
    assert [one["loss"] for one in alone["points"]] == pytest.approx(
        [one["exact"] for one in alone["points"]], rel=1e-8
    )
