"""Long work, done aside: started once for each question, watched while it runs, cancelled when nobody wants it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from quantal.app.aside import Bounds, Cancelled, Work, run_aside
from quantal.errors import QuantalError

KEPT = 64
WAITING = 32
AT_ONCE = 2
BEHIND = Bounds(nice=10)
"""Sliders answer first."""


@dataclass(eq=False)
class Job:
    """One piece of work: state (waiting, running, done, failed, cancelled), progress, and its result as plain data.

    ``wanted`` counts who asked for it and has not cancelled.
    """

    id: str
    key: str
    what: str
    state: str = "waiting"
    done: int = 0
    total: int | None = None
    result: Any = None
    error: str | None = None
    wanted: int = 1
    stop: threading.Event = field(default_factory=threading.Event, repr=False)
    changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def ended(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def update(self, **values: Any) -> None:
        """Set attributes, and wake who waits for a change."""
        with self.changed:
            for name, value in values.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until something changes, or the seconds are over; an ended job changes no more."""
        with self.changed:
            if not self.ended:
                self.changed.wait(seconds)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        out = {"id": self.id, "what": self.what, "state": self.state, "done": self.done, "total": self.total}
        return (
            out
            | ({"result": self.result} if self.state == "done" else {})
            | ({"error": self.error} if self.error else {})
        )


class Jobs:
    """The jobs of a server: two run at once, the last 64 that ended are kept."""

    def __init__(self, at_once: int = AT_ONCE, kept: int = KEPT) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._kept = kept
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="quantal-job")

    def start(
        self, what: str, work: Work, arguments: Mapping[str, Any], key: str, finish: Callable[[Any], Any] | None = None
    ) -> Job:
        """The job that does ``work(progress=..., **arguments)`` in a process of its own.

        ``key`` names the question: while its answer is kept or being found, it is not worked out again. ``finish`` makes
        the job's result of what the work returned (plain data already unless given).

        Raises:
            QuantalError: too much waits already.
        """
        with self._lock:
            for known in self._jobs.values():
                if known.key == key and known.state not in ("failed", "cancelled") and not known.stop.is_set():
                    self._jobs.move_to_end(known.id)
                    known.wanted += 1
                    return known
            if sum(not one.ended for one in self._jobs.values()) >= WAITING:
                raise QuantalError(
                    f"{WAITING} pieces of work wait already; cancel some, or ask again once they have ended"
                )
            job = Job(secrets.token_urlsafe(9), key, what)
            self._jobs[job.id] = job
            self._forget()
        self._pool.submit(self._do, job, work, arguments, finish)
        return job

    def get(self, identity: str) -> Job | None:
        """The job of an id, None where it is unknown or was forgotten."""
        with self._lock:
            return self._jobs.get(identity)

    def leave(self, job: Job) -> None:
        """Cancel a job, unless others asked for it too and still wait."""
        with self._lock:
            job.wanted -= 1
            if job.wanted <= 0:
                job.stop.set()

    def close(self) -> None:
        """Cancel all that runs, and wait until it has ended."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended]
        for identity in ended[: max(0, len(self._jobs) - self._kept)]:
            del self._jobs[identity]

    def _do(self, job: Job, work: Work, arguments: Mapping[str, Any], finish: Callable[[Any], Any] | None) -> None:
        if job.stop.is_set():
            job.update(state="cancelled")
            return
        job.update(state="running")
        try:
            found = run_aside(
                work,
                arguments,
                bounds=BEHIND,
                tell=lambda done, total: job.update(done=done, total=total),
                cancelled=job.stop,
            )
            job.update(state="done", result=found if finish is None else finish(found))
        except Cancelled:
            job.update(state="cancelled")
        except QuantalError as error:
            job.update(state="failed", error=str(error))
        except Exception as error:
            job.update(state="failed", error=f"{type(error).__name__}: {error}")
