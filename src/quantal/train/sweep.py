"""Sweep: a table of configurations, each run once, on processes of this machine or on a cluster, with a store to go on from."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quantal.errors import DataError, InputError, did_you_mean
from quantal.train.engine import Engine, Event, Failed, Finished, Progressed
from quantal.train.job import Job, job_of
from quantal.train.local_engine import LocalEngine
from quantal.train.memory_store import MemoryStore
from quantal.train.outages import StoreError
from quantal.train.owner import Owner
from quantal.train.store import Claim, Store, open_store
from quantal.train.store_connection import place_of

ENGINES = ("local", "ray")
_POLL_SECONDS = 0.5
_NOTE_SECONDS = 2.0


@dataclass(frozen=True)
class Standing:
    """How far a sweep is: jobs by state in the whole store, those that run here with the share done, and seconds left.

    left is None until there is something to estimate it from; messages say what happened since the standing before.
    """

    total: int
    done: int
    failed: int
    elsewhere: int
    running: dict[str, float]
    left: float | None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class SweepResult:
    """What became of a sweep: its name in the store, how many jobs are done, how many of them here, and errors by key."""

    sweep: str
    store: str
    total: int
    done: int
    done_here: int
    failed: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "sweep": self.sweep,
            "store": self.store,
            "total": self.total,
            "done": self.done,
            "done_here": self.done_here,
            "failed": self.failed,
        }


def sweep(
    configs: Sequence[Any],
    *,
    store: str | os.PathLike[str] | Store | MemoryStore,
    function: Callable[..., Any] | None = None,
    engine: str | Engine = "local",
    workers: int | None = None,
    resume: bool = False,
    name: str = "sweep",
    retries: int = 2,
    lease: float = 60.0,
    checkpoints: str | os.PathLike[str] | None = None,
    tell: Callable[[Standing], None] | None = None,
) -> SweepResult:
    """Run every config once and write its result to the store; what is there already is not run again.

    Any number of drivers may work on one store: each takes a job by a lease, keeps it while it works, and the job of one that died
    goes to the next who asks. A result is written in one transaction and only once. Of an interrupted training the checkpoint is kept.

    Args:
        configs: ParityConfig, TextConfig, or a frozen dataclass of your own with `function`; those that are equal run once.
        store: a path (SQLite), a URL (PostgreSQL), an open store, or a MemoryStore where nothing is to be kept.
        function: a pure function of a config, importable by name, that returns numbers and arrays by name, or an object with
            `arrays()`, `to_runs()` and `summary()`; it may take `checkpoint` (a path) and `progress` (called with done, total).
        engine: "local" for processes here, "ray" for a cluster (pip install "quantal[ray]"), or an Engine.
        workers: jobs at once; None: as many as there are cores, here or in the cluster.
        resume: go on where the store already holds some of these jobs; failed ones are tried anew.
        name: of the sweep, for `quantal runs list`.
        retries: further tries of a job whose worker died or that raised an error; bad input is not tried again.
        lease: seconds after which the job of a silent driver is free; renewed four times as often.
        checkpoints: a folder that all workers see; None: beside a SQLite store, none for a MemoryStore, else quantal-checkpoints here.
        tell: is told how far the sweep is, about twice a second.

    Raises:
        InputError: no configs, or one that cannot be stored.
        DataError: the store holds some of the jobs and `resume` is False.
        StoreError: the store cannot be written to for longer than its patience; results up to then are kept.

    >>> from quantal.train import ParityConfig
    >>> import tempfile, os
    >>> small = ParityConfig(tasks=3, bits=8, k=1, widths=(8,), batch_size=64, steps=5)
    >>> sweep([small], store=os.path.join(tempfile.mkdtemp(), "runs.sqlite"), workers=1).done  # doctest: +SKIP
    1
    """
    jobs = _jobs(configs, function)
    here = store if isinstance(store, Store | MemoryStore) else open_store(store)
    try:
        identity = f"{name}-{hashlib.sha256(''.join(sorted(jobs)).encode()).hexdigest()[:8]}"
        _enter(here, list(jobs.values()), identity, resume)
        folder = _folder(checkpoints, here)
        chosen = _engine(engine, workers)
        try:
            return _Driver(here, identity, jobs, chosen, Owner.current(), lease, retries, folder, tell).run()
        finally:
            chosen.close()
    finally:
        if isinstance(here, Store) and here is not store:
            here.close()


def _jobs(configs: Sequence[Any], function: Callable[..., Any] | None) -> dict[str, Job]:
    jobs = {job.key: job for job in (job_of(config, function) for config in configs)}
    if not jobs:
        raise InputError("no configurations to run; give at least one")
    return jobs


def _enter(store: Store | MemoryStore, jobs: list[Job], identity: str, resume: bool) -> None:
    known = {entry.key for entry in store.entries()} if not resume else set()
    there = [job for job in jobs if job.key in known]
    if there:
        raise DataError(
            f"{store.place}: {len(there)} of these {len(jobs)} runs are in the store already; go on with resume=True (--resume), "
            "or name another store"
        )
    store.add(jobs, identity)
    if resume:
        store.revive(identity)


def _engine(engine: str | Engine, workers: int | None) -> Engine:
    if workers is not None and workers < 1:
        raise InputError(f"workers = {workers}: it must be 1 or more; write workers=2")
    if not isinstance(engine, str):
        return engine
    if engine == "local":
        return LocalEngine(workers or cores())
    if engine == "ray":
        from quantal.train.ray_engine import RayEngine

        return RayEngine(workers)
    raise InputError(f"there is no engine {engine!r}. {did_you_mean(engine, ENGINES)}")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folder(checkpoints: str | os.PathLike[str] | None, store: Store | MemoryStore) -> Path | None:
    if checkpoints is None:
        if isinstance(store, MemoryStore):
            return None
        path = place_of(store.place)
        folder = Path("quantal-checkpoints") if path is None else path.with_name(f"{path.name}-checkpoints")
    else:
        folder = Path(checkpoints)
    return folder.absolute()


class _Driver:
    """The loop that hands out jobs, keeps their leases and writes their results."""

    def __init__(
        self, store: Store | MemoryStore, identity: str, jobs: dict[str, Job], engine: Engine, owner: Owner, lease: float, retries: int,
        folder: Path | None, tell: Callable[[Standing], None] | None,
    ) -> None:  # fmt: skip
        self._store, self._sweep, self._jobs, self._engine, self._owner = store, identity, jobs, engine, owner
        self._lease, self._retries, self._folder, self._tell = lease, retries, folder, tell
        self._claims: dict[str, Claim] = {}
        self._shares: dict[str, float] = {}
        self._done_here, self._cost_done, self._began = 0, 0.0, time.monotonic()
        self._beat = self._noted = time.monotonic()
        self._messages: list[str] = []

    def run(self) -> SweepResult:
        self._store.release_dead(self._sweep)
        try:
            while True:
                self._take()
                counts = self._store.counts(self._sweep)
                self._report(counts)
                if not self._claims and not counts["waiting"] and not counts["running"]:
                    break
                for event in self._engine.events(_POLL_SECONDS):
                    self._handle(event)
                self._keep()
        except BaseException:
            self._engine.close()
            self._give_back()
            raise
        return self._result(counts)

    def _take(self) -> None:
        while len(self._claims) < self._engine.slots:
            claim = self._store.claim(self._sweep, self._owner, self._lease)
            if claim is None:
                if not self._claims and self._store.release_dead(self._sweep):
                    continue
                return
            self._claims[claim.job.key] = claim
            self._shares[claim.job.key] = 0.0
            self._engine.start(claim.job, self._checkpoint(claim.job))

    def _checkpoint(self, job: Job) -> str | None:
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        return str(self._folder / f"{job.key}.npz")

    def _handle(self, event: Event) -> None:
        claim = self._claims.get(event.key)
        if claim is None:
            return
        if isinstance(event, Progressed):
            self._shares[event.key] = event.share
            return
        if isinstance(event, Finished):
            self._done_here += self._store.finish(claim, event.outcome)
            self._cost_done += claim.job.cost
            self._messages.append(f"{claim.job.key} done in {event.outcome.seconds:.1f} s")
        elif isinstance(event, Failed):
            again = not event.certain and claim.failures < self._retries
            self._store.fail(claim, event.error, again)
            self._messages.append(f"{claim.job.key} {'will be tried again' if again else 'failed'}: {event.error}")
        del self._claims[event.key], self._shares[event.key]

    def _keep(self) -> None:
        if time.monotonic() - self._beat > self._lease / 4:
            self._store.extend(self._claims.values(), self._lease)
            self._beat = time.monotonic()
        if self._claims and time.monotonic() - self._noted > _NOTE_SECONDS:
            self._store.note({claim.token: self._shares[key] for key, claim in self._claims.items()})
            self._noted = time.monotonic()

    def _give_back(self) -> None:
        if not self._claims:
            return
        try:
            self._store.release(self._claims.values())
        except (StoreError, KeyboardInterrupt):
            self._claims.clear()

    def _report(self, counts: dict[str, int]) -> None:
        if self._tell is None:
            return
        elsewhere = max(0, counts["running"] - len(self._claims))
        standing = Standing(
            len(self._jobs),
            counts["done"],
            counts["failed"],
            elsewhere,
            dict(self._shares),
            self._left(counts["waiting"] > 0),
            tuple(self._messages),
        )
        self._messages.clear()
        self._tell(standing)

    def _left(self, waiting: bool) -> float | None:
        """Seconds left, at the cost done here by the second, if nobody else helps."""
        begun = sum(share * self._jobs[key].cost for key, share in self._shares.items())
        work = self._cost_done + begun
        if work <= 0:
            return None
        speed = work / (time.monotonic() - self._began)
        open_here = sum((1 - share) * self._jobs[key].cost for key, share in self._shares.items())
        return (open_here + (self._store.waiting_cost(self._sweep) if waiting else 0.0)) / speed

    def _result(self, counts: dict[str, int]) -> SweepResult:
        failed = (
            {one.key: one.error or "" for one in self._store.entries(self._sweep, state="failed")}
            if counts["failed"]
            else {}
        )
        return SweepResult(self._sweep, self._store.place, len(self._jobs), counts["done"], self._done_here, failed)
