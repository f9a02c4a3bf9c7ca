"""Sweeps: once each, the numbers of a direct call, retries, and faults in the middle: workers, drivers, disks, databases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from drive import configs
from quick_jobs import Descent, descend, die_once, raise_always, refuse

from quantal.errors import DataError, InputError
from quantal.train import ParityConfig, Standing, open_store, sweep, train_parity

pytestmark = pytest.mark.extras

DRIVE = Path(__file__).parent / "drive.py"


def beginnings(trap: Path) -> Counter[str]:
    """How often each job began, by its width."""
    return Counter(mark.name.split("-")[0] for mark in trap.glob("[0-9]*-*"))


def losses(store: Path | str) -> dict[int, float]:
    with open_store(store) as opened:
        return {one.config["width"]: one.summary["loss"] for one in opened.entries(state="done") if one.summary}


def expected(count: int) -> dict[int, float]:
    return {width: descend(Descent(width))["loss"] for width in range(2, 2 + count)}


def driver(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(DRIVE), *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def until_done(store: Path | str, count: int, seconds: float = 600.0) -> None:
    """Wait until so many jobs of a sweep that others drive are done."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not (isinstance(store, Path) and not store.exists()):
            with open_store(store) as opened:
                if len(opened.entries(state="done")) >= count:
                    return
        time.sleep(0.1)
    pytest.fail(f"{store}: fewer than {count} jobs were done after {seconds} s")


def test_the_numbers_of_a_direct_call_once_each(tmp_path: Path) -> None:
    store, trap = tmp_path / "runs.sqlite", tmp_path / "trap"
    trap.mkdir()
    wanted = configs(5, 0.0, str(trap))
    told: list[Standing] = []
    result = sweep([*wanted, wanted[0]], function=descend, store=store, workers=2, tell=told.append)
    assert (result.total, result.done, result.done_here) == (5, 5, 5)
    assert told[-1].done == told[-1].total == 5
    assert losses(store) == expected(5)
    with open_store(store) as opened:
        for entry in opened.entries():
            config = Descent(**entry.config)
            assert np.array_equal(opened.arrays(entry.key)["losses"], descend(config)["losses"])
    marks = beginnings(trap)
    with pytest.raises(DataError, match=r"5 of these 6 runs are in the store already; go on with resume=True"):
        sweep(configs(6, 0.0, str(trap)), function=descend, store=store, workers=1)
    result = sweep(configs(6, 0.0, str(trap)), function=descend, store=store, workers=1, resume=True)
    assert (result.done, result.done_here) == (6, 1)
    assert beginnings(trap) - marks == Counter({"7": 1})


def test_parity_in_a_sweep_is_what_parity_alone_is(tmp_path: Path) -> None:
    config = ParityConfig(tasks=4, bits=8, k=2, widths=(8, 16), batch_size=100, steps=40)
    sweep([config], store=tmp_path / "runs.sqlite", workers=1)
    alone = train_parity(config)
    from quantal.train.job import result_of

    with open_store(tmp_path / "runs.sqlite") as store:
        entry = store.entries()[0]
        stored = result_of(entry.kind, entry.config, store.arrays(entry.key))
    assert np.array_equal(stored.subtask_loss, alone.subtask_loss)


def test_a_killed_worker_takes_only_its_own_job_and_that_is_tried_again(tmp_path: Path) -> None:
    jobs = [Descent(width, trap=str(tmp_path)) for width in range(2, 6)]
    result = sweep(jobs, function=die_once, store=tmp_path / "runs.sqlite", workers=2, retries=1)
    assert result.done == 4
    assert losses(tmp_path / "runs.sqlite") == expected(4)
    assert len(list(tmp_path.glob("died-*"))) == 4


def test_errors_are_tried_again_and_reported_and_bad_input_is_not(tmp_path: Path) -> None:
    store = tmp_path / "runs.sqlite"
    result = sweep([Descent(2), Descent(3)], function=raise_always, store=store, workers=1, retries=1)
    assert sorted(result.failed.values()) == ["RuntimeError: no good at width 2", "RuntimeError: no good at width 3"]
    with open_store(store) as opened:
        assert {one.failures for one in opened.entries()} == {2}
    result = sweep([Descent(2)], function=refuse, store=store, workers=1, retries=5)
    assert list(result.failed.values()) == ["width = 2: never"]
    with open_store(store) as opened:
        assert opened.entries(result.sweep)[0].failures == 1


def test_a_killed_driver_loses_nothing_that_is_finished(tmp_path: Path) -> None:
    store, trap = tmp_path / "runs.sqlite", tmp_path / "trap"
    trap.mkdir()
    first = driver(store, 6, 1.5, trap)
    until_done(store, 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = losses(store)
    workers = {int(mark.read_text()) for mark in trap.iterdir()}
    end = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{worker}") for worker in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(os.path.exists(f"/proc/{worker}") for worker in workers), "workers end with their driver"
    second = driver(store, 6, 1.5, trap)
    answer = json.loads(second.communicate()[0])
    assert answer["done"] == 6
    assert answer["done_here"] == 6 - len(before)
    assert losses(store).keys() == expected(6).keys()
    assert all(beginnings(trap)[str(width)] == 1 for width in before), "what was finished was not done again"


def test_two_drivers_share_the_work(tmp_path: Path) -> None:
    store, trap = tmp_path / "runs.sqlite", tmp_path / "trap"
    trap.mkdir()
    drivers = [driver(store, 12, 1.0, trap) for _ in range(2)]
    answers = [json.loads(one.communicate()[0]) for one in drivers]
    assert [one["done"] for one in answers] == [12, 12]
    assert sum(one["done_here"] for one in answers) == 12
    assert set(beginnings(trap).values()) == {1}
    assert losses(store).keys() == expected(12).keys()


def test_an_interrupted_command_says_how_to_go_on_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(
        'kind = "parity"\n[fixed]\ntasks = 20\nbits = 16\nk = 2\nbatch_size = 500\nsteps = 3000\nevaluate_every = 1000\n'
        "[grid]\nwidths = [30, 31]\n"
    )
    command = [sys.executable, "-m", "quantal", "sweep", "long.toml", "--store", "runs.sqlite", "--workers", "2"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    end, folder = time.monotonic() + 300, tmp_path / "runs.sqlite-checkpoints"
    while not folder.exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(4)
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=600)
    if running.returncode == 0:
        pytest.skip("the sweep ended before it could be interrupted")
    assert running.returncode == 130
    assert "Go on with: quantal sweep long.toml --store runs.sqlite --engine local --resume" in said
    with open_store(tmp_path / "runs.sqlite") as store:
        assert not store.entries(state="running")
    done = subprocess.run([*command, "--resume", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["done"] == 2
    assert not list(folder.glob("*.npz"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system of our own can be made here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@dataclass(frozen=True)
class Bulky:
    """Writes 60 kB that cannot be compressed."""

    seed: int


def bulk(config: Bulky) -> dict[str, np.ndarray | int]:
    return {"seed": config.seed, "noise": np.random.default_rng(config.seed).integers(0, 256, 60_000, dtype=np.uint8)}


def test_a_full_disk_loses_nothing_that_is_finished(small_disk: Path, tmp_path: Path) -> None:
    from quantal.train.outages import StoreError

    jobs, told = [Bulky(seed) for seed in range(8)], []
    places = {"function": bulk, "workers": 1, "checkpoints": tmp_path / "checkpoints", "lease": 2.0}
    with (
        open_store(small_disk / "runs.sqlite", patience=1.0, notice=told.append) as store,
        pytest.raises(StoreError, match=r"the disk .* full; free some space. What was finished is kept"),
    ):
        sweep(jobs, store=store, **places)
    assert told
    with open_store(small_disk / "runs.sqlite") as store:
        before = {one.key for one in store.entries(state="done")}
        assert 0 < len(before) < 8
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    result = sweep(jobs, store=small_disk / "runs.sqlite", resume=True, **places)
    assert result.done == 8
    assert result.done_here == 8 - len(before)
    with open_store(small_disk / "runs.sqlite") as store:
        for one in store.entries():
            assert np.array_equal(store.arrays(one.key)["noise"], bulk(Bulky(one.config["seed"]))["noise"])


@pytest.mark.postgres
def test_a_restarted_database_is_waited_for(postgres, tmp_path: Path) -> None:
    from test_store import fresh_database

    url, told = fresh_database(postgres.url), []
    trap = tmp_path / "trap"
    trap.mkdir()

    def restart() -> None:
        until_done(url, 2)
        postgres.stop()
        end = time.monotonic() + 200
        while not told and time.monotonic() < end:
            time.sleep(0.1)
        postgres.start()

    beside = threading.Thread(target=restart)
    beside.start()
    with open_store(url, notice=told.append) as store:
        result = sweep(
            configs(8, 1.0, str(trap)), function=descend, store=store, workers=2, checkpoints=tmp_path / "checkpoints"
        )
    beside.join()
    assert result.done == result.done_here == 8
    assert told, "the outage fell into the sweep"
    assert losses(url).keys() == expected(8).keys()
    assert set(beginnings(trap).values()) == {1}


@pytest.mark.postgres
def test_two_drivers_share_the_work_on_postgres(postgres, tmp_path: Path) -> None:
    from test_store import fresh_database

    url, trap = fresh_database(postgres.url), tmp_path / "trap"
    trap.mkdir()
    drivers = [driver(url, 10, 1.0, trap) for _ in range(2)]
    answers = [json.loads(one.communicate()[0]) for one in drivers]
    assert [one["done"] for one in answers] == [10, 10]
    assert set(beginnings(trap).values()) == {1}


def test_what_cannot_be_swept_is_refused(tmp_path: Path) -> None:
    @dataclass
    class Loose:
        width: int

    with pytest.raises(InputError, match="no configurations to run"):
        sweep([], store=tmp_path / "runs.sqlite")
    with pytest.raises(InputError, match="is no frozen dataclass"):
        sweep([Loose(3)], function=descend, store=tmp_path / "runs.sqlite")
    with pytest.raises(InputError, match="Descent has no function of its own"):
        sweep([Descent(3)], store=tmp_path / "runs.sqlite")
    with pytest.raises(InputError, match="cannot be imported by worker processes"):
        sweep([Descent(3)], function=lambda config: config, store=tmp_path / "runs.sqlite")
    with pytest.raises(InputError, match=r"there is no engine 'locl'. Did you mean 'local'\?"):
        sweep([Descent(3)], function=descend, engine="locl", store=tmp_path / "runs.sqlite")
    with pytest.raises(InputError, match="workers = 0"):
        sweep([Descent(4)], function=descend, workers=0, store=tmp_path / "runs.sqlite")
