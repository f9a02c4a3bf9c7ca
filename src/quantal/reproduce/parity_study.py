"""Run the trainings of a preset on several processes; a folder keeps what is finished and what is under way."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import DataError
from quantal.runs import write_whole
from quantal.train import ParityConfig, ParityResult, train_parity

Progress = Callable[[int, int | None], None]

_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_UNITS = 1000
_done: Any = None


def run_study(
    configs: Sequence[ParityConfig],
    folder: str | os.PathLike[str] | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    cost: Callable[[ParityConfig], float] = lambda config: float(config.steps),
) -> list[ParityResult]:
    """The results of the configs, in their order; each process trains on one core.

    Args:
        folder: keeps every finished result and a checkpoint of those under way, so that the same call goes on after an interruption
            and repeats nothing; None keeps nothing.
        progress: is told (done, in all) in thousandths of the work.
        cost: the work of a config, for the progress.

    Raises:
        DataError: the folder holds a result that is none.
    """
    place = None if folder is None else Path(folder)
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
    found = {i: one for i, config in enumerate(configs) if (one := _finished(config, place)) is not None}
    todo = [i for i in range(len(configs)) if i not in found]
    kept = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    context = multiprocessing.get_context("spawn")
    shares = context.Array("d", [float(i in found) for i in range(len(configs))], lock=False)
    costs = np.array([cost(config) for config in configs])
    try:
        with ProcessPoolExecutor(min(workers, max(1, len(todo))), context, _share, (shares,)) as pool:
            waiting = {
                pool.submit(_train, i, configs[i].to_dict(), None if place is None else str(place)): i for i in todo
            }
            while waiting:
                finished, _ = wait(waiting, timeout=0.3, return_when=FIRST_COMPLETED)
                for one in finished:
                    i = waiting.pop(one)
                    found[i] = ParityResult.from_arrays(configs[i], one.result())
                    shares[i] = 1.0
                if progress is not None:
                    progress(int(_UNITS * float(costs @ np.array(shares[:])) / costs.sum()), _UNITS)
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return [found[i] for i in range(len(configs))]


def _share(shares: Any) -> None:
    global _done
    _done = shares


def _train(i: int, data: dict[str, Any], folder: str | None) -> dict[str, Any]:
    config = ParityConfig.from_dict(data)
    told = time.monotonic()

    def tell(step: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told > 0.2 and total:
            told, _done[i] = time.monotonic(), step / total

    if folder is None:
        return train_parity(config, progress=tell).arrays()
    result = train_parity(config, progress=tell, checkpoint=Path(folder) / f"{config.key()}.checkpoint.npz")
    arrays: dict[str, Any] = result.arrays()

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.savez_compressed(file, **arrays)

    write_whole(_path(config, Path(folder)), write)
    return arrays


def _path(config: ParityConfig, folder: Path) -> Path:
    return folder / f"{config.key()}.npz"


def _finished(config: ParityConfig, folder: Path | None) -> ParityResult | None:
    if folder is None or not _path(config, folder).exists():
        return None
    path = _path(config, folder)
    try:
        with np.load(path, allow_pickle=False) as file:
            return ParityResult.from_arrays(config, dict(file))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path}: no result of a parity training ({error}); remove the file, and it is trained again"
        ) from None
