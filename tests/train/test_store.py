"""The store: claims, leases, results written once, migration, refusals; on SQLite and on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from writers import fill, jobs, outcome

from quantal.errors import DataError, InputError
from quantal.train.job import pack, unpack
from quantal.train.owner import Owner

pytestmark = pytest.mark.extras

HERE = Owner.current()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "runs.sqlite")
    server = request.getfixturevalue("postgres")
    return fresh_database(server.url)


def fresh_database(url: str) -> str:
    import uuid

    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # pyright: ignore[reportArgumentType]
    return url.rsplit("/", 1)[0] + f"/{name}"


def test_a_job_is_claimed_once_dearest_first(url: str) -> None:
    from quantal.train import open_store

    with open_store(url) as store:
        assert store.add(jobs(14), "s") == 14
        assert store.add(jobs(14), "s") == 0
        claims = [store.claim("s", HERE, 60.0) for _ in range(15)]
        assert claims[-1] is None
        taken = [claim for claim in claims if claim is not None]
        assert len({claim.job.key for claim in taken}) == 14
        costs = [claim.job.cost for claim in taken]
        assert costs == sorted(costs, reverse=True)
        assert taken[0].job in jobs(14)
        store.release(taken[:3])
        assert store.counts("s") == {"waiting": 3, "running": 11, "done": 0, "failed": 0}


def test_the_job_of_a_silent_owner_is_free_again(url: str) -> None:
    from quantal.train import open_store

    with open_store(url) as store:
        store.add(jobs(1), "s")
        first = store.claim("s", HERE, 0.3)
        assert first is not None
        assert store.claim("s", HERE, 0.3) is None
        time.sleep(0.2)
        store.extend([first], 0.4)
        time.sleep(0.2)
        assert store.claim("s", HERE, 0.3) is None
        time.sleep(0.3)
        second = store.claim("s", HERE, 60.0)
        assert second is not None
        assert store.finish(first, outcome(3.0)), "whoever finishes first is taken at his word"
        assert not store.finish(second, outcome(3.0)), "and nothing is written twice"
        assert store.counts("s")["done"] == 1


def test_results_come_back_as_they_were(url: str) -> None:
    from quantal.train import open_store

    with open_store(url) as store:
        store.add(jobs(2), "s")
        claim = store.claim("s", HERE, 60.0)
        assert claim is not None
        store.finish(claim, outcome(2.5))
        entry = store.entry(claim.job.key[:8])
        assert entry.summary == {"loss": 2.5}
        assert entry.seconds == 0.5
        assert entry.state == "done"
        found = store.arrays(entry.key)
        assert np.array_equal(found["curve"], outcome(2.5).arrays["curve"])
        assert found["mask"].dtype == bool
        assert list(store.arrays(entry.key, ["mask"])) == ["mask"]
        with pytest.raises(DataError, match="no run has a key that begins with 'zz'"):
            store.entry("zz")
        with pytest.raises(DataError, match=r"there is no sweep 't'"):
            store.entries("t")


def test_how_far_a_running_job_is_is_noted_and_forgotten_when_it_is_given_back(url: str) -> None:
    from quantal.train import open_store

    with open_store(url) as store:
        store.add(jobs(2), "s")
        claim = store.claim("s", HERE, 60.0)
        assert claim is not None
        store.note({claim.token: 0.25, "a lost claim": 0.5})
        (running,) = store.entries("s", state="running")
        assert running.share == 0.25
        assert running.until is not None
        assert running.begun is not None
        assert running.until - running.begun == pytest.approx(60.0)
        store.release([claim])
        assert {one.share for one in store.entries("s")} == {None}


def test_a_failure_is_tried_again_or_given_up(url: str) -> None:
    from quantal.train import open_store

    with open_store(url) as store:
        store.add(jobs(1), "s")
        claim = store.claim("s", HERE, 60.0)
        assert claim is not None
        store.fail(claim, "out of luck", again=True)
        claim = store.claim("s", HERE, 60.0)
        assert claim is not None
        assert claim.failures == 1
        store.fail(claim, "out of luck", again=False)
        assert store.claim("s", HERE, 60.0) is None
        assert store.entries("s", state="failed")[0].error == "out of luck"
        assert store.revive("s") == 1
        again = store.claim("s", HERE, 60.0)
        assert again is not None
        assert again.failures == 0


def test_claims_of_dead_processes_of_this_machine_are_given_back(url: str) -> None:
    from quantal.train import open_store

    done = subprocess.run(
        [sys.executable, "-c", "from quantal.train.owner import Owner; print(Owner.current())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    dead = Owner.parse(done.stdout.strip())
    elsewhere = Owner("another/machine", dead.process, dead.started)
    assert dead.is_gone
    assert not elsewhere.is_gone
    with open_store(url) as store:
        store.add(jobs(3), "s")
        for owner in (dead, elsewhere, HERE):
            store.claim("s", owner, 60.0)
        assert store.release_dead("s") == 1
        assert store.counts("s")["waiting"] == 1


def test_an_older_store_is_migrated_and_keeps_its_results(url: str) -> None:
    from quantal.train import open_store
    from quantal.train.store_connection import connect
    from quantal.train.store_schema import VERSION, migrate

    engine, place = connect(url)
    with engine.begin() as connection:
        assert migrate(connection, place, to=1) == 0
        connection.exec_driver_sql(
            "INSERT INTO jobs (key, kind, config, cost, state, failures, added) VALUES ('k', 'parity', '{}', 1, 'done', 0, 0)"
        )
        connection.exec_driver_sql("INSERT INTO results VALUES ('k', '{\"loss\": 1.5}', NULL, 2, 3, '{}')")
    engine.dispose()
    with open_store(url) as store:
        assert store.entry("k").summary == {"loss": 1.5}
        assert store.add(jobs(2), "s") == 2
        with store.engine.begin() as connection:
            assert migrate(connection, place) == VERSION


def test_a_store_from_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    from quantal.train import open_store

    store = open_store(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE quantal_store SET version = 99")
    store.close()
    for _ in range(2):
        with pytest.raises(
            DataError, match=r"the store has version 99, and this quantal knows versions up to 3: a newer"
        ):
            open_store(url)


def test_eight_writers_at_once(url: str) -> None:
    from quantal.train import open_store

    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=fill, args=(url, "s")) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(600)
    assert [writer.exitcode for writer in writers] == [0] * 8
    with open_store(url) as store:
        assert store.counts("s") == {"waiting": 0, "running": 0, "done": 64, "failed": 0}
        for entry in store.entries("s"):
            assert entry.summary == {"loss": float(entry.config["seed"])}
            assert np.array_equal(
                store.arrays(entry.key)["curve"], outcome(entry.config["seed"], 10_000).arrays["curve"]
            )
        workers = {entry.owner for entry in store.entries("s")}
        assert len(workers) > 1


def test_curves_are_compressed(tmp_path: Path) -> None:
    assert len(pack(np.linspace(0, 1, 10_000).round(3))) < 20_000 < 80_000
    damaged = pack(np.arange(10))[:-5]
    with pytest.raises(DataError, match="a stored array is damaged"):
        unpack(damaged)


@settings(max_examples=40, deadline=None)
@given(
    arrays_of.arrays(
        st.sampled_from(["f4", "f8", "i8", "u1", "?"]), arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0)
    )
)
def test_arrays_survive(array: np.ndarray) -> None:
    again = unpack(pack(array))
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert np.array_equal(again, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("mysql://host/runs", r"a store in 'mysql': SQLite and PostgreSQL are known"),
        ("postgersql://host/runs", r"Did you mean 'postgresql'\?"),
        ("sqlite:///:memory:", "a store in memory would be lost"),
    ],
)
def test_other_databases_are_refused(place: str, message: str) -> None:
    from quantal.train import open_store

    with pytest.raises(InputError, match=message):
        open_store(place)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    from quantal.train import open_store
    from quantal.train.outages import StoreError

    (tmp_path / "notes.txt").write_text("these are notes and no database at all\n" * 100)
    with pytest.raises(DataError, match="this is no store of quantal"):
        open_store(tmp_path / "notes.txt")
    with pytest.raises(StoreError, match="the file cannot be opened"):
        open_store(tmp_path / "no" / "such" / "runs.sqlite")
    with pytest.raises(DataError, match="there is no store"):
        open_store(tmp_path / "nowhere.sqlite", make=False)
    with pytest.raises(StoreError, match="the database does not answer"):
        open_store("postgresql://nobody@127.0.0.1:1/none")


def test_a_long_lock_is_waited_for_and_then_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from quantal.train import open_store, store_connection
    from quantal.train.outages import StoreError

    monkeypatch.setattr(store_connection, "_BUSY_SECONDS", 0.1)
    told: list[str] = []
    holder = sqlite3.connect(tmp_path / "runs.sqlite", isolation_level=None)
    try:
        with open_store(tmp_path / "runs.sqlite", patience=0.5, notice=told.append) as store:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another process holds the store's lock"):
                store.add(jobs(1), "s")
            assert len(told) == 1
            holder.execute("ROLLBACK")
            assert store.add(jobs(1), "s") == 1
    finally:
        holder.close()


def test_no_password_in_messages() -> None:
    pytest.importorskip("psycopg")
    from quantal.train.store_connection import connect

    engine, place = connect("postgresql://me:secret@host/db")
    engine.dispose()
    assert "secret" not in place
