"""Where results go: checked before long work, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from quantal.errors import InputError
from quantal.runs import write_whole


def check_places(*places: str | None) -> None:
    """Raise InputError where a file could not be written, before anything is computed."""
    for given in places:
        if given is not None and not Path(given).resolve().parent.is_dir():
            raise InputError(f"{given!r}: there is no folder {str(Path(given).parent)!r}; make it first")


def check_kept(path: str) -> None:
    """Raise InputError where a discovery is to be kept as something else than .npy (its matrix) or .json (all but that)."""
    if Path(path).suffix.lower() not in (".npy", ".json"):
        raise InputError(
            f"{path!r}: the matrix of cosines is kept as .npy, what was found as .json; write {str(Path(path).with_suffix('.json'))!r}"
        )


def save_matrix(matrix: Any, path: str) -> None:
    """Write a matrix as .npy.

    Raises:
        InputError: the path ends in something else, or cannot be written to.
    """
    if not path.endswith(".npy"):
        raise InputError(f"{path!r}: the matrix is kept as .npy; write {str(Path(path).with_suffix('.npy'))!r}")

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            np.save(file, matrix, allow_pickle=False)

    write_whole(Path(path), write)
