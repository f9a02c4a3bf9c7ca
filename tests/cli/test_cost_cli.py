"""`quantal cost`, and the counts of N and C on commands that read runs."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import pytest

from quantal.cli.app import main


class Done:
    """What a call printed, and its exit status."""

    def __init__(self, args: tuple[str, ...]) -> None:
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.object(sys, "argv", ["quantal", *args]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(action="ignore"),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        self.returncode, self.stdout, self.stderr = ended.value.code, out.getvalue(), err.getvalue()


def quantal(*args: str) -> Done:
    return Done(args)


def answer(*args: str) -> dict:
    done = quantal(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SHAPE = ("--layers", "12", "--width", "768", "--vocabulary", "50257", "--context", "1024", "--heads", "12")


def test_cost_of_a_shape() -> None:
    found = answer("cost", *SHAPE, "--tokens", "1B", "--hardware", "h100", "--devices", "8", "--price", "2.5")
    assert found["params"] == pytest.approx(1.235e8, rel=1e-3)
    assert found["flops_count"] == "exact"
    assert found["training"]["flops"] == pytest.approx(1e9 * found["counts"]["flops_per_token"]["exact"])
    assert found["training"]["money"] == pytest.approx(2.5 * found["training"]["device_hours"])
    assert found["inference"] is None
    kaplan = answer("cost", *SHAPE, "--tokens", "1B", "--flops", "6ND-non-embedding")
    assert kaplan["training"]["flops"] == pytest.approx(6 * 8.493e7 * 1e9, rel=1e-3)
    assert "training FLOPs a token" in quantal("cost", *SHAPE, "--tokens", "1B").stdout


def test_cost_over_a_lifetime(tmp_path: Path) -> None:
    served = answer("cost", "--params", "7B", "--tokens", "1T", "--inference-tokens", "2T")
    assert served["total"]["flops"] == pytest.approx(4.2e22 + 2.8e22)
    saved = str(tmp_path / "fit.json")
    assert quantal("fit", "tiny-lm", "--bootstrap", "20", "--save", saved).returncode == 0
    best = answer("cost", "--fit", saved, "--loss", "1.6", "--inference-tokens", "1B", "--level", "80")
    assert best["params"] == best["lifetime"]["params"]["value"]
    assert set(best["lifetime"]["saved"]["intervals"]) == {"80"}
    assert best["training"]["flops"] == pytest.approx(best["lifetime"]["train_flops"]["value"], rel=1e-6)
    assert "cheapest model of loss 1.6" in quantal("cost", "--fit", saved, "--loss", "1.6").stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--params", "7B"], "--tokens is missing"),
        (["--tokens", "1T"], "the model is missing"),
        (["--layers", "3", "--tokens", "1B"], "--width, --vocabulary, --context to go"),
        (["--params", "7B", *SHAPE, "--tokens", "1B"], "leave one out"),
        (["--params", "7B", "--tokens", "1B", "--flops", "exact"], "shape"),
        (["--params", "7B", "--tokens", "1B", "--hardware", "h10"], "Did you mean 'h100'"),
        (["--params", "7B", "--tokens", "1B", "--utilisation", "40"], "at most 1"),
        (["--loss", "2"], "--fit and --loss go together"),
        (["--fit", "nowhere.json", "--loss", "2"], "nowhere.json"),
        (["--fit", "nowhere.json", "--loss", "2", "--params", "7B"], "leave out --params"),
    ],
)
def test_bad_costs_are_one_message(args: list[str], says: str) -> None:
    done = quantal("cost", *args)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert says in done.stderr


@pytest.fixture
def shapes_csv(tmp_path: Path) -> str:
    path = tmp_path / "shapes.csv"
    rows = ["n_layers,d_model,vocab_size,seq_len,params,tokens,flops,loss"]
    for layers, width in ((2, 64), (4, 128), (6, 192), (8, 256)):
        for tokens in (1e7, 1e8, 1e9):
            n = 12 * layers * width**2
            loss = 1.5 + 20 * n**-0.3 + 40 * tokens**-0.3
            rows.append(f"{layers},{width},32000,256,{n + 64000 * width},{tokens:g},{7 * n * tokens:g},{loss:.6f}")
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def test_counts_can_be_switched(shapes_csv: str) -> None:
    shown = {
        one["name"]: one for one in answer("data", "show", shapes_csv, "--params-count", "non-embedding")["columns"]
    }
    assert shown["params"]["unit"] == "parameters, non-embedding"
    assert shown["compute"]["unit"] == "FLOPs, 6ND-non-embedding"
    assert {"params_before", "compute_before"} <= set(shown)
    as_stated = answer("fit", shapes_csv, "--bootstrap", "0")["parameters"]["alpha"]["value"]
    counted = answer("fit", shapes_csv, "--bootstrap", "0", "--params-count", "non-embedding")["parameters"]["alpha"][
        "value"
    ]
    assert counted == pytest.approx(0.3, abs=1e-3)
    assert abs(as_stated - 0.3) > 0.02
    said = answer("fit", shapes_csv, "--bootstrap", "0", "--params-count", "with-head", "--flops", "exact")["counts"]
    assert said == {"params": "with-head", "compute": "exact"}
    assert answer("fit", shapes_csv, "--bootstrap", "0")["counts"] == {}
    shown_plan = quantal(
        "plan", shapes_csv, "--bootstrap", "0", "--params-count", "non-embedding", "--compute", "1e16"
    ).stdout
    assert "params counted as non-embedding" in shown_plan
    assert "params as total" in quantal("fit", shapes_csv, "--bootstrap", "0", "--params-count", "total").stdout
    exact = answer("fit", shapes_csv, "--law", "power:compute", "--bootstrap", "0", "--flops", "exact")
    other = answer("fit", shapes_csv, "--law", "power:compute", "--bootstrap", "0", "--flops", "2ND")
    assert exact["objective"] != other["objective"]


def test_an_unknown_count_is_refused(shapes_csv: str) -> None:
    done = quantal("fit", shapes_csv, "--flops", "excat")
    assert done.returncode == 1
    assert "Did you mean 'exact'" in done.stderr
    done = quantal("fit", "tiny-lm", "--flops", "exact")
    assert "vocab_size" in done.stderr


def test_plan_shows_how_the_ratio_drifts() -> None:
    plan = answer("plan", "tiny-lm", "--compute", "1e15", "--bootstrap", "20")
    at = [one["compute"] for one in plan["drift"]]
    assert at == pytest.approx([1e13, 1e14, 1e15, 1e16])
    ratios = [one["tokens_per_param"]["value"] for one in plan["drift"]]
    assert ratios[2] == pytest.approx(plan["tokens_per_param"]["value"])
    power = plan["tokens_exponent"]["value"] - plan["params_exponent"]["value"]
    assert ratios[3] / ratios[0] == pytest.approx(1000**power)
    assert "tokens per param by budget" in quantal("plan", "tiny-lm", "--compute", "1e15", "--bootstrap", "20").stdout
