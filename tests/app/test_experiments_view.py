"""Sweeps as the page tells of them: standing and time left from a store's jobs, curves, subtasks, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_server import asked, served

from quantal.train import ParityConfig, open_store
from quantal.train.store import Entry

pytestmark = pytest.mark.extras

CONFIGS = [
    ParityConfig(tasks=6, bits=10, k=2, widths=widths, batch_size=200, steps=300, learning_rates=(1e-2,), seed=seed)
    for widths, seed in (((12,), 0), ((48,), 0), ((12, 24), 1))
]


def entry(state: str, **given: Any) -> Entry:
    usual: dict[str, Any] = {
        "key": state, "kind": "parity", "config": {}, "cost": 1.0, "failures": 0, "error": None, "owner": None, "summary": None,
        "seconds": None, "finished": None, "versions": None,
    }  # fmt: skip
    return Entry(**{**usual, "state": state, **given})


def test_the_time_left_is_what_is_open_at_the_pace_of_what_was_done() -> None:
    from quantal.app.experiments import standing

    done = entry("done", cost=2.0, seconds=3.0, begun=100.0, finished=110.0)
    running = entry("running", cost=4.0, share=0.5, begun=100.0, until=160.0)
    found = standing([done, running, entry("waiting", cost=6.0)], now=120.0)
    assert found["counts"] == {"waiting": 1, "running": 1, "done": 1, "failed": 0, "silent": 0}
    assert found["share"] == pytest.approx(4 / 12)
    assert found["left"] == pytest.approx(8.0 * (10 + 20) / (2 + 2))
    assert found["active"]
    gone = standing([done, running], now=200.0)
    assert (gone["counts"]["silent"], gone["left"], gone["active"]) == (1, None, False)
    assert standing([entry("waiting")], now=0.0)["left"] is None
    assert standing([done], now=200.0)["share"] == 1.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from quantal.train import sweep

    path = tmp_path_factory.mktemp("store") / "runs.sqlite"
    sweep(CONFIGS, store=path, workers=1, name="widths")
    return path


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    with served(store=str(store)) as address:
        yield address


def test_a_sweep_and_its_runs(address: str, store: Path) -> None:
    status, found = asked(f"{address}/api/experiments")
    assert (status, found["place"], found["problem"]) == (200, str(store), None)
    (one,) = found["sweeps"]
    assert (one["counts"]["done"], one["share"], one["active"]) == (3, 1.0, False)
    rows = asked(f"{address}/api/experiments/sweep?name={one['name']}")[1]["runs"]
    assert sorted(row["label"] for row in rows) == ["width 12, seed 0", "width 48, seed 0", "widths 12, 24, seed 1"]
    double = next(row for row in rows if row["label"].startswith("widths"))
    assert double["loss"][0] < double["loss"][1]
    assert double["params"] == [CONFIGS[0].params(12), CONFIGS[0].params(24)]


def test_curves_and_subtasks_are_those_that_were_measured(address: str, store: Path) -> None:
    name = asked(f"{address}/api/experiments")[1]["sweeps"][0]["name"]
    curves, finals = asked(f"{address}/api/experiments/curves?name={name}")[1]["charts"]
    assert len(curves["figure"]["data"]) == 4
    assert len(finals["figure"]["data"][0]["x"]) == 4
    with open_store(store) as opened:
        (wanted,) = [one for one in opened.entries() if one.config["widths"] == [12, 24]]
        arrays = opened.arrays(wanted.key)
    named = next(one for one in curves["figure"]["data"] if one["name"] == "widths 12, 24, seed 1, width 24")
    assert np.allclose(named["y"], arrays["loss"][1], rtol=1e-6)
    run = asked(f"{address}/api/experiments/run?name={name}&key={wanted.key[:8]}&net=1")[1]
    assert run["nets"] == ["width 12, seed 0, learning rate 0.01", "width 24, seed 0, learning rate 0.01"]
    tasks, learned = run["charts"]
    assert [one["name"] for one in tasks["figure"]["data"]] == [
        "subtask 1", "subtask 2", "subtask 4", "subtask 6", "all, by their use",
    ]  # fmt: skip
    assert np.allclose(tasks["figure"]["data"][1]["y"], arrays["subtask_loss"][1][:, 1], rtol=1e-6)
    steps = np.array([arrays["steps"][np.argmax(arrays["subtask_loss"][1][:, task] < 0.1)] for task in range(6)])
    ever = (arrays["subtask_loss"][1] < 0.1).any(axis=0)
    assert ever.any()
    assert learned["figure"]["data"][0]["y"] == steps[ever].tolist()


def test_what_is_not_there_is_told(address: str, tmp_path: Path) -> None:
    status, found = asked(f"{address}/api/experiments/sweep?name=widhts")
    assert status == 422
    assert "there is no sweep 'widhts'" in found["error"]["message"]
    name = asked(f"{address}/api/experiments")[1]["sweeps"][0]["name"]
    assert asked(f"{address}/api/experiments/run?name={name}&key=zz")[0] == 422
    key = asked(f"{address}/api/experiments/sweep?name={name}")[1]["runs"][0]["key"]
    status, found = asked(f"{address}/api/experiments/run?name={name}&key={key}&net=9")
    assert f"the run {key} has no network 9" in found["error"]["message"]
    with served(store=str(tmp_path / "none.sqlite")) as other:
        found = asked(f"{other}/api/experiments")[1]
        assert "quantal sweep FILE --store" in found["problem"]
        with open_store(tmp_path / "none.sqlite") as made:
            assert asked(f"{other}/api/experiments")[1]["sweeps"] == []
            made.add([], "none")
    with served() as other:
        assert asked(f"{other}/api/experiments")[1] == {"watched": False, "place": None, "problem": None, "sweeps": []}
        assert (
            "quantal app --store runs.sqlite" in asked(f"{other}/api/experiments/sweep?name=x")[1]["error"]["message"]
        )


def test_runs_of_another_kind_are_shown_by_their_curves(tmp_path: Path) -> None:
    from quantal.app.experiment_charts import sweep_charts
    from quantal.app.experiment_curves import curves_of, subtasks_of
    from quantal.app.experiments import run_rows
    from quantal.train.job import Job, Outcome
    from quantal.train.owner import Owner

    with open_store(tmp_path / "own.sqlite") as store:
        store.add(
            [Job("my:Config my:run", {"rate": rate, "name": f"<b>{rate}</b>"}) for rate in (0.1, 0.2, 0.3)], "own"
        )
        for losses in ([3.0, 2.0], [3.0, 1.5], None):
            claim = store.claim("own", Owner.current(), 60.0)
            assert claim is not None
            arrays = {} if losses is None else {"loss": np.array(losses), "steps": np.array([1, 10])}
            store.finish(claim, Outcome({"loss": 1.0}, None, arrays, 0.1, {}))
        entries = store.entries("own")
        labels = {row["label"] for row in run_rows(entries)}
        assert labels == {f"name <b>{one}</b>, rate {one}" for one in (0.1, 0.2, 0.3)}
        curves = curves_of(store, entries)
        assert sorted(one.final for one in curves) == [1.5, 2.0]
        (only,) = sweep_charts(curves)
        json.dumps(only, allow_nan=False)
        assert "&lt;b&gt;" in only["figure"]["data"][0]["name"]
        assert subtasks_of(store, entries[0]) is None


def test_a_page_is_not_served_on_what_is_no_store(tmp_path: Path) -> None:
    from quantal.app import Settings, create_app
    from quantal.errors import DataError, InputError

    (tmp_path / "notes.txt").write_text("no database")
    with pytest.raises(DataError, match="this is no store of quantal"):
        create_app(Settings(store=str(tmp_path / "notes.txt")))
    with pytest.raises(InputError, match="a store in 'mysql'"):
        create_app(Settings(store="mysql://here/runs"))
    with pytest.raises(DataError, match=r"cannot be read .*quantal discover MODEL"):
        create_app(Settings(quanta=str(tmp_path / "none.json")))


def test_a_run_in_progress_is_shown_up_to_its_checkpoint(tmp_path: Path) -> None:
    from quantal.app.experiment_charts import sweep_charts
    from quantal.app.experiment_curves import curves_of, subtasks_of
    from quantal.train import train_parity
    from quantal.train.job import job_of
    from quantal.train.owner import Owner
    from quantal.train.so_far import checkpoint_of

    def stop(done: int, total: int | None) -> None:
        if done == 200:
            raise KeyboardInterrupt

    config = CONFIGS[0]
    whole = train_parity(config)
    with open_store(tmp_path / "runs.sqlite") as store:
        job = job_of(config)
        store.add([job], "one")
        store.claim("one", Owner.current(), 60.0)
        (entry,) = store.entries("one")
        assert curves_of(store, [entry]) == []
        assert subtasks_of(store, entry) is None
        place = checkpoint_of(store, job.key)
        assert place == tmp_path / "runs.sqlite-checkpoints" / f"{job.key}.npz"
        place.parent.mkdir()
        with pytest.raises(KeyboardInterrupt):
            train_parity(config, checkpoint=place, progress=stop)
        (curve,) = curves_of(store, [entry])
        assert (curve.label, curve.finished) == ("width 12, seed 0, so far", False)
        assert [one["name"] for one in sweep_charts([curve])] == ["sweep-curves"]
        assert 0 < curve.steps[-1] <= 200
        assert curve.loss.tolist() == whole.loss[0, : curve.loss.size].tolist()
        found = subtasks_of(store, entry)
        assert found is not None
        assert np.array_equal(found.loss, whole.subtask_loss[0, : curve.loss.size])
        place.write_bytes(b"damaged")
        assert curves_of(store, [entry]) == []


def test_a_text_run_in_progress_is_shown_by_the_mean_loss_of_its_tokens(tmp_path: Path) -> None:
    from quantal.train import TextConfig
    from quantal.train.checkpoint import write_checkpoint
    from quantal.train.so_far import text_so_far

    config = TextConfig(width=16, tokens=20_000)
    losses = np.array([[3.0, 5.0], [2.0, 3.0], [0.0, 0.0]], dtype=np.float32)
    arrays = {"filled": np.array(2), "tokens": losses, "weight:w": np.zeros(4)}
    write_checkpoint(tmp_path / "run.npz", {"config": config.key(), "text": "a hash"}, arrays)
    found = text_so_far(config, tmp_path / "run.npz")
    assert found is not None
    assert found[0].tolist() == config.evaluation_steps[:2].tolist()
    assert found[1].tolist() == [4.0, 2.5]
    assert text_so_far(TextConfig(width=32, tokens=20_000), tmp_path / "run.npz") is None
    assert text_so_far(config, tmp_path / "none.npz") is None
