"""Jobs as tasks of a Ray cluster, one CPU and one thread each. Ray carries events back as a stream."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from quantal.errors import QuantalError
from quantal.extras import extra
from quantal.train.engine import Event, Failed
from quantal.train.job import Job
from quantal.train.local_engine import ONE_THREAD, Teller, attempt


class ClusterError(QuantalError):
    """There is no Ray cluster at the address, or it cannot be reached."""


class RayEngine:
    """Tasks of the cluster at `address`, RAY_ADDRESS, or else of a cluster of this machine alone that ends with it."""

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self._ray = ray = extra("ray", "ray")
        self._workers = workers
        address = address or os.environ.get("RAY_ADDRESS")
        self._started_here = not ray.is_initialized()
        if self._started_here:
            try:
                ray.init(address=address, log_to_driver=False, logging_level="error", configure_logging=False)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ClusterError(
                    f"no Ray cluster answers at {address!r} ({str(error).splitlines()[0]}); start one with `ray start --head`, "
                    "or leave RAY_ADDRESS unset for one on this machine"
                ) from None
        remote = ray.remote(num_cpus=1, max_retries=0, num_returns="streaming", runtime_env={"env_vars": ONE_THREAD})
        self._task = remote(_events)
        self._running: dict[Any, str] = {}

    @property
    def slots(self) -> int:
        """The CPUs of the cluster as it is now, or the number of workers asked for where that is less."""
        cpus = int(self._ray.cluster_resources().get("CPU", 1))
        return max(1, cpus if self._workers is None else min(cpus, self._workers))

    def start(self, job: Job, checkpoint: str | None) -> None:
        """Hand a job to the cluster."""
        self._running[self._task.remote(job, checkpoint)] = job.key

    def events(self, timeout: float) -> list[Event]:
        """What happened, waiting up to so many seconds for the first event."""
        if not self._running:
            time.sleep(timeout)
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout)
        return [event for stream in ready for event in self._next(stream)]

    def close(self) -> None:
        """Cancel what runs; end the connection, and the cluster where it was started here."""
        for stream in self._running:
            self._ray.cancel(stream, force=True)
        self._running.clear()
        if self._started_here:
            self._ray.shutdown()

    def _next(self, stream: Any) -> list[Event]:
        key = self._running[stream]
        try:
            event = self._ray.get(next(stream))
        except StopIteration:
            del self._running[stream]
            return []
        except self._ray.exceptions.RayError as error:
            del self._running[stream]
            return [Failed(key, f"the cluster lost the task: {str(error).strip().splitlines()[0]}", certain=False)]
        return [event]


def _events(job: Job, checkpoint: str | None) -> Iterator[Event]:
    """Run a job in a thread beside, and yield what it tells."""
    told: queue.SimpleQueue[Event] = queue.SimpleQueue()
    teller = Teller(job.key, told.put)
    threading.Thread(target=lambda: told.put(attempt(job, checkpoint, teller)), daemon=True).start()
    while True:
        event = told.get()
        yield event
        if hasattr(event, "outcome") or isinstance(event, Failed):
            return
