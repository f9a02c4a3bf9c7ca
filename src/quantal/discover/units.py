"""Work cut into units that are done once, in any order, by any number of processes or a Ray cluster, and kept as they are done."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from quantal.errors import DataError, DataWarning, InputError
from quantal.extras import extra
from quantal.runs import write_whole

SCHEMA = "quantal.discover-state/2"
Engine = Literal["processes", "ray"]


class Job(Protocol):
    """What is done for each unit; it travels to the processes that do it."""

    def run(self, unit: int) -> Iterator[int | np.ndarray]:
        """How many samples of the unit are done, again and again, and its array at last."""
        ...


@dataclass(frozen=True)
class Results:
    """The arrays of the units: in memory, or in files of a folder that outlives a kill."""

    count: int
    folder: Path | None
    held: dict[int, np.ndarray]

    @classmethod
    def opened(cls, count: int, folder: str | os.PathLike[str] | None, identity: Mapping[str, Any]) -> Results:
        """Results of ``count`` units; with a folder, those that are there already, if they belong to the same work.

        Raises:
            InputError: the folder holds the state of other work, or cannot be made.
            DataError: what says whose state it is cannot be read.
        """
        if folder is None:
            return cls(count, None, {})
        place = Path(folder)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{str(place)!r} cannot be made: {error.strerror}; choose another folder for the state"
            ) from None
        wanted = {"schema": SCHEMA, "units": count, **identity}
        said = place / "state.json"
        if said.exists():
            try:
                found = json.loads(said.read_text(encoding="utf-8"))
            except (ValueError, OSError) as error:
                raise DataError(
                    f"{str(said)!r} cannot be read ({error}); its units are safe: remove this one file to begin anew"
                ) from None
            differ = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
            if differ:
                raise InputError(
                    f"{str(place)!r} holds the state of other work: {', '.join(differ)} differ; give another folder, or remove this one"
                )
        elif any(place.glob("unit-*.npy")):
            raise InputError(f"{str(place)!r} holds units of unknown work (state.json is missing); give another folder")
        else:
            write_whole(said, lambda beside: beside.write_text(json.dumps(wanted, indent=1), encoding="utf-8"))
        return cls(count, place, {})

    def missing(self) -> list[int]:
        """Units still to be done; a file that is not whole is set aside with a warning, and done again."""
        return [unit for unit in range(self.count) if not self._is_there(unit)]

    def put(self, unit: int, array: np.ndarray) -> None:
        """Keep a unit's array, whole or not at all."""
        if self.folder is None:
            self.held[unit] = array
            return

        def write(beside: Path) -> None:
            with beside.open("wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())

        write_whole(self._path(unit), write)

    def get(self, unit: int) -> np.ndarray:
        """A unit's array."""
        if self.folder is None:
            return self.held[unit]
        return np.load(self._path(unit), allow_pickle=False)

    def _path(self, unit: int) -> Path:
        assert self.folder is not None
        return self.folder / f"unit-{unit:05d}.npy"

    def _is_there(self, unit: int) -> bool:
        if self.folder is None:
            return unit in self.held
        path = self._path(unit)
        if not path.exists():
            return False
        try:
            np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError):
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            warnings.warn(
                f"{str(path)!r} is not whole: it is set aside as {aside.name}, and its part is computed again",
                DataWarning,
                stacklevel=4,
            )
            return False
        return True


def run_units(
    job: Job,
    results: Results,
    sizes: list[int],
    *,
    workers: int = 1,
    engine: Engine = "processes",
    progress: Callable[[int, int | None], None] | None = None,
) -> None:
    """Do the units that are missing; ``sizes`` says how many samples each holds, for the progress."""
    missing = results.missing()
    total = sum(sizes)
    done = total - sum(sizes[unit] for unit in missing)

    def tell(count: int) -> None:
        if progress is not None:
            progress(count, total)

    tell(done)
    if engine == "processes" and workers == 1:
        for unit in missing:
            for step in job.run(unit):
                if isinstance(step, int):
                    tell(done + step)
                else:
                    results.put(unit, step)
            done += sizes[unit]
            tell(done)
        return
    finished = _by_ray(job, missing) if engine == "ray" else _by_processes(job, missing, workers)
    for unit, array in finished:
        results.put(unit, array)
        done += sizes[unit]
        tell(done)


_job: Job | None = None


def _take(job: Job, threads: int) -> None:
    global _job
    extra("torch", "discover", "reading gradients").set_num_threads(threads)
    _job = job


def _do(unit: int) -> np.ndarray:
    assert _job is not None
    return last_of(_job.run(unit))


def last_of(steps: Iterator[int | np.ndarray]) -> np.ndarray:
    """The array that a unit's work ends with."""
    for step in steps:
        if not isinstance(step, int):
            return step
    raise RuntimeError("a unit ended without its array")


def _by_processes(job: Job, units: list[int], workers: int) -> Iterator[tuple[int, np.ndarray]]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    threads = max(1, (os.cpu_count() or 1) // workers)
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_take, initargs=(job, threads)
    )
    try:
        waiting = {pool.submit(_do, unit): unit for unit in units}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_ray(job: Job, units: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    ray = extra("ray", "ray", "engine='ray'")
    if not ray.is_initialized():
        ray.init(log_to_driver=False)
    held = ray.put(job)

    @ray.remote(max_retries=3)
    def do(work: Job, unit: int) -> np.ndarray:
        return last_of(work.run(unit))

    waiting = {do.remote(held, unit): unit for unit in units}
    while waiting:
        (ready,), _ = ray.wait(list(waiting), num_returns=1)
        yield waiting.pop(ready), ray.get(ready)


def digest(*parts: bytes) -> str:
    """A short hash of bytes."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part)
    return made.hexdigest()
