"""Jobs in processes of this machine, one thread each. A process that dies takes only its own job with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from quantal.errors import QuantalError
from quantal.train.engine import Event, Failed, Finished, Progressed
from quantal.train.job import Job, run_job

_LIBRARIES = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "NUMBA_NUM")
ONE_THREAD = {f"{library}_THREADS": "1" for library in _LIBRARIES}
_TELL_SECONDS = 0.2
_GRACE_SECONDS = 10.0


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


class LocalEngine:
    """Worker processes that are started when they are first needed and kept; started anew when they die."""

    def __init__(self, workers: int) -> None:
        self._slots = workers
        self._workers: list[_Worker] = []
        self._context = multiprocessing.get_context("spawn")

    @property
    def slots(self) -> int:
        """How many jobs can run at once."""
        return self._slots

    def start(self, job: Job, checkpoint: str | None) -> None:
        """Hand a job to an idle worker."""
        worker = next((one for one in self._workers if one.job is None and one.process.is_alive()), None)
        if worker is None:
            worker = self._spawn()
        worker.job = job
        try:
            worker.pipe.send((job, checkpoint))
        except OSError:
            worker.process.kill()

    def events(self, timeout: float) -> list[Event]:
        """What happened, waiting up to so many seconds for the first event."""
        watched: list[Any] = [one for worker in self._workers for one in (worker.pipe, worker.process.sentinel)]
        if not watched:
            time.sleep(timeout)
            return []
        ready = wait(watched, timeout)
        events: list[Event] = []
        for worker in list(self._workers):
            ended = not worker.process.is_alive()
            if ended or worker.pipe in ready:
                events += self._received(worker)
            if ended:
                events += self._buried(worker)
        return events

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_GRACE_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            worker.process.close()
        self._workers.clear()

    def _spawn(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        with _environment(ONE_THREAD):
            process = self._context.Process(target=_work, args=(theirs,), daemon=True, name="quantal-worker")
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _received(self, worker: _Worker) -> list[Event]:
        events: list[Event] = []
        with contextlib.suppress(EOFError, OSError):
            while worker.pipe.poll():
                event = worker.pipe.recv()
                if not isinstance(event, Progressed):
                    worker.job = None
                events.append(event)
        return events

    def _buried(self, worker: _Worker) -> list[Event]:
        worker.process.join()
        code, job = worker.process.exitcode, worker.job
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.close()
        if job is None:
            return []
        how = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with status {code}"
        return [Failed(job.key, f"the worker process ended {how}", certain=False)]


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(pipe: Connection) -> None:
    """The life of a worker: jobs come in, events go out; it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job, checkpoint = pipe.recv()
            pipe.send(attempt(job, checkpoint, Teller(job.key, pipe.send)))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def attempt(job: Job, checkpoint: str | None, teller: Teller) -> Finished | Failed:
    """Run a job; its error is told and not raised."""
    try:
        return Finished(job.key, run_job(job, checkpoint, teller))
    except QuantalError as error:
        return Failed(job.key, str(error), certain=not isinstance(error.__context__, OSError))
    except Exception as error:
        return Failed(job.key, f"{type(error).__name__}: {error}", certain=isinstance(error, TypeError | NameError))


class Teller:
    """Passes progress on, a few times a second at most."""

    def __init__(self, key: str, send: Any) -> None:
        self._key, self._send, self._at = key, send, time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if total and now - self._at > _TELL_SECONDS:
            self._at = now
            self._send(Progressed(self._key, done / total))
