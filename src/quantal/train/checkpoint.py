"""Trainings that can stop at any step and go on: the loop, and the file that holds the state in between."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from quantal.errors import DataError
from quantal.runs import check_folder, write_whole

Progress = Callable[[int, int | None], None]
Result = TypeVar("Result", covariant=True)

_SECONDS = 60.0


class Training(Protocol[Result]):
    """The state between two steps."""

    @property
    def step(self) -> int:
        """Steps done."""
        ...

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        ...

    def advance(self) -> None:
        """One step."""
        ...

    def result(self) -> Result:
        """What the training measured so far."""
        ...

    def save(self, path: Path) -> None:
        """Write the state."""
        ...

    def load(self, path: Path) -> None:
        """Go back to the state that `save` wrote."""
        ...


def trained(
    training: Training[Result], steps: int, checkpoint: str | os.PathLike[str] | None, progress: Progress | None
) -> Result:
    """Advance to the end, from the checkpoint where there is one; it is written once a minute and at an interruption, and removed
    at the end. progress is told (steps done, steps in all).
    """
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None:
        check_folder(path)
        if path.exists():
            training.load(path)
    saved_at = time.monotonic()
    try:
        while not training.done:
            training.advance()
            if progress is not None:
                progress(training.step, steps)
            if path is not None and time.monotonic() - saved_at > _SECONDS:
                training.save(path)
                saved_at = time.monotonic()
    except KeyboardInterrupt:
        if path is not None:
            training.save(path)
        raise
    result = training.result()
    if path is not None:
        path.unlink(missing_ok=True)
    return result


def write_checkpoint(path: Path, marks: Mapping[str, str], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a state whole or not at all; the marks say whose it is."""

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: np.array(mark) for name, mark in marks.items()}, **arrays)

    write_whole(path, write)


def read_checkpoint(path: Path, marks: Mapping[str, str], kind: str) -> dict[str, NDArray[Any]]:
    """The arrays of a state with these marks.

    Raises:
        DataError: the file is no checkpoint, or one with other marks.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        found = {name: str(arrays.pop(name)) for name in marks}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise DataError(
            f"{path}: no checkpoint of a {kind} training, or a damaged one; remove it to start afresh"
        ) from None
    if found != dict(marks):
        raise DataError(
            f"{path}: the checkpoint of another {' or '.join(marks)}; name another file, or remove it to start afresh"
        )
    return arrays
