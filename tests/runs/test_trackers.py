"""Readers of trackers' logs without the trackers: wire format, end-point rules, flags, folders, hostile bytes."""

from __future__ import annotations

import json
import sqlite3
import struct
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quantal as ql
from quantal.errors import DataError, DataWarning, InputError, QuantalError
from quantal.runs.trackers import Points, TrackedRun, one_row_a_run, read_tracked
from quantal.runs.trackers.ends import counted, cut_short, diverged, under_tuned
from quantal.runs.trackers.protobuf import fields, tensorboard_records, wandb_records
from quantal.runs.trackers.tracked import points


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def event(step: int, tag: str, value: float) -> bytes:
    name = tag.encode()
    body = b"\x0a" + varint(len(name)) + name + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + varint(len(body)) + body
    record = b"\x10" + varint(step) + b"\x2a" + varint(len(summary)) + summary
    return struct.pack("<Q", len(record)) + bytes(4) + record + bytes(4)


def run(values: list[float], name: str = "a", config: dict | None = None, **more: list[float]) -> TrackedRun:
    steps = np.arange(len(values), dtype=float)
    curves = {"val_loss": Points(steps, np.array(values))}
    curves |= {key: Points(np.arange(len(one), dtype=float), np.array(one)) for key, one in more.items()}
    return TrackedRun(name, "test", config or {}, curves)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_event_files_keep_every_point(count: int, tag: str) -> None:
    from quantal.runs.trackers.tensorboard_runs import _event

    curves: dict = {}
    data = b"".join(event(step, tag, step / 2) for step in range(count))
    for record in tensorboard_records(data, "x"):
        _event(record, curves)
    assert [step for step, _ in curves[tag]] == list(range(count))


def test_twenty_thousand_points_are_all_read(tmp_path: Path) -> None:
    """More than the 1,000 that TensorBoard exports and the 10,000 that its accumulator keeps."""
    data = b"".join(event(step, "val_loss", 5 - step / 10_000) for step in range(20_000))
    (tmp_path / "events.out.tfevents.1.host").write_bytes(data + b"\x10\x00")
    (found,) = read_tracked(tmp_path)
    assert len(found.metrics["val_loss"].steps) == 20_000
    assert ql.read_runs(tmp_path)["points"][0] == 20_000


@given(st.binary(max_size=300))
def test_hostile_bytes_end_in_an_error_or_nothing(data: bytes) -> None:
    for read in (
        lambda: list(fields(data)),
        lambda: list(tensorboard_records(data, "x")),
        lambda: list(wandb_records(data, "x")),
    ):
        try:
            read()
        except (ValueError, QuantalError):
            continue


@settings(max_examples=20, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(["a.wandb", "events.out.tfevents.1", "trainer_state.json", "metrics.csv", "x.db"]),
)
def test_damaged_logs_are_refused_by_name(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("log") / name
    prefix = {"a.wandb": b":W&B\xe1\xbe\0", "metrics.csv": b"step,loss\n", "x.db": b"SQLite format 3\0"}.get(name, b"")
    path.write_bytes(prefix + data)
    message = "nothing was wrong"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ql.read_runs(path)
        except QuantalError as error:
            message = str(error)
    assert any(
        part in message for part in (str(path.parent), "none of 1 runs", "no curve is a loss", "nothing was wrong")
    )


def test_end_rules() -> None:
    curve = run([5.0, 3.0, 2.0, 2.5, 2.2, 2.4, 2.3], config={"max_steps": 7.0})

    def end(rule: str) -> float:
        return one_row_a_run([curve], rule)[0]["val_loss"][0]

    assert (end("last"), end("minimum"), end("smoothed"), end("schedule")) == (2.3, 2.0, 2.3, 2.3)
    with pytest.raises(DataError, match="has an end by the rule 'schedule'"):
        one_row_a_run([run([5.0, 4.0], config={"max_steps": 100.0})], "schedule")
    with pytest.raises(InputError, match="Did you mean 'last'"):
        one_row_a_run([curve], "lats")


def test_flags() -> None:
    assert cut_short(run([3.0] * 10, config={"trainer.max_steps": 100.0}))
    assert cut_short(run([3.0] * 10, lr=[1e-3, 9e-4, 8e-4, 7e-4, 6e-4]))
    assert cut_short(run([3.0] * 10, lr=[1e-3, 5e-4, 1e-5])) is False
    assert cut_short(run([3.0] * 10)) is None
    assert diverged(Points(np.arange(3.0), np.array([3.0, 2.0, np.nan])))
    assert diverged(Points(np.arange(8.0), np.array([5.0, 3, 2, 2, 3, 4, 5, 6])))
    assert not diverged(Points(np.arange(8.0), np.array([5.0, 3, 2, 2, 2.01, 2, 2.02, 2.01])))
    assert counted(Points(np.arange(3.0), np.zeros(3)))[1] == "token counter is zero"


@given(st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=5), min_size=1, max_size=4))
def test_pieces_of_a_counter_add_up(pieces: list[list[int]]) -> None:
    """A counter that is set back to its first increment at each resumption."""
    values = np.concatenate([np.cumsum(piece) for piece in pieces]).astype(float)
    falls = sum(1 for a, b in pairwise(values) if b < a)
    total, wrong = counted(Points(np.arange(len(values), dtype=float), values))
    assert (wrong is None) == (falls == 0)
    if falls == len(pieces) - 1:
        assert total == sum(map(sum, pieces))


def test_flagged_runs_warn_and_are_kept(tmp_path: Path) -> None:
    for name, lr, loss in (("good", 1e-3, 3.0), ("slow", 1e-5, 3.4)):
        (tmp_path / name).mkdir()
        state = {
            "log_history": [
                {"step": i, "eval_loss": loss + 1 / (i + 1), "num_input_tokens_seen": 0} for i in range(1, 9)
            ],
            "global_step": 8,
            "max_steps": 20,
            "learning_rate": lr,
        }
        (tmp_path / name / "trainer_state.json").write_text(json.dumps(state))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs = ql.read_runs(tmp_path)
    said = [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
    assert any("cut before its schedule ended: good, slow" in text for text in said)
    assert len(runs) == 2
    assert all("token counter is zero" in text for text in runs["flags"])
    assert "tokens" not in runs


def test_under_tuned_runs_are_upper_bounds() -> None:
    settings_ = [{"params": 1e6, "tokens": 1e9, "lr": lr} for lr in (1e-3, 1e-4)]
    table, _, notes = one_row_a_run([run([5.0, 3.0], "a", settings_[0]), run([5.0, 3.3], "b", settings_[1])])
    assert table["flags"] == ["", "under-tuned: an upper bound only"]
    assert any(note.startswith("under-tuned") for note in notes)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1e6, 1.01e6, 1.02e6, 1.0203e6, 1.03e6, 5e6]),
            st.sampled_from([1e8, 1.015e8, 3e8]),
            st.sampled_from([1e-3, 2e-3]),
            st.floats(2.0, 2.03),
        ),
        max_size=12,
    )
)
def test_under_tuned_is_what_it_says(given_rows: list[tuple[float, float, float, float]]) -> None:
    """Another run within 2 % in params and tokens, at another learning rate, lies more than 0.5 % lower."""
    rows = [{"params": n, "tokens": d, "lr": rate, "loss": loss} for n, d, rate, loss in given_rows]
    expected = [
        place
        for place, (n, d, rate, loss) in enumerate(given_rows)
        if any(
            abs(n - m) <= 0.02 * m and abs(d - t) <= 0.02 * t and rate != other and least < 0.995 * loss
            for m, t, other, least in given_rows
        )
    ]
    assert under_tuned(rows, "loss") == expected


def test_a_counter_that_stopped_some_runs_is_named_where_the_table_is_refused(tmp_path: Path) -> None:
    for name, per_step in (("good", 1000), ("dead", 0)):
        (tmp_path / name).mkdir()
        history = [{"step": i, "eval_loss": 3.0 + 1 / i, "num_input_tokens_seen": per_step * i} for i in range(1, 9)]
        (tmp_path / name / "trainer_state.json").write_text(json.dumps({"log_history": history, "global_step": 8}))
    with pytest.raises(DataError, match="token counter is zero: dead"):
        ql.read_runs(str(tmp_path))
    with pytest.warns(DataWarning, match="token counter is zero: dead"):
        assert len(ql.read_runs(str(tmp_path), where="tokens > 0")) == 1


def test_panel_exports_are_flagged_as_sampled(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(
        '"Step","a - val_loss","a - val_loss__MIN","a - val_loss__MAX","b - val_loss","b - val_loss__MIN","b - val_loss__MAX"\n'
        '"0","5","5","5","4","4","4"\n"10","3","3","3","","",""\n"20","","","","2","2","2"\n'
    )
    with pytest.warns(DataWarning, match="sampled source"):
        runs = ql.read_runs(path)
    assert runs["loss"].tolist() == [3.0, 2.0]
    assert runs["run"].tolist() == ["a", "b"]


def test_history_export_is_one_run() -> None:
    frame = {"_step": [0.0, 1.0, 2.0], "_timestamp": [1.0, 2.0, 3.0], "eval/loss": [3.0, np.nan, 2.0]}
    runs = ql.read_runs(frame)
    assert (len(runs), runs["loss"][0], runs["points"][0]) == (1, 2.0, 2.0)


def test_mlflow_folders_and_databases(tmp_path: Path) -> None:
    folder = tmp_path / "mlruns" / "0" / "abc"
    (folder / "metrics").mkdir(parents=True)
    (folder / "params").mkdir()
    (folder / "meta.yaml").write_text("run_name: small\nstatus: 3\n")
    (folder / "metrics" / "val_loss").write_text("1 5.0 0\n2 4.0 10\n")
    (folder / "params" / "n_params").write_text("1000000")
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: Default\n")
    runs = ql.read_runs(tmp_path / "mlruns")
    assert (runs["run"][0], runs["params"][0], runs["loss"][0]) == ("small", 1e6, 4.0)
    (folder / "metrics" / "val_loss").write_text("1 5.0 0\nnonsense\n")
    with pytest.raises(DataError, match=r"val_loss, row 2: 'nonsense'"):
        ql.read_runs(tmp_path / "mlruns")
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE t (a)")
    with pytest.raises(DataError, match="no MLflow database"):
        ql.read_runs(tmp_path / "other.db")


def test_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no runs of a tracker; looked for \*\.wandb"):
        ql.read_runs(tmp_path)


def test_missing_packages_name_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("duckdb", "wandb", "mlflow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError, match=r'pip install "quantal\[duckdb\]"'):
        ql.read_runs("sql:SELECT 1 AS loss")
    with pytest.raises(DataError, match=r'pip install "quantal\[trackers\]"'):
        ql.read_runs("wandb:someone/project")
    from quantal.runs import log_to_mlflow

    with pytest.raises(DataError, match=r'pip install "quantal\[trackers\]"'):
        log_to_mlflow(None)


def test_later_values_of_a_step_count() -> None:
    assert points([(1, 2.0), (0, 3.0), (1, 1.5)]).values.tolist() == [3.0, 1.5]
