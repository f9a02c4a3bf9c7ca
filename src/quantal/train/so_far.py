"""What trainings in progress have measured up to their last checkpoint, read beside them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.train.parity_config import ParityConfig
from quantal.train.parity_result import ParityResult
from quantal.train.store import Store
from quantal.train.store_connection import place_of
from quantal.train.text_config import TextConfig


def checkpoint_of(store: Store, key: str) -> Path | None:
    """Where a sweep keeps the checkpoint of a run unless it was told otherwise; None for a store that is no file."""
    path = place_of(store.place)
    return None if path is None else path.absolute().with_name(f"{path.name}-checkpoints") / f"{key}.npz"


def parity_so_far(config: ParityConfig, checkpoint: str | os.PathLike[str]) -> ParityResult | None:
    """What a parity training has measured up to its checkpoint; None where there is none, or nothing was evaluated yet."""
    found = _arrays(checkpoint, config.key(), ("filled", "losses", "accuracies", "counted"))
    if found is None or int(found["filled"]) == 0:
        return None
    filled = int(found["filled"])
    losses, accuracies = found["losses"][:, :filled], found["accuracies"][:, :filled]
    overall = losses.astype(float) @ config.probabilities, accuracies.astype(float) @ config.probabilities
    return ParityResult(config, config.evaluation_steps[:filled], *overall, losses, accuracies, found["counted"])


def text_so_far(
    config: TextConfig, checkpoint: str | os.PathLike[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Steps and losses in nats of a training on text up to its checkpoint; None where there is none, or nothing was evaluated yet."""
    found = _arrays(checkpoint, config.key(), ("filled", "tokens"))
    if found is None or int(found["filled"]) == 0:
        return None
    filled = int(found["filled"])
    return config.evaluation_steps[:filled], found["tokens"][:filled].mean(axis=1, dtype=float)


def _arrays(checkpoint: str | os.PathLike[str], key: str, names: Sequence[str]) -> dict[str, NDArray[Any]] | None:
    """Some arrays of a checkpoint of the config with that key."""
    try:
        with np.load(checkpoint, allow_pickle=False) as file:
            return {name: file[name] for name in names} if str(file["config"]) == key else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
