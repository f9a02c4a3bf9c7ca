"""Jobs, outcomes, and a process that claims and finishes as many as it can."""

from __future__ import annotations

import numpy as np

from quantal.train.job import Job, Outcome
from quantal.train.owner import Owner


def jobs(count: int) -> list[Job]:
    return [Job("parity", {"seed": seed}, cost=1.0 + seed % 7) for seed in range(count)]


def outcome(value: float, size: int = 100) -> Outcome:
    curve = np.linspace(value, 0, size)
    return Outcome({"loss": value}, None, {"curve": curve, "mask": curve > 1}, 0.5, {"numpy": "2"})


def fill(url: str, sweep: str) -> None:
    """Finish jobs of the sweep until none is left; each result is an array of 80 kB."""
    from quantal.train.store import open_store

    with open_store(url) as store:
        store.add(jobs(64), sweep)
        while (claim := store.claim(sweep, Owner.current(), 60.0)) is not None:
            assert store.finish(claim, outcome(float(claim.job.config["seed"]), size=10_000))
