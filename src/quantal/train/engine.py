"""What an engine of a sweep is: it runs jobs somewhere and tells what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from quantal.train.job import Job, Outcome


@dataclass(frozen=True)
class Progressed:
    """A job has come so far, a share from 0 to 1."""

    key: str
    share: float


@dataclass(frozen=True)
class Finished:
    """A job has an outcome."""

    key: str
    outcome: Outcome


@dataclass(frozen=True)
class Failed:
    """A job raised an error, or its worker died; certain: it would do so again."""

    key: str
    error: str
    certain: bool


Event = Progressed | Finished | Failed


class Engine(Protocol):
    """Where jobs run. `slots` may run at once; whoever calls `start` keeps to that."""

    @property
    def slots(self) -> int:
        """How many jobs can run at once now."""
        ...

    def start(self, job: Job, checkpoint: str | None) -> None:
        """Begin a job."""
        ...

    def events(self, timeout: float) -> list[Event]:
        """What happened, waiting up to so many seconds for the first event."""
        ...

    def close(self) -> None:
        """Stop everything that runs."""
        ...
