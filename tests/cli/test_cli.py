"""The command line as a user runs it: JSON shapes, help, bad input, saved fits, groups, completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from quantal.cli.app import COMMANDS

ENVIRONMENT = {**os.environ, "COLUMNS": "120", "OMP_NUM_THREADS": "1"}


def quantal(
    *args: str, check: bool = True, text: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "quantal", *args],
        capture_output=True,
        text=True,
        input=text,
        env=ENVIRONMENT,
        cwd=cwd,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


def answer(*args: str) -> dict:
    return json.loads(quantal(*args, "--json").stdout)


@pytest.fixture(scope="module")
def runs_csv(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("runs") / "runs.csv"
    lines = ["N,D,eval/loss,dataset"]
    for team, shift in (("c4", 0.0), ("books", 0.1)):
        for n in np.geomspace(1e6, 1e9, 5):
            for d in np.geomspace(1e8, 1e11, 5):
                loss = (1.7 + shift + 400 * n**-0.34 + 2000 * d**-0.37) * np.exp(rng.normal(0, 0.003))
                lines.append(f"{n:.6g},{d:.6g},{loss:.5f},{team}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_fit(runs_csv: str) -> None:
    found = answer(
        "fit",
        runs_csv,
        "--law",
        "chinchilla",
        "--where",
        'dataset == "c4"',
        "--bootstrap",
        "50",
        "--level",
        "80",
        "--level",
        "95",
    )
    assert found["law"] == "chinchilla"
    assert found["n_runs"] == 25
    assert found["n_dropped"] == 0
    assert set(found["starts"]) == {"total", "converged", "at_best"}
    assert set(found["parameters"]) == {"E", "A", "B", "alpha", "beta"}
    assert set(found["parameters"]["E"]["intervals"]) == {"80", "95"}
    assert isinstance(found["objective"], float)


def test_fit_of_the_public_runs(public_data: Path) -> None:
    found = answer("fit", "chinchilla", "--law", "chinchilla", "--drop-highest-loss", "5", "--bootstrap", "100")
    assert found["objective"] <= 0.0010182741
    assert found["n_runs"] == 240
    assert found["n_dropped"] == 5
    assert found["parameters"]["A"]["value"] == pytest.approx(477.826, abs=0.01)


def test_columns_groups_and_influence(runs_csv: str) -> None:
    groups = answer(
        "fit", runs_csv, "--column", "loss=eval/loss", "--group-by", "dataset", "--bootstrap", "20", "--influence", "2"
    )["groups"]
    assert set(groups) == {"c4", "books"}
    assert groups["books"]["parameters"]["E"]["value"] > groups["c4"]["parameters"]["E"]["value"]
    assert len(groups["c4"]["influence"]) == 2


def test_compare(runs_csv: str) -> None:
    found = answer("compare", runs_csv, "--where", 'dataset == "c4"', "--laws", "chinchilla,kappa,power:compute")
    assert {"law", "heldout_error", "objective"} <= set(found["laws"][0])
    assert found["laws"][-1]["law"] == "power:compute"


def test_forecast_and_plan(runs_csv: str, tmp_path: Path) -> None:
    saved = str(tmp_path / "fit.json")
    quantal("fit", runs_csv, "--where", 'dataset == "c4"', "--bootstrap", "60", "--save", saved)
    forecast = answer("forecast", saved, "--at", "params=2B,tokens=200B")
    exact = 1.7 + 400 * 2e9**-0.34 + 2000 * 2e11**-0.37
    low, high = forecast["loss"]["intervals"]["95"]
    assert low < exact < high
    assert forecast["decades_beyond"] == pytest.approx(0.602, abs=1e-2)
    assert forecast["laws"]
    plan = answer("plan", saved, "--compute", "1e21", "--params", "10B", "--approaches")
    assert {"params", "tokens", "loss", "params_exponent", "wasted", "approaches"} <= set(plan)
    assert plan["params_exponent"]["value"] == pytest.approx(0.52, abs=0.05)
    for command in ("fit", "compare"):
        assert "chinchilla" in quantal(command, saved).stdout.lower()


def test_plan_of_the_public_runs(public_data: Path) -> None:
    plan = answer(
        "plan",
        "chinchilla",
        "--law",
        "chinchilla",
        "--drop-highest-loss",
        "5",
        "--compute",
        "5.76e23",
        "--bootstrap",
        "100",
    )
    assert plan["params"]["value"] == pytest.approx(7.3e10, rel=0.01)
    assert plan["params_exponent"]["value"] == pytest.approx(0.514, abs=1e-3)
    everything = answer("plan", "chinchilla", "--compute", "5.76e23", "--bootstrap", "50")
    assert everything["params_exponent"]["value"] == pytest.approx(0.565, abs=1e-3)
    assert any("0.565" in text for text in everything["warnings"])


def test_data(runs_csv: str, tmp_path: Path) -> None:
    assert {"tiny-lm", "chinchilla"} <= {table["name"] for table in answer("data", "list")["tables"]}
    shown = answer("data", "show", runs_csv)
    assert {column["name"]: column["source"] for column in shown["columns"]}["loss"] == "eval/loss"
    out = tmp_path / "out.jsonl"
    assert answer("data", "export", runs_csv, "-o", str(out), "--where", "dataset in ['c4']")["rows"] == 25
    assert len(out.read_text().splitlines()) == 25
    assert "eval/loss" in quantal("data", "show", runs_csv).stdout


def test_standard_input(runs_csv: str) -> None:
    done = quantal("data", "show", "-", "--json", text=Path(runs_csv).read_text())
    assert json.loads(done.stdout)["rows"] == 50


def test_laws() -> None:
    assert "chinchilla" in {law["name"] for law in answer("laws")["laws"]}
    assert answer("laws", "kappa")["parameters"][-1]["name"] == "kappa"
    assert "Hoffmann" in quantal("laws", "chinchilla").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    assert "_QUANTAL_COMPLETE" in quantal("completion", shell).stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    text = quantal(name, "--help").stdout
    assert "Example:" in text
    assert f"quantal {name}" in text


def test_the_command_alone_shows_its_help() -> None:
    done = quantal()
    assert done.stdout == quantal("--help").stdout
    assert done.stderr == ""


def test_help_lists_the_commands_without_importing_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['quantal', '--help']\nfrom quantal.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'scipy', 'polars', 'rich', 'plotly', 'pandas', 'torch', 'numpy'} & set(sys.modules)\nassert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "forecast" in done.stdout


def test_importing_quantal_is_light() -> None:
    code = "import sys, quantal\nheavy = {'scipy', 'polars', 'rich', 'numpy', 'torch'} & set(sys.modules)\nassert not heavy, heavy"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


BAD = [
    (["fit", ""], "RUNS is empty"),
    (["fit", "nowhere.csv"], "nowhere.csv"),
    (["fit", "RUNS", "--law", "chinchila"], "Did you mean 'chinchilla'"),
    (["fit", "RUNS", "--where", "params >"], "params >"),
    (["fit", "RUNS", "--where", "parms > 1"], "params"),
    (["fit", "RUNS", "--where", "params > 1e99"], "none of 50 rows"),
    (["fit", "RUNS", "--column", "loss=evalloss"], "eval/loss"),
    (["fit", "RUNS", "--column", "loss"], "NAME=VALUE"),
    (["fit", "RUNS", "--drop-highest-loss", "50"], "50"),
    (["fit", "RUNS", "--starts", "many"], "published"),
    (["fit", "RUNS", "--objective", "hubr"], "Did you mean 'huber'"),
    (["fit", "RUNS", "--group-by", "datset"], "dataset"),
    (["fit", "RUNS", "--level", "100"], "level 100"),
    (["plan", "RUNS", "--compute", "lots"], "lots"),
    (["plan", "RUNS", "--compute", "1e20", "--law", "power:params"], "joint law"),
    (["forecast", "RUNS", "--at", "params"], "NAME=VALUE"),
    (["forecast", "RUNS", "--at", "parms=7B"], "parms"),
    (["emergence", "RUNS", "--at", "1e22"], "no column 'accuracy'"),
    (["emergence", "RUNS", "--at", "-1", "--score", "loss", "--task", "dataset"], "above zero"),
    (["emergence", "RUNS", "--at", "1e22", "--score", "loss", "--task", "dataset"], "shares from 0 to 1"),
    (["report", "RUNS", "--target", "accuracy"], "no column 'accuracy' to explain"),
    (["report", "RUNS", "-o", "no/such/folder/report.html"], "no/such/folder"),
    (["data", "show", "chinchila"], "chinchilla"),
    (["data", "export", "RUNS", "-o", "out.xlsx"], "xlsx"),
    (["data", "fetch", "nothing"], "nothing"),
    (["rport", "RUNS"], "Did you mean 'report'"),
    (["plan", "RUNS"], "--compute"),
]


@pytest.mark.parametrize(("args", "says"), BAD, ids=[" ".join(args) for args, _ in BAD])
def test_bad_input_is_one_message(args: list[str], says: str, runs_csv: str, tmp_path: Path) -> None:
    done = quantal(*(runs_csv if arg == "RUNS" else arg for arg in args), check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert says in done.stderr
    messages = [line for line in done.stderr.splitlines() if line.startswith("quantal: ")]
    assert len(messages) == 1
    assert not list(tmp_path.iterdir())


def test_messages_are_held(runs_csv: str, tmp_path: Path) -> None:
    """Every message in full; QUANTAL_WRITE_MESSAGES=1 writes them anew after a change that was meant."""
    held = Path(__file__).with_name("messages.txt")
    lines = []
    for args, _ in BAD:
        done = quantal(*(runs_csv if arg == "RUNS" else arg for arg in args), check=False, cwd=tmp_path)
        text = re.sub(r"\[[^]]*tables:[^]]*\]|Known: .*", "Known: ...", done.stderr.replace(runs_csv, "RUNS"))
        lines.append(f"$ quantal {' '.join(args)}\n{text}")
    now = "\n".join(lines)
    if os.environ.get("QUANTAL_WRITE_MESSAGES"):
        held.write_text(now, encoding="utf-8")
    assert now == held.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("cell", "says"),
    [("nan", "nan"), ("inf", "inf"), ("", "row 2"), ("-3", "-3"), ("n/a", "n/a"), ("three", "three")],
)
def test_what_is_no_measurement_names_row_column_and_value(cell: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        f"params,tokens,loss\n1e6,1e8,3.0\n{'-3' if cell == '-3' else '2e6'},2e8,{cell if cell != '-3' else '2.9'}\n"
    )
    done = quantal("fit", str(path), check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    for part in ("bad.csv", "row 2", says):
        assert part in done.stderr
