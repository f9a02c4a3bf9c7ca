"""MemoryStore: what a sweep asks of a store, kept by this process alone and gone with it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from quantal.train.job import Job, Outcome
from quantal.train.owner import Owner
from quantal.train.store import STATES, Claim, Entry


@dataclass
class _Kept:
    job: Job
    state: str = "waiting"
    failures: int = 0
    error: str | None = None
    outcome: Outcome | None = None


@dataclass
class MemoryStore:
    """A store for one sweep whose results need not outlive the process: no file, no database, no other driver.

    >>> from quantal.train import ParityConfig, sweep
    >>> small = ParityConfig(tasks=3, bits=8, k=1, widths=(8,), batch_size=64, steps=5)
    >>> sweep([small], store=MemoryStore(), workers=1).done  # doctest: +SKIP
    1
    """

    place: str = "this process"
    _kept: dict[str, _Kept] = field(default_factory=dict, repr=False)

    def add(self, jobs: Sequence[Job], sweep: str) -> int:
        """Add the jobs that are not there yet; returns how many are new."""
        new = {job.key: _Kept(job) for job in jobs if job.key not in self._kept}
        self._kept |= new
        return len(new)

    def claim(self, sweep: str, owner: Owner, lease: float) -> Claim | None:
        """The dearest job that waits; None where there is none."""
        waiting = self._in_state("waiting")
        if not waiting:
            return None
        chosen = min(waiting, key=lambda one: (-one.job.cost, one.job.key))
        chosen.state = "running"
        return Claim(chosen.job, uuid.uuid4().hex, chosen.failures)

    def extend(self, claims: Iterable[Claim], lease: float) -> None:
        """Nobody else can take a claim."""

    def note(self, shares: Mapping[str, float]) -> None:
        """Nobody else asks how far jobs are."""

    def release(self, claims: Iterable[Claim]) -> None:
        """Give claims back."""
        for claim in claims:
            self._kept[claim.job.key].state = "waiting"

    def release_dead(self, sweep: str) -> int:
        """No other process can hold a claim."""
        return 0

    def finish(self, claim: Claim, outcome: Outcome) -> bool:
        """Keep a result."""
        kept = self._kept[claim.job.key]
        kept.state, kept.error, kept.outcome = "done", None, outcome
        return True

    def fail(self, claim: Claim, error: str, again: bool) -> None:
        """Note a failure; the job waits to be tried again, or is given up."""
        kept = self._kept[claim.job.key]
        kept.state, kept.error, kept.failures = "waiting" if again else "failed", error, kept.failures + 1

    def revive(self, sweep: str) -> int:
        """Let failed jobs wait for another try; returns how many."""
        failed = self._in_state("failed")
        for kept in failed:
            kept.state, kept.failures = "waiting", 0
        return len(failed)

    def counts(self, sweep: str) -> dict[str, int]:
        """How many jobs are waiting, running, done and failed."""
        return {state: len(self._in_state(state)) for state in STATES}

    def waiting_cost(self, sweep: str) -> float:
        """The cost of the jobs that nobody has begun."""
        return sum(one.job.cost for one in self._in_state("waiting"))

    def entries(self, sweep: str | None = None, state: str | None = None, kind: str | None = None) -> tuple[Entry, ...]:
        """The jobs, in the order in which they were added; in one state, of one kind."""
        chosen = self._kept.values() if state is None else self._in_state(state)
        return tuple(_entry(one) for one in chosen if kind in (None, one.job.kind))

    def arrays(self, key: str, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The arrays of a result by name, all or some."""
        outcome = self._kept[key].outcome
        found = {} if outcome is None else outcome.arrays
        return {name: one for name, one in found.items() if names is None or name in names}

    def _in_state(self, state: str) -> list[_Kept]:
        return [one for one in self._kept.values() if one.state == state]


def _entry(kept: _Kept) -> Entry:
    job, outcome = kept.job, kept.outcome
    done: tuple[Any, ...] = (None, None, None, None)
    if outcome is not None:
        done = (dict(outcome.summary), outcome.seconds, None, dict(outcome.versions))
    return Entry(job.key, job.kind, kept.state, dict(job.config), job.cost, kept.failures, kept.error, None, *done)
