"""Logs that the trackers really wrote: Weights & Biases, MLflow, TensorBoard, Lightning, Transformers, DuckDB."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import quantal as ql
from quantal.runs.trackers import read_tracked

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("trackers")]

WANDB = """
import os
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
import wandb
for n in (1e6, 4e6):
    run = wandb.init(project="p", dir=".", name=f"n{n:g}", config={"params": n, "optimizer": {"lr": 1e-3}},
                     settings=wandb.Settings(x_disable_stats=True, console="off"))
    for i in range(3000):
        row = {"train/loss": 5 - i / 1000, "tokens": (i + 1) * 1000}
        if i % 10 == 9:
            row["eval/loss"] = 5.05 - i / 1000
        wandb.log(row)
    run.finish()
"""
MLFLOW = """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("scaling")
for n in (1e6, 4e6):
    with mlflow.start_run(run_name=f"n{n:g}"):
        mlflow.log_param("n_params", n)
        for i in range(30):
            mlflow.log_metric("val_loss", 5 - 0.1 * i, step=i * 10)
            mlflow.log_metric("tokens_seen", (i + 1) * 1000.0, step=i * 10)
import sys
sys.path.insert(0, sys.argv[1])
import quantal as ql
from quantal.runs import log_to_mlflow
n = [1e6, 1e7, 1e8, 1e9]
fit = ql.fit({"params": n, "loss": [4.1, 3.6, 3.35, 3.22]}, "power_floor:params")
print(log_to_mlflow(fit, tracking_uri="sqlite:///mlflow.db"))
"""


def script(code: str, place: Path, *args: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *args], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_wandb_offline_runs(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    script(WANDB, tmp_path)
    found = read_tracked(tmp_path / "wandb")
    assert sorted(run.name for run in found) == ["n1e+06", "n4e+06"]
    for run in found:
        assert len(run.metrics["train/loss"].steps) == 3000
        assert run.config["optimizer.lr"] == 1e-3
        assert run.status == "finished"
    runs = ql.read_runs(tmp_path)
    assert sorted(runs["params"].tolist()) == [1e6, 4e6]
    assert runs["loss"].tolist() == pytest.approx([5.05 - 2.999] * 2)
    assert runs["tokens"].tolist() == [3e6, 3e6]
    assert set(runs["flags"]) == {""}


def test_mlflow_database_and_fits_written_back(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    run_id = script(MLFLOW, tmp_path, str(Path(ql.__file__).parents[1])).strip().splitlines()[-1]
    runs = ql.read_runs(tmp_path / "mlflow.db", where="params > 0")
    assert runs["params"].tolist() == [1e6, 4e6]
    assert runs["tokens"].tolist() == [30_000.0, 30_000.0]
    assert runs["loss"].tolist() == pytest.approx([2.1, 2.1])
    written = {run.name: run for run in read_tracked(tmp_path / "mlflow.db")}["quantal fit"]
    assert written.config["law"] == "power_floor:params"
    assert "parameters.alpha.value" in written.metrics
    assert run_id


def test_tensorboard_files_in_full(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    for name in ("a", "b"):
        with SummaryWriter(str(tmp_path / name)) as writer:
            for i in range(12_000):
                writer.add_scalar("loss/val", 5 - i / 6000, i)
    runs = ql.read_runs(tmp_path, columns={"loss": "loss/val"})
    assert runs["points"].tolist() == [12_000, 12_000]
    assert runs["loss"].tolist() == pytest.approx([5 - 11_999 / 6000] * 2)
    assert runs["run"].tolist() == ["a", "b"]


def test_lightning_csv_logger(tmp_path: Path) -> None:
    pytest.importorskip("lightning")
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(tmp_path), name="model")
    logger.log_hyperparams({"params": 1000000, "lr": 0.001})
    for i in range(40):
        logger.log_metrics({"train_loss": 4 - i / 20}, step=i)
        if i % 10 == 9:
            logger.log_metrics({"val_loss": 4.1 - i / 20}, step=i)
    logger.save()
    runs = ql.read_runs(tmp_path)
    assert runs["loss"][0] == pytest.approx(4.1 - 39 / 20)
    assert runs["params"][0] == 1e6
    assert runs["points"][0] == 4


def test_trainer_state_of_transformers(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from transformers import TrainerControl, TrainerState

    state = TrainerState(max_steps=100, global_step=60, num_input_tokens_seen=0, total_flos=1.0)
    assert TrainerControl() is not None
    state.log_history = [{"loss": 5 - i / 20, "learning_rate": 1e-3, "step": i} for i in range(60)]
    state.log_history.append({"eval_loss": 2.1, "step": 60})
    (tmp_path / "checkpoint-60").mkdir()
    state.save_to_json(str(tmp_path / "checkpoint-60" / "trainer_state.json"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs = ql.read_runs(tmp_path)
    assert runs["loss"][0] == 2.1
    assert runs["flags"][0] == "token counter is zero; cut before its schedule ended"
    assert any("token counter is zero" in str(one.message) for one in caught)


def test_sql_through_duckdb(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "runs.csv").write_text("N,D,loss\n1e6,1e9,3.5\n1e7,1e9,3.1\n")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        database.sql(f"CREATE TABLE runs AS SELECT * FROM '{tmp_path}/runs.csv'")
    from quantal.runs import read_sql

    assert len(ql.read_runs(f"sql:SELECT * FROM '{tmp_path}/runs.csv' WHERE N > 5e6")) == 1
    assert read_sql("SELECT * FROM runs", tmp_path / "x.duckdb")["params"].tolist() == [1e6, 1e7]
    with pytest.raises(ql.DataError, match="DuckDB refuses the query"):
        read_sql("SELEC 1")
